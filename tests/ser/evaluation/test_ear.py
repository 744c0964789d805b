"""The larger ear is judged on people and corpora that it has not heard, through the recogniser."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.ear import (
    LAYERS_COLUMNS,
    LAYERS_FILE,
    judge_layers,
    read_layers,
    uar_by_layer,
    write_ear_card,
)
from ser.evaluation.predictions import OWN_PREDICTIONS, PREDICTIONS, PREDICTIONS_FILE, metrics_of
from ser.evaluation.strangers import STRANGERS_FILE, strangers_figures, strangers_table
from ser.features.encoder import LAYERS, load_encoder
from ser.network.artefact import EAR_FOLDER, load, save_head
from ser.network.pooled_head import PooledHead, Trust, pooled
from ser.recognizer import UNLIKE, load_recognizer
from ser.training.pooled import PooledClips

SAMPLES = sorted(Path("data/samples").glob("*.wav"))


def test_what_is_served_is_what_was_saved(tmp_path):
    encoder = load_encoder()
    n = encoder.settings.n_features
    rng = np.random.default_rng(0)
    head = PooledHead(
        (0.01 * rng.standard_normal((2 * n, 8))).astype(np.float32),
        np.zeros(8, np.float32),
        np.zeros(2 * n, np.float32),
        np.ones(2 * n, np.float32),
        Trust(1.0, 0.2, 0.3),
        unlike_above=0.5,
    )
    statistics = (np.zeros(n, np.float32), np.ones(n, np.float32))
    save_head(tmp_path / "ear", head, encoder, statistics, {"seed": 0})
    recognizer = load_recognizer(tmp_path / "ear")
    sound = (0.1 * rng.standard_normal(32_000)).astype(np.float32)
    frames = encoder(sound)
    said, embedding = recognizer.network([frames])
    rows = pooled(frames)[None]
    assert np.allclose(said, head.probabilities(rows, np.array([len(frames)])), atol=1e-4)
    assert np.allclose(embedding, rows, atol=1e-3)
    assert recognizer.distances([frames]) == pytest.approx(head.distance(rows), rel=1e-3)
    assert recognizer.unlike_above == 0.5


def test_speech_unlike_that_of_the_training_is_doubted_in_words():
    recognizer = load_recognizer(EAR_FOLDER)
    (sample,) = [path for path in SAMPLES if path.stem == "reading_short"]
    (_, frames), *_ = recognizer.features(sample)
    (distance,) = recognizer.distances([frames])
    for limit in (0.99 * distance, 1.01 * distance):
        recognizer.unlike_above = limit
        assert (UNLIKE in recognizer.predict(sample).doubts) == (distance > limit)


def test_a_layer_for_another_encoder_is_refused(tmp_path):
    encoder = load_encoder()
    n = encoder.settings.n_features
    other = type(encoder)(encoder.sessions, dict.fromkeys(encoder.digests, "0" * 64))
    zeros, ones = np.zeros(2 * n, np.float32), np.ones(2 * n, np.float32)
    head = PooledHead(np.zeros((2 * n, 8), np.float32), np.zeros(8, np.float32), zeros, ones)
    save_head(tmp_path / "ear", head, other, (zeros[:n], ones[:n]), {})
    with pytest.raises(InputError, match="another encoder"):
        load(tmp_path / "ear")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_larger_ear_answers_what_the_small_one_answers(sample):
    estimate = load_recognizer(EAR_FOLDER).predict(sample)
    small = load_recognizer().predict(sample)
    assert estimate.to_dict().keys() == small.to_dict().keys()
    assert sum(estimate.probabilities) == pytest.approx(1.0, abs=1e-6)
    assert len(estimate.segments) == len(small.segments)
    assert estimate.confidence >= 0.5 or estimate.doubts  # the rule for "uncertain" is the same


def test_the_committed_figures_are_of_people_who_were_not_heard():
    table = PREDICTIONS.read(EAR_FOLDER / PREDICTIONS_FILE)
    assert len(table) == 1440 and table["actor"].nunique() == 24
    figures = metrics_of(table)
    assert figures["uar"] > 0.765 and figures["ece"] < 0.06
    for number in range(5):
        recipe = load(EAR_FOLDER / "folds" / str(number)).settings["recipe"]
        tested = set(table[table["fold"] == number]["actor"])
        assert recipe["n_clips"] == 1440 - 60 * len(tested)


def test_every_corpus_was_judged_by_a_layer_without_it():
    figures = strangers_figures(OWN_PREDICTIONS.read(EAR_FOLDER / STRANGERS_FILE))
    assert set(figures) == {"emodb", "nemo", "crema-d"}
    for one in figures.values():
        assert one["among"]["uar"] > one["chance"] + 0.2
        assert one["uar_per_voice"] > one["among"]["uar"]
    assert strangers_table(figures).count("\n") == 4


def test_strangers_are_counted_by_corpus_and_a_constant_voice_is_taken_out():
    rng = np.random.default_rng(0)
    rows = []
    for speaker, favourite in (("x/a", 2), ("x/b", 3)):
        for number in range(40):
            meant = (2, 3)[number % 2]
            logits = rng.normal(0, 0.1, 8)
            logits[meant] += 1.0
            logits[favourite] += 3.0  # this voice always sounds like it
            share = np.exp(logits) / np.exp(logits).sum()
            name = EMOTION_NAMES[meant]
            rows.append((f"{speaker}{number}", speaker, 0, 0, name, *share))
    figures = strangers_figures(pd.DataFrame(rows, columns=list(OWN_PREDICTIONS.columns)))["x"]
    assert figures["n_speakers"] == 2 and figures["chance"] == 0.5
    assert figures["among"]["uar"] == pytest.approx(0.5, abs=0.05)
    assert figures["uar_per_voice"] == pytest.approx(1.0)


def test_the_card_says_what_was_trained_on_and_how_it_was_judged(tmp_path):
    encoder = load_encoder()
    n = encoder.settings.n_features
    zeros, ones = np.zeros(2 * n, np.float32), np.ones(2 * n, np.float32)
    head = PooledHead(np.zeros((2 * n, 8), np.float32), np.zeros(8, np.float32), zeros, ones)
    recipe = {"n_clips": 1440, "other_corpora": {"emodb": 454}}
    save_head(tmp_path / "ear", head, encoder, (zeros[:n], ones[:n]), recipe)
    for name in (PREDICTIONS_FILE, STRANGERS_FILE):
        shutil.copy(EAR_FOLDER / name, tmp_path / "ear")
    write_ear_card(tmp_path / "ear")
    card = (tmp_path / "ear" / "README.md").read_text("utf-8")
    figures = metrics_of(PREDICTIONS.read(EAR_FOLDER / PREDICTIONS_FILE))
    assert "- RAVDESS: 1440 clips\n- emodb: 454 clips" in card
    assert f"| out of fold | {100 * figures['uar']:.1f} " in card
    assert "| crema-d: 3000 clips, 91 speakers |" in card and "not** for judging people" in card


def heard_of(clips, n_features, signal_dims, seed=0):
    """Return made-up statistics in which some of the means tell the emotion."""
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 1, (8, signal_dims))
    labels = np.array([clip.emotion.code - 1 for clip in clips])
    rows = rng.normal(0, 1, (len(clips), 1, 2 * n_features)).astype(np.float32)
    rows[:, 0, :signal_dims] += 4 * places[labels]
    ids = tuple(clip.clip_id for clip in clips)
    return PooledClips(ids, rows, np.empty((len(ids), 0), str), np.full((len(ids), 1), 2.0))


def test_a_layer_in_which_emotions_lie_apart_is_told_from_one_of_noise():
    clips = [Clip.from_path(clip_id) for clip_id in expected_clip_ids("speech")]
    table = judge_layers(clips, {0: heard_of(clips, 8, 0), 3: heard_of(clips, 8, 6)})
    assert list(table.columns) == list(LAYERS_COLUMNS) and len(table) == 2 * 5 * 8
    assert table.groupby("layer")["n_clips"].sum().tolist() == [1440, 1440]
    uars = uar_by_layer(table)
    assert uars.loc[0].mean() < 0.25 and uars.loc[3].mean() > 0.8


def test_the_committed_layers_are_those_of_the_encoder():
    table = read_layers(EAR_FOLDER / LAYERS_FILE)
    uars = uar_by_layer(table).mean(axis=1)
    assert uars.index.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert table.groupby("layer")["n_clips"].sum().eq(1440).all()
    assert (uars > 0.125).all()
    assert uars.idxmax() in LAYERS["base"]  # the ones that the larger ear takes


@pytest.mark.parametrize("folder", ["", *(f"folds/{number}" for number in range(5))])
def test_the_models_that_ship_know_what_is_unlike_their_training(folder):
    assert 1.5 < load(EAR_FOLDER / folder).settings["unlike_above"] < 2.5


def test_trust_travels_with_the_folder():
    trust = load(EAR_FOLDER).settings["trust"]
    assert replace(Trust(), **trust).far > 0  # strangers are answered less surely
