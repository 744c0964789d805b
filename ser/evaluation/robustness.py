"""What happens to the answers when the same clip comes by another way: behavioural tests.

In the manner of audEERING's ``ser-tests`` (Derington et al. 2023, arXiv:2312.06270): every clip of
RAVDESS is changed (`ser.evaluation.conditions`), goes through the recogniser of the fold that has
never heard its speaker, as a user's recording would, and is compared with the answer for the clip
as recorded. Each condition has a limit, and the table says whether it holds. Training varies some
of the same things (`ser.features.augment`); the chance here comes from seeds of its own, and the
noise from recordings where there are some.
"""

import math
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions import metrics
from emotions.labels import EMOTION_NAMES
from foundation import tables
from foundation.errors import InputError
from foundation.progress import progress_bar
from ser.corpora.ravdess import Clip
from ser.evaluation.conditions import Condition
from ser.evaluation.cross_validation import fold_models
from ser.evaluation.encodings import Encoding
from ser.recognizer import Recognizer
from ser.sound.audio import Recording, read_whole

FILE = "robustness.csv"
COLUMNS = (
    "condition", "n_clips", "n_refused", "uar_percent", "uar_change_points",
    "labels_unchanged_percent", "mean_probability_change", "mean_confidence_percent", "limit",
    "holds",
)  # fmt: skip
SEED = 731  # of all chance here; no training uses it
REFUSED = -1


def evaluate_robustness(
    clips: Sequence[Clip], model_folder: Path, chosen: Sequence[Condition]
) -> pd.DataFrame:
    """Judge every clip under every condition with the network that has not heard its speaker.

    Parameters
    ----------
    clips
        RAVDESS speech, or a part with all 24 actors.
    model_folder
        With the networks of the folds.
    chosen
        `ser.evaluation.conditions.conditions`, or some; the first must be the clip as recorded.

    Returns
    -------
    DataFrame
        One row a condition, columns `COLUMNS`. UAR is the mean over the folds, as in
        `ser.evaluation.cross_validation`. A clip that the recogniser refuses counts as wrong, and
        its label as changed; the change of probabilities is over the others.

    Raises
    ------
    InputError
        If a network is missing, a clip cannot be read, or an encoder is missing.
    """
    for condition in chosen:
        if condition.encoding is not None:
            condition.encoding.check()
    jobs = [
        (recognizer, clip, fold.number)
        for recognizer, fold in fold_models(clips, model_folder)
        for clip in fold.test
    ]
    # Threads share the networks; decoding, resampling and the network run outside Python's lock.
    run = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    answers = run(joblib.delayed(_judge)(recognizer, clip, chosen) for recognizer, clip, _ in jobs)
    judged = np.stack(list(progress_bar(answers, "robustness", len(jobs), unit="clip")))
    return table_of(
        judged,
        np.array([clip.emotion.code - 1 for _, clip, _ in jobs]),
        np.array([fold for _, _, fold in jobs]),
        chosen,
    )


def _judge(recognizer: Recognizer, clip: Clip, chosen: Sequence[Condition]) -> NDArray[np.float64]:
    """Return probabilities of shape (n_conditions, 8); a row of NaN where refused."""
    recording = Recording(clip.path)
    samples = read_whole(recording, recording.sample_rate_hz)
    rows = np.full((len(chosen), len(EMOTION_NAMES)), np.nan)
    once = Recognizer(recognizer.artefact, noisy_below_db=-math.inf)
    for row, condition in zip(rows, chosen, strict=True):
        # Chance belongs to clip and change, whichever others are judged, in whatever order.
        name = f"{clip.clip_id} {condition.change_name}"
        rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
        changed, rate = condition.change(samples, recording.sample_rate_hz, rng)
        try:
            heard = recognizer if condition.denoised else once
            row[:] = _predicted(heard, changed, rate, condition.encoding)
        except InputError:  # a clip that is too soft now, say
            continue
    return rows


def _predicted(
    recognizer: Recognizer, samples: NDArray[Any], sample_rate_hz: int, encoding: Encoding | None
) -> tuple[float, ...]:
    if encoding is None:
        return recognizer.predict(samples, sample_rate_hz=sample_rate_hz).probabilities
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{encoding.suffix}"
        encoding.write(path, samples, sample_rate_hz)
        return recognizer.predict(path).probabilities


def table_of(
    judged: NDArray[np.float64],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    chosen: Sequence[Condition],
) -> pd.DataFrame:
    """Return the table of `evaluate_robustness`.

    Parameters
    ----------
    judged
        Probabilities of shape (n_clips, n_conditions, 8), NaN where a clip was refused.
    labels, folds
        Meant emotion 0-7, and fold, of each clip.
    chosen
        The conditions, the clip as recorded first.
    """
    refused = np.isnan(judged[:, :, 0])
    heard = np.where(refused, REFUSED, np.nan_to_num(judged).argmax(axis=2))
    uars = [
        100
        * np.mean(
            [
                metrics.uar(labels[folds == fold], heard[folds == fold, number])
                for fold in np.unique(folds)
            ]
        )
        for number in range(len(chosen))
    ]
    rows = []
    for number, condition in enumerate(chosen):
        # Rounded first, so that the verdict is about the figures that can be read.
        change = round(uars[number] - uars[0], 2)
        same = round(100 * float(np.mean((heard[:, number] == heard[:, 0]) & ~refused[:, 0])), 2)
        answered = ~refused[:, number] & ~refused[:, 0]
        difference = np.abs(judged[answered, number] - judged[answered, 0])
        confidence = judged[answered, number].max(axis=1)
        limit = condition.largest_uar_change
        holds = limit is None or (
            abs(change) <= limit and same >= condition.least_unchanged_percent
        )
        rows.append(
            (
                condition.name,
                len(labels),
                int(refused[:, number].sum()),
                round(uars[number], 2),
                change,
                same,
                round(float(difference.mean()), 4) if answered.any() else math.nan,
                round(100 * float(confidence.mean()), 2) if answered.any() else math.nan,
                condition.limit if number else "",
                holds,
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_table(path: Path) -> pd.DataFrame:
    """Read the table that was written.

    Raises
    ------
    InputError
        If it is another table.
    """
    empty = {"mean_probability_change": [""], "mean_confidence_percent": [""]}
    return tables.read_table(path, COLUMNS, keep_default_na=False, na_values=empty)


def describe(table: pd.DataFrame) -> str:
    """Return the table as text for a terminal."""
    width = max(map(len, table["condition"]))
    lines = [f"{'condition':<{width}}   UAR  change  same labels  |dp|    sure    limit"]
    for row in table.to_dict("records"):
        refused = f", {row['n_refused']} refused" if row["n_refused"] else ""
        verdict = f"{row['limit']}: {'holds' if row['holds'] else 'DOES NOT HOLD'}"
        lines.append(
            f"{row['condition']:<{width}}  {row['uar_percent']:4.1f}  "
            f"{row['uar_change_points']:+5.1f}  {row['labels_unchanged_percent']:8.1f} %  "
            f"{row['mean_probability_change']:.4f}  {row['mean_confidence_percent']:4.1f} %  "
            f"{verdict if row['limit'] else ''}{refused}"
        )
    lines.append(f"{table['n_clips'].iloc[0]} clips; UAR in percent, change in points")
    return "\n".join(lines)
