"""Tables of predictions are kept as they are, and judged over all of their seeds."""

import json

import numpy as np
import pandas as pd
import pytest

from emotions import calibration_metrics
from emotions.labels import EMOTION_NAMES
from emotions.predictions import PredictionFormat, labels_of, probabilities_of
from foundation.errors import InputError
from ser.evaluation.predictions import PREDICTIONS, committed_predictions, metrics_of


def test_predictions_survive_writing_and_reading(tmp_path):
    table = committed_predictions()
    PREDICTIONS.write(table, tmp_path / "copy.csv")
    pd.testing.assert_frame_equal(PREDICTIONS.read(tmp_path / "copy.csv"), table)
    assert [path.name for path in tmp_path.iterdir()] == ["copy.csv"]


def test_a_foreign_or_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: no such file; make them with"):
        PREDICTIONS.read(tmp_path / "none.csv")
    (tmp_path / "foreign.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        PREDICTIONS.read(tmp_path / "foreign.csv")


def test_comparison_notices_a_changed_number_and_a_missing_clip():
    table = committed_predictions()
    assert PREDICTIONS.compare(table, table).ok
    changed = table.copy()
    changed.loc[3, EMOTION_NAMES[0]] += 0.01
    assert not PREDICTIONS.compare(changed, table).ok
    assert not PREDICTIONS.compare(table.iloc[1:], table).ok


def test_table_columns_name_the_eight_emotions_in_order():
    assert PREDICTIONS.columns[-8:] == EMOTION_NAMES


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
    labels = labels_of(both)
    pooled = calibration_metrics.reliability(labels, both[list(EMOTION_NAMES)].to_numpy())
    joint = metrics_of(both)["reliability"]
    assert joint["n"] == pytest.approx(pooled["n"] / 2)
    assert joint["accuracy"] == pytest.approx(pooled["accuracy"], abs=1e-3)
    assert joint["confidence"] == pytest.approx(pooled["confidence"], abs=1e-3)


def test_another_sense_has_names_of_its_own(tmp_path):
    sentences = PredictionFormat(example="sentence", person="author", advice="read some")
    table = committed_predictions().rename(columns={"clip_id": "sentence_id", "actor": "author"})
    table = table[table["seed"] == 0].astype({"author": str})
    sentences.write(table, tmp_path / "test.csv")
    with pytest.raises(InputError, match=r"expected .*'clip_id', 'actor'"):
        PREDICTIONS.read(tmp_path / "test.csv")
    again = sentences.read(tmp_path / "test.csv")
    figures = sentences.figures(again)
    spoken = metrics_of(committed_predictions()[lambda rows: rows["seed"] == 0])
    assert figures["n_sentences"] == 1440 and "uar_per_group" not in figures
    assert figures["uar_per_author"] == spoken["uar_per_actor"]
    assert figures["ece"] == spoken["ece"]
    assert (
        sentences.compare(table, table)
        .summary()
        .startswith("committed predictions reproduced: 1440 sentences")
    )


def test_authors_and_folds_may_have_names():
    table = committed_predictions()
    table = table[table["seed"] == 0].assign(fold="test")
    table["actor"] = "a-" + table["actor"].astype(str)
    figures = PREDICTIONS.figures(table)
    assert list(figures["uar_per_fold"]) == ["test"] and "a-24" in figures["uar_per_actor"]
    assert json.loads(json.dumps(figures))["uar"] == figures["uar"]


def test_what_is_read_is_what_was_meant_and_sums_to_one():
    table = committed_predictions()
    assert [EMOTION_NAMES[label] for label in labels_of(table)] == list(table["emotion"])
    assert probabilities_of(table).sum(axis=1) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda table: table.iloc[:0], "is empty or has gaps"),
        (lambda table: table.assign(sad=np.nan), "is empty or has gaps"),
        (lambda table: table.assign(emotion="bored"), r"unknown emotions \['bored'\]"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, damage, words):
    PREDICTIONS.write(damage(committed_predictions()), tmp_path / "table.csv")
    with pytest.raises(InputError, match=words + ".*emotify evaluate"):
        PREDICTIONS.read(tmp_path / "table.csv")
