"""Calibration figures agree with what can be counted by hand, and with scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from emotions import calibration_metrics
from emotions.labels import EMOTION_NAMES
from ser.evaluation.predictions import committed_predictions

TABLE = committed_predictions()
LABELS = TABLE["emotion"].map(EMOTION_NAMES.index).to_numpy()
GIVEN = TABLE[list(EMOTION_NAMES)].to_numpy()
PROBABILITIES = GIVEN / GIVEN.sum(axis=1, keepdims=True)
ACTORS = TABLE["actor"].to_numpy()


def rows(*confidences):
    """Rows that hear the first emotion with these confidences."""
    return np.array([[c, *((1 - c) / 7,) * 7] for c in confidences])


def test_calibration_error_counted_by_hand():
    # Two bins of ten: 0.65 twice, right once (gap 0.15); 0.95 twice, right twice (gap 0.05).
    probabilities = rows(0.65, 0.65, 0.95, 0.95)
    error = calibration_metrics.expected_calibration_error([0, 1, 0, 0], probabilities, n_bins=10)
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)
    bins = calibration_metrics.reliability([0, 1, 0, 0], probabilities, n_bins=10)
    assert bins["n"].tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert bins["accuracy"][[6, 9]].tolist() == [0.5, 1.0]


def test_a_bin_is_closed_above():
    bins = calibration_metrics.reliability([0, 0], rows(0.5, 1.0), n_bins=2)
    assert bins["n"].tolist() == [1, 1]


def test_certain_and_right_is_zero_certain_and_wrong_is_one():
    sure = np.eye(8)
    assert calibration_metrics.expected_calibration_error(np.arange(8), sure) == 0
    assert calibration_metrics.expected_calibration_error((np.arange(8) + 1) % 8, sure) == 1
    assert calibration_metrics.brier_score(np.arange(8), sure) == 0
    assert calibration_metrics.brier_score((np.arange(8) + 1) % 8, sure) == 2
    assert (
        calibration_metrics.expected_calibration_error(np.zeros(8, int), np.full((8, 8), 1 / 8))
        == 7 / 8
    )


def test_likelihood_is_scikit_learns():
    assert calibration_metrics.negative_log_likelihood(LABELS, PROBABILITIES) == pytest.approx(
        log_loss(LABELS, PROBABILITIES), rel=1e-6
    )


def test_sharper_than_right_has_a_larger_error_but_the_same_ranking():
    sharp = PROBABILITIES**3
    sharp /= sharp.sum(axis=1, keepdims=True)
    plain, overconfident = (
        calibration_metrics.sureness(LABELS, p, ACTORS) for p in (PROBABILITIES, sharp)
    )
    assert overconfident["ece"] > 3 * plain["ece"]
    assert overconfident["negative_log_likelihood"] > plain["negative_log_likelihood"]
    assert overconfident["brier_score"] > plain["brier_score"]
    assert overconfident["area_under_risk_coverage"] == pytest.approx(
        plain["area_under_risk_coverage"], abs=0.02
    )


def test_right_probabilities_have_the_error_that_chance_leaves():
    by_chance = calibration_metrics.calibration_error_by_chance(PROBABILITIES)
    errors = []
    for seed in range(40):
        luck = np.random.default_rng(seed).random((len(LABELS), 1))
        drawn = (PROBABILITIES.cumsum(axis=1) < luck).sum(axis=1)
        errors.append(calibration_metrics.expected_calibration_error(drawn, PROBABILITIES))
    assert np.mean(errors) == pytest.approx(by_chance, abs=0.002)
    fewer = calibration_metrics.calibration_error_by_chance(PROBABILITIES[:100])
    assert fewer > 2 * by_chance


def test_the_interval_over_actors_holds_the_error():
    low, high = calibration_metrics.calibration_error_interval(LABELS, PROBABILITIES, ACTORS)
    assert low < calibration_metrics.expected_calibration_error(LABELS, PROBABILITIES) < high


def test_risk_and_coverage_counted_by_hand():
    coverage, risk = calibration_metrics.risk_coverage([0, 1, 0, 1], rows(0.9, 0.8, 0.7, 0.6))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert (
        calibration_metrics.accuracy_on_most_confident([0, 1, 0, 1], rows(0.9, 0.8, 0.7, 0.6))
        == 0.5
    )


def test_the_order_of_clips_does_not_matter_even_with_ties():
    probabilities = rows(0.9, 0.5, 0.5, 0.5, 0.2)
    labels = np.array([0, 0, 1, 1, 0])
    expected = calibration_metrics.risk_coverage(labels, probabilities)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(5)
        shuffled = calibration_metrics.risk_coverage(labels[order], probabilities[order])
        assert np.array_equal(shuffled, expected)


def test_the_confident_are_right_more_often_on_real_predictions():
    figures = calibration_metrics.sureness(LABELS, PROBABILITIES, ACTORS)
    accuracy = (PROBABILITIES.argmax(axis=1) == LABELS).mean()
    assert figures["accuracy_confident_half"] > accuracy + 0.1
    assert figures["accuracy_certain"] > accuracy > figures["accuracy_uncertain"]
    assert figures["risk_coverage"]["coverage"][-1] == 1
    assert figures["risk_coverage"]["risk"][-1] == pytest.approx(1 - accuracy, abs=1e-6)
    assert sum(figures["reliability"]["n"]) == len(LABELS)
    assert figures["ece"] <= 0.05  # about 0.03 would be there if all were exactly right


def test_where_all_are_sure_nothing_is_said_of_the_uncertain():
    figures = calibration_metrics.sureness(np.arange(8), np.eye(8), np.arange(8))
    assert figures["uncertain"] == 0
    assert figures["accuracy_uncertain"] is None
