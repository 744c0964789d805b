"""The bands are those of Whisper, with librosa's filters."""

import numpy as np
import pytest
import soundfile

from foundation.shipped import shipped
from ser.features.log_mel import HOP_LENGTH, N_FFT, N_MELS, SAMPLE_RATE_HZ, log_mel, mel_filters
from ser.settings import Samples

RNG = np.random.default_rng(0)
SOUNDS = {
    "speech": soundfile.read(shipped("data", "samples", "reading_short.wav"), dtype="float32")[0],
    "noise": RNG.normal(0, 0.1, 16_001).astype(np.float32),
    "faint noise": RNG.normal(0, 1e-6, 8_079).astype(np.float32),
    "a click": np.eye(1, 8_000, 5000, dtype=np.float32)[0],
    "zeros": np.zeros(4_000, np.float32),
}


def test_filters_equal_librosas() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa comes with the extra 'train'")
    filters = librosa.filters.mel(sr=SAMPLE_RATE_HZ, n_fft=N_FFT, n_mels=N_MELS)
    assert mel_filters() == pytest.approx(filters, abs=1e-7)


@pytest.mark.parametrize("name", SOUNDS)
def test_bands_equal_whispers_recipe_in_librosas_words(name: str) -> None:
    librosa = pytest.importorskip("librosa", reason="librosa comes with the extra 'train'")
    power = librosa.feature.melspectrogram(
        y=SOUNDS[name],
        sr=SAMPLE_RATE_HZ,
        n_fft=N_FFT,
        hop_length=HOP_LENGTH,
        n_mels=N_MELS,
        pad_mode="reflect",
    )[:, :-1]
    bands = np.log10(np.maximum(power, 1e-10))
    expected = (np.maximum(bands, bands.max() - 8) + 4) / 4
    found = log_mel(SOUNDS[name])
    assert found.dtype == np.float32
    assert found == pytest.approx(expected[:, : found.shape[1]], abs=1e-4)


@pytest.mark.parametrize("n_samples", [160, 161, 319, 320, 399, 400, 1000, 64_000])
def test_there_is_a_frame_for_each_whole_hop(n_samples: int) -> None:
    samples: Samples = RNG.normal(0, 0.1, n_samples).astype(np.float32)
    bands = log_mel(samples)
    assert bands.shape == (80, n_samples // 160)
    assert np.isfinite(bands).all() and np.ptp(bands) <= 2.0
