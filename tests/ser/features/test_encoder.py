"""Frames of the shipped encoder: one for each 20 ms, the same at every level of a microphone."""

import hashlib
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from foundation.shipped import CHECKOUT
from ser.features.encoder import (
    FOLDER,
    KIND,
    REFERENCE_SPEECH_RMS,
    load_encoder,
    scale_to_speech_level,
)
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, speech_rms
from ser.sound.windows import cut

SAMPLE = CHECKOUT / "data" / "samples" / "reading_short.wav"
SPEECH: Samples = soundfile.read(SAMPLE, dtype="float32")[0][:48_000]


def test_speech_gives_frames_that_differ_and_stay_finite() -> None:
    encoder = load_encoder()
    frames = encoder(SPEECH)
    assert frames.shape == (len(SPEECH) // 320, encoder.settings.n_features)
    assert encoder.settings.n_features == 1024 and frames.dtype == np.float32
    assert np.isfinite(frames).all() and frames.std(axis=0).min() > 0
    assert np.array_equal(encoder(SPEECH), frames)


@pytest.mark.parametrize("n_samples", [320, 479, 640, 5000, 64_000, 96_319])
def test_there_is_a_frame_for_each_whole_20_ms(n_samples: int) -> None:
    encoder = load_encoder()
    samples = np.resize(SPEECH, n_samples)
    frames = encoder(samples)
    assert len(frames) == n_samples // 320 == encoder.settings.n_frames(n_samples / 16_000)
    assert np.isfinite(frames).all()


def test_the_level_of_a_microphone_changes_nothing() -> None:
    frames = load_encoder()(SPEECH)
    for gain in (0.01, 8.0):
        difference = load_encoder()(np.float32(gain) * SPEECH) - frames
        assert difference.std() < 0.02 * frames.std()  # what is rounded elsewhere
    scaled = scale_to_speech_level(SPEECH)
    assert speech_rms(scaled, 16_000) == pytest.approx(REFERENCE_SPEECH_RMS, rel=1e-4)
    assert np.isfinite(load_encoder()(np.zeros(4_000, np.float32))).all()


@pytest.mark.parametrize(
    ("n_samples", "words"),
    [
        (0, "0 ms of sound are too short for the encoder, which needs at least 20 ms"),
        (319, "20 ms of sound are too short"),
        (96_320, "6.0 s of sound are too long for the encoder, which takes at most 6 s at once"),
        (480_000, "cut it into windows of 4 s"),
    ],
)
def test_too_little_and_too_much_sound_are_answered(n_samples: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_encoder()(np.resize(SPEECH, n_samples))


def test_windows_are_cut_as_for_mfcc() -> None:
    """Both hear the same pieces, so that their answers can be put together."""
    settings = load_encoder().settings
    assert settings.sample_rate_hz == 16_000 and settings.window_seconds == 4.0
    samples = np.concatenate([SPEECH, np.zeros(16_000, np.float32), SPEECH, SPEECH])
    these, those = (
        list(cut(Recording(samples, 16_000), one)) for one in (settings, FeatureSettings())
    )
    assert len(these) >= 3
    for this, that in zip(these, those, strict=True):
        assert (this.start_seconds, this.end_seconds) == (that.start_seconds, that.end_seconds)
        assert np.array_equal(this.samples, that.samples)


def test_the_networks_are_those_described() -> None:
    described = re.findall(r"`([0-9a-f]{64})`", (FOLDER / "README.md").read_text("utf-8"))
    for name in KIND.files:
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() in described
    assert "Copyright (c) 2022 OpenAI" in (FOLDER / "LICENSE").read_text("utf-8")
    assert set(load_encoder().digests.values()) <= set(described)


def test_it_hears_without_tensorflow_librosa_and_scipy() -> None:
    program = (
        "import sys, numpy\n"
        "from ser.features.encoder import load_encoder\n"
        "load_encoder()(numpy.zeros(16000, numpy.float32))\n"
        "heavy = {'tensorflow', 'keras', 'librosa', 'scipy', 'onnx', 'sklearn'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
