"""Whether probabilities are right about how sure they are: pure functions, for any classifier.

Labels are indices 0-7 in the order of `emotions.labels.EMOTIONS`; probabilities have shape
(n_examples, 8). Figures are shares, 0..1, but for the negative log-likelihood (nats, natural
logarithm) and the Brier score (0..2, summed over the classes as in Brier 1950).

Confidence is the largest of the eight probabilities. Bins of confidence are those of Guo et al.
2017 (arXiv 1706.04599): equal in width over 0..1, open below and closed above. Risk and coverage
are those of Geifman and El-Yaniv 2017 (arXiv 1705.08500): the share of errors among the examples
that are answered, against the share answered, when the least confident are refused first.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotions.calibration import CONFIDENT_ABOVE, SMALLEST_PROBABILITY
from emotions.labels import EMOTION_NAMES

N_BINS = 15
CURVE_POINTS = 41  # of the risk-coverage curve that `sureness` returns, for pictures


def negative_log_likelihood(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean of -log of the probability of what was meant, in nats."""
    labels = np.asarray(labels)
    meant = np.asarray(probabilities)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(meant, SMALLEST_PROBABILITY)).mean())


def brier_score(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean squared distance of the probabilities from certainty about the truth."""
    truth = np.eye(len(EMOTION_NAMES))[np.asarray(labels)]
    return float(((np.asarray(probabilities) - truth) ** 2).sum(axis=1).mean())


def reliability(
    labels: ArrayLike, probabilities: ArrayLike, *, n_bins: int = N_BINS
) -> dict[str, NDArray[Any]]:
    """Return what a reliability diagram shows: one entry for each bin of confidence, lowest first.

    Returns
    -------
    dict
        ``n`` examples in the bin, their mean ``confidence``, and their ``accuracy``; the last two
        are 0 for a bin without examples.
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    sums = _bin_sums(hits, confidence, n_bins)
    counted = np.maximum(sums[:, 0], 1)
    return {
        "n": sums[:, 0].astype(int),
        "confidence": sums[:, 1] / counted,
        "accuracy": sums[:, 2] / counted,
    }


def expected_calibration_error(
    labels: ArrayLike, probabilities: ArrayLike, *, n_bins: int = N_BINS
) -> float:
    """Return ECE: the mean gap between confidence and accuracy over the bins, by their examples."""
    hits, confidence = _hits_and_confidence(labels, probabilities)
    return float(_calibration_error(_bin_sums(hits, confidence, n_bins)))


def calibration_error_by_chance(
    probabilities: ArrayLike, *, n_bins: int = N_BINS, n_draws: int = 500, seed: int = 0
) -> float:
    """Return the mean ECE of these probabilities if they were exactly right.

    A bin of few examples is never met exactly, so ECE is above 0 even then; no calibration can be
    expected to fall below this. Labels are drawn from the probabilities themselves.
    """
    confidence = np.asarray(probabilities).max(axis=1)
    hits = np.random.default_rng(seed).random((n_draws, len(confidence))) < confidence
    return float(np.mean([_calibration_error(_bin_sums(h, confidence, n_bins)) for h in hits]))


def calibration_error_interval(
    labels: ArrayLike,
    probabilities: ArrayLike,
    people: ArrayLike,
    *,
    n_bins: int = N_BINS,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % interval of ECE when whole people are drawn with replacement.

    Drawing adds chance to the gaps, so the interval lies higher around ECE than below it.
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    people = np.asarray(people)
    sums = np.stack(
        [
            _bin_sums(hits[people == person], confidence[people == person], n_bins)
            for person in np.unique(people)
        ]
    )
    draws = np.random.default_rng(seed).integers(len(sums), size=(n_resamples, len(sums)))
    errors = _calibration_error(sums[draws].sum(axis=1))
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)


def _hits_and_confidence(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    probabilities = np.asarray(probabilities, dtype=float)
    return probabilities.argmax(axis=1) == np.asarray(labels), probabilities.max(axis=1)


def _bin_sums(
    hits: NDArray[np.bool_], confidence: NDArray[np.float64], n_bins: int
) -> NDArray[np.float64]:
    """Return, for each bin, examples, the sum of confidence, and hits; shape (n_bins, 3)."""
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    parts = (np.ones_like(confidence), confidence, hits.astype(float))
    return np.stack([np.bincount(bins, part, minlength=n_bins) for part in parts], axis=1)


def _calibration_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ECE of sums of shape (..., n_bins, 3)."""
    gaps = np.abs(sums[..., 1] - sums[..., 2])
    return gaps.sum(axis=-1) / sums[..., 0].sum(axis=-1)


def risk_coverage(
    labels: ArrayLike, probabilities: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage and risk, one point for each example, the most confident first.

    Clips of equal confidence are answered together, so that their order does not matter. The
    mean of the risk is the area under the curve (AURC; Geifman et al. 2018, arXiv 1805.08206).
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    order = np.argsort(-confidence, kind="stable")
    falling = -confidence[order]
    answered = np.searchsorted(falling, falling, side="right")
    errors = np.cumsum(~hits[order])[answered - 1]
    return answered / len(hits), errors / answered


def accuracy_on_most_confident(
    labels: ArrayLike, probabilities: ArrayLike, *, share: float = 0.5
) -> float:
    """Return the accuracy on this share of the examples, those of the highest confidence."""
    coverage, risk = risk_coverage(labels, probabilities)
    return float(1 - risk[np.searchsorted(coverage, share)])


def sureness(
    labels: ArrayLike, probabilities: ArrayLike, people: ArrayLike
) -> "OrderedDict[str, Any]":
    """Judge whether probabilities are right about how sure they are.

    Returns
    -------
    OrderedDict
        ``ece`` (15 bins), its ``ece_interval_95`` over people and ``ece_by_chance``;
        ``negative_log_likelihood``; ``brier_score``; ``area_under_risk_coverage``;
        ``accuracy_confident_half``; ``uncertain``, the share of examples below
        `emotions.calibration.CONFIDENT_ABOVE`, and the accuracy on either side of it,
        ``accuracy_uncertain`` and ``accuracy_certain`` (None where there are no examples);
        ``reliability`` and ``risk_coverage``, the curves as lists.
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    certain = confidence >= CONFIDENT_ABOVE
    coverage, risk = risk_coverage(labels, probabilities)
    points = np.linspace(0, len(hits) - 1, min(CURVE_POINTS, len(hits))).round().astype(int)
    return OrderedDict(
        ece=expected_calibration_error(labels, probabilities),
        ece_interval_95=calibration_error_interval(labels, probabilities, people),
        ece_by_chance=calibration_error_by_chance(probabilities),
        negative_log_likelihood=negative_log_likelihood(labels, probabilities),
        brier_score=brier_score(labels, probabilities),
        area_under_risk_coverage=float(risk.mean()),
        accuracy_confident_half=accuracy_on_most_confident(labels, probabilities),
        uncertain=float(np.mean(~certain)),
        accuracy_certain=float(hits[certain].mean()) if certain.any() else None,
        accuracy_uncertain=float(hits[~certain].mean()) if not certain.all() else None,
        reliability={
            name: np.round(values, 6).tolist()
            for name, values in reliability(labels, probabilities).items()
        },
        risk_coverage={
            "coverage": coverage[points].round(6).tolist(),
            "risk": risk[points].round(6).tolist(),
        },
    )
