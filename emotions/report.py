"""What `emotions.metrics.evaluate` gives, in words and in Markdown tables, for any classifier.

What the examples and the people are called (clips of actors, sentences of authors) is given in the
plural. Each sense puts its own pages together of these pieces.
"""

from collections.abc import Mapping
from typing import Any

from emotions.labels import EMOTION_NAMES

SHORT = {name: name[:4] for name in EMOTION_NAMES}


def percent(share: float | None) -> str:
    """Return a share in percent, with one decimal; a dash for none."""
    return "-" if share is None else f"{100 * share:.1f}"


def percents(shares: Mapping[Any, float], after_name: str = "") -> str:
    """Return names with their shares in one line."""
    return "  ".join(f"{name}{after_name} {percent(share)}" for name, share in shares.items())


def seeds(figures: Mapping[str, Any]) -> str:
    """Say over how many seeds the figures are a mean."""
    per_seed = figures["uar_per_seed"]
    if len(per_seed) == 1:
        return "one seed"
    return f"mean of {len(per_seed)} seeds, sd {percent(figures['uar_sd_over_seeds'])}"


def headline_lines(figures: Mapping[str, Any], *, people: str) -> list[str]:
    """Return UAR, accuracy and macro-F1 as lines for a terminal."""
    low, high = figures["uar_interval_95"]
    return [
        f"UAR        {percent(figures['uar'])} (mean over folds, "
        f"sd {percent(figures['uar_sd_over_folds'])})",
        f"           {seeds(figures)}",
        f"           {percent(figures['uar_pooled'])} pooled, 95 % interval over {people} "
        f"{percent(low)}-{percent(high)}",
        f"accuracy   {percent(figures['accuracy'])}",
        f"macro-F1   {percent(figures['macro_f1'])}",
    ]


def sureness_lines(figures: Mapping[str, Any], *, examples: str, people: str) -> list[str]:
    """Return how right the probabilities are about themselves, as lines for a terminal."""
    low, high = figures["ece_interval_95"]
    return [
        f"ECE        {percent(figures['ece'])} (15 bins; 95 % interval over {people} "
        f"{percent(low)}-{percent(high)}; {percent(figures['ece_by_chance'])} if exactly right)",
        f"sure half  {percent(figures['accuracy_confident_half'])} accuracy on the most confident "
        f"half; area under risk-coverage {percent(figures['area_under_risk_coverage'])}",
        f"uncertain  {percent(figures['uncertain'])} of {examples}; accuracy on them "
        f"{percent(figures['accuracy_uncertain'])}, on the others "
        f"{percent(figures['accuracy_certain'])}",
    ]


def emotions_met(figures: Mapping[str, Any]) -> list[str]:
    """Return the names of the emotions that were meant or answered at all."""
    rows = figures["confusion"]
    columns = zip(*rows, strict=True)
    return [
        name
        for name, row, column in zip(EMOTION_NAMES, rows, columns, strict=True)
        if any(row) or any(column)
    ]


def recalls(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return the recall of each emotion that was meant."""
    meant = {
        name for name, row in zip(EMOTION_NAMES, figures["confusion"], strict=True) if any(row)
    }
    return {name: share for name, share in figures["per_class_recall"].items() if name in meant}


def confusion_lines(figures: Mapping[str, Any], *, answered: str) -> list[str]:
    """Return the confusion matrix as lines for a terminal; `answered` is what the columns are.

    Emotions that were neither meant nor answered are left out.
    """
    names = emotions_met(figures)
    lines = [
        f"confusion (rows: meant, columns: {answered})",
        " " * 10 + "".join(f"{SHORT[name]:>6}" for name in names),
    ]
    lines += [
        f"{name:<10}" + "".join(f"{count:>6}" for count in row)
        for name, row in confusion_rows(figures).items()
    ]
    return lines


def confusion_rows(figures: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the confusion matrix by what was meant; rows and columns are `emotions_met`."""
    names = emotions_met(figures)
    columns = [EMOTION_NAMES.index(name) for name in names]
    return {
        name: [figures["confusion"][EMOTION_NAMES.index(name)][column] for column in columns]
        for name in names
    }


def confusion_table(figures: Mapping[str, Any]) -> str:
    """Return the confusion matrix as a Markdown table; rows: meant, columns: answered."""
    names = emotions_met(figures)
    lines = ["| meant | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    lines += [
        f"| {name} | " + " | ".join(map(_count, row)) + " |"
        for name, row in confusion_rows(figures).items()
    ]
    return "\n".join(lines)


def _count(count: float) -> str:
    """Return a number of examples; the mean over several seeds may be no whole one."""
    return f"{count:.0f}" if float(count).is_integer() else f"{count:.1f}"


def headline_table(rows: Mapping[str, Mapping[str, Any]], *, people: str) -> str:
    """Return a Markdown table of UAR, accuracy and macro-F1, one row a protocol."""
    lines = ["| protocol | UAR | accuracy | macro-F1 |", "|---|---|---|---|"]
    for name, figures in rows.items():
        low, high = figures["uar_interval_95"]
        lines.append(
            f"| {name} | {percent(figures['uar'])} ({seeds(figures)}; 95 % interval over {people} "
            f"{percent(low)}-{percent(high)}) | {percent(figures['accuracy'])} | "
            f"{percent(figures['macro_f1'])} |"
        )
    return "\n".join(lines)


def calibration_table(
    columns: Mapping[str, Mapping[str, Any]], *, examples: str, people: str
) -> str:
    """Return a Markdown table of how right probabilities are about themselves, one column each."""
    measures = {
        "ECE, 15 bins (%)": lambda f: (
            f"{percent(f['ece'])} (95 % interval over {people} "
            f"{'-'.join(map(percent, f['ece_interval_95']))})"
        ),
        "ECE if they were exactly right (%)": lambda f: percent(f["ece_by_chance"]),
        "accuracy on the most confident half (%)": lambda f: percent(f["accuracy_confident_half"]),
        "area under risk-coverage (%)": lambda f: percent(f["area_under_risk_coverage"]),
        "negative log-likelihood (nats)": lambda f: f"{f['negative_log_likelihood']:.3f}",
        "Brier score (0-2)": lambda f: f"{f['brier_score']:.3f}",
        f"{examples} uncertain (%)": lambda f: percent(f["uncertain"]),
        "accuracy on them (%)": lambda f: percent(f["accuracy_uncertain"]),
        "accuracy on the others (%)": lambda f: percent(f["accuracy_certain"]),
    }
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, value in measures.items():
        lines.append(f"| {name} | " + " | ".join(map(value, columns.values())) + " |")
    return "\n".join(lines)


def per_class_table(figures: Mapping[str, Any]) -> str:
    """Return a Markdown table of the recall of each emotion that was meant."""
    shares = recalls(figures)
    return "\n".join(
        [
            "| " + " | ".join(shares) + " |",
            "|" + "---|" * len(shares),
            "| " + " | ".join(map(percent, shares.values())) + " |",
        ]
    )


def uar_table(uars: Mapping[Any, float], *, title: str = "") -> str:
    """Return a Markdown table of the UAR of each group or person; `title` says what they are."""
    corner = f"{title} " if title else ""
    return "\n".join(
        [
            f"| {corner}| " + " | ".join(map(str, uars)) + " |",
            "|" + "---|" * (len(uars) + 1),
            "| UAR | " + " | ".join(map(percent, uars.values())) + " |",
        ]
    )
