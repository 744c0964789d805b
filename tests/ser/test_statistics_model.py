"""The statistics of an utterance are what their names say, and padding changes none of them."""

import os

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training comes with the extra 'train'")
from scipy import stats  # noqa: E402

from ser.features import pad  # noqa: E402
from ser.statistics_model import LAGS, GeometricMean, UtteranceStatistics  # noqa: E402

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


def test_the_geometric_mean_is_sure_where_both_are():
    sure, unsure = np.full((1, 8), 0.02), np.full((1, 8), 0.125)
    sure[0, 3] = 0.86
    both = GeometricMean()
    assert np.asarray(both([sure, sure])) == pytest.approx(sure, abs=1e-6)
    mixed = np.asarray(both([sure, unsure]))
    assert mixed.sum() == pytest.approx(1)
    assert 0.125 < mixed[0, 3] < 0.86
    assert mixed == pytest.approx(np.sqrt(sure / 8) / np.sqrt(sure / 8).sum(), abs=1e-6)
