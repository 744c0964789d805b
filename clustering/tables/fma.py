"""The metadata of the Free Music Archive (Defferrard et al. 2017) as a table of tracks.

13,129 of its freely licensed tracks have features by the Echo Nest, the forerunner of Spotify's.
``tracks.csv`` and ``echonest.csv`` are read from the unpacked folder or ``fma_metadata.zip``, and,
if it is there, ``raw_tracks.csv`` for the address of each track's page, where it can be played.
"""

import io
import zipfile
from pathlib import Path

import pandas as pd

from clustering.tables.reading import DAMAGED
from foundation.errors import InputError

TRACKS, ECHONEST, RAW_TRACKS = "tracks.csv", "echonest.csv", "raw_tracks.csv"
# Our column: group and column in tracks.csv, which has two lines of header.
TRACK_COLUMNS = {
    "name": ("track", "title"),
    "artist": ("artist", "name"),
    "album": ("album", "title"),
    "genre": ("track", "genre_top"),
    "duration": ("track", "duration"),
    "licence": ("track", "license"),
    "release_date": ("album", "date_released"),
}


def is_fma(path: Path) -> bool:
    """Return whether a folder or zip file holds FMA's metadata."""
    return {TRACKS, ECHONEST} <= _names(path)


def read_fma(path: Path) -> pd.DataFrame:
    """Return FMA's tracks that have Echo Nest features; ids are ``fma-NUMBER``.

    There is no loudness among the features.

    Raises
    ------
    InputError
        If the files are damaged or not those of FMA.
    """
    try:
        features = pd.read_csv(_open(path, ECHONEST), index_col=0, header=[0, 1, 2])
        told = pd.read_csv(_open(path, TRACKS), index_col=0, header=[0, 1], low_memory=False)
        features = features["echonest"]["audio_features"]
        told = pd.DataFrame({name: told[column] for name, column in TRACK_COLUMNS.items()})
        told["url"] = _addresses(path)
    except (KeyError, OSError, *DAMAGED) as error:
        raise InputError(
            f"{path} is not FMA's metadata as published ({type(error).__name__}: {error}); get it "
            "again with: emotify tracks download fma"
        ) from error
    both = features.join(told, how="inner")
    both.insert(0, "track_id", "fma-" + both.index.astype(str))
    return both.reset_index(drop=True)


def _addresses(path: Path) -> pd.Series | float:
    """Return the address of each track's page, by the number of the track; NaN if none is told."""
    if RAW_TRACKS not in _names(path):
        return float("nan")
    raw = pd.read_csv(_open(path, RAW_TRACKS), usecols=["track_id", "track_url"])
    return raw.drop_duplicates("track_id").set_index("track_id")["track_url"]


def _names(path: Path) -> set[str]:
    if path.is_dir():
        return {name for name in (ECHONEST, TRACKS, RAW_TRACKS) if _inside(path, name).is_file()}
    try:
        if not zipfile.is_zipfile(path):
            return set()
        with zipfile.ZipFile(path) as archive:
            return {Path(name).name for name in archive.namelist()}
    except (OSError, *DAMAGED):
        return set()


def _inside(folder: Path, name: str) -> Path:
    below = folder / "fma_metadata" / name
    return below if below.is_file() else folder / name


def _open(path: Path, name: str) -> io.BytesIO | Path:
    if path.is_dir():
        return _inside(path, name)
    with zipfile.ZipFile(path) as archive:
        member = next(inner for inner in archive.namelist() if Path(inner).name == name)
        return io.BytesIO(archive.read(member))
