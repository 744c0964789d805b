"""What answers about corpora that were left out are worth: predictions in, figures out."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions import metrics
from emotions.calibration import CONFIDENT_ABOVE
from emotions.calibration_metrics import reliability
from emotions.labels import EMOTION_NAMES
from emotions.predictions import labels_of, probabilities_of
from emotions.report import percent
from ser.evaluation.cross_corpus import judge, judge_eight_way

STRANGERS_FILE = "strangers.csv"


def strangers_figures(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return figures by corpus.

    Parameters
    ----------
    table
        `ser.evaluation.predictions.OWN_PREDICTIONS`; a speaker begins with the corpus.

    Returns
    -------
    dict
        For each corpus ``n_clips``, ``n_speakers``, ``chance``, ``among`` (`judge`),
        ``eight_way`` (`judge_eight_way`, with the curve of ``reliability``), and
        ``uar_per_voice``: UAR among the corpus' emotions once the mean log-probability of each
        class over a speaker's recordings is taken away, which takes recordings of mixed emotions
        and no label.
    """
    figures = {}
    corpora = table["speaker"].str.partition("/")[0].to_numpy()
    for corpus in dict.fromkeys(corpora):
        part = table[corpora == corpus]
        labels, probabilities = labels_of(part), probabilities_of(part)
        there = [EMOTION_NAMES[index] for index in np.unique(labels)]
        meant, speakers = part["emotion"].tolist(), part["speaker"].tolist()
        curve = reliability(labels, probabilities)
        doubted = probabilities.max(axis=1) < CONFIDENT_ABOVE
        figures[str(corpus)] = {
            "n_clips": len(part),
            "n_speakers": part["speaker"].nunique(),
            "chance": 1 / len(there),
            "among": judge(meant, probabilities, there, speakers),
            "eight_way": {
                **judge_eight_way(
                    meant, probabilities, there, doubted, np.ones(len(part), bool).tolist()
                ),
                "reliability": {key: values.tolist() for key, values in curve.items()},
            },
            "uar_per_voice": _uar_per_voice(labels, probabilities, part["speaker"].to_numpy()),
        }
    return figures


def _uar_per_voice(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], speakers: NDArray[Any]
) -> float:
    logarithms = np.log(np.maximum(probabilities, 1e-7))
    for speaker in set(speakers.tolist()):
        own = speakers == speaker
        logarithms[own] -= logarithms[own].mean(axis=0)
    there = np.unique(labels)
    return metrics.uar(labels, there[logarithms[:, there].argmax(axis=1)])


def strangers_table(figures: dict[str, dict[str, Any]]) -> str:
    """Return a Markdown table of `strangers_figures`, one row a corpus."""
    lines = [
        "| corpus, left out of the training | UAR among its emotions (chance) | the same, knowing "
        "the voice's other clips | eight-way accuracy | mean confidence | ECE | answers of 80 % or "
        "more | of these right |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for corpus, one in figures.items():
        eight = one["eight_way"]
        sure = eight["sure"]
        cells = [
            f"{corpus}: {one['n_clips']} clips, {one['n_speakers']} speakers",
            f"{percent(one['among']['uar'])} ({percent(one['chance'])})",
            percent(one["uar_per_voice"]),
            percent(eight["accuracy"]),
            percent(eight["mean_confidence"]),
            percent(eight["ece"]),
            percent(sure["coverage"]),
            percent(sure.get("accuracy")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
