"""Speech is told from other sound, at any level, and in a stream as in the whole."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from foundation.shipped import shipped
from ser.settings import Samples
from ser.sound.audio import Recording, read_whole
from ser.sound.voice_activity import (
    FRAME_LENGTH,
    NETWORK_FILE,
    SAMPLE_RATE_HZ,
    VoiceActivity,
    shrill_speech_seconds,
)

SAMPLES = shipped("data", "samples")
CHUNK = 32 * FRAME_LENGTH
RATE = SAMPLE_RATE_HZ
NOISE = os.environ.get("EMOTIFY_NOISE", "")


def speech_share(samples: Samples) -> float:
    activity = VoiceActivity()
    parts = [activity(samples[i : i + CHUNK]) for i in range(0, len(samples), CHUNK)]
    return float((np.concatenate(parts) > 0.5).mean())


def chord(seconds: float) -> Samples:
    """Return a slowly repeated chord with ten harmonics, as of an organ or a guitar."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = [np.sin(2 * np.pi * f * k * t) / k for f in (220, 277.2, 329.6) for k in range(1, 11)]
    return (0.03 * np.sum(tones, axis=0) * np.exp(-2 * (t % 0.8))).astype(np.float32)


def not_speech() -> dict[str, Samples]:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.1, 5 * RATE).astype(np.float32)
    t = np.arange(5 * RATE) / RATE
    return {
        "zeros": np.zeros(5 * RATE, np.float32),
        "hiss": noise,
        "rumble": (np.cumsum(noise) / 50).astype(np.float32),
        "hum": (0.1 * np.sin(2 * np.pi * 50 * t)).astype(np.float32),
        "clicks": np.where(np.arange(5 * RATE) % 8000 < 20, noise * 5, 0).astype(np.float32),
        "chord": chord(5.0),
    }


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.wav")), ids=lambda path: path.stem)
@pytest.mark.parametrize("gain_db", [-40, -20, 0])
def test_speech_is_heard_at_any_level(path: Path, gain_db: int) -> None:
    samples = read_whole(Recording(path), RATE) * np.float32(10 ** (gain_db / 20))
    assert speech_share(samples) > 0.7


@pytest.mark.parametrize("kind", list(not_speech()))
@pytest.mark.parametrize("gain_db", [-30, 0])
def test_other_sound_is_not_speech(kind: str, gain_db: int) -> None:
    assert speech_share(not_speech()[kind] * np.float32(10 ** (gain_db / 20))) < 0.1


def test_speech_in_noise_is_found_where_it_is() -> None:
    speech = read_whole(Recording(SAMPLES / "reading_short.wav"), RATE)
    scale = np.sqrt(np.mean(speech**2)) * 10 ** (-10 / 20)  # 10 dB below
    noise = np.random.default_rng(0).normal(0, scale, 3 * len(speech)).astype(np.float32)
    noise[len(speech) : 2 * len(speech)] += speech
    activity = VoiceActivity()
    parts = [activity(noise[i : i + CHUNK]) for i in range(0, len(noise), CHUNK)]
    spoken = np.concatenate(parts) > 0.5
    third = len(spoken) // 3
    assert spoken[third : 2 * third].mean() > 0.7
    assert spoken[: third - 3].mean() < 0.05 and spoken[2 * third + 15 :].mean() < 0.05


def test_a_short_last_frame_gives_a_probability() -> None:
    assert VoiceActivity()(np.zeros(FRAME_LENGTH + 1, np.float32)).shape == (2,)


def test_the_network_is_the_one_described() -> None:
    readme = (NETWORK_FILE.parent / "README.md").read_text("utf-8")
    [checksum] = re.findall(r"`([0-9a-f]{64})`", readme)
    assert hashlib.sha256(NETWORK_FILE.read_bytes()).hexdigest() == checksum
    assert "Silero Team" in (NETWORK_FILE.parent / "LICENSE").read_text("utf-8")


@pytest.mark.skipif(not NOISE, reason="EMOTIFY_NOISE names no folder with ESC-10")
def test_rain_dogs_and_helicopters_are_not_speech() -> None:
    paths = sorted(Path(NOISE).rglob("*.opus"))[::8]
    assert len(paths) >= 50
    shares = [speech_share(read_whole(Recording(path), RATE)) for path in paths]
    assert np.mean(np.array(shares) < 0.1) > 0.9


def test_slower_speech_is_speech_still_and_other_sound_is_not() -> None:
    speech = read_whole(Recording(SAMPLES / "reading_short.wav"), RATE)
    high = soxr.resample(speech, 5 * RATE, RATE)  # played five times as fast
    assert speech_share(high) < 0.1
    assert shrill_speech_seconds(high) > 0.8 * len(high) / RATE
    for kind, samples in not_speech().items():
        assert shrill_speech_seconds(samples) < 0.3, kind


def test_telephone_speech_is_speech() -> None:
    samples, rate = soundfile.read(SAMPLES / "reading_short.wav", dtype="float32")
    narrow = soxr.resample(soxr.resample(samples, rate, 8_000), 8_000, RATE)
    assert speech_share(narrow) > 0.7
