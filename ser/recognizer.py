"""Recognise the emotion in a recording with a trained model; no TensorFlow, no librosa.

>>> from ser.recognizer import load_recognizer
>>> estimate = load_recognizer().predict("data/samples/reading_short.wav")
>>> estimate.label
'calm'
"""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ser.artefact import Artefact, load
from ser.audio import Recording, Window, windows
from ser.emotions import EmotionEstimate, Segment
from ser.features import Matrix, pad

WINDOWS_PER_BATCH = 16


def load_recognizer(folder: str | os.PathLike[str] | None = None) -> "Recognizer":
    """Load a recogniser.

    Parameters
    ----------
    folder
        A model folder; the shipped ``models/ser`` by default.

    Raises
    ------
    InputError
        If the folder is missing, broken or foreign.
    """
    return Recognizer(load(None if folder is None else Path(folder)))


class Recognizer:
    """A trained model that answers for recordings of any length, format and rate."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self.settings = artefact.extractor.settings

    def predict(
        self,
        source: str | os.PathLike[str] | ArrayLike,
        *,
        sample_rate_hz: float | None = None,
        progress: bool = False,
        transform: Callable[[Matrix], Matrix] | None = None,
    ) -> EmotionEstimate:
        """Estimate the emotion in a recording.

        Parameters
        ----------
        source
            Path of a recording that libsndfile reads, or an array of shape (n_samples,) or
            (n_samples, n_channels) with floats in -1..1.
        sample_rate_hz
            Rate of the array; not for a file.
        progress
            Whether to show a progress bar on standard error once it takes longer than a moment.
        transform
            Applied to the features of every window before the network sees them, as
            `ser.normalisation` makes it for a voice or a corpus.

        Returns
        -------
        EmotionEstimate
            The probabilities are the mean over the windows that hold sound. Recordings longer
            than one window carry one segment per window; windows overlap.

        Raises
        ------
        InputError
            If the recording cannot be read, is silent, or too short.
        """
        recording = Recording(source, sample_rate_hz)
        stretches: Iterable[Window] = windows(recording, self.settings)
        if progress:
            from tqdm import tqdm

            n_windows = round(recording.duration_seconds / self.settings.window_hop_seconds)
            stretches = tqdm(
                stretches, recording.name, n_windows, leave=False, unit="window", delay=2
            )
        segments = [
            Segment(window.start_seconds, window.end_seconds, tuple(row))
            for window, row in self._judged(stretches, transform)
        ]
        mean = np.mean([segment.probabilities for segment in segments], axis=0)
        return EmotionEstimate(
            tuple(mean),
            duration_seconds=recording.duration_seconds,
            segments=tuple(segments) if len(segments) > 1 else (),
        )

    def features(
        self,
        source: str | os.PathLike[str] | ArrayLike,
        *,
        sample_rate_hz: float | None = None,
    ) -> Iterator[tuple[Window, Matrix]]:
        """Yield each window of a recording with its features, as the network is shown them.

        Parameters and errors are those of `predict`.
        """
        for window in windows(Recording(source, sample_rate_hz), self.settings):
            yield window, self.artefact.extractor(window.samples)

    def _judged(
        self, stretches: Iterable[Window], transform: Callable[[Matrix], Matrix] | None
    ) -> Iterator[tuple[Window, list[float]]]:
        stretches = iter(stretches)
        while batch := list(islice(stretches, WINDOWS_PER_BATCH)):
            features = [self.artefact.extractor(window.samples) for window in batch]
            if transform is not None:
                features = [transform(matrix) for matrix in features]
            yield from zip(batch, self._probabilities(features).tolist(), strict=True)

    def _probabilities(self, features: list[Matrix]) -> NDArray[np.float32]:
        batch, mask = pad(features)
        return self.artefact.session.run(None, {"features": batch, "mask": mask})[0]
