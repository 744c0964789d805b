"""Pictures of how good a classifier is, from the figures of `emotions.metrics.evaluate`.

Each function takes figures, and optionally axes, and returns the axes. What examples, people and
answers are called is given by whoever draws.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from emotions.calibration import CONFIDENT_ABOVE
from emotions.labels import EMOTION_NAMES, EMOTIONS
from foundation.plot_style import INK, new_axes, new_panels, style

CHANCE = 100 / len(EMOTIONS)
QUIET = "#b8bec6"
OURS = "#d1342b"


def plot_confusion(
    figures: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    answered: str = "answered",
    people: str = "people",
) -> Axes:
    """Draw the confusion matrix, each row in percent of what was meant.

    Parameters
    ----------
    figures
        Of unseen people.
    ax
        Where to draw.
    answered, people
        What columns and people are called, such as ``"heard"`` and ``"speakers"``.
    """
    ax = new_axes(ax, 6.2, 5.4)
    counts = np.array(figures["confusion"])
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > 55 else "#333333"
        ax.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
    ax.set_xticks(range(8), EMOTION_NAMES, rotation=40, ha="right")
    ax.set_yticks(range(8), EMOTION_NAMES)
    ax.set(xlabel=answered, ylabel="meant", title=f"Confusions on unseen {people} (%)")
    ax.spines[:].set_visible(False)
    return ax


def plot_confusions(
    rows: Mapping[str, Mapping[str, Any]], *, answered: str = "answered"
) -> list[Axes]:
    """Draw the confusions of several classifiers side by side, each under its name."""
    panels = new_panels(len(rows), 5.4, 5.0)
    for (name, figures), ax in zip(rows.items(), panels, strict=True):
        plot_confusion(figures, ax, answered=answered).set_title(f"{name} (%)", size=11)
    return panels


def plot_per_class(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the recall of each emotion, with chance."""
    ax = new_axes(ax, 6.2, 3.2)
    recalls = [100 * figures["per_class_recall"][name] for name in EMOTION_NAMES]
    ax.bar(EMOTION_NAMES, recalls, color=[emotion.colour for emotion in EMOTIONS])
    for place, recall in enumerate(recalls):
        ax.text(place, recall + 1, f"{recall:.0f}", ha="center", fontsize=9)
    chance_line(ax.axhline)
    ax.set(ylabel="recall (%)", ylim=(0, 100), title="How often each emotion is recognised")
    ax.tick_params(axis="x", rotation=30)
    return style(ax)


def plot_per_class_beside(rows: Mapping[str, Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Draw the recall of each emotion by several classifiers, beside one another.

    Parameters
    ----------
    rows
        Figures by the classifier's name, palest first.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 8.2, 3.4)
    width = 0.8 / len(rows)
    for number, (name, figures) in enumerate(rows.items()):
        recalls = [100 * figures["per_class_recall"][emotion] for emotion in EMOTION_NAMES]
        places = np.arange(len(recalls)) + (number - (len(rows) - 1) / 2) * width
        shade = (number + 1) / len(rows)
        colours = [emotion.colour for emotion in EMOTIONS]
        ax.bar(places, recalls, 0.94 * width, color=colours, alpha=shade, label=name)
        for place, recall in zip(places, recalls, strict=True):
            ax.text(place, recall + 1, f"{recall:.0f}", ha="center", fontsize=8)
    chance_line(ax.axhline)
    ax.set_xticks(range(len(EMOTION_NAMES)), EMOTION_NAMES)
    told = ", then ".join(rows)
    ax.set(ylabel="recall (%)", ylim=(0, 100), title=f"Recall of each emotion: {told}")
    return style(ax)


def plot_reliability(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw accuracy against confidence, with the number of examples as the area of each point."""
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


def plot_reliabilities(rows: Mapping[str, Mapping[str, Any]]) -> list[Axes]:
    """Draw `plot_reliability` for several sets of examples side by side, each under its name."""
    panels = new_panels(len(rows), 3.3, 3.8)
    for (name, figures), ax in zip(rows.items(), panels, strict=True):
        plot_reliability(figures, ax).set_title(name, size=11)
        ax.label_outer()
    return panels


def plot_risk_coverage(
    figures: Mapping[str, Any], ax: Axes | None = None, *, examples: str = "examples"
) -> Axes:
    """Draw the errors among the examples that are answered, the least confident refused first."""
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
        xlabel=f"{examples} answered, the most confident first (%)",
        ylabel="of these wrong (%)",
        xlim=(0, 100),
        ylim=(0, max(50, *(100 * np.array(curve["risk"])))),
        title=f"Risk and coverage (area {100 * figures['area_under_risk_coverage']:.1f} %)",
    )
    return style(ax)


def chance_line(draw: Any) -> None:
    """Mark chance on a picture of recalls; `draw` is `axhline` or `axvline` of its axes."""
    draw(CHANCE, color="#888888", linewidth=1, linestyle=":")
