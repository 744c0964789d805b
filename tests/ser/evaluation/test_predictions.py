"""Committed predictions are complete, and what they say is what the model folder says."""

import json

import numpy as np
import pytest

from emotions.calibration import stored_calibration
from emotions.calibration_fitting import fit_calibration
from emotions.labels import EMOTION_NAMES
from ser.corpora.ravdess import Clip, expected_clip_ids
from ser.evaluation.folds import fold_folder, make_folds
from ser.evaluation.predictions import committed_predictions, metrics_of
from ser.network.artefact import DEFAULT_FOLDER

CLIPS = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("speech"))


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
        assert stored_calibration(folder) == fit_calibration(rows, "actor")


def test_the_recipe_is_good_on_unseen_speakers_and_at_chance_on_shuffled_labels():
    assert metrics_of(committed_predictions())["uar"] >= 0.60
    assert metrics_of(committed_predictions("shuffled_labels.csv"))["uar"] == pytest.approx(
        0.125, abs=0.04
    )


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
