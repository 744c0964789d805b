"""Judge a model on anybody's labelled recordings: other voices, rooms, languages, acted or not.

Every clip is judged twice. *Eight-way*: the likeliest of all eight emotions, which is what a user
meets, with the confidence that is told beside it. *Among the emotions of the corpus*: probabilities
renormalised over these, so that a corpus of four emotions is a task of four, as papers report it.

Both are told of the clip as it is (what a user gets), and after normalisation with
the statistics of the whole corpus and of its speaker (`ser.voices.normalisation`): these use no
label, but they do use the other recordings of the corpus, or of the speaker, and are what a stored
profile of a voice can reach. Where a speaker is heard with one emotion only, they take it for the
voice: `single_emotion_speakers` says who, and the figures of these speakers are left out.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from emotions import calibration_metrics, metrics
from emotions.calibration import CONFIDENT_ABOVE
from emotions.labels import EMOTION_NAMES
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
from ser.evaluation.heard import Heard, hear, judged
from ser.many_files import ask_of_files
from ser.recognizer import Recognizer, load_recognizer
from ser.voices.normalisation import merged, to_training

NORMALISATIONS = {
    "none": "as it is",
    "corpus": "normalised per corpus",
    "speaker": "normalised per speaker",
}
TINY = 1e-12  # keeps a row without any weight on the corpus's emotions divisible
SURE_FROM = 0.8  # an answer held so sure is one that nobody will ask about again


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
        numbers of clips, ``n_speakers`` (None without the column), ``single_emotion_speakers`` with
        their numbers of clips, ``chance`` among the emotions of the corpus, ``normalisation``: for
        ``none``, ``corpus`` and, where speakers are known, ``speaker``, the figures of `judge` and
        under ``eight_way`` those of `judge_eight_way`; and ``clips``, one row of `clip_row` each.
        Plain values for JSON; shares are 0..1.

    Raises
    ------
    InputError
        If table, folder or model cannot be used, or nothing in them can be judged.
    """
    table = read_labels(labels, corpus)
    recognizer = load_recognizer(model)
    files, sounds, refused = _heard(table.files, model)
    left_out = sorted((*table.left_out, *refused), key=lambda row: row.line)
    counts = Counter(file.emotion for file in files)
    _refuse_too_little(labels, counts, left_out, table.n_rows)
    emotions = [name for name in EMOTION_NAMES if name in counts]
    speakers = [file.speaker or "" for file in files] if table.has_speakers else None
    meant = [file.emotion for file in files]
    probabilities = {"none": np.array([sound.estimate.probabilities for sound in sounds])}
    if recognizer.artefact.feature_mean is not None:
        probabilities |= _normalised(recognizer, files, sounds, table)
    named = [not sound.estimate.absence for sound in sounds]
    uncertain = {name: rows.max(axis=1) < CONFIDENT_ABOVE for name, rows in probabilities.items()}
    uncertain["none"] = np.array([sound.estimate.uncertain for sound in sounds])
    return {
        "corpus": printable(corpus),
        "labels": printable(labels),
        "model": "as shipped" if model is None else printable(model),
        "n_clips": len(files),
        "n_rows": table.n_rows,
        "left_out": [asdict(row) for row in left_out],
        "emotions": {name: counts[name] for name in emotions},
        "n_speakers": None if speakers is None else len(set(speakers)),
        "single_emotion_speakers": single_emotion_speakers(meant, speakers),
        "chance": 1 / len(emotions),
        "normalisation": {
            name: judge(meant, rows, emotions, speakers)
            | {"eight_way": judge_eight_way(meant, rows, emotions, uncertain[name], named)}
            for name, rows in probabilities.items()
        },
        "clips": [clip_row(file, sound, corpus) for file, sound in zip(files, sounds, strict=True)],
    }


def single_emotion_speakers(meant: Sequence[str], speakers: Sequence[str] | None) -> dict[str, int]:
    """Return who is heard with one emotion only, by name, and in how many clips."""
    of: dict[str, Counter[str]] = {}
    for emotion, speaker in zip(meant, speakers or (), strict=speakers is not None):
        of.setdefault(speaker, Counter())[emotion] += 1
    return {name: counts.total() for name, counts in sorted(of.items()) if len(counts) == 1}


def clip_row(file: LabelledFile, sound: Heard, corpus: Path) -> dict[str, Any]:
    """Return what is told of one clip as it is.

    ``file`` (from the folder on, if it lies there), ``speaker`` (None if unknown), ``meant``,
    ``heard`` (None where no speech was), the eight probabilities by name, ``confidence``,
    ``uncertain`` and ``speech_seconds``.
    """
    inside = file.path.is_relative_to(corpus)
    path = file.path.relative_to(corpus) if inside else file.path
    estimate = sound.estimate
    rounded = (round(probability, 6) for probability in estimate.probabilities)
    return {
        "file": printable(path.as_posix()),
        "speaker": file.speaker,
        "meant": file.emotion,
        "heard": estimate.emotion,
        **dict(zip(EMOTION_NAMES, rounded, strict=True)),
        "confidence": round(estimate.confidence, 6),
        "uncertain": estimate.uncertain,
        "speech_seconds": round(sound.speech_seconds, 3),
    }


def _heard(
    files: Sequence[LabelledFile], model: Path | None
) -> tuple[list[LabelledFile], list[Heard], list[LeftOut]]:
    good, sounds, refused = [], [], []
    asked = ask_of_files(hear, [file.path for file in files], model)
    answers = progress_bar(asked, "listening", len(files), unit="clip", delay=1)
    for file, answer in zip(files, answers, strict=True):
        if isinstance(answer, InputError):
            refused.append(LeftOut(file.line, UNREADABLE, str(answer)))
        else:
            good.append(file)
            sounds.append(answer)
    return good, sounds, refused


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
    sounds: Sequence[Heard],
    table: LabelTable,
) -> dict[str, NDArray[np.float64]]:
    artefact = recognizer.artefact
    of_corpus = to_training(merged(sound.statistics for sound in sounds), artefact)
    answers = {"corpus": judged(recognizer, sounds, lambda _: of_corpus)}
    if table.has_speakers:
        of: dict[str | None, list[Heard]] = {}
        for file, sound in zip(files, sounds, strict=True):
            of.setdefault(file.speaker, []).append(sound)
        of_speaker = {
            name: to_training(merged(sound.statistics for sound in theirs), artefact)
            for name, theirs in of.items()
        }
        answers["speaker"] = judged(recognizer, sounds, lambda n: of_speaker[files[n].speaker])
    return answers


def judge(
    meant: Sequence[str],
    probabilities: NDArray[np.float64],
    emotions: Sequence[str],
    speakers: Sequence[str] | None,
) -> "OrderedDict[str, Any]":
    """Return how good predictions are among the emotions of the corpus.

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
        of that speaker, if there are several), ``confusion`` (rows: meant, columns: heard, in the
        order of `emotions`).
    """
    columns = np.array([EMOTION_NAMES.index(name) for name in emotions])
    shares = np.maximum(probabilities[:, columns], TINY)
    shares /= shares.sum(axis=1, keepdims=True)
    labels = np.array([EMOTION_NAMES.index(name) for name in meant])
    heard = columns[shares.argmax(axis=1)]
    who = None if speakers is None else np.array(speakers)
    clips_of = {} if who is None else {name: who == name for name in sorted(set(who.tolist()))}
    alone = single_emotion_speakers(meant, speakers)
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
            name: metrics.uar(labels[clips], heard[clips])
            for name, clips in clips_of.items()
            if name not in alone
        },
        confusion=confusion_matrix(labels, heard, labels=columns).tolist(),
    )


def judge_eight_way(
    meant: Sequence[str],
    probabilities: NDArray[np.float64],
    emotions: Sequence[str],
    uncertain: Sequence[bool] | NDArray[np.bool_],
    named: Sequence[bool],
) -> "OrderedDict[str, Any]":
    """Return how good answers are as a user meets them: the likeliest of all eight emotions.

    Parameters
    ----------
    meant, probabilities, emotions
        As for `judge`.
    uncertain
        Which answers are doubted.
    named
        For which clips an emotion is named at all. The others, in which no speech was heard,
        are no right answers, and have no confidence that could be right or wrong.

    Returns
    -------
    OrderedDict
        ``accuracy``, ``uar``, ``n_no_speech``, ``uncertain`` (share of the clips), ``ece`` (15
        bins) and ``mean_confidence`` (None where no emotion is named in any clip), ``sure``
        (``from``, ``coverage`` and, if any answer is so sure, ``accuracy``), ``confusion`` (rows:
        meant, in the order of `emotions`; columns: heard, in that of `EMOTION_NAMES`, and last
        no speech).
    """
    labels = np.array([EMOTION_NAMES.index(name) for name in meant])
    has_name = np.asarray(named, dtype=bool)
    no_speech = len(EMOTION_NAMES)
    heard = np.where(has_name, probabilities.argmax(axis=1), no_speech)
    confidence = np.where(has_name, probabilities.max(axis=1), 0.0)
    right = heard == labels
    sure = confidence >= SURE_FROM
    rows = [EMOTION_NAMES.index(name) for name in emotions]
    columns = np.arange(no_speech + 1)
    some = bool(has_name.any())
    return OrderedDict(
        accuracy=float(right.mean()),
        uar=float(np.mean([right[labels == row].mean() for row in rows])),
        n_no_speech=int((~has_name).sum()),
        uncertain=float(np.mean(uncertain)),
        ece=(
            calibration_metrics.expected_calibration_error(
                labels[has_name], probabilities[has_name]
            )
            if some
            else None
        ),
        mean_confidence=float(confidence[has_name].mean()) if some else None,
        sure={
            "from": SURE_FROM,
            "coverage": float(sure.mean()),
            "accuracy": float(right[sure].mean()) if sure.any() else None,
        },
        confusion=confusion_matrix(labels, heard, labels=columns)[rows].tolist(),
    )
