"""How right predictions are: counted by hand."""

import numpy as np
import pytest

from emotions import metrics
from emotions.labels import EMOTIONS


def _one_hot(indices):
    return np.eye(len(EMOTIONS))[indices]


def test_uar_counts_every_class_alike():
    # 90 neutral clips all right, 10 calm clips all wrong: 90 % accuracy, half the recall.
    labels = np.array([0] * 90 + [1] * 10)
    figures = metrics.evaluate(labels, _one_hot(np.zeros(100, int)), np.arange(100) % 4, labels * 0)
    assert figures["accuracy"] == pytest.approx(0.9)
    assert figures["uar"] == pytest.approx(0.5)
    assert figures["confusion"][1][0] == 10


def test_bootstrap_draws_actors_and_contains_the_pooled_value():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 960)
    actors = np.repeat(np.arange(24), 40)
    right = rng.random(960) < np.linspace(0.3, 0.9, 24)[actors]  # actors differ widely
    predicted = np.where(right, labels, (labels + 1) % 8)
    low, high = metrics.bootstrap_over_people(labels, predicted, actors)
    by_clip = metrics.bootstrap_over_people(labels, predicted, np.arange(960))
    assert low < metrics.uar(labels, predicted) < high
    assert high - low > 1.5 * (by_clip[1] - by_clip[0])


def test_metrics_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="shape"):
        metrics.validate([0, 1], _one_hot([0]))
    with pytest.raises(ValueError, match="sum to 1"):
        metrics.validate([0], [[0.5] * 8])
