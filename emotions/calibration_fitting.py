"""Fit a calibration: predictions of people whom the model has not met flow in, a temperature out.

`emotions.calibration` says what it does, and who may be looked at. This needs SciPy.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from emotions.calibration import CONFIDENT_ABOVE, SMALLEST_PROBABILITY, Calibration
from emotions.metrics import validate
from emotions.predictions import labels_of, probabilities_of

if TYPE_CHECKING:
    import pandas as pd


# Weight of (log T)^2 against the mean negative log-likelihood, divided by the number of people.
# The best temperature differs between people by a factor of 1.3 (standard deviation of log T:
# 0.25), so that of two of them is partly chance and is drawn towards 1. Chosen where folds have two
# validation people each (RAVDESS): fitted on one, judged on the other, for probabilities as they
# were and for the same made sharper and milder by 1.6. Of 0 to 2, 0.2 had the least loss on average
# over the three and in the worst of them; a stronger pull is better only where nothing is to be
# undone.
SHRINKAGE = 0.2
WIDEST_LOG_TEMPERATURE = 3.0


def fit_temperature(labels: ArrayLike, probabilities: ArrayLike, people: ArrayLike) -> float:
    """Return the temperature under which the labels are most likely, drawn a little towards 1.

    Parameters
    ----------
    labels
        Meant emotions 0-7 of examples that the model was not trained on, shape (n_examples,).
    probabilities
        What the model says without calibration, shape (n_examples, 8).
    people
        Whose example it is, shape (n_examples,). The fewer there are, the stronger the pull
        towards 1.

    Raises
    ------
    ValueError
        As `emotions.metrics.validate`.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    validate(labels, probabilities)
    labels = np.asarray(labels)
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))
    pull = SHRINKAGE / len(np.unique(people))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / math.exp(log_temperature), axis=1)[rows, labels]
        return float(pull * log_temperature**2 - likelihoods.mean())

    bounds = (-WIDEST_LOG_TEMPERATURE, WIDEST_LOG_TEMPERATURE)
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_calibration(table: "pd.DataFrame", person: str) -> Calibration:
    """Return the calibration of a model from its predictions of validation examples.

    Parameters
    ----------
    table
        Columns ``emotion``, the eight emotions and `person`, as `emotions.predictions` has them,
        by a model that has no calibration yet.
    person
        Name of the column that says whose example it is.
    """
    temperature = fit_temperature(labels_of(table), probabilities_of(table), table[person])
    return Calibration(round(temperature, 4), CONFIDENT_ABOVE)


def mean_calibration(calibrations: Sequence[Calibration]) -> Calibration:
    """Return one calibration for a model that has met all people.

    Its temperature is the geometric mean, because temperatures are factors: 0.5 and 2 are
    equally far from 1.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not calibrations:
        raise ValueError("the calibrations of the fold models are needed, none was given")
    temperature = math.exp(
        math.fsum(math.log(calibration.temperature) for calibration in calibrations)
        / len(calibrations)
    )
    threshold = math.fsum(each.confident_above for each in calibrations) / len(calibrations)
    return Calibration(round(temperature, 4), round(threshold, 4))
