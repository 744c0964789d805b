"""Fetch open tables of tracks: a name flows in, checked files flow out.

Whatever interrupts a download, the next call goes on where it stopped (`foundation.download`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clustering.tables.fma import is_fma
from clustering.tables.layouts import in_our_columns
from clustering.tables.reading import read_frame
from foundation.download import DownloadError, Remote, download
from foundation.errors import InputError
from foundation.user_data import TRACK_TABLES, user_data_folder

GITHUB = "https://raw.githubusercontent.com/"
HUGGING_FACE = "https://huggingface.co/datasets/"
HIT_PREDICTOR = "fortyTwo102/The-Spotify-Hit-Predictor-Dataset"
KAGGLE_TRACKS = "maharshipandya/spotify-tracks-dataset"


@dataclass(frozen=True)
class OpenTable:
    """A table of tracks that anybody can fetch.

    Attributes
    ----------
    title
        What its publisher calls it.
    n_tracks
        Rows with features, as its publisher or its readers count them.
    megabytes
        Size of the files, rounded.
    licence
        Under which its publisher gives it, or that none is stated.
    holds
        What it tells of a track, and what it lacks.
    page
        Where a person reads about it.
    files
        What is fetched; several lie in a folder of their own.
    """

    title: str
    n_tracks: int
    megabytes: int
    licence: str
    holds: str
    page: str
    files: tuple[Remote, ...]

    def notice(self) -> str:
        """Return one line to read before anything is fetched."""
        return f"{self.title}: licence {self.licence}; see {self.page}"


# A file whose publisher gives no checksum must read as a table of tracks instead.
TABLES: Mapping[str, OpenTable] = {
    "tidytuesday": OpenTable(
        title="tidytuesday's Spotify songs of 2020-01-21",
        n_tracks=32_833,
        megabytes=8,
        licence="MIT",  # of the repository, its LICENSE at commit 8410c96
        holds="features, popularity, date of release, 6 genres and 24 finer ones",
        page="https://github.com/rfordatascience/tidytuesday/tree/main/data/2020/2020-01-21",
        files=(
            Remote(
                "spotify_songs.csv",
                f"{GITHUB}rfordatascience/tidytuesday/main/data/2020/2020-01-21/spotify_songs.csv",
            ),
        ),
    ),
    "spotify-tracks": OpenTable(
        title='Kaggle\'s "Spotify Tracks Dataset" on Hugging Face',
        n_tracks=114_000,
        megabytes=20,
        licence="BSD, as its card says",
        holds="features, popularity, whether explicit, 114 genres of every kind",
        page=f"{HUGGING_FACE}{KAGGLE_TRACKS}",
        files=(
            Remote(
                "spotify_tracks.csv",
                f"{HUGGING_FACE}{KAGGLE_TRACKS}/resolve/"
                "74c06031718aafcd9d96bf2cd770249d88e0c238/dataset.csv",
                sha256="b202fa49909b2d5cef71a04b1d21243cfeb36414535f2ca9272aa646721177bd",
            ),
        ),
    ),
    "fma": OpenTable(
        title="Metadata of the Free Music Archive (Defferrard et al. 2017)",
        n_tracks=13_129,
        megabytes=342,
        licence="CC BY 4.0; each recording has a Creative Commons licence of its own, which the "
        "table tells",
        holds="features by the Echo Nest without loudness, genres, and the address at which each "
        "track can be played freely",
        page="https://github.com/mdeff/fma",
        files=(
            Remote(
                "fma_metadata.zip",
                "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip",
                sha1="f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
            ),
        ),
    ),
    # Its README names the six files; that they lie beside it, only a download can tell.
    "hit-predictor": OpenTable(
        title="The Spotify Hit Predictor Dataset, 1960-2019 (Farooq Ansari)",
        n_tracks=41_106,
        megabytes=6,
        licence="none stated by its publisher, so for your own use at most",
        holds="features of hits and of tracks that were none, a file a decade; no genres",
        page=f"https://github.com/{HIT_PREDICTOR}",
        files=tuple(
            Remote(
                f"dataset-of-{decade}s.csv",
                f"{GITHUB}{HIT_PREDICTOR}/HEAD/dataset-of-{decade}s.csv",
            )
            for decade in ("60", "70", "80", "90", "00", "10")
        ),
    ),
}


def known_tables() -> str:
    """Return what can be fetched, for a terminal: what each table is, holds, and its licence."""
    blocks = (
        f"{name}  {table.title}\n"
        f"    {table.n_tracks:,} tracks, {table.megabytes} MB; licence: {table.licence}\n"
        f"    {table.holds}\n"
        f"    {table.page}"
        for name, table in TABLES.items()
    )
    return "\n".join(blocks)


def known_table(name: str) -> OpenTable:
    """Return a table by its name.

    Raises
    ------
    InputError
        If there is none; the message lists those that exist.
    """
    if name not in TABLES:
        raise InputError(f"there is no table {name!r}; choose one of: {', '.join(TABLES)}")
    return TABLES[name]


def download_table(
    name: str, folder: str | Path | None = None, *, url: str | None = None, progress: bool = True
) -> Path:
    """Fetch an open table and return the path of the file or folder that `import_tracks` reads.

    Parameters
    ----------
    name
        One of `TABLES`.
    folder
        Where to put it; the user's data folder by default. A whole file that is there is not
        fetched again.
    url
        A mirror of the same file, or of the folder where a table has several; checksum and schema
        are checked as well.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        If there is no such table.
    DownloadError
        If it cannot be fetched, or is not what it should be; it is an `InputError` too.
    """
    table = known_table(name)
    folder = user_data_folder(TRACK_TABLES) if folder is None else Path(folder)
    if len(table.files) == 1:
        return _checked(table.files[0], folder, url, progress)
    for remote in table.files:
        address = None if url is None else f"{url.rstrip('/')}/{remote.filename}"
        _checked(remote, folder / name, address, progress)
    return folder / name


def _checked(remote: Remote, folder: Path, url: str | None, progress: bool) -> Path:
    remote = remote if url is None else replace(remote, url=url)
    path = download(remote, folder, progress=progress)
    try:
        if path.suffix == ".zip":
            if not is_fma(path):
                raise InputError("it is no zip file with tracks.csv and echonest.csv")
        else:
            in_our_columns(read_frame(path)[0], path.name)
    except InputError as error:
        path.unlink()
        raise DownloadError(
            f"{remote.url} gave something else than the table ({error}), so it was removed; run "
            "the same command again, or give another --url"
        ) from error
    return path
