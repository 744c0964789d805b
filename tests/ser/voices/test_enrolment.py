"""Profiles: what is stored of a voice, for which model, and that nothing counts twice."""

import json
import os
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from foundation.errors import InputError
from foundation.shipped import shipped
from foundation.user_data import DATA_HOME_VARIABLE
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import load_recognizer
from ser.voices import enrolment
from ser.voices.enrolment import enrol, load_profile, profile_path
from ser.voices.normalisation import speech_statistics

SAMPLES = shipped("data", "samples")
FILES = sorted(SAMPLES.glob("*.wav"))
SHORT, OTHER = SAMPLES / "reading_short.wav", next(f for f in FILES if "short" not in f.name)


def copied_model(folder):
    folder.mkdir()
    for name in ("model.onnx", "settings.json", "preprocessing.npz"):
        shutil.copy(DEFAULT_FOLDER / name, folder)
    return folder


@pytest.fixture
def recognizer(tmp_path, monkeypatch):
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))
    return load_recognizer()


def test_a_profile_grows_and_no_recording_counts_twice(recognizer, tmp_path):
    profile, result = enrol(recognizer, "ann", [SHORT])
    assert result.added == [SHORT]
    alone = speech_statistics(recognizer, SHORT)
    assert profile.statistics.n_frames == alone.n_frames
    copy = shutil.copy(SHORT, tmp_path / "another name.wav")
    again, result = enrol(recognizer, "ann", [copy, SHORT])
    assert len(result.known) == 2 and not result.added
    assert again.statistics.n_frames == alone.n_frames
    both, result = enrol(recognizer, "ann", [SHORT, OTHER])
    expected = alone.merge(speech_statistics(recognizer, OTHER))
    assert result.added == [OTHER] and len(both.digests) == 2
    assert load_profile("ann").statistics.n_frames == expected.n_frames
    np.testing.assert_allclose(load_profile("ann").statistics.mean, expected.mean)


def test_a_recording_may_come_through_a_pipe(recognizer, tmp_path):
    path = tmp_path / "voice.fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(SHORT.read_bytes(),))
    writer.start()
    profile, result = enrol(recognizer, "ann", [path])
    writer.join(10)
    assert result.added == [path]
    assert profile.digests == enrol(recognizer, "ben", [SHORT])[0].digests


def test_what_is_stored_is_private_small_and_the_same_when_read(recognizer):
    enrol(recognizer, "ann", [SHORT])
    profile, _ = enrol(recognizer, "ann", [OTHER], emotion=" Happy")
    path = profile_path("ann")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["ann.json"]
    assert path.stat().st_size < 30_000  # statistics; the sound has more than 100 kB
    assert load_profile("ann").to_dict() == profile.to_dict()
    for got in (load_profile("ann"), profile):
        answer = recognizer.for_speaker(got).predict(SHORT)
        assert sum(answer.probabilities) == pytest.approx(1)
        assert answer.probabilities != recognizer.predict(SHORT).probabilities


def test_a_recording_gets_an_emotion_later_or_another_one(recognizer):
    enrol(recognizer, "ann", [SHORT])
    frames = load_profile("ann").statistics.n_frames
    for emotion in ("sad", "angry"):
        profile, result = enrol(recognizer, "ann", [SHORT], emotion=emotion)
        assert result.labelled == [SHORT] and profile.statistics.n_frames == frames
    assert [clip.emotion for clip in profile.labelled] == [4]
    _, result = enrol(recognizer, "ann", [SHORT], emotion="angry")
    assert result.known == [SHORT]
    assert "angry 1" in profile.summary() and "1 recording," in profile.summary()


def test_labelled_recordings_are_heard_as_labelled(recognizer):
    before = recognizer.predict(SHORT).probabilities
    for emotion, number in (("angry", 4), ("surprised", 7)):
        enrol(recognizer, emotion, [SHORT], emotion=emotion)
        profile, _ = enrol(recognizer, emotion, [OTHER], emotion="fearful")
        unlabelled = replace(profile, labelled=())
        known = recognizer.for_speaker(profile).predict(SHORT).probabilities[number]
        assert known > recognizer.for_speaker(unlabelled).predict(SHORT).probabilities[number]
        assert known > before[number]


def test_a_stream_knows_the_speaker_as_the_file_does(recognizer):
    enrol(recognizer, "ann", [SHORT], emotion="happy")
    profile, _ = enrol(recognizer, "ann", [OTHER], emotion="sad")
    known = recognizer.for_speaker(profile)
    for path in FILES:
        samples, rate = soundfile.read(path, dtype="float32")
        stream = known.stream(rate)
        for start in range(0, len(samples), 7001):
            stream.feed(samples[start : start + 7001])
        np.testing.assert_allclose(
            stream.finish().probabilities, known.predict(path).probabilities, atol=1e-6
        )


def test_bad_files_are_named_and_the_others_enrolled(recognizer, tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    noise = 0.05 * np.random.default_rng(1).normal(size=32_000)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000)
    bad = [tmp_path / "text.wav", tmp_path / "gone.wav", tmp_path / "noise.wav"]
    profile, result = enrol(recognizer, "ann", bad)
    assert profile is None and not profile_path("ann").exists()
    for error, words in zip(result.refused, ("text.wav", "gone.wav", "any speech"), strict=True):
        assert words in str(error)
    profile, result = enrol(recognizer, "ann", [*bad, SHORT])
    assert len(result.refused) == 3 and len(profile.digests) == 1


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".ann", "-x", "a b", "x" * 65, "nul"])
def test_a_name_that_could_be_a_path_is_refused(recognizer, name):
    with pytest.raises(InputError, match="name of a speaker"):
        enrol(recognizer, name, [SHORT])


def test_another_model_is_refused_and_says_what_differs(recognizer, tmp_path):
    other = copied_model(tmp_path / "other")
    with (other / "model.onnx").open("ab") as file:
        file.write(b"\x72\x00")  # a field without content: the same network, another file
    other_recognizer = load_recognizer(other)
    profile, _ = enrol(recognizer, "ann", [SHORT])
    other_recognizer.for_speaker(profile)  # statistics fit every network with these features
    profile, _ = enrol(recognizer, "ann", [OTHER], emotion="sad")
    with pytest.raises(InputError, match=r"another model.*labelled"):
        other_recognizer.for_speaker(profile)
    with pytest.raises(InputError, match="--remove"):
        enrol(other_recognizer, "ann", [SHORT])
    foreign = replace(profile, features={**profile.features, "n_mfcc": 13})
    with pytest.raises(InputError, match="n_mfcc 13 there, 34 here"):
        recognizer.for_speaker(foreign)


def test_broken_profiles_get_an_answer(recognizer):
    enrol(recognizer, "ann", [SHORT], emotion="sad")
    path = profile_path("ann")
    good = json.loads(path.read_text("utf-8"))
    clip = good["labelled"][0]
    for bad, words in (
        ("{", "is damaged"),
        ({**good, "format": "x"}, "no profile"),
        ({**good, "format_version": 2}, "version 2"),
        ({**good, "statistics": {}}, "is damaged"),
        ({**good, "labelled": [{**clip, "emotion": "bored"}]}, "is damaged"),
        ({**good, "labelled": [{**clip, "probabilities": [0.0] * 8}]}, "is damaged"),
        ({**good, "labelled": [{**clip, "probabilities": [1.0]}]}, "is damaged"),
        ({**good, "labelled": [clip, {**clip, "direction": [1.0]}]}, "is damaged"),
    ):
        path.write_text(bad if isinstance(bad, str) else json.dumps(bad))
        with pytest.raises(InputError, match=words):
            load_profile("ann")
    enrolment.remove_profile("ann")
    with pytest.raises(InputError, match="nobody is"):
        load_profile("ann")


def test_a_model_without_statistics_of_its_training_data_enrols_nobody(recognizer, tmp_path):
    bare = copied_model(tmp_path / "bare")
    with np.load(bare / "preprocessing.npz") as stored:
        banks = {key: stored[key] for key in ("mel", "chroma")}
    np.savez(bare / "preprocessing.npz", **banks)
    with pytest.raises(InputError, match="statistics of its training data"):
        enrol(load_recognizer(bare), "ann", [SHORT])
    assert not profile_path("ann").exists()


def test_profiles_are_kept_in_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv(DATA_HOME_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = enrolment.data_folder()
    assert folder.name == "speakers" and "emotify" in folder.parts
