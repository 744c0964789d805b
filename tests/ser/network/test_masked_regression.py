"""Asked about all classes it is scikit-learn's regression; of some, the others stay out."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="training needs the extra: pip install 'emotify[train]'")

from sklearn.linear_model import LogisticRegression

from ser.network.masked_regression import fit_masked

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 300)
EXAMPLES = RNG.normal(size=(300, 5)) + 2 * np.eye(3, 5)[LABELS]
WEIGHTS = RNG.uniform(0.5, 2.0, 300)


def shares(examples, kernel, bias):
    powers = np.exp(examples @ kernel + bias)
    return powers / powers.sum(axis=1, keepdims=True)


def test_asked_about_everything_it_is_the_usual_regression():
    usual = LogisticRegression(C=0.1, tol=1e-6).fit(EXAMPLES, LABELS, sample_weight=WEIGHTS)
    found = fit_masked(EXAMPLES, LABELS, np.ones((300, 3), bool), WEIGHTS, 0.1)
    assert np.abs(shares(EXAMPLES, *found) - usual.predict_proba(EXAMPLES)).max() < 5e-3


def test_a_corpus_without_a_class_says_nothing_against_it():
    # Two rooms, told apart by the last feature; the second has no example of class 2.
    room = np.repeat([0.0, 1.0], 300)
    labels = np.concatenate([LABELS, LABELS % 2])
    clean = np.concatenate([EXAMPLES, RNG.normal(size=(300, 5)) + 2 * np.eye(3, 5)[LABELS % 2]])
    examples = np.column_stack([clean, 4 * (room - 0.5)])
    asked = np.ones((600, 3), bool)
    weights = np.ones(600)
    naive = fit_masked(examples, labels, asked, weights, 1.0)
    asked[300:, 2] = False
    masked = fit_masked(examples, labels, asked, weights, 1.0)
    there = examples[:300][LABELS == 2] + [0, 0, 0, 0, 0, 4]  # class 2 in the second room
    assert shares(there, *naive)[:, 2].mean() < 0.5 < shares(there, *masked)[:, 2].mean()
