"""The network: ConvNet + LSTM over a feature matrix, in Keras 3.

Two one-dimensional convolutions look at neighbouring frames, which are averaged in pairs between
them; a residual bidirectional LSTM and a second one follow the utterance, and attention pooling
(weighted mean and standard deviation over time) gives one vector that a softmax turns into eight
probabilities. The standardisation of the features is the first layer, so that no scaler can get
lost.

Utterances of one batch differ in length: ``mask`` is 1 for frames and 0 for padding, and no
layer lets padding through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from emotions.labels import EMOTIONS
from ser.settings import Matrix

NEVER = -30.0  # bias of an emotion that no clip has


@dataclass(frozen=True)
class ModelSettings:
    """Sizes of the network.

    Attributes
    ----------
    conv_filters, conv_width
        Filters and width in frames of each of the two convolutions.
    time_pooling
        Frames averaged into one after the first convolution: 2, or 1 to keep them all. (More
        would need padding in front, too, and the mask would no longer fit.)
    lstm_units
        Units per direction of each bidirectional LSTM.
    attention_units, dense_units
        Width of the attention's scorer and of the last hidden layer.
    dropout
        Share of activations dropped between the parts, 0..1.
    """

    conv_filters: int = 64
    conv_width: int = 5
    time_pooling: int = 2
    lstm_units: int = 32
    attention_units: int = 32
    dense_units: int = 64
    dropout: float = 0.3


@keras.saving.register_keras_serializable("emotify")
class Standardise(layers.Layer):
    """Subtract a mean and divide by a scale, both fixed weights of shape (n_features,).

    `keras.layers.Normalization` keeps them outside the weights, where the export loses them.
    """

    def build(self, input_shape: Any) -> None:
        """Create the two weights; `build_model` fills them."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(shape=shape, trainable=False, name="mean")
        self.scale = self.add_weight(shape=shape, trainable=False, name="scale")

    def call(self, inputs: Any) -> Any:
        """Standardise."""
        return (inputs - self.mean) / self.scale


@keras.saving.register_keras_serializable("emotify")
class AttentionPooling(layers.Layer):
    """Weighted mean and standard deviation over time; the weights are learned.

    Input ``(x, mask)`` of shapes (batch, frames, channels) and (batch, frames); output
    (batch, 2 * channels).
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True  # the mask comes as an input; Keras's own is not needed
        self.units = units
        self.hidden = layers.Dense(units, activation="tanh", name="hidden")
        self.score = layers.Dense(1, name="score")

    def build(self, input_shape: Any) -> None:
        """Create the scorer's weights."""
        self.hidden.build(input_shape[0])
        self.score.build((*input_shape[0][:-1], self.units))

    def call(self, inputs: Any) -> Any:
        """Pool over time."""
        x, mask = inputs
        scores = self.score(self.hidden(x))[..., 0] - 1e9 * (1.0 - mask)
        weights = ops.softmax(scores, axis=-1)[..., None]
        mean = ops.sum(weights * x, axis=1)
        variance = ops.sum(weights * ops.square(x), axis=1) - ops.square(mean)
        return ops.concatenate([mean, ops.sqrt(ops.maximum(variance, 1e-5))], axis=-1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return None: after pooling there is no time left to mask."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("emotify")
class FramePooling(layers.Layer):
    """Mean of every `size` neighbouring frames; padding does not count.

    Input ``(x, mask)`` of shapes (batch, frames, channels) and (batch, frames), with x zero in
    the padding; output (batch, ceil(frames / size), channels).
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True  # the mask comes as an input; Keras's own is not needed
        self.size = size

    def call(self, inputs: Any) -> Any:
        """Pool."""
        x, mask = inputs
        mean, counted = (
            ops.average_pool(values, self.size, padding="same") for values in (x, mask[..., None])
        )
        return mean / ops.maximum(counted, 1.0 / self.size)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return None: the caller shortens the mask."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "size": self.size}


def build_model(
    n_features: int,
    feature_mean: Matrix,
    feature_scale: Matrix,
    settings: ModelSettings | None = None,
    *,
    residual: bool = True,
) -> keras.Model:
    """Build the network.

    Parameters
    ----------
    n_features
        Columns of the feature matrix.
    feature_mean, feature_scale
        Shape (n_features,): mean and standard deviation over the frames of the *training*
        actors.
    settings
        Sizes; the defaults are the shipped ones.
    residual
        Whether the first LSTM adds to what it reads, or replaces it.

    Returns
    -------
    keras.Model
        Inputs ``features`` (batch, frames, n_features) and ``mask`` (batch, frames); output
        ``probabilities`` (batch, 8), in the order of `emotions.labels.EMOTIONS`.

    Raises
    ------
    ValueError
        If the settings ask for a pooling that there is not.
    """
    sizes = settings or ModelSettings()
    if sizes.time_pooling not in (1, 2):
        raise ValueError(f"time_pooling is {sizes.time_pooling}; it must be 1 or 2")
    features = keras.Input((None, n_features), name="features")
    frames = keras.Input((None,), name="mask")
    mask = frames
    keep = mask[..., None]
    standardise = Standardise(name="standardise")
    x = standardise(features) * keep
    standardise.set_weights([np.asarray(feature_mean), np.asarray(feature_scale)])
    for index in (1, 2):
        x = layers.Conv1D(
            sizes.conv_filters, sizes.conv_width, padding="same", name=f"conv_{index}"
        )(x)
        if index == 1 and sizes.time_pooling > 1:
            x = FramePooling(sizes.time_pooling, name="pooling")([x * keep, mask])
            mask = mask[:, :: sizes.time_pooling]
            keep = mask[..., None]
        x = layers.BatchNormalization(name=f"norm_{index}")(x)
        x = layers.ReLU(name=f"relu_{index}")(x)
        x = layers.Dropout(sizes.dropout, name=f"conv_dropout_{index}")(x) * keep
    heard = _bidirectional(sizes.lstm_units, "lstm_1")(x, mask=ops.cast(mask, "bool"))
    x = x + heard if residual else heard
    x = layers.Dropout(sizes.dropout, name="lstm_dropout_1")(x) * keep
    x = _bidirectional(sizes.lstm_units, "lstm_2")(x, mask=ops.cast(mask, "bool"))
    x = AttentionPooling(sizes.attention_units, name="attention")([x, mask])
    x = layers.Dropout(sizes.dropout, name="pool_dropout")(x)
    x = layers.Dense(sizes.dense_units, activation="relu", name="dense")(x)
    x = layers.Dropout(sizes.dropout, name="dense_dropout")(x)
    out = layers.Dense(len(EMOTIONS), activation="softmax", name="probabilities")(x)
    return keras.Model([features, frames], out, name="emotify_ser")


def never_answer(network: keras.Model, unheard: NDArray[np.bool_]) -> None:
    """Take emotions out of a network's answers that it was never asked about; shape (8,)."""
    layer = network.get_layer("probabilities")
    kernel, bias = layer.get_weights()
    kernel[:, unheard], bias[unheard] = 0.0, NEVER
    layer.set_weights([kernel, bias])


def average_of(networks: Sequence[keras.Model]) -> keras.Model:
    """Return one network whose probabilities are the mean of those of several.

    Networks that differ only in their seed err differently: their mean is better than any one.
    The result carries the weights alone; what the optimisers remembered is left behind. Kernels
    are rounded to float16 (11 bits; probabilities move by less than 1e-3), so that the exported
    network takes half the room and still equals this one.
    """
    networks = [_without_optimizer(network, f"member_{i}") for i, network in enumerate(networks)]
    if len(networks) == 1:
        return networks[0]
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in networks[0].inputs]
    outputs = [network(inputs) for network in networks]
    return keras.Model(
        inputs, layers.Average(name="probabilities")(outputs), name="emotify_ser_average"
    )


def float16_values(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights rounded to what float16 holds."""
    return weights.astype(np.float16).astype(weights.dtype)


def _without_optimizer(network: keras.Model, name: str) -> keras.Model:
    plain = keras.Model.from_config(network.get_config())  # `clone_model` copies the optimiser
    plain.set_weights(
        [float16_values(weight) if weight.ndim > 1 else weight for weight in network.get_weights()]
    )
    plain.name = name
    return plain


def _bidirectional(units: int, name: str) -> layers.Layer:
    return layers.Bidirectional(layers.LSTM(units, return_sequences=True), name=name)
