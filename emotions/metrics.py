"""How good a set of predictions is: pure functions on labels and probabilities.

Conventions are those of the field's challenges and of scikit-learn: UAR (unweighted average
recall) is the mean of the per-class recalls, also called balanced accuracy or UA; accuracy is
WA. Labels are indices 0-7 in the order of `emotions.labels.EMOTIONS`; probabilities have shape
(n_clips, 8). Figures are shares, 0..1, but for the negative log-likelihood (nats, natural
logarithm) and the Brier score (0..2, summed over the classes as in Brier 1950).

Confidence is the largest of the eight probabilities. Bins of confidence are those of Guo et al.
2017 (arXiv 1706.04599): equal in width over 0..1, open below and closed above. Risk and coverage
are those of Geifman and El-Yaniv 2017 (arXiv 1705.08500): the share of errors among the clips
that are answered, against the share answered, when the least confident are refused first.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    recall_score,
)

from emotions.calibration import CONFIDENT_ABOVE, SMALLEST_PROBABILITY
from emotions.labels import EMOTION_NAMES

ALL_LABELS = list(range(len(EMOTION_NAMES)))
N_BINS = 15
CURVE_POINTS = 41  # of the risk-coverage curve that `evaluate` returns, for pictures


def validate(labels: ArrayLike, probabilities: ArrayLike) -> None:
    """Raise ValueError unless labels and probabilities belong together and are in range."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if probabilities.shape != (len(labels), len(EMOTION_NAMES)):
        raise ValueError(
            f"{len(labels)} labels need probabilities of shape ({len(labels)}, "
            f"{len(EMOTION_NAMES)}), got {probabilities.shape}"
        )
    if len(labels) == 0:
        raise ValueError("there are no predictions to judge")
    if labels.min() < 0 or labels.max() >= len(EMOTION_NAMES):
        raise ValueError(f"labels must lie in 0..{len(EMOTION_NAMES) - 1}")
    if not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3):
        raise ValueError("every row of probabilities must sum to 1")


def uar(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean recall over the classes that occur in `labels`."""
    classes = np.unique(labels)
    return float(recall_score(labels, predicted, labels=classes, average="macro", zero_division=0))


def per_class_recall(labels: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Return the recall of each of the eight emotions (0 for one that does not occur)."""
    recalls = recall_score(labels, predicted, labels=ALL_LABELS, average=None, zero_division=0)
    return dict(zip(EMOTION_NAMES, map(float, recalls), strict=True))


def confusion(labels: ArrayLike, predicted: ArrayLike) -> NDArray[np.int64]:
    """Return counts of shape (8, 8): rows are what was meant, columns what was heard."""
    return confusion_matrix(labels, predicted, labels=ALL_LABELS)


def bootstrap_over_actors(
    labels: ArrayLike,
    predicted: ArrayLike,
    actors: ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % interval of UAR when whole actors are drawn with replacement.

    Clips of one actor are not independent, so clips must not be drawn one by one.
    """
    labels, predicted, actors = map(np.asarray, (labels, predicted, actors))
    rng = np.random.default_rng(seed)
    counts = np.stack(
        [
            confusion(labels[actors == actor], predicted[actors == actor])
            for actor in np.unique(actors)
        ]
    )
    draws = rng.integers(len(counts), size=(n_resamples, len(counts)))
    summed = counts[draws].sum(axis=1)
    totals = summed.sum(axis=2)
    hits = np.diagonal(summed, axis1=1, axis2=2)
    recalls = np.where(totals > 0, hits / np.maximum(totals, 1), np.nan)
    low, high = np.percentile(np.nanmean(recalls, axis=1), [2.5, 97.5])
    return float(low), float(high)


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
        ``n`` clips in the bin, their mean ``confidence``, and their ``accuracy``; the last two
        are 0 for a bin without clips.
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
    """Return ECE: the mean gap between confidence and accuracy over the bins, by their clips."""
    hits, confidence = _hits_and_confidence(labels, probabilities)
    return float(_calibration_error(_bin_sums(hits, confidence, n_bins)))


def calibration_error_by_chance(
    probabilities: ArrayLike, *, n_bins: int = N_BINS, n_draws: int = 500, seed: int = 0
) -> float:
    """Return the mean ECE of these probabilities if they were exactly right.

    A bin of few clips is never met exactly, so ECE is above 0 even then; no calibration can be
    expected to fall below this. Labels are drawn from the probabilities themselves.
    """
    confidence = np.asarray(probabilities).max(axis=1)
    hits = np.random.default_rng(seed).random((n_draws, len(confidence))) < confidence
    return float(np.mean([_calibration_error(_bin_sums(h, confidence, n_bins)) for h in hits]))


def calibration_error_interval(
    labels: ArrayLike,
    probabilities: ArrayLike,
    actors: ArrayLike,
    *,
    n_bins: int = N_BINS,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % interval of ECE when whole actors are drawn with replacement.

    Drawing adds chance to the gaps, so the interval lies higher around ECE than below it.
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    actors = np.asarray(actors)
    sums = np.stack(
        [
            _bin_sums(hits[actors == actor], confidence[actors == actor], n_bins)
            for actor in np.unique(actors)
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
    """Return, for each bin, clips, the sum of confidence, and hits; shape (n_bins, 3)."""
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
    """Return coverage and risk, one point for each clip, the most confident first.

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
    """Return the accuracy on this share of the clips, those of the highest confidence."""
    coverage, risk = risk_coverage(labels, probabilities)
    return float(1 - risk[np.searchsorted(coverage, share)])


def sureness(
    labels: ArrayLike, probabilities: ArrayLike, actors: ArrayLike
) -> "OrderedDict[str, Any]":
    """Judge whether probabilities are right about how sure they are.

    Returns
    -------
    OrderedDict
        ``ece`` (15 bins), its ``ece_interval_95`` over actors and ``ece_by_chance``;
        ``negative_log_likelihood``; ``brier_score``; ``area_under_risk_coverage``;
        ``accuracy_confident_half``; ``uncertain``, the share of clips below
        `emotions.calibration.CONFIDENT_ABOVE`, and the accuracy on either side of it,
        ``accuracy_uncertain`` and ``accuracy_certain`` (None where there are no clips);
        ``reliability`` and ``risk_coverage``, the curves as lists.
    """
    hits, confidence = _hits_and_confidence(labels, probabilities)
    certain = confidence >= CONFIDENT_ABOVE
    coverage, risk = risk_coverage(labels, probabilities)
    points = np.linspace(0, len(hits) - 1, min(CURVE_POINTS, len(hits))).round().astype(int)
    return OrderedDict(
        ece=expected_calibration_error(labels, probabilities),
        ece_interval_95=calibration_error_interval(labels, probabilities, actors),
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


def evaluate(
    labels: ArrayLike, probabilities: ArrayLike, actors: ArrayLike, folds: ArrayLike
) -> "OrderedDict[str, Any]":
    """Judge out-of-fold predictions.

    Parameters
    ----------
    labels
        Meant emotions, shape (n_clips,).
    probabilities
        Predicted, shape (n_clips, 8).
    actors, folds
        Who spoke, and the fold in which the clip was tested; shape (n_clips,).

    Returns
    -------
    OrderedDict
        ``uar`` (mean over the folds, the headline), ``uar_sd_over_folds``, ``uar_per_fold``,
        ``uar_pooled`` and its ``uar_interval_95``, ``accuracy`` (pooled), ``macro_f1``
        (pooled), ``per_class_recall``, ``uar_per_actor``, ``confusion``, ``n_clips``, and all
        of `sureness` (pooled).

    Raises
    ------
    ValueError
        As `validate`.
    """
    validate(labels, probabilities)
    labels, actors, folds = np.asarray(labels), np.asarray(actors), np.asarray(folds)
    predicted = np.asarray(probabilities).argmax(axis=1)
    per_fold = {
        int(fold): uar(labels[folds == fold], predicted[folds == fold]) for fold in np.unique(folds)
    }
    per_actor = {
        int(actor): uar(labels[actors == actor], predicted[actors == actor])
        for actor in np.unique(actors)
    }
    values = list(per_fold.values())
    return OrderedDict(
        uar=float(np.mean(values)),
        uar_sd_over_folds=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        uar_per_fold=per_fold,
        uar_pooled=uar(labels, predicted),
        uar_interval_95=bootstrap_over_actors(labels, predicted, actors),
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(
            f1_score(labels, predicted, average="macro", labels=ALL_LABELS, zero_division=0)
        ),
        per_class_recall=per_class_recall(labels, predicted),
        uar_per_actor=per_actor,
        confusion=confusion(labels, predicted).tolist(),
        n_clips=len(labels),
        **sureness(labels, probabilities, actors),
    )


def over_seeds(per_seed: dict[int, "OrderedDict[str, Any]"]) -> dict[str, Any]:
    """Return results of `evaluate` for several seeds as one: every figure is the mean over them.

    Confidence and accuracy in a bin of ``reliability`` are means over the clips of all seeds.

    Parameters
    ----------
    per_seed
        Results by seed, of the same clips.

    Returns
    -------
    dict
        As `evaluate`, with ``uar_per_seed`` and ``uar_sd_over_seeds`` (0 for a single seed).
    """
    results = list(per_seed.values())
    uars = {seed: result["uar"] for seed, result in per_seed.items()}
    return {
        "uar_per_seed": uars,
        "uar_sd_over_seeds": float(np.std(list(uars.values()), ddof=1)) if len(uars) > 1 else 0.0,
        **_mean_of(results),
        "reliability": _joint_reliability([result["reliability"] for result in results]),
    }


def _joint_reliability(curves: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    n = np.array([curve["n"] for curve in curves])
    joint = {"n": n.mean(axis=0).tolist()}
    for name in ("confidence", "accuracy"):
        sums = (n * np.array([curve[name] for curve in curves])).sum(axis=0)
        joint[name] = (sums / np.maximum(n.sum(axis=0), 1)).tolist()
    return joint


def _mean_of(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean_of([value[key] for value in values]) for key in first}
    if isinstance(first, list | tuple):
        return [_mean_of(list(entries)) for entries in zip(*values, strict=True)]
    return first if all(value == first for value in values) else float(np.mean(values))
