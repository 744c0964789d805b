"""`emotify enrol` and --speaker: who is known, what is kept, every mistake answered."""

import json
import subprocess
import sys

import pytest
import soundfile
import soxr

from foundation.shipped import shipped
from foundation.user_data import DATA_HOME_VARIABLE
from ser.network.artefact import DEFAULT_FOLDER

SAMPLES = shipped("data", "samples")
SHORT, LONG = SAMPLES / "reading_short.wav", SAMPLES / "reading_long.wav"


@pytest.fixture(autouse=True)
def _own_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA_HOME_VARIABLE, str(tmp_path / "home"))


def test_a_speaker_is_enrolled_listed_known_and_forgotten(emotify, tmp_path):
    with_model = ["--model", DEFAULT_FOLDER]
    code, out, err = emotify("enrol", "--list")
    assert code == 0 and out == "" and "nobody" in err
    code, out, _ = emotify("enrol", "ann", LONG, *with_model)
    assert code == 0 and out.startswith("ann: 1 recording, ")
    code, out, err = emotify("enrol", "ann", LONG, SHORT, tmp_path / "no.wav", *with_model)
    assert code == 2 and "2 recordings" in out and "no.wav" in err and "known before" in err
    code, out, _ = emotify("enrol", "ann", SHORT, "--emotion", "calm", *with_model)
    assert code == 0 and "2 recordings" in out and out.endswith("calm 1\n")
    assert emotify("enrol", "--list")[1] == out

    answers = {
        speaker: json.loads(emotify("recognize", "--json", SHORT, *with_model, *speaker)[1])
        for speaker in ((), ("--speaker", "ann"))
    }
    stranger, known = (answer["probabilities"] for answer in answers.values())
    assert known != stranger and sum(known.values()) == pytest.approx(1, abs=1e-4)
    code, out, _ = emotify("playlist", SHORT, *with_model, "--speaker", "ann", "-n", 3)
    [label] = [name for name, share in known.items() if share == max(known.values())]
    assert code == 0 and label in out.splitlines()[0]

    code, _, err = emotify("enrol", "ann", "--remove")
    assert code == 0 and not list((tmp_path / "home").rglob("*.json"))
    code, out, err = emotify("recognize", SHORT, *with_model, "--speaker", "ann")
    assert code == 2 and out == "" and "no speaker 'ann'" in err


def test_a_speaker_is_enrolled_by_what_a_phone_records(emotify, tmp_path, record):
    samples, rate = soundfile.read(LONG, dtype="float32")
    path = record(tmp_path / "ann.m4a", soxr.resample(samples, rate, 44_100), 44_100, "aac")
    code, out, _ = emotify("enrol", "ann", path, "--model", DEFAULT_FOLDER)
    assert code == 0 and out.startswith("ann: 1 recording, ")


def test_mistakes_get_an_answer_and_exit_code_2(emotify):
    for arguments, words in (
        ([], "give a name and recordings"),
        (["ann"], "give a name and recordings"),
        (["ann", SHORT, "--remove"], "give a name and recordings"),
        (["ann", "--remove", "--emotion", "sad"], "give a name and recordings"),
        (["ann", "--list"], "stands alone"),
        (["ann", "--remove"], "no speaker 'ann'"),
        (["../ann", SHORT, "--model", DEFAULT_FOLDER], "cannot be the name"),
        (["ann", SHORT, "--emotion", "bored", "--model", DEFAULT_FOLDER], "bored"),
    ):
        code, out, err = emotify("enrol", *arguments)
        assert code == 2 and out == "" and words in err, arguments
    code, _, err = emotify("playlist", "--emotion", "happy", "--speaker", "ann")
    assert code == 2 and "give a recording" in err
    code, _, err = emotify("evaluate", "--enrolled", "--train")
    assert code == 2 and "leave out --train" in err


def test_recognising_a_stranger_loads_nothing_of_enrolment():
    program = (
        "import sys; from app.command.main import main\n"
        f"sys.argv = ['emotify', 'recognize', {str(SHORT)!r}]\n"
        "try: main()\n"
        "except SystemExit:\n"
        "    print({'platformdirs', 'scipy', 'ser.voices.enrolment'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.endswith("set()\n")
