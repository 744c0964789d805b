"""Probabilities that are right about how sure they are, and the rule for "uncertain".

Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv
1706.04599): the logits are divided by one number T, which is fitted by the likelihood of clips
that the network was not trained on. Labels do not change; above T = 1 probabilities grow
milder, below it sharper. Dividing the logarithms of probabilities is the same as dividing logits.

**The rule**: an estimate is uncertain when the calibrated probability of its emotion is below one
half, for it is then more likely wrong than right, and whoever acts on it is misled more often
than served. The half itself is no result of any data; that a half *means* a half is what the
temperature sees to.

Who may be looked at: the temperature of a fold's network comes from that fold's validation
actors, as this very network hears them, and from nobody else. The shipped network has heard
everybody, so it takes the geometric mean of the temperatures of all fold networks of its recipe
(`mean_calibration`).

Only fitting needs SciPy; a recogniser loads without it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ser.emotions import EMOTION_NAMES
from ser.errors import InputError
from ser.safe_write import write_text

if TYPE_CHECKING:
    import pandas as pd

CONFIDENT_ABOVE = 0.5
SMALLEST_PROBABILITY = 5e-7  # tables hold six decimals: a zero there is anything below this
# Weight of (log T)^2 against the mean negative log-likelihood, divided by the number of speakers.
# The best temperature differs between speakers by a factor of 1.3 (standard deviation of log T:
# 0.25), so that of two of them is partly chance and is drawn towards 1. Chosen on validation
# actors: fitted on one of the two, judged on the other, for probabilities as they were and for
# the same made sharper and milder by 1.6. Of 0 to 2, 0.2 had the least loss on average over the
# three and in the worst of them; a stronger pull is better only where nothing is to be undone.
SHRINKAGE = 0.2
WIDEST_LOG_TEMPERATURE = 3.0


@dataclass(frozen=True)
class Calibration:
    """How probabilities of a network are to be read.

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
            Eight of them, calibrated, in the order of `ser.emotions.EMOTIONS`.
        """
        first, second = np.argsort(-np.asarray(probabilities), kind="stable")[:2]
        if probabilities[first] >= self.confident_above:
            return None
        return (
            f"{EMOTION_NAMES[first]} has only {probabilities[first]:.0%}, "
            f"{EMOTION_NAMES[second]} {probabilities[second]:.0%}"
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


def fit_temperature(labels: ArrayLike, probabilities: ArrayLike, speakers: ArrayLike) -> float:
    """Return the temperature under which the labels are most likely, drawn a little towards 1.

    Parameters
    ----------
    labels
        Meant emotions 0-7 of clips that the network was not trained on, shape (n_clips,).
    probabilities
        What the network says without calibration, shape (n_clips, 8).
    speakers
        Who speaks, shape (n_clips,). The fewer there are, the stronger the pull towards 1.

    Raises
    ------
    ValueError
        As `ser.metrics.validate`.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    from ser.metrics import validate

    validate(labels, probabilities)
    labels = np.asarray(labels)
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
    pull = SHRINKAGE / len(np.unique(speakers))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / math.exp(log_temperature), axis=1)[rows, labels]
        return float(pull * log_temperature**2 - likelihoods.mean())

    bounds = (-WIDEST_LOG_TEMPERATURE, WIDEST_LOG_TEMPERATURE)
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_calibration(table: "pd.DataFrame") -> Calibration:
    """Return the calibration of a network from its predictions of validation clips.

    Parameters
    ----------
    table
        Columns ``actor``, ``emotion`` and the eight emotions, as
        `ser.evaluate.predict_clips` gives them, by a network that has no calibration yet.
    """
    probabilities = table[list(EMOTION_NAMES)].to_numpy(dtype=float)
    temperature = fit_temperature(
        table["emotion"].map(EMOTION_NAMES.index).to_numpy(), probabilities, table["actor"]
    )
    return Calibration(round(temperature, 4), CONFIDENT_ABOVE)


def store_calibration(folder: Path, calibration: Calibration) -> None:
    """Write a calibration into the ``settings.json`` of a model folder."""
    path = folder / "settings.json"
    settings = json.loads(path.read_text("utf-8"))
    settings["calibration"] = calibration.to_dict()
    write_text(path, json.dumps(settings, indent=2) + "\n")


def stored_calibration(folder: Path) -> Calibration:
    """Return the calibration of a model folder; one without it has a temperature of 1."""
    settings = json.loads((folder / "settings.json").read_text("utf-8"))
    return Calibration.from_dict(settings.get("calibration"))


def mean_calibration(calibrations: Sequence[Calibration]) -> Calibration:
    """Return one calibration for a network that has heard all speakers.

    Its temperature is the geometric mean, because temperatures are factors: 0.5 and 2 are
    equally far from 1.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not calibrations:
        raise ValueError("the calibrations of the fold networks are needed, none was given")
    temperature = math.exp(
        math.fsum(math.log(calibration.temperature) for calibration in calibrations)
        / len(calibrations)
    )
    threshold = math.fsum(each.confident_above for each in calibrations) / len(calibrations)
    return Calibration(round(temperature, 4), round(threshold, 4))
