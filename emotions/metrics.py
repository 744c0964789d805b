"""How right predictions are: pure functions on labels and probabilities, for any classifier.

Conventions are those of the field's challenges and of scikit-learn: UAR (unweighted average
recall) is the mean of the per-class recalls, also called balanced accuracy or UA; accuracy is
WA. Labels are indices 0-7 in the order of `emotions.labels.EMOTIONS`; probabilities have shape
(n_examples, 8). Figures are shares, 0..1; how sure the probabilities are is judged by
`emotions.calibration_metrics`.

Examples of one person (who speaks, writes or is seen) are not independent, so people are drawn, and
kept apart, as a whole.
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

from emotions.calibration_metrics import sureness
from emotions.labels import EMOTION_NAMES

ALL_LABELS = list(range(len(EMOTION_NAMES)))


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
    """Return counts of shape (8, 8): rows are what was meant, columns what was answered."""
    return confusion_matrix(labels, predicted, labels=ALL_LABELS)


def bootstrap_over_people(
    labels: ArrayLike,
    predicted: ArrayLike,
    people: ArrayLike,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % interval of UAR when whole people are drawn with replacement.

    Examples of one person are not independent, so they must not be drawn one by one.
    """
    names, whose = np.unique(np.asarray(people), return_inverse=True)
    counts = np.zeros((len(names), len(EMOTION_NAMES), len(EMOTION_NAMES)), dtype=np.int64)
    np.add.at(counts, (whose, np.asarray(labels), np.asarray(predicted)), 1)
    draws = np.random.default_rng(seed).integers(len(names), size=(n_resamples, len(names)))
    summed = counts[draws].sum(axis=1)
    totals = summed.sum(axis=2)
    hits = np.diagonal(summed, axis1=1, axis2=2)
    recalls = np.where(totals > 0, hits / np.maximum(totals, 1), np.nan)
    low, high = np.percentile(np.nanmean(recalls, axis=1), [2.5, 97.5])
    return float(low), float(high)


def evaluate(
    labels: ArrayLike, probabilities: ArrayLike, people: ArrayLike, folds: ArrayLike
) -> "OrderedDict[str, Any]":
    """Judge out-of-fold predictions.

    Parameters
    ----------
    labels
        Meant emotions, shape (n_examples,).
    probabilities
        Predicted, shape (n_examples, 8).
    people, folds
        Whose example it is, and the fold in which it was tested; shape (n_examples,).

    Returns
    -------
    OrderedDict
        ``uar`` (mean over the folds, the headline), ``uar_sd_over_folds``, ``uar_per_fold``,
        ``uar_pooled`` and its ``uar_interval_95``, ``accuracy`` (pooled), ``macro_f1`` (pooled,
        over the emotions that were meant), ``per_class_recall``, ``uar_per_person``,
        ``confusion``, ``n_examples``, and all of
        `emotions.calibration_metrics.sureness` (pooled).

    Raises
    ------
    ValueError
        As `validate`.
    """
    validate(labels, probabilities)
    labels, people, folds = np.asarray(labels), np.asarray(people), np.asarray(folds)
    predicted = np.asarray(probabilities).argmax(axis=1)
    per_fold = {
        _plain(fold): uar(labels[folds == fold], predicted[folds == fold])
        for fold in np.unique(folds)
    }
    per_person = {
        _plain(person): uar(labels[people == person], predicted[people == person])
        for person in np.unique(people)
    }
    values = list(per_fold.values())
    return OrderedDict(
        uar=float(np.mean(values)),
        uar_sd_over_folds=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        uar_per_fold=per_fold,
        uar_pooled=uar(labels, predicted),
        uar_interval_95=bootstrap_over_people(labels, predicted, people),
        accuracy=float(accuracy_score(labels, predicted)),
        macro_f1=float(
            f1_score(labels, predicted, average="macro", labels=np.unique(labels), zero_division=0)
        ),
        per_class_recall=per_class_recall(labels, predicted),
        uar_per_person=per_person,
        confusion=confusion(labels, predicted).tolist(),
        n_examples=len(labels),
        **sureness(labels, probabilities, people),
    )


def over_seeds(per_seed: dict[int, "OrderedDict[str, Any]"]) -> dict[str, Any]:
    """Return results of `evaluate` for several seeds as one: every figure is the mean over them.

    Confidence and accuracy in a bin of ``reliability`` are means over the examples of all seeds.

    Parameters
    ----------
    per_seed
        Results by seed, of the same examples.

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


def _plain(value: Any) -> Any:
    """Return a number or name as JSON knows it."""
    return value.item() if isinstance(value, np.generic) else value


def _mean_of(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean_of([value[key] for value in values]) for key in first}
    if isinstance(first, list | tuple):
        return [_mean_of(list(entries)) for entries in zip(*values, strict=True)]
    return first if all(value == first for value in values) else float(np.mean(values))
