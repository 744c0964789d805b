"""The protocol leaks nothing, the metrics are right, and committed predictions are reproduced."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from emotions import metrics
from emotions.calibration import stored_calibration
from emotions.calibration_fitting import fit_calibration
from emotions.labels import EMOTION_NAMES, EMOTIONS
from foundation.errors import InputError
from ser.corpora.ravdess import Clip, expected_clip_ids, index_clips
from ser.evaluation.cross_validation import (
    TABLE_COLUMNS,
    committed_predictions,
    compare,
    fold_folder,
    make_folds,
    metrics_of,
    predict_out_of_fold,
    read_predictions,
    write_predictions,
)
from ser.network.artefact import DEFAULT_FOLDER

CLIPS = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("speech"))
RAVDESS = os.environ.get("EMOTIFY_RAVDESS")


@pytest.mark.parametrize(("protocol", "n_folds"), [("luna-jimenez", 5), ("emobox", 6)])
def test_no_actor_is_on_two_sides_of_a_fold_and_every_clip_is_tested_once(protocol, n_folds):
    folds = make_folds(CLIPS, protocol)
    assert len(folds) == n_folds
    for fold in folds:
        train, validation, test = (
            {clip.actor for clip in part} for part in (fold.train, fold.validation, fold.test)
        )
        assert train and len(validation) >= 2 and test
        assert not train & validation and not train & test and not validation & test
        assert len(fold.train) + len(fold.validation) + len(fold.test) == 1440
    tested = [clip.clip_id for fold in folds for clip in fold.test]
    assert sorted(tested) == sorted(clip.clip_id for clip in CLIPS)


def test_luna_jimenez_folds_are_the_published_ones():
    tests = [
        sorted({clip.actor for clip in fold.test}) for fold in make_folds(CLIPS, "luna-jimenez")
    ]
    assert tests == [
        [2, 5, 14, 15, 16],
        [3, 6, 7, 13, 18],
        [10, 11, 12, 19, 20],
        [8, 17, 21, 23, 24],
        [1, 4, 9, 22],
    ]


def test_a_random_split_has_every_actor_on_both_sides():
    for fold in make_folds(CLIPS, "random-split"):
        assert {clip.actor for clip in fold.test} == {clip.actor for clip in fold.train}


def test_an_incomplete_corpus_and_an_unknown_protocol_are_refused():
    with pytest.raises(InputError, match="lacks \\[24\\]"):
        make_folds([clip for clip in CLIPS if clip.actor != 24], "luna-jimenez")
    with pytest.raises(InputError, match="luna-jimenez"):
        make_folds(CLIPS, "leave-one-out")


def _one_hot(indices):
    return np.eye(len(EMOTIONS))[indices]


def test_uar_counts_every_class_alike():
    # 90 neutral clips all right, 10 calm clips all wrong: 90 % accuracy, half the recall.
    labels = np.array([0] * 90 + [1] * 10)
    figures = metrics.evaluate(labels, _one_hot(np.zeros(100, int)), np.arange(100) % 4, labels * 0)
    assert figures["accuracy"] == pytest.approx(0.9)
    assert figures["uar"] == pytest.approx(0.5)
    assert figures["confusion"][1][0] == 10


def test_bootstrap_draws_actors_and_contains_the_pooled_value():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 960)
    actors = np.repeat(np.arange(24), 40)
    right = rng.random(960) < np.linspace(0.3, 0.9, 24)[actors]  # actors differ widely
    predicted = np.where(right, labels, (labels + 1) % 8)
    low, high = metrics.bootstrap_over_actors(labels, predicted, actors)
    by_clip = metrics.bootstrap_over_actors(labels, predicted, np.arange(960))
    assert low < metrics.uar(labels, predicted) < high
    assert high - low > 1.5 * (by_clip[1] - by_clip[0])


def test_metrics_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="shape"):
        metrics.validate([0, 1], _one_hot([0]))
    with pytest.raises(ValueError, match="sum to 1"):
        metrics.validate([0], [[0.5] * 8])


def test_committed_predictions_are_complete_and_say_what_the_model_folder_says():
    table = committed_predictions()
    for _, rows in table.groupby("seed"):
        assert len(rows) == 1440
        assert set(rows["clip_id"]) == set(expected_clip_ids("speech"))
    by_id = {clip.clip_id: clip for clip in CLIPS}
    assert all(by_id[row.clip_id].emotion.name == row.emotion for row in table.itertuples())
    assert all(by_id[row.clip_id].actor == row.actor for row in table.itertuples())
    fold_of = {c.clip_id: f.number for f in make_folds(CLIPS, "luna-jimenez") for c in f.test}
    assert all(fold_of[row.clip_id] == row.fold for row in table.itertuples())
    stored = json.loads((DEFAULT_FOLDER / "metrics.json").read_text("utf-8"))["luna-jimenez"]
    assert stored["uar"] == pytest.approx(metrics_of(table)["uar"], abs=1e-9)


def test_each_calibration_comes_from_the_validation_actors_of_its_fold_alone():
    table = committed_predictions("validation.csv")
    for fold in make_folds(CLIPS, "luna-jimenez"):
        rows = table[table["fold"] == fold.number]
        assert set(rows["clip_id"]) == {clip.clip_id for clip in fold.validation}
        folder = fold_folder(DEFAULT_FOLDER, fold.number)
        assert stored_calibration(folder) == fit_calibration(rows)


def test_the_recipe_is_good_on_unseen_speakers_and_at_chance_on_shuffled_labels():
    assert metrics_of(committed_predictions())["uar"] >= 0.60
    assert metrics_of(committed_predictions("shuffled_labels.csv"))["uar"] == pytest.approx(
        0.125, abs=0.04
    )


def test_predictions_survive_writing_and_reading(tmp_path):
    table = committed_predictions()
    write_predictions(table, tmp_path / "copy.csv")
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "copy.csv"), table)
    assert [path.name for path in tmp_path.iterdir()] == ["copy.csv"]


def test_a_foreign_or_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: no such file; make predictions with"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "foreign.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        read_predictions(tmp_path / "foreign.csv")


def test_comparison_notices_a_changed_number_and_a_missing_clip():
    table = committed_predictions()
    assert compare(table, table).ok
    changed = table.copy()
    changed.loc[3, EMOTION_NAMES[0]] += 0.01
    assert not compare(changed, table).ok
    assert not compare(table.iloc[1:], table).ok


def test_each_fold_network_was_trained_by_the_committed_recipe():
    shipped = json.loads((DEFAULT_FOLDER / "settings.json").read_text("utf-8"))
    for fold in make_folds(CLIPS, "luna-jimenez"):
        path = fold_folder(DEFAULT_FOLDER, fold.number) / "settings.json"
        stored = json.loads(path.read_text("utf-8"))
        assert stored["features"] == shipped["features"]
        assert stored["recipe"]["training"] == shipped["recipe"]["training"]


@pytest.mark.skipif(not RAVDESS, reason="set EMOTIFY_RAVDESS to the RAVDESS speech folder")
def test_fold_networks_reproduce_the_committed_predictions():
    clips = tuple(clip for clip in index_clips(RAVDESS) if clip.channel == "speech")
    reproduction = compare(predict_out_of_fold(clips, DEFAULT_FOLDER), committed_predictions())
    assert reproduction.n_clips == 1440
    assert reproduction.ok, reproduction.summary()


def test_table_columns_name_the_eight_emotions_in_order():
    assert TABLE_COLUMNS[-8:] == EMOTION_NAMES


def test_several_seeds_are_averaged():
    first = committed_predictions()
    first = first[first["seed"] == first["seed"].min()]
    worse = first.assign(seed=first["seed"] + 1)
    worse[list(EMOTION_NAMES)] = np.roll(worse[list(EMOTION_NAMES)], 1, axis=1)
    both = metrics_of(pd.concat([first, worse]))
    one, other = metrics_of(first), metrics_of(worse)
    assert both["uar"] == pytest.approx((one["uar"] + other["uar"]) / 2)
    assert both["uar_sd_over_seeds"] == pytest.approx(abs(one["uar"] - other["uar"]) / 2**0.5)
    assert list(both["uar_per_seed"].values()) == [one["uar"], other["uar"]]
    assert np.sum(both["confusion"]) == pytest.approx(1440)


def test_bins_of_confidence_hold_the_clips_of_all_seeds():
    first = committed_predictions()
    first = first[first["seed"] == first["seed"].min()]
    worse = first.assign(seed=first["seed"] + 1)
    worse[list(EMOTION_NAMES)] = np.roll(worse[list(EMOTION_NAMES)], 1, axis=1)
    both = pd.concat([first, worse])
    labels = both["emotion"].map(EMOTION_NAMES.index).to_numpy()
    pooled = metrics.reliability(labels, both[list(EMOTION_NAMES)].to_numpy())
    joint = metrics_of(both)["reliability"]
    assert joint["n"] == pytest.approx(pooled["n"] / 2)
    assert joint["accuracy"] == pytest.approx(pooled["accuracy"], abs=1e-3)
    assert joint["confidence"] == pytest.approx(pooled["confidence"], abs=1e-3)


def test_groups_are_the_sexes_and_the_intensities():
    table = committed_predictions()
    table = table[table["seed"] == table["seed"].min()].copy()
    names = list(EMOTION_NAMES)
    right = table["emotion"].map(EMOTION_NAMES.index).to_numpy()
    # Right for women, wrong for men.
    heard = np.where(table["actor"] % 2 == 0, right, (right + 1) % 8)
    table[names] = np.eye(8)[heard]
    groups = metrics_of(table)["uar_per_group"]
    assert groups["women"] == 1 and groups["men"] == 0
    assert groups["normal intensity"] == groups["strong intensity"] == pytest.approx(0.5)
    # Right where intensity is strong, wrong elsewhere; neutral is always wrong and never counts.
    strong = table["clip_id"].str.split("-").str[3].eq("02").to_numpy()
    table[names] = np.eye(8)[np.where(strong, right, (right + 1) % 8)]
    groups = metrics_of(table)["uar_per_group"]
    assert groups["strong intensity"] == 1 and groups["normal intensity"] == 0
