"""The table of robustness judges what was measured, on networks that have not heard the speaker."""

import os
from pathlib import Path

import numpy as np
import pytest

from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError
from foundation.pages import fill_in
from foundation.tables import write_table
from ser import figures
from ser.corpora.ravdess import index_clips
from ser.evaluation import robustness
from ser.evaluation.conditions import Condition, as_recorded, conditions
from ser.network.artefact import DEFAULT_FOLDER

RAVDESS = os.environ.get("EMOTIFY_RAVDESS")
NOISE = os.environ.get("EMOTIFY_NOISE")


def certain(indices):
    return np.eye(8)[indices] * 0.92 + 0.01


def test_the_table_says_what_changed_and_whether_limits_hold(tmp_path):
    labels = np.arange(16) % 8
    folds = np.arange(16) // 8
    wrong = labels.copy()
    wrong[[0, 9]] = 7  # two of sixteen heard otherwise: 12.5 points
    refused = certain(labels)
    refused[3] = np.nan
    judged = np.stack([certain(labels), certain(wrong), refused, certain(labels)], axis=1)
    chosen = [
        Condition("as recorded", as_recorded),
        Condition("wrong", as_recorded),
        Condition("refused", as_recorded, 7.0, 97.0),
        Condition("same", as_recorded, 5.0, 97.0),
    ]
    table = robustness.table_of(judged, labels, folds, chosen)
    assert list(table["uar_percent"]) == [100, 87.5, 93.75, 100]
    assert list(table["uar_change_points"]) == [0, -12.5, -6.25, 0]
    assert list(table["labels_unchanged_percent"]) == [100, 87.5, 93.75, 100]
    assert list(table["n_refused"]) == [0, 0, 1, 0]
    assert table["mean_confidence_percent"].tolist() == pytest.approx([93] * 4)
    assert list(table["holds"]) == [True, False, False, True]  # the third for its labels
    # Two clips of sixteen moved 0.92 from one emotion to another.
    assert table["mean_probability_change"][1] == pytest.approx(2 / 16 * 2 * 0.92 / 8, abs=1e-4)
    write_table(table, tmp_path / "new" / "table.csv")
    again = robustness.read_table(tmp_path / "new" / "table.csv")
    assert again.equals(table)
    text = robustness.describe(again)
    assert text.count("DOES NOT HOLD") == 2 and ", 1 refused" in text and "-12.5" in text


def test_the_page_shows_the_table_once_it_was_measured(tmp_path):
    metrics = figures.all_metrics()
    assert "robustness" not in figures.markdown_tables(metrics, tmp_path)
    names = [condition.name for condition in conditions()]
    judged = np.repeat(certain(np.arange(8))[:, None], len(names), axis=1)
    table = robustness.table_of(judged, np.arange(8), np.zeros(8, int), conditions())
    write_table(table, tmp_path / robustness.FILE)
    markdown = figures.markdown_tables(metrics, tmp_path)["robustness"]
    assert all(f"| {name} |" in markdown for name in names)
    assert len(markdown.splitlines()) == 2 + len(names)
    table.loc[1, ["n_clips", "mean_confidence_percent"]] = 5, np.nan
    write_table(table, tmp_path / robustness.FILE)
    in_part = figures.markdown_tables(metrics, tmp_path)["robustness"]
    assert "| gain -30 dB (5 clips) | 100.0 |" in in_part and "|  | UAR ±5, labels" in in_part
    card = (DEFAULT_FOLDER / "README.md").read_text("utf-8")
    assert "| gain -30 dB | 100.0 |" in fill_in(card, {"robustness": markdown})


def test_a_foreign_table_is_refused(tmp_path):
    (tmp_path / "robustness.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns"):
        robustness.read_table(tmp_path / "robustness.csv")


def test_a_model_without_networks_of_folds_is_refused(tmp_path):
    with pytest.raises(InputError, match="networks of folds"):
        robustness.evaluate_robustness([], tmp_path, conditions())


@pytest.mark.skipif(not RAVDESS, reason="set EMOTIFY_RAVDESS to the RAVDESS speech folder")
def test_clips_of_all_folds_are_judged_under_every_condition():
    clips = [clip for clip in index_clips(RAVDESS) if clip.channel == "speech"][::60]
    assert len({clip.actor for clip in clips}) == 24
    every = conditions(Path(NOISE) if NOISE else None)
    cheap = [c for c in every if c.name in ("as recorded", "gain -10 dB", "44.1 kHz")]
    cheap += [c for c in every if c.encoding or "real noise, 10" in c.name]
    table = robustness.evaluate_robustness(clips, DEFAULT_FOLDER, cheap).set_index("condition")
    assert list(table["n_clips"].unique()) == [24] and table["n_refused"].sum() == 0
    assert table.loc["as recorded", "mean_probability_change"] == 0
    assert table.loc["gain -10 dB", "labels_unchanged_percent"] >= 95
    assert table.loc["44.1 kHz", "mean_probability_change"] < 0.01
    assert 0 < table.loc["MP3 at 64 kbit/s", "mean_probability_change"] < 0.1
    assert table.loc["as recorded", "uar_percent"] > 100 / len(EMOTION_NAMES)
