"""Judge the larger ear on people and corpora that it has never heard, and keep the evidence.

`cross_validate_ear` goes through the folds of RAVDESS: the other corpora are in every training, a
test actor in none. The trust of a fold (`ser.training.trust`) comes from its validation actors and
from the other corpora, each judged by a layer without it. `judge_strangers` leaves out one corpus
at a time, from the layer as from the trust.

    python -m ser.evaluation.ear --ravdess DIR --corpus DIR --labels CSV ... --out FOLDER

does all of it and writes the model besides; ``--listed strangers.csv`` takes the clips of the
other corpora that such a table names, and no more of them.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotions.labels import EMOTION_NAMES
from foundation import jobs
from foundation.artefacts import read_settings
from foundation.errors import InputError, run
from foundation.text import printable
from ser.corpora.clips import SpokenClip, corpora_of
from ser.corpora.enough import check_enough
from ser.corpora.own import read_corpora
from ser.corpora.ravdess import index_clips
from ser.evaluation.cross_validation import predict_clips
from ser.evaluation.folds import Fold, fold_folder, make_folds
from ser.evaluation.predictions import OWN_PREDICTIONS, PREDICTIONS, PREDICTIONS_FILE
from ser.evaluation.strangers import STRANGERS_FILE
from ser.features.encoder import load_encoder
from ser.network import artefact
from ser.network.pooled_head import PooledHead
from ser.recognizer import load_recognizer
from ser.settings import EncoderSettings
from ser.training.ear import EarSettings, fit_head, frame_statistics
from ser.training.pooled import PooledClips, pool_clips
from ser.training.trust import Answers, fit_trust

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
    protocol: str = "luna-jimenez",
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
    (held, *_) = make_folds(home.clips, "luna-jimenez")  # its test actors validate here
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
    stored = [read_settings(folder)["trust"] for folder in sorted((out / "folds").glob("[0-9]*"))]
    pools = [home.only(home.clips), *(heard.only(heard.clips) for heard in others.values())]
    head = fit_head(pools, settings)
    if stored:
        trust = {key: round(float(np.mean([one[key] for one in stored])), 4) for key in stored[0]}
        head = replace(head, trust=replace(head.trust, **trust))
    recipe = {"seed": SEED, "ear": settings.to_dict(), "emotions": list(EMOTION_NAMES)}
    save_ear(out, head, home, home.clips, others, recipe)


def main(arguments: Sequence[str] | None = None) -> None:
    """Hear the corpora, judge, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ravdess", type=Path, required=True, help="folder with the speech")
    parser.add_argument("--corpus", type=Path, action="append", required=True)
    parser.add_argument("--labels", type=Path, action="append", required=True)
    parser.add_argument("--listed", type=Path, help="a table of predictions: these clips alone")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    asked = parser.parse_args(arguments)
    if len(asked.corpus) != len(asked.labels):
        raise InputError("every --corpus needs its --labels, in the same order")
    artefact.KIND.check_target(asked.out)
    speech = index_clips(asked.ravdess)
    check_enough(speech)
    found = read_corpora(list(zip(asked.corpus, asked.labels, strict=True)))
    clips = found.clips
    if asked.listed is not None:
        listed = set(OWN_PREDICTIONS.read(asked.listed)["clip_id"])
        clips = tuple(clip for clip in clips if clip.clip_id in listed)
    if len(corpora_of(clips)) < 2:
        raise InputError(
            "the trust in strangers takes two further corpora or more, each judged by a layer that "
            f"has not heard it; {printable(', '.join(corpora_of(clips))) or 'none'} is here"
        )
    cache = asked.out / "heard"
    home = HeardCorpus(speech, pool_clips(speech, cache / "home.npz", n_copies=3))
    others = by_corpus(clips, pool_clips(clips, cache / "others.npz", n_copies=0))
    cross_validate_ear(home, others, asked.out)
    judge_strangers(home, others, asked.out)
    train_ear(home, others, asked.out)


if __name__ == "__main__":
    run(main)
