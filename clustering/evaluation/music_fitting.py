"""Fit small models from descriptors of music: kernels, weights of tracks, and scales.

Rows of descriptors and targets flow in, `KernelModel`s, predictions of tracks that a model has not
heard, and scales flow out. `clustering.evaluation.music_training` says of what.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clustering.music.model import CLIPPED, KernelModel

N_FOLDS = 10
SEED = 0
# Width of the kernel and penalty, chosen by cross-validation within the training data.
FEATURE_LANDMARKS, FEATURE_GAMMA = 400, 0.01
FEATURE_PENALTIES = np.logspace(-3, 2, 6)
MOOD_LANDMARKS, MOOD_GAMMA, MOOD_STRENGTH = 400, 0.002, 1.0
# Cells of energy and valence in which the tracks fitted on are counted against a catalogue's.
CELLS = np.array([0.0, 0.25, 0.5, 0.75, 1.0001])
KNOTS = np.linspace(0.01, 0.99, 29)  # quantiles at which two distributions are made to agree

Array = NDArray[Any]


def fit_kernel(
    rows: Array,
    targets: Array,
    names: list[str],
    weights: Array | None = None,
    *,
    landmarks: int,
    gamma: float,
    learner: Any,
) -> KernelModel:
    """Fit a linear learner on what tracks have in common with landmarks.

    Parameters
    ----------
    rows
        Descriptors, (n, d).
    targets
        What `learner` is fitted on, (n,).
    names
        Of the descriptors.
    weights
        How much each track counts, (n,); None for all the same.
    landmarks, gamma
        How many training tracks to compare with, and the kernel's width.
    learner
        With ``fit``, ``coef_`` and ``intercept_``, as scikit-learn's linear models have.
    """
    from sklearn.kernel_approximation import Nystroem

    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    placed = np.clip((rows - mean) / scale, -CLIPPED, CLIPPED)
    kernel = Nystroem(gamma=gamma, n_components=min(landmarks, len(rows)), random_state=SEED).fit(
        placed
    )
    learner.fit(kernel.transform(placed), targets, sample_weight=weights)
    # transform(x) = k(x) @ N.T, so the learner's coefficients and N become one matrix.
    weighted = kernel.normalization_.T @ np.atleast_2d(learner.coef_).T
    bias = np.atleast_1d(learner.intercept_)
    return KernelModel(tuple(names), mean, scale, kernel.components_, gamma, weighted, bias)


def fit_feature(
    rows: Array, values: Array, names: list[str], weights: Array | None = None
) -> KernelModel:
    """Fit a regression of one of Spotify's features."""
    from sklearn.linear_model import RidgeCV

    return fit_kernel(
        rows,
        values,
        names,
        weights,
        landmarks=FEATURE_LANDMARKS,
        gamma=FEATURE_GAMMA,
        learner=RidgeCV(FEATURE_PENALTIES),
    )


def fit_mood(
    rows: Array, quadrants: Array, names: list[str], weights: Array | None = None
) -> KernelModel:
    """Fit a classifier of quadrants (indices into `clustering.music.model.QUADRANTS`)."""
    from sklearn.linear_model import LogisticRegression

    return fit_kernel(
        rows,
        quadrants,
        names,
        weights,
        landmarks=MOOD_LANDMARKS,
        gamma=MOOD_GAMMA,
        learner=LogisticRegression(C=MOOD_STRENGTH, max_iter=2000),
    )


def folds_of(frame: pd.DataFrame) -> Array:
    """Return the fold of each track, (n,): those of one artist are in the same."""
    from sklearn.model_selection import GroupKFold

    artists = pd.Series([f"nobody {i}" for i in range(len(frame))], frame.index)
    for column in {"artist", "Artist"} & {*frame.columns}:  # the free tracks tell none
        artists = frame[column].fillna(artists).str.casefold()
    folds = np.zeros(len(frame), dtype=int)
    parts = GroupKFold(N_FOLDS, shuffle=True, random_state=SEED).split(folds, groups=artists)
    for number, (_, test) in enumerate(parts):
        folds[test] = number
    return folds


def cross_validated(
    frame: pd.DataFrame,
    names: list[str],
    values: Array,
    fit: Any,
    weights: Array | None = None,
) -> Array:
    """Return predictions of each track by a model that has heard nothing of its artist, (n, t)."""
    folds, rows = folds_of(frame), frame[names].to_numpy(dtype=float)
    predicted: list[tuple[Array, Array]] = []
    for fold in range(N_FOLDS):
        train, test = folds != fold, folds == fold
        some = () if weights is None else (weights[train],)
        model = fit(rows[train], values[train], names, *some)
        predicted.append((np.flatnonzero(test), model.many(rows[test])))
    order = np.concatenate([test for test, _ in predicted])
    return np.concatenate([part for _, part in predicted])[np.argsort(order)]


def catalogue_weights(frame: pd.DataFrame, catalogue: pd.DataFrame) -> Array:
    """Return how much each track counts, (n,), mean 1, to stand for the tracks of a catalogue.

    Parameters
    ----------
    frame
        Tracks with energy and valence, sampled from the corners of that plane.
    catalogue
        Tracks as people have them.
    """

    def cells(table: pd.DataFrame) -> Array:
        places = [np.digitize(table[name], CELLS) - 1 for name in ("energy", "valence")]
        return np.asarray(places[0] * (len(CELLS) - 1) + places[1])

    n_cells = (len(CELLS) - 1) ** 2
    ours, theirs = (np.bincount(cells(table), minlength=n_cells) for table in (frame, catalogue))
    weights = (theirs / np.maximum(ours, 1))[cells(frame)]
    return np.asarray(weights / weights.mean())


def scale_to(heard: Array, aim: Array, weights: Array | None = None) -> Array:
    """Return knots, (2, k), that give what was heard the distribution of `aim`.

    Parameters
    ----------
    heard
        What a model says of tracks that it has not been fitted on, (n,).
    aim
        What tracks of a catalogue have, (m,); which track has what is not looked at.
    weights
        How much each of `heard` counts, (n,).
    """
    weights = np.ones(len(heard)) if weights is None else weights
    order = np.argsort(heard)
    shares = np.cumsum(weights[order])
    places = (shares - weights[order] / 2) / shares[-1]
    said = np.interp(KNOTS, places, heard[order])
    rising = np.concatenate([[True], np.diff(said) > 1e-9])  # of equal ones the first
    return np.array([said, np.quantile(aim, KNOTS)])[:, rising]


def scaled_by_others(heard: Array, aim: Array, folds: Array, weights: Array | None = None) -> Array:
    """Return what was heard on the scale of `aim`, fold by fold by a scale that the others give."""
    weights = np.ones(len(heard)) if weights is None else weights
    told = np.zeros(len(heard))
    for fold in np.unique(folds):
        others = folds != fold
        scale = scale_to(heard[others], aim, weights[others])
        told[~others] = np.interp(heard[~others], *scale)
    return told
