"""How much better a voice is heard once it is enrolled: measured on speakers never trained on.

For every actor three random clips of each emotion are set aside, and the others are judged by the
network of the fold that has never heard this actor: as an unknown speaker; enrolled with some or
all of the clips set aside, without their labels; and with labels. All rows judge the same clips,
and none of these is ever enrolled. This is done for several draws.

Clips without labels are a little lucky here: each emotion is there, and the microphone and the
sentences are those of the clips that are judged. Nothing was chosen on these results: the
constants of `ser.voices.adaptation` come from validation actors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions import calibration_metrics, metrics
from emotions.labels import EMOTION_NAMES
from foundation import tables
from foundation.progress import progress_bar
from ser.corpora.ravdess import Clip
from ser.evaluation.cross_validation import fold_models
from ser.evaluation.heard import Heard, hear, judged
from ser.recognizer import Recognizer
from ser.voices.adaptation import Adaptation, fit_correction
from ser.voices.enrolment import heard
from ser.voices.normalisation import merged, to_training

FILE = "enrolled.csv"
COLUMNS = ("speaker", "draw", "n_clips", "uar_percent", "accuracy_percent", "ece_percent")
N_DRAWS = 5
CLIPS_PER_EMOTION = 3
SEED = 2003
N_EMOTIONS = len(EMOTION_NAMES)


@dataclass(frozen=True)
class Condition:
    """What is enrolled.

    Attributes
    ----------
    name
        What the table calls it.
    n_clips
        How many of the clips that are set aside.
    labels
        Whether with their emotions.
    """

    name: str
    n_clips: int
    labels: bool


CONDITIONS = (
    Condition("unknown", 0, False),
    Condition("8 clips, no labels", 8, False),
    Condition("24 clips, no labels", 24, False),
    Condition("one labelled clip per emotion", 8, True),
    Condition("three labelled clips per emotion", 24, True),
)


@dataclass(frozen=True, eq=False)
class _HeardClip:
    """All of a clip that is needed, so that audio is read once."""

    label: int
    sound: Heard
    probabilities: NDArray[np.float64]
    direction: NDArray[np.float64]


def evaluate_enrolled(
    clips: Sequence[Clip], model_folder: Path, *, n_draws: int = N_DRAWS
) -> pd.DataFrame:
    """Judge every actor's clips as those of an unknown and of an enrolled speaker.

    Parameters
    ----------
    clips
        RAVDESS speech, all of it.
    model_folder
        With the networks of the folds.
    n_draws
        How often the clips to enrol are drawn.

    Returns
    -------
    DataFrame
        One row for each of `CONDITIONS` and each draw, columns `COLUMNS`. UAR is the mean over
        the folds, as in `ser.evaluation.cross_validation`; ECE has 15 bins.

    Raises
    ------
    InputError
        If a network is missing, was saved without the statistics of its training data, or tells
        no hidden layer, or a clip cannot be read.
    """
    jobs = [
        (recognizer, fold.number, actor, [clip for clip in fold.test if clip.actor == actor])
        for recognizer, fold in fold_models(clips, model_folder)
        for actor in sorted({clip.actor for clip in fold.test})
    ]
    run = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    answers = run(
        joblib.delayed(_judge_actor)(recognizer, fold, actor, of_actor, n_draws)
        for recognizer, fold, actor, of_actor in jobs
    )
    return table_of(pd.concat(list(progress_bar(answers, "enrolled", len(jobs), unit="actor"))))


def _judge_actor(
    recognizer: Recognizer, fold: int, actor: int, clips: Sequence[Clip], n_draws: int
) -> pd.DataFrame:
    of_actor = [_hear_clip(recognizer, clip) for clip in clips]
    sounds = [clip.sound for clip in of_actor]
    labels = np.array([clip.label for clip in of_actor])
    unknown = judged(recognizer, sounds)
    tables = []
    for draw in range(n_draws):
        aside = draw_enrolled(labels, np.random.default_rng([SEED, draw, actor]))
        rest = np.setdiff1d(np.arange(len(sounds)), aside)
        for condition in CONDITIONS:
            answers = unknown[rest]
            if condition.n_clips:
                enrolled = [of_actor[i] for i in aside[: condition.n_clips]]
                known = Recognizer(
                    recognizer.artefact, _adaptation(recognizer, enrolled, condition.labels)
                )
                answers = judged(known, [sounds[i] for i in rest])
            table = pd.DataFrame(answers, columns=list(EMOTION_NAMES))
            tables.append(
                table.assign(
                    speaker=condition.name, draw=draw, fold=fold, actor=actor, label=labels[rest]
                )
            )
    return pd.concat(tables)


def draw_enrolled(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which clips are set aside: the first eight have one of each emotion, and so on.

    Parameters
    ----------
    labels
        Meant emotions 0-7 of the clips of one actor, more than three of each.
    rng
        Source of chance.

    Returns
    -------
    ndarray
        Row numbers, shape (24,).
    """
    of_emotion = [rng.permutation(np.flatnonzero(labels == k)) for k in range(N_EMOTIONS)]
    return np.array([rows[turn] for turn in range(CLIPS_PER_EMOTION) for rows in of_emotion])


def _hear_clip(recognizer: Recognizer, clip: Clip) -> _HeardClip:
    sound = hear(recognizer, clip.path)
    return _HeardClip(clip.emotion.code - 1, sound, *heard(recognizer, sound.windows))


def _adaptation(recognizer: Recognizer, enrolled: Sequence[_HeardClip], labels: bool) -> Adaptation:
    statistics = merged(clip.sound.statistics for clip in enrolled)
    transform = to_training(statistics, recognizer.artefact)
    if not labels:
        return Adaptation(transform)
    correction = fit_correction(
        [clip.label for clip in enrolled],
        recognizer.calibration.apply([clip.probabilities for clip in enrolled]),
        [clip.direction for clip in enrolled],
    )
    return Adaptation(transform, correction)


def table_of(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `evaluate_enrolled`.

    Parameters
    ----------
    judged
        One row a judged clip: ``speaker``, ``draw``, ``fold``, ``label`` (0-7), and eight
        probabilities named after the emotions.
    """
    rows = []
    for (speaker, draw), part in judged.groupby(["speaker", "draw"], sort=False):
        labels = part["label"].to_numpy()
        probabilities = part[list(EMOTION_NAMES)].to_numpy()
        guesses = probabilities.argmax(axis=1)
        folds = part["fold"].to_numpy()
        uars = [metrics.uar(labels[folds == k], guesses[folds == k]) for k in np.unique(folds)]
        shares = (
            float(np.mean(uars)),
            float(np.mean(guesses == labels)),
            calibration_metrics.expected_calibration_error(labels, probabilities),
        )
        rows.append((speaker, draw, len(part), *(round(100 * share, 2) for share in shares)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {condition.name: number for number, condition in enumerate(CONDITIONS)}
    return table.sort_values(
        ["speaker", "draw"],
        key=lambda column: column.map(order) if column.name == "speaker" else column,
        ignore_index=True,
    )


def over_draws(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation over the draws, one row a condition in their order.

    Columns ``speaker``, ``n_clips``, and for each measure its mean under its own name and
    ``_sd``; ``gain_points`` is the change of UAR against the unknown speaker, by draw, so that
    the luck of a draw, which is the same for both, drops out of ``gain_points_sd``.
    """
    measures = ["uar_percent", "accuracy_percent", "ece_percent", "gain_points"]
    unknown = table[table["speaker"] == CONDITIONS[0].name].set_index("draw")["uar_percent"]
    table = table.assign(gain_points=table["uar_percent"] - table["draw"].map(unknown))
    groups = table.groupby("speaker", sort=False)
    deviations = groups[measures].std(ddof=1).add_suffix("_sd")
    means = groups[["n_clips", *measures]].mean().astype({"n_clips": int})
    return means.join(deviations).reset_index()


def read_table(path: Path) -> pd.DataFrame:
    """Read the table that was written.

    Raises
    ------
    InputError
        If it is another table.
    """
    return tables.read_table(path, COLUMNS)


def describe(table: pd.DataFrame) -> str:
    """Return the table as text for a terminal."""
    rows = over_draws(table).to_dict("records")
    width = max(len(row["speaker"]) for row in rows)
    lines = [f"{'speaker':<{width}}    UAR     gain  accuracy   ECE"]
    lines += [
        f"{row['speaker']:<{width}}  {row['uar_percent']:5.1f}  {row['gain_points']:+7.1f}  "
        f"{row['accuracy_percent']:8.1f}  {row['ece_percent']:4.1f}"
        for row in rows
    ]
    lines.append(
        f"{rows[0]['n_clips']} clips in each of {table['draw'].nunique()} draws; in percent, gain "
        "in points of UAR"
    )
    return "\n".join(lines)
