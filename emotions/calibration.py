"""Probabilities that are right about how sure they are, and the rule for "uncertain".

Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv
1706.04599): the logits are divided by one number T, which is fitted by the likelihood of examples
that the model was not trained on. Labels do not change; above T = 1 probabilities grow
milder, below it sharper. Dividing the logarithms of probabilities is the same as dividing logits.

**The rule**: an estimate is uncertain when the calibrated probability of its emotion is below one
half, for it is then more likely wrong than right, and whoever acts on it is misled more often
than served. The half itself is no result of any data; that a half *means* a half is what the
temperature sees to.

Who may be looked at: the temperature of a fold's model comes from that fold's validation people,
as this very model judges them, and from nobody else. A model that has met everybody takes the
geometric mean of the temperatures of all fold models of its recipe
(`emotions.calibration_fitting.mean_calibration`).

Only fitting needs SciPy; a sense loads without it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.labels import EMOTION_NAMES, in_percent
from foundation.artefacts import read_settings, update_settings
from foundation.errors import InputError

CONFIDENT_ABOVE = 0.5
SMALLEST_PROBABILITY = 5e-7  # tables hold six decimals: a zero there is anything below this


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities of logits, along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Calibration:
    """How probabilities of a model are to be read.

    Attributes
    ----------
    temperature
        Divides the logarithms of the probabilities; 1 leaves them as they are.
    confident_above
        An estimate whose most probable emotion lies below it is uncertain, 0..1; 0 is no rule.

    Raises
    ------
    ValueError
        If the temperature is not a positive number or `confident_above` is not in 0..1.
    """

    temperature: float = 1.0
    confident_above: float = 0.0

    def __post_init__(self) -> None:
        """Check both numbers once, here at the edge."""
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        if not 0 <= self.confident_above <= 1:
            raise ValueError(f"confident_above is {self.confident_above}; it must lie in 0..1")

    def apply(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities; shape (..., 8), each row sums to 1."""
        # Dividing by the largest keeps a power of tiny numbers from vanishing in every class.
        given = np.asarray(probabilities, dtype=np.float64)
        powers = (given / given.max(axis=-1, keepdims=True)) ** (1 / self.temperature)
        return powers / powers.sum(axis=-1, keepdims=True)

    def doubt(self, probabilities: Sequence[float]) -> str | None:
        """Return why calibrated probabilities should not be acted on, or None if they may be.

        Parameters
        ----------
        probabilities
            Eight of them, calibrated, in the order of `emotions.labels.EMOTIONS`.
        """
        first, second = np.argsort(-np.asarray(probabilities), kind="stable")[:2]
        if probabilities[first] >= self.confident_above:
            return None
        return (
            f"{EMOTION_NAMES[first]} has only {in_percent(probabilities[first])}, "
            f"{EMOTION_NAMES[second]} {in_percent(probabilities[second])}"
        )

    def to_dict(self) -> dict[str, float]:
        """Return plain values for ``settings.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | None) -> "Calibration":
        """Return what `to_dict` gave; None, as in models without it, changes nothing.

        Raises
        ------
        InputError
            If it is not a calibration.
        """
        try:
            return cls() if stored is None else cls(**stored)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"the calibration of the model cannot be used ({error}); take settings.json as "
                "it came, or train the model again"
            ) from error


def store_calibration(folder: Path, calibration: Calibration) -> None:
    """Write a calibration into the ``settings.json`` of a model folder."""
    update_settings(folder, {"calibration": calibration.to_dict()})


def stored_calibration(folder: Path) -> Calibration:
    """Return the calibration of a model folder; one without it has a temperature of 1."""
    return Calibration.from_dict(read_settings(folder).get("calibration"))
