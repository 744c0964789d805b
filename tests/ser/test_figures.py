"""README, model card and metrics say what the committed predictions say."""

import json

import matplotlib as mpl

mpl.use("Agg")

from foundation.pages import fill_in
from ser import figures
from ser.evaluation import report
from ser.network.artefact import DEFAULT_FOLDER

METRICS = figures.all_metrics()


def test_the_tables_in_readme_and_model_card_are_those_of_the_predictions():
    of_the_network = figures.markdown_tables(METRICS)
    tables = of_the_network | figures.ear_tables(METRICS["luna-jimenez"])
    used = set()
    for page in figures.PAGES:
        text = page.read_text("utf-8")
        assert fill_in(text, tables) == text, f"{page.name}: run `make figures`"
        used |= {name for name in tables if f"<!-- begin {name} -->" in text}
    assert used == set(tables)


def test_stored_metrics_are_those_of_the_predictions():
    stored = json.loads((DEFAULT_FOLDER / "metrics.json").read_text("utf-8"))
    assert stored == json.loads(json.dumps(METRICS))


def test_every_picture_is_drawn(tmp_path):
    figures.draw(METRICS, tmp_path)
    drawn = {path.name for path in tmp_path.glob("*.png")}
    assert drawn == {path.name for path in (DEFAULT_FOLDER / "figures").glob("*.png")}
    assert all((tmp_path / name).stat().st_size > 10_000 for name in drawn)


def test_another_corpus_is_shown_where_it_was_measured(tmp_path):
    judged = {"uar": 0.4, "accuracy": 0.45}
    measured = {
        "corpus": "VOICES",
        "n_clips": 12,
        "n_speakers": 3,
        "emotions": {"happy": 6, "sad": 6},
        "chance": 0.5,
        "normalisation": {"none": judged, "speaker": {"uar": 0.625, "accuracy": 0.5}},
    }
    table = report.cross_corpus_table(measured)
    assert "VOICES: 12 clips, 3 speakers, 2 emotions | UAR (chance 50.0)" in table
    assert "| normalised per speaker | 62.5 | 50.0 |" in table
    assert "cross-corpus" not in figures.markdown_tables(METRICS, tmp_path)
    (tmp_path / figures.CROSS_CORPUS_FILE).write_text(json.dumps(measured), encoding="utf-8")
    assert figures.markdown_tables(METRICS, tmp_path)["cross-corpus"] == table
