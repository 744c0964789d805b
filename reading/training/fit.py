"""Train the network that reads: labelled texts flow in, its weights and calibration flow out.

Weights of the published encoder learn more slowly than the new ones. A third of the texts are shown
without a word about which corpus they are from, as every text is later. Calibration and figures on
the way come from validation texts; those of the test are not looked at here.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from emotions.calibration import CONFIDENT_ABOVE, softmax
from emotions.calibration_fitting import fit_temperature
from foundation.progress import progress_bar
from reading.corpora.texts import CORPORA, Targets, targets_of
from reading.network import artefact, pieces
from reading.network.network import ReadingNetwork
from reading.nuances import NUANCE_NAMES
from reading.training.network import PADDING, build_network, weights_of
from reading.training.start import ENCODER_FILE

LENGTHS = (12, 20, 28, 40, 64)  # pieces of a batch: few shapes, few compilations
SORTED_BATCHES = 50  # texts of so many batches are laid together by their length
STEPS_WORTH_XLA = 300  # compiling five shapes takes as long as it saves in so many
UNKNOWN = 0  # number of no corpus in particular
CALIBRATED_ON = "goemotions"


@dataclass(frozen=True)
class FitSettings:
    """The recipe.

    Attributes
    ----------
    epochs, batch_size
        Passes over the texts, and texts a step.
    learning_rate, weight_decay
        Peak of the cosine schedule of the new weights, and AdamW's decay.
    slower
        How much more slowly the published weights learn, 0..1.
    warm_up
        Share of the steps in which the rate rises.
    clip_norm
        Longest gradient.
    dropout, label_smoothing
        Shares, 0..1.
    balance
        See `reading.corpora.texts.targets_of`.
    without_corpus
        Share of texts that are shown as of no corpus.
    nuance_share
        Weight of the mean loss of a nuance beside that of the emotions.
    most_texts
        Texts in an epoch, drawn anew each time, of corpora that have more.
    """

    epochs: int = 3
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    slower: float = 0.3
    warm_up: float = 0.06
    clip_norm: float = 1.0
    dropout: float = 0.3
    label_smoothing: float = 0.05
    balance: float = 0.4
    without_corpus: float = 0.3
    nuance_share: float = 1 / 8
    most_texts: Mapping[str, int] = field(default_factory=lambda: {"xed": 25_000})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def train_reader(
    table: pd.DataFrame, out: Path, settings: FitSettings, *, seed: int = 0
) -> ReadingNetwork:
    """Train on the texts of split train, calibrate on validation, and write the folder.

    Parameters
    ----------
    table
        Of `reading.corpora.texts.read_texts` and `reading.corpora.written.written_texts`.
    out
        Model folder.
    settings, seed
        The recipe, and the seed of every choice.

    Raises
    ------
    InputError
        If the folder cannot be written to, or the pieces are missing.
    """
    artefact.KIND.check_target(out)
    held = pieces.load_pieces()
    with np.load(pieces.FOLDER / ENCODER_FILE) as stored:
        start = {name: stored[name].astype(np.float32) for name in stored.files}
    train = table[table["split"] == "train"].reset_index(drop=True)
    shown = held.tokenizer(train["text"].tolist())
    keras.utils.set_random_seed(seed)
    names = tuple(CORPORA)
    network = build_network(held.table, start, len(NUANCE_NAMES), len(names) + 1, settings.dropout)
    batches = _Batches(train, shown, names, settings, seed)
    _fit(network, batches, set(start), settings)
    weights, side = weights_of(network, start)
    met = np.zeros(len(side), bool)
    met[np.concatenate([np.asarray(one) for one in shown])] = True
    side[~met] = 0  # of pieces that no text had nothing was learned
    read = ReadingNetwork(weights, held.table, side)
    judged = table[(table["split"] == "validation") & (table["corpus"] == CALIBRATED_ON)]
    emotions, nuances = read(held.tokenizer(judged["text"].tolist()))
    goal = targets_of(judged, 0.0)
    told = {
        "calibration": {
            "temperature": _temperature(emotions, goal),
            "confident_above": CONFIDENT_ABOVE,
        },
        "nuance_temperature": _nuance_temperature(nuances, goal),
        "languages": sorted(set(train["language"])),
        "recipe": {
            "seed": seed,
            **settings.to_dict(),
            "texts": {str(k): int(v) for k, v in train["corpus"].value_counts().items()},
            "licences": {name: CORPORA[name].licence for name in train["corpus"].unique()},
        },
    }
    artefact.save(out, weights, side, told)
    return read


class _Batches:
    """Batches of texts of about one length; every epoch another order, and another draw."""

    def __init__(
        self,
        table: pd.DataFrame,
        shown: Sequence[Sequence[int]],
        corpora: Sequence[str],
        settings: FitSettings,
        seed: int,
    ) -> None:
        self._targets = targets_of(table, settings.balance)
        self._shown = [np.asarray(one[: LENGTHS[-1]], np.int32) for one in shown]
        self._lengths = np.array([len(one) for one in self._shown])
        self._corpus = 1 + table["corpus"].map({n: i for i, n in enumerate(corpora)}).to_numpy()
        self._names = tuple(corpora)
        self._settings = settings
        self._chance = np.random.default_rng(seed)
        self.n_of_epoch = len(self._epoch())

    def _epoch(self) -> list[NDArray[np.int64]]:
        size, chance = self._settings.batch_size, self._chance
        drawn = []
        for corpus in np.unique(self._corpus):
            rows = np.flatnonzero(self._corpus == corpus)
            says = (self._targets.weights[rows] > 0) | self._targets.nuance_weights[rows].any(1)
            rows = rows[says]
            most = self._settings.most_texts.get(self._names[corpus - 1], len(rows))
            drawn.append(chance.choice(rows, most, replace=False) if len(rows) > most else rows)
        order = chance.permutation(np.concatenate(drawn))
        batches = []
        for begin in range(0, len(order), size * SORTED_BATCHES):
            some = order[begin : begin + size * SORTED_BATCHES]
            some = some[np.argsort(self._lengths[some], kind="stable")]
            batches += [some[i : i + size] for i in range(0, len(some) - size + 1, size)]
        return [batches[i] for i in chance.permutation(len(batches))]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for rows in self._epoch():
            longest = self._lengths[rows].max()
            n = next(length for length in LENGTHS if length >= longest)
            shown = np.full((len(rows), n), PADDING, np.int32)
            for place, row in enumerate(rows):
                shown[place, : self._lengths[row]] = self._shown[row]
            hidden = self._chance.random(len(rows)) < self._settings.without_corpus
            corpus = np.where(hidden, UNKNOWN, self._corpus[rows]).astype(np.int32)
            goal: Targets = self._targets
            yield (
                shown, corpus, goal.emotions[rows], goal.asked[rows], goal.weights[rows],
                goal.nuances[rows], goal.nuance_weights[rows],
            )  # fmt: skip


def _fit(
    network: keras.Model, batches: _Batches, published: set[str], settings: FitSettings
) -> None:
    """Fit a network in place, with a bar of steps."""
    n_steps = batches.n_of_epoch * settings.epochs
    variables = network.trainable_variables
    old = {name.partition("/")[0] for name in published}
    slow = [variable.path.split("/")[-2] in old for variable in variables]
    parts = []
    for share, kind in ((1.0, False), (settings.slower, True)):
        chosen = [i for i, is_slow in enumerate(slow) if is_slow is kind]
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            n_steps,
            alpha=0.02,
            warmup_target=settings.learning_rate * share,
            warmup_steps=math.ceil(settings.warm_up * n_steps),
        )
        optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
        optimizer.build([variables[i] for i in chosen])
        parts.append((optimizer, chosen))

    @tf.function(jit_compile=n_steps >= STEPS_WORTH_XLA)
    def step(
        shown: Any, corpus: Any, goal: Any, asked: Any, weights: Any, nuances: Any, counted: Any
    ) -> Any:
        with tf.GradientTape() as tape:
            emotions, finer = network([shown, corpus], training=True)
            among = emotions - 1e4 * (1 - asked)
            even = asked / tf.reduce_sum(asked, axis=-1, keepdims=True)
            smooth = settings.label_smoothing
            losses = tf.nn.softmax_cross_entropy_with_logits(
                (1 - smooth) * goal + smooth * even, among
            )
            there = tf.nn.sigmoid_cross_entropy_with_logits(nuances, finer) * counted
            loss = tf.reduce_mean(weights * losses)
            loss += settings.nuance_share * tf.reduce_mean(tf.reduce_sum(there, axis=1))
        gradients = tape.gradient(loss, variables)
        gradients, _ = tf.clip_by_global_norm(gradients, settings.clip_norm)
        for optimizer, chosen in parts:
            optimizer.apply([gradients[i] for i in chosen], [variables[i] for i in chosen])
        return loss

    with progress_bar(None, "training", n_steps, unit="step") as bar:
        for _ in range(settings.epochs):
            for batch in batches:
                loss = step(*batch)
                bar.set_postfix(loss=f"{float(loss):.3f}", refresh=False)
                bar.update()


def _temperature(logits: NDArray[Any], goal: Targets) -> float:
    """Return the temperature under which texts of one emotion, each somebody's, are likeliest."""
    one = goal.emotions.max(axis=1) == 1
    labels = goal.emotions[one].argmax(axis=1)
    return round(fit_temperature(labels, softmax(logits[one]), np.arange(len(labels))), 4)


def _nuance_temperature(logits: NDArray[Any], goal: Targets) -> float:
    """Return the temperature under which nuances that labellers looked for are likeliest."""
    from scipy.optimize import minimize_scalar

    asked = goal.nuance_weights == 1
    labels = goal.nuances

    def loss(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        return float((np.logaddexp(0, scaled) - labels * scaled)[asked].mean())

    return round(math.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x), 4)
