"""How good a set of predictions is: pure functions on labels and probabilities.

Conventions are those of the field's challenges and of scikit-learn: UAR (unweighted average
recall) is the mean of the per-class recalls, also called balanced accuracy or UA; accuracy is
WA. Labels are indices 0-7 in the order of `ser.emotions.EMOTIONS`; probabilities have shape
(n_clips, 8). Figures are shares, 0..1.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    recall_score,
)

from ser.emotions import EMOTION_NAMES

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
    return float(balanced_accuracy_score(labels, predicted))


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
        (pooled), ``per_class_recall``, ``uar_per_actor``, ``confusion``, ``n_clips``.

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
    )


def over_seeds(per_seed: dict[int, "OrderedDict[str, Any]"]) -> dict[str, Any]:
    """Return results of `evaluate` for several seeds as one: every figure is the mean over them.

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
    }


def _mean_of(values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean_of([value[key] for value in values]) for key in first}
    if isinstance(first, list | tuple):
        return [_mean_of(list(entries)) for entries in zip(*values, strict=True)]
    return first if all(value == first for value in values) else float(np.mean(values))
