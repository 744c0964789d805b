"""Features of one's own music by VibeNet, a network somebody else trained: an optional extra.

VibeNet (https://github.com/jaeheonshim/vibenet, GPL-3) tells valence and instrumentalness better
than our small models do; its package brings its weights. It is asked only by ``--vibenet``.
"""

import importlib.metadata
from functools import lru_cache
from pathlib import Path
from typing import Any

from clustering.music.sound import mono, read_middle

FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "speechiness",
    "valence",
)


def version() -> str:
    """Return what made the features, for the table."""
    return f"vibenet {importlib.metadata.version('vibenet')}"


def describe(path: Path) -> dict[str, float]:
    """Return seven features, 0..1, of the middle minute of a sound file.

    Raises
    ------
    InputError
        If the file cannot be read as sound, or is shorter than 3 s.
    """
    samples, rate_hz, _ = read_middle(path)
    told = _network().predict(mono(samples), sr=rate_hz)[0]
    return {name: float(getattr(told, name)) for name in FEATURES}


@lru_cache(maxsize=1)
def _network() -> Any:
    import vibenet

    return vibenet.load_model()
