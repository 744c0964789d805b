"""The ratio of speech to noise is measured as it was made."""

import math

import numpy as np
import pytest

from foundation.shipped import shipped
from ser.features.augment import add_noise
from ser.settings import Samples
from ser.sound.audio import Recording, frame_levels_db, read_whole
from ser.sound.noise_level import HALF_LIFE_SECONDS, NoiseLevel
from ser.sound.voice_activity import FRAME_LENGTH, SAMPLE_RATE_HZ, VoiceActivity

RATE = SAMPLE_RATE_HZ
CHUNK = 32 * FRAME_LENGTH
SAMPLE = shipped("data", "samples", "reading_short.wav")


@pytest.fixture(scope="module")
def speech() -> Samples:
    silence = np.zeros(RATE, np.float32)
    return np.concatenate([silence, read_whole(Recording(SAMPLE), RATE), silence])


def hiss(n_samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.05, n_samples).astype(np.float32)


def measured_db(sound: Samples, level: NoiseLevel | None = None) -> float:
    level, activity = level or NoiseLevel(), VoiceActivity()
    for start in range(0, len(sound), CHUNK):
        chunk = sound[start : start + CHUNK]
        level.feed(frame_levels_db(chunk, FRAME_LENGTH), activity(chunk))
    return level.speech_to_noise_db


@pytest.mark.parametrize("ratio_db", [5, 10, 20])
@pytest.mark.parametrize("gain_db", [-30, 0])
def test_noise_is_measured_as_far_under_the_speech_as_it_was_added(
    speech: Samples, ratio_db: float, gain_db: float
) -> None:
    sound = add_noise(speech, hiss(len(speech)), ratio_db, RATE)
    assert measured_db(sound * np.float32(10 ** (gain_db / 20))) == pytest.approx(ratio_db, abs=2)


def test_a_recording_without_noise_or_without_speech_is_not_noisy(speech: Samples) -> None:
    assert measured_db(speech) > 28  # its own
    assert measured_db(hiss(5 * RATE)) == math.inf  # nobody speaks
    level = NoiseLevel()
    assert level.speech_to_noise_db == math.inf
    level.feed(np.full(50, -20.0), np.full(50, 0.9))  # no pause to hear it
    assert level.speech_to_noise_db == math.inf


def test_one_bark_between_words_counts_with_its_power_and_not_with_its_median(
    speech: Samples,
) -> None:
    barking = speech.copy()
    barking[: RATE // 4] += hiss(RATE // 4)
    assert measured_db(speech) > measured_db(barking) + 15


def test_noise_that_is_over_is_forgotten(speech: Samples) -> None:
    level = NoiseLevel()
    noisy = add_noise(speech, hiss(len(speech)), 5, RATE)
    then = measured_db(noisy, level)
    for _ in range(round(3 * HALF_LIFE_SECONDS * RATE / len(speech))):
        now = measured_db(speech, level)
    assert now > then + 5


@pytest.mark.parametrize("n_frames", [1, 2, 5, 31])
def test_short_chunks_give_what_long_ones_give(n_frames: int) -> None:
    rng = np.random.default_rng(n_frames)
    levels_db, probabilities = rng.uniform(-60, -20, 200), rng.choice([0.0, 0.9], 200, p=[0.9, 0.1])
    whole, parts = NoiseLevel(), NoiseLevel()
    whole.feed(levels_db, probabilities)
    for start in range(0, 200, n_frames):
        parts.feed(levels_db[start : start + n_frames], probabilities[start : start + n_frames])
    # What is recent weighs a little more.
    assert parts.speech_to_noise_db == pytest.approx(whole.speech_to_noise_db, abs=0.5)
