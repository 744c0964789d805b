"""A recording that is read once is judged as one that is read each time."""

import numpy as np
import pytest
import soundfile

from foundation.shipped import shipped
from ser.evaluation.heard import hear, judged
from ser.features.augment import add_noise
from ser.recognizer import load_recognizer
from ser.sound.audio import Recording
from ser.voices.normalisation import merged, speech_statistics, to_training

SAMPLES = shipped("data", "samples")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A short one, one of several windows, and one with noise, which is heard twice."""
    samples, rate = soundfile.read(SAMPLES / "reading_short.wav", dtype="float32")
    quiet = np.pad(samples, rate)
    noise = np.random.default_rng(0).standard_normal(len(quiet))
    noisy = tmp_path_factory.mktemp("noisy") / "noisy.wav"
    soundfile.write(noisy, add_noise(quiet, noise, 10, rate), rate)
    return [SAMPLES / "reading_short.wav", SAMPLES / "reading_long.wav", noisy]


def test_it_says_what_predict_says_and_keeps_no_sound(recordings):
    recognizer = load_recognizer()
    for path in recordings:
        sound = hear(recognizer, path)
        assert sound.estimate == recognizer.predict(path)
        assert not any(len(window.samples) for window, _ in sound.windows)
        alone = speech_statistics(recognizer, path)
        assert sound.statistics.to_dict() == alone.to_dict()
        assert 0 < sound.speech_seconds <= sound.estimate.duration_seconds
    assert len(hear(recognizer, recordings[1]).windows) > 1
    assert hear(recognizer, recordings[2]).without_noise[0] is not None


def test_it_is_judged_again_with_other_features_as_predict_would(recordings):
    recognizer = load_recognizer()
    sounds = [hear(recognizer, path) for path in recordings]
    transforms = [
        to_training(merged(sound.statistics for sound in part), recognizer.artefact)
        for part in (sounds, sounds[:1], sounds[1:])
    ]
    again = judged(recognizer, sounds, transforms.__getitem__)
    for path, transform, row in zip(recordings, transforms, again, strict=True):
        expected = recognizer.predict(path, transform=transform).probabilities
        assert row == pytest.approx(expected, abs=1e-5)
    plain = [recognizer.predict(path).probabilities for path in recordings]
    np.testing.assert_allclose(judged(recognizer, sounds), plain, atol=1e-5)


def test_it_is_read_once(recordings, monkeypatch):
    read, blocks = [], Recording.blocks

    def counted(self, *arguments):
        read.append(self.name)
        return blocks(self, *arguments)

    monkeypatch.setattr(Recording, "blocks", counted)
    recognizer = load_recognizer()
    sound = hear(recognizer, recordings[0])
    judged(recognizer, [sound])
    assert len(read) == 1
