"""`emotify recognize`: real recordings, and every one that cannot be used."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr

from app.command import recognize
from emotions.calibration import Calibration, store_calibration
from emotions.labels import EMOTION_NAMES
from foundation.shipped import shipped
from ser.network.artefact import DEFAULT_FOLDER

SAMPLES = shipped("data", "samples")
RECORDING = SAMPLES / "reading_short.wav"
SPEECH, RATE = soundfile.read(RECORDING, dtype="float32")


def test_recognize_prints_json_with_the_promised_fields(emotify):
    code, out, _ = emotify("recognize", "--json", RECORDING)
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {
        "file", "emotion", "probabilities", "valence", "arousal", "confidence",
        "uncertain", "doubts", "duration_seconds", "segments",
    }  # fmt: skip
    assert tuple(answer["probabilities"]) == EMOTION_NAMES
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert answer["confidence"] == max(answer["probabilities"].values())
    assert answer["duration_seconds"] == pytest.approx(3.29, abs=0.01)
    assert answer["file"] == str(RECORDING)


def test_recognize_answers_for_several_files_and_names_the_bad_one(emotify, tmp_path):
    code, out, err = emotify("recognize", "--json", RECORDING, tmp_path / "no.wav", RECORDING)
    assert code == 2 and "no.wav" in err
    assert len(json.loads(out)) == 2


@pytest.mark.heavy
def test_many_files_are_answered_in_order_each_as_if_alone(emotify, tmp_path):
    good = sorted(SAMPLES.glob("*.wav"))
    soundfile.write(tmp_path / "long.wav", np.tile(SPEECH, 20), RATE)  # judged by itself
    (tmp_path / "text.wav").write_text("no sound")
    files = [good[0], tmp_path / "text.wav", tmp_path / "long.wav", *good, tmp_path / "gone.wav"]
    code, out, err = emotify("recognize", "--json", *files)
    answers = json.loads(out)
    assert code == 2
    assert [answer["file"] for answer in answers] == [
        str(path) for path in files if path.name not in ("text.wav", "gone.wav")
    ]
    assert err.index("text.wav") < err.index("gone.wav")
    for answer in answers:
        _, alone, _ = emotify("recognize", "--json", answer["file"])
        assert answer == json.loads(alone)


@pytest.mark.parametrize("on_terminal", [True, False])
def test_work_that_takes_long_shows_a_progress_bar_on_a_terminal(
    emotify, monkeypatch, capsys, on_terminal
):
    files = sorted(SAMPLES.glob("*.wav"))
    monkeypatch.setattr(recognize, "BAR_DELAY_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal)
    code, out, err = emotify("recognize", *files)
    assert code == 0
    assert (f"/{len(files)} [" in err) == on_terminal
    assert ("\r" in err) == on_terminal  # a log would be full of them
    assert out.count("valence") == len(files) and "file/s" not in out


def test_recognize_prints_bars_and_a_timeline(emotify, tmp_path):
    soundfile.write(tmp_path / "long.wav", np.tile(SPEECH, 4), RATE)
    code, out, _ = emotify("recognize", "--timeline", tmp_path / "long.wav")
    assert code == 0
    assert all(name in out for name in EMOTION_NAMES)
    assert out.count(" s  ") >= 3


@pytest.fixture
def doubter(tmp_path):
    """A model folder that is never sure."""
    folder = tmp_path / "doubter"
    folder.mkdir()
    for name in ("settings.json", "preprocessing.npz", "model.onnx"):
        shutil.copy(DEFAULT_FOLDER / name, folder / name)
    store_calibration(folder, Calibration(confident_above=1.0))
    return folder


def test_an_uncertain_estimate_is_said_to_be_one(emotify, doubter, tmp_path):
    code, out, _ = emotify("recognize", "--model", doubter, RECORDING)
    assert code == 0 and "not sure: " in out
    page = tmp_path / "list.html"
    code, out, _ = emotify("playlist", RECORDING, "--model", doubter, "--html", page)
    assert code == 0 and out.startswith("You may sound ")
    assert "is not sure (" in out and "is not sure (" in page.read_text("utf-8")
    answer = json.loads(emotify("recognize", "--json", "--model", doubter, RECORDING)[1])
    assert answer["uncertain"] and answer["emotion"] in answer["doubts"][0]
    named = emotify("playlist", "--emotion", "sad", "--model", doubter)[1]
    assert "not sure" not in named


GOOD_FORMATS = {
    "8k.wav": {"samplerate": 8_000},
    "384k.wav": {"samplerate": 384_000},
    "float.wav": {"samplerate": RATE, "subtype": "FLOAT"},
    "deep.wav": {"samplerate": RATE, "subtype": "PCM_24"},
    "voice.flac": {"samplerate": RATE},
    "voice.ogg": {"samplerate": RATE},
    "voice.mp3": {"samplerate": RATE},
}


@pytest.mark.parametrize("name", GOOD_FORMATS)
def test_any_rate_and_format_is_answered(emotify, tmp_path, name):
    options = GOOD_FORMATS[name]
    sound = soxr.resample(SPEECH, RATE, options["samplerate"])
    soundfile.write(tmp_path / name, sound, **options)
    code, out, err = emotify("recognize", "--json", tmp_path / name)
    assert code == 0 and json.loads(out)["emotion"] in EMOTION_NAMES
    assert ("telephone" in err) == (name == "8k.wav")


PHONES = {  # file: codec, rate in Hz
    "voice.m4a": ("aac", 44_100),
    "voice.webm": ("libopus", 48_000),
    "voice.amr": ("libopencore_amrnb", 8_000),
    "film.mp4": ("aac", 44_100),
}


@pytest.mark.parametrize("name", PHONES)
def test_what_a_phone_records_is_answered(emotify, tmp_path, record, name):
    codec, rate = PHONES[name]
    path = record(
        tmp_path / name, soxr.resample(SPEECH, RATE, rate), rate, codec,
        bit_rate=12_200 if rate == 8_000 else 64_000,
        picture="libx264" if name == "film.mp4" else None,
    )  # fmt: skip
    code, out, err = emotify("recognize", "--json", path)
    assert code == 0 and json.loads(out)["file"] == str(path)
    assert ("telephone" in err) == (name == "voice.amr")
    code, out, _ = emotify("playlist", path, "-n", 3, "--json")
    assert code == 0 and len(json.loads(out)["tracks"]) == 3


def test_eight_channels_and_a_name_that_is_not_utf8_are_answered(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    eight = np.repeat(SPEECH[:, None], 8, axis=1)
    soundfile.write(tmp_path / "eight.wav", eight, RATE)
    (tmp_path / "eight.wav").rename(os.fsdecode(name))
    done = subprocess.run(
        [sys.executable, "-c", "from app.command.main import main; main()", b"recognize", name],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\xe9.wav" in done.stdout


def _wav(path, samples, rate=RATE, **options):
    soundfile.write(path, np.asarray(samples, np.float32), rate, **options)


def _text(path):
    path.write_text("this is not sound\n" * 50)


def _cut(path):
    _wav(path, SPEECH)
    path.write_bytes(path.read_bytes()[:20_000])


def _cut_flac(path):
    soundfile.write(path, SPEECH, RATE, format="FLAC")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _silent_film(path):
    with av.open(path, "w", format="mp4") as out:
        film = out.add_stream("libx264", rate=10)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        out.mux(film.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(film.encode(None))


def _with(value):
    def make(path):
        broken = SPEECH.copy()
        broken[1000:1010] = value
        _wav(path, broken, subtype="FLOAT")

    return make


BAD_RECORDINGS = {
    "missing": (lambda path: None, "no such file"),
    "directory": (lambda path: path.mkdir(), "is a directory"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (_text, "not a recording"),
    "cut": (_cut, "cut off"),
    "cut_flac": (_cut_flac, "cut off"),
    "film": (_silent_film, "holds no sound"),
    "header_only": (lambda path: path.write_bytes(RECORDING.read_bytes()[:30]), "not a recording"),
    "no_samples": (lambda path: _wav(path, []), "too short"),
    "too_short": (lambda path: _wav(path, SPEECH[: RATE // 20]), "too short"),
    "zeros": (lambda path: _wav(path, np.zeros(RATE)), "silent"),
    "nan": (_with(np.nan), "NaN or infinite"),
    "infinite": (_with(np.inf), "NaN or infinite"),
}


@pytest.mark.parametrize("command", ["recognize", "playlist"])
@pytest.mark.parametrize("kind", BAD_RECORDINGS)
def test_a_bad_recording_gets_an_answer(emotify, tmp_path, kind, command):
    make, expected = BAD_RECORDINGS[kind]
    path = tmp_path / "voice.wav"
    make(path)
    code, out, err = emotify(command, path)
    assert code == 2 and out == ""
    assert expected in err and "voice.wav" in err


def test_an_unreadable_file_gets_an_answer():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders let only their owner in
        Path(folder).chmod(0o755)
        path = Path(folder) / "secret.wav"
        path.write_bytes(RECORDING.read_bytes())
        path.chmod(0)
        # Root reads everything: become nobody, once a first run has imported all it needs.
        code = (
            "import contextlib, os, sys; from app.command.main import main\n"
            f"good, bad = {str(RECORDING)!r}, {str(path)!r}\n"
            "sys.argv = ['emotify', 'recognize', good]\n"
            "with contextlib.suppress(SystemExit): main()\n"
            "os.geteuid() or os.setuid(65534)\n"
            "sys.argv = ['emotify', 'recognize', bad]; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2, done.stderr
    assert "may not be read" in done.stderr and "Traceback" not in done.stderr


def test_broken_and_foreign_model_folders_get_an_answer(emotify, tmp_path):
    for folder in (tmp_path / "none", tmp_path, SAMPLES):
        code, _, err = emotify("recognize", RECORDING, "--model", folder)
        assert code == 2 and "model folder" in err
    (tmp_path / "settings.json").write_text('{"format": "something else"}')
    code, _, err = emotify("recognize", RECORDING, "--model", tmp_path)
    assert code == 2 and "is not of emotify-ser" in err


@pytest.fixture
def rain(tmp_path):
    """A recording in which nobody speaks."""
    path = tmp_path / "rain.wav"
    _wav(path, np.random.default_rng(0).normal(0, 0.05, 3 * RATE))
    return path


def test_where_nobody_speaks_no_emotion_is_named(emotify, rain):
    code, out, err = emotify("recognize", "--timeline", rain)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{rain}: no speech heard   3.0 s"
    assert out.splitlines()[1].startswith("  not sure: no speech was heard in it (0.0 s in 3.0 s")
    assert not any(name in out for name in EMOTION_NAMES)
    code, out, _ = emotify("recognize", "--json", rain)
    answer = json.loads(out)
    assert code == 0 and answer["uncertain"] is True
    assert (answer["emotion"], answer["confidence"]) == (None, 0.0)
    assert answer["absence"] == "no speech heard" and answer["segments"] == []
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert answer["doubts"][0].startswith("no speech was heard in it (0.0 s in 3.0 s of sound)")


def test_where_nobody_speaks_music_is_played_only_if_it_is_asked_for(emotify, rain):
    code, out, err = emotify("playlist", rain)
    assert (code, out) == (2, "")
    assert err.startswith("emotify: rain.wav: no speech was heard in it")
    assert "record one person speaking" in err and "--anyway" in err
    assert "rain.wav" not in "".join(emotify("history")[1:])
    code, out, _ = emotify("playlist", rain, "--anyway", "-n", 4)
    assert code == 0 and out.startswith("No speech heard; this goes by what comes nearest: ")
    assert "no speech heard, rain.wav: match" in emotify("history")[1]
    code, out, _ = emotify("playlist", rain, "--anyway", "-n", 4, "--json")
    assert code == 0 and len(json.loads(out)["tracks"]) == 4 and json.loads(out)["uncertain"]


def test_standard_input_is_a_recording_among_others(tmp_path):
    command = [sys.executable, "-c", "from app.command.main import main; main()"]
    done = subprocess.run(
        [*command, "recognize", "--json", "-", RECORDING, "-"],
        input=RECORDING.read_bytes(), capture_output=True, check=False,
    )  # fmt: skip
    piped, named = json.loads(done.stdout)
    assert (piped.pop("file"), named.pop("file")) == ("standard input", str(RECORDING))
    assert piped == named
    assert done.returncode == 2  # it was there but once
    assert done.stderr.decode() == (
        "emotify: standard input: nothing came; pipe a recording into it\n"
    )


def test_a_playlist_is_made_from_standard_input(emotify, monkeypatch):
    content = io.TextIOWrapper(io.BytesIO(RECORDING.read_bytes()))
    monkeypatch.setattr(sys, "stdin", content)
    code, out, _ = emotify("playlist", "-", "-n", 3)
    assert code == 0 and "3 tracks" in out
    assert "standard input" in emotify("history")[1]


def test_channels_that_cancel_are_said_and_judged_by_the_louder(emotify, tmp_path):
    _wav(tmp_path / "cable.wav", np.stack([SPEECH, -SPEECH], axis=1), subtype="FLOAT")
    code, out, err = emotify("recognize", "--json", tmp_path / "cable.wav")
    answer = json.loads(out)
    assert code == 0 and answer["notes"] == [err.partition("cable.wav: ")[2].rstrip()]
    assert "channels cancel each other" in answer["notes"][0]
    right = json.loads(emotify("recognize", "--json", RECORDING)[1])
    assert answer["probabilities"] == pytest.approx(right["probabilities"], abs=1e-3)
    assert answer["doubts"] == right["doubts"]
    code, _, err = emotify("playlist", tmp_path / "cable.wav", "-n", 2)
    assert code == 0 and "cable.wav: its channels cancel each other" in err


def test_a_headline_and_its_doubt_do_not_contradict_each_other(emotify, doubter):
    _, out, _ = emotify("recognize", "--model", doubter, RECORDING)
    [said] = re.findall(r"^.*: \w+ \((\d+)%\)", out, re.M)
    [doubted] = re.findall(r"has only (\d+)%", out)
    assert said == doubted
