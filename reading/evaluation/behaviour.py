"""How the reader behaves, kind by kind, beside the one number on a test set.

In the manner of CheckList [1]_: `behaviour.toml` has sentences whose right answers are known, by
kinds (negation, somebody else's feeling, irony, ...); `judge_behaviour` says how many of each pass.

.. [1] M. T. Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList",
   ACL 2020.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from emotions.labels import EMOTION_NAMES
from reading.text import Reader

CASES = Path(__file__).with_name("behaviour.toml")
BEHAVIOUR_FILE = "behaviour.csv"
COLUMNS = ("kind", "cases", "passed", "failed")
MOST_CHANGE = 0.05  # of a probability, where nothing should change


def judge_behaviour(reader: Reader) -> pd.DataFrame:
    """Return the pass rate of every kind.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; ``failed`` is the first case that does not pass.
    """
    rows = []
    for kind, cases in tomllib.loads(CASES.read_text("utf-8")).items():
        results = list(_results(reader, cases))
        failed = next((text for text, passed in results if not passed), "")
        n_passed = sum(passed for _, passed in results)
        rows.append((kind.replace("_", " "), len(results), n_passed, failed))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _results(reader: Reader, cases: dict[str, list[list[str]]]) -> Iterator[tuple[str, bool]]:
    """Yield every case in words, and whether it passes."""
    for text, right in cases.get("says", ()):
        estimate = reader.predict(text)
        yield f"{text} ({estimate.label})", estimate.label in right
    for mild, strong, emotion in cases.get("milder", ()):
        place = EMOTION_NAMES.index(emotion)
        less, more = (reader.predict(text).probabilities[place] for text in (mild, strong))
        yield f"{mild} / {strong}", less < more
    for one, other in cases.get("same", ()):
        rows = np.array([reader.predict(text).probabilities for text in (one, other)])
        yield f"{one} / {other}", bool(np.abs(rows[0] - rows[1]).max() <= MOST_CHANGE)
