"""Features of the clips and of their augmented copies: made once, read by every training job.

All frames lie in one array, so that joblib hands it to its workers as one memory map and not as
ten thousand pieces. Copies belong to their clip: what is made of a test clip is only ever read
with that clip, so augmentation cannot carry anything across a split.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import joblib
import numpy as np
from numpy.typing import NDArray

from foundation.progress import progress_bar
from foundation.safe_write import whole_file
from ser.features.augment import AugmentSettings, copy_kinds, waveform_variants
from ser.features.mfcc import FeatureExtractor
from ser.settings import Matrix
from ser.sound.audio import Recording, read_whole
from ser.sound.windows import trimmed


class Labelled(Protocol):
    """A clip of any corpus."""

    @property
    def path(self) -> Path:
        """Where the recording is."""

    @property
    def clip_id(self) -> str:
        """A name that no other clip has."""


@dataclass(frozen=True)
class FeatureCopies:
    """The feature matrices of some clips.

    Attributes
    ----------
    clip_ids
        Names of the clips, in the order of the rows of `places`.
    frames
        Shape (n_frames_of_all, n_features), float16: coarser than the network's input by far
        less than any augmentation, at half the room.
    places
        Shape (n_clips, n_copies, 2): first frame, and one past the last, of each copy; copy 0
        is the clip itself.
    kinds
        Kind of each copy, see `ser.features.augment.copy_kinds`.
    """

    clip_ids: tuple[str, ...]
    frames: NDArray[np.float16]
    places: NDArray[np.int64]
    kinds: tuple[str, ...]

    def rows(self, clips: Sequence[Labelled]) -> NDArray[np.int64]:
        """Return the rows of some clips."""
        row_of = {clip_id: row for row, clip_id in enumerate(self.clip_ids)}
        return np.array([row_of[clip.clip_id] for clip in clips], np.int64)

    def matrix(self, row: int, copy: int = 0) -> Matrix:
        """Return the features of one copy, shape (n_frames, n_features)."""
        start, stop = self.places[row, copy]
        return self.frames[start:stop].astype(np.float32)

    @property
    def n_copies(self) -> int:
        """Copies of each clip, itself included."""
        return len(self.kinds)


def make_feature_copies(
    clips: Sequence[Labelled],
    extractor: FeatureExtractor,
    settings: AugmentSettings,
    *,
    seed: int = 0,
) -> FeatureCopies:
    """Read the clips and compute the features of each and of its copies, on all cores.

    Parameters
    ----------
    clips
        What to read.
    extractor
        Feature extraction.
    settings
        What copies are made.
    seed
        Seed of the noise, bands and rooms of the copies; a clip's copies depend on it and on the
        clip's name alone, not on the other clips.
    """
    parallel = joblib.Parallel(n_jobs=-1, return_as="generator", batch_size=8)
    jobs = (joblib.delayed(_copies_of)(clip, extractor, settings, seed) for clip in clips)
    copies = list(progress_bar(parallel(jobs), "features", len(clips), unit="clip"))
    ends = np.cumsum([len(matrix) for matrices in copies for matrix in matrices])
    starts = np.concatenate([[0], ends[:-1]])
    return FeatureCopies(
        tuple(clip.clip_id for clip in clips),
        np.concatenate([matrix for matrices in copies for matrix in matrices]),
        np.stack([starts, ends], axis=1).reshape(len(clips), -1, 2),
        copy_kinds(settings),
    )


def _copies_of(
    clip: Labelled, extractor: FeatureExtractor, settings: AugmentSettings, seed: int
) -> list[NDArray[np.float16]]:
    digest = hashlib.sha256(clip.clip_id.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
    rate = extractor.settings.sample_rate_hz
    samples = read_whole(Recording(clip.path), rate)
    # Trimmed last, as a recording is that comes with its noise.
    copies = [
        trimmed(Recording(copy, rate), extractor.settings)
        for copy in waveform_variants(samples, settings, rng, rate)
    ]
    return [extractor(copy).astype(np.float16) for copy in copies]


def cached_feature_copies(
    path: Path,
    clips: Sequence[Labelled],
    extractor: FeatureExtractor,
    settings: AugmentSettings,
    *,
    version: str = "",
) -> FeatureCopies:
    """Return the copies kept in `path` if they are of these clips and settings, else make them.

    So a run that was interrupted does not compute them again. `version` tells clips of the same
    names from others, where names do not.
    """
    ids = [clip.clip_id for clip in clips]
    asked = json.dumps([ids, version, extractor.settings.to_dict(), asdict(settings)])
    try:
        with np.load(path) as kept:
            if str(kept["asked"]) == asked:
                return FeatureCopies(
                    tuple(ids), kept["frames"], kept["places"], copy_kinds(settings)
                )
    except Exception:
        pass  # not there, or damaged in one of many ways: it is only a cache
    copies = make_feature_copies(clips, extractor, settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, asked=asked, frames=copies.frames, places=copies.places)
    return copies
