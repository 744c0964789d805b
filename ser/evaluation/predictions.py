"""Predictions of clips by networks that have not heard the speaker: committed, read, judged.

The tables are those of `emotions.predictions`; an example is a clip, a person an actor of RAVDESS,
or a speaker of anybody's corpora. So every figure rebuilds without audio.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions.predictions import PredictionFormat
from ser.corpora.ravdess import INTENSITIES, Clip
from ser.network.artefact import DEFAULT_FOLDER

PREDICTIONS = PredictionFormat(
    example="clip",
    person="actor",
    advice="make them with `emotify evaluate --ravdess DIR --train --out FOLDER`",
)
OWN_PREDICTIONS = PredictionFormat(
    example="clip",
    person="speaker",
    advice="make them with `emotify evaluate --corpus DIR --labels CSV --train --out FOLDER`",
)
PREDICTIONS_FILE = "out_of_fold.csv"
VALIDATION_FILE = "validation.csv"  # what the calibrations were fitted on


def committed_predictions(name: str = PREDICTIONS_FILE) -> pd.DataFrame:
    """Return predictions that ship with the model."""
    return PREDICTIONS.read(DEFAULT_FOLDER / name)


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of a table of predictions (`PredictionFormat.figures`).

    ``uar_per_group`` has the speaker's sex and the intensity that was asked for (without neutral,
    which has but one).
    """
    return PREDICTIONS.figures(table, _groups)


def own_metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of a table of `OWN_PREDICTIONS`.

    ``uar_per_group`` has the corpora. ``uar_per_speaker`` leaves out who is heard in one emotion
    alone: of such a voice it would say what share of that emotion was found, and no more.
    """
    figures = OWN_PREDICTIONS.figures(table, _corpora)
    emotions_of = table.groupby("speaker")["emotion"].nunique()
    figures["uar_per_speaker"] = {
        speaker: uar
        for speaker, uar in figures["uar_per_speaker"].items()
        if emotions_of[speaker] > 1
    }
    return figures


def _corpora(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    corpora = table["speaker"].str.partition("/")[0]
    return {corpus: (corpora == corpus).to_numpy() for corpus in corpora.unique()}


def _groups(table: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    clips = [Clip.from_path(clip_id) for clip_id in table["clip_id"]]
    sexes = {"men": "male", "women": "female"}
    return {
        **{name: np.array([clip.sex == sex for clip in clips]) for name, sex in sexes.items()},
        **{
            f"{intensity} intensity": np.array(
                [clip.intensity == intensity and clip.emotion.name != "neutral" for clip in clips]
            )
            for intensity in INTENSITIES
        },
    }
