"""Fit how sure the larger ear may be: answers about strangers flow in, three numbers out.

They come from two sides that count alike: validation people of the corpus at home, short and
altered copies of their clips included, and whole corpora that the layer was trained without. Of the
first alone it would be as sure of a stranger's microphone as of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.network.pooled_head import PooledHead, Trust

BOUNDS = ((-2.0, 2.0), (0.0, 2.0), (0.0, 2.0))  # of log base, far, short
PULL = 0.01  # towards 1, 0, 0: squares of the three numbers, beside a loss of about 1


@dataclass(frozen=True)
class Answers:
    """What a layer says of clips that it has not met.

    Attributes
    ----------
    logits, labels, distance, n_frames
        Shapes (n, 8), (n,), (n,) and (n,).
    weight
        How much they count together.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    distance: NDArray[np.float64]
    n_frames: NDArray[np.float64]
    weight: float = 1.0

    @classmethod
    def of(
        cls,
        head: PooledHead,
        rows: NDArray[np.floating],
        labels: NDArray[np.int64],
        n_frames: NDArray[np.floating],
        weight: float = 1.0,
    ) -> "Answers":
        """Return the answers of a layer to rows of statistics."""
        frames = np.asarray(n_frames, float)
        return cls(head.logits(rows), labels, head.distance(rows), frames, weight)


def fit_trust(parts: Sequence[Answers]) -> Trust:
    """Return the trust under which the labels of all parts are most likely.

    Every part counts by its weight, however many clips it has.
    """
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    def loss(values: NDArray[np.float64]) -> float:
        trust = Trust(float(np.exp(values[0])), float(values[1]), float(values[2]))
        total = PULL * float(np.sum(values**2))
        for part in parts:
            temperature = trust.temperature(part.distance, part.n_frames)
            likelihoods = log_softmax(part.logits / temperature[:, None], axis=1)
            total -= part.weight * likelihoods[np.arange(len(part.labels)), part.labels].mean()
        return total

    found = minimize(loss, np.array([0.0, 0.1, 0.1]), bounds=BOUNDS, method="L-BFGS-B").x
    return Trust(round(float(np.exp(found[0])), 4), *(round(float(x), 4) for x in found[1:]))
