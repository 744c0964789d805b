"""What a network is shown of a recording, and what it says, before anything is known of a voice.

`ser.recognizer.Recognizer` builds on it; `ser.voices` learns a voice through it.
"""

import math
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.calibration import Calibration
from emotions.labels import EMOTION_NAMES
from ser.features.mfcc import pad
from ser.network.artefact import Artefact
from ser.settings import Matrix
from ser.sound.audio import Recording
from ser.sound.windows import Window, cut

DISTANCE = "distance"  # output of a network that tells how unlike its training a window is


class Hearing:
    """A trained network with its features.

    Parameters
    ----------
    artefact
        The model.
    """

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self.settings = artefact.extractor.settings
        self.calibration = Calibration.from_dict(artefact.settings.get("calibration"))
        # Recordings of the training lie further off in one of a hundred cases.
        self.unlike_above = float(artefact.settings.get("unlike_above", math.inf))
        self._known = np.isin(EMOTION_NAMES, artefact.emotions)

    @property
    def limits(self) -> tuple[str, ...]:
        """What every answer must say: which emotions cannot be one, where there are such."""
        unknown = [name for name in EMOTION_NAMES if name not in self.artefact.emotions]
        if not unknown:
            return ()
        return (f"this model never answers {', '.join(unknown)}: it was trained without",)

    def features(
        self,
        source: str | os.PathLike[str] | ArrayLike,
        *,
        sample_rate_hz: float | None = None,
    ) -> Iterator[tuple[Window, Matrix]]:
        """Yield each window of a recording with its features, as the network is shown them.

        Parameters and errors are those of `ser.recognizer.Recognizer.predict`.
        """
        for window in cut(Recording(source, sample_rate_hz), self.settings):
            yield window, self.artefact.extractor(window.samples)

    def network(self, features: list[Matrix]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Return what the network says of windows, without calibration and adaptation.

        Parameters
        ----------
        features
            Feature matrices of shape (n_frames, n_features).

        Returns
        -------
        tuple of ndarray
            Probabilities (n_windows, 8), and the last hidden layer (n_windows, units); a model
            that was exported without that output has no units.
        """
        batch, mask = pad(features)
        probabilities, *more = self.artefact.session.run(None, {"features": batch, "mask": mask})
        if not self._known.all():  # what the export leaves of the others, a temperature would raise
            probabilities = np.where(self._known, probabilities, 0.0)
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities, more[0] if more else np.zeros((len(features), 0), np.float32)

    def distances(self, features: list[Matrix]) -> NDArray[np.floating] | None:
        """Return how unlike the recordings of the training windows are; about 1 for these.

        Parameters
        ----------
        features
            Feature matrices of shape (n_frames, n_features).

        Returns
        -------
        ndarray or None
            Shape (n_windows,), as `ser.network.pooled_head.PooledHead.distance` defines it; None
            of a model that cannot tell.
        """
        session = self.artefact.session
        if DISTANCE not in {output.name for output in session.get_outputs()}:
            return None
        batch, mask = pad(features)
        return session.run([DISTANCE], {"features": batch, "mask": mask})[0]
