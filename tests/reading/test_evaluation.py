"""Figures of the card are those of the committed predictions, and these are the reader's."""

import os
from pathlib import Path

import numpy as np
import pytest

from emotions.labels import EMOTION_NAMES
from emotions.predictions import probabilities_of
from foundation.shipped import CHECKOUT
from reading.corpora.texts import read_texts
from reading.evaluate import main
from reading.evaluation.behaviour import BEHAVIOUR_FILE, judge_behaviour
from reading.evaluation.judge import JUDGED, committed_predictions, figures_of
from reading.figures import markdown_tables
from reading.network.artefact import FOLDER
from reading.text import load_reader

TEXTS = os.environ.get("EMOTIFY_TEXT", "")


@pytest.fixture(scope="module")
def table():
    return committed_predictions()


@pytest.fixture(scope="module")
def figures(table):
    return figures_of(table)


def test_no_text_is_judged_twice_and_none_of_training(table):
    assert table["text_id"].is_unique
    assert set(table["text_id"].str.partition("/")[0]) == set(JUDGED)


def test_pages_have_the_figures_of_the_committed_predictions(figures):
    tables = markdown_tables(figures)
    card = (FOLDER / "README.md").read_text("utf-8")
    readme = (CHECKOUT / "README.md").read_text("utf-8")
    for name, text in tables.items():
        assert f"<!-- begin {name} -->" in card, name
        assert text in card, f"{name}: run `python -m reading.figures`"
    assert tables["reading-compared"] in readme


def test_what_the_card_claims_holds(figures):
    ours = figures["goemotions"]
    assert ours["accuracy"] > 0.71 and ours["macro_f1"] > 0.57  # aimed at: .72 and .57
    assert ours["f1"]["calm"] > 0.38 and ours["ece"] < 0.05  # aimed at: .40 and .05


def test_behaviour_is_what_was_written_down(tmp_path, capsys):
    main(["--out", str(tmp_path)])
    written = (FOLDER / BEHAVIOUR_FILE).read_text("utf-8")
    assert (tmp_path / BEHAVIOUR_FILE).read_text("utf-8") == written
    assert "negation" in capsys.readouterr().out
    assert judge_behaviour(load_reader())["cases"].sum() > 70


@pytest.mark.skipif(not TEXTS, reason="EMOTIFY_TEXT names no folder with labelled texts")
@pytest.mark.parametrize("name", ["goemotions", "xed", "brighter"])
def test_the_reader_says_what_was_committed(table, name):
    of_it = table[table["text_id"].str.startswith(f"{name}/")].iloc[::25]
    texts = read_texts(Path(TEXTS), [name])["text"]
    rows = of_it["text_id"].str.partition("/")[2].astype(int)
    said = [e.probabilities for e in load_reader().predict_many(texts[rows])]
    assert np.abs(np.array(said) - probabilities_of(of_it)).max() < 1e-3
    assert len(EMOTION_NAMES) == len(said[0])
