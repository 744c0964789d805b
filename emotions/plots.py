"""Pictures of estimates, and of how good a sense is: the same for every sense."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from emotions.calibration import CONFIDENT_ABOVE
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from foundation.plot_style import FAINT, INK, new_axes, style

CHANCE = 100 / len(EMOTIONS)
QUIET = "#b8bec6"
OURS = "#d1342b"

UNLABELLED_SHARE = 0.12  # a thinner band of the timeline has no room for its name


# Where a name stands beside its point in the circumplex, in points, so that none overlap:
# angry, fearful and disgust nearly coincide there.
NAME_OFFSETS = {
    "neutral": (9, -13),
    "calm": (9, -3),
    "happy": (9, -3),
    "sad": (-9, -3),
    "angry": (9, -1),
    "fearful": (-9, 1),
    "disgust": (-9, -4),
    "surprised": (0, 9),
}


def colours() -> dict[str, str]:
    """Return each emotion's colour by its name."""
    return {emotion.name: emotion.colour for emotion in EMOTIONS}


def plot_probabilities(estimate: EmotionEstimate, *, ax: Axes | None = None) -> Axes:
    """Draw an estimate's eight probabilities as bars; the label's is the only one in full colour.

    Parameters
    ----------
    estimate
        What was estimated.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 5.5, 2.9)
    percent = 100 * np.array(estimate.probabilities)
    bars = ax.barh(EMOTION_NAMES, percent, color=list(colours().values()), height=0.72)
    for bar, name, value in zip(bars, EMOTION_NAMES, percent, strict=True):
        chosen = name == estimate.label
        bar.set_alpha(1.0 if chosen else 0.45)
        ax.annotate(
            f"{value:.0f} %",
            (value, bar.get_y() + bar.get_height() / 2),
            (4, 0),
            textcoords="offset points",
            va="center",
            size=9,
            color=INK,
            weight="bold" if chosen else "normal",
        )
    ax.set(xlim=(0, max(1.15 * percent.max(), 20)), xlabel="probability (%)")
    ax.invert_yaxis()
    style(ax)
    ax.get_yticklabels()[EMOTION_NAMES.index(estimate.label)].set_fontweight("bold")
    return ax


def plot_circumplex(estimate: EmotionEstimate, *, ax: Axes | None = None) -> Axes:
    """Draw where an estimate lies in the plane of valence and arousal.

    The eight emotions are coloured points, larger where more probable; the cross is the expected
    point, and a thin line the way there through the recording's segments, if it has any.

    Parameters
    ----------
    estimate
        What was estimated.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 5, 5)
    ax.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    ax.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    ax.add_patch(plt.Circle((0, 0), 1, fill=False, color=FAINT, linewidth=0.8, zorder=0))
    for emotion, probability in zip(EMOTIONS, estimate.probabilities, strict=True):
        point = (emotion.valence, emotion.arousal)
        ax.scatter(*point, s=40 + 500 * probability, color=emotion.colour, alpha=0.8, linewidth=0)
        dx, dy = NAME_OFFSETS[emotion.name]
        side = "center" if dx == 0 else ("left" if dx > 0 else "right")
        # A larger point pushes its name away.
        radius = np.sqrt((40 + 500 * probability) / np.pi) - np.sqrt(40 / np.pi)
        ax.annotate(
            emotion.name,
            point,
            (dx + np.sign(dx) * radius, dy + (radius if dx == 0 else 0)),
            textcoords="offset points",
            ha=side,
            size=9,
            color=INK,
        )
    path = [EmotionEstimate(segment.probabilities) for segment in estimate.segments]
    if path:
        valence, arousal = [step.valence for step in path], [step.arousal for step in path]
        ax.plot(valence, arousal, "-", color=INK, linewidth=0.8, alpha=0.7)
        ax.plot(valence[0], arousal[0], "o", color="white", markeredgecolor=INK, markersize=5)
    ax.plot(
        estimate.valence,
        estimate.arousal,
        "P",
        color=INK,
        markeredgecolor="white",
        markersize=12,
        zorder=5,
    )
    ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
    ax.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.set(xlabel="valence (unpleasant to pleasant)", ylabel="arousal (quiet to excited)")
    return style(ax)


def plot_timeline(estimate: EmotionEstimate, *, ax: Axes | None = None) -> Axes:
    """Draw how an estimate's probabilities change through the recording, as stacked bands.

    Parameters
    ----------
    estimate
        What was estimated; one without segments gives a sentence instead of a picture.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 8, 2.6)
    if not estimate.segments:
        ax.text(
            0.5,
            0.5,
            f"{estimate.duration_seconds:.1f} s are judged as one: longer recordings have a "
            "timeline here",
            transform=ax.transAxes,
            ha="center",
            va="center",
            size=10,
            color=INK,
        )
        ax.set_axis_off()
        return ax
    centres = np.array([(s.start_seconds + s.end_seconds) / 2 for s in estimate.segments])
    shares = 100 * np.array([s.probabilities for s in estimate.segments]).T
    ax.stackplot(centres, shares, colors=list(colours().values()), linewidth=0, alpha=0.9)
    _name_bands(ax, centres, shares)
    ax.set(xlim=(centres[0], centres[-1]), ylim=(0, 100))
    ax.set(xlabel="time (s, middle of the window)", ylabel="probability (%)")
    return style(ax)


def _name_bands(ax: Axes, centres: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    """Write each emotion's name where its band is widest, away from the edges."""
    inner = slice(1, -1) if len(centres) > 4 else slice(None)
    tops = shares.cumsum(axis=0)
    for name, band, top in zip(EMOTION_NAMES, shares, tops, strict=True):
        at = int(np.argmax(band[inner])) + (inner.start or 0)
        if band[at] < 100 * UNLABELLED_SHARE:
            continue
        red, green, blue = to_rgb(emotion_named(name).colour)
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.6
        place = "center"
        if at == 0 or at == len(centres) - 1:
            place = "left" if at == 0 else "right"
        ax.text(
            centres[at],
            top[at] - band[at] / 2,
            f" {name} ",
            ha=place,
            va="center",
            size=9,
            color="white" if dark else INK,
        )


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
    chance_line(ax.axhline)
    ax.set(ylabel="recall (%)", ylim=(0, 100), title="How often each emotion is recognised")
    ax.tick_params(axis="x", rotation=30)
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


def chance_line(draw: Any) -> None:
    """Mark chance on a picture of recalls; `draw` is `axhline` or `axvline` of its axes."""
    draw(CHANCE, color="#888888", linewidth=1, linestyle=":")
