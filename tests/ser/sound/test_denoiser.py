"""Noise goes, speech stays, and the network is the one that is described."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest

from foundation.shipped import shipped
from ser.features.augment import add_noise
from ser.settings import Samples
from ser.sound.audio import Recording, read_whole, speech_rms
from ser.sound.denoiser import NETWORK_FILE, SAMPLE_RATE_HZ, denoise

RATE = SAMPLE_RATE_HZ
SAMPLE = shipped("data", "samples", "reading_short.wav")
NOISE = os.environ.get("EMOTIFY_NOISE", "")


@pytest.fixture(scope="module")
def speech() -> Samples:
    return read_whole(Recording(SAMPLE), RATE)


def hiss(n_samples: int) -> Samples:
    return np.random.default_rng(0).normal(0, 0.05, n_samples).astype(np.float32)


def distance_db(sound: Samples, speech: Samples) -> float:
    """Return how far what is not the speech lies under it."""
    return float(10 * np.log10(np.mean(speech**2) / np.mean((sound - speech) ** 2)))


@pytest.mark.parametrize("ratio_db", [0, 10])
def test_speech_in_noise_comes_nearer_to_itself(speech: Samples, ratio_db: float) -> None:
    noisy = add_noise(speech, hiss(len(speech)), ratio_db, RATE)
    cleaned = denoise(noisy)
    assert cleaned.shape == noisy.shape and cleaned.dtype == np.float32
    assert distance_db(cleaned, speech) > distance_db(noisy, speech) + 4


def test_quiet_speech_stays_as_it_is(speech: Samples) -> None:
    assert distance_db(denoise(speech), speech) > 12
    assert speech_rms(denoise(speech), RATE) == pytest.approx(speech_rms(speech, RATE), rel=0.1)


def test_the_level_of_a_microphone_changes_nothing(speech: Samples) -> None:
    noisy = add_noise(speech, hiss(len(speech)), 10, RATE)
    for gain in (0.003, 3.0):
        assert np.allclose(denoise(np.float32(gain) * noisy) / gain, denoise(noisy), atol=1e-5)


def test_noise_alone_goes() -> None:
    noise = hiss(3 * RATE)
    assert np.mean(denoise(noise)[RATE:] ** 2) < 0.02 * np.mean(noise[RATE:] ** 2)


@pytest.mark.parametrize("n_samples", [1, 255, 256, 257, 5000])
def test_any_length_is_kept_and_silence_is_silent(n_samples: int) -> None:
    assert denoise(hiss(n_samples)).shape == (n_samples,)
    assert not denoise(np.zeros(n_samples, np.float32)).any()


@pytest.mark.skipif(not NOISE, reason="EMOTIFY_NOISE names no folder with ESC-10")
def test_dogs_rain_and_helicopters_go(speech: Samples) -> None:
    paths = sorted(Path(NOISE).rglob("*.opus"))[::8]
    assert len(paths) >= 50
    gains_db = []
    for path in paths:
        noise = np.resize(read_whole(Recording(path), RATE), len(speech))
        if noise.std() > 1e-5:
            noisy = add_noise(speech, noise, 10, RATE)
            gains_db.append(distance_db(denoise(noisy), speech) - distance_db(noisy, speech))
    assert np.median(gains_db) > 3


def test_the_network_is_the_one_described() -> None:
    readme = (NETWORK_FILE.parent / "README.md").read_text("utf-8")
    assert hashlib.sha256(NETWORK_FILE.read_bytes()).hexdigest() in re.findall(
        r"`([0-9a-f]{64})`", readme
    )
    assert "Rong Xiaobin" in (NETWORK_FILE.parent / "LICENSE").read_text("utf-8")
