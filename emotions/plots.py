"""Pictures of one estimate, whichever sense it is from.

Each function takes an estimate, and optionally axes, and returns the axes.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named
from emotions.places import Characters, Seconds
from foundation.plot_style import FAINT, INK, new_axes, style

UNLABELLED_SHARE = 0.12  # a thinner band of the timeline has no room for its name
ALONG = {
    Seconds: "time (s, middle of the window)",
    Characters: "place in the text (characters, middle of the sentence)",
}

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
    point, and a thin line the way there through its segments, if it has any.

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
    """Draw how an estimate's probabilities change along its segments, as stacked bands.

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
            _why_no_timeline(estimate),
            transform=ax.transAxes,
            ha="center",
            va="center",
            size=10,
            color=INK,
        )
        ax.set_axis_off()
        return ax
    places = [segment.place for segment in estimate.segments]
    centres = np.array([place.middle for place in places])
    shares = 100 * np.array([segment.probabilities for segment in estimate.segments]).T
    if len(places) == 1:  # there is no way from one middle to the next: all of it is one band
        centres = np.array([places[0].start, places[0].end], dtype=float)
        shares = np.repeat(shares, 2, axis=1)
    ax.stackplot(centres, shares, colors=list(colours().values()), linewidth=0, alpha=0.9)
    _name_bands(ax, centres, shares)
    ax.set(xlim=(centres[0], centres[-1]), ylim=(0, 100))
    ax.set(xlabel=ALONG[type(places[0])], ylabel="probability (%)")
    return style(ax)


def _why_no_timeline(estimate: EmotionEstimate) -> str:
    if estimate.duration_seconds == 0:
        return "all of it is judged as one"
    return (
        f"{estimate.duration_seconds:.1f} s are judged as one: longer recordings have a "
        "timeline here"
    )


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
