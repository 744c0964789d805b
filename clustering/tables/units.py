"""In which units a whole table counts: number columns in, what to multiply them by out.

Spotify's features lie between 0 and 1, loudness in dB below 0, tempo in beats per minute, durations
in milliseconds. Tables from elsewhere count in per cent, seconds, minutes, or leave the sign of
loudness out. One cell does not tell, a column does; what it does not tell for certain is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from foundation.errors import InputError

SHARES = (
    "danceability",
    "energy",
    "speechiness",
    "acousticness",
    "instrumentalness",
    "valence",
    "liveness",
)
SPREAD = ("danceability", "energy", "valence")  # of most tracks these are not near 0
STRAY = 0.2  # of a column may be out of range and count as broken cells
ENOUGH = 3  # cells, from which on a column can be said to be in no known unit
LOUDEST_DB = 6.0
QUIETEST_MEDIAN_DB = 30.0
SLOWEST_MEDIAN_BPM = 20.0
LONGEST_MEDIAN_MINUTES, LONGEST_MEDIAN_SECONDS = 20.0, 2000.0
SHORTEST_MEDIAN_MS, LONGEST_MEDIAN_MS = 20_000.0, 2e7


@dataclass(frozen=True)
class Units:
    """What to multiply columns by.

    Attributes
    ----------
    factors
        Our column name -> factor; NaN for one that no unit fits, whose values are unknown then.
    notes
        What a reader should know about it.
    """

    factors: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


SPOTIFYS = Units()


def units_of(columns: Mapping[str, pd.Series], source: str) -> Units:
    """Tell the units of a table.

    Parameters
    ----------
    columns
        Number columns under our names, those that the table has.
    source
        What to call the table in messages.

    Raises
    ------
    InputError
        If a feature is in no known unit.
    """
    known = {name: values[np.isfinite(values)].to_numpy() for name, values in columns.items()}
    known = {name: values for name, values in known.items() if len(values)}
    factors: dict[str, float] = {}
    notes: list[str] = []
    in_percent = _in_percent(known, source)
    if in_percent:
        factors |= dict.fromkeys(in_percent, 0.01)
        notes.append(f"{', '.join(in_percent)}: given in per cent, divided by 100")
    for name in SHARES:
        if name in known and name != "liveness":
            _check(name, known[name] * factors.get(name, 1.0), 0.0, 1.0, source)
    if "loudness" in known and _without_sign(known["loudness"], source):
        factors["loudness"] = -1.0
        notes.append("loudness: given without its minus sign, added")
    if "tempo" in known:
        _check_tempo(known["tempo"], source)
    if "duration_ms" in known:
        factor, note = _of_durations(known["duration_ms"])
        if note:
            factors["duration_ms"] = factor
            notes.append(note)
    return Units(factors, tuple(notes))


def _in_percent(known: Mapping[str, np.ndarray], source: str) -> list[str]:
    """Return the columns that count from 0 to 100; those near 0 go with the others."""
    certain = [
        name for name in SHARES if name in known and 1.0 < np.median(known[name]) <= 100.0
        and np.mean((known[name] < 0) | (known[name] > 100)) <= STRAY
    ]  # fmt: skip
    for name in set(certain) & set(SPREAD):
        below = (known[name] > 0) & (known[name] < 1)
        if below.mean() > STRAY:
            raise _unfit(name, known[name], "from 0 to 1", source)
    if len(set(certain) & set(SPREAD)) < 2:
        return certain

    def goes_along(values: np.ndarray) -> bool:
        return bool(values.max() > 1.0 or (values == np.round(values)).all())

    return [n for n in SHARES if n in certain or (n in known and goes_along(known[n]))]


def _without_sign(values: np.ndarray, source: str) -> bool:
    middle = float(np.median(values))
    if middle <= 0 or (len(values) < ENOUGH and middle < 1):  # a master may be above 0 dB
        _check("loudness", values, -60.0, LOUDEST_DB, source)
        return False
    if values.min() < 0 or not 1 < middle <= QUIETEST_MEDIAN_DB:
        raise _unfit("loudness", values, "decibels, from -60 to about 0", source)
    return True


def _check_tempo(values: np.ndarray, source: str) -> None:
    told = values[values > 0]  # 0 is no tempo
    if len(told) and np.median(told) < SLOWEST_MEDIAN_BPM:
        raise _unfit("tempo", told, "beats per minute", source)
    _check("tempo", told, 0.0, 260.0, source)


def _of_durations(values: np.ndarray) -> tuple[float, str]:
    """Return the factor to milliseconds, and a note where it is not 1."""
    told = values[values > 0]
    middle = float(np.median(told)) if len(told) else SHORTEST_MEDIAN_MS
    if middle < LONGEST_MEDIAN_MINUTES:
        return 60_000.0, "durations: given in minutes, made milliseconds"
    if middle < LONGEST_MEDIAN_SECONDS:
        return 1000.0, "durations: given in seconds, made milliseconds"
    if SHORTEST_MEDIAN_MS <= middle <= LONGEST_MEDIAN_MS:
        return 1.0, ""
    return float("nan"), f"durations left out: {middle:g} is typical, and in no unit of time likely"


def _check(name: str, values: np.ndarray, low: float, high: float, source: str) -> None:
    beyond = (values < low) | (values > high)
    if beyond.sum() >= ENOUGH and beyond.mean() > STRAY:
        raise _unfit(name, values, f"from {low:g} to {high:g}", source)


def _unfit(name: str, values: np.ndarray, expected: str, source: str) -> InputError:
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return InputError(
        f"{source}: {name} goes from {low:.4g} to {high:.4g} (the middle is {middle:.4g}), where "
        f"{expected} is expected; give the table in Spotify's units (0-1, dB, beats per minute)"
    )
