"""A picture of how a listener has sounded: past entries flow in, Matplotlib axes flow out."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from emotions.labels import EMOTIONS, emotion_named
from foundation.plot_style import FAINT, INK, new_axes, style
from foundation.safe_write import whole_file
from listener.rows import Entry


def plot_history(entries: Sequence[Entry], axes: Axes | None = None) -> Axes:
    """Draw valence (filled) and arousal (hollow) of past estimates over time.

    Parameters
    ----------
    entries
        In any order; at least one. Moods that were named instead of heard are squares.
    axes
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Time (local) against valence and arousal, -1 to 1; colours are those of the emotions.
    """
    axes = new_axes(axes, width=8.0, height=3.2)
    entries = sorted(entries, key=lambda entry: entry.at)
    times = np.array([entry.at.astimezone().replace(tzinfo=None) for entry in entries])
    colours = np.array([emotion_named(entry.emotion).colour for entry in entries])
    named = np.array([not entry.source for entry in entries])
    for measure, line in (("valence", "-"), ("arousal", ":")):
        values = np.array([entry.estimate[measure] for entry in entries], dtype=float)
        axes.plot(times, values, line, color=FAINT, zorder=1, label=measure)
        for is_named, marker in ((False, "o"), (True, "s")):
            of_kind = named == is_named
            faces = colours[of_kind] if measure == "valence" else "white"
            axes.scatter(
                times[of_kind], values[of_kind], s=44, marker=marker, facecolors=faces,
                edgecolors=colours[of_kind], linewidths=1.6, zorder=2,
            )  # fmt: skip
    locator = AutoDateLocator(minticks=2, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axes.set_ylim(-1, 1)
    axes.set_ylabel("valence (filled), arousal (hollow)")
    present = [emotion for emotion in EMOTIONS if emotion.name in {e.emotion for e in entries}]
    for emotion in present:
        axes.scatter([], [], color=emotion.colour, label=emotion.name)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, labelcolor=INK)
    return style(axes)


def save_history(entries: Sequence[Entry], path: Path) -> None:
    """Write the picture as PNG, SVG or PDF, by the ending of `path`."""
    figure, axes = plt.subplots(figsize=(8.0, 3.2), layout="constrained")
    plot_history(entries, axes)
    with whole_file(path) as partial:
        figure.savefig(partial, format=path.suffix.lower().lstrip("."), dpi=150)
    plt.close(figure)
