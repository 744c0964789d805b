"""The pictures of judgement show what they are given, in the words of whoever draws."""

from collections.abc import Iterator

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib comes with 'notebooks'")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402

from emotions import metrics, report  # noqa: E402
from emotions.labels import EMOTION_NAMES  # noqa: E402
from emotions.metric_plots import (  # noqa: E402
    plot_confusion,
    plot_confusions,
    plot_per_class,
    plot_per_class_beside,
    plot_reliabilities,
    plot_reliability,
    plot_risk_coverage,
)

RNG = np.random.default_rng(0)
LABELS = np.arange(400) % 8
PROBABILITIES = RNG.dirichlet(np.ones(8), 400)
PROBABILITIES[:200] = 0.3 * PROBABILITIES[:200] + 0.7 * np.eye(8)[LABELS[:200]]
FIGURES = metrics.over_seeds(
    {0: metrics.evaluate(LABELS, PROBABILITIES, np.arange(400) % 10, np.zeros(400, int))}
)


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_confusions_are_in_percent_of_what_was_meant() -> None:
    ax = plot_confusion(FIGURES, answered="read", people="authors")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("read", "meant")
    assert ax.get_title() == "Confusions on unseen authors (%)"
    shown = np.array([int(text.get_text()) for text in ax.texts]).reshape(8, 8)
    assert shown.sum(axis=1) == pytest.approx(100, abs=4)
    assert (shown.argmax(axis=1) == np.arange(8)).all()


def test_bars_are_recalls() -> None:
    heights = [bar.get_height() for bar in plot_per_class(FIGURES).patches]
    assert heights == pytest.approx([100 * r for r in FIGURES["per_class_recall"].values()])


def test_reliability_and_risk_say_what_was_measured() -> None:
    ax = plot_reliability(FIGURES)
    assert f"ECE {100 * FIGURES['ece']:.1f} %" in [text.get_text() for text in ax.texts]
    risk = plot_risk_coverage(FIGURES, examples="sentences")
    assert risk.get_xlabel().startswith("sentences answered")
    assert risk.lines[0].get_ydata()[-1] == pytest.approx(100 * (1 - FIGURES["accuracy"]), abs=0.01)


def test_tables_and_lines_use_the_words_of_the_sense() -> None:
    table = report.calibration_table({"test": FIGURES}, examples="sentences", people="authors")
    assert "interval over authors" in table and "| sentences uncertain (%) |" in table
    lines = report.sureness_lines(FIGURES, examples="sentences", people="authors")
    assert f"{100 * FIGURES['uncertain']:.1f} of sentences" in lines[2]
    assert "over authors" in report.headline_lines(FIGURES, people="authors")[2]
    assert report.confusion_lines(FIGURES, answered="read")[0].endswith("columns: read)")
    assert report.percent(None) == "-" and report.percent(0.1234) == "12.3"


def test_two_classifiers_are_shown_beside_each_other() -> None:
    better = {**FIGURES, "per_class_recall": dict.fromkeys(EMOTION_NAMES, 1.0)}
    rows = {"one": FIGURES, "another": better}
    ax = plot_per_class_beside(rows)
    heights = [round(bar.get_height(), 6) for bar in ax.patches]
    recalls = [round(100 * FIGURES["per_class_recall"][name], 6) for name in EMOTION_NAMES]
    assert heights == [*recalls, *[100.0] * 8]
    assert ax.get_title().endswith("one, then another")
    left, right = plot_confusions(rows, answered="read")
    assert [panel.get_title() for panel in (left, right)] == ["one (%)", "another (%)"]
    assert left.get_figure() is right.get_figure() and right.get_xlabel() == "read"


def test_every_panel_of_reliability_has_its_name_and_error() -> None:
    panels = plot_reliabilities({"home": FIGURES, "abroad": {**FIGURES, "ece": 0.321}})
    assert [panel.get_title() for panel in panels] == ["home", "abroad"]
    assert any(text.get_text() == "ECE 32.1 %" for text in panels[1].texts)
