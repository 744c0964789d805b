"""The network that reads, in Keras: built from the published encoder, and back into plain arrays.

It is that of `reading.network.network`, with what only training needs: padding, dropout, and a bias
for each corpus, since labellers of different corpora find the same emotions more or less often.
What is served has the bias of no corpus.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from reading.network.network import (
    DIRECTION_SCALE,
    MEAN_SCALE,
    N_BRANCH,
    ORDERS,
    OWN_SMALL,
    SIDE_ORDER,
    SMALL,
)
from reading.network.pieces import LEVELS, N_DIMENSIONS, PieceTable

PADDING = -1  # number of no piece
N_SIDE, N_SIDE_CHANNELS, N_NARROW, N_HIDDEN = 24, 128, 64, 256
SIDE_DEVIATION = 0.02  # of the small embeddings at first
EMBEDDING_DROPOUT = 0.1


class FrozenEmbeddings(layers.Layer):
    """Unpacks the embeddings of pieces, as `PieceTable` does; nothing in it is trained."""

    def __init__(self, table: PieceTable, **kwargs: Any) -> None:
        super().__init__(trainable=False, **kwargs)
        self.packed = tf.constant(table.packed)
        self.middle = tf.constant(table.middle.astype(np.float32))
        self.step = tf.constant(table.step.astype(np.float32))

    def call(self, pieces: Any) -> Any:
        """Return embeddings (batch, n, 512) of pieces (batch, n)."""
        packed = tf.cast(tf.gather(self.packed, pieces), tf.int32)
        levels = tf.stack([packed % LEVELS, packed // LEVELS], axis=-1)
        shape = tf.concat([tf.shape(pieces), [N_DIMENSIONS]], axis=0)
        levels = tf.cast(tf.reshape(levels, shape), tf.float32) - (LEVELS - 1) / 2
        return (
            levels * tf.gather(self.step, pieces)[..., None]
            + tf.gather(self.middle, pieces)[..., None]
        )

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape with one more axis."""
        return (*shape, N_DIMENSIONS)


class Window(layers.Layer):
    """Lays what is around each piece side by side, zeros beyond the text."""

    def __init__(self, order: int, before: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.order, self.before = order, before

    def call(self, x: Any) -> Any:
        """Return (batch, n, order * channels) of (batch, n, channels)."""
        n = tf.shape(x)[1]
        padded = tf.pad(x, ((0, 0), (self.before, self.order - 1 - self.before), (0, 0)))
        return tf.concat([padded[:, place : place + n] for place in range(self.order)], axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape with `order` times the channels."""
        return (*shape[:-1], shape[-1] * self.order)


def build_network(
    table: PieceTable, start: Mapping[str, NDArray[Any]], n_nuances: int, n_corpora: int,
    dropout: float,
) -> keras.Model:  # fmt: skip
    """Return the network before training.

    Parameters
    ----------
    table
        Frozen embeddings.
    start
        Weights of the published encoder (`reading.training.start.starting_weights`).
    n_nuances, n_corpora
        Sizes of the second head, and of the table of biases.
    dropout
        Share of what the heads see that is left out, 0..1.

    Returns
    -------
    keras.Model
        Inputs pieces (batch, n), `PADDING` beyond a text, and the number of its corpus (batch,);
        outputs logits of the eight emotions and of the nuances.
    """
    pieces = keras.Input((None,), dtype="int32", name="pieces")
    corpus = keras.Input((), dtype="int32", name="corpus")
    there = ops.cast(ops.greater(pieces, PADDING), "float32")
    keep, root = there[..., None], ops.sqrt(ops.sum(there, axis=-1, keepdims=True))
    known = ops.maximum(pieces, 0)
    embedded = FrozenEmbeddings(table, name="embeddings")(known)

    def normalised(x: Any, name: str, small: float) -> Any:
        return layers.LayerNormalization(epsilon=small, name=name)(x)

    def dense(x: Any, name: str, units: int, *, bias: bool = True, **settings: Any) -> Any:
        return layers.Dense(units, use_bias=bias, name=name, **settings)(x)

    branches = dense(embedded, "projections", N_BRANCH * len(ORDERS))
    branches = normalised(branches, "projections_norm", SMALL)
    found = [embedded]
    for number, (order, before) in enumerate(ORDERS):
        x = branches[..., number * N_BRANCH : (number + 1) * N_BRANCH] * keep
        for layer in ("first", "second"):
            name = f"convolution_{order}_{layer}"
            x = (x + dense(Window(order, before)(x), name, N_BRANCH, activation="relu")) * keep
        found.append(x)
    features = normalised(ops.concatenate(found, axis=-1), "features_norm", SMALL)
    mean = dense(ops.sum(features * keep, axis=1) / root, "mean", N_DIMENSIONS)
    mean = mean + root * np.asarray(start["mean/bias_each"], np.float32)
    n_narrow = start["deep_0/kernel"].shape[1]
    plain = {"bias": False}
    narrow = ops.relu(dense(mean, "deep_0", n_narrow, **plain))
    narrow = ops.relu(
        dense(mean, "skip_1", n_narrow, **plain) + dense(narrow, "deep_1", n_narrow, **plain)
    )
    wide = ops.relu(dense(narrow, "deep_2", N_DIMENSIONS, **plain))
    direction = ops.tanh(
        dense(narrow, "skip_3", N_DIMENSIONS, **plain)
        + dense(wide, "deep_3", N_DIMENSIONS, **plain)
    )
    squares = ops.sum(direction * direction, axis=-1, keepdims=True)
    side = layers.Embedding(
        len(table.step),
        N_SIDE,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=SIDE_DEVIATION),
        name="side_embeddings",
    )(known)
    side = layers.SpatialDropout1D(EMBEDDING_DROPOUT)(side * keep)
    seen = ops.concatenate([side, dense(features, "narrow", N_NARROW) * keep], axis=-1)
    heard = dense(Window(*SIDE_ORDER)(seen), "side", N_SIDE_CHANNELS, activation="gelu")
    shown = [
        DIRECTION_SCALE * direction / ops.sqrt(ops.maximum(squares, SMALL)),
        normalised(mean, "mean_norm", OWN_SMALL),
        ops.max(heard - 1e4 * (1 - keep), axis=1),
        MEAN_SCALE * ops.sum(side, axis=1) / root,
    ]
    x = layers.Dropout(dropout)(ops.concatenate(shown, axis=-1))
    x = layers.Dropout(dropout)(dense(x, "hidden", N_HIDDEN, activation="gelu"))
    biases = layers.Embedding(n_corpora, 8, embeddings_initializer="zeros", name="corpus_bias")
    emotions = dense(x, "emotions", 8) + biases(corpus)
    network = keras.Model([pieces, corpus], [emotions, dense(x, "nuances", n_nuances)])
    for name, values in start.items():
        layer, part = name.split("/")
        if part != "bias_each":
            getattr(network.get_layer(layer), part).assign(values)
    return network


def weights_of(
    network: keras.Model, start: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Return the arrays that `reading.network.network.ReadingNetwork` takes, and the side table.

    The bias of corpus 0, which stands for none in particular, is in that of the emotions.
    """
    weights = {"mean/bias_each": np.asarray(start["mean/bias_each"], np.float32)}
    for layer in network.layers:
        for variable in layer.weights:
            weights[f"{layer.name}/{variable.name}"] = np.asarray(variable, np.float32)
    side = weights.pop("side_embeddings/embeddings")
    weights["emotions/bias"] = weights["emotions/bias"] + weights.pop("corpus_bias/embeddings")[0]
    return weights, side
