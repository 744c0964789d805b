"""How well speech is recognised, in words and tables, for a terminal and for Markdown.

What is said of any sense is in `emotions.report`; here is what only speech has.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emotions.report import (
    confusion_lines,
    headline_lines,
    percent,
    percents,
    recalls,
    sureness_lines,
)
from ser.evaluation.cross_corpus import NORMALISATIONS

PUBLISHED_FILE = Path(__file__).with_name("published.csv")


def describe(figures: Mapping[str, Any], person: str = "actor") -> str:
    """Return the figures as text for a terminal; shares are shown in percent."""
    people = f"{person}s"
    uars = dict(sorted(figures[f"uar_per_{person}"].items(), key=lambda item: -item[1]))
    lines = [
        f"clips      {figures['n_clips']}",
        *headline_lines(figures, people=people),
        f"per fold   {percents(figures['uar_per_fold'], ':')}",
        f"per class  {percents(recalls(figures))}",
        f"per group  {percents(figures['uar_per_group'])}",
        f"{f'per {person}':<10} {percents(uars, ':')}",
        *sureness_lines(figures, examples="clips", people=people),
        "",
        *confusion_lines(figures, answered="heard"),
    ]
    return "\n".join(lines)


def published_figures() -> pd.DataFrame:
    """Return what others report on RAVDESS speech: system, protocol, measure, percent, note."""
    return pd.read_csv(PUBLISHED_FILE)


def published_table(names: Sequence[str]) -> str:
    """Return a Markdown table of some of the published figures, in the order of their height."""
    rows = published_figures()
    chosen = rows[rows["system"].isin(names)].sort_values("percent").fillna("")
    lines = ["| system | protocol | measure | percent | note |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in chosen.itertuples(index=False)]
    return "\n".join(lines)


def robustness_table(rows: pd.DataFrame) -> str:
    """Return a Markdown table of `ser.evaluation.robustness`, one row a condition.

    Where a row was measured on fewer clips than another one, it says on how many.
    """
    all_clips = rows["n_clips"].max()
    lines = [
        "| the same clips | UAR | change (points) | labels unchanged (%) | "
        "mean change of probabilities | mean confidence (%) | limit | holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.to_dict("records"):
        notes = [f"{row['n_clips']} clips"] if row["n_clips"] < all_clips else []
        notes += [f"{row['n_refused']} refused"] if row["n_refused"] else []
        note = f" ({', '.join(notes)})" if notes else ""
        sure = row["mean_confidence_percent"]
        holds = ("yes" if row["holds"] else "**no**") if row["limit"] else ""
        lines.append(
            f"| {row['condition']}{note} | {row['uar_percent']:.1f} | "
            f"{row['uar_change_points']:+.1f} | {row['labels_unchanged_percent']:.1f} | "
            f"{row['mean_probability_change']:.3f} | {'' if math.isnan(sure) else f'{sure:.1f}'} | "
            f"{row['limit']} | {holds} |"
        )
    return "\n".join(lines)


def cross_corpus_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of `evaluate_corpus`, one row a normalisation."""
    lines = [
        f"| {figures['corpus']}: {figures['n_clips']} clips, {figures['n_speakers']} speakers, "
        f"{len(figures['emotions'])} emotions | UAR (chance {percent(figures['chance'])}) | "
        "accuracy |",
        "|---|---|---|",
    ]
    lines += [
        f"| {NORMALISATIONS[name]} | {percent(judged['uar'])} | {percent(judged['accuracy'])} |"
        for name, judged in figures["normalisation"].items()
    ]
    return "\n".join(lines)


def enrolled_table(rows: pd.DataFrame) -> str:
    """Return a Markdown table of `ser.evaluation.enrolled.over_draws`, one row a condition."""
    lines = [
        "| the speaker is | UAR | gain (points) | accuracy (%) | ECE (%) |",
        "|---|---|---|---|---|",
    ]
    for row in rows.to_dict("records"):
        values = [
            f"{row[name]:{sign}.1f} ± {row[f'{name}_sd']:.1f}"
            for name, sign in (
                ("uar_percent", ""),
                ("gain_points", "+"),
                ("accuracy_percent", ""),
                ("ece_percent", ""),
            )
        ]
        lines.append(f"| {row['speaker']} | " + " | ".join(values) + " |")
    return "\n".join(lines)
