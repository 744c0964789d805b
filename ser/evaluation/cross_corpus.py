"""Judge a model on anybody's labelled recordings: other voices, rooms, languages, acted or not.

Probabilities are renormalised over the emotions that the corpus has, so a corpus of four emotions
is a task of four. Every clip is judged as it is (what a user gets), and after normalisation with
the statistics of the whole corpus and of its speaker (`ser.voices.normalisation`): these use no
label, but they do use the other recordings of the corpus, or of the speaker, and are what a stored
profile of a voice can reach.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from emotions import metrics
from emotions.labels import EMOTION_NAMES
from emotions.report import percent
from foundation.errors import InputError
from foundation.progress import progress_bar
from foundation.text import printable
from ser.corpora.labelled_folders import (
    UNREADABLE,
    LabelledFile,
    LabelTable,
    LeftOut,
    read_labels,
    summary_of,
)
from ser.recognizer import Recognizer, load_recognizer
from ser.voices.normalisation import FeatureStatistics, merged, speech_statistics, to_training

NORMALISATIONS = {
    "none": "as it is",
    "corpus": "normalised per corpus",
    "speaker": "normalised per speaker",
}
TINY = 1e-12  # keeps a row without any weight on the corpus's emotions divisible


def evaluate_corpus(corpus: Path, labels: Path, *, model: Path | None = None) -> dict[str, Any]:
    """Judge a model on labelled recordings.

    Parameters
    ----------
    corpus
        Folder of the recordings.
    labels
        Table of labels; see `ser.corpora.labelled_folders`.
    model
        Model folder; the shipped one by default.

    Returns
    -------
    dict
        ``n_clips``, ``n_rows``, ``left_out`` (every row with its reason), ``emotions`` with their
        numbers of clips, ``n_speakers`` (None without the column), ``chance``, and
        ``normalisation``: for ``none``, ``corpus`` and, where speakers are known, ``speaker``, the
        figures of `judge`. Plain values for JSON; shares are 0..1.

    Raises
    ------
    InputError
        If table, folder or model cannot be used, or nothing in them can be judged.
    """
    table = read_labels(labels, corpus)
    recognizer = load_recognizer(model)
    files, statistics, plain, refused = _heard(recognizer, table.files)
    left_out = sorted((*table.left_out, *refused), key=lambda row: row.line)
    counts = Counter(file.emotion for file in files)
    _refuse_too_little(labels, counts, left_out, table.n_rows)
    emotions = [name for name in EMOTION_NAMES if name in counts]
    speakers = [file.speaker for file in files] if table.has_speakers else None
    meant = [file.emotion for file in files]
    probabilities = {"none": plain}
    if recognizer.artefact.feature_mean is not None:
        probabilities |= _normalised(recognizer, files, statistics, table)
    return {
        "corpus": printable(corpus),
        "labels": printable(labels),
        "model": "as shipped" if model is None else printable(model),
        "n_clips": len(files),
        "n_rows": table.n_rows,
        "left_out": [asdict(row) for row in left_out],
        "emotions": {name: counts[name] for name in emotions},
        "n_speakers": None if speakers is None else len(set(speakers)),
        "chance": 1 / len(emotions),
        "normalisation": {
            name: judge(meant, rows, emotions, speakers) for name, rows in probabilities.items()
        },
    }


def _heard(
    recognizer: Recognizer, files: Sequence[LabelledFile]
) -> tuple[list[LabelledFile], list[FeatureStatistics], NDArray[np.float64], list[LeftOut]]:
    def hear(file: LabelledFile) -> tuple[FeatureStatistics, tuple[float, ...]] | str:
        try:
            statistics = speech_statistics(recognizer, file.path)
            return statistics, recognizer.predict(file.path).probabilities
        except InputError as error:
            return str(error)

    good, statistics, rows, refused = [], [], [], []
    for file, answer in zip(files, _parallel(hear, files, "listening"), strict=True):
        if isinstance(answer, str):
            refused.append(LeftOut(file.line, UNREADABLE, answer))
            continue
        good.append(file)
        statistics.append(answer[0])
        rows.append(answer[1])
    return good, statistics, np.array(rows), refused


def _refuse_too_little(
    labels: Path, counts: Mapping[str, int], left_out: Sequence[LeftOut], n_rows: int
) -> None:
    reasons = f"; {summary_of(left_out, n_rows)}" if left_out else ""
    if not counts:
        raise InputError(
            f"{printable(labels)}: no recording can be judged{reasons}; emotions are "
            f"{', '.join(EMOTION_NAMES)}"
        )
    if len(counts) == 1:
        [(emotion, count)] = counts.items()
        raise InputError(
            f"{printable(labels)}: all {count} recordings are labelled {emotion}; among the "
            f"emotions of the corpus there is nothing to tell apart: give at least two{reasons}"
        )


def _normalised(
    recognizer: Recognizer,
    files: Sequence[LabelledFile],
    statistics: Sequence[FeatureStatistics],
    table: LabelTable,
) -> dict[str, NDArray[np.float64]]:
    artefact = recognizer.artefact
    of_corpus = to_training(merged(statistics), artefact)
    of_speaker = {
        speaker: to_training(
            merged(s for file, s in zip(files, statistics, strict=True) if file.speaker == speaker),
            artefact,
        )
        for speaker in {file.speaker for file in files if table.has_speakers}
    }

    def hear(file: LabelledFile) -> list[tuple[float, ...]]:
        transforms = [of_corpus, of_speaker[file.speaker]] if of_speaker else [of_corpus]
        return [
            recognizer.predict(file.path, transform=transform).probabilities
            for transform in transforms
        ]

    answers = np.array(list(_parallel(hear, files, "normalised")))
    names = ("corpus", "speaker") if of_speaker else ("corpus",)
    return {name: answers[:, number] for number, name in enumerate(names)}


def _parallel(
    function: Callable[[LabelledFile], Any], files: Sequence[LabelledFile], title: str
) -> Iterable[Any]:
    # Threads share the model; decoding, resampling and the network run outside Python's lock.
    run = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    answers = run(joblib.delayed(function)(file) for file in files)
    return progress_bar(answers, title, len(files), unit="clip", delay=1)


def judge(
    meant: Sequence[str],
    probabilities: NDArray[np.float64],
    emotions: Sequence[str],
    speakers: Sequence[str | None] | None,
) -> "OrderedDict[str, Any]":
    """Return how good predictions are among some of the emotions.

    Parameters
    ----------
    meant
        Emotion of each clip, one of `emotions`.
    probabilities
        Shape (n_clips, 8).
    emotions
        Those of the corpus, in the order of `emotions.labels.EMOTION_NAMES`.
    speakers
        Who speaks in each clip, or None.

    Returns
    -------
    OrderedDict
        ``uar``, ``uar_interval_95`` (bootstrap over speakers; None with fewer than two),
        ``accuracy``, ``macro_f1``, ``recall`` per emotion, ``uar_per_speaker`` (over the emotions
        of that speaker), ``confusion`` (rows: meant, columns: heard, in the order of `emotions`).
    """
    columns = np.array([EMOTION_NAMES.index(name) for name in emotions])
    shares = np.maximum(probabilities[:, columns], TINY)
    shares /= shares.sum(axis=1, keepdims=True)
    labels = np.array([EMOTION_NAMES.index(name) for name in meant])
    heard = columns[shares.argmax(axis=1)]
    who = None if speakers is None else np.array(speakers)
    clips_of = {} if who is None else {name: who == name for name in sorted(set(who.tolist()))}
    recalls = recall_score(labels, heard, labels=columns, average=None)
    return OrderedDict(
        uar=float(np.mean(recalls)),
        uar_interval_95=(
            metrics.bootstrap_over_people(labels, heard, who)
            if who is not None and len(clips_of) > 1
            else None
        ),
        accuracy=float(accuracy_score(labels, heard)),
        macro_f1=float(f1_score(labels, heard, labels=columns, average="macro", zero_division=0)),
        recall=dict(zip(emotions, map(float, recalls), strict=True)),
        uar_per_speaker={
            name: metrics.uar(labels[clips], heard[clips]) for name, clips in clips_of.items()
        },
        confusion=confusion_matrix(labels, heard, labels=columns).tolist(),
    )


def describe(figures: Mapping[str, Any]) -> str:
    """Return the figures of `evaluate_corpus` as text for a terminal, in percent."""
    emotions, runs = list(figures["emotions"]), figures["normalisation"]
    n_speakers = figures["n_speakers"]
    lines = [
        f"corpus     {figures['corpus']}: {figures['n_clips']} clips"
        + (f", {n_speakers} speakers" if n_speakers else ""),
        f"model      {figures['model']}",
        "emotions   " + "  ".join(f"{name} {n}" for name, n in figures["emotions"].items()),
        f"chance     {percent(figures['chance'])}",
    ]
    if figures["left_out"]:
        rows = [LeftOut(**row) for row in figures["left_out"]]
        lines.append(f"left out   {summary_of(rows, figures['n_rows'])}")
    lines += ["", f"{'':<24}{'UAR':>6}{'accuracy':>10}{'macro-F1':>10}  95 % interval of UAR"]
    for name, run in runs.items():
        interval = run["uar_interval_95"]
        lines.append(
            f"{NORMALISATIONS[name]:<24}{percent(run['uar']):>6}{percent(run['accuracy']):>10}"
            f"{percent(run['macro_f1']):>10}  "
            + ("-".join(map(percent, interval)) if interval else "needs speakers")
        )
    if "corpus" not in runs:
        lines.append("normalised: not with this model, which was saved without its statistics")
    lines += ["", f"{'recall':<24}" + "".join(f"{name:>10}" for name in emotions)]
    for name, run in runs.items():
        recalls = "".join(f"{percent(run['recall'][emotion]):>10}" for emotion in emotions)
        lines.append(f"{NORMALISATIONS[name]:<24}{recalls}")
    if n_speakers:
        lines += ["", f"{'UAR per speaker':<24}" + "".join(f"{name:>10}" for name in runs)]
        for speaker in runs["none"]["uar_per_speaker"]:
            values = (run["uar_per_speaker"][speaker] for run in runs.values())
            row = "".join(f"{percent(value):>10}" for value in values)
            lines.append(f"{speaker:<24}{row}")
    lines += ["", "confusion as it is (rows: meant, columns: heard)"]
    lines.append(" " * 24 + "".join(f"{name:>10}" for name in emotions))
    for name, row in zip(emotions, runs["none"]["confusion"], strict=True):
        lines.append(f"{name:<24}" + "".join(f"{count:>10}" for count in row))
    return "\n".join(lines)
