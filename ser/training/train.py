"""Fit the network on clips: features of augmented copies, balanced classes, fixed epochs.

`fit_network` is what `ser.evaluation.cross_validation` calls once per fold and seed and what
`ser.training.final` calls once on all clips. It never sees a clip that it is not given: nothing
is watched, and the weights are the exponential moving average at the last epoch, so no epoch is
picked on anybody's result.
"""

import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# A job of training has a core of its own; threads of TensorFlow within it only get in the way of
# the job beside it. A GPU does not care.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from emotions.labels import EMOTIONS
from foundation.progress import progress_bar
from ser.corpora.clips import SpokenClip
from ser.features.augment import AugmentSettings, copy_shares, mixup, spec_augment
from ser.features.feature_copies import FeatureCopies
from ser.features.mfcc import FeatureExtractor, pad
from ser.network.model import ModelSettings, average_of, build_model, never_answer
from ser.network.statistics_model import build_statistics_model, combine, fit_statistics_model
from ser.settings import Matrix
from ser.training.balance import balanced_weights, emotions_asked

MOST_COMPILED = 4  # kept by a process
# XLA takes as long to compile a step as it saves in so many, a third of each (two cores, batches
# of 32 clips). Full training takes thousands.
STEPS_WORTH_XLA = 350
_compiled: dict[Any, keras.Model] = {}


@dataclass(frozen=True)
class TrainSettings:
    """The recipe.

    Attributes
    ----------
    members
        Networks, different in their seed alone, whose probabilities are averaged.
    epochs, batch_size
        Passes over the training clips, and clips per step.
    crop_seconds
        Longer copies are cut to a random stretch of this length (5 % of RAVDESS is longer).
    learning_rate, weight_decay
        Peak of the cosine schedule, and AdamW's decay.
    label_smoothing
        Share of a target spread over all classes, 0..1.
    ema_momentum
        Momentum per step of the moving average of the weights.
    statistics_strength
        Inverse strength of the penalty of the classifier of utterance statistics; 0 leaves the
        networks alone.
    model, augment
        Sizes of the network, and augmentation.
    """

    members: int = 3
    epochs: int = 75
    crop_seconds: float = 3.0
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    label_smoothing: float = 0.1
    ema_momentum: float = 0.99
    statistics_strength: float = 0.003
    model: ModelSettings = field(default_factory=ModelSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def standardisation(copies: FeatureCopies, rows: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """Return mean and standard deviation over the frames of some clips, shape (n_features,)."""
    frames = np.concatenate([copies.matrix(row) for row in rows])
    return frames.mean(axis=0), np.maximum(frames.std(axis=0), 1e-6)


def one_hot(clips: Sequence[SpokenClip]) -> Matrix:
    """Return targets of shape (n_clips, 8)."""
    return np.eye(len(EMOTIONS), dtype=np.float32)[[clip.emotion.code - 1 for clip in clips]]


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches of randomly chosen, masked and blended copies.

    Parameters
    ----------
    copies, rows
        Features, and which clips of them to train on.
    targets
        One-hot emotions of those clips, shape (n_rows, 8).
    fill
        What masked stretches are set to, shape (n_features,).
    n_frames
        Frames of every example; longer copies are cropped.
    settings, seed
        The recipe, and the seed of every choice.
    beside
        Columns for a loss of its own that stand beside the targets, shape (n_rows, any); such as
        the classes that `MaskedCrossEntropy` may tell apart. Mixup leaves those of the larger part.
    """

    def __init__(
        self,
        copies: FeatureCopies,
        rows: NDArray[np.int64],
        targets: Matrix,
        fill: Matrix,
        n_frames: int,
        settings: TrainSettings,
        seed: int,
        beside: Matrix | None = None,
    ) -> None:
        super().__init__()
        self.beside = beside
        self.copies, self.rows, self.targets, self.fill = copies, rows, targets, fill
        self.n_frames = n_frames
        self.settings = settings
        self.rng = np.random.default_rng(seed)
        self.shares = copy_shares(copies.kinds, settings.augment.harmed_share)
        # Neutral has half the clips of the others; UAR counts every class alike.
        counts = targets.sum(axis=0)
        self.class_weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
        self.clip_weights: Matrix | None = None  # shape (n_rows,), in the place of those of classes
        self.on_epoch_end()

    def __len__(self) -> int:
        """Return the number of batches of an epoch; what is left over waits for another one."""
        return max(1, len(self.rows) // self.settings.batch_size)  # one shape: one compilation

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.order = self.rng.permutation(len(self.rows))

    def _copy_of(self, chosen: int) -> Matrix:
        copy = int(self.rng.choice(len(self.shares), p=self.shares))
        return self.copies.matrix(self.rows[chosen], copy)

    def _crop(self, features: Matrix) -> Matrix:
        start = self.rng.integers(max(len(features) - self.n_frames, 0) + 1)
        return features[start : start + self.n_frames]

    def __getitem__(self, index: int) -> tuple[Any, Matrix, Matrix]:
        """Return inputs, targets and sample weights of one batch."""
        size = self.settings.batch_size
        chosen = self.order[index * size : (index + 1) * size]
        augment = self.settings.augment
        copies = [
            spec_augment(self._crop(self._copy_of(one)), self.fill, augment, self.rng)
            for one in chosen
        ]
        batch, mask = pad(copies, self.n_frames)
        targets = self.targets[chosen]
        if self.clip_weights is None:
            weights = (targets @ self.class_weights).astype(np.float32)
        else:
            weights = self.clip_weights[chosen]
        if augment.mixup_alpha > 0:
            batch, mask, targets = mixup(batch, mask, targets, augment.mixup_alpha, self.rng)
        if self.beside is not None:
            targets = np.concatenate([targets, self.beside[chosen]], axis=1)
        return {"features": batch, "mask": mask}, targets, weights


class MaskedCrossEntropy(keras.losses.Loss):
    """Cross-entropy among the classes that the corpus of an example has.

    Targets of shape (batch, 16): the eight emotions, then 1 for each that the corpus has and 0 for
    the others. What is not asked about is neither pushed up nor down: probabilities and targets are
    renormalised over the rest.
    """

    def __init__(self, label_smoothing: float) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example."""
        allowed = y_true[:, len(EMOTIONS) :]
        targets = y_true[:, : len(EMOTIONS)] * allowed
        targets = targets / ops.sum(targets, axis=1, keepdims=True)
        even = allowed / ops.sum(allowed, axis=1, keepdims=True)
        targets = (1.0 - self.label_smoothing) * targets + self.label_smoothing * even
        among = ops.sum(y_pred * allowed, axis=1, keepdims=True)
        return -ops.sum(targets * ops.log(ops.maximum(y_pred / among, 1e-7)), axis=1)


def fit_network(
    copies: FeatureCopies,
    clips: Sequence[SpokenClip],
    extractor: FeatureExtractor,
    settings: TrainSettings,
    *,
    seed: int,
    progress: bool = True,
) -> keras.Model:
    """Train from scratch.

    Of several corpora each counts alike, and within it each of its emotions; a clip is only asked
    which of the emotions of its corpus it is (`ser.training.balance`). Emotions that no clip has
    are never answered.

    Parameters
    ----------
    copies
        Features; they may hold other clips, too.
    clips
        Clips to train on; nothing is read of any other.
    extractor
        Feature extraction that made `copies`.
    settings
        The recipe.
    seed
        Seeds initial weights, order and masks.
    progress
        Whether to show a bar of epochs for each network.

    Returns
    -------
    keras.Model
        Inputs ``features`` and ``mask``; see `ser.network.model.build_model`.
    """
    rows, targets = copies.rows(clips), one_hot(clips)
    asked, weights = emotions_asked(clips), balanced_weights(clips)
    loss, beside = None, None
    if not asked.all():
        loss, beside = MaskedCrossEntropy(settings.label_smoothing), asked.astype(np.float32)
    mean, scale = standardisation(copies, rows)
    n_features = extractor.settings.n_features
    n_frames = extractor.settings.n_frames(settings.crop_seconds)
    members = []
    for member in range(settings.members):
        member_seed = seed * settings.members + member  # no two runs share a member
        keras.backend.clear_session()
        keras.utils.set_random_seed(member_seed)
        network = build_model(n_features, mean, scale, settings.model)
        batches = TrainingBatches(
            copies, rows, targets, mean, n_frames, settings, member_seed, beside
        )
        batches.clip_weights = weights.astype(np.float32)
        fit_member(network, batches, settings, f"network {member + 1}" if progress else None, loss)
        never_answer(network, asked.sum(axis=0) == 0)
        members.append(network)
    average = average_of(members)
    if not settings.statistics_strength:
        return average
    statistics = build_statistics_model(mean, scale, extractor.settings)
    labels = targets.argmax(axis=1)
    shares = copy_shares(copies.kinds, settings.augment.harmed_share)
    fit_statistics_model(
        statistics,
        copies,
        rows,
        labels,
        settings.statistics_strength,
        shares,
        clip_weights=weights,
        asked=asked,
    )
    return combine(average, statistics)


def fit_member(
    network: keras.Model,
    batches: TrainingBatches,
    settings: TrainSettings,
    title: str | None,
    loss: keras.losses.Loss | None = None,
) -> None:
    """Fit one network in place, with a bar of epochs if there is a title.

    The loss is cross-entropy with the settings' label smoothing unless another is given.
    """
    trained = _compiled_like(network, settings, len(batches), loss)
    with progress_bar(None, title, settings.epochs, unit="epoch", show=title is not None) as bar:

        def show(_epoch: int, logs: dict[str, float]) -> None:
            bar.set_postfix(loss=f"{logs['loss']:.3f}", refresh=False)
            bar.update()

        shown = keras.callbacks.LambdaCallback(on_epoch_end=show)
        trained.fit(batches, epochs=settings.epochs, verbose=0, callbacks=[shown])
    network.set_weights(trained.get_weights())


def _compiled_like(
    network: keras.Model, settings: TrainSettings, n_batches: int, loss: keras.losses.Loss | None
) -> keras.Model:
    """Return a compiled copy of a network that has not been trained, in its very state.

    Compiling takes as long as fitting, and the networks of one recipe differ in nothing but their
    values: a process compiles a few copies (folds differ in their steps), and fits all in these.
    """
    wanted = (network.to_json(), settings, n_batches, type(loss))
    copy = _compiled.get(wanted)
    if copy is None:
        chance = random.getstate()  # draws of the copy's layers; Keras shuffles batches by it, too
        copy = type(network).from_config(network.get_config())
        random.setstate(chance)
        _compile(copy, settings, n_batches, loss)
        if len(_compiled) >= MOST_COMPILED:
            del _compiled[next(iter(_compiled))]
        _compiled[wanted] = copy
    for value, first in zip(copy.variables, network.variables, strict=True):
        value.assign(first)  # the state of each dropout's chance is among them
    for value in copy.optimizer.variables:
        value.assign(ops.zeros_like(value))
    return copy


def _compile(
    network: keras.Model, settings: TrainSettings, n_batches: int, loss: keras.losses.Loss | None
) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=settings.epochs * n_batches,
        warmup_target=settings.learning_rate,
        warmup_steps=2 * n_batches,
    )
    compile_for(
        network,
        settings.epochs * n_batches,
        keras.optimizers.AdamW(
            schedule,
            weight_decay=settings.weight_decay,
            clipnorm=1.0,
            use_ema=True,
            ema_momentum=settings.ema_momentum,
        ),
        loss or keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
    )


def compile_for(
    network: keras.Model,
    n_steps: int,
    optimizer: keras.optimizers.Optimizer,
    loss: keras.losses.Loss | str,
) -> None:
    """Compile a network for so many steps of training."""
    network.compile(optimizer, loss, jit_compile=n_steps >= STEPS_WORTH_XLA)
    # Its variables would otherwise be made in the first step, which is then traced twice.
    optimizer.build(network.trainable_variables)


def predict_features(
    model: keras.Model, features: Sequence[Matrix], batch_size: int = 64
) -> NDArray[np.float32]:
    """Return probabilities of shape (n, 8) for feature matrices of any lengths."""
    rows = []
    for start in range(0, len(features), batch_size):
        batch, mask = pad(features[start : start + batch_size])
        rows.append(model.predict_on_batch({"features": batch, "mask": mask}))
    return np.concatenate(rows)


def has_gpu() -> bool:
    """Return whether TensorFlow sees a GPU here."""
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))
