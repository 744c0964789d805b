"""Train what a row of the ablation table asks for, and predict its test clips.

The base goes the way of `ser.training.train.fit_network` step by step (a test holds this); the
other learners are the classifier of `ser.network.statistics_model` and those of
`ser.ablations.baselines`.
"""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from emotions.labels import EMOTIONS
from ser.ablations import baselines
from ser.ablations.features import FeatureView
from ser.ablations.plan import Job
from ser.ablations.rows import LEARNS_MORE
from ser.corpora.crema_d import Clip as CremaClip
from ser.features.augment import copy_shares
from ser.network.model import build_model
from ser.network.statistics_model import build_statistics_model, fit_statistics_model
from ser.settings import Matrix
from ser.training.train import (
    MaskedCrossEntropy,
    TrainingBatches,
    TrainSettings,
    fit_member,
    one_hot,
    predict_features,
    standardisation,
)
from ser.voices.normalisation import FeatureStatistics

N_CLASSES = len(EMOTIONS)
TRAITS_WEIGHT = 0.3  # of the loss on further traits together
TEACHER_SHARE = 0.5  # of a distilled target
STATISTICS_STRENGTH = TrainSettings().statistics_strength


def predict(job: Job, seen: FeatureView, settings: TrainSettings) -> NDArray[np.float32]:
    """Train one job's learner and return its probabilities of the judged clips, shape (n, 8)."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(job.seed)
    rows, targets = seen.rows(job.train), _targets(job)
    labels = targets.argmax(axis=1)
    judged = seen.rows(job.judged)
    clean = [seen.matrix(row) for row in rows]
    if job.row.learner.startswith("svm-"):
        machine = baselines.fit_svm(job.row.learner.removeprefix("svm-"), clean, labels)
        return baselines.svm_probabilities(machine, [seen.matrix(row) for row in judged])
    mean, scale = standardisation(seen, rows)
    network: keras.Model
    if job.row.learner == "statistics":
        network = _statistics(seen, settings, rows, labels, mean, scale)
    elif job.row.learner == "reslstm-sa":
        network = baselines.build_reslstm_sa(len(mean), mean, scale)
        validation = [seen.matrix(row) for row in seen.rows(job.validation)]
        heard = one_hot(job.validation).argmax(axis=1)
        n_frames = seen.stored.n_frames(baselines.RESLSTM_SECONDS)
        baselines.fit_reslstm_sa(network, clean, targets, validation, heard, n_frames)
    else:
        network = _fitted(job, seen, settings, rows, targets, mean, scale)
    # One shape, and no compilation: that would take longer than all the predictions.
    network.jit_compile = False
    n_copies = seen.n_copies if job.row.learner == "test-time-speeds" else 1
    answers = [
        predict_features(network, [seen.matrix(row, copy) for row in judged], len(judged))
        for copy in range(n_copies)
    ]
    return np.mean(answers, axis=0, dtype=np.float32)


def _statistics(
    seen: FeatureView,
    settings: TrainSettings,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    mean: Matrix,
    scale: Matrix,
) -> keras.Model:
    shown = replace(seen.stored, n_mfcc=seen.settings.n_mfcc)
    model = build_statistics_model(mean, scale, shown)
    shares = copy_shares(seen.kinds, settings.augment.harmed_share)
    fit_statistics_model(model, seen, rows, labels, STATISTICS_STRENGTH, shares)
    return model


def _targets(job: Job) -> Matrix:
    targets = one_hot(job.train)
    if job.row.shuffled:
        return targets[np.random.default_rng(job.seed).permutation(len(targets))]
    return targets


def _fitted(
    job: Job,
    seen: FeatureView,
    settings: TrainSettings,
    rows: NDArray[np.int64],
    targets: Matrix,
    mean: Matrix,
    scale: Matrix,
) -> keras.Model:
    row, n_own = job.row, len(rows)
    build: Any = {"cnn": baselines.build_plain_cnn, "lstm": baselines.build_plain_lstm}
    if row.learner in build:
        network = build[row.learner](len(mean), mean, scale)
    else:
        network = build_model(len(mean), mean, scale, settings.model, residual=row.residual)
    if not row.attention:
        attend_evenly(network)
    n_frames = seen.stored.n_frames(settings.crop_seconds)
    if job.extra:
        extra_rows = seen.rows(job.extra)
        if row.corpus_normalised:
            seen = _normalised(seen, extra_rows, mean, scale)
        rows = np.concatenate([rows, extra_rows])
        extra_targets, extra_allowed = extra_labels(job)
        targets = np.concatenate([targets, extra_targets])
        allowed = np.concatenate([np.ones((n_own, N_CLASSES), np.float32), extra_allowed])
        batches: TrainingBatches = MixedBatches(
            n_own, seen, rows, targets, mean, n_frames, settings, job.seed, allowed
        )
        fit_member(network, batches, settings, None, MaskedCrossEntropy(settings.label_smoothing))
        return network
    if row.learner == "distilled":
        # The teacher is fitted here, on the training actors of this fold alone.
        teacher = _statistics(seen, settings, rows, targets.argmax(axis=1), mean, scale)
        told = predict_features(teacher, [seen.matrix(row) for row in rows], len(rows))
        targets = (1 - TEACHER_SHARE) * targets + TEACHER_SHARE * told
    more = row.traits or row.learner in LEARNS_MORE
    beside = traits_of(job) if more else None
    batches = TrainingBatches(seen, rows, targets, mean, n_frames, settings, job.seed, beside)
    if not row.balanced:
        batches.class_weights = np.ones(N_CLASSES)
    if beside is not None:
        # The network shares its layers, so it learns what its sister with more outputs does.
        sister = with_traits(
            network, beside.shape[1], reversed_gradient=row.learner == "statement-adversarial"
        )
        fit_member(sister, batches, settings, None, TraitsLoss(settings.label_smoothing))
    else:
        fit_member(network, batches, settings, None)
    return network


# ------------------------------------------------------------------------------ other networks


def attend_evenly(network: keras.Model) -> None:
    """Give every frame the same weight, for good: mean and standard deviation remain."""
    pooling = network.get_layer("attention")
    pooling.set_weights([np.zeros_like(weight) for weight in pooling.get_weights()])
    pooling.trainable = False


def with_traits(
    network: keras.Model, n_traits: int = 3, *, reversed_gradient: bool = False
) -> keras.Model:
    """Return a network that says further traits, too: output (batch, 8 + n_traits).

    With the gradient reversed (Ganin and Lempitsky 2015) it learns to leave no trace of them.
    """
    shared = network.get_layer("dense_dropout").output
    if reversed_gradient:
        shared = ops.stop_gradient(2.0 * shared) - shared
    traits = layers.Dense(n_traits, activation="sigmoid", name="traits")(shared)
    return keras.Model(network.inputs, layers.Concatenate()([network.output, traits]))


def traits_of(job: Job) -> Matrix:
    """Return what else the training clips tell, 0..1: shape (n, n_traits).

    Sex, intensity and statement as 0 and 1; the statement alone where it must not be told; or the
    place of the emotion in the plane of valence and arousal (`emotions.labels`).
    """
    if job.row.learner == "valence-arousal":
        return np.array(
            [
                ((1 + clip.emotion.valence) / 2, (1 + clip.emotion.arousal) / 2)
                for clip in job.train
            ],
            np.float32,
        )
    traits = np.array(
        [
            (clip.sex == "female", clip.intensity == "strong", clip.statement_number == 2)
            for clip in job.train
        ],
        np.float32,
    )
    return traits[:, 2:] if job.row.learner == "statement-adversarial" else traits


class TraitsLoss(keras.losses.Loss):
    """Cross-entropy of the emotion plus `TRAITS_WEIGHT` times that of the traits."""

    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example."""
        emotion = keras.losses.categorical_crossentropy(
            y_true[:, :N_CLASSES], y_pred[:, :N_CLASSES], label_smoothing=self.label_smoothing
        )
        traits = keras.losses.binary_crossentropy(y_true[:, N_CLASSES:], y_pred[:, N_CLASSES:])
        return emotion + TRAITS_WEIGHT * ops.cast(traits, emotion.dtype)


# ------------------------------------------------------------------------------- other corpora


class MixedBatches(TrainingBatches):
    """Batches of our clips and at most as many of another corpus, drawn anew each epoch.

    So all rows hear RAVDESS speech equally often, and a large corpus costs twice the time and not
    seven times.
    """

    def __init__(self, n_own: int, *args: Any) -> None:
        self.n_own = n_own  # they come first
        super().__init__(*args)
        # An epoch hears a part of the others: weights are those of what is heard.
        n_extra = len(self.rows) - n_own
        share = min(1.0, n_own / n_extra)
        counts = self.targets[:n_own].sum(axis=0) + share * self.targets[n_own:].sum(axis=0)
        self.class_weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return max(1, len(self.order) // self.settings.batch_size)

    def on_epoch_end(self) -> None:
        """Draw and shuffle for the next epoch."""
        drawn = self.n_own + self.rng.permutation(len(self.rows) - self.n_own)[: self.n_own]
        self.order = self.rng.permutation(np.concatenate([np.arange(self.n_own), drawn]))


def extra_labels(job: Job) -> tuple[Matrix, Matrix]:
    """Return targets of a further corpus and the classes that it has, both of shape (n, 8)."""
    targets = np.eye(N_CLASSES, dtype=np.float32)[[clip.emotion.code - 1 for clip in job.extra]]
    allowed = np.repeat((targets.sum(axis=0) > 0)[None], len(targets), axis=0).astype(np.float32)
    if job.row.votes:
        targets *= 0.5
        for number, clip in enumerate(job.extra):
            assert isinstance(clip, CremaClip)
            for emotion in clip.heard:
                targets[number, emotion.code - 1] += 0.5 / len(clip.heard)
    return targets, allowed


def _normalised(
    seen: FeatureView, extra_rows: NDArray[np.int64], mean: Matrix, scale: Matrix
) -> FeatureView:
    """Return a view in which some clips together have the given mean and scale."""
    frames = np.concatenate([seen.matrix(row) for row in extra_rows])
    move = FeatureStatistics.of(frames).map_to(mean, scale, prior_frames=0)
    moved = frozenset(extra_rows.tolist())

    class Normalised(FeatureView):
        def matrix(self, row: int, copy: int = 0) -> Matrix:
            matrix = super().matrix(row, copy)
            return move(matrix) if int(row) in moved else matrix

    return Normalised(**{name: getattr(seen, name) for name in seen.__dataclass_fields__})
