"""Tables of predictions: what a model said of examples that it was not trained on, as CSV files.

Every sense commits such a table beside its model, so that all its figures rebuild without the
data. A row is one example under one seed::

    clip_id, actor, fold, seed, emotion, neutral, calm, ..., surprised

The first two columns are named after what the sense judges; ``emotion`` is what was meant, and the
eight probabilities have six decimals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotions import metrics
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.tables import read_table, write_table
from foundation.text import printable

REPRODUCTION_TOLERANCE = 1e-3  # resampling, FFT and float32 sums differ a little between machines

Groups = Callable[[pd.DataFrame], Mapping[str, NDArray[np.bool_]]]


def labels_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return what was meant in each row, 0-7 in the order of `EMOTIONS`."""
    return table["emotion"].map(EMOTION_NAMES.index).to_numpy()


def probabilities_of(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the eight probabilities of each row; each sums to 1, which six decimals do not."""
    stored = table[list(EMOTION_NAMES)].to_numpy(dtype=float)
    return stored / stored.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class PredictionFormat:
    """How the tables of one sense are named.

    Attributes
    ----------
    example
        What is judged, such as ``"clip"``: there is a column ``clip_id`` and a figure
        ``n_clips``.
    person
        Whose it is, such as ``"actor"``: a column, and a figure ``uar_per_actor``.
    advice
        What to do where a table is missing; the message ends with it.
    """

    example: str
    person: str
    advice: str

    @property
    def example_id(self) -> str:
        """Name of the column that says which example it is."""
        return f"{self.example}_id"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return (self.example_id, self.person, "fold", "seed", "emotion", *EMOTION_NAMES)

    def write(self, table: pd.DataFrame, path: Path) -> None:
        """Write a table; an existing one is replaced at the end."""
        write_table(table, path, float_format="%.6f")

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table.

        Raises
        ------
        InputError
            If the file is missing or is not such a table.
        """
        name = printable(path)
        table = read_table(path, self.columns, self.advice, dtype={self.example_id: str})
        if table.empty or table.isna().any(axis=None):
            raise InputError(f"{name}: is empty or has gaps; {self.advice}")
        unknown = set(table["emotion"]) - set(EMOTION_NAMES)
        if unknown:
            raise InputError(f"{name}: has unknown emotions {sorted(unknown)}; {self.advice}")
        return table

    def in_order(self, tables: list[pd.DataFrame]) -> pd.DataFrame:
        """Return tables as one, by seed and example."""
        return pd.concat(tables).sort_values(["seed", self.example_id], ignore_index=True)

    def figures(self, table: pd.DataFrame, groups: Groups | None = None) -> dict[str, Any]:
        """Return `emotions.metrics.evaluate` of a table, averaged over its seeds.

        Parameters
        ----------
        table
            Columns `columns`.
        groups
            Gives, for rows of the table, which belong to each group whose UAR is wanted.

        Returns
        -------
        dict
            As `emotions.metrics.over_seeds`, with ``uar_per_group`` if there are groups, and with
            ``n_examples`` and ``uar_per_person`` named after `example` and `person`.
        """
        per_seed = {}
        for seed in table["seed"].unique():
            rows = table[table["seed"] == seed]
            labels, probabilities = labels_of(rows), probabilities_of(rows)
            judged = metrics.evaluate(labels, probabilities, rows[self.person], rows["fold"])
            if groups is not None:
                predicted = probabilities.argmax(axis=1)
                judged["uar_per_group"] = {
                    group: metrics.uar(labels[members], predicted[members])
                    for group, members in groups(rows).items()
                    if members.any()
                }
            per_seed[int(seed)] = judged
        names = {"n_examples": f"n_{self.example}s", "uar_per_person": f"uar_per_{self.person}"}
        return {names.get(key, key): value for key, value in metrics.over_seeds(per_seed).items()}

    def compare(self, table: pd.DataFrame, committed: pd.DataFrame) -> "Reproduction":
        """Compare predictions with the committed ones of the same seeds, example by example."""
        key = [self.example_id, "seed"]
        committed = committed[committed["seed"].isin(table["seed"].unique())]
        both = table.merge(committed, on=key, suffixes=("_now", "_then"))
        now = both[[f"{name}_now" for name in EMOTION_NAMES]].to_numpy()
        then = both[[f"{name}_then" for name in EMOTION_NAMES]].to_numpy()
        ours, theirs = (set(map(tuple, t[key].itertuples(index=False))) for t in (table, committed))
        return Reproduction(
            examples=f"{self.example}s",
            n_examples=len(both),
            largest_difference=float(np.abs(now - then).max()) if len(both) else 1.0,
            n_labels_changed=int((now.argmax(axis=1) != then.argmax(axis=1)).sum()),
            missing=tuple(sorted(str(example) for example, _ in ours ^ theirs)),
        )


@dataclass(frozen=True)
class Reproduction:
    """How predictions made now compare with the committed ones.

    Attributes
    ----------
    examples
        What they are called.
    n_examples
        How many were compared.
    largest_difference
        Largest absolute difference of any probability.
    n_labels_changed
        Examples whose most probable emotion is another one now.
    missing
        Committed examples that were not predicted now, or the other way round.
    """

    examples: str
    n_examples: int
    largest_difference: float
    n_labels_changed: int
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the committed table is reproduced."""
        return not self.missing and self.largest_difference <= REPRODUCTION_TOLERANCE

    def summary(self) -> str:
        """Say it in one line."""
        verdict = "reproduced" if self.ok else "NOT reproduced"
        text = (
            f"committed predictions {verdict}: {self.n_examples} {self.examples}, largest "
            f"difference {self.largest_difference:.1e}, labels changed {self.n_labels_changed}"
        )
        if not self.missing:
            return text
        return f"{text}, {self.examples} on one side only {len(self.missing)}"
