"""Statistics of an encoder's frames over clips and their altered copies: made once, for all folds.

A clip, or a copy of it, becomes one row: mean and standard deviation over time of each column of
its frames (`ser.network.pooled_head`). What is made of a clip is only ever read with that clip,
so copies carry nothing across a split.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray

from foundation.progress import progress_bar
from foundation.safe_write import whole_file
from ser.corpora.clips import SpokenClip
from ser.features.augment import AugmentSettings, add_noise, narrow, reverberate, some_noise
from ser.features.encoder import EncoderFrames, load_encoder
from ser.network.pooled_head import pooled
from ser.settings import Samples
from ser.sound.audio import Recording, read_whole
from ser.sound.windows import trimmed

KINDS = ("noise", "band", "room", "tilt", "short")
NOISE_SNR_DB = (5.0, 30.0)
TILT_DB = 6.0  # from the lowest octave to the highest, up or down
BUMP_DB = 3.0  # standard deviation at each octave
SHORT_SECONDS = (0.6, 1.5)


@dataclass(frozen=True)
class PooledClips:
    """Rows of some clips.

    Attributes
    ----------
    clip_ids
        Names of the clips.
    rows
        Shape (n_clips, 1 + n_copies, n_statistics), float32; the clip itself comes first.
    kinds
        Shape (n_clips, n_copies): the kind of each copy, of `KINDS`.
    speech_seconds
        Length of what was heard, shape (n_clips, 1 + n_copies).
    """

    clip_ids: tuple[str, ...]
    rows: NDArray[np.float32]
    kinds: NDArray[np.str_]
    speech_seconds: NDArray[np.float64]

    def of(self, clips: Sequence[SpokenClip]) -> NDArray[np.int64]:
        """Return the places of some clips."""
        place = {clip_id: number for number, clip_id in enumerate(self.clip_ids)}
        return np.array([place[clip.clip_id] for clip in clips], np.int64)


def pool_clips(
    clips: Sequence[SpokenClip], cache: Path, *, n_copies: int = 2, seed: int = 0
) -> PooledClips:
    """Hear the clips and copies of them, on all cores.

    Parameters
    ----------
    clips
        Of any corpora.
    cache
        Where what was heard is kept: a run that is repeated, or goes on, does not hear it again.
    n_copies
        Altered copies of each clip; their kinds are drawn by the clip's name.
    seed
        Of all chance in them.
    """
    encoder = load_encoder()
    asked = json.dumps([encoder.digests, n_copies, seed])
    known: dict[str, tuple[NDArray[np.float32], list[str], list[float]]] = {}
    try:
        with np.load(cache) as kept:
            if str(kept["asked"]) == asked:
                columns = (kept[key] for key in ("clip_ids", "rows", "kinds", "seconds"))
                for name, rows, kinds, seconds in zip(*columns, strict=True):
                    known[str(name)] = (rows, kinds.tolist(), seconds.tolist())
    except Exception:
        pass  # not there, or damaged in one of many ways: it is only a cache
    missing = [clip for clip in clips if clip.clip_id not in known]
    parallel = joblib.Parallel(n_jobs=-1, return_as="generator", batch_size=8)
    heard = parallel(joblib.delayed(_heard)(clip, n_copies, seed) for clip in missing)
    for clip, found in zip(
        missing, progress_bar(heard, "encoder", len(missing), unit="clip"), strict=True
    ):
        known[clip.clip_id] = found
    ids = tuple(clip.clip_id for clip in clips)
    made = PooledClips(
        ids,
        np.stack([known[name][0] for name in ids]),
        np.array([known[name][1] for name in ids]).reshape(len(ids), n_copies),
        np.array([known[name][2] for name in ids]),
    )
    if missing:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(cache) as partial, partial.open("wb") as file:
            np.savez(
                file,
                asked=asked,
                clip_ids=np.array(ids),
                rows=made.rows,
                kinds=made.kinds,
                seconds=made.speech_seconds,
            )
    return made


def _heard(
    clip: SpokenClip, n_copies: int, seed: int
) -> tuple[NDArray[np.float32], list[str], list[float]]:
    encoder = load_encoder()
    digest = hashlib.sha256(clip.clip_id.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
    rate = encoder.settings.sample_rate_hz
    samples = read_whole(Recording(clip.path), rate)
    rows, seconds = [], []
    kinds = [str(kind) for kind in rng.choice(KINDS, n_copies, replace=False)]
    for kind in ("itself", *kinds):
        speech = trimmed(Recording(_altered(samples, kind, rate, rng), rate), encoder.settings)
        if kind == "short":
            speech = _piece(speech, rate, rng)
        rows.append(pooled(frames_of(encoder, speech)))
        seconds.append(len(speech) / rate)
    return np.stack(rows).astype(np.float32), kinds, seconds


def frames_of(encoder: EncoderFrames, speech: Samples) -> NDArray[np.float32]:
    """Return the frames of speech of any length, window by window as it is heard when served."""
    longest = encoder.settings.window_length
    starts = range(0, max(len(speech) - longest // 4, 1), longest)
    return np.concatenate([encoder(speech[start : start + longest]) for start in starts])


def _piece(speech: Samples, rate: int, rng: np.random.Generator) -> Samples:
    length = min(len(speech), round(rng.uniform(*SHORT_SECONDS) * rate))
    start = int(rng.integers(len(speech) - length + 1))
    return speech[start : start + length]


def _altered(samples: Samples, kind: str, rate: int, rng: np.random.Generator) -> Samples:
    if kind == "noise":
        ratio_db = rng.uniform(*NOISE_SNR_DB)
        return add_noise(samples, some_noise(len(samples), rate, rng), ratio_db, rate)
    if kind == "band":
        return narrow(samples, rate, rng)
    if kind == "room":
        return reverberate(samples, rng.uniform(*AugmentSettings.reverberation_seconds), rate, rng)
    if kind == "tilt":
        return tilt(samples, rate, rng)
    return samples


def tilt(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Return the clip as by another microphone: tilted by up to `TILT_DB`, and with bumps."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1 / rate), 100.0) / 100.0)
    highest = math.log2(rate / 2 / 100.0)
    gain_db = rng.uniform(-TILT_DB, TILT_DB) * octaves / highest
    knots = np.arange(math.ceil(highest) + 1)
    gain_db += np.interp(octaves, knots, rng.normal(0.0, BUMP_DB, len(knots)))
    spectrum = np.fft.rfft(samples) * 10 ** (gain_db / 20)
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)
