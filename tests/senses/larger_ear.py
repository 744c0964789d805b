"""The larger ear, as the list of checks sees it: what it is asked and must refuse is speech's."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ser.network.artefact import EAR_FOLDER
from ser.recognizer import Recognizer, load_recognizer
from tests.senses.speech import PROMPT, SPEECH, content, rate_of, samples_of

if TYPE_CHECKING:
    import pandas as pd


def load(folder: Path = EAR_FOLDER) -> Recognizer:
    return load_recognizer(folder)


def held_out() -> "pd.DataFrame":
    from ser.evaluation.predictions import PREDICTIONS, PREDICTIONS_FILE  # answering does without

    return PREDICTIONS.read(EAR_FOLDER / PREDICTIONS_FILE)


prompt, _, *others = SPEECH.contents
twice = np.tile(samples_of(PROMPT), 2)  # several windows, each of which takes it a while

LARGER_EAR = replace(
    SPEECH,
    name="larger ear",
    address="tests.senses.larger_ear:LARGER_EAR",
    load=load,
    contents=(
        prompt,
        content("the prompt twice", twice, rate_of(PROMPT), doubtful=True),
        *others,
    ),
    folder=EAR_FOLDER,
    data="EmoDB",
    held_out=held_out,
    command=(*SPEECH.command, "--ear", "whisper"),
)
