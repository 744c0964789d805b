"""The tables that the models of music are fitted and judged on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.music.model import QUADRANTS
from clustering.tables.reading import read_frame
from clustering.tables.tracks import read_tracks

SPOTIFY_TABLE = "spotify_6473_descriptors.parquet"
FMA_TABLE = "fma_886_mfcc20_echonest.parquet"
MOOD_TABLE = "clips_900_mood_quadrants_descriptors.parquet"
KEY_TABLE = "chroma_and_key.parquet"
WHOLE = {SPOTIFY_TABLE: 6473, FMA_TABLE: 886, MOOD_TABLE: 900, KEY_TABLE: 82}  # rows
QUADRANT_OF = {"Q1": "happy", "Q2": "angry", "Q3": "sad", "Q4": "calm"}
# Mean MFCCs that both tables of tracks have; beyond the first, which is the level.
N_WORDLESS_MFCC = 13
LOUD_MFCC = [f"mfcc_{n}_mean" for n in range(2, N_WORDLESS_MFCC + 1)]
INSTRUMENTAL = 0.5  # Spotify: above it a track is probably instrumental

Array = NDArray[Any]


@dataclass(frozen=True)
class Data:
    """What is fitted and judged on.

    Attributes
    ----------
    spotify, names
        Tracks with *loud* descriptors and features, and the descriptors' names.
    free, free_names
        Free tracks with mean MFCCs, under our names, and these.
    clips, clip_names
        Clips with *centre* and *loud* descriptors and quadrant, and the names of those of the
        *centre* that we compute.
    keys
        Songs with mean chroma and key.
    catalogue
        Tracks as people have them.
    """

    spotify: pd.DataFrame
    names: list[str]
    free: pd.DataFrame
    free_names: list[str]
    clips: pd.DataFrame
    clip_names: list[str]
    keys: pd.DataFrame
    catalogue: pd.DataFrame

    @property
    def quadrants(self) -> Array:
        """Index into `QUADRANTS` of each clip."""
        return self.clips["Quadrant"].map(QUADRANT_OF).map(QUADRANTS.index).to_numpy()


def read_data(folder: Path, catalogue: Path) -> Data:
    """Read all tables.

    Raises
    ------
    InputError
        If one is missing or damaged.
    """
    spotify = read_frame(folder / SPOTIFY_TABLE)[0]
    columns = map(str, spotify.columns)
    ends = ("_mean", "_std")
    names = [name for name in columns if name.endswith(ends) and name != "mfcc_1_mean"]  # level
    free = read_frame(folder / FMA_TABLE)[0]
    ours = {f"mfcc_{n - 1}": f"f_mfcc{n:02d}_mean" for n in range(2, N_WORDLESS_MFCC + 1)}
    clips = read_frame(folder / MOOD_TABLE)[0]
    return Data(
        spotify,
        names,
        free.rename(columns=ours),
        list(ours.values()),
        clips,
        _computed(clips),
        read_frame(folder / KEY_TABLE)[0],
        read_tracks(catalogue).frame,
    )


def _computed(clips: pd.DataFrame) -> list[str]:
    from clustering.music.descriptors import describe_centre

    noise = np.random.default_rng(0).standard_normal(60_000).astype(np.float32)
    known = set(describe_centre(noise)[0])
    return [name for name in map(str, clips.columns) if name in known]
