"""`emotify evaluate`: committed figures, recordings of one's own, changed conditions."""

import json
import os

import pandas as pd
import pytest

from emotions.labels import EMOTION_NAMES
from foundation.shipped import shipped
from ser.evaluation import conditions, robustness

SAMPLES = shipped("data", "samples")
RAVDESS = os.environ.get("EMOTIFY_RAVDESS")
LABELS = "file;Emotion\nreading_short;CALM\nsynthetic_lively.wav;happy\nno.wav;sad\nx;bored\n"


def test_evaluate_prints_the_committed_figures(emotify, monkeypatch):
    monkeypatch.delenv("EMOTIFY_RAVDESS", raising=False)
    code, out, _ = emotify("evaluate", "--json")
    figures = json.loads(out)
    assert code == 0 and figures["n_clips"] == 1440 and figures["uar"] >= 0.60
    code, out, _ = emotify("evaluate")
    assert f"{100 * figures['uar']:.1f}" in out


def test_own_recordings_are_judged_in_words_and_json(emotify, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text(LABELS, "utf-8-sig")
    code, out, _ = emotify("evaluate", "--corpus", SAMPLES, "--labels", labels, "--json")
    figures = json.loads(out)
    assert code == 0 and figures["n_clips"] == 2 and figures["n_rows"] == 4
    assert figures["emotions"] == {"calm": 1, "happy": 1} and figures["chance"] == 0.5
    assert [row["what"] for row in figures["left_out"]] == ["no.wav", "bored"]
    code, out, _ = emotify("evaluate", "--corpus", SAMPLES, "--labels", labels)
    assert code == 0 and "2 of 4 rows left out" in out and "normalised per corpus" in out


def test_what_is_said_of_each_recording_is_written_as_it_is_in_json(emotify, tmp_path):
    labels, out = tmp_path / "labels.csv", tmp_path / "predictions.csv"
    labels.write_text(LABELS.replace("Emotion", "Emotion;speaker").replace("CALM", "CALM;=1+1"))
    labels.write_text(labels.read_text().replace("happy", "joy;Ann"))
    arguments = ["evaluate", "--corpus", SAMPLES, "--labels", labels, "--out", out]
    code, told, err = emotify(*arguments, "--json")
    rows = json.loads(told)["clips"]
    assert code == 0 and "wrote " in err and "2 of 2 speakers" in err
    written = pd.read_csv(out)
    assert list(written.columns) == list(rows[0]) == [
        "file", "speaker", "meant", "heard", *EMOTION_NAMES, "confidence", "uncertain",
        "speech_seconds",
    ]  # fmt: skip
    assert rows[0]["speaker"] == "=1+1" and written["speaker"][0] == "'=1+1"
    assert list(written["meant"]) == [row["meant"] for row in rows] == ["calm", "happy"]
    assert list(written["happy"]) == [row["happy"] for row in rows]


def test_a_table_that_cannot_be_written_is_refused_before_anything_is_heard(
    emotify, tmp_path, monkeypatch
):
    from ser.evaluation import cross_corpus

    monkeypatch.setattr(cross_corpus, "evaluate_corpus", lambda *_, **__: pytest.fail("heard"))
    labels = tmp_path / "labels.csv"
    labels.write_text(LABELS)
    (tmp_path / "folder.csv").mkdir()
    for out, words in (
        (tmp_path / "predictions", "ends in .csv"),
        (SAMPLES / "reading_short.wav", "ends in .csv"),
        (labels, "is the table of --labels"),
        (tmp_path / "folder.csv", "is a folder"),
        (tmp_path / "none" / "p.csv", "cannot be written"),
    ):
        code, told, err = emotify("evaluate", "--corpus", SAMPLES, "--labels", labels, "--out", out)
        assert code == 2 and told == "" and words in err
    assert labels.read_text() == LABELS and list(tmp_path.glob("*.partial")) == []


def test_mistakes_get_an_answer_and_exit_code_2(emotify, tmp_path):
    labels = tmp_path / "labels.csv"
    for content, words in (
        (LABELS.replace("happy", "calm"), "at least two"),
        ("file,emotion\nno.wav,sad\n", "no recording can be judged"),
        ("name,feeling\nreading_short.wav,sad\n", "no column file"),
    ):
        labels.write_text(content)
        code, out, err = emotify("evaluate", "--corpus", SAMPLES, "--labels", labels)
        assert code == 2 and out == "" and words in err
    labels.write_text(LABELS)
    for arguments, words in (
        (["--corpus", SAMPLES], "belong together"),
        (["--labels", labels], "belong together"),
        (["--corpus", tmp_path / "none", "--labels", labels], "no such folder"),
        (["--corpus", SAMPLES, "--labels", labels, "--model", tmp_path], "model folder"),
        (["--corpus", SAMPLES, "--labels", labels, "--robustness"], "without"),
        (["--robustness", "--train"], "leave out --train"),
    ):
        code, out, err = emotify("evaluate", *arguments)
        assert code == 2 and out == "" and words in err


def test_robustness_needs_the_corpus(emotify, monkeypatch):
    monkeypatch.delenv("EMOTIFY_RAVDESS", raising=False)
    code, _, err = emotify("evaluate", "--robustness")
    assert code == 2 and "emotify ravdess download" in err


@pytest.mark.skipif(not RAVDESS, reason="set EMOTIFY_RAVDESS to the RAVDESS speech folder")
def test_robustness_writes_its_table_and_fails_where_a_limit_does_not_hold(
    emotify, monkeypatch, tmp_path
):
    from ser.corpora import ravdess

    all_clips = ravdess.index_clips
    monkeypatch.setattr(ravdess, "index_clips", lambda folder: all_clips(folder)[::60])
    as_it_was = conditions.conditions()[0]
    for limit, expected in ((0.0, 0), (-1.0, 1)):
        again = conditions.Condition("again", conditions.as_recorded, limit)
        monkeypatch.setattr(conditions, "conditions", lambda _, one=again: (as_it_was, one))
        code, out, err = emotify("evaluate", "--robustness", "--out", tmp_path, "--json")
        assert code == expected and "robustness.csv" in err
        assert [row["condition"] for row in json.loads(out)] == ["as recorded", "again"]
    assert len(robustness.read_table(tmp_path / "robustness.csv")) == 2
