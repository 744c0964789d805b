"""Temperatures undo a distortion, look at validation actors alone, and stay in their folder."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from emotions import calibration_metrics
from emotions.calibration import (
    CONFIDENT_ABOVE,
    Calibration,
    store_calibration,
    stored_calibration,
)
from emotions.calibration_fitting import fit_calibration, fit_temperature, mean_calibration
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, in_percent
from foundation.errors import InputError
from foundation.shipped import shipped
from ser.evaluation.predictions import committed_predictions
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import load_recognizer

RAVDESS = os.environ.get("EMOTIFY_RAVDESS")
TABLE = committed_predictions()
LABELS = TABLE["emotion"].map(EMOTION_NAMES.index).to_numpy()
GIVEN = TABLE[list(EMOTION_NAMES)].to_numpy()
PROBABILITIES = GIVEN / GIVEN.sum(axis=1, keepdims=True)
ACTORS = TABLE["actor"].to_numpy()
RECORDING = shipped("data", "samples", "reading_short.wav")


def folder_without_calibration(target):
    target.mkdir()
    for name in ("preprocessing.npz", "model.onnx"):
        shutil.copy(DEFAULT_FOLDER / name, target / name)
    settings = json.loads((DEFAULT_FOLDER / "settings.json").read_text("utf-8"))
    settings.pop("calibration", None)
    (target / "settings.json").write_text(json.dumps(settings), "utf-8")
    return target


def test_a_temperature_of_one_changes_nothing_and_no_temperature_changes_a_label():
    assert Calibration().apply(PROBABILITIES) == pytest.approx(PROBABILITIES)
    for temperature in (0.02, 0.7, 1.9, 30):
        scaled = Calibration(temperature).apply(PROBABILITIES)
        assert scaled.sum(axis=1) == pytest.approx(1)
        assert (scaled.argmax(axis=1) == PROBABILITIES.argmax(axis=1)).all()
        confidence = scaled.max(axis=1) - PROBABILITIES.max(axis=1)
        assert (confidence >= -1e-12).all() if temperature < 1 else (confidence <= 1e-12).all()


def test_it_is_softmax_of_logits_over_the_temperature():
    logits = np.random.default_rng(0).normal(0, 3, (50, 8))

    def softmax(z):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    assert Calibration(1.7).apply(softmax(logits)) == pytest.approx(softmax(logits / 1.7))


@pytest.mark.parametrize("distortion", [0.5, 0.8, 1.25, 2.0])
def test_fitting_undoes_a_known_distortion(distortion):
    """Labels drawn from the probabilities make them exactly right, so the truth is known."""
    rng = np.random.default_rng(1)
    drawn = (PROBABILITIES.cumsum(axis=1) < rng.random((len(LABELS), 1))).sum(axis=1)
    distorted = Calibration(1 / distortion).apply(PROBABILITIES)
    fitted = fit_temperature(drawn, distorted, ACTORS)
    assert fitted == pytest.approx(distortion, rel=0.08)
    before, after = (
        calibration_metrics.expected_calibration_error(drawn, probabilities)
        for probabilities in (distorted, Calibration(fitted).apply(distorted))
    )
    assert after < 0.05
    assert after < before or distortion in (0.8, 1.25)


def test_two_speakers_are_believed_less_than_twenty_four():
    sharp = Calibration(0.5).apply(PROBABILITIES)
    few = ACTORS <= 2
    of_two = fit_temperature(LABELS[few], sharp[few], ACTORS[few])
    as_if_many = fit_temperature(LABELS[few], sharp[few], np.arange(few.sum()))
    assert 1 < of_two < as_if_many


def test_even_a_perfect_or_a_clueless_network_gets_a_finite_temperature():
    certain = np.full((16, 8), 0.001) + 0.992 * np.tile(np.eye(8), (2, 1))
    labels = np.tile(np.arange(8), 2)
    assert 0.04 < fit_temperature(labels, certain, [1] * 16) < 1
    assert 1 < fit_temperature(np.roll(labels, 1), certain, [1] * 16) < 25
    assert fit_temperature(labels, np.full((16, 8), 1 / 8), [1] * 16) == pytest.approx(1, abs=0.01)


def test_the_rule_is_one_half_and_the_doubt_names_both_emotions():
    calibration = fit_calibration(TABLE, "actor")
    assert calibration.confident_above == CONFIDENT_ABOVE == 0.5
    doubt = calibration.doubt((0.05, 0.05, 0.05, 0.42, 0.31, 0.05, 0.05, 0.02))
    assert doubt == "sad has only 42%, angry 31%"
    assert calibration.doubt((0.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0)) is None
    for name in EMOTION_NAMES:
        assert calibration.doubt(EmotionEstimate.of(name).probabilities) is None
    assert Calibration().doubt((1 / 8,) * 8) is None


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "0%"), (0.004, "0%"), (0.444, "44%"), (0.446, "45%"), (0.4951, "49%"), (0.496, "49%"),
        (0.499999, "49%"), (0.5, "50%"), (0.504, "50%"), (0.506, "51%"), (0.994, "99%"),
        (0.9999, "99%"), (1.0, "100%"),
    ],
)  # fmt: skip
def test_what_is_less_than_half_or_certain_is_not_said_to_be_that(probability, said):
    assert in_percent(probability) == said


def test_a_doubt_does_not_call_a_half_too_little():
    calibration = Calibration(confident_above=0.5)
    assert calibration.doubt((0.496, 0.3, 0.204, 0, 0, 0, 0, 0)) == "neutral has only 49%, calm 30%"
    assert Calibration(confident_above=1.0).doubt((0.996, 0.004, 0, 0, 0, 0, 0, 0)) == (
        "neutral has only 99%, calm 0%"
    )


def test_who_is_called_uncertain_is_less_often_right():
    calibrated = fit_calibration(TABLE, "actor").apply(PROBABILITIES)
    calibration = Calibration(confident_above=CONFIDENT_ABOVE)
    uncertain = np.array([calibration.doubt(row) is not None for row in calibrated])
    right = calibrated.argmax(axis=1) == LABELS
    assert 0.15 < uncertain.mean() < 0.4
    assert right[uncertain].mean() < 0.5
    assert right[~uncertain].mean() > 0.65


def test_settings_keep_it_and_old_models_have_none(tmp_path):
    folder = folder_without_calibration(tmp_path / "old")
    before = json.loads((folder / "settings.json").read_text("utf-8"))
    bare = load_recognizer(folder).predict(RECORDING)
    assert stored_calibration(folder) == Calibration()
    assert not bare.uncertain
    calibration = Calibration(0.8, 1.0)
    store_calibration(folder, calibration)
    assert stored_calibration(folder) == calibration
    after = json.loads((folder / "settings.json").read_text("utf-8"))
    assert after == {**before, "calibration": {"temperature": 0.8, "confident_above": 1.0}}
    told = load_recognizer(folder).predict(RECORDING)
    assert told.probabilities == pytest.approx(calibration.apply(bare.probabilities), abs=1e-6)
    assert told.label == bare.label and told.uncertain
    assert told.label in told.doubts[0]


@pytest.mark.parametrize(
    "stored", [{"temperature": 0}, {"temperature": "hot"}, {"heat": 1.0}, {"confident_above": 2}, 3]
)
def test_a_broken_calibration_is_refused_in_words(stored):
    with pytest.raises(InputError, match="calibration of the model cannot be used"):
        Calibration.from_dict(stored)


def test_the_mean_of_temperatures_is_that_of_factors():
    mean = mean_calibration([Calibration(0.5, 0.5), Calibration(2.0, 0.5)])
    assert mean == Calibration(1.0, 0.5)
    with pytest.raises(ValueError, match="none was given"):
        mean_calibration([])


def test_a_recogniser_needs_no_scipy():
    code = (
        "import sys; from ser.recognizer import load_recognizer; load_recognizer(); "
        "print([m for m in ('scipy', 'pandas', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
