"""Open what a listener names as tracks: a table, one larger than memory, or a folder of music."""

from pathlib import Path

from clustering.choice.catalogue import Catalogue
from clustering.choice.shortlist import SAMPLE, LargeCatalogue
from clustering.moods.clusters import DEFAULT_MOODS, MoodModel, fit_moods
from clustering.moods.folder import DEFAULT_MOOD_FOLDER, load_moods
from clustering.sources import has_tables, open_tables
from clustering.tables.large_tables import LargeTable, is_large, open_large_table
from clustering.tables.tracks import DEFAULT_TABLE, TrackTable, read_tracks
from foundation.errors import InputError
from foundation.text import as_word, printable


def open_table(path: str | Path | None = None) -> TrackTable | LargeTable:
    """Read the tracks that `open_catalogue` gives moods, or look at them where they lie.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    if path is None:
        return read_tracks()
    path = Path(path)
    if not path.is_dir():
        if is_large(path):
            return open_large_table(path)
        return open_tables(path) if has_tables(path) else read_tracks(path)
    from clustering.music.files import find_music, read_music

    # A folder with music in it is a folder of music, whatever tables lie there, too.
    found = find_music(path)
    if not found[0]:
        if is_large(path):
            return open_large_table(path)
        if has_tables(path):
            return open_tables(path)
    return read_music(path, found)


def open_catalogue(
    path: str | Path | None = None,
    *,
    moods: str | Path | None = None,
    n_moods: int = DEFAULT_MOODS,
    seed: int = 0,
) -> Catalogue | LargeCatalogue:
    """Read a table and give it moods; one that is larger than memory stays on disk.

    Parameters
    ----------
    path
        A table for `clustering.tables.tracks.read_tracks`; or a folder of Parquet files, or one
        with more than a million rows, see `clustering.tables.large_tables`; or another folder, or
        a zip archive, of tables (`clustering.sources.open_tables`); or a folder of music,
        which is analysed first (only what is new or changed, from the second time on). None takes
        the project's own table, with the moods that come with it when `n_moods` and `seed` are
        theirs.
    moods
        A folder of moods that were fitted on this table; None fits them now.
    n_moods, seed
        As for `clustering.moods.clusters.fit_moods`.

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


def _large(table: LargeTable, moods: str | Path | None, n_moods: int, seed: int) -> LargeCatalogue:
    if moods is None:
        return LargeCatalogue.of(table, n_moods=n_moods, seed=seed)
    model = load_moods(moods)
    # How many rows of a sample can be used is not known beforehand; a small table's moods differ.
    if 2 * model.n_tracks < min(SAMPLE, len(table)) or model.n_tracks > len(table):
        raise _of_another(moods, model, table)
    return LargeCatalogue(table, model)


def _of_another(moods: str | Path, model: MoodModel, table: TrackTable | LargeTable) -> InputError:
    # Quantiles are the listener's own only if the moods come from the same table.
    return InputError(
        f"{printable(moods)} was fitted on {model.n_tracks} tracks, {table.source} gives "
        f"{len(table)}; fit it again with: emotify moods fit TABLE --out {as_word(moods)}"
    )
