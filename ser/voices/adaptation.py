"""Adapt a network to one voice: by how it sounds, and by what it means where that is known.

Two things, neither of which touches the network:

1. *Without labels.* The network hears every window twice: as it is, and with the features moved
   from the speaker's statistics to those of the training data (`ser.voices.normalisation`). The two
   answers are averaged as logarithms. What is taken out as voice may have been mood (somebody who
   enrols while sad), so the network's own view keeps half the say.
2. *With labels.* A correction of those logarithms that is linear in the direction of the network's
   last hidden layer::

       z = (log p + log p_normalised) / 2 + (e / |e| - m) V

   with m the mean direction of the labelled clips, every emotion weighing the same. V maximises
   the likelihood of the labels, given what the network says of these clips as they are, minus
   ``SHRINKAGE / 2 * |V|^2``: logistic regression with a Gaussian prior around no change at all
   (maximum a posteriori; Bishop 2006, section 4.3). Only emotions with a label take part, as if
   the others were not there: from clips of happiness alone nothing is learned, from happiness and
   anger how these two differ, and no emotion becomes rarer for not having been enrolled.

Chosen on the two validation actors of each fold, as networks of an earlier recipe heard them that
were trained without them (ten actors, three draws each; change in points of UAR and in nats of
negative log-likelihood, clips that are not judged):

======================================  ==================  ==================  ==================
enrolled                                normalised alone    half and half       with labels
======================================  ==================  ==================  ==================
8 clips                                 +0.6, +0.006        +1.9, -0.014
24 clips                                +1.9, -0.017        +2.2, -0.025
three happy ones                        +1.6, +0.006        +1.8, -0.012        the same
three angry, three sad                  +0.3, -0.005                            +1.0, -0.019
eight neutral, one of each other        -0.2, -0.001                            +3.4, -0.090
one of each emotion                     +1.2, +0.001                            +4.8, -0.084
three of each emotion                   +2.1, +0.000                            +7.1, -0.168
======================================  ==================  ==================  ==================

The last column without normalisation: -0.1, +2.4, +4.1 and +8.0 points in the last four rows. A
shrinkage of 0.05 to 0.4 gave +8.5 to +6.9 in the last row and +4.4 to +3.5 in the one before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.calibration import softmax
from emotions.labels import EMOTIONS
from ser.voices.normalisation import Transform

SHRINKAGE = 0.1
SMALLEST_PROBABILITY = 1e-7
MOST_STEPS, SMALL_GRADIENT = 2000, 1e-4


def directions(embeddings: ArrayLike) -> NDArray[np.float64]:
    """Return embeddings of shape (n, units) divided by their lengths; zeros stay zeros."""
    wide = np.asarray(embeddings, np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def _logarithms(probabilities: ArrayLike) -> NDArray[np.float64]:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST_PROBABILITY))


@dataclass(frozen=True, eq=False)
class Correction:
    """What labelled clips of a voice teach: ``(direction - centre) @ weights`` is added.

    Attributes
    ----------
    centre
        Shape (units,).
    weights
        Shape (units, 8), in the order of `emotions.labels.EMOTIONS`.
    """

    centre: NDArray[np.float64]
    weights: NDArray[np.float64]

    def __call__(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """Return what is added to the logarithms of probabilities, shape (n, 8)."""
        return (directions(embeddings) - self.centre) @ self.weights


def fit_correction(
    labels: Sequence[int] | NDArray[np.int64], probabilities: ArrayLike, embeddings: ArrayLike
) -> Correction:
    """Learn from labelled clips of one voice.

    Parameters
    ----------
    labels
        Meant emotions 0-7, shape (n_clips,); at least one clip.
    probabilities
        What the network says of these clips as they are, calibrated, shape (n_clips, 8).
    embeddings
        The network's last hidden layer, shape (n_clips, units).

    Returns
    -------
    Correction
        With weights of zero where fewer than two emotions have a label.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    taught = np.flatnonzero(counts)
    # Every emotion counts the same, however many clips of it there are.
    share = counts[taught].mean() / counts[labels]
    points = directions(embeddings)
    centre = np.average(points, axis=0, weights=share)
    points = points - centre
    prior = _logarithms(probabilities)[:, taught]
    meant = (labels[:, None] == taught).astype(np.float64)
    # Nesterov's method; the second derivative of the loss lies between SHRINKAGE and `steepest`.
    steepest = SHRINKAGE + share.max() * np.linalg.norm(points, 2) ** 2 / 2
    root = np.sqrt(SHRINKAGE / steepest)
    momentum = (1 - root) / (1 + root)
    weights = ahead = np.zeros((points.shape[1], len(taught)))
    for _ in range(MOST_STEPS):
        wrong = share[:, None] * (meant - softmax(prior + points @ ahead))
        gradient = points.T @ wrong - SHRINKAGE * ahead
        last, weights = weights, ahead + gradient / steepest
        ahead = weights + momentum * (weights - last)
        if np.abs(gradient).max() < SMALL_GRADIENT:
            break
    every = np.zeros((points.shape[1], len(EMOTIONS)))
    every[:, taught] = weights
    return Correction(centre, every)


@dataclass(frozen=True, eq=False)
class Adaptation:
    """How the answers of a network change for one voice.

    Attributes
    ----------
    transform
        From the voice's features to those of the training data.
    correction
        What labelled clips taught, if there are any.
    """

    transform: Transform
    correction: Correction | None = None

    def combine(
        self, as_it_is: ArrayLike, normalised: ArrayLike, embeddings: ArrayLike
    ) -> NDArray[np.float64]:
        """Return adapted probabilities, shape (n, 8); each row sums to 1.

        Parameters
        ----------
        as_it_is, normalised
            Calibrated probabilities for the features as they are, and transformed.
        embeddings
            The network's last hidden layer for the features as they are, shape (n, units).
        """
        logits = (_logarithms(as_it_is) + _logarithms(normalised)) / 2
        if self.correction is not None:
            logits += self.correction(embeddings)
        return softmax(logits)
