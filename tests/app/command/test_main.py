"""What `emotify` answers: real recordings and tables, and every mistake a user can make."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr

from app.command import main as command_line
from clustering.tables.tracks import DEFAULT_TABLE
from emotions.calibration import Calibration, store_calibration
from emotions.labels import EMOTION_NAMES
from foundation.shipped import shipped
from ser.network.artefact import DEFAULT_FOLDER

SAMPLES = shipped("data", "samples")
RECORDING = SAMPLES / "reading_short.wav"
SPEECH, RATE = soundfile.read(RECORDING, dtype="float32")


# --------------------------------------------------------------------------------- recognize


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


def test_work_that_takes_long_shows_a_progress_bar_on_standard_error(emotify, monkeypatch):
    files = sorted(SAMPLES.glob("*.wav"))
    monkeypatch.setattr(command_line, "BAR_DELAY_SECONDS", 0.0)
    code, out, err = emotify("recognize", *files)
    assert code == 0
    assert f"/{len(files)} [" in err
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
    assert code == 2 and "not Emotify's" in err


# ---------------------------------------------------------------------------------- playlist


@pytest.mark.parametrize("mode", ["match", "lift", "journey"])
def test_a_recording_becomes_a_playlist(emotify, mode):
    code, out, err = emotify("playlist", RECORDING, "--mode", mode, "--json")
    answer = json.loads(out)
    assert code == 0 and "tracks from" in err
    assert {"emotion", "mode", "mood", "clusters", "coverage", "tracks"} <= set(answer)
    assert set(answer["mood"]) == {"name", "valence", "arousal"}
    assert answer["mode"] == mode and len(answer["tracks"]) == 20
    assert {"track_id", "name", "artist", "url", "distance", "energy", "valence"} <= set(
        answer["tracks"][0]
    )
    assert answer["tracks"][0]["url"].startswith("https://open.spotify.com/track/")


def test_a_named_emotion_writes_every_kind_of_file(emotify, tmp_path):
    frame = pd.read_parquet(DEFAULT_TABLE).head(600)
    frame["path"] = [f"/music/{number}.mp3" for number in range(len(frame))]
    frame.to_parquet(tmp_path / "mine.parquet")
    outputs = {kind: tmp_path / f"list.{kind}" for kind in ("csv", "html", "m3u")}
    code, out, _ = emotify(
        "playlist", "--emotion", "Happy", "-n", 7, "--tracks", tmp_path / "mine.parquet",
        *(word for kind, path in outputs.items() for word in (f"--{kind}", path)),
    )  # fmt: skip
    assert code == 0 and "happy" in out
    assert len(pd.read_csv(outputs["csv"])) == 7
    assert "open.spotify.com" in outputs["html"].read_text("utf-8")
    assert outputs["m3u"].read_text("utf-8").count("/music/") == 7
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "list.csv", "list.html", "list.m3u", "mine.parquet",
    ]  # fmt: skip


def test_a_seed_repeats_and_another_seed_differs(emotify):
    def ids(seed):
        _, out, _ = emotify("playlist", "--emotion", "sad", "--json", "--seed", seed)
        return [track["track_id"] for track in json.loads(out)["tracks"]]

    assert ids(1) == ids(1) != ids(2)


def test_minutes_and_genre_are_kept(emotify):
    code, out, _ = emotify(
        "playlist", "--emotion", "calm", "--minutes", 60, "--genre", "country", "--json"
    )
    frame = pd.read_parquet(DEFAULT_TABLE).set_index("track_id")
    chosen = frame.loc[[track["track_id"] for track in json.loads(out)["tracks"]]]
    assert code == 0
    assert chosen["duration_ms"].sum() / 60_000 == pytest.approx(60, abs=5)
    assert chosen["genre"].str.contains("country").all()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--emotion", "bored"], "surprised"),
        (["--emotion", "sad", "--mode", "cure"], "journey"),
        (["--emotion", "sad", "--genre", "polka"], "metal"),
        (["--emotion", "sad", "-n", "0"], "n_tracks"),
        (["--emotion", "sad", "--minutes", "-5"], "minutes"),
        (["--emotion", "sad", "--years", "then"], "FROM-TO"),
        (["--emotion", "sad", "--m3u", "list.m3u"], "path"),
        (["--emotion", "sad", "--csv", "/no/such/folder/list.csv"], "folder"),
        ([], "--emotion"),
        ([str(RECORDING), "--emotion", "sad"], "not both"),
        (["--emotion", "sad", "--unknown"], "--unknown"),
    ],
)
def test_a_mistake_in_the_wishes_says_what_exists(
    emotify, tmp_path, monkeypatch, arguments, expected
):
    monkeypatch.chdir(tmp_path)
    code, out, err = emotify("playlist", *arguments)
    assert code == 2 and out == "" and expected in err
    assert not any(tmp_path.iterdir())


def _table(path, change):
    frame = change(pd.read_parquet(DEFAULT_TABLE).head(200))
    frame.to_csv(path, index=False)


BAD_TABLES = {
    "lacks_columns": (lambda f: f.drop(columns=["valence", "energy"]), "valence"),
    "text_in_numbers": (lambda f: f.assign(energy=["loud", *f["energy"][1:]]), "loud"),
    "no_rows": (lambda f: f.head(0), "0"),
    "one_row": (lambda f: f.head(1), "1"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
@pytest.mark.parametrize(
    "command", [["playlist", "--emotion", "sad", "--tracks"], ["moods", "fit"]]
)
def test_a_bad_table_gets_an_answer(emotify, tmp_path, kind, command):
    change, expected = BAD_TABLES[kind]
    _table(tmp_path / "table.csv", change)
    rest = ["--out", tmp_path / "moods"] if command[0] == "moods" else []
    code, out, err = emotify(*command, tmp_path / "table.csv", *rest)
    assert code == 2 and out == ""
    assert "table.csv" in err and expected in err
    assert not (tmp_path / "moods").exists()


def test_a_small_table_gives_what_there_is_and_says_so(emotify, tmp_path):
    _table(tmp_path / "table.csv", lambda frame: frame.drop_duplicates("artist").head(6))
    code, out, _ = emotify(
        "playlist", "--emotion", "happy", "--tracks", tmp_path / "table.csv", "--json"
    )
    answer = json.loads(out)
    assert code == 0 and 2 <= len(answer["tracks"]) <= 6
    assert any("20" in note for note in answer["notes"])


# ------------------------------------------------------------------------------- moods, research


def test_moods_are_fitted_saved_and_shown(emotify, tmp_path):
    code, out, _ = emotify("moods", "fit", DEFAULT_TABLE, "--out", tmp_path / "moods", "--moods", 4)
    assert code == 0 and (tmp_path / "moods").is_dir()
    assert len([line for line in out.splitlines() if line.strip()]) >= 4
    code, out, _ = emotify("moods", "show", "--json")
    moods = json.loads(out)
    assert code == 0 and len({mood["name"] for mood in moods}) == len(moods) >= 3
    code, out, _ = emotify("moods", "show")
    assert all(mood["name"] in out for mood in moods)


def test_fitted_moods_are_used_again_but_not_for_another_table(emotify, tmp_path):
    folder = tmp_path / "moods"
    emotify("moods", "fit", DEFAULT_TABLE, "--out", folder, "--moods", 4)
    code, out, _ = emotify("moods", "show", "--moods", folder, "--json")
    names = {mood["name"] for mood in json.loads(out)}
    assert code == 0 and len(names) == 4
    code, out, _ = emotify("playlist", "--emotion", "angry", "--moods", folder, "--json")
    assert code == 0 and set(json.loads(out)["clusters"]) <= names
    _table(tmp_path / "other.csv", lambda frame: frame)
    code, _, err = emotify(
        "playlist", "--emotion", "angry", "--tracks", tmp_path / "other.csv", "--moods", folder
    )
    assert code == 2 and "fit it again" in err
    code, _, err = emotify("playlist", "--emotion", "angry", "--moods", SAMPLES)
    assert code == 2 and str(SAMPLES) in err


def test_evaluate_prints_the_committed_figures(emotify, monkeypatch):
    monkeypatch.delenv("EMOTIFY_RAVDESS", raising=False)
    code, out, _ = emotify("evaluate", "--json")
    figures = json.loads(out)
    assert code == 0 and figures["n_clips"] == 1440 and figures["uar"] >= 0.60
    code, out, _ = emotify("evaluate")
    assert f"{100 * figures['uar']:.1f}" in out


def test_research_commands_say_what_they_need(emotify, monkeypatch, tmp_path):
    monkeypatch.delenv("EMOTIFY_RAVDESS", raising=False)
    for arguments in (["train"], ["evaluate", "--train", "--out", tmp_path]):
        code, _, err = emotify(*arguments)
        assert code == 2 and "emotify ravdess download" in err
    for wish in (["--protocol", "emobox"], ["--shuffle-labels"]):
        code, _, err = emotify("evaluate", *wish)  # would print figures of something else
        assert code == 2 and "--train" in err
    code, _, err = emotify("ravdess", "validate", tmp_path / "nowhere")
    assert code == 2 and "nowhere" in err
    code, _, err = emotify("train", "--ravdess", tmp_path)
    assert code == 2 and "holds no RAVDESS clip" in err


@pytest.mark.parametrize(
    "command",
    [[], ["recognize"], ["playlist"], ["moods"], ["moods", "fit"], ["ravdess"], ["train"],
     ["ravdess", "download"], ["evaluate"]],
)  # fmt: skip
def test_help_reads_well(emotify, command):
    code, out, _ = emotify(*command, "--help")
    assert code == 0 and "Usage" in out and len(out.splitlines()) < 70


def test_noise_is_answered_with_a_doubt(emotify, tmp_path):
    path = tmp_path / "rain.wav"
    _wav(path, np.random.default_rng(0).normal(0, 0.05, 3 * RATE))
    code, out, _ = emotify("recognize", path)
    assert code == 0 and "not sure: no speech was heard in it" in out
    code, out, _ = emotify("recognize", "--json", path)
    answer = json.loads(out)
    assert code == 0 and answer["uncertain"] is True
    assert answer["doubts"][0].startswith("no speech was heard in it (0.0 s in 3.0 s of sound)")
