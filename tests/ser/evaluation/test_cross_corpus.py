"""Judging a model on labelled recordings: the figures are right, whatever the rows are like."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.shipped import shipped
from ser.evaluation.corpus_text import describe, warnings
from ser.evaluation.cross_corpus import evaluate_corpus, judge, judge_eight_way
from ser.recognizer import load_recognizer
from ser.sound.audio import Recording

SAMPLES = shipped("data", "samples")
CREMA_D = os.environ.get("EMOTIFY_CREMA_D")
CREMA_D_EMOTIONS = {"angry", "disgust", "fearful", "happy", "neutral", "sad"}
# Nobody meant an emotion in the samples: any labels will do for counting.
ROWS = [
    ("reading_short.wav", "calm", "reader"),
    ("reading_long.wav", "Neutral", "reader"),
    ("telephone_prompt.wav", "neutral", "allison"),
    ("synthetic_plain.wav", "neutral", "espeak"),
    ("synthetic_lively.wav", "happy", "espeak"),
    ("synthetic_slow.wav", "calm", "espeak"),
]


def write(path, rows, columns=("file", "emotion", "speaker")):
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    return evaluate_corpus(SAMPLES, write(tmp_path_factory.mktemp("labels") / "labels.csv", ROWS))


def test_as_it_is_means_what_the_recogniser_says_among_the_emotions_of_the_corpus(figures):
    assert figures["emotions"] == {"neutral": 3, "calm": 2, "happy": 1}
    assert figures["chance"] == pytest.approx(1 / 3)
    assert (figures["n_clips"], figures["n_speakers"], figures["left_out"]) == (6, 3, [])
    recognizer = load_recognizer()
    hits = {name: [] for name in figures["emotions"]}
    for file, emotion, _ in ROWS:
        p = dict(zip(EMOTION_NAMES, recognizer.predict(SAMPLES / file).probabilities, strict=True))
        hits[emotion.lower()].append(max(hits, key=p.__getitem__) == emotion.lower())
    recalls = {name: np.mean(values) for name, values in hits.items()}
    assert figures["normalisation"]["none"]["recall"] == pytest.approx(recalls)
    assert figures["normalisation"]["none"]["uar"] == pytest.approx(np.mean(list(recalls.values())))


def test_every_normalisation_has_every_figure(figures):
    assert list(figures["normalisation"]) == ["none", "corpus", "speaker"]
    for run in figures["normalisation"].values():
        assert np.sum(run["confusion"]) == 6 and np.shape(run["confusion"]) == (3, 3)
        assert set(run["uar_per_speaker"]) == {"reader", "espeak"}  # allison is neutral alone
        assert np.shape(run["eight_way"]["confusion"]) == (3, 9)
        assert np.sum(run["eight_way"]["confusion"]) == 6
        assert 0 <= run["uar_interval_95"][0] <= run["uar_interval_95"][1] <= 1
        assert run["accuracy"] == pytest.approx(np.trace(run["confusion"]) / 6)
    assert json.loads(json.dumps(figures))["n_clips"] == 6


def test_the_text_says_what_the_figures_say(figures):
    text = describe(figures)
    for run in figures["normalisation"].values():
        assert f"{100 * run['uar']:.1f}" in text and f"{100 * run['macro_f1']:.1f}" in text
    assert all(name in text for name in ("neutral", "calm", "happy", "espeak", "33.3"))
    assert "left out" not in text


def test_eight_way_is_what_the_recogniser_says_to_a_user(figures):
    recognizer = load_recognizer()
    estimates = {file: recognizer.predict(SAMPLES / file) for file, _, _ in ROWS}
    right = [estimates[file].emotion == emotion.lower() for file, emotion, _ in ROWS]
    met = figures["normalisation"]["none"]["eight_way"]
    assert met["accuracy"] == pytest.approx(np.mean(right))
    confidences = [estimate.confidence for estimate in estimates.values()]
    assert met["mean_confidence"] == pytest.approx(np.mean(confidences))
    doubted = [estimate.uncertain for estimate in estimates.values()]
    assert met["uncertain"] == pytest.approx(np.mean(doubted))
    assert [row["file"] for row in figures["clips"]] == sorted(estimates)
    for row in figures["clips"]:
        estimate = estimates[row["file"]]
        assert row["heard"] == estimate.emotion and row["uncertain"] == estimate.uncertain
        assert row["confidence"] == pytest.approx(estimate.confidence, abs=1e-6)
        told = [row[name] for name in EMOTION_NAMES]
        assert told == pytest.approx(estimate.probabilities, abs=1e-5)
        assert 0 < row["speech_seconds"] <= estimate.duration_seconds


def test_every_recording_is_read_once(monkeypatch, tmp_path):
    read, blocks = [], Recording.blocks

    def counted(self, *arguments):
        read.append(self.name)
        return blocks(self, *arguments)

    monkeypatch.setattr(Recording, "blocks", counted)
    evaluate_corpus(SAMPLES, write(tmp_path / "labels.csv", ROWS))
    assert len(read) == len(set(read)) == len(ROWS)


def test_the_order_of_the_rows_changes_nothing(figures, tmp_path):
    again = evaluate_corpus(SAMPLES, write(tmp_path / "labels.csv", ROWS[::-1]))
    assert again["normalisation"] == figures["normalisation"]


def test_without_speakers_there_is_no_normalisation_per_speaker(tmp_path):
    rows = [row[:2] for row in ROWS]
    figures = evaluate_corpus(SAMPLES, write(tmp_path / "l.csv", rows, ("file", "emotion")))
    assert list(figures["normalisation"]) == ["none", "corpus"]
    assert figures["n_speakers"] is None
    assert figures["normalisation"]["none"]["uar_interval_95"] is None
    assert "per speaker" not in describe(figures)


def test_broken_recordings_are_counted_and_the_others_judged(tmp_path):
    samples, rate = soundfile.read(SAMPLES / "reading_short.wav", dtype="float32")
    for name in ("one", "two"):
        soundfile.write(tmp_path / f"{name}.wav", samples, rate)
    soundfile.write(tmp_path / "silent.wav", np.zeros(rate), rate)
    (tmp_path / "broken.wav").write_text("no sound")
    rows = [(f"{n}.wav", e, "x") for n, e in zip(("one", "two", "silent", "broken", "gone"),
            ("sad", "happy", "calm", "angry", "sad"), strict=True)]  # fmt: skip
    figures = evaluate_corpus(tmp_path, write(tmp_path / "labels.csv", rows))
    assert figures["emotions"] == {"happy": 1, "sad": 1}  # those that could be judged
    assert [row["line"] for row in figures["left_out"]] == [4, 5, 6]
    text = describe(figures)
    assert "3 of 5 rows left out" in text and "broken.wav: is not a recording" in text
    with pytest.raises(InputError, match=r"no recording can be judged.*silent"):
        evaluate_corpus(tmp_path, write(tmp_path / "labels.csv", rows[2:]))


def test_a_single_emotion_is_nothing_to_tell_apart(tmp_path):
    rows = [(file, "happy", speaker) for file, _, speaker in ROWS]
    with pytest.raises(InputError, match=r"all 6 recordings are labelled happy.*at least two"):
        evaluate_corpus(SAMPLES, write(tmp_path / "labels.csv", rows))


def test_a_model_without_statistics_is_judged_as_it_is(figures, tmp_path):
    shipped = load_recognizer().artefact.folder
    for name in ("settings.json", "model.onnx"):
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
    with np.load(shipped / "preprocessing.npz") as banks:
        np.savez(tmp_path / "preprocessing.npz", mel=banks["mel"], chroma=banks["chroma"])
    labels = write(tmp_path / "labels.csv", ROWS)
    bare = evaluate_corpus(SAMPLES, labels, model=tmp_path)
    assert list(bare["normalisation"]) == ["none"]
    assert bare["normalisation"]["none"] == figures["normalisation"]["none"]
    assert "saved without its statistics" in describe(bare)


def test_uar_counts_only_the_emotions_of_the_corpus_and_each_alike():
    # All weight lies outside the corpus but for a trace: the trace decides.
    probabilities = np.full((4, 8), 1e-6)
    probabilities[:, EMOTION_NAMES.index("surprised")] = 0.9
    probabilities[:3, EMOTION_NAMES.index("happy")] = 0.02
    probabilities[3, EMOTION_NAMES.index("sad")] = 0.02
    run = judge(["happy", "happy", "happy", "sad"], probabilities, ["happy", "sad"], None)
    assert run["uar"] == 1.0
    run = judge(["happy", "sad", "sad", "sad"], probabilities, ["happy", "sad"], list("aaab"))
    assert run["uar"] == pytest.approx((1 + 1 / 3) / 2)
    assert run["accuracy"] == 0.5
    assert run["uar_per_speaker"] == {"a": 0.5}  # speaker b was only sad
    assert run["confusion"] == [[1, 0], [2, 1]]


def test_eight_way_figures_are_those_of_the_likeliest_emotion():
    def sure_of(name, confidence):
        row = np.full(8, (1 - confidence) / 7)
        row[EMOTION_NAMES.index(name)] = confidence
        return row

    answers = [("happy", 0.9), ("calm", 0.85), ("sad", 0.6), ("sad", 0.4), ("happy", 0.95)]
    met = judge_eight_way(
        ["happy", "happy", "sad", "happy", "sad"],
        np.array([sure_of(*answer) for answer in answers]),
        ["happy", "sad"],
        [False, False, False, True, True],
        [True, True, True, True, False],  # nobody speaks in the last
    )
    assert met["accuracy"] == pytest.approx(2 / 5)
    assert met["uar"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert met["n_no_speech"] == 1 and met["uncertain"] == pytest.approx(2 / 5)
    assert met["mean_confidence"] == pytest.approx((0.9 + 0.85 + 0.6 + 0.4) / 4)
    assert met["sure"] == {"from": 0.8, "coverage": 0.4, "accuracy": 0.5}
    # Each answer is alone in its bin: right by .1 and .4 too little, wrong by .85 and .4.
    assert met["ece"] == pytest.approx((0.1 + 0.85 + 0.4 + 0.4) / 4)
    happy, sad = met["confusion"]
    by_name = dict(zip((*EMOTION_NAMES, "no speech"), zip(happy, sad, strict=True), strict=True))
    assert {name: pair for name, pair in by_name.items() if any(pair)} == {
        "happy": (1, 0), "calm": (1, 0), "sad": (1, 1), "no speech": (0, 1)
    }  # fmt: skip


def test_where_no_answer_is_sure_or_none_is_given_nothing_is_said_of_them():
    flat = np.full((2, 8), 1 / 8)
    met = judge_eight_way(["calm", "sad"], flat, ["calm", "sad"], [True] * 2, [True] * 2)
    assert met["sure"] == {"from": 0.8, "coverage": 0.0, "accuracy": None}
    met = judge_eight_way(["calm", "sad"], flat, ["calm", "sad"], [True] * 2, [False] * 2)
    assert met["ece"] is None and met["mean_confidence"] is None and met["accuracy"] == 0


def test_speakers_with_one_emotion_are_warned_of_and_have_no_figure(figures, tmp_path):
    assert figures["single_emotion_speakers"] == {"allison": 1}
    [warning] = warnings(figures)
    assert "1 of 3 speakers (allison; 16.7 % of the clips)" in warning
    text = describe(figures)
    assert warning in text and "not here: 1 speaker with one emotion only" in text
    assert not any(line.startswith("allison ") for line in text.splitlines())
    mixed = [(file, emotion, "one voice") for file, emotion, _ in ROWS]
    figures = evaluate_corpus(SAMPLES, write(tmp_path / "labels.csv", mixed))
    assert figures["single_emotion_speakers"] == {} and warnings(figures) == []
    assert "warning" not in describe(figures)


def test_where_nobody_speaks_the_answer_is_wrong_and_said_to_be_none(tmp_path):
    samples, rate = soundfile.read(SAMPLES / "reading_short.wav", dtype="float32")
    soundfile.write(tmp_path / "voice.wav", samples, rate)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    soundfile.write(tmp_path / "tone.wav", tone.astype(np.float32), rate)
    rows = [("voice.wav", "sad", "a"), ("tone.wav", "calm", "b")]
    figures = evaluate_corpus(tmp_path, write(tmp_path / "labels.csv", rows))
    tone, _ = figures["clips"]
    assert (tone["file"], tone["heard"], tone["confidence"]) == ("tone.wav", None, 0)
    assert figures["normalisation"]["none"]["eight_way"]["n_no_speech"] == 1
    assert "no speech  heard in 1 clip" in describe(figures)


@pytest.mark.skipif(not CREMA_D, reason="set EMOTIFY_CREMA_D to the CREMA-D folder")
def test_other_actors_are_heard_better_than_chance(tmp_path):
    manifest = pd.read_csv(Path(CREMA_D) / "manifest.csv")
    manifest = manifest[manifest["note"].isna() & manifest["speaker"].isin([1003, 1023])]
    chosen = manifest.groupby(["speaker", "emotion"]).head(3)
    assert set(chosen["emotion"]) == {"ANG", "DIS", "FEA", "HAP", "NEU", "SAD"}
    chosen[["file", "emotion", "speaker"]].to_csv(tmp_path / "labels.csv", index=False)
    figures = evaluate_corpus(Path(CREMA_D), tmp_path / "labels.csv")
    assert figures["n_clips"] == 36 and figures["n_speakers"] == 2 and not figures["left_out"]
    assert set(figures["emotions"]) == CREMA_D_EMOTIONS
    # 36 clips of 6 emotions: chance is 16.7, with a standard error of 6.2.
    assert max(run["uar"] for run in figures["normalisation"].values()) > 0.25
