"""Research commands say what they need, and nothing but the full recipe writes over what ships."""

import sys
from types import SimpleNamespace

import pytest

from app.command import research
from foundation import shipped
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.network.artefact import DEFAULT_FOLDER, EAR_FOLDER


@pytest.fixture
def trained(monkeypatch):
    """Training that writes down what it is asked for, without TensorFlow."""
    asked = []

    def train(clips, out, **how):
        asked.append((len(clips), out))

    monkeypatch.setitem(
        sys.modules, "ser.training.final", SimpleNamespace(train_shipped_model=train)
    )
    monkeypatch.setattr(research, "recipe", lambda **changes: changes)
    return asked


def corpus(folder, keep=lambda clip: True):
    """Lay out a corpus of names."""
    folder.mkdir()
    for clip_id in expected_clip_ids():
        if keep(Clip.from_path(f"{clip_id}.wav")):
            (folder / f"{clip_id}.wav").touch()
    return folder


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


def test_too_little_is_not_trained_on_wherever_it_would_go(emotify, trained, tmp_path):
    six = corpus(tmp_path / "six", lambda c: c.actor == 1 and c.emotion.name == "calm")
    for more in ([], ["--out", tmp_path / "model"], ["--epochs", 1, "--out", tmp_path / "model"]):
        code, _, err = emotify("train", "--ravdess", six, *more)
        assert code == 2 and "8 clips of 1 speaker cannot be trained on" in err
        assert "happy 0" in err and "4 speakers and 8 clips" in err
    assert not trained and not (tmp_path / "model").exists()


def test_nothing_but_the_full_recipe_writes_over_the_shipped_model(emotify, trained, tmp_path):
    part = corpus(tmp_path / "part", lambda clip: clip.actor <= 6)
    code, _, err = emotify("train", "--ravdess", part)
    assert code == 2 and "360 of 1440 clips" in err and "--out FOLDER" in err
    whole = corpus(tmp_path / "whole")
    code, _, err = emotify("train", "--ravdess", whole, "--epochs", 3)
    assert code == 2 and "recipe is shortened" in err
    code, _, err = emotify("train", "--ravdess", whole, "--out", EAR_FOLDER / "folds" / "1")
    assert code == 2 and "is the larger ear" in err
    assert not trained
    assert emotify("train", "--ravdess", whole)[0] == 0
    assert emotify("train", "--ravdess", part, "--out", tmp_path / "mine")[0] == 0
    assert trained == [(1440, DEFAULT_FOLDER), (360, tmp_path / "mine")]


def test_an_installation_has_no_model_to_train_over(emotify, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "IS_INSTALLED", True)
    code, _, err = emotify("train", "--ravdess", corpus(tmp_path / "whole"))
    assert code == 2 and "needs a checkout" in err and "give --out FOLDER" in err
    assert not trained


@pytest.mark.parametrize("wish", [["--robustness"], ["--enrolled"]])
def test_what_was_measured_on_a_part_is_not_written_beside_the_shipped_model(
    emotify, tmp_path, wish, monkeypatch
):
    monkeypatch.delenv("EMOTIFY_NOISE", raising=False)
    part = corpus(tmp_path / "part", lambda clip: clip.actor <= 2)
    code, _, err = emotify("evaluate", "--ravdess", part, *wish)
    assert code == 2 and "120 of 1440 clips" in err and "--out FOLDER" in err


def test_ablations_of_a_part_are_not_written_beside_the_shipped_model(
    emotify, trained, tmp_path, monkeypatch
):
    part = corpus(tmp_path / "part", lambda clip: clip.actor <= 2)
    code, _, err = emotify("ablate", "--ravdess", part, "--out", tmp_path / "jobs")
    assert code == 2 and "120 of 1440 clips" in err and "--table FILE" in err


def test_what_else_lies_in_the_folder_is_counted_and_named(emotify, trained, tmp_path):
    whole = corpus(tmp_path / "whole")
    for number in range(5):
        (whole / f"OAF_{number}_angry.wav").touch()
    code, _, err = emotify("train", "--ravdess", whole)
    assert code == 0 and "5 sound files passed over" in err and "OAF_0_angry.wav" in err


def test_song_alone_is_no_speech(emotify, trained, tmp_path):
    folder = tmp_path / "song"
    folder.mkdir()
    for clip_id in expected_clip_ids("song"):
        (folder / f"{clip_id}.wav").touch()
    code, _, err = emotify("train", "--ravdess", folder)
    assert code == 2 and "holds song alone" in err
