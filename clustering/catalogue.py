"""A catalogue ready to choose from: tracks, the moods fitted on them, and every track's place.

Made once for a table; playlists are then chosen from it in milliseconds.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clustering.layouts import MOOD_COLUMNS
from clustering.mood_folder import DEFAULT_MOOD_FOLDER, load_moods
from clustering.moods import DEFAULT_MOODS, MoodModel, fit_moods
from clustering.tracks import DEFAULT_TABLE, TrackTable, read_tracks
from clustering.transitions import Transitions
from ser.errors import InputError

if TYPE_CHECKING:
    from clustering.large_tables import LargeTable
    from clustering.shortlist import LargeCatalogue


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


def open_table(path: str | Path | None = None) -> "TrackTable | LargeTable":
    """Read the tracks that `open_catalogue` gives moods, or look at them where they lie.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    if path is None:
        return read_tracks()
    from clustering.large_tables import is_large, open_large_table

    path = Path(path)
    if not path.is_dir():
        return open_large_table(path) if is_large(path) else read_tracks(path)
    from clustering.music_files import find_music, music_table

    # A folder with music in it is a folder of music, whatever tables lie there, too.
    if is_large(path) and not find_music(path)[0]:
        return open_large_table(path)
    return read_tracks(music_table(path))


def open_catalogue(
    path: str | Path | None = None,
    *,
    moods: str | Path | None = None,
    n_moods: int = DEFAULT_MOODS,
    seed: int = 0,
) -> "Catalogue | LargeCatalogue":
    """Read a table and give it moods; one that is larger than memory stays on disk.

    Parameters
    ----------
    path
        A table for `clustering.tracks.read_tracks`; or a folder of Parquet files, or one with more
        than a million rows, see `clustering.large_tables`; or a folder of music, which is analysed
        first (only what is new or changed, from the second time on). None takes the project's own
        table, with the moods that come with it when `n_moods` and `seed` are theirs.
    moods
        A folder of moods that were fitted on this table; None fits them now.
    n_moods, seed
        As for `clustering.moods.fit_moods`.

    Raises
    ------
    InputError
        If the table or the moods cannot be read, or the moods belong to another table.
    """
    table = open_table(path)
    if not isinstance(table, TrackTable):
        return _large(table, moods, n_moods, seed)
    is_default = path is None or Path(path).resolve() == DEFAULT_TABLE
    if moods is None and is_default and (n_moods, seed) == (DEFAULT_MOODS, 0):
        moods = DEFAULT_MOOD_FOLDER if DEFAULT_MOOD_FOLDER.is_dir() else None
    if moods is None:
        return Catalogue.of(table, fit_moods(table, n_moods=n_moods, seed=seed))
    model = load_moods(moods)
    if model.n_tracks != len(table):
        raise _of_another(moods, model, table)
    return Catalogue.of(table, model)


def _large(
    table: "LargeTable", moods: str | Path | None, n_moods: int, seed: int
) -> "LargeCatalogue":
    from clustering.shortlist import SAMPLE, LargeCatalogue

    if moods is None:
        return LargeCatalogue.of(table, n_moods=n_moods, seed=seed)
    model = load_moods(moods)
    # How many rows of a sample can be used is not known beforehand; a small table's moods differ.
    if 2 * model.n_tracks < min(SAMPLE, len(table)) or model.n_tracks > len(table):
        raise _of_another(moods, model, table)
    return LargeCatalogue(table, model)


def _of_another(
    moods: str | Path, model: MoodModel, table: "TrackTable | LargeTable"
) -> InputError:
    # Quantiles are the listener's own only if the moods come from the same table.
    return InputError(
        f"{moods} was fitted on {model.n_tracks} tracks, {table.source} gives {len(table)}; "
        f"fit it again with: emotify moods fit TABLE --out {moods}"
    )
