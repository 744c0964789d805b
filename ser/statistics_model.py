"""The other half of the model: a linear classifier on statistics of the whole utterance.

The network of `ser.model` follows an utterance through time; this one looks at how each feature
is distributed over it: moments, trend, roughness and rhythm, as the functionals of the ComParE
and eGeMAPS feature sets do (Schuller et al. 2013; Eyben et al. 2016). Each is about as good as
the other, they err on different clips, and the two together are better than ever more networks.

Every statistic is a sum over frames, so that padding drops out and one graph serves all lengths.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ser.emotions import EMOTIONS
from ser.feature_copies import FeatureCopies
from ser.features import Matrix, pad
from ser.model import Standardise, float16_values

LAGS = (1, 2, 4, 8)  # frames: with a hop of 32 ms, from a phoneme to a syllable
SMALLEST_VARIANCE = 1e-4  # of standardised features
LONGEST = 126  # frames of a copy that are looked at: one window of 4 s


@keras.saving.register_keras_serializable("emotify")
class UtteranceStatistics(layers.Layer):
    """Statistics over time of standardised features.

    Input ``(x, mask)`` of shapes (batch, frames, features) and (batch, frames), the mask a run of
    ones and then zeros; output (batch, 6 * features + (1 + len(LAGS)) * n_static): mean, log
    standard deviation, skewness, kurtosis, slope and curvature of every feature, and of the first
    `n_static` (those that are no deltas) the log of the mean step from frame to frame and the
    autocorrelation at `LAGS`.
    """

    def __init__(self, n_static: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True  # the mask comes as an input; Keras's own is not needed
        self.n_static = n_static

    def call(self, inputs: Any) -> Any:
        """Compute the statistics."""
        x, mask = inputs
        keep = mask[..., None]
        n = ops.sum(keep, axis=1)  # (batch, 1)

        def mean_of(values: Any) -> Any:
            return ops.sum(values, axis=1) / n

        mean = mean_of(x * keep)
        centred = (x - mean[:, None]) * keep
        deviation = ops.sqrt(mean_of(ops.square(centred)) + SMALLEST_VARIANCE)
        z = centred / deviation[:, None]
        squared = ops.square(z)
        # Time runs from -1 at the first frame to 1 at the last.
        place = (ops.cumsum(mask, axis=1) - 1.0) / ops.maximum(n - 1.0, 1.0)
        time = (2.0 * place - 1.0)[..., None] * keep
        slope = ops.sum(centred * time, axis=1) / (ops.sum(ops.square(time), axis=1) + 1e-3)
        curvature = mean_of(centred * ops.square(time))
        static, rhythm = x[..., : self.n_static], z[..., : self.n_static]
        steps = ops.abs(static[:, 1:] - static[:, :-1]) * keep[:, 1:]
        step = ops.log(ops.sum(steps, axis=1) / ops.maximum(n - 1.0, 1.0) + 1e-3)
        autocorrelations = [
            ops.sum(rhythm[:, lag:] * rhythm[:, :-lag], axis=1) / ops.maximum(n - float(lag), 1.0)
            for lag in LAGS
        ]
        skewness, kurtosis = mean_of(squared * z), mean_of(ops.square(squared))
        parts = [mean, ops.log(deviation), skewness, kurtosis, slope, curvature, step]
        return ops.concatenate([*parts, *autocorrelations], axis=-1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return None: the statistics have no time left to mask."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "n_static": self.n_static}


@keras.saving.register_keras_serializable("emotify")
class GeometricMean(layers.Layer):
    """The normalised geometric mean of two vectors of probabilities, each of shape (batch, 8).

    Where both halves of the model are sure it is sure, and where they differ it is not: its
    likelihood is better than that of the arithmetic mean.
    """

    def call(self, inputs: Any) -> Any:
        """Compute it."""
        first, second = inputs
        logarithms = ops.log(ops.maximum(first, 1e-7)) + ops.log(ops.maximum(second, 1e-7))
        return ops.softmax(0.5 * logarithms, axis=-1)


def build_statistics_model(mean: Matrix, scale: Matrix, n_static: int) -> keras.Model:
    """Build the classifier, without weights yet.

    Parameters
    ----------
    mean, scale
        Shape (n_features,): standardisation of the features, of the training clips.
    n_static
        Features that are no deltas.

    Returns
    -------
    keras.Model
        Inputs ``features`` and ``mask``; output probabilities (batch, 8).
    """
    features = keras.Input((None, len(mean)), name="features")
    mask = keras.Input((None,), name="mask")
    standardise = Standardise(name="standardise")
    x = UtteranceStatistics(n_static, name="statistics")([standardise(features), mask])
    standardise.set_weights([mean, scale])
    x = Standardise(name="standardise_statistics")(x)
    out = layers.Dense(len(EMOTIONS), activation="softmax", name="probabilities")(x)
    return keras.Model([features, mask], out, name="emotify_statistics")


def fit_statistics_model(
    model: keras.Model,
    copies: FeatureCopies,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    strength: float,
) -> None:
    """Fit the classifier to clips and to all their copies.

    Parameters
    ----------
    model
        As `build_statistics_model` returns it.
    copies, rows
        Features, and which clips of them to train on.
    labels
        Emotions 0-7 of those clips.
    strength
        Inverse strength of the L2 penalty, scikit-learn's ``C``.
    """
    measure = keras.Model(model.inputs, model.get_layer("statistics").output)
    table = np.concatenate(
        [
            measure.predict_on_batch(_batch([copies.matrix(row, copy) for row in rows]))
            for copy in range(copies.n_copies)
        ]
    )
    centre, spread = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    fitted = LogisticRegression(C=strength, class_weight="balanced", max_iter=300, tol=1e-3).fit(
        ((table - centre) / spread).astype(np.float64), np.tile(labels, copies.n_copies)
    )
    weights = np.zeros((len(centre), len(EMOTIONS)), np.float32)
    bias = np.full(len(EMOTIONS), -30.0, np.float32)  # an emotion without a clip is never meant
    weights[:, fitted.classes_] = fitted.coef_.T
    bias[fitted.classes_] = fitted.intercept_
    model.get_layer("standardise_statistics").set_weights([centre, spread])
    model.get_layer("probabilities").set_weights([float16_values(weights), bias])


def _batch(matrices: list[Matrix]) -> dict[str, Matrix]:
    batch, mask = pad([matrix[:LONGEST] for matrix in matrices], LONGEST)
    return {"features": batch, "mask": mask}


def combine(network: keras.Model, statistics: keras.Model) -> keras.Model:
    """Return one model that answers with the geometric mean of both."""
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in network.inputs]
    output = GeometricMean(name="probabilities")([network(inputs), statistics(inputs)])
    return keras.Model(inputs, output, name="emotify")
