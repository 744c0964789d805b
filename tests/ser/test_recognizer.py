"""The shipped model answers for files and arrays alike, without the training framework."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.artefact import DEFAULT_FOLDER
from ser.emotions import EmotionEstimate
from ser.errors import InputError
from ser.recognizer import load_recognizer

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"
RECORDING = SAMPLES / "reading_short.wav"


@pytest.fixture(scope="module")
def recognizer():
    return load_recognizer()


@pytest.fixture(scope="module")
def speech():
    samples, rate = soundfile.read(RECORDING, dtype="float32")
    return samples, rate


def test_a_file_and_its_samples_give_the_same_estimate(recognizer, speech):
    samples, rate = speech
    of_file = recognizer.predict(RECORDING)
    of_array = recognizer.predict(samples, sample_rate_hz=rate)
    assert isinstance(of_file, EmotionEstimate)
    assert of_file.probabilities == pytest.approx(of_array.probabilities, abs=1e-6)
    assert of_file.duration_seconds == pytest.approx(len(samples) / rate)
    assert of_file.segments == ()  # shorter than a window


def test_different_voices_get_different_answers(recognizer):
    estimates = [recognizer.predict(path) for path in sorted(SAMPLES.glob("*.wav"))]
    assert len({tuple(np.round(e.probabilities, 3)) for e in estimates}) == len(estimates) >= 5


@pytest.mark.parametrize("gain_db", [-30, -12, 6])
def test_the_gain_of_a_microphone_changes_nothing(recognizer, speech, gain_db):
    samples, rate = speech
    loud = recognizer.predict(samples * 10 ** (gain_db / 20), sample_rate_hz=rate)
    plain = recognizer.predict(samples, sample_rate_hz=rate)
    assert loud.probabilities == pytest.approx(plain.probabilities, abs=1e-3)


def test_silence_around_the_speech_changes_little(recognizer, speech):
    samples, rate = speech
    silence = np.zeros(2 * rate, np.float32)
    framed = recognizer.predict(np.concatenate([silence, samples, silence]), sample_rate_hz=rate)
    plain = recognizer.predict(samples, sample_rate_hz=rate)
    # The trim works in hops of 32 ms, so the frames may start up to one hop apart.
    assert framed.label == plain.label
    assert framed.probabilities == pytest.approx(plain.probabilities, abs=0.15)


def test_a_long_recording_has_a_timeline_that_covers_it(recognizer, speech):
    samples, rate = speech
    repeated = np.tile(samples, 6)
    estimate = recognizer.predict(repeated, sample_rate_hz=rate)
    starts = [segment.start_seconds for segment in estimate.segments]
    ends = [segment.end_seconds for segment in estimate.segments]
    assert len(estimate.segments) >= 5 and starts == sorted(starts)
    assert all(start <= end for start, end in zip(starts[1:], ends, strict=False))  # no gap
    assert ends[-1] > estimate.duration_seconds - 1
    mean = np.mean([segment.probabilities for segment in estimate.segments], axis=0)
    assert estimate.probabilities == pytest.approx(tuple(mean), abs=1e-6)


def test_neither_tensorflow_nor_librosa_is_imported():
    code = (
        "import sys; from ser.recognizer import load_recognizer; "
        f"load_recognizer().predict({str(RECORDING)!r}); "
        "print([m for m in ('tensorflow', 'keras', 'librosa', 'sklearn', 'pandas') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_damaged_network_is_refused(tmp_path):
    for name in ("settings.json", "preprocessing.npz", "model.onnx"):
        (tmp_path / name).write_bytes((DEFAULT_FOLDER / name).read_bytes())
    load_recognizer(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    with pytest.raises(InputError, match="is broken"):
        load_recognizer(tmp_path)
    (tmp_path / "model.onnx").unlink()
    with pytest.raises(InputError, match=r"model\.onnx is missing"):
        load_recognizer(tmp_path)
