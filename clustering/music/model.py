"""From descriptors of music to Spotify-like features and a mood: small fitted models as arrays.

Each target is a sum over landmarks, tracks of the training data that a new one is compared with:
``f(x) = b + sum_k w_k exp(-gamma |x - l_k|^2)`` on standardised, clipped descriptors (Nystroem's
approximation of kernel regression: Williams & Seeger 2000, NIPS 13). How well each does stands in
``models/music/README.md``. A regression draws everything towards the middle, and more so what is
unlike the tracks it was fitted on: each target is therefore stretched over the range that it has in
a real catalogue. `clustering.evaluation.music_training` fits all that; nothing here is unpickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.music.descriptors import SAMPLE_RATE_HZ, Music
from clustering.tables.layouts import MOOD_COLUMNS
from foundation.artefacts import ArtefactKind, Contents
from foundation.shipped import shipped

MODEL_FILE = "model.npz"
DEFAULT_FOLDER = shipped("models", "music")
DEFAULT_FILE = DEFAULT_FOLDER / MODEL_FILE
KIND = ArtefactKind(
    "emotify-music",
    2,
    title="model of music",
    files=(MODEL_FILE,),
    advice="fit it again: python -m clustering.evaluation.music_training FOLDER CATALOGUE",
    shipped=DEFAULT_FOLDER,
    settings_needed=False,
)
FEATURES = (
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "instrumentalness",
    "speechiness",
)
SCALES = (*FEATURES, "arousal", "energy of both")
# The four quadrants of valence and arousal, by the emotion whose music lies there.
QUADRANTS = tuple(column.removeprefix("mood_") for column in MOOD_COLUMNS)
SETTINGS = {
    "what": "kernel regressions from descriptors of music to Spotify-like features and a mood",
    "sample_rate_hz": SAMPLE_RATE_HZ,
    "features": list(FEATURES),
    "quadrants": list(QUADRANTS),
    "source": "fitted by clustering.evaluation.music_training on the tables that README.md names",
    "licence": "see README.md: derived from tables of descriptors that are for research only",
}
CLIPPED = 4.0  # standard deviations: no track may lie farther out than those fitted on
LOWEST, HIGHEST = 0.001, 0.999  # of a feature: Spotify's own 0 means "not analysed"
# Spotify's loudness lies above integrated loudness by so much: about 4 dB on 51 tracks of which
# levels are known (models/music/README.md), and of a record no more than 0.
SPOTIFY_LOUDNESS_DB = 3.5
# Of the two models for instrumentalness. On Spotify's tracks 0, 2, 4 and 8 give a Spearman of .29,
# .38, .43 and .47, on the free ones (of both models the same 12 MFCCs) .63, .65, .66 and .66.
WORDLESS_SHARE = 8.0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class KernelModel:
    """One set of descriptors to one or several targets.

    Attributes
    ----------
    names
        The descriptors, in order.
    mean, scale
        Of the descriptors over the training tracks, (d,).
    landmarks
        Standardised training tracks, (m, d).
    gamma
        Width of the kernel.
    weights, bias
        (m, t) and (t,).
    """

    names: tuple[str, ...]
    mean: Array
    scale: Array
    landmarks: Array
    gamma: float
    weights: Array
    bias: Array

    def __call__(self, descriptors: Mapping[str, float]) -> Array:
        """Return the targets of one track, (t,)."""
        row = np.array([descriptors[name] for name in self.names], dtype=float)
        return self.many(row[None])[0]

    def many(self, rows: Array) -> Array:
        """Return the targets of tracks, (n, t), from descriptors in order, (n, d)."""
        placed = np.clip((np.nan_to_num(rows) - self.mean) / self.scale, -CLIPPED, CLIPPED)
        squares = ((placed[:, None] - self.landmarks) ** 2).sum(axis=2)
        return np.exp(-self.gamma * squares) @ self.weights + self.bias


@dataclass(frozen=True)
class MusicModel:
    """All that is fitted.

    Attributes
    ----------
    features
        A model for each of `FEATURES`, of the *loud* descriptors.
    wordless
        A second one for instrumentalness, of some *centre* descriptors, fitted on a catalogue, too,
        of which most is instrumental: the tracks behind `features` hardly have such music.
    mood
        A model for the quadrants, of the *centre* descriptors.
    scales
        What models say, and what they then mean, (2, k), both rising: for each of `FEATURES`, for
        ``arousal`` (as `mood` hears it) in terms of energy, and for ``energy of both``.
    """

    features: dict[str, KernelModel]
    wordless: KernelModel
    mood: KernelModel
    scales: dict[str, Array]

    def describe(self, music: Music) -> dict[str, Any]:
        """Return Spotify-like features and the probability of each quadrant of one track.

        ``energy`` to ``speechiness`` lie in 0..1, ``loudness`` is on Spotify's scale, ``tempo`` in
        beats a minute, ``key`` and ``mode`` as Spotify writes them, with ``key_confidence``;
        ``mood_happy``, ``mood_angry``, ``mood_sad`` and ``mood_calm`` sum to 1.
        """
        chances = probabilities(self.mood(music.centre)[None])
        heard = {name: model(music.loud) for name, model in self.features.items()}
        told = self.told(heard, self.wordless(music.centre), chances)
        found: dict[str, Any] = {
            name: float(np.clip(value[0], LOWEST, HIGHEST)) for name, value in told.items()
        }
        found |= {
            "loudness": min(music.loudness + SPOTIFY_LOUDNESS_DB, 0.0),
            "tempo": music.tempo,
            "key": music.key.pitch_class,
            "mode": music.key.mode,
            "key_confidence": music.key.confidence,
            "duration_ms": 1000 * music.duration_seconds,
        }
        return found | dict(zip(MOOD_COLUMNS, chances[0].tolist(), strict=True))

    def told(self, heard: Mapping[str, Array], wordless: Array, chances: Array) -> dict[str, Array]:
        """Return features, (n,) each, from what all models hear in n tracks.

        Parameters
        ----------
        heard
            What `features` say, by name.
        wordless
            What the second model of instrumentalness says, (n,).
        chances
            Of each quadrant, (n, 4).
        """
        told = {name: self.scaled(name, values) for name, values in heard.items()}
        both = wordless + WORDLESS_SHARE * heard["instrumentalness"]
        told["instrumentalness"] = self.scaled("instrumentalness", both)
        told["energy"] = self.energy(heard["energy"], arousal(chances))
        return told

    def scaled(self, name: str, values: Array) -> Array:
        """Return what models say of `name` on the scale that a catalogue has, (n,)."""
        return np.interp(values, *self.scales[name])

    def energy(self, heard: Array, aroused: Array) -> Array:
        """Return energy, (n,), by what its own model hears and by the arousal that people would.

        Two opinions that were fitted on different music: together they err less on what neither
        has met.
        """
        both = self.scaled("energy", heard) + self.scaled("arousal", aroused)
        return self.scaled("energy of both", both / 2)


def arousal(chances: Array) -> Array:
    """Return the chance of high arousal, (n,), from that of each quadrant, (n, 4)."""
    return np.asarray(chances[:, QUADRANTS.index("happy")] + chances[:, QUADRANTS.index("angry")])


def probabilities(scores: Array) -> Array:
    """Return the softmax of scores, (n, 4)."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def save_model(model: MusicModel, path: str | Path) -> None:
    """Write a model as plain arrays, with settings and checksums; an existing one is replaced.

    Parameters
    ----------
    model
        What was fitted.
    path
        A folder, or the ``model.npz`` in it.

    Raises
    ------
    InputError
        If the folder cannot be written to, or holds another kind of model.
    """
    arrays: dict[str, Any] = {f"{name}.knots": knots for name, knots in model.scales.items()}
    parts = {**model.features, "wordless": model.wordless, "mood": model.mood}
    for name, part in parts.items():
        arrays[f"{name}.names"] = np.array(part.names)
        arrays[f"{name}.gamma"] = np.array(part.gamma)
        for field in ("mean", "scale", "landmarks", "weights", "bias"):
            arrays[f"{name}.{field}"] = getattr(part, field).astype(np.float32)
    with KIND.saving(model_folder(path), SETTINGS) as staged:
        np.savez_compressed(staged / MODEL_FILE, **arrays)


@lru_cache(maxsize=2)
def load_model(path: str | Path = DEFAULT_FOLDER) -> MusicModel:
    """Read what `save_model` wrote.

    Raises
    ------
    InputError
        If the folder or its model is missing, damaged or of another kind.
    """
    return KIND.load(model_folder(path), _built)


def model_folder(path: str | Path) -> Path:
    """Return the folder of a model that is given by its folder or by its ``model.npz``."""
    path = Path(path)
    return path.parent if path.name == MODEL_FILE else path


def _built(held: Contents) -> MusicModel:
    if held.settings:
        held.expect(sample_rate_hz=SAMPLE_RATE_HZ, features=list(FEATURES))
    arrays = held.arrays(MODEL_FILE)

    def part(name: str) -> KernelModel:
        numbers = {
            field: arrays[f"{name}.{field}"].astype(float)
            for field in ("mean", "scale", "landmarks", "weights", "bias")
        }
        gamma = float(arrays[f"{name}.gamma"])
        return KernelModel(names=tuple(arrays[f"{name}.names"].tolist()), gamma=gamma, **numbers)

    features = {name: part(name) for name in FEATURES}
    scales = {name: arrays[f"{name}.knots"].astype(float) for name in SCALES}
    return MusicModel(features, part("wordless"), part("mood"), scales)
