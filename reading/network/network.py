"""The network that reads, in NumPy: pieces of sentences flow in, logits flow out.

Three convolutions of two, three and five pieces over the embeddings and a deep averaging network,
as Google's multilingual sentence encoder has them (its weights were trained on from there), with a
second, small embedding of every piece, a convolution of it, and two heads: the eight emotions, and
nuances. Sentences of a batch lie one after the other in one array, so that nothing is padded.

`reading.training.network` has the same in Keras; a test compares them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reading.network.pieces import N_DIMENSIONS, PieceTable

ORDERS = ((2, 0), (3, 1), (5, 2))  # pieces that a convolution sees, and how many of them before
SIDE_ORDER = (3, 1)
N_BRANCH = 256  # channels of each convolution
SMALL = 1e-12  # epsilon of the layer normalisations of the original
OWN_SMALL = 1e-3  # of the one that was added
DIRECTION_SCALE, MEAN_SCALE = 8.0, 4.0  # what the heads see is of about one size
PIECES_AT_ONCE = 2048  # of a batch: throughput is flat from here on, and memory small

Array = NDArray[Any]  # float32


@dataclass(frozen=True, eq=False)
class ReadingNetwork:
    """Weights, and what they are applied to.

    Attributes
    ----------
    weights
        By name, float32; `reading.training.network.weights_of` has the list.
    table
        Frozen embeddings.
    side
        The small embeddings that were trained with the heads, (n_pieces, n_side).
    """

    weights: Mapping[str, Array]
    table: PieceTable
    side: NDArray[np.floating]

    def __call__(self, sentences: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        """Return the logits of some sentences.

        Parameters
        ----------
        sentences
            Numbers of the pieces of each, at least one.

        Returns
        -------
        tuple of ndarray
            Logits of the eight emotions (n_sentences, 8), and of the nuances (n_sentences,
            n_nuances), of which each is there or not.
        """
        n_nuances = len(self.weights["nuances/bias"])
        emotions = np.empty((len(sentences), 8), np.float32)
        nuances = np.empty((len(sentences), n_nuances), np.float32)
        first = n_pieces = 0
        for number, pieces in enumerate(sentences):
            if number > first and n_pieces + len(pieces) > PIECES_AT_ONCE:
                emotions[first:number], nuances[first:number] = self._batch(sentences[first:number])
                first, n_pieces = number, 0
            n_pieces += len(pieces)
        if len(sentences):
            emotions[first:], nuances[first:] = self._batch(sentences[first:])
        return emotions, nuances

    def _batch(self, sentences: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        w = self.weights
        lengths = np.array([len(pieces) for pieces in sentences])
        flat = np.concatenate([np.asarray(pieces, np.int64) for pieces in sentences])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        root = np.sqrt(lengths.astype(np.float32))[:, None]
        embedded = self.table[flat]
        branches = _normalised(
            embedded @ w["projections/kernel"] + w["projections/bias"], w, "projections_norm", SMALL
        )
        found = [embedded]
        for number, (order, before) in enumerate(ORDERS):
            x = branches[:, number * N_BRANCH : (number + 1) * N_BRANCH]
            window = _window(starts, lengths, order, before)
            for layer in ("first", "second"):
                name = f"convolution_{order}_{layer}"
                x = x + np.maximum(_around(x, window) @ w[f"{name}/kernel"] + w[f"{name}/bias"], 0)
            found.append(x)
        features = _normalised(np.concatenate(found, axis=1), w, "features_norm", SMALL)
        summed = np.add.reduceat(features, starts, axis=0)
        mean = summed / root @ w["mean/kernel"] + w["mean/bias"] + root * w["mean/bias_each"]
        narrow = np.maximum(mean @ w["deep_0/kernel"], 0)
        narrow = np.maximum(mean @ w["skip_1/kernel"] + narrow @ w["deep_1/kernel"], 0)
        wide = np.maximum(narrow @ w["deep_2/kernel"], 0)
        direction = np.tanh(narrow @ w["skip_3/kernel"] + wide @ w["deep_3/kernel"])
        length = np.sqrt(np.maximum((direction**2).sum(axis=1, keepdims=True), SMALL))
        side = self.side[flat].astype(np.float32)
        seen = np.concatenate([side, features @ w["narrow/kernel"] + w["narrow/bias"]], axis=1)
        window = _window(starts, lengths, *SIDE_ORDER)
        heard = _gelu(_around(seen, window) @ w["side/kernel"] + w["side/bias"])
        shown = np.concatenate(
            [
                DIRECTION_SCALE * direction / length,
                _normalised(mean, w, "mean_norm", OWN_SMALL),
                np.maximum.reduceat(heard, starts, axis=0),
                MEAN_SCALE * np.add.reduceat(side, starts, axis=0) / root,
            ],
            axis=1,
        )
        hidden = _gelu(shown @ w["hidden/kernel"] + w["hidden/bias"])
        return (
            hidden @ w["emotions/kernel"] + w["emotions/bias"],
            hidden @ w["nuances/kernel"] + w["nuances/bias"],
        )


def check_weights(weights: Mapping[str, Array], n_side: int) -> None:
    """Raise `ValueError` unless these are the weights of such a network, as far as shapes tell."""
    shown = 2 * N_DIMENSIONS + weights["side/bias"].shape[0] + n_side
    if weights["hidden/kernel"].shape[0] != shown:
        raise ValueError(f"hidden/kernel takes {len(weights['hidden/kernel'])}, expected {shown}")


def _window(
    starts: NDArray[np.int64], lengths: NDArray[np.int64], order: int, before: int
) -> NDArray[np.int64]:
    """Return which pieces a convolution sees at each, (n, order); -1 beyond the sentence."""
    n = int(lengths.sum())
    places = np.arange(n)[:, None] + np.arange(-before, order - before)
    first = np.repeat(starts, lengths)[:, None]
    last = np.repeat(starts + lengths, lengths)[:, None]
    return np.where((places >= first) & (places < last), places, -1)


def _around(x: Array, window: NDArray[np.int64]) -> Array:
    """Return the rows of each window side by side, zeros beyond the sentence."""
    beyond = np.concatenate([x, np.zeros((1, x.shape[1]), x.dtype)])  # its number is -1, too
    return beyond[window].reshape(len(window), -1)


def _normalised(x: Array, weights: Mapping[str, Array], name: str, small: float) -> Array:
    x = x - x.mean(axis=-1, keepdims=True)
    x /= np.sqrt((x**2).mean(axis=-1, keepdims=True) + np.float32(small))
    return x * weights[f"{name}/gamma"] + weights[f"{name}/beta"]


def _gelu(x: Array) -> Array:
    """Return the Gaussian error linear unit, by Abramowitz and Stegun's formula 7.1.26 for erf."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = np.sign(x) * (1 - series * np.exp(-z * z))
    return (0.5 * x * (1 + erf)).astype(np.float32)
