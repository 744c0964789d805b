"""Fetch open tables of tracks: a name flows in, a checked file flows out.

Whatever interrupts a download, the next call goes on where it stopped (`foundation.download`).
"""

from collections.abc import Mapping
from pathlib import Path

from clustering.tables.fma import is_fma
from clustering.tables.layouts import in_our_columns, read_frame
from foundation.download import DownloadError, Remote, download
from foundation.errors import InputError
from foundation.user_data import TABLES, user_data_folder

REMOTES: Mapping[str, Remote] = {
    # 32,833 rows of Spotify tracks with audio features (CC0). Its publisher gives no checksum: it
    # must read as a table of tracks instead.
    "tidytuesday": Remote(
        filename="spotify_songs.csv",
        url="https://raw.githubusercontent.com/rfordatascience/tidytuesday/main/data/2020/"
        "2020-01-21/spotify_songs.csv",
    ),
    # 342 MiB; metadata CC BY 4.0. SHA-1 as published at github.com/mdeff/fma.
    "fma": Remote(
        filename="fma_metadata.zip",
        url="https://os.unil.cloud.switch.ch/fma/fma_metadata.zip",
        sha1="f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    ),
}


def download_table(
    name: str, folder: str | Path | None = None, *, url: str | None = None, progress: bool = True
) -> Path:
    """Fetch an open table and return the path of the file, which `import_tracks` reads.

    Parameters
    ----------
    name
        One of `REMOTES`.
    folder
        Where to put it; the user's data folder by default. A whole file that is there is not
        fetched again.
    url
        A mirror of the same file; its checksum or schema is checked as well.
    progress
        Whether to show a progress bar on standard error.

    Raises
    ------
    InputError
        If there is no such table.
    DownloadError
        If it cannot be fetched, or is not what it should be; it is an `InputError` too.
    """
    if name not in REMOTES:
        raise InputError(f"there is no table {name!r}; choose one of: {', '.join(REMOTES)}")
    folder = user_data_folder(TABLES) if folder is None else Path(folder)
    path = download(REMOTES[name], folder, url=url, progress=progress)
    try:
        if path.suffix == ".zip":
            if not is_fma(path):
                raise InputError("it is no zip file with tracks.csv and echonest.csv")
        else:
            in_our_columns(read_frame(path)[0], path.name)
    except InputError as error:
        path.unlink()
        raise DownloadError(
            f"{url or REMOTES[name].url} gave something else than the table ({error}), so it was "
            "removed; run the same command again, or give another --url"
        ) from error
    return path
