"""Judge the reader: on texts of published corpora, and by its behaviour.

    python -m reading.evaluate --texts DIR --out FOLDER

writes ``predictions.csv`` and ``behaviour.csv`` and prints the figures; without ``--texts`` it
judges the behaviour alone.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from emotions.report import percent
from foundation.errors import run
from foundation.tables import write_table
from reading.evaluation.behaviour import BEHAVIOUR_FILE, judge_behaviour
from reading.evaluation.judge import PREDICTIONS, PREDICTIONS_FILE, figures_of, predict_texts
from reading.text import load_reader


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, default=os.environ.get("EMOTIFY_TEXT"))
    parser.add_argument("--model", type=Path, help="folder of the reader; the shipped one")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    asked = parser.parse_args(arguments)
    reader = load_reader(asked.model)
    asked.out.mkdir(parents=True, exist_ok=True)
    behaviour = judge_behaviour(reader)
    write_table(behaviour, asked.out / BEHAVIOUR_FILE)
    for kind, cases, passed in behaviour[["kind", "cases", "passed"]].itertuples(index=False):
        print(f"{kind:<22}{passed:>3} of {cases}")
    if asked.texts is None:
        return
    table = predict_texts(reader, Path(asked.texts))
    PREDICTIONS.write(table, asked.out / PREDICTIONS_FILE)
    for name, judged in figures_of(table).items():
        print(
            f"{name:<24}{judged['n_texts']:>6} texts  accuracy {percent(judged['accuracy'])}  "
            f"macro-F1 {percent(judged['macro_f1'])}  among its emotions {percent(judged['among'])}"
            f"  ECE {percent(judged['ece'])}"
        )


if __name__ == "__main__":
    run(main)
