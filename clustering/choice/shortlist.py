"""Choosing from a table larger than memory: a few tracks near the aims are found in one scan.

Each aim keeps a bounded number of nearest tracks while batches go by. What survives, some hundred
tracks, becomes an ordinary `Catalogue` with the moods of the large table, and the choice goes on as
ever: it is the one that the whole table in memory would give. (A journey that is to last so many
minutes may settle on another number of steps: what tracks usually last is told by those found.)

To place every row exactly among the table's quantiles would take most of the time, so a cheap lower
bound of the distance goes first: each feature's range is cut into `BINS`, and for each bin it is
known how near to the aim a value in it can be at best. Rows whose bound is above the farthest track
kept need no further look; thousands of ten million do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from clustering.choice.catalogue import Catalogue, known_chances
from clustering.choice.filters import Filters, lacking, none_passes
from clustering.choice.selection import mood_tiers, pool_size
from clustering.moods.clusters import DEFAULT_MOODS, MoodModel, fit_moods
from clustering.moods.mapping import HEARD_SHARE, Aim, made_for_the_club, placed
from clustering.tables.columns import in_our_types
from clustering.tables.large_tables import HIGHEST, LOWEST, LargeTable, Piece, usable
from clustering.tables.layouts import FEATURE_NAMES, MOOD_COLUMNS, NEEDED_COLUMNS
from clustering.tables.tracks import UNKNOWN_ARTIST, tidied, tracks_from_frame
from clustering.tables.units import SPOTIFYS
from foundation import jobs

SAMPLE = 200_000  # tracks that moods are fitted on; half a catalogue of 70,000 gives ARI .97
OVERVIEW = 4000  # tracks of a picture
BINS = 4096
SPARE = 32  # tracks kept beyond those that a choice draws from: some turn out to be broken
COLUMNS = (
    "track_id", "name", "artist", "duration_ms", "popularity", "key", "mode", "key_confidence",
    "genre", "path", "url", "isrc",
)  # fmt: skip


@dataclass(frozen=True)
class Shortlist:
    """Tracks near the aims.

    Attributes
    ----------
    catalogue
        The tracks, with the moods of the whole table.
    complete
        Whether there are no more that pass the filters.
    n_bytes
        Bytes of Parquet that were scanned for them.
    """

    catalogue: Catalogue
    complete: bool
    n_bytes: int


@dataclass(frozen=True)
class LargeCatalogue:
    """A large table with moods: what `Catalogue` is for a table in memory.

    Attributes
    ----------
    table
        The tracks, on disk.
    model
        Moods fitted on a sample of them.
    """

    table: LargeTable
    model: MoodModel

    @classmethod
    def of(
        cls, table: LargeTable, *, n_moods: int = DEFAULT_MOODS, seed: int = 0
    ) -> "LargeCatalogue":
        """Fit moods on a sample of the table."""
        model = fit_moods(sample_of(table, seed=seed), n_moods=n_moods, seed=seed)
        return cls(table, model)

    def shortlist(self, aims: Sequence[Aim], filters: Filters, *, times: int = 1) -> Shortlist:
        """Find the tracks that a choice for `aims` can draw from.

        Parameters
        ----------
        aims
            One for each place, as for `clustering.choice.selection.choose`.
        filters
            What tracks must be.
        times
            How many times as many tracks to keep as a choice usually needs.

        Raises
        ------
        InputError
            If the table lacks what is filtered on, no track passes, or a file is damaged.
        """
        for column in filters.columns:
            if not self.table.has(column):
                raise lacking(self.table.source, column)
        distinct = list({id(aim): aim for aim in placed(aims, self.model)}.values())
        n_kept = [times * (pool_size(aim, len(aims)) + SPARE) for aim in distinct]
        search = _Search(self.table, self.model, distinct, n_kept, filters)
        # The first piece tells the others how near a track must be to be worth a look.
        pieces = self.table.pieces
        found = [_scan(pieces[0], search, _Found.nothing(len(distinct)))]
        known = found[0]
        rest = jobs.run(_scan, pieces[1:], search, known, title="scan", threads=True)
        found += rest if len(pieces) > 1 else []
        nearest = _Found.nothing(len(distinct))
        for part in found:
            nearest = nearest.with_more(part, n_kept)
        rows, first = np.unique(np.concatenate(nearest.rows), return_index=True)
        if not len(rows):
            raise none_passes(len(self.table))
        frame = pd.DataFrame(np.concatenate(nearest.values)[first], columns=search.numbers)
        columns = [name for name in COLUMNS if self.table.has(name)]
        told = self.table.take(rows, columns)
        # Of `numbers` the units were seen to already.
        told = in_our_types(told, self.table.source, self.table.units)[0]
        tracks = tidied(
            pd.concat([told, frame], axis=1), self.table.source, self.table.layout.name,
            fewest=1, units=SPOTIFYS,
        )  # fmt: skip
        return Shortlist(
            Catalogue.of(tracks, self.model),
            complete=all(len(rows) < n for rows, n in zip(nearest.rows, n_kept, strict=True)),
            n_bytes=self.table.n_bytes(list(dict.fromkeys([*search.read, *columns]))),
        )

    def overview(self, tracks: pd.DataFrame) -> Catalogue:
        """Return some tracks (ids, names, artists, features) among a sample, for a picture."""
        drawn = self.table.sample(OVERVIEW, seed=0)
        numbers = [f"sample {number}" for number in range(len(drawn))]
        drawn = drawn.assign(track_id=numbers, name=numbers, artist=UNKNOWN_ARTIST)
        frame = pd.concat([tracks[list(NEEDED_COLUMNS)], drawn], ignore_index=True)
        return Catalogue.of(tracks_from_frame(frame, self.table.source), self.model)


def sample_of(table: LargeTable, *, seed: int) -> pd.DataFrame:
    """Return the features that moods of a large table are fitted on."""
    return table.sample(SAMPLE, seed=seed)


@dataclass(frozen=True)
class _Search:
    """What a scan needs to know."""

    table: LargeTable
    model: MoodModel
    aims: list[Aim]
    n_kept: list[int]
    filters: Filters
    bounds: "_Bounds" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "bounds", _Bounds.of(self.model, self.aims, self.table.has_heard_moods)
        )

    @property
    def numbers(self) -> list[str]:
        """Columns that distances hang on."""
        return [*FEATURE_NAMES, *(MOOD_COLUMNS if self.table.has_heard_moods else ())]

    @property
    def club(self) -> bool:
        """Whether it matters, and can be told, if a track was made for the club."""
        return any(aim.club for aim in self.aims) and self.table.has("genre")

    @property
    def asked(self) -> list[str]:
        """Columns that the filters hang on, as far as the table has them."""
        names = [*self.filters.columns]
        if self.filters.years is not None:
            names.append("release_date")
        if self.filters.languages or self.filters.not_languages:
            names.append("language")
        return [name for name in names if name in self.table.columns]

    @property
    def read(self) -> list[str]:
        """Columns that a scan reads."""
        genre = ["genre"] if self.club and "genre" not in self.asked else []
        return [*self.numbers, *self.asked, *genre]


@dataclass(frozen=True)
class _Bounds:
    """How near to each aim a track can be, told by the bins of its features.

    Attributes
    ----------
    low, scale
        Bin of a value: ``(value - low) * scale``, (8,) each.
    squares
        For each aim, feature and bin the least share of the squared distance, (aims, 8, BINS).
    """

    low: np.ndarray
    scale: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, model: MoodModel, aims: Sequence[Aim], heard: bool) -> "_Bounds":
        reach = HIGHEST - LOWEST
        edges = LOWEST + np.linspace(0.0, 1.0, BINS + 1)[:, None] * reach
        # A value that rounding puts into the next bin must not be beyond its edges.
        slack = 1e-6 * reach
        lowest, highest = (
            model.quantiles(pd.DataFrame(edge, columns=list(FEATURE_NAMES)))
            for edge in (edges[:-1] - slack, edges[1:] + slack)
        )
        squares = np.empty((len(aims), len(FEATURE_NAMES), BINS), np.float32)
        for number, aim in enumerate(aims):
            target = np.array([aim.quantiles[name] for name in FEATURE_NAMES])
            weights = np.array([aim.weights[name] for name in FEATURE_NAMES])
            gap = np.maximum(0.0, np.maximum(lowest - target, target - highest))
            squares[number] = (weights * gap**2).T * (1 - HEARD_SHARE if heard else 1.0)
        return cls(LOWEST, BINS / reach, squares)

    @cached_property
    def together(self) -> np.ndarray:
        """The least share for any of the aims, (8, BINS)."""
        return self.squares.min(axis=0)

    def bins(self, features: np.ndarray) -> list[np.ndarray]:
        """Return for each feature the bins of rows, (n,); values out of range get an end bin."""
        with np.errstate(invalid="ignore"):  # a missing value: any bin will do
            return [
                np.clip(((features[:, f] - self.low[f]) * self.scale[f]).astype(int), 0, BINS - 1)
                for f in range(len(FEATURE_NAMES))
            ]

    def near(self, bins: Sequence[np.ndarray], farthest: Sequence[float]) -> np.ndarray:
        """Return the rows, ascending, that may be within each aim's distance of it."""
        # First those that are near to what all aims together span: most rows are not.
        rows = np.flatnonzero(_within(self.together, bins, max(farthest)))
        bins = [places[rows] for places in bins]
        near = np.zeros(len(rows), dtype=bool)
        for own, mark in zip(self.squares, farthest, strict=True):
            near |= _within(own, bins, mark)
        return rows[near]


def _within(squares: np.ndarray, bins: Sequence[np.ndarray], farthest: float) -> np.ndarray:
    total = np.zeros(len(bins[0]), np.float32)
    for own, places in zip(squares, bins, strict=True):
        total += own[places]
    return total <= farthest**2 * (1 + 1e-5) + 1e-7  # single precision


@dataclass(frozen=True)
class _Found:
    """The nearest tracks so far, for each aim: numbers of rows, keys, and their `numbers`.

    A key is twice the tier of the track's mood plus its distance (at most 1).
    """

    rows: list[np.ndarray]
    keys: list[np.ndarray]
    values: list[np.ndarray]

    @classmethod
    def nothing(cls, n_aims: int, width: int = 0) -> "_Found":
        none = np.empty(0)
        return cls([none.astype(int)] * n_aims, [none] * n_aims, [none.reshape(0, width)] * n_aims)

    def farthest(self, number: int, n_kept: int) -> float:
        """Return the key that a track must not exceed to be kept."""
        full = len(self.keys[number]) >= n_kept
        return float(self.keys[number][-1]) if full else np.inf

    def with_more(self, more: "_Found", n_kept: Sequence[int]) -> "_Found":
        """Return the nearest of both; of equally near ones, those that come first."""
        parts = []
        for number, size in enumerate(n_kept):
            keys = np.concatenate([self.keys[number], more.keys[number]])
            rows = np.concatenate([self.rows[number], more.rows[number]])
            best = np.lexsort((rows, keys))[:size]
            own, other = self.values[number], more.values[number]
            values = np.concatenate([own, other]) if len(own) else other
            parts.append((rows[best], keys[best], values[best]))
        rows_of, keys_of, values_of = map(list, zip(*parts, strict=True))
        return _Found(rows_of, keys_of, values_of)


def _scan(piece: Piece, search: _Search, known: _Found) -> _Found:
    """Find the nearest tracks of a piece; those `known` are the mark, and are not given again."""
    table, filters = search.table, search.filters
    found = _Found.nothing(len(search.aims), len(search.numbers))
    tiers = [mood_tiers(aim, search.model) for aim in search.aims]
    for first_row, batch in table.batches(piece, table.theirs(search.read)):
        values = table.numbers(batch, search.numbers)
        bins = search.bounds.bins(values)
        marks = [
            min(found.farthest(number, size), known.farthest(number, size))
            for number, size in enumerate(search.n_kept)
        ]
        here = search.bounds.near(bins, marks)
        here = here[usable(values[here, : len(FEATURE_NAMES)])]
        if len(here) and search.asked:
            asked = table.frame(batch.select(table.theirs(search.asked)), search.asked)
            told, _ = in_our_types(asked.iloc[here], table.source, table.units)
            here = here[filters.passed(told)]
        if not len(here):
            continue
        chosen = values[here]
        features = pd.DataFrame(chosen[:, : len(FEATURE_NAMES)], columns=list(FEATURE_NAMES))
        quantiles = search.model.quantiles(features)
        heard = known_chances(chosen[:, len(FEATURE_NAMES) :]) if table.has_heard_moods else None
        club = None
        if search.club:
            rows = batch.select(table.theirs(["genre"])).take(here)
            club = made_for_the_club(table.frame(rows, ["genre"])["genre"])
        distances = np.array([aim.distances(quantiles, heard, club) for aim in search.aims])
        near = (distances <= np.array(marks)[:, None]).any(axis=0)
        if not near.any():
            continue
        here, chosen, distances = here[near], chosen[near], distances[:, near]
        labels = search.model.nearest(quantiles[near])
        keys = [2.0 * tier[labels] + own for tier, own in zip(tiers, distances, strict=True)]
        worth = [key <= mark for key, mark in zip(keys, marks, strict=True)]
        more = _Found(
            [first_row + here[kept] for kept in worth],
            [key[kept] for key, kept in zip(keys, worth, strict=True)],
            [chosen[kept] for kept in worth],
        )
        found = found.with_more(more, search.n_kept)
    return found
