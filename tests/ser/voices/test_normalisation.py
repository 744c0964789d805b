"""Statistics add up over files, survive storage, and map a voice onto the training data."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from foundation.shipped import shipped
from ser.recognizer import load_recognizer
from ser.voices.normalisation import FeatureStatistics, merged, speech_statistics, to_training

SAMPLES = shipped("data", "samples")
RECORDING = SAMPLES / "reading_short.wav"


@pytest.fixture(scope="module")
def recognizer():
    return load_recognizer()


def frames(n, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 5)) * [1, 2, 5, 0.1, 30] + [0, 9, -300, 1, 2]).astype(np.float32)


@pytest.mark.parametrize("cuts", [[70], [1, 2, 3], [10, 50, 99]])
def test_merged_parts_are_the_whole_in_any_order(cuts):
    parts = [FeatureStatistics.of(part) for part in np.split(frames(100), cuts)]
    whole = FeatureStatistics.of(frames(100))
    for order in (parts, parts[::-1]):
        sum_of_parts = merged(order)
        assert sum_of_parts.n_frames == 100
        assert sum_of_parts.mean == pytest.approx(whole.mean, rel=1e-9)
        assert sum_of_parts.scale == pytest.approx(whole.scale, rel=1e-9)


def test_a_full_map_gives_the_wanted_statistics():
    mean, scale = np.array([1.0, 2, 3, 4, 5]), np.array([0.5, 1, 2, 0.3, 4])
    mapped = FeatureStatistics.of(frames(200)).map_to(mean, scale, prior_frames=0)(frames(200))
    assert mapped.dtype == np.float32
    assert mapped.mean(axis=0) == pytest.approx(mean, abs=1e-3)
    assert mapped.std(axis=0) == pytest.approx(scale, rel=1e-3)


def test_little_speech_moves_features_less_than_much():
    target = FeatureStatistics.of(frames(500, seed=1))
    voice = frames(1000) * 1.5 + 4
    moved = [
        np.abs(FeatureStatistics.of(voice[:n]).map_to(target.mean, target.scale)(voice) - voice)
        for n in (3, 50, 1000)
    ]
    means = [part.mean() for part in moved]
    assert 0 < means[0] < means[1] < means[2]


def test_statistics_of_the_training_data_change_nothing():
    same = FeatureStatistics.of(frames(300))
    mapped = same.map_to(same.mean, same.scale)(frames(300))
    assert mapped == pytest.approx(frames(300), rel=1e-4, abs=1e-4)


def test_a_feature_that_never_varied_is_not_blown_up():
    still = frames(50)
    still[:, 2] = 7.0
    mapped = FeatureStatistics.of(still).map_to(np.zeros(5), np.ones(5), prior_frames=0)
    assert np.abs(mapped(still + 1)[:, 2]).max() <= 10 + 1e-3


def test_statistics_survive_json():
    kept = FeatureStatistics.of(frames(40))
    again = FeatureStatistics.from_dict(json.loads(json.dumps(kept.to_dict())))
    assert again.n_frames == 40
    assert np.array_equal(again.mean, kept.mean) and np.array_equal(again.scale, kept.scale)


@pytest.mark.parametrize(
    ("n_frames", "mean", "scale"),
    [
        (0, [0.0], [1.0]),
        (5, [0.0, 1.0], [1.0]),
        (5, [[0.0]], [[1.0]]),
        (5, [np.nan], [1.0]),
        (5, [0.0], [-1.0]),
        (5, [0.0], [np.inf]),
    ],
)
def test_what_cannot_be_statistics_is_refused(n_frames, mean, scale):
    with pytest.raises(ValueError, match=r"statistics|finite"):
        FeatureStatistics(n_frames, np.array(mean), np.array(scale))


def test_statistics_of_other_features_do_not_mix():
    with pytest.raises(ValueError, match="5 and of 4"):
        FeatureStatistics.of(frames(9)).merge(FeatureStatistics.of(frames(9)[:, :4]))
    with pytest.raises(ValueError, match="cannot be mapped"):
        FeatureStatistics.of(frames(9)).map_to(np.zeros(4), np.ones(4))


def test_a_recording_has_the_statistics_of_its_frames(recognizer):
    [(_, features)] = recognizer.features(RECORDING)
    statistics = speech_statistics(recognizer, RECORDING)
    assert statistics.n_frames == len(features)
    assert statistics.mean == pytest.approx(features.mean(axis=0), rel=1e-3, abs=1e-3)


def test_overlapping_windows_count_each_moment_once(recognizer):
    samples, rate = soundfile.read(RECORDING, dtype="float32")
    long = speech_statistics(recognizer, np.tile(samples, 5), sample_rate_hz=rate)
    n_windows = len(list(recognizer.features(np.tile(samples, 5), sample_rate_hz=rate)))
    n_frames = recognizer.settings.n_frames(5 * len(samples) / rate)
    assert n_windows > 5 and long.n_frames == pytest.approx(n_frames, rel=0.1)


def test_a_recogniser_applies_the_map_to_what_its_network_sees(recognizer):
    plain = recognizer.predict(RECORDING)
    same = recognizer.predict(RECORDING, transform=lambda features: features)
    assert same.probabilities == plain.probabilities
    mapped = recognizer.predict(
        RECORDING,
        transform=to_training(speech_statistics(recognizer, RECORDING), recognizer.artefact),
    )
    assert mapped.probabilities != plain.probabilities


def test_the_shipped_model_says_what_it_was_trained_on(recognizer):
    artefact = recognizer.artefact
    n_features = recognizer.settings.n_features
    assert artefact.feature_mean.shape == artefact.feature_scale.shape == (n_features,)
    assert (artefact.feature_scale > 0).all()
    bare = replace(artefact, feature_mean=None, feature_scale=None)
    with pytest.raises(InputError, match="train it again"):
        to_training(speech_statistics(recognizer, RECORDING), bare)
