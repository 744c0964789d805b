"""A linear layer on the mean and deviation of an encoder's frames, and its graph.

With ``m`` and ``s`` the mean and the standard deviation over time of each column of the frames,
the logits are ``[m, s] @ kernel + bias``. Several such layers whose answers are averaged as
logarithms are one layer again: the mean of their kernels and biases.

The logits are divided by a temperature that grows with how little can be known (`Trust`): speech
unlike that of the training, as by another microphone, or hardly any of it. So an answer about a
stranger is less sure than the same logits at home, and no label changes.

Writing a graph needs the package onnx; what is served needs ONNX Runtime alone.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emotions.labels import EMOTIONS
from ser.settings import Matrix

if TYPE_CHECKING:
    import onnx

SMALLEST_DEVIATION = 1e-4
NEAR = 1.0  # squared distance of the average clip of the training data, by definition
ENOUGH_FRAMES = 75  # 1.5 s: with more, length says no more about how right an answer is


@dataclass(frozen=True)
class Trust:
    """How the temperature grows: ``base * distance ** far * (ENOUGH_FRAMES / n) ** short``.

    The distance is the mean over columns of the squared standardised means, counted from `NEAR` on;
    n is the number of frames, counted up to `ENOUGH_FRAMES`.

    Attributes
    ----------
    base
        Temperature of long speech like that of the training data.
    far, short
        Exponents; 0 leaves distance, or length, out.
    """

    base: float = 1.0
    far: float = 0.0
    short: float = 0.0

    def temperature(
        self, distance: NDArray[np.floating], n_frames: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return the temperature of each clip, shape (n,)."""
        beyond = np.log(np.maximum(np.asarray(distance, float), NEAR) / NEAR)
        lacking = np.log(ENOUGH_FRAMES / np.clip(np.asarray(n_frames, float), 1, ENOUGH_FRAMES))
        return self.base * np.exp(self.far * beyond + self.short * lacking)

    def to_dict(self) -> dict[str, float]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class PooledHead:
    """The layer, and what it was trained on.

    Attributes
    ----------
    kernel
        Shape (2 * n_features, 8), float32, for statistics as they are.
    bias
        Shape (8,).
    centre, spread
        Mean and standard deviation of the statistics of the training clips, (2 * n_features,).
    trust
        How sure it may be.
    unlike_above
        Distance beyond which speech counts as unlike that of the training; so far off is one
        training clip of a hundred.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    trust: Trust = Trust()
    unlike_above: float = math.inf

    def distance(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how unlike the training clips rows of statistics are; about 1 for these."""
        n_features = len(self.centre) // 2
        standard = (rows - self.centre)[:, :n_features] / self.spread[:n_features]
        return np.square(standard, dtype=np.float64).mean(axis=1)

    def logits(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return logits (n, 8) of rows of statistics (n, 2 * n_features), of temperature 1."""
        return rows.astype(np.float64) @ self.kernel + self.bias

    def probabilities(
        self, rows: NDArray[np.floating], n_frames: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return probabilities (n, 8) of rows of statistics and their numbers of frames."""
        from scipy.special import softmax  # serving does without

        temperature = self.trust.temperature(self.distance(rows), n_frames)
        return softmax(self.logits(rows) / temperature[:, None], axis=1)


def pooled(frames: Matrix) -> NDArray[np.float32]:
    """Return mean and deviation over time, shape (2 * n_features,), of (n_frames, n_features)."""
    deviation = np.maximum(frames.std(axis=0), SMALLEST_DEVIATION)
    return np.concatenate([frames.mean(axis=0), deviation])


def mean_layer(
    layers: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return kernel and bias of the layer that answers as the geometric mean of some."""
    kernels, biases = zip(*layers, strict=True)
    return (
        np.mean(kernels, axis=0).astype(np.float32),
        np.mean(biases, axis=0).astype(np.float32),
    )


def graph_of(head: PooledHead) -> "onnx.ModelProto":
    """Return the graph as it is served.

    Inputs ``features`` (batch, frames, n_features) and ``mask`` (batch, frames); outputs
    ``probabilities`` (batch, 8), ``embedding`` (batch, 2 * n_features), which are the standardised
    statistics, and ``distance`` (batch,).
    """
    import onnx
    from onnx import TensorProto, helper

    from ser.network.onnx_graph import GraphWriter

    writer = GraphWriter({})
    n_features = len(head.centre) // 2
    time, last = writer.constant([1]), writer.constant([-1])

    def number(value: float) -> str:
        return writer.constant(np.float32(value))

    def node(operator: str, *inputs: str, **settings: Any) -> str:
        return writer.node(operator, list(inputs), **settings)

    keep = node("Unsqueeze", "mask", last)
    count = node("ReduceSum", "mask", time, keepdims=1)  # (batch, 1)
    mean = node("Div", node("ReduceSum", node("Mul", "features", keep), time, keepdims=0), count)
    apart = node("Mul", node("Sub", "features", node("Unsqueeze", mean, time)), keep)
    squares = node("ReduceSum", node("Mul", apart, apart), time, keepdims=0)
    deviation = node("Sqrt", node("Div", squares, count))
    deviation = node("Max", deviation, number(SMALLEST_DEVIATION))
    rows = node("Concat", mean, deviation, axis=1)
    centred = node("Sub", rows, writer.constant(head.centre))
    writer.node("Div", [centred, writer.constant(head.spread)], output="embedding")
    of_means = node("Slice", "embedding", writer.constant([0]), writer.constant([n_features]), time)
    distance = node("ReduceMean", node("Mul", of_means, of_means), time, keepdims=1)
    writer.node("Squeeze", [distance, time], output="distance")
    beyond = node("Log", node("Max", node("Div", distance, number(NEAR)), number(1.0)))
    enough = node("Min", node("Max", count, number(1.0)), number(ENOUGH_FRAMES))
    lacking = node("Log", node("Div", number(ENOUGH_FRAMES), enough))
    exponent = node(
        "Add",
        node("Mul", beyond, number(head.trust.far)),
        node("Mul", lacking, number(head.trust.short)),
    )
    temperature = node("Mul", node("Exp", exponent), number(head.trust.base))
    logits = node(
        "Add", node("MatMul", rows, writer.weight(head.kernel)), writer.constant(head.bias)
    )
    writer.node("Softmax", [node("Div", logits, temperature)], output="probabilities", axis=-1)
    floats = TensorProto.FLOAT

    def value(name: str, *shape: str | int) -> "onnx.ValueInfoProto":
        return helper.make_tensor_value_info(name, floats, shape)

    graph = helper.make_graph(
        writer.nodes,
        "emotify_ear",
        [value("features", "batch", "frames", n_features), value("mask", "batch", "frames")],
        [
            value("probabilities", "batch", len(EMOTIONS)),
            value("embedding", "batch", 2 * n_features),
            value("distance", "batch"),
        ],
        writer.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model
