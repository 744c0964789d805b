"""Recordings as a network was shown them: read and cut once, judged as often as one likes.

`hear` gives the estimate of a recording and keeps what the network was shown; `judged` answers
again, with other features or by a recogniser that knows a voice. The sound itself is not kept: a
clip of two seconds takes some 25 kB.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotions.estimate import EmotionEstimate
from foundation.parallel import in_order
from ser.recognizer import WINDOWS_PER_BATCH, Recognizer, Summary
from ser.settings import Matrix
from ser.sound.windows import Window
from ser.voices.normalisation import FeatureStatistics, Transform, statistics_of

NO_SOUND = np.zeros(0, np.float32)


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording without its sound.

    Attributes
    ----------
    estimate
        What `ser.recognizer.Recognizer.predict` says of it.
    windows
        Each with its features; their samples are gone.
    without_noise
        For each window, what `ser.recognizer.Recognizer.features_without_noise` gives.
    statistics
        Of its speech.
    """

    estimate: EmotionEstimate
    windows: list[tuple[Window, Matrix]]
    without_noise: list[Matrix | None]
    statistics: FeatureStatistics

    @property
    def speech_seconds(self) -> float:
        """How long somebody speaks in it."""
        return sum(window.new_speech_seconds for window, _ in self.windows)


def hear(recognizer: Recognizer, path: Path, *, progress: bool = False) -> Heard:
    """Recognise a recording, and keep what the network was shown of it.

    Parameters and errors are those of `ser.recognizer.Recognizer.predict`.
    """
    windows: list[tuple[Window, Matrix]] = []
    without_noise: list[Matrix | None] = []

    def keep(window: Window, features: Matrix, quiet: Matrix | None) -> None:
        windows.append((replace(window, samples=NO_SOUND), features))
        without_noise.append(quiet)

    estimate = recognizer.predict(path, progress=progress, keep=keep)
    statistics = statistics_of(windows, recognizer.settings.hop_seconds)
    return Heard(estimate, windows, without_noise, statistics)


def judged(
    recognizer: Recognizer,
    sounds: Sequence[Heard],
    transform_of: Callable[[int], Transform] | None = None,
) -> NDArray[np.float64]:
    """Return what a recogniser says of recordings, as `Recognizer.predict` would.

    Parameters
    ----------
    recognizer
        One with the same features as that which heard them.
    sounds
        The recordings.
    transform_of
        Gives, for the number of a recording, what its features go through first.

    Returns
    -------
    ndarray
        Probabilities, shape (n_sounds, 8).
    """
    shown = [
        (features if transform_of is None else transform_of(number)(features), quiet)
        for number, sound in enumerate(sounds)
        for (_, features), quiet in zip(sound.windows, sound.without_noise, strict=True)
    ]
    batches = (shown[i : i + WINDOWS_PER_BATCH] for i in range(0, len(shown), WINDOWS_PER_BATCH))

    def judge(batch: list[tuple[Matrix, Matrix | None]]) -> NDArray[np.float64]:
        return recognizer.judge(*map(list, zip(*batch, strict=True)))

    answers = chain.from_iterable(in_order(judge, batches))
    rows = []
    for sound in sounds:
        summary = Summary(recognizer.calibration)
        for window, _ in sound.windows:
            summary.add(window, next(answers))
        rows.append(summary.probabilities())
    return np.array(rows)
