"""The gain of enrolment is measured on clips that were not enrolled, the same for every row."""

import itertools
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile

from emotions.labels import EMOTION_NAMES, EMOTIONS
from foundation.errors import InputError
from foundation.pages import fill_in
from foundation.shipped import shipped
from foundation.tables import write_table
from ser import figures
from ser.corpora.ravdess import index_clips
from ser.evaluation import enrolled
from ser.evaluation.folds import Fold
from ser.features.augment import add_noise
from ser.network.artefact import DEFAULT_FOLDER
from ser.recognizer import load_recognizer
from ser.voices.normalisation import speech_statistics

RAVDESS = os.environ.get("EMOTIFY_RAVDESS")
SAMPLE = shipped("data", "samples", "reading_short.wav")


def judged(guess):
    """Return answers of two draws in two folds; `guess` (condition, draw, label) -> label."""
    rows = []
    for condition in reversed(enrolled.CONDITIONS):
        for draw in (1, 0):
            for fold, label in itertools.product((0, 1), range(8)):
                answer = np.full(8, 0.02)
                answer[guess(condition, draw, label)] = 0.86
                rows.append((condition.name, draw, fold, label, *answer))
    return pd.DataFrame(rows, columns=["speaker", "draw", "fold", "label", *EMOTION_NAMES])


def test_the_table_compares_draw_by_draw():
    def guess(condition, draw, label):
        n_wrong = 4 - 2 * draw if condition.name == "unknown" else 2 * condition.labels
        return (label + 1) % 8 if label < n_wrong else label

    table = enrolled.table_of(judged(guess))
    assert list(table["speaker"].unique()) == [each.name for each in enrolled.CONDITIONS]
    assert list(table["draw"][:4]) == [0, 1, 0, 1]
    assert list(table["uar_percent"]) == [50, 75, 100, 100, 100, 100, 75, 75, 75, 75]
    assert table["ece_percent"][2] == pytest.approx(14)  # always right, 86 % sure
    rows = enrolled.over_draws(table).set_index("speaker")
    assert rows.loc["unknown", "gain_points"] == 0 and rows.loc["unknown", "gain_points_sd"] == 0
    assert rows.loc["8 clips, no labels", "gain_points"] == 37.5
    assert rows.loc["8 clips, no labels", "gain_points_sd"] == pytest.approx(25 / 2**0.5)
    assert rows.loc["8 clips, no labels", "uar_percent_sd"] == 0
    assert rows.loc["three labelled clips per emotion", "gain_points"] == 12.5


def test_the_page_shows_the_table_once_it_was_measured(tmp_path):
    table = judged(lambda condition, draw, label: label)
    metrics = figures.all_metrics()
    assert "enrolled" not in figures.markdown_tables(metrics, tmp_path)
    table = enrolled.table_of(table)
    write_table(table, tmp_path / "new" / enrolled.FILE)
    assert enrolled.read_table(tmp_path / "new" / enrolled.FILE).equals(table)
    markdown = figures.markdown_tables(metrics, tmp_path / "new")["enrolled"]
    assert len(markdown.splitlines()) == 2 + len(enrolled.CONDITIONS)
    assert "| unknown | 100.0 ± 0.0 | +0.0 ± 0.0 | 100.0 ± 0.0 | 14.0 ± 0.0 |" in markdown
    card = (DEFAULT_FOLDER / "README.md").read_text("utf-8")
    assert "| unknown | 100.0" in fill_in(card, {"enrolled": markdown})
    assert enrolled.describe(table).count("100.0") == 2 * len(enrolled.CONDITIONS)


def test_a_foreign_table_is_refused(tmp_path):
    (tmp_path / "enrolled.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        enrolled.read_table(tmp_path / "enrolled.csv")


def test_clips_set_aside_have_every_emotion_and_hang_on_chance_alone():
    labels = np.repeat(np.arange(8), [4, 8, 8, 8, 8, 8, 8, 8])
    draws = [enrolled.draw_enrolled(labels, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).any()
    assert len(set(draws[0].tolist())) == 24
    for n in (8, 24):
        assert list(np.bincount(labels[draws[0][:n]])) == [n // 8] * 8


@pytest.mark.parametrize("ratio_db", [10, 60])
def test_an_unknown_speaker_is_judged_as_in_any_recording(tmp_path, ratio_db):
    """In noise, too, where a clip is heard twice."""
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    quiet = np.pad(samples, rate)
    noise = np.random.default_rng(0).standard_normal(len(quiet))
    path = tmp_path / "clip.wav"
    soundfile.write(path, add_noise(quiet, noise, ratio_db, rate), rate)
    recognizer = load_recognizer()
    sound = enrolled._hear_clip(recognizer, SimpleNamespace(path=path, emotion=EMOTIONS[0])).sound
    [row] = enrolled.judged(recognizer, [sound])
    assert row == pytest.approx(recognizer.predict(path).probabilities, abs=1e-5)
    assert (sound.without_noise[0] is None) == (ratio_db > 25)


@pytest.mark.skipif(not RAVDESS, reason="set EMOTIFY_RAVDESS to the RAVDESS speech folder")
def test_no_judged_clip_is_enrolled_and_all_rows_judge_the_same(monkeypatch, tmp_path):
    clips = [c for c in index_clips(RAVDESS) if c.channel == "speech" and c.actor == 3]
    for name in ("model.onnx", "settings.json"):
        shutil.copy(DEFAULT_FOLDER / name, tmp_path)
    with np.load(DEFAULT_FOLDER / "preprocessing.npz") as stored:
        arrays = dict(stored)
    heard = speech_statistics(load_recognizer(), clips[0].path)
    arrays.setdefault("feature_mean", heard.mean.astype(np.float32))
    arrays.setdefault("feature_scale", np.maximum(heard.scale, 1e-3).astype(np.float32))
    np.savez(tmp_path / "preprocessing.npz", **arrays)
    fold = Fold(0, (), (), tuple(clips))
    monkeypatch.setattr(enrolled, "fold_models", lambda *_: [(load_recognizer(tmp_path), fold)])
    learned, answered = [], []
    learn, judge = enrolled._adaptation, enrolled.judged

    def learning(recognizer, clips, labels):
        learned.append([id(clip.sound) for clip in clips])
        return learn(recognizer, clips, labels)

    def judging(recognizer, sounds):
        answered.append([id(sound) for sound in sounds])
        return judge(recognizer, sounds)

    monkeypatch.setattr(enrolled, "_adaptation", learning)
    monkeypatch.setattr(enrolled, "judged", judging)
    table = enrolled.evaluate_enrolled(clips, tmp_path, n_draws=1)
    assert [len(sounds) for sounds in learned] == [8, 24, 8, 24]
    assert len(answered[0]) == 60  # as an unknown speaker, once for all draws
    assert all(sounds == answered[1] for sounds in answered[1:])
    assert not set(answered[1]) & {sound for sounds in learned for sound in sounds}
    assert set(table["n_clips"]) == {36}
    assert table["uar_percent"].between(0, 100).all() and table["ece_percent"].notna().all()
    # Labels are told apart from none: the same clips, heard otherwise.
    assert table["accuracy_percent"].nunique() + table["ece_percent"].nunique() > 2
