"""Judge the larger ear on people and corpora that it has never heard, and keep the evidence.

`cross_validate_ear` goes through the folds of RAVDESS: the other corpora are in every training, a
test actor in none. The trust of a fold (`ser.training.trust`) comes from its validation actors and
from the other corpora, each judged by a layer without it. `judge_strangers` leaves out one corpus
at a time, from the layer as from the trust. `emotify train --ear whisper` does both, and writes
the model besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotions.labels import EMOTION_NAMES
from emotions.report import calibration_table, headline_table, per_class_table
from foundation import jobs
from foundation.artefacts import read_settings
from foundation.safe_write import write_text
from foundation.tables import read_table
from ser.corpora.clips import SpokenClip, corpora_of
from ser.corpora.ravdess import CITATION, LICENCE, Clip
from ser.evaluation.cross_validation import predict_clips
from ser.evaluation.folds import PROTOCOLS, Fold, fold_folder, make_folds
from ser.evaluation.predictions import (
    OWN_PREDICTIONS,
    PREDICTIONS,
    PREDICTIONS_FILE,
    metrics_of,
)
from ser.evaluation.strangers import STRANGERS_FILE, strangers_figures, strangers_table
from ser.features.encoder import load_encoder
from ser.network import artefact
from ser.network.pooled_head import PooledHead
from ser.recognizer import load_recognizer
from ser.settings import EncoderSettings
from ser.training.ear import EarSettings, fit_head, frame_statistics
from ser.training.pooled import PooledClips
from ser.training.trust import Answers, fit_trust

LAYERS_FILE = "layers.csv"
LAYERS_COLUMNS = ("layer", "fold", "emotion", "n_clips", "n_right")
SEED = 0  # the column of the tables; nothing is drawn but the order of labels to shuffle


@dataclass(frozen=True)
class HeardCorpus:
    """Clips of one corpus with what was heard of them."""

    clips: tuple[SpokenClip, ...]
    pool: PooledClips

    def only(self, clips: Sequence[SpokenClip]) -> tuple[Sequence[SpokenClip], PooledClips]:
        """Return what `ser.training.ear.fit_head` takes of some of the clips."""
        return clips, self.pool

    def answers(
        self, head: PooledHead, clips: Sequence[SpokenClip], weight: float, *, copies: bool
    ) -> Answers:
        """Return what a layer says of some clips, and of their copies if these count."""
        places = self.pool.of(clips)
        n = self.pool.rows.shape[1] if copies else 1
        rows = self.pool.rows[places, :n].reshape(len(clips) * n, -1)
        labels = np.repeat([clip.emotion.code - 1 for clip in clips], n)
        n_frames = (self.pool.speech_seconds[places, :n] / EncoderSettings().hop_seconds).ravel()
        return Answers.of(head, rows, labels, n_frames, weight)


def fit_with_trust(
    home: HeardCorpus,
    train: Sequence[SpokenClip],
    validation: Sequence[SpokenClip],
    others: Mapping[str, HeardCorpus],
    settings: EarSettings,
) -> PooledHead:
    """Fit the layer to all clips given, with the trust that clips left out ask for.

    Parameters
    ----------
    home
        RAVDESS.
    train, validation
        Its clips: the layer learns from both; for the trust, validation is judged by a layer
        without it.
    others
        Further corpora by name: the layer learns from all; for the trust, each is judged by a
        layer without it.
    settings
        The recipe.
    """

    def fitted(of_home: Sequence[SpokenClip], of_others: Sequence[str]) -> PooledHead:
        pools = [home.only(of_home), *(others[name].only(others[name].clips) for name in of_others)]
        return fit_head(pools, settings)

    parts = [home.answers(fitted(train, list(others)), validation, 1.0, copies=True)]
    for name, heard in others.items():
        without = fitted(train, [other for other in others if other != name])
        parts.append(heard.answers(without, heard.clips, 1.0 / len(others), copies=False))
    whole = fitted([*train, *validation], list(others))
    return replace(whole, trust=fit_trust(parts))


def save_ear(
    folder: Path,
    head: PooledHead,
    home: HeardCorpus,
    train: Sequence[SpokenClip],
    others: Mapping[str, HeardCorpus],
    recipe: Mapping[str, Any],
) -> None:
    """Write the model folder of a layer."""
    pools = [home.only(train), *(heard.only(heard.clips) for heard in others.values())]
    corpora = {name: len(heard.clips) for name, heard in others.items()}
    told = {**recipe, "n_clips": len(train), "other_corpora": corpora}
    artefact.save_head(folder, head, load_encoder(), frame_statistics(pools), told)


def cross_validate_ear(
    home: HeardCorpus,
    others: Mapping[str, HeardCorpus],
    out: Path,
    *,
    settings: EarSettings | None = None,
    protocol: str = PROTOCOLS[0],
    shuffle_labels: bool = False,
) -> pd.DataFrame:
    """Fit the layer of every fold and seed, and predict the test clips through the recogniser.

    Parameters
    ----------
    home, others
        RAVDESS and the further corpora.
    out
        Model folder: layers go to `ser.evaluation.folds.fold_folder`, predictions to
        ``out/out_of_fold.csv``.
    settings
        The recipe.
    protocol
        See `ser.evaluation.folds.make_folds`.
    shuffle_labels
        Learn labels that are shuffled: the answers must then be right by chance alone.
    """
    settings = settings or EarSettings()
    shared = (home, others, out, settings, protocol, shuffle_labels)
    folds = make_folds(home.clips, protocol)
    tables = list(jobs.run(_judged_fold, folds, *shared, title="folds"))
    table = PREDICTIONS.in_order(tables)
    PREDICTIONS.write(table, out / PREDICTIONS_FILE)
    return table


def _judged_fold(
    fold: Fold,
    home: HeardCorpus,
    others: Mapping[str, HeardCorpus],
    out: Path,
    settings: EarSettings,
    protocol: str,
    shuffle_labels: bool,
) -> pd.DataFrame:
    # A protocol without validation people keeps two of its training people back for the trust.
    people = sorted({clip.speaker for clip in fold.train})[:2]
    validation = fold.validation or tuple(c for c in fold.train if c.speaker in people)
    train = tuple(clip for clip in fold.train if clip not in validation)
    if shuffle_labels:
        everybody = [*train, *validation]
        order = np.random.default_rng(SEED).permutation(len(everybody))
        labels = np.array([clip.emotion.code - 1 for clip in everybody])[order]
        head = fit_head([home.only(everybody)], settings, labels=labels)
        recipe = {"seed": SEED, "protocol": protocol, "shuffled_labels": True}
    else:
        head = fit_with_trust(home, train, validation, others, settings)
        recipe = {"seed": SEED, "protocol": protocol, "shuffled_labels": False}
    folder = fold_folder(out, fold.number, SEED)
    recipe["ear"] = settings.to_dict()
    save_ear(folder, head, home, (*train, *validation), others, recipe)
    return predict_clips(load_recognizer(folder), fold.test, fold.number, SEED, progress=False)


def judge_strangers(
    home: HeardCorpus,
    others: Mapping[str, HeardCorpus],
    out: Path,
    *,
    settings: EarSettings | None = None,
) -> pd.DataFrame:
    """Judge every further corpus by a layer that has heard nothing of it, and keep the answers.

    Returns
    -------
    DataFrame
        ``emotions.predictions`` with the speaker, who begins with the corpus; written to
        ``out/strangers.csv``.
    """
    settings = settings or EarSettings()
    (held, *_) = make_folds(home.clips, PROTOCOLS[0])  # its test actors validate here
    train = (*held.train, *held.validation)
    rows = []
    for name, heard in others.items():
        rest = {other: others[other] for other in others if other != name}
        head = fit_with_trust(home, train, held.test, rest, settings)
        places = heard.pool.of(heard.clips)
        n_frames = heard.pool.speech_seconds[places, 0] / EncoderSettings().hop_seconds
        answers = head.probabilities(heard.pool.rows[places, 0], n_frames)
        for clip, row in zip(heard.clips, answers, strict=True):
            values = (round(p, 6) for p in row.tolist())
            rows.append((clip.clip_id, clip.speaker, 0, 0, clip.emotion.name, *values))
    table = pd.DataFrame(rows, columns=list(OWN_PREDICTIONS.columns))
    OWN_PREDICTIONS.write(table, out / STRANGERS_FILE)
    return table


def judge_layers(clips: Sequence[Clip], heard: Mapping[int, PooledClips]) -> pd.DataFrame:
    """Judge layers of an encoder one by one: the recipe on each alone, on the folds of RAVDESS.

    Parameters
    ----------
    clips
        RAVDESS.
    heard
        By layer: what was heard of them there.

    Returns
    -------
    DataFrame
        `LAYERS_COLUMNS`: of each layer, fold and emotion, how many clips of unheard actors there
        are, and how many of them were recognised.
    """
    rows = []
    for layer, pool in heard.items():
        corpus = HeardCorpus(tuple(clips), pool)
        for fold in make_folds(clips, PROTOCOLS[0]):
            head = fit_head([corpus.only((*fold.train, *fold.validation))], EarSettings())
            answers = head.logits(pool.rows[pool.of(fold.test), 0]).argmax(axis=1)
            labels = np.array([clip.emotion.code - 1 for clip in fold.test])
            for code, name in enumerate(EMOTION_NAMES):
                meant = labels == code
                n_right = int((answers[meant] == code).sum())
                rows.append((layer, fold.number, name, int(meant.sum()), n_right))
    return pd.DataFrame(rows, columns=list(LAYERS_COLUMNS))


def read_layers(path: Path) -> pd.DataFrame:
    """Read what `judge_layers` returned and `scripts/layers_of_encoder.py` wrote."""
    return read_table(path, LAYERS_COLUMNS)


def uar_by_layer(table: pd.DataFrame) -> pd.DataFrame:
    """Return the UAR (0..1) of `judge_layers` by layer (rows) and fold (columns)."""
    recalls = table.assign(recall=table["n_right"] / table["n_clips"])
    return recalls.groupby(["layer", "fold"])["recall"].mean().unstack()


def recall_by_layer(table: pd.DataFrame) -> pd.DataFrame:
    """Return the recall (0..1) by layer (rows) and emotion (columns), over the clips of all folds.

    Parameters
    ----------
    table
        What `judge_layers` returns.
    """
    sums = table.groupby(["layer", "emotion"])[["n_right", "n_clips"]].sum()
    return (sums["n_right"] / sums["n_clips"]).unstack()[list(EMOTION_NAMES)]


def by_corpus(clips: Sequence[SpokenClip], pool: PooledClips) -> dict[str, HeardCorpus]:
    """Return the clips of several corpora, each with what was heard of it."""
    return {
        corpus: HeardCorpus(tuple(clip for clip in clips if clip.corpus == corpus), pool)
        for corpus in corpora_of(clips)
    }


def train_ear(
    home: HeardCorpus,
    others: Mapping[str, HeardCorpus],
    out: Path,
    *,
    settings: EarSettings | None = None,
) -> None:
    """Fit the layer to everybody and write the model folder that is shipped.

    Its trust is that of the folds in `out`, their mean: whoever has met everybody has nobody left
    to be judged by.
    """
    settings = settings or EarSettings()
    # Those of another protocol may lie there from before.
    folds = [read_settings(folder) for folder in sorted((out / "folds").glob("[0-9]*"))]
    stored = [fold["trust"] for fold in folds if fold["recipe"]["protocol"] == PROTOCOLS[0]]
    pools = [home.only(home.clips), *(heard.only(heard.clips) for heard in others.values())]
    head = fit_head(pools, settings)
    if stored:
        trust = {key: round(float(np.mean([one[key] for one in stored])), 4) for key in stored[0]}
        head = replace(head, trust=replace(head.trust, **trust))
    recipe = {"seed": SEED, "ear": settings.to_dict(), "emotions": list(EMOTION_NAMES)}
    save_ear(out, head, home, home.clips, others, recipe)


def write_ear_card(out: Path) -> None:
    """Write ``README.md`` beside a larger ear that `train_ear` made, from what was measured."""
    recipe = read_settings(out)["recipe"]
    corpora = [("RAVDESS", recipe["n_clips"]), *recipe["other_corpora"].items()]
    figures = metrics_of(PREDICTIONS.read(out / PREDICTIONS_FILE))
    left_out = strangers_figures(OWN_PREDICTIONS.read(out / STRANGERS_FILE))
    sections = [
        "# Model card: a larger ear",
        "A linear layer on frames of Whisper's encoder, written by `emotify train --ear whisper`. "
        "`emotify recognize FILE --model THIS_FOLDER` asks it.",
        "## What it was trained on",
        "\n".join(f"- {name}: {n_clips} clips" for name, n_clips in corpora),
        "## How well it hears",
        "RAVDESS, five folds by actor; the further corpora are in the training of every fold, a "
        "test actor in none (percent; chance is 12.5):",
        headline_table({"out of fold": figures}, people="actors"),
        per_class_table(figures),
        calibration_table({"out of fold": figures}, examples="clips", people="actors"),
        "Each further corpus, judged by a layer that has heard nothing of it:",
        strangers_table(left_out),
        "## What to use it for, and what not; licence",
        "For music, teaching and research on methods, **not** for judging people. The weights "
        f"derive from the recordings, whose rights hold for them. RAVDESS is {LICENCE}. {CITATION}",
    ]
    write_text(out / "README.md", "\n\n".join(sections) + "\n")
