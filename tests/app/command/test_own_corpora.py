"""Training on recordings of one's own: what cannot be, is answered, and nothing is written."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.command import evaluate, research
from ser.corpora.ravdess import expected_clip_ids, index_clips
from ser.network.artefact import DEFAULT_FOLDER, EAR_FOLDER

RAVDESS = os.environ.get("EMOTIFY_RAVDESS")
BOTH = pytest.mark.parametrize("command", [["train"], ["evaluate", "--train"]], ids="-".join)


@pytest.fixture
def corpus(tmp_path):
    """Write a folder of short tones with its table: rows of emotion and speaker."""

    def make(rows, name="mine"):
        folder = tmp_path / name
        folder.mkdir()
        times = np.arange(6400) / 16_000
        table = [("file", "emotion", "speaker")]
        for number, row in enumerate(rows):
            soundfile.write(
                folder / f"{number}.wav", 0.1 * np.sin(900 * times * (1 + number % 3)), 16_000
            )
            table.append((f"{number}.wav", *row))
        with (folder / "labels.csv").open("w", newline="") as file:
            csv.writer(file).writerows(table)
        return ["--corpus", folder, "--labels", folder / "labels.csv"]

    return make


@BOTH
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("angry", "ann"), ("happy", "ann")] * 8, "1 speaker with two emotions or more"),
        ([("angry", name) for name in "abcd"] * 2, "all are angry"),
        ([(e, s) for e in ("angry", "sad") for s in "abcd"], "sad has 4 clips; angry has 4 clips"),
        ([("sad" if s in "ab" else "angry", s) for s in "abcd"] * 4, "0 speakers with two"),
    ],
)
def test_too_little_is_answered_with_what_is_needed(
    emotify, corpus, tmp_path, monkeypatch, command, rows, words
):
    for module in (research, evaluate):
        monkeypatch.setattr(module, "recipe", lambda **_changes: pytest.fail("too late"))
    code, out, err = emotify(*command, *corpus(rows), "--out", tmp_path / "model")
    assert code == 2 and out == "" and words in err
    assert "4 such speakers in all" in err
    assert not (tmp_path / "model").exists()


@BOTH
def test_mistakes_get_an_answer_and_exit_code_2(emotify, corpus, tmp_path, command):
    given = corpus([("angry", "ann")])
    out = ["--out", tmp_path / "model"]
    for arguments, words in (
        ([*given[:2], *out], "belong together, and 1 of the one and 0 of the other"),
        ([*given, *given[:2], *out], "2 of the one and 1 of the other"),
        ([*given, *given, *out], "is given twice"),
        (given, "needs --out FOLDER"),
        ([*given, "--out", DEFAULT_FOLDER], "is the model that ships"),
        ([*given, "--out", DEFAULT_FOLDER / "folds" / "1"], "is the model that ships"),
        ([*given, "--out", EAR_FOLDER], "is the larger ear"),
        ([*given, "--out", DEFAULT_FOLDER.parent / "music"], "is no model folder"),
        ([*given, "--ravdess", tmp_path, *out], "holds no RAVDESS clip"),
    ):
        code, said, err = emotify(*command, *arguments)
        assert code == 2 and said == "" and words in err
    assert not (tmp_path / "model").exists()


def test_options_of_ravdess_do_not_go_with_own_corpora(emotify, corpus):
    given = corpus([("angry", "ann")])
    for arguments, words in (
        (["--train", "--protocol", "emobox"], "are of RAVDESS"),
        (["--train", "--fold", 1], "are of RAVDESS"),
        (["--quick"], "goes without"),
        (["--train", "--enrolled"], "goes without"),
        ([*given], "one corpus at a time"),
    ):
        code, _, err = emotify("evaluate", *given, *arguments)
        assert code == 2 and words in err


@pytest.fixture
def whisper(tmp_path, corpus):
    """Return what names a RAVDESS of silent files for the larger ear."""
    folder = tmp_path / "ravdess"
    folder.mkdir()
    for clip_id in expected_clip_ids("speech"):
        (folder / f"{clip_id}.wav").touch()
    return ["--ear", "whisper", "--ravdess", folder]


@BOTH
def test_mistakes_about_the_larger_ear_are_answered(emotify, corpus, tmp_path, whisper, command):
    out = ["--out", tmp_path / "model"]
    given = corpus([(e, s) for e in ("angry", "sad") for s in "abcd"])
    of_sad = corpus([("sad", s) for s in "abcd"], "sad")
    for arguments, words in (
        (out, "one further corpus at least"),
        (given, "needs --out FOLDER"),
        ([*given[:2], *out], "belong together"),
        ([*given, "--out", EAR_FOLDER], "is the larger ear that ships"),
        ([*given, "--out", EAR_FOLDER / "folds" / "0"], "is the larger ear that ships"),
        ([*given, "--out", DEFAULT_FOLDER], "is the model that ships"),
        ([*given, "--out", EAR_FOLDER.parent / "encoder"], "is no model folder"),
        ([*given, *out, "--epochs", 3], "nothing is drawn"),
        ([*given, *of_sad, *out], "sad has sad alone"),
        ([*given, *out, "--listed", EAR_FOLDER / "strangers.csv"], "and 0 of them are"),
    ):
        code, said, err = emotify(*command, *whisper, *arguments)
        assert code == 2 and said == "" and words in err, arguments
    assert not (tmp_path / "model").exists()


def test_the_larger_ear_needs_every_actor_and_listed_needs_the_larger_ear(
    emotify, corpus, tmp_path, whisper
):
    for clip in whisper[-1].glob("*-24.wav"):
        clip.unlink()
    given = [*corpus([("angry", "ann"), ("sad", "ann")]), "--out", tmp_path / "model"]
    for arguments, words in (
        (["train", *whisper], "lacks [24]"),
        (["train", "--listed", "a.csv"], "goes with --ear whisper"),
        (["evaluate", "--listed", "a.csv"], "goes with --train --ear whisper"),
        (["evaluate", "--train", *whisper, "--quick"], "goes without"),
    ):
        code, _, err = emotify(*arguments, *given)
        assert code == 2 and words in err


@pytest.mark.heavy
@pytest.mark.skipif(not RAVDESS, reason="set EMOTIFY_RAVDESS to the RAVDESS speech folder")
def test_a_larger_ear_of_ones_own_is_judged_trained_and_loads(emotify, corpus, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for clip in index_clips(Path(RAVDESS)):
        # Three emotions of each of the 24 actors, all eight in turn.
        first = clip.statement_number == clip.repetition == 1 and clip.intensity == "normal"
        if first and (clip.emotion.code - clip.actor) % 8 < 3:
            (few / clip.path.name).symlink_to(clip.path)
    mine = corpus([(e, s) for e in ("angry", "sad") for s in "abcd"] * 2)
    given = ["--ear", "whisper", "--ravdess", few, *mine, "--out", tmp_path / "model"]
    code, out, err = emotify("train", *given)
    assert code == 0, err
    assert "clips      72" in out and "| mine: 16 clips, 4 speakers |" in out
    assert "trained on 88 clips" in out
    code, out, _ = emotify("evaluate", "--train", *given, "--shuffle-labels", "--json")
    assert code == 0 and json.loads(out)["n_clips"] == 72
    code, out, _ = emotify("recognize", "--json", clip.path, "--model", tmp_path / "model")
    assert code == 0 and json.loads(out)["emotion"]
    assert "- mine: 16 clips" in (tmp_path / "model" / "README.md").read_text("utf-8")
