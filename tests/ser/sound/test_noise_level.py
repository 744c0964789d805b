"""The ratio of speech to noise is measured as it was made."""

import math

import numpy as np
import pytest

from foundation.shipped import shipped
from ser.features.augment import add_noise
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, read_whole
from ser.sound.noise_level import HALF_LIFE_SECONDS, MINIMA_FRAMES, NoiseLevel
from ser.sound.voice_activity import FRAME_LENGTH, SAMPLE_RATE_HZ, VoiceActivity
from ser.sound.windows import trimmed

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
        level.feed(chunk, activity(chunk))
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
    level.feed(hiss(50 * FRAME_LENGTH), np.full(50, 0.9))  # no pause to hear it, nor free frame
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
@pytest.mark.parametrize("share_of_speech", [0.1, 0.9])  # with pauses, and without
def test_short_chunks_give_what_long_ones_give(n_frames: int, share_of_speech: float) -> None:
    rng = np.random.default_rng(n_frames)
    spoken = rng.random(200) < share_of_speech
    gains = np.repeat(10 ** (rng.uniform(-1, 1, 200)), FRAME_LENGTH)
    sound, probabilities = hiss(200 * FRAME_LENGTH) * gains.astype(np.float32), 0.9 * spoken
    whole, parts = NoiseLevel(), NoiseLevel()
    whole.feed(sound, probabilities)
    for start in range(0, 200, n_frames):
        stop = start + n_frames
        parts.feed(sound[start * FRAME_LENGTH : stop * FRAME_LENGTH], probabilities[start:stop])
    assert math.isfinite(whole.speech_to_noise_db)
    # What is recent weighs a little more.
    assert parts.speech_to_noise_db == pytest.approx(whole.speech_to_noise_db, abs=0.5)


@pytest.fixture(scope="module")
def clip() -> Samples:
    """Return speech from its first word to its last."""
    return trimmed(Recording(SAMPLE), FeatureSettings())


def test_a_clip_that_was_cut_to_its_speech_has_no_pause_but_its_noise_is_measured(
    clip: Samples,
) -> None:
    assert measured_db(clip) > 25  # in quiet
    for ratio_db in (5, 10, 20):
        noisy = add_noise(clip, hiss(len(clip)), ratio_db, RATE)
        assert measured_db(noisy) == pytest.approx(ratio_db, abs=2)
        assert measured_db(noisy / 30) == pytest.approx(ratio_db, abs=2)


def test_noise_that_is_not_white_is_found_in_speech_too(clip: Samples) -> None:
    hum = np.sin(np.arange(len(clip)) * (2 * np.pi * 120 / RATE)) + 0.1 * hiss(len(clip))
    rumble = np.cumsum(hiss(len(clip)))
    for noise in (hum, rumble - np.convolve(rumble, np.ones(800) / 800, "same")):
        assert measured_db(add_noise(clip, noise, 10, RATE)) < 20


def test_digital_silence_around_a_noisy_clip_does_not_hide_its_noise(clip: Samples) -> None:
    noisy = np.pad(add_noise(clip, hiss(len(clip)), 10, RATE), RATE)
    assert measured_db(noisy) < 25  # frames that are half zeros are fainter than the noise
    assert measured_db(np.pad(clip, RATE)) > 25


def test_from_the_middle_of_speech_or_too_little_of_it_nothing_is_known_of_the_noise(
    clip: Samples,
) -> None:
    level = NoiseLevel()
    n_frames = MINIMA_FRAMES[0]
    for n_sure, n_heard, known in (
        (n_frames, n_frames, False),
        (4, 20, False),
        (4, n_frames, True),
    ):
        level = NoiseLevel()
        probabilities = np.where(np.arange(n_heard) < n_sure, 0.9, 0.5)
        level.feed(clip[: n_heard * FRAME_LENGTH], probabilities)
        assert math.isfinite(level.speech_to_noise_db) == known


@pytest.mark.parametrize("n_frames", [47, 64, 128])
def test_minima_are_corrected_by_what_chance_takes_off_them(n_frames: int) -> None:
    levels = []
    for seed in range(60):
        level = NoiseLevel()
        level.feed(
            hiss(n_frames * FRAME_LENGTH, seed), np.r_[0.9, np.zeros(2), np.ones(n_frames - 3)]
        )
        levels.append(level.speech_to_noise_db)
    assert np.mean(levels) == pytest.approx(0, abs=0.3)
