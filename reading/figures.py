"""Rebuild the tables of README and model card from committed predictions.

python -m reading.figures
"""

import csv
from pathlib import Path
from typing import Any

from emotions.labels import EMOTION_NAMES
from emotions.report import percent
from foundation.errors import run
from foundation.languages.names import LANGUAGES
from foundation.pages import publish
from foundation.shipped import CHECKOUT, require_checkout
from reading.evaluation.behaviour import BEHAVIOUR_FILE
from reading.evaluation.judge import committed_predictions, figures_of
from reading.network.artefact import FOLDER

PUBLISHED = Path(__file__).with_name("evaluation") / "published.csv"
CORPUS_NAMES = {
    "goemotions": "GoEmotions, test",
    "dair_emotion": "dair-ai emotion, test (a stranger: not in training)",
    "xed": "XED, held out",
    "brighter": "BRIGHTER, validation",
    "empathetic_situations": "EmpatheticDialogues situations (a stranger)",
}


def main() -> None:
    """Write the tables."""
    require_checkout("rebuilding tables")
    tables = markdown_tables(figures_of(committed_predictions()))
    publish(tables, (CHECKOUT / "README.md", FOLDER / "README.md"))


def markdown_tables(figures: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the Markdown that belongs between each pair of markers."""
    return {
        "reading-results": results_table(figures),
        "reading-compared": compared_table(figures["goemotions"]),
        "reading-per-class": per_class_table(figures),
        "reading-languages": languages_table(figures),
        "reading-behaviour": behaviour_table(),
    }


def results_table(figures: dict[str, dict[str, Any]]) -> str:
    """Return one row a corpus."""
    lines = [
        "| texts | accuracy | macro-F1 | macro-F1 among its emotions | ECE, 15 bins |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {title}: {judged['n_texts']} | {percent(judged['accuracy'])} | "
        f"{percent(judged['macro_f1'])} | {percent(judged['among'])} | {percent(judged['ece'])} |"
        for name, title in CORPUS_NAMES.items()
        for judged in [figures[name]]
    ]
    return "\n".join(lines)


def compared_table(ours: dict[str, Any]) -> str:
    """Return what others reach on the test of GoEmotions, beside ours."""
    lines = ["| GoEmotions test, eight classes | accuracy | macro-F1 | |", "|---|---|---|---|"]
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines.append(
                f"| {row['what']} | {row['accuracy']} | {row['macro_f1']} | {row['note']} |"
            )
    lines.append(
        f"| **ours** | **{percent(ours['accuracy'])}** | **{percent(ours['macro_f1'])}** | |"
    )
    return "\n".join(lines)


def per_class_table(figures: dict[str, dict[str, Any]]) -> str:
    """Return F1 of each emotion in each corpus."""
    lines = [f"| F1 | {' | '.join(EMOTION_NAMES)} |", "|---" * (1 + len(EMOTION_NAMES)) + "|"]
    for name, title in CORPUS_NAMES.items():
        scores = (figures[name]["f1"].get(emotion) for emotion in EMOTION_NAMES)
        lines.append(f"| {title} | {' | '.join(percent(score) for score in scores)} |")
    return "\n".join(lines)


def languages_table(figures: dict[str, dict[str, Any]]) -> str:
    """Return macro-F1 of each language, one column a corpus."""
    corpora = ("xed", "brighter")
    languages = sorted({key.partition("/")[2] for key in figures if "/" in key})
    lines = [
        "| macro-F1 among the corpus' emotions (texts) | "
        + " | ".join(CORPUS_NAMES[name] for name in corpora)
        + " |",
        "|---" * (1 + len(corpora)) + "|",
    ]
    for language in languages:
        cells = []
        for name in corpora:
            judged = figures.get(f"{name}/{language}")
            cells.append(f"{percent(judged['among'])} ({judged['n_texts']})" if judged else "-")
        lines.append(f"| {LANGUAGES[language][0]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def behaviour_table() -> str:
    """Return the pass rate of each kind of behaviour, as it was measured."""
    lines = ["| kind | pass | an example that fails |", "|---|---|---|"]
    with (FOLDER / BEHAVIOUR_FILE).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines.append(f"| {row['kind']} | {row['passed']} of {row['cases']} | {row['failed']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
