"""Which of the tracks allowed are chosen: a seeded choice near the aims.

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

from clustering.choice.catalogue import Catalogue
from clustering.choice.taste import REACH
from clustering.choice.transitions import Transitions, smoothest_order
from clustering.choice.wish import MOST_TRACKS, Wish
from clustering.moods.clusters import MoodModel
from clustering.moods.mapping import Aim, aims_along, chosen_moods, ranked_moods
from clustering.tables.tracks import UNKNOWN_ARTIST, credited_artists, title_key
from emotions.estimate import EmotionEstimate

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


def choose(
    catalogue: Catalogue,
    rows: np.ndarray,
    aims: Sequence[Aim],
    wish: Wish,
    pulls: np.ndarray | None = None,
) -> list[Choice]:
    """Choose one track for each aim.

    Parameters
    ----------
    catalogue, rows
        Where to choose from, and the rows allowed.
    aims
        One for each place, in order; consecutive places may share an aim.
    wish
        With the seed of the draw. Where it asks for minutes, the last places are filled by length;
        on a journey, which is played in this order, each track should fit the one before.
    pulls
        What the listener's taste makes of each track of the catalogue, as `Taste.pulls` gives it:
        it brings tracks nearer or moves them away.

    Returns
    -------
    list of Choice
        In the order of the places; shorter than `aims` when the rows run out.
    """
    seed, target_ms, in_order = wish.seed, wish.target_ms, wish.mode == "journey"
    frame = catalogue.table.frame
    ids, artists, names = (catalogue.texts[c].to_numpy() for c in ("track_id", "artist", "name"))
    lengths = durations_ms(frame)[rows]
    places, labels = catalogue.quantiles, catalogue.labels[rows]
    if len(rows) < len(frame):
        places = places[rows]
    heard = None if catalogue.heard is None else catalogue.heard[rows]
    nearer = 0.0 if pulls is None else REACH * pulls[rows]
    used = np.zeros(len(rows), dtype=bool)
    credits: Counter[str] = Counter()
    keys: set[str] = set()
    choices: list[Choice] = []
    distances = np.empty(0)
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
                catalogue.model, distances - nearer, labels, aim, size=pool_size(aim, len(aims))
            )
            luck = _luck(ids[rows[ranking.near]], seed)
        left = len(aims) - place
        scores = luck - ranking.distances[ranking.near] / (aim.spread / 4)
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
        choices.append(Choice(row, aim, float(distances[chosen])))
    return choices


def choose_by_time(
    estimate: EmotionEstimate,
    catalogue: Catalogue,
    rows: np.ndarray,
    wish: Wish,
    pulls: np.ndarray | None = None,
) -> tuple[tuple[Aim, ...], list[Choice]]:
    """Choose as many tracks as fill the minutes of a wish: guess the number, look, guess again.

    Returns the aims and the choices, as for `choose`; never more than `MOST_TRACKS`.
    """
    target_ms = wish.target_ms
    if target_ms is None:
        raise ValueError("the wish asks for a number of tracks, not for minutes")
    lengths = durations_ms(catalogue.table.frame)
    n_tracks = max(1, round(target_ms / float(np.median(lengths[rows]))))
    attempts = []
    for _ in range(4):
        aims = aims_along(estimate, wish.mode, min(n_tracks, MOST_TRACKS))
        choices = choose(catalogue, rows, aims, wish, pulls)
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
        Every row's distance from it, as the listener's taste sees it.
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
        cls, model: MoodModel, distances: np.ndarray, labels: np.ndarray, aim: Aim, *, size: int
    ) -> "_Ranking":
        tiers = mood_tiers(aim, model)[labels]
        near = np.flatnonzero(tiers == 0)
        if len(near) > size:
            # All that are as near as the last one, so that the order of the table says nothing.
            farthest = np.partition(distances[near], size - 1)[size - 1]
            near = near[distances[near] <= farthest]
        return cls(aim, distances, tiers, near)

    @cached_property
    def everything(self) -> np.ndarray:
        """Every row by mood, then by distance: where to look when the near rows run out."""
        return np.lexsort((self.distances, self.tiers))


def pool_size(aim: Aim, n_places: int) -> int:
    """Return among how many tracks each of `n_places` places is drawn."""
    return max(LEAST_POOL, POOL_PER_TRACK * n_places) * (WIDER_POOL if aim.uncertain else 1)


def mood_tiers(aim: Aim, model: MoodModel) -> np.ndarray:
    """Return for each mood 0 if its tracks are chosen from, else its place in the ranking, (k,)."""
    tiers = np.zeros(len(model.moods), dtype=int)
    for place, (mood, _) in enumerate(ranked_moods(aim, model)):
        tiers[mood.index] = place
    tiers[[mood.index for mood in chosen_moods(aim, model)]] = 0
    return tiers


def _luck(ids: np.ndarray, seed: int) -> np.ndarray:
    """Return a Gumbel-distributed number for each track id: adding it to a score draws by chance.

    A track's luck hangs on its id and the seed alone. So a table with other rows, or in another
    order, draws alike where it is alike, and so does one that is read in parts.
    """
    hashed = pd.util.hash_array(ids, hash_key=f"{seed:016d}", categorize=False)
    return -np.log(-np.log(((hashed >> 11) + 0.5) / 2.0**53))  # what fits a float exactly


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
