"""A catalogue ready to choose from: tracks, the moods fitted on them, and every track's place.

Made once for a table; playlists are then chosen from it in milliseconds.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from clustering.choice.transitions import Transitions
from clustering.moods.clusters import MoodModel, fit_moods
from clustering.moods.mapping import made_for_the_club
from clustering.tables.layouts import MOOD_COLUMNS
from clustering.tables.tracks import TrackTable


@dataclass(frozen=True)
class Catalogue:
    """Tracks with their moods.

    Attributes
    ----------
    table
        The tracks.
    model
        Moods fitted on that table, so that quantiles are the listener's own.
    quantiles
        Each track's quantile in each feature, (n, 8).
    labels
        Each track's mood, (n,).
    """

    table: TrackTable
    model: MoodModel
    quantiles: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, table: TrackTable, model: MoodModel | None = None) -> "Catalogue":
        """Place the tracks of a table; without a model, one is fitted on the table."""
        model = fit_moods(table) if model is None else model
        quantiles = model.quantiles(table.frame)
        labels = model.nearest(quantiles)
        # By columns, distances from an aim take half the time.
        return cls(table, model, np.asfortranarray(quantiles), labels)

    @cached_property
    def texts(self) -> pd.DataFrame:
        """Id, artist and name as Python's own strings, which are quicker to get one by one."""
        return self.table.frame[["track_id", "artist", "name"]].astype(object)

    @cached_property
    def heard(self) -> np.ndarray | None:
        """The mood heard in each track's own sound, (n, 4), as `MOOD_COLUMNS`; None if unknown."""
        if not all(self.table.has(column) for column in MOOD_COLUMNS):
            return None
        return known_chances(self.table.frame[list(MOOD_COLUMNS)].to_numpy(dtype=float))

    @cached_property
    def club(self) -> np.ndarray | None:
        """Whether each track was made for the club, (n,), by genres and title; None if unknown."""
        frame = self.table.frame
        return made_for_the_club(frame["genre"], frame["name"]) if self.table.has("genre") else None

    @cached_property
    def transitions(self) -> Transitions:
        """What must be known of every track to say how well one follows another."""
        return Transitions.of(self.table.frame, self.quantiles)

    @cached_property
    def genres(self) -> dict[str, str]:
        """Genres of the table, folded to lower case -> as written, the commonest first."""
        if not self.table.has("genre"):
            return {}
        single = self.table.frame["genre"].dropna().str.split(";").explode().str.strip()
        return {name.casefold(): name for name in single.value_counts().index if name}


def known_chances(chances: np.ndarray) -> np.ndarray:
    """Return chances of `MOOD_COLUMNS`, (n, 4), even where nobody listened (NaN)."""
    return np.where(np.isnan(chances), 1 / len(MOOD_COLUMNS), chances)
