"""The statistics of an utterance are what their names say, and padding changes none of them."""

import os

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training comes with the extra 'train'")
from scipy import stats  # noqa: E402

from ser.features.mfcc import pad  # noqa: E402
from ser.network.statistics_model import (  # noqa: E402
    LAGS,
    N_COSINES,
    GeometricMean,
    UtteranceStatistics,
    VoiceStatistics,
)

N_FEATURES, N_STATIC = 6, 4


def statistics_of(matrices: list[NDArray[np.float32]], n_frames: int | None = None):
    batch, mask = pad(matrices, n_frames)
    return np.asarray(UtteranceStatistics(N_STATIC)([batch, mask]))


@pytest.fixture
def matrices():
    rng = np.random.default_rng(0)
    return [rng.gamma(2, 1, (n, N_FEATURES)).astype(np.float32) for n in (60, 23, 125)]


def test_moments_and_rhythm_are_those_of_scipy(matrices):
    found = statistics_of(matrices)
    assert found.shape == (3, 6 * N_FEATURES + (1 + len(LAGS)) * N_STATIC)
    for row, x in zip(found, matrices, strict=True):
        mean, deviation, skewness, kurtosis, slope, _ = row[: 6 * N_FEATURES].reshape(6, -1)
        assert mean == pytest.approx(x.mean(axis=0), abs=1e-5)
        assert np.exp(deviation) == pytest.approx(x.std(axis=0), rel=1e-3)
        assert skewness == pytest.approx(stats.skew(x), abs=2e-3)
        assert kurtosis == pytest.approx(stats.kurtosis(x, fisher=False), rel=2e-3)
        line = np.polynomial.polynomial.polyfit(np.linspace(-1, 1, len(x)), x, 1)[1]
        assert slope == pytest.approx(line, abs=1e-3)
        step, *rhythm = row[6 * N_FEATURES :].reshape(1 + len(LAGS), -1)
        static = x[:, :N_STATIC]
        assert np.exp(step) == pytest.approx(np.abs(np.diff(static, axis=0)).mean(0), rel=2e-3)
        z = (static - static.mean(axis=0)) / static.std(axis=0)
        for lag, found_here in zip(LAGS, rhythm, strict=True):
            assert found_here == pytest.approx((z[lag:] * z[:-lag]).mean(axis=0), abs=2e-3)


def test_padding_changes_nothing(matrices):
    together = statistics_of(matrices, 140)
    for row, x in zip(together, matrices, strict=True):
        assert row == pytest.approx(statistics_of([x])[0], abs=1e-4)


def test_the_shortest_recording_has_finite_statistics():
    for n_frames in (1, 2, 8):
        x = np.random.default_rng(1).standard_normal((n_frames, N_FEATURES)).astype(np.float32)
        assert np.isfinite(statistics_of([x])).all()


N_MFCC, N_MELS = 3, 64


def voices_of(matrices: list[NDArray[np.float32]], n_frames: int | None = None):
    batch, mask = pad(matrices, n_frames)
    return np.asarray(VoiceStatistics(N_MFCC, N_MELS, N_MFCC + 2)([batch, mask]))


def a_voice(octaves, strength, mfcc) -> NDArray[np.float32]:
    """Return features as the extractor orders them; deltas do not matter here."""
    octaves, strength = np.asarray(octaves, float), np.asarray(strength, float)
    static = np.column_stack([mfcc, octaves * strength, strength])
    return np.column_stack([static, 0 * static]).astype(np.float32)


def test_the_melody_is_that_of_voiced_frames_alone():
    n, rng = 80, np.random.default_rng(3)
    voiced = np.arange(n) % 20 < 12
    melody = np.linspace(-0.5, 0.5, n)
    octaves = np.where(voiced, melody, 2.0)  # what the contour says without voice is nonsense
    x = a_voice(octaves, np.where(voiced, 0.9, 0.1), rng.normal(0, 50, (n, N_MFCC)))
    pitch, spread, skewness, slope, bend, step, share, onsets = voices_of([x])[0][15:23]
    assert pitch == pytest.approx(melody[voiced].mean(), abs=1e-3)
    assert np.exp(spread) == pytest.approx(melody[voiced].std(), rel=5e-3)
    assert skewness == pytest.approx(stats.skew(melody[voiced]), abs=0.05)
    assert slope == pytest.approx(0.5 * n / (n - 1), rel=5e-3)  # octaves from the middle to the end
    assert abs(bend) < 0.01
    assert np.exp(step) == pytest.approx(1 / (n - 1), rel=0.12)  # 1e-3 is added before the log
    assert share == pytest.approx(0.6) and onsets == pytest.approx(3 / n)  # the first has no before


def test_spectra_are_those_of_voiced_unvoiced_and_loud_frames():
    n, rng = 100, np.random.default_rng(4)
    voiced = np.arange(n) < 50
    level_db = np.where(voiced, -20.0, -50.0)
    mfcc = rng.normal(0, 5, (n, N_MFCC))
    mfcc[:, 0] = level_db * N_MELS**0.5
    mfcc[:, 1] += np.where(voiced, 30, -30)
    x = a_voice(np.zeros(n), np.where(voiced, 1.0, 0.0), mfcc)
    of_voiced, of_unvoiced, of_loud, spread, spread_of_loud = voices_of([x])[0][:15].reshape(5, 3)
    assert of_voiced == pytest.approx(mfcc[voiced].mean(axis=0), rel=0.01, abs=0.05)
    assert of_unvoiced == pytest.approx(mfcc[~voiced].mean(axis=0), rel=0.01, abs=0.2)
    assert of_loud == pytest.approx(of_voiced, rel=0.01, abs=0.05)
    assert np.exp(spread[1:]) == pytest.approx(mfcc[voiced].std(axis=0)[1:], rel=0.05)
    assert spread_of_loud[1:] == pytest.approx(spread[1:], abs=0.05)


def test_the_course_is_that_of_the_utterance_however_long():
    def cosines(n: int):
        place = (np.arange(n) + 0.5) / n
        mfcc = np.column_stack([np.cos(np.pi * place), np.cos(3 * np.pi * place), np.ones(n)])
        found = voices_of([a_voice(np.zeros(n), np.ones(n), mfcc)])[0][23:]
        return found.reshape(N_COSINES, 5).copy()

    for n in (30, 90):
        found = cosines(n)
        assert found[0, 0] == pytest.approx(0.5, abs=1e-3)
        assert found[2, 1] == pytest.approx(0.5, abs=1e-3)
        found[0, 0] = found[2, 1] = 0
        assert np.abs(found).max() < 1e-3


def test_padding_and_silence_change_no_statistics_of_a_voice():
    rng = np.random.default_rng(5)
    voices = [
        a_voice(rng.normal(0, 0.3, n), rng.uniform(0, 1, n), rng.normal(0, 20, (n, N_MFCC)))
        for n in (40, 7, 1)
    ]
    voices.append(a_voice(np.zeros(9), np.zeros(9), np.zeros((9, N_MFCC))))  # nothing voiced
    together = voices_of(voices, 60)
    assert np.isfinite(together).all()
    for row, x in zip(together, voices, strict=True):
        assert row == pytest.approx(voices_of([x])[0], abs=2e-3)


def test_the_geometric_mean_is_sure_where_both_are():
    sure, unsure = np.full((1, 8), 0.02), np.full((1, 8), 0.125)
    sure[0, 3] = 0.86
    both = GeometricMean()
    assert np.asarray(both([sure, sure])) == pytest.approx(sure, abs=1e-6)
    mixed = np.asarray(both([sure, unsure]))
    assert mixed.sum() == pytest.approx(1)
    assert 0.125 < mixed[0, 3] < 0.86
    assert mixed == pytest.approx(np.sqrt(sure / 8) / np.sqrt(sure / 8).sum(), abs=1e-6)
