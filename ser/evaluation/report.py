"""What `emotions.metrics.evaluate` gives, in words and tables, for a terminal and for Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emotions.labels import EMOTION_NAMES
from ser.evaluation.cross_corpus import NORMALISATIONS

PUBLISHED_FILE = Path(__file__).with_name("published.csv")
SHORT = {name: name[:4] for name in EMOTION_NAMES}


def describe(figures: Mapping[str, Any]) -> str:
    """Return the figures as text for a terminal; shares are shown in percent."""
    low, high = figures["uar_interval_95"]
    folds = "  ".join(f"{k}: {_percent(v)}" for k, v in figures["uar_per_fold"].items())
    actors = sorted(figures["uar_per_actor"].items(), key=lambda item: -item[1])
    lines = [
        f"clips      {figures['n_clips']}",
        f"UAR        {_percent(figures['uar'])} (mean over folds, "
        f"sd {_percent(figures['uar_sd_over_folds'])})",
        f"           {_seeds(figures)}",
        f"           {_percent(figures['uar_pooled'])} pooled, 95 % interval over actors "
        f"{_percent(low)}-{_percent(high)}",
        f"accuracy   {_percent(figures['accuracy'])}",
        f"macro-F1   {_percent(figures['macro_f1'])}",
        f"per fold   {folds}",
        "per class  "
        + "  ".join(f"{k} {_percent(v)}" for k, v in figures["per_class_recall"].items()),
        "per group  "
        + "  ".join(f"{k} {_percent(v)}" for k, v in figures["uar_per_group"].items()),
        "per actor  " + "  ".join(f"{k}: {_percent(v)}" for k, v in actors),
        *_sureness_lines(figures),
        "",
        "confusion (rows: meant, columns: heard)",
        " " * 10 + "".join(f"{SHORT[name]:>6}" for name in EMOTION_NAMES),
    ]
    for name, row in zip(EMOTION_NAMES, figures["confusion"], strict=True):
        lines.append(f"{name:<10}" + "".join(f"{count:>6}" for count in row))
    return "\n".join(lines)


def _seeds(figures: Mapping[str, Any]) -> str:
    seeds = figures["uar_per_seed"]
    if len(seeds) == 1:
        return "one seed"
    return f"mean of {len(seeds)} seeds, sd {_percent(figures['uar_sd_over_seeds'])}"


def _sureness_lines(figures: Mapping[str, Any]) -> list[str]:
    low, high = figures["ece_interval_95"]
    return [
        f"ECE        {_percent(figures['ece'])} (15 bins; 95 % interval over actors "
        f"{_percent(low)}-{_percent(high)}; {_percent(figures['ece_by_chance'])} if exactly right)",
        f"sure half  {_percent(figures['accuracy_confident_half'])} accuracy on the most confident "
        f"half; area under risk-coverage {_percent(figures['area_under_risk_coverage'])}",
        f"uncertain  {_percent(figures['uncertain'])} of clips; accuracy on them "
        f"{_percent(figures['accuracy_uncertain'])}, on the others "
        f"{_percent(figures['accuracy_certain'])}",
    ]


def calibration_table(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of how right probabilities are about themselves, one column each."""
    measures = {
        "ECE, 15 bins (%)": lambda f: (
            f"{_percent(f['ece'])} (95 % interval over actors "
            f"{'-'.join(map(_percent, f['ece_interval_95']))})"
        ),
        "ECE if they were exactly right (%)": lambda f: _percent(f["ece_by_chance"]),
        "accuracy on the most confident half (%)": lambda f: _percent(f["accuracy_confident_half"]),
        "area under risk-coverage (%)": lambda f: _percent(f["area_under_risk_coverage"]),
        "negative log-likelihood (nats)": lambda f: f"{f['negative_log_likelihood']:.3f}",
        "Brier score (0-2)": lambda f: f"{f['brier_score']:.3f}",
        "clips uncertain (%)": lambda f: _percent(f["uncertain"]),
        "accuracy on them (%)": lambda f: _percent(f["accuracy_uncertain"]),
        "accuracy on the others (%)": lambda f: _percent(f["accuracy_certain"]),
    }
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, value in measures.items():
        lines.append(f"| {name} | " + " | ".join(map(value, columns.values())) + " |")
    return "\n".join(lines)


def headline_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table of UAR, accuracy and macro-F1, one row a protocol."""
    lines = ["| protocol | UAR | accuracy | macro-F1 |", "|---|---|---|---|"]
    for name, figures in rows.items():
        low, high = figures["uar_interval_95"]
        lines.append(
            f"| {name} | {_percent(figures['uar'])} ({_seeds(figures)}; 95 % interval over actors "
            f"{_percent(low)}-{_percent(high)}) | {_percent(figures['accuracy'])} | "
            f"{_percent(figures['macro_f1'])} |"
        )
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
    """Return a Markdown table of `ser.evaluation.robustness`, one row a condition."""
    lines = [
        "| the same clips | UAR | change (points) | labels unchanged (%) | "
        "mean change of probabilities | limit | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows.to_dict("records"):
        refused = f" ({row['n_refused']} refused)" if row["n_refused"] else ""
        holds = ("yes" if row["holds"] else "**no**") if row["limit"] else ""
        lines.append(
            f"| {row['condition']}{refused} | {row['uar_percent']:.1f} | "
            f"{row['uar_change_points']:+.1f} | {row['labels_unchanged_percent']:.1f} | "
            f"{row['mean_probability_change']:.3f} | {row['limit']} | {holds} |"
        )
    return "\n".join(lines)


def cross_corpus_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of `evaluate_corpus`, one row a normalisation."""
    lines = [
        f"| {figures['corpus']}: {figures['n_clips']} clips, {figures['n_speakers']} speakers, "
        f"{len(figures['emotions'])} emotions | UAR (chance {_percent(figures['chance'])}) | "
        "accuracy |",
        "|---|---|---|",
    ]
    lines += [
        f"| {NORMALISATIONS[name]} | {_percent(judged['uar'])} | {_percent(judged['accuracy'])} |"
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


def per_class_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of the recall of each emotion."""
    recalls = figures["per_class_recall"]
    return "\n".join(
        [
            "| " + " | ".join(recalls) + " |",
            "|" + "---|" * len(recalls),
            "| " + " | ".join(map(_percent, recalls.values())) + " |",
        ]
    )


def per_group_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of the UAR of each sex and intensity."""
    return _uar_table("", figures["uar_per_group"])


def per_actor_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of the UAR of each actor."""
    return _uar_table("actor ", figures["uar_per_actor"])


def _uar_table(title: str, uars: Mapping[Any, float]) -> str:
    return "\n".join(
        [
            f"| {title}| " + " | ".join(map(str, uars)) + " |",
            "|" + "---|" * (len(uars) + 1),
            "| UAR | " + " | ".join(map(_percent, uars.values())) + " |",
        ]
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
