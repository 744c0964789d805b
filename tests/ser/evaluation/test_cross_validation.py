"""The committed networks of the folds are those of the recipe, and give what was committed."""

import json
import os

import pytest

from ser.corpora.ravdess import Clip, expected_clip_ids, index_clips
from ser.evaluation.cross_validation import predict_out_of_fold
from ser.evaluation.folds import fold_folder, make_folds
from ser.evaluation.predictions import PREDICTIONS, committed_predictions
from ser.network.artefact import DEFAULT_FOLDER

CLIPS = tuple(Clip.from_path(f"{name}.wav") for name in expected_clip_ids("speech"))
RAVDESS = os.environ.get("EMOTIFY_RAVDESS")


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
    reproduction = PREDICTIONS.compare(
        predict_out_of_fold(clips, DEFAULT_FOLDER), committed_predictions()
    )
    assert reproduction.n_examples == 1440
    assert reproduction.ok, reproduction.summary()
