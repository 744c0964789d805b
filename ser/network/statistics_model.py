"""The other half of the model: a linear classifier on statistics of the whole utterance.

The network of `ser.network.model` follows an utterance through time; this one looks at how each
feature is distributed over it: moments, trend, roughness and rhythm, as the functionals of the
ComParE and eGeMAPS feature sets do (Schuller et al. 2013; Eyben et al. 2016). Each is about as good
as the other, they err on different clips, and the two together are better than ever more networks.

Two layers do it. `UtteranceStatistics` treats all features alike. `VoiceStatistics` knows which
they are: the spectrum where there is voice, where there is none and where it is loud (noise is
strongest where speech is weakest), the melody of the voiced frames alone, and the course of
timbre, melody and voicing over the utterance.

Every statistic is a sum over frames, so that padding drops out and one graph serves all lengths.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from emotions.labels import EMOTIONS
from ser.features.feature_copies import FeatureCopies
from ser.features.mfcc import pad
from ser.network.masked_regression import fit_masked
from ser.network.model import NEVER, Standardise, float16_values
from ser.settings import FeatureSettings, Matrix

LAGS = (1, 2, 4, 8)  # frames: with a hop of 32 ms, from a phoneme to a syllable
SMALLEST_VARIANCE = 1e-4  # of standardised features
VOICED_ABOVE = 0.4  # strength of voicing, 0..1
LOUD_WITHIN_DB = 15.0  # of the loudest frame; weight falls linearly to there
N_COURSE_MFCC, N_COSINES = 13, 6
HARDLY = 1e-4  # weight of a frame that should have none: an utterance without voice has a mean
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
class VoiceStatistics(layers.Layer):
    """Statistics of what is voiced, unvoiced and loud, and of melody and course.

    Input ``(features, mask)`` as for `UtteranceStatistics`, but as `ser.features.mfcc` makes them:
    MFCCs first, the pitch contour and the strength of voicing last among the static features.
    Output (batch, 5 * n_mfcc + 8 + (2 + N_COURSE_MFCC) * N_COSINES):

    1. means of the MFCCs over voiced, unvoiced and loud frames, and the logs of their standard
       deviations over voiced and loud frames;
    2. of the pitch in octaves, over voiced frames: mean, log standard deviation, skewness, slope,
       curvature and log mean step; the share of voiced frames, and how often voice sets in;
    3. the first cosines over time (a DCT-II in normalised time, so a course of any length) of the
       first MFCCs, of the pitch (both without their means) and of voicing.
    """

    def __init__(self, n_mfcc: int, n_mels: int, n_static: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.n_mfcc, self.n_mels, self.n_static = n_mfcc, n_mels, n_static

    def call(self, inputs: Any) -> Any:
        """Compute the statistics."""
        x, mask = inputs
        keep = mask[..., None]
        n = ops.sum(keep, axis=1)
        mfcc = x[..., : self.n_mfcc]
        strength = ops.clip(x[..., self.n_static - 1 : self.n_static], 1e-3, 1.0)
        # The contour is octaves times strength (`ser.features.mfcc.FeatureExtractor.pitch`).
        octaves = ops.clip(x[..., self.n_static - 2 : self.n_static - 1] / strength, -2.0, 2.5)

        def share(weights: Any) -> Any:
            weights = weights * keep
            return weights / ops.sum(weights, axis=1, keepdims=True)

        def moments(values: Any, shares: Any) -> tuple[Any, Any, Any]:
            """Return mean, deviations from it and log standard deviation."""
            mean = ops.sum(shares * values, axis=1)
            apart = values - mean[:, None]
            variance = ops.sum(shares * ops.square(apart), axis=1) + SMALLEST_VARIANCE
            return mean, apart, 0.5 * ops.log(variance)

        is_voiced = ops.cast(strength > VOICED_ABOVE, x.dtype)
        voiced = share(strength * is_voiced + HARDLY)
        unvoiced = share(1.0 - strength + 1e-3)
        # The first MFCC is the mean level of the bands times the root of their number.
        level_db = mfcc[..., :1] / self.n_mels**0.5
        loudest_db = ops.max(level_db - 1e4 * (1.0 - keep), axis=1, keepdims=True)
        below = (level_db - loudest_db) / LOUD_WITHIN_DB
        loud = share(ops.relu(1.0 + below) + HARDLY)
        voiced_mean, _, voiced_spread = moments(mfcc, voiced)
        loud_mean, _, loud_spread = moments(mfcc, loud)
        unvoiced_mean = ops.sum(unvoiced * mfcc, axis=1)

        place = (ops.cumsum(mask, axis=1)[..., None] - 0.5) / n[:, None]  # 0..1
        pitch, apart, pitch_spread = moments(octaves, voiced)
        skewness = ops.sum(voiced * apart**3, axis=1) / ops.exp(3.0 * pitch_spread)
        _, when, when_spread = moments(2.0 * place, voiced)
        duration = ops.exp(2.0 * when_spread)
        slope = ops.sum(voiced * when * apart, axis=1) / duration
        bend = ops.square(when) - duration[:, None]
        curvature = ops.sum(voiced * bend * apart, axis=1)
        both = ops.minimum(voiced[:, 1:], voiced[:, :-1])
        steps = ops.sum(ops.abs(octaves[:, 1:] - octaves[:, :-1]) * both, axis=1)
        step = ops.log(steps / (ops.sum(both, axis=1) + 1e-6) + 1e-3)
        sounding = is_voiced * keep
        onsets = ops.sum(ops.relu(sounding[:, 1:] - sounding[:, :-1]), axis=1) / n
        melody = [pitch, pitch_spread, skewness, slope, curvature, step]
        melody += [ops.sum(sounding, axis=1) / n, onsets]

        course = mfcc[..., :N_COURSE_MFCC]
        course = course - (ops.sum(course * keep, axis=1) / n)[:, None]
        course = ops.concatenate([course, apart * is_voiced, strength], axis=-1) * keep
        cosines = [
            ops.sum(course * ops.cos(np.pi * order * place), axis=1) / n
            for order in range(1, N_COSINES + 1)
        ]
        spectra = [voiced_mean, unvoiced_mean, loud_mean, voiced_spread, loud_spread]
        return ops.concatenate([*spectra, *melody, *cosines], axis=-1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """Return None: the statistics have no time left to mask."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        sizes = {"n_mfcc": self.n_mfcc, "n_mels": self.n_mels, "n_static": self.n_static}
        return {**super().get_config(), **sizes}


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


def build_statistics_model(mean: Matrix, scale: Matrix, features: FeatureSettings) -> keras.Model:
    """Build the classifier, without weights yet.

    Parameters
    ----------
    mean, scale
        Shape (n_features,): standardisation of the features, of the training clips.
    features
        What the features are; without pitch there are no `VoiceStatistics`.

    Returns
    -------
    keras.Model
        Inputs ``features`` and ``mask``; output probabilities (batch, 8).
    """
    heard = keras.Input((None, len(mean)), name="features")
    mask = keras.Input((None,), name="mask")
    standardise = Standardise(name="standardise")
    statistics = UtteranceStatistics(features.n_static, name="utterance")
    x = statistics([standardise(heard), mask])
    standardise.set_weights([mean, scale])
    if features.pitch:
        voice = VoiceStatistics(features.n_mfcc, features.n_mels, features.n_static, name="voice")
        x = layers.Concatenate(name="statistics")([x, voice([heard, mask])])
    x = Standardise(name="standardise_statistics")(x)
    out = layers.Dense(len(EMOTIONS), activation="softmax", name="probabilities")(x)
    return keras.Model([heard, mask], out, name="emotify_statistics")


def fit_statistics_model(
    model: keras.Model,
    copies: FeatureCopies,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    strength: float,
    weights: ArrayLike | None = None,
    *,
    clip_weights: ArrayLike | None = None,
    asked: NDArray[np.bool_] | None = None,
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
    weights
        How much each copy of a clip counts, shape (n_copies,); alike by default.
    clip_weights
        How much each clip counts, shape (n_rows,); by default so that every emotion counts alike.
    asked
        Which emotions each clip is told from, shape (n_rows, 8); by default all that there are.
    """
    n_copies = copies.n_copies
    shares = np.ones(n_copies) if weights is None else np.asarray(weights, float)
    measure = keras.Model(model.inputs, model.get_layer("standardise_statistics").input)
    table = np.concatenate(
        [
            measure.predict_on_batch(_batch([copies.matrix(row, copy) for row in rows]))
            for copy in range(n_copies)
        ]
    )
    centre, spread = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    counted = np.repeat(n_copies * shares / shares.sum(), len(rows))
    if clip_weights is not None:
        counted = counted * np.tile(np.asarray(clip_weights, float), n_copies)
    z = ((table - centre) / spread).astype(np.float64)
    kernel = np.zeros((len(centre), len(EMOTIONS)), np.float32)
    bias = np.full(len(EMOTIONS), NEVER, np.float32)
    if asked is not None and (asked != asked[0]).any():
        heard = asked.any(axis=0)
        kernel[:, heard], bias[heard] = fit_masked(
            z,
            (np.cumsum(heard) - 1)[np.tile(labels, n_copies)],
            np.tile(asked[:, heard], (n_copies, 1)),
            counted,
            strength,
        )
    else:
        fitted = LogisticRegression(
            C=strength,
            class_weight="balanced" if clip_weights is None else None,
            max_iter=300,
            tol=1e-3,
        ).fit(z, np.tile(labels, n_copies), sample_weight=counted)
        # Of two classes scikit-learn keeps what tells the second from the first.
        kernel[:, fitted.classes_[-len(fitted.coef_) :]] = fitted.coef_.T
        bias[fitted.classes_] = 0.0
        bias[fitted.classes_[-len(fitted.coef_) :]] = fitted.intercept_
    model.get_layer("standardise_statistics").set_weights([centre, spread])
    model.get_layer("probabilities").set_weights([float16_values(kernel), bias])


def _batch(matrices: list[Matrix]) -> dict[str, Matrix]:
    batch, mask = pad([matrix[:LONGEST] for matrix in matrices], LONGEST)
    return {"features": batch, "mask": mask}


def combine(network: keras.Model, statistics: keras.Model) -> keras.Model:
    """Return one model that answers with the geometric mean of both."""
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in network.inputs]
    output = GeometricMean(name="probabilities")([network(inputs), statistics(inputs)])
    return keras.Model(inputs, output, name="emotify")
