"""Multinomial logistic regression in which every example is told from some of the classes alone.

A corpus without an emotion says nothing about it: were its examples counted against that emotion,
its rooms and voices would be, too. So the softmax of an example runs over the classes that it is
asked about. Where that is all of them it is scikit-learn's `LogisticRegression`.
"""

import numpy as np
from numpy.typing import NDArray

MOST_ITERATIONS = 300
TOLERANCE = 1e-3  # of the largest slope, as scikit-learn counts it for the classifier beside


def fit_masked(
    examples: NDArray[np.float64],
    labels: NDArray[np.int64],
    asked: NDArray[np.bool_],
    weights: NDArray[np.float64],
    strength: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the kernel and the bias.

    Parameters
    ----------
    examples
        Shape (n, n_features), standardised.
    labels
        Classes, shape (n,); each must be one that its example is asked about.
    asked
        Shape (n, n_classes).
    weights
        How much each example counts, shape (n,).
    strength
        Inverse strength of the L2 penalty of the kernel, scikit-learn's ``C``.

    Returns
    -------
    tuple of ndarray
        Shapes (n_features, n_classes) and (n_classes,).
    """
    from scipy.optimize import minimize

    n_features, n_classes = examples.shape[1], asked.shape[1]
    rows, total = np.arange(len(labels)), weights.sum()
    unasked = np.where(asked, 0.0, -np.inf)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel = flat[:-n_classes].reshape(n_features, n_classes)
        logits = examples @ kernel + flat[-n_classes:] + unasked
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        sums = shares.sum(axis=1)
        shares /= sums[:, None]
        likelihoods = logits[rows, labels] - np.log(sums)
        shares[rows, labels] -= 1.0
        shares *= weights[:, None] / total
        penalty = 1.0 / (strength * total)
        slope = np.concatenate(
            [(examples.T @ shares + penalty * kernel).ravel(), shares.sum(axis=0)]
        )
        value = 0.5 * penalty * np.sum(kernel**2) - (weights @ likelihoods) / total
        return float(value), slope

    start = np.zeros((n_features + 1) * n_classes)
    options = {"maxiter": MOST_ITERATIONS, "gtol": TOLERANCE}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    return found[:-n_classes].reshape(n_features, n_classes), found[-n_classes:]
