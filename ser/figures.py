"""Rebuild every table and picture of README and model card from committed predictions.

    python -m ser.figures          (`make figures`)

Pictures go to ``models/ser/figures/``, the figures themselves to ``models/ser/metrics.json``,
and tables between the markers ``<!-- begin NAME -->`` and ``<!-- end NAME -->`` of README.md and
of the model card. No audio is read.
"""

import json
from pathlib import Path
from typing import Any

from emotions.report import calibration_table, headline_table, per_class_table, uar_table
from foundation.errors import run
from foundation.pages import publish
from foundation.safe_write import write_text
from foundation.shipped import CHECKOUT, require_checkout
from ser.ablations import table as ablation_table
from ser.evaluation import enrolled, report, robustness
from ser.evaluation.predictions import (
    OWN_PREDICTIONS,
    PREDICTIONS,
    PREDICTIONS_FILE,
    metrics_of,
)
from ser.evaluation.strangers import STRANGERS_FILE, strangers_figures, strangers_table
from ser.network.artefact import DEFAULT_FOLDER, EAR_FOLDER

PAGES = (CHECKOUT / "README.md", DEFAULT_FOLDER / "README.md", EAR_FOLDER / "README.md")
TABLES = {
    "luna-jimenez": PREDICTIONS_FILE,
    "emobox": "emobox.csv",
    "random-split": "random_split.csv",
    "shuffled-labels": "shuffled_labels.csv",
}
CROSS_CORPUS_FILE = "cross_corpus.json"
ROW_NAMES = {
    "luna-jimenez": "**five folds by actor (Luna-Jiménez), nested validation**",
    "emobox": "six folds by actor (EmoBox), one network",
    "random-split": "random split over clips, one network: leaks, *do not quote*",
    "shuffled-labels": "five folds by actor, labels shuffled, one network: must be chance",
}
EAR_ROWS = {
    "luna-jimenez": "**larger ear, five folds by actor, nested validation**",
    "emobox": "larger ear, six folds by actor (EmoBox)",
    "shuffled-labels": "larger ear, labels shuffled: must be chance",
}
COMPARED = (
    "human listeners",
    "ResLSTM-SA (46.8k parameters)",
    "WavLM-large frozen",
    "Whisper-large-v3 frozen",
    "XLS-R-300M frozen middle layer + linear model",
    "xlsr-53 wav2vec2 fine-tuned (300 M parameters)",
)


def all_metrics(folder: Path = DEFAULT_FOLDER) -> dict[str, Any]:
    """Return the figures of every committed table of predictions, by protocol."""
    return {name: metrics_of(PREDICTIONS.read(folder / file)) for name, file in TABLES.items()}


def markdown_tables(figures: dict[str, Any], folder: Path = DEFAULT_FOLDER) -> dict[str, str]:
    """Return the Markdown that belongs between each pair of markers.

    The tables of robustness, of enrolled speakers, of another corpus and of ablations are there if
    `emotify evaluate` with ``--robustness``, ``--enrolled``, or ``--corpus`` and ``--json``, and
    `emotify ablate` have written what they show.
    """
    headline = figures["luna-jimenez"]
    tables = {
        "results": headline_table(
            {ROW_NAMES[key]: figures[key] for key in TABLES}, people="actors"
        ),
        "published": report.published_table(COMPARED),
        "per-class": per_class_table(headline),
        "per-group": uar_table(headline["uar_per_group"]),
        "per-actor": uar_table(headline["uar_per_actor"], title="actor"),
        "calibration": calibration_table(
            {"out of fold": headline}, examples="clips", people="actors"
        ),
    }
    tables |= _measured_tables(folder)
    elsewhere = folder / CROSS_CORPUS_FILE
    if elsewhere.exists():
        judged = json.loads(elsewhere.read_text("utf-8"))
        tables["cross-corpus"] = report.cross_corpus_table(judged)
    ablations = folder / ablation_table.FILE
    if ablations.exists():
        compared = ablation_table.summary(ablation_table.read_table(ablations))
        tables["ablations"] = ablation_table.as_markdown(compared)
    return tables


def _measured_tables(folder: Path) -> dict[str, str]:
    """Return the tables of what `emotify evaluate` measured beside the folds, where it did."""
    tables = {}
    if (folder / robustness.FILE).exists():
        rows = robustness.read_table(folder / robustness.FILE)
        tables["robustness"] = report.robustness_table(rows)
    if (folder / enrolled.FILE).exists():
        rows = enrolled.over_draws(enrolled.read_table(folder / enrolled.FILE))
        tables["enrolled"] = report.enrolled_table(rows)
    return tables


def ear_tables(small: dict[str, Any], folder: Path = EAR_FOLDER) -> dict[str, str]:
    """Return the Markdown of the larger ear, with the headline figures of the small one beside."""
    judged = {
        name: metrics_of(PREDICTIONS.read(folder / file))
        for name, file in TABLES.items()
        if (folder / file).exists()
    }
    headline = judged["luna-jimenez"]
    rows = {EAR_ROWS[name]: figures for name, figures in judged.items()}
    left_out = OWN_PREDICTIONS.read(folder / STRANGERS_FILE)
    measured = {f"ear-{name}": table for name, table in _measured_tables(folder).items()}
    return measured | {
        "ear-results": headline_table(
            {**rows, "the small network on MFCC, five folds": small}, people="actors"
        ),
        "ear-per-class": per_class_table(headline),
        "ear-per-group": uar_table(headline["uar_per_group"]),
        "ear-calibration": calibration_table(
            {"larger ear": headline, "small network": small}, examples="clips", people="actors"
        ),
        "ear-strangers": strangers_table(strangers_figures(left_out)),
    }


def draw(
    figures: dict[str, Any], folder: Path, ablations: Path = DEFAULT_FOLDER / ablation_table.FILE
) -> None:
    """Write the pictures; that of the ablations if there is such a table."""
    import matplotlib as mpl

    mpl.use("Agg")
    from emotions import metric_plots
    from ser.ablations import plots as ablation_plots
    from ser.evaluation import plots

    folder.mkdir(parents=True, exist_ok=True)
    judged = figures["luna-jimenez"]
    drawn = {
        "confusion": metric_plots.plot_confusion(judged, answered="heard", people="speakers"),
        "per_class": metric_plots.plot_per_class(judged),
        "per_actor": plots.plot_per_actor(judged),
        "ladder": plots.plot_ladder(judged),
        "reliability": metric_plots.plot_reliability(judged),
        "risk_coverage": metric_plots.plot_risk_coverage(judged, examples="clips"),
    }
    if ablations.exists():
        compared = ablation_table.summary(ablation_table.read_table(ablations))
        drawn["ablations"] = ablation_plots.plot_ablations(compared)
    for name, axes in drawn.items():
        figure = axes.get_figure(root=True)
        assert figure is not None
        # Without the version of matplotlib the same figures give the same bytes.
        figure.savefig(folder / f"{name}.png", dpi=120, metadata={"Software": None})


def main() -> None:
    """Rebuild everything and print the figures."""
    require_checkout("rebuilding README and model card")
    figures = all_metrics()
    write_text(DEFAULT_FOLDER / "metrics.json", json.dumps(figures, indent=1) + "\n")
    tables = markdown_tables(figures) | ear_tables(figures["luna-jimenez"])
    draw(figures, DEFAULT_FOLDER / "figures")
    print(report.describe(figures["luna-jimenez"]), end="\n\n")
    publish(tables, PAGES)


if __name__ == "__main__":
    run(main)
