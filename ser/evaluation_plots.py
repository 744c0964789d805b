"""Pictures of how well emotions are recognised, from the figures of `ser.metrics.evaluate`.

Each function takes figures, and optionally axes, and returns the axes. Only notebooks and
`ser.figures` import this module; it needs matplotlib.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ser.ablation_rows import BASE
from ser.calibration import CONFIDENT_ABOVE
from ser.emotions import EMOTION_NAMES, EMOTIONS
from ser.plot_style import INK, new_axes, style
from ser.report import published_figures

CHANCE = 100 / len(EMOTIONS)
LARGEST_LOSS = 15.0  # points that the picture of ablations shows
QUIET = "#b8bec6"
OURS = "#d1342b"


def plot_confusion(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix, each row in percent of what was meant."""
    ax = new_axes(ax, 6.2, 5.4)
    counts = np.array(figures["confusion"])
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > 55 else "#333333"
        ax.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
    ax.set_xticks(range(8), EMOTION_NAMES, rotation=40, ha="right")
    ax.set_yticks(range(8), EMOTION_NAMES)
    ax.set(xlabel="heard", ylabel="meant", title="Confusions on unseen speakers (%)")
    ax.spines[:].set_visible(False)
    return ax


def plot_per_class(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the recall of each emotion, with chance."""
    ax = new_axes(ax, 6.2, 3.2)
    recalls = [100 * figures["per_class_recall"][name] for name in EMOTION_NAMES]
    ax.bar(EMOTION_NAMES, recalls, color=[emotion.colour for emotion in EMOTIONS])
    for place, recall in enumerate(recalls):
        ax.text(place, recall + 1, f"{recall:.0f}", ha="center", fontsize=9)
    _chance_line(ax.axhline)
    ax.set(ylabel="recall (%)", ylim=(0, 100), title="How often each emotion is recognised")
    ax.tick_params(axis="x", rotation=30)
    return style(ax)


def plot_per_actor(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the UAR of each actor, sorted: speakers differ more than methods do."""
    ax = new_axes(ax, 7.2, 3.2)
    actors = sorted(figures["uar_per_actor"].items(), key=lambda item: item[1])
    values = [100 * value for _, value in actors]
    women = [int(actor) % 2 == 0 for actor, _ in actors]
    ax.bar(
        [str(actor) for actor, _ in actors],
        values,
        color=["#c97fb4" if woman else "#5f8fbf" for woman in women],
    )
    ax.axhline(float(np.mean(values)), color="#333333", linewidth=1, linestyle="--")
    _chance_line(ax.axhline)
    ax.set(
        xlabel="actor (pink: women, blue: men)",
        ylabel="UAR (%)",
        title="Speakers differ",
        ylim=(0, 100),
    )
    return style(ax)


def plot_ladder(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw our figure among the published ones; protocols differ and are named."""
    ax = new_axes(ax, 8.2, 6.4)
    rows = published_figures()[["system", "protocol", "measure", "percent"]]
    ours = ("Emotify, this model", "5 folds, nested validation", "UAR", 100 * figures["uar"])
    rows = pd.concat([rows, pd.DataFrame([ours], columns=rows.columns)]).sort_values("percent")
    is_ours = rows["system"] == ours[0]
    labels = [
        f"{row.system}\n{row.measure}, {row.protocol}" for row in rows.itertuples(index=False)
    ]
    ax.barh(labels, rows["percent"], color=np.where(is_ours, OURS, QUIET))
    for place, value in enumerate(rows["percent"]):
        ax.text(value + 0.5, place, f"{value:.1f}", va="center", fontsize=8)
    _chance_line(ax.axvline)
    ax.tick_params(axis="y", labelsize=7)
    ax.set(xlabel="percent", xlim=(0, 95), title="RAVDESS speech, eight emotions, unseen speakers")
    return style(ax)


def plot_leak(rows: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw UAR in percent under several protocols, to show what a leaky split pretends."""
    ax = new_axes(ax, 6.2, 2.4)
    ax.barh(list(rows), list(rows.values()), color=[OURS, *[QUIET] * (len(rows) - 1)])
    for place, value in enumerate(rows.values()):
        ax.text(value + 1, place, f"{value:.1f}", va="center", fontsize=9)
    _chance_line(ax.axvline)
    ax.invert_yaxis()
    ax.set(xlabel="UAR (%)", xlim=(0, 100), title="The same recipe, judged in different ways")
    return style(ax)


def plot_reliability(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw accuracy against confidence, with the number of clips as the area of each point."""
    ax = new_axes(ax, 4.8, 4.4)
    bins = {name: np.array(values) for name, values in figures["reliability"].items()}
    held = bins["n"] > 0
    confidence, accuracy = 100 * bins["confidence"][held], 100 * bins["accuracy"][held]
    ax.plot([0, 100], [0, 100], color=INK, linewidth=1, linestyle="--")
    ax.vlines(confidence, confidence, accuracy, color=OURS, linewidth=1, alpha=0.5)
    areas = 1000 * bins["n"][held] / bins["n"].sum()
    ax.scatter(confidence, accuracy, s=areas, color=OURS, clip_on=False)
    ax.axvline(100 * CONFIDENT_ABOVE, color="#888888", linewidth=1, linestyle=":")
    ax.text(100 * CONFIDENT_ABOVE - 1.5, 97, "uncertain", ha="right", va="top", fontsize=8)
    ax.text(97, 3, f"ECE {100 * figures['ece']:.1f} %", ha="right", fontsize=9)
    ax.set(
        xlabel="confidence (%)",
        ylabel="how often that was right (%)",
        xlim=(0, 100),
        ylim=(0, 100),
        title="Is it as right as it is sure?",
    )
    ax.set_aspect("equal")
    return style(ax)


def plot_risk_coverage(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the errors among the clips that are answered, the least confident refused first."""
    ax = new_axes(ax, 6.2, 3.6)
    curve = figures["risk_coverage"]
    ax.plot(100 * np.array(curve["coverage"]), 100 * np.array(curve["risk"]), color=OURS)
    ax.axhline(100 * (1 - figures["accuracy"]), color=QUIET, linewidth=1, linestyle="--")
    answered = 100 * (1 - figures["uncertain"])
    ax.axvline(answered, color="#888888", linewidth=1, linestyle=":")
    ax.text(answered + 1, 3, "uncertain", fontsize=8)
    ax.text(
        2,
        100 * (1 - figures["accuracy"]) - 1,
        "refused at random",
        va="top",
        fontsize=8,
        color="#777777",
    )
    ax.set(
        xlabel="clips answered, the most confident first (%)",
        ylabel="of these wrong (%)",
        xlim=(0, 100),
        ylim=(0, max(50, *(100 * np.array(curve["risk"])))),
        title=f"Risk and coverage (area {100 * figures['area_under_risk_coverage']:.1f} %)",
    )
    return style(ax)


def plot_ablations(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the difference of every row to the base, from `ser.ablation_table.summary`.

    Points are means over seeds and bars one standard deviation of the paired differences to each
    side, red where they are further from 0 than that. Rows that only show how low one can get lie
    off the scale, where an arrow and a figure stand for them.
    """
    rows = rows[(rows["row"] != BASE) & rows["difference"].notna()]
    ax = new_axes(ax, 7.6, 1.2 + 0.22 * (len(rows) + rows["kind"].nunique()))
    place = 0.0
    ticks: list[float] = []
    labels: list[str] = []
    for kind, group in rows.groupby("kind", sort=False):
        ax.text(
            0.005, place, f"{kind}", transform=ax.get_yaxis_transform(), fontsize=8, va="center"
        )
        for row in group.to_dict("records"):
            place += 1
            ticks.append(place)
            labels.append(str(row["title"]))
            difference, deviation = float(row["difference"]), float(row["difference_sd"])
            deviation = 0.0 if np.isnan(deviation) else deviation  # of a single seed
            colour = OURS if abs(difference) > deviation else QUIET
            if difference >= -LARGEST_LOSS:
                ax.errorbar(difference, place, xerr=deviation, fmt="o", color=colour, markersize=4)
            else:
                ax.plot(-LARGEST_LOSS, place, "<", color=colour, markersize=5)
                ax.text(0.5 - LARGEST_LOSS, place, f"{difference:.0f}", fontsize=8, va="center")
        place += 1.4
    ax.axvline(0.0, color=INK, linewidth=1, linestyle="--")
    ax.set_yticks(ticks, labels)
    ax.tick_params(axis="y", labelsize=8)
    ax.margins(y=0.02)
    ax.invert_yaxis()
    ax.set(xlabel="difference in UAR to the base (points)", title="One change at a time")
    return style(ax, grid="x")


def _chance_line(draw: Any) -> None:
    draw(CHANCE, color="#888888", linewidth=1, linestyle=":")
