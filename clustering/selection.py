"""Which tracks may be chosen, and which of them are: filters, then a seeded choice near the aims.

The choice walks over the places of a playlist. At each place it draws one track from the
nearest ones inside the chosen moods, nearer ones with higher probability, and never a third
track of one artist nor a second issue of one recording.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from clustering.catalogue import Catalogue
from clustering.mapping import Aim, aims_along, chosen_moods, ranked_moods
from clustering.moods import MoodModel
from clustering.tracks import UNKNOWN_ARTIST, credited_artists, title_key
from clustering.transitions import Transitions, smoothest_order
from ser.emotions import EmotionEstimate
from ser.errors import InputError

TRACKS_PER_ARTIST = 2
POOL_PER_TRACK = 4  # the draw is among this many nearest tracks for each place to fill
LEAST_POOL = 40
WIDER_POOL = 4  # times as many tracks to draw from when the estimate is uncertain
TYPICAL_TRACK_MS = 215_000  # only where a track's own duration is unknown
# How much durations count: early places, last but one, last.
LENGTH_PRESSURE = (0.5, 4.0, 30.0)
FIT_PRESSURE = 6.0  # how much it counts on a journey that a track fits the one before


@dataclass(frozen=True)
class Choice:
    """One track chosen.

    Attributes
    ----------
    row
        Row of the catalogue.
    aim
        What was aimed at, at this place.
    distance
        Distance from that aim, 0..1.
    """

    row: int
    aim: Aim
    distance: float


def allowed_rows(
    catalogue: Catalogue,
    *,
    genres: Sequence[str] | str | None = None,
    artists: Sequence[str] | str | None = None,
    explicit: bool | None = None,
    years: tuple[int, int] | None = None,
) -> np.ndarray:
    """Return the rows that pass every filter; a row that lacks the value filtered on does not.

    Raises
    ------
    InputError
        If the table lacks what is filtered on, or knows no such genre or artist.
    """
    frame = catalogue.table.frame
    keep = np.ones(len(frame), dtype=bool)
    if genres:
        keep &= _of_genres(catalogue, _listed(genres))
    if artists:
        keep &= _of_artists(frame["artist"], _listed(artists))
    if explicit is not None:
        _needs(catalogue, "explicit", "explicit content")
        keep &= (frame["explicit"] == explicit).fillna(False).to_numpy(dtype=bool)
    if years is not None:
        _needs(catalogue, "year", "the year of release")
        first, last = years
        if first > last:
            raise InputError(f"years {first}-{last} run backwards; give the earlier year first")
        keep &= frame["year"].between(first, last).to_numpy(dtype=bool)
    return np.flatnonzero(keep)


def _listed(names: Sequence[str] | str) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _needs(catalogue: Catalogue, column: str, meaning: str) -> None:
    if not catalogue.table.has(column):
        raise InputError(
            f"{catalogue.table.source} does not tell {meaning}: it has no column {column}; leave "
            "that filter out or give a table with it"
        )


def _of_genres(catalogue: Catalogue, genres: Sequence[str]) -> np.ndarray:
    _needs(catalogue, "genre", "genres")
    known = catalogue.genres
    wanted = {genre.strip().casefold() for genre in genres}
    unknown = sorted(wanted - known.keys())
    if unknown:
        names = list(known.values())
        more = f" and {len(names) - 30} more" if len(names) > 30 else ""
        raise InputError(
            f"no track has the genre {', '.join(map(repr, unknown))}; choose from: "
            f"{', '.join(names[:30])}{more}"
        )
    cells = catalogue.table.frame["genre"].fillna("").str.casefold()
    having = {c for c in cells.unique() if wanted & {g.strip() for g in c.split(";")}}
    return cells.isin(having).to_numpy(dtype=bool)


def _of_artists(cells: pd.Series, artists: Sequence[str]) -> np.ndarray:
    wanted = {artist.strip().casefold() for artist in artists}
    parts = {credited_artists(artist.strip())[0] for artist in artists if artist.strip()}
    # A name with a comma or "&" in it is first taken whole, then by its first part.
    whole = cells.str.casefold().str.strip().isin(wanted)
    keep = whole | pd.Series([bool(parts & {*credited_artists(c)}) for c in cells], cells.index)
    if not keep.any():
        raise InputError(
            f"no track is by {', '.join(map(repr, artists))}; check the spelling, or leave the "
            "artist filter out"
        )
    return keep.to_numpy(dtype=bool)


def choose(
    catalogue: Catalogue,
    rows: np.ndarray,
    aims: Sequence[Aim],
    *,
    seed: int,
    target_ms: float | None = None,
    in_order: bool = False,
) -> list[Choice]:
    """Choose one track for each aim.

    Parameters
    ----------
    catalogue, rows
        Where to choose from, and the rows allowed.
    aims
        One for each place, in order; consecutive places may share an aim.
    seed
        Seed of the draw; the same arguments give the same tracks.
    target_ms
        Sum of durations wanted, in milliseconds; the last places are then filled by length.
    in_order
        Whether the tracks will be played in this order; each should then fit the one before.

    Returns
    -------
    list of Choice
        In the order of the places; shorter than `aims` when the rows run out.
    """
    frame = catalogue.table.frame
    luck = np.random.default_rng(seed).gumbel(size=len(frame))[rows]
    artists, names = frame["artist"].to_numpy(), frame["name"].to_numpy()
    lengths = durations_ms(frame)[rows]
    places, labels = catalogue.quantiles[rows], catalogue.labels[rows]
    heard = None if catalogue.heard is None else catalogue.heard[rows]
    used = np.zeros(len(rows), dtype=bool)
    credits: Counter[str] = Counter()
    keys: set[str] = set()
    choices: list[Choice] = []
    ranking: _Ranking | None = None
    total = 0.0

    def fits(candidate: int) -> bool:
        """Say whether a candidate may join; one that may not is never asked again."""
        row = rows[candidate]
        if artists[row] != UNKNOWN_ARTIST:
            full = any(credits[a] >= TRACKS_PER_ARTIST for a in credited_artists(artists[row]))
            if full or title_key(artists[row], names[row]) in keys:
                used[candidate] = True
        return not used[candidate]

    for place, aim in enumerate(aims):
        if ranking is None or ranking.aim is not aim:
            distances = aim.distances(places, heard)
            ranking = _Ranking.of(
                catalogue.model, distances, labels, aim, pool=POOL_PER_TRACK * len(aims)
            )
        left = len(aims) - place
        scores = luck[ranking.near] - ranking.distances[ranking.near] / (aim.spread / 4)
        if target_ms is not None:
            ideal = max(1.0, (target_ms - total) / left)
            pressure = LENGTH_PRESSURE[max(0, 3 - left)]
            scores -= pressure * np.abs(lengths[ranking.near] / ideal - 1)
        if in_order and choices:
            before = np.array([choices[-1].row])
            scores -= FIT_PRESSURE * catalogue.transitions.costs(before, rows[ranking.near])
        drawn = ranking.near[np.argsort(-scores)]
        chosen = next((c for c in drawn if not used[c] and fits(c)), None)
        if chosen is None:
            chosen = next((c for c in ranking.everything if not used[c] and fits(c)), None)
        if chosen is None:
            break
        row = int(rows[chosen])
        used[chosen] = True
        credits.update(credited_artists(artists[row]))
        keys.add(title_key(artists[row], names[row]))
        total += float(lengths[chosen])
        choices.append(Choice(row, aim, float(ranking.distances[chosen])))
    return choices


def choose_by_time(
    estimate: EmotionEstimate,
    catalogue: Catalogue,
    rows: np.ndarray,
    mode: str,
    *,
    target_ms: float,
    most: int,
    seed: int,
) -> tuple[tuple[Aim, ...], list[Choice]]:
    """Choose as many tracks as fill `target_ms`: guess the number, look, and guess again.

    Returns the aims and the choices, as for `choose`; never more than `most`.
    """
    lengths = durations_ms(catalogue.table.frame)
    n_tracks = max(1, round(target_ms / float(np.median(lengths[rows]))))
    attempts = []
    for _ in range(4):
        aims = aims_along(estimate, mode, min(n_tracks, most))
        choices = choose(
            catalogue, rows, aims, seed=seed, target_ms=target_ms, in_order=mode == "journey"
        )
        total = float(lengths[[choice.row for choice in choices]].sum())
        attempts.append((abs(total - target_ms), aims, choices))
        better = max(1, round(len(choices) * target_ms / total))
        if better == n_tracks or len(choices) < len(aims):
            break
        n_tracks = better
    _, aims, choices = min(attempts, key=lambda attempt: attempt[0])
    return aims, choices


@dataclass(frozen=True)
class _Ranking:
    """The allowed rows as an aim sees them.

    Attributes
    ----------
    aim
        What is aimed at.
    distances
        Every row's distance from it.
    tiers
        0 for rows in the chosen moods; elsewhere the mood's place in the ranking.
    near
        The rows to draw from: the nearest of tier 0.
    """

    aim: Aim
    distances: np.ndarray
    tiers: np.ndarray
    near: np.ndarray

    @classmethod
    def of(
        cls, model: MoodModel, distances: np.ndarray, labels: np.ndarray, aim: Aim, *, pool: int
    ) -> "_Ranking":
        rank = np.zeros(len(model.moods), dtype=int)
        for place, (mood, _) in enumerate(ranked_moods(aim, model)):
            rank[mood.index] = place
        rank[[mood.index for mood in chosen_moods(aim, model)]] = 0
        tiers = rank[labels]
        near = np.flatnonzero(tiers == 0)
        size = max(LEAST_POOL, pool) * (WIDER_POOL if aim.uncertain else 1)
        if len(near) > size:
            near = near[np.argpartition(distances[near], size)[:size]]
        return cls(aim, distances, tiers, near)

    @cached_property
    def everything(self) -> np.ndarray:
        """Every row by mood, then by distance: where to look when the near rows run out."""
        return np.lexsort((self.distances, self.tiers))


def durations_ms(frame: pd.DataFrame) -> np.ndarray:
    """Return each track's duration in milliseconds; an unknown one counts as 215 s."""
    if "duration_ms" not in frame:
        return np.full(len(frame), float(TYPICAL_TRACK_MS))
    return frame["duration_ms"].fillna(TYPICAL_TRACK_MS).to_numpy(dtype=float)


def smooth_order(catalogue: Catalogue, choices: Sequence[Choice]) -> list[Choice]:
    """Order tracks so that neighbours fit in tempo, key and energy, the best one first.

    What is played is settled before, so no order leaves the mood.
    """
    if not choices:
        return []
    rows = [choice.row for choice in choices]
    steps = Transitions.of(catalogue.table.frame.iloc[rows], catalogue.quantiles[rows])
    best = int(np.argmin([choice.distance for choice in choices]))
    return [choices[place] for place in smoothest_order(steps.matrix(), best)]
