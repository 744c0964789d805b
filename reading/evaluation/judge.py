"""What the reader says of texts that it has not learned from, as tables that are committed.

GoEmotions and dair have a test split; of XED and BRIGHTER the validation split judges, and of
EmpatheticDialogues everything, since nothing was fitted or chosen on these. Only texts of one
emotion count, and none that is also in a training split. The text itself is not kept: a row says
the place in the corpus' file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotions import calibration_metrics
from emotions.labels import EMOTION_NAMES
from emotions.predictions import PredictionFormat, labels_of, probabilities_of
from reading.corpora.texts import CORPORA, read_texts
from reading.network.artefact import FOLDER
from reading.text import Reader

PREDICTIONS_FILE = "predictions.csv"
PREDICTIONS = PredictionFormat(
    example="text",
    person="language",
    advice="make them with `python -m reading.evaluate --texts DIR --out FOLDER`",
)
JUDGED = {
    "goemotions": "test",
    "dair_emotion": "test",
    "xed": "validation",
    "brighter": "validation",
    "empathetic_situations": "train",
}


def predict_texts(
    reader: Reader, folder: Path, names: Sequence[str] = tuple(JUDGED)
) -> pd.DataFrame:
    """Return what a reader says of the judging texts of some corpora (`PREDICTIONS`).

    Parameters
    ----------
    reader
        The reader.
    folder
        With the corpora's files (`reading.corpora.texts.read_texts`).
    names
        Of `JUDGED`.
    """
    tables = []
    for name in names:
        texts = read_texts(folder, [name])
        met = set(texts.loc[texts["split"] == "train", "text"].str.casefold().str.strip())
        judged = texts[(texts["split"] == JUDGED[name]) & (texts["emotions"].map(len) == 1)]
        if JUDGED[name] != "train":
            judged = judged[~judged["text"].str.casefold().str.strip().isin(met)]
        judged = judged[judged["text"].str.strip() != ""]
        estimates = reader.predict_many(judged["text"], total=len(judged), progress=True)
        rows = np.array([estimate.probabilities for estimate in estimates])
        table = pd.DataFrame(rows, columns=list(EMOTION_NAMES))
        table.insert(0, "text_id", [f"{name}/{row}" for row in judged.index])
        table.insert(1, "language", judged["language"].to_numpy())
        table.insert(2, "fold", 0)
        table.insert(3, "seed", 0)
        table.insert(4, "emotion", [emotions[0] for emotions in judged["emotions"]])
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def committed_predictions() -> pd.DataFrame:
    """Return the predictions that ship with the reader."""
    return PREDICTIONS.read(FOLDER / PREDICTIONS_FILE)


def figures_of(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the figures of each corpus and language, by ``"corpus"`` and ``"corpus/language"``.

    Returns
    -------
    dict
        ``n_texts``; ``accuracy`` and ``macro_f1`` over the emotions of the corpus, of the likeliest
        of all eight as a user meets it; ``among``, the same macro-F1 of the likeliest of these
        emotions; ``ece`` with 15 bins; ``f1`` by emotion.
    """
    corpora = table["text_id"].str.partition("/")[0]
    found = {}
    for name in corpora.unique():
        of_it = table[corpora == name]
        found[name] = _judged(of_it, name)
        languages = of_it["language"].unique()
        for language in languages if len(languages) > 1 else ():
            found[f"{name}/{language}"] = _judged(of_it[of_it["language"] == language], name)
    return found


def _judged(table: pd.DataFrame, corpus: str) -> dict[str, Any]:
    from sklearn.metrics import f1_score

    labels, probabilities = labels_of(table), probabilities_of(table)
    said = probabilities.argmax(axis=1)
    there = sorted(set(labels))
    asked = [EMOTION_NAMES.index(name) for name in CORPORA[corpus].asked]
    among = np.array(asked)[probabilities[:, asked].argmax(axis=1)]
    scores = f1_score(labels, said, labels=there, average=None)
    return {
        "n_texts": len(table),
        "accuracy": float(np.mean(said == labels)),
        "macro_f1": float(scores.mean()),
        "among": float(f1_score(labels, among, labels=there, average="macro")),
        "ece": calibration_metrics.expected_calibration_error(labels, probabilities),
        "f1": {EMOTION_NAMES[i]: float(f) for i, f in zip(there, scores, strict=True)},
    }
