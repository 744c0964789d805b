"""Columns under our names: values as people write them in, values as Spotify means them out.

What cannot be read in an optional column is missing, and counted; in a feature it is a mistake.
Which rows are of use, `clustering.tables.tracks` says.
"""

import re

import pandas as pd

from clustering.tables import values
from clustering.tables.layouts import MOOD_COLUMNS
from clustering.tables.units import Units, units_of
from foundation.errors import InputError

# Lowest and highest value that Spotify's features take. A valence, danceability or tempo of
# exactly 0 is what Spotify writes when it could not analyse the sound, hence the tiny minimum.
RANGES: dict[str, tuple[float, float]] = {
    "danceability": (1e-9, 1.0),
    "energy": (0.0, 1.0),
    "loudness": (-60.0, 6.0),
    "speechiness": (0.0, 1.0),
    "acousticness": (0.0, 1.0),
    "instrumentalness": (0.0, 1.0),
    "valence": (1e-9, 1.0),
    "tempo": (1e-9, 260.0),
}
OPTIONAL_RANGES: dict[str, tuple[float, float]] = {
    "liveness": (0.0, 1.0),
    "key": (0, 11),
    "mode": (0, 1),
    "key_confidence": (0.0, 1.0),
    "time_signature": (1, 7),
    "duration_ms": (1, 86_400_000),
    "popularity": (0, 100),
    "year": (1000, 2999),
    **dict.fromkeys(MOOD_COLUMNS, (0.0, 1.0)),
}
NO_TRACK = re.compile(r"spotify:(?:episode|show|local):|https?://open\.spotify\.com/.*episode/")


def in_our_types(
    frame: pd.DataFrame, source: str, units: Units | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return columns under our names with the values that they should hold, and notes on them.

    Nothing is checked but that numbers are numbers: in an optional column, what is none is missing.

    Parameters
    ----------
    frame
        Any of our columns.
    source
        What to call the table in messages.
    units
        In which the columns count, for rows of a larger table; None lets these rows tell.

    Raises
    ------
    InputError
        If a feature holds text, or is in no known unit.
    """
    frame = frame.copy()
    for column, read in TEXTS.items():
        if column in frame:
            frame[column] = read(frame[column])
    unread = {}
    for column in (*RANGES, *OPTIONAL_RANGES):
        if column in frame:
            frame[column], wrong = values.numbers(given := frame[column])
            if wrong.any() and column in RANGES:
                raise _no_numbers(given[wrong], source)
            unread[column] = int(wrong.sum())
    units = _in_spotifys_units(frame, source, units)
    for column, (low, high) in OPTIONAL_RANGES.items():
        if column in frame:  # an odd key or year says nothing against the track: forget it only
            unread[column] += int((frame[column] > high).sum())  # below it is a word for "unknown"
            frame[column] = frame[column].where(frame[column].between(low, high))
    if "explicit" in frame:
        frame["explicit"], wrong = values.truths(frame["explicit"])
        unread["explicit"] = int(wrong.sum())
    if "release_date" in frame:
        years = values.years(frame["release_date"])
        frame["year"] = frame["year"].fillna(years) if "year" in frame else years
    left = ", ".join(f"{n:,} of {column}" for column, n in unread.items() if n)
    unreadable = (f"values that cannot be read are left empty: {left}",) if left else ()
    return frame, (*units.notes, *unreadable)


def _in_spotifys_units(frame: pd.DataFrame, source: str, units: Units | None) -> Units:
    """Change number columns in place, and return the units that they were in."""
    # Of a listener's own files the length was measured.
    told = frame["path"].isna() if "path" in frame else pd.Series(True, frame.index)
    if units is None:
        columns = {name: frame[name] for name in (*RANGES, *OPTIONAL_RANGES) if name in frame}
        if "duration_ms" in columns:
            columns["duration_ms"] = columns["duration_ms"][told]
        units = units_of(columns, source)
    for column, factor in units.factors.items():
        if column in frame:
            rows = told if column == "duration_ms" else slice(None)
            frame.loc[rows, column] *= factor
    return units


def are_tracks(ids: pd.Series) -> pd.Series:
    """Return for each id whether it may be a track: podcasts and local files have ids, too."""
    return ~values.texts(ids).str.match(NO_TRACK, na=False)


def _no_numbers(wrong: pd.Series, source: str) -> InputError:
    return InputError(
        f"{source}: column {wrong.name}, data row {int(wrong.index[0]) + 1} holds "
        f"{str(wrong.iloc[0])[:40]!r}, which is not a number ({len(wrong)} such cells); "
        "correct it, or leave the cell empty to drop the row"
    )


def bare_track_id(ids: pd.Series) -> pd.Series:
    """Return ids without what stands around them in Spotify's addresses; empty ones are missing."""
    return values.texts(ids).str.replace(
        r"^(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)(\w+).*$",
        r"\1",
        regex=True,
    )


def _addresses(urls: pd.Series) -> pd.Series:
    """Return addresses of the web alone: a page links to them."""
    text = values.texts(urls)
    return text.where(text.str.fullmatch(r"https?://\S+", na=False))


TEXTS = {
    "track_id": bare_track_id,
    "name": values.texts,
    "artist": lambda cells: values.texts(values.several(cells)),
    "url": _addresses,
}
