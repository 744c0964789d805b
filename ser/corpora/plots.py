"""Pictures of a corpus, for the notebook that looks at it: a table or clips flow in, axes out.

The table is that of `ser.corpora.statistics.read_statistics`; the look is that of
`ser.features.plots`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from emotions.labels import EMOTION_NAMES
from emotions.plots import colours
from foundation.plot_style import FAINT, INK, new_axes, style
from ser.corpora.ravdess import index_clips
from ser.features.mfcc import FeatureExtractor
from ser.features.plots import plot_mfcc, plot_waveform
from ser.settings import FeatureSettings, Samples
from ser.sound.audio import Recording, SoundBounds, find_sound

SEX_COLOURS = {"female": "#c2568c", "male": "#3f8f8b"}


def plot_by_emotion(
    table: pd.DataFrame, column: str, label: str, *, ax: Axes | None = None
) -> Axes:
    """Draw every clip's value as a point, in a column for each emotion, with the means.

    Parameters
    ----------
    table
        Needs the columns ``emotion`` and `column`.
    column, label
        What is drawn, and its name with the unit.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 8, 3.4)
    rng = np.random.default_rng(0)  # only spreads the points sideways
    for place, name in enumerate(EMOTION_NAMES):
        values = table.loc[table["emotion"] == name, column].to_numpy()
        beside = place + rng.uniform(-0.3, 0.3, len(values))
        ax.scatter(beside, values, s=7, color=colours()[name], alpha=0.45, linewidth=0)
        if len(values):
            mean = float(values.mean())
            ax.hlines(mean, place - 0.36, place + 0.36, color=INK, linewidth=1.6)
            ax.text(place + 0.38, mean, f"{mean:.0f}", size=9, color=INK, va="center")
    ax.set(xticks=range(len(EMOTION_NAMES)), xticklabels=EMOTION_NAMES, ylabel=label)
    ax.set_xlim(-0.6, len(EMOTION_NAMES) - 0.3)
    return style(ax, grid="y")


def plot_by_actor(table: pd.DataFrame, column: str, label: str, *, ax: Axes | None = None) -> Axes:
    """Draw each actor's range of values (5th to 95th percentile) and median, lowest first.

    Parameters
    ----------
    table
        Needs the columns ``actor``, ``sex`` and `column`.
    column, label
        What is drawn, and its name with the unit.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 8, 3)
    by_actor = {actor: clips[column].to_numpy() for actor, clips in table.groupby("actor")}
    order = sorted(by_actor, key=lambda actor: float(np.median(by_actor[actor])))
    sex = dict(zip(table["actor"], table["sex"], strict=True))
    for place, actor in enumerate(order):
        low, median, high = np.percentile(by_actor[actor], [5, 50, 95])
        colour = SEX_COLOURS[sex[actor]]
        ax.vlines(place, low, high, color=colour, linewidth=5, alpha=0.35)
        ax.plot(place, median, "o", color=colour, markersize=5)
    for name, colour in SEX_COLOURS.items():
        ax.plot([], [], "o", color=colour, markersize=5, label=name)
    ax.legend(frameon=False, fontsize=9, labelcolor=INK, loc="lower right", ncols=2)
    ax.set(xticks=range(len(order)), xticklabels=order, xlabel="actor", ylabel=label)
    return style(ax, grid="y")


def plot_silence(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where the speech lies in each clip: one thin line per clip, sorted by its length.

    Parameters
    ----------
    table
        Needs ``duration_seconds``, ``leading_seconds`` and ``trailing_seconds``.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 8, 3)
    ordered = table.sort_values(["duration_seconds", "leading_seconds"])
    rows = np.arange(len(ordered))
    end = ordered["duration_seconds"].to_numpy()
    first = ordered["leading_seconds"].to_numpy()
    last = end - ordered["trailing_seconds"].to_numpy()
    ax.fill_betweenx(rows, 0, end, color=FAINT, linewidth=0, step="mid", label="silence")
    ax.fill_betweenx(rows, first, last, color="#3b6fb6", linewidth=0, step="mid", label="speech")
    ax.set(xlabel="time (s)", ylabel="clips, shortest first", ylim=(0, len(ordered)))
    ax.set_xlim(0, float(end.max()))
    ax.legend(frameon=False, fontsize=9, labelcolor=INK, loc="lower right")
    return style(ax)


def read_takes(
    folder: str | Path, settings: FeatureSettings, *, actor: int = 12, statement_number: int = 1
) -> dict[str, tuple[Samples, SoundBounds]]:
    """Read one actor's first take of a sentence in each emotion, strong where there is strong.

    Parameters
    ----------
    folder
        RAVDESS, as `ser.corpora.ravdess.index_clips` takes it.
    settings
        The rate to read at, and what counts as silence.
    actor, statement_number
        Which actor, 1-24, and which of the two sentences.

    Returns
    -------
    dict
        Samples and where their sound lies, by emotion, as `plot_takes` draws them.

    Raises
    ------
    InputError
        If the corpus is not there, or a recording cannot be read.
    """
    takes = {}
    for clip in index_clips(folder):
        loudest = clip.intensity == "strong" or clip.emotion.name == "neutral"
        wanted = (clip.channel, clip.actor, clip.statement_number, clip.repetition)
        if loudest and wanted == ("speech", actor, statement_number, 1):
            recording = Recording(clip.path)
            samples = np.concatenate(list(recording.blocks(settings.sample_rate_hz)))
            takes[clip.emotion.name] = samples, find_sound(recording, settings)
    return takes


def plot_takes(
    takes: Mapping[str, tuple[Samples, SoundBounds]], extractor: FeatureExtractor
) -> NDArray[np.object_]:
    """Draw takes of one sentence, waveform above MFCCs, one emotion beside the other.

    Parameters
    ----------
    takes
        Samples at the extractor's rate, and where their sound lies, by emotion.
    extractor
        What computes the MFCCs.

    Returns
    -------
    ndarray
        Axes, of shape (4, n / 2): two rows of emotions, each a row of waveforms and one of MFCCs.
    """
    rate_hz, hop_seconds = extractor.settings.sample_rate_hz, extractor.settings.hop_seconds
    n_columns = (len(takes) + 1) // 2
    # The empty row in the middle keeps each waveform near its own MFCCs.
    figure, axes = plt.subplots(
        5,
        n_columns,
        figsize=(2.6 * n_columns, 5.6),
        gridspec_kw={"height_ratios": (1, 1.3, 0.5, 1, 1.3), "hspace": 0.08, "wspace": 0.06},
        squeeze=False,
    )
    for spare in axes[2]:
        spare.set_axis_off()
    axes = np.delete(axes, 2, axis=0)
    loudest = max(float(np.abs(samples).max()) for samples, _ in takes.values())
    for number, (name, (samples, bounds)) in enumerate(takes.items()):
        row, column = divmod(number, n_columns)
        wave, cepstrum = axes[2 * row, column], axes[2 * row + 1, column]
        plot_waveform(samples, rate_hz, bounds, ax=wave, colour=colours()[name])
        wave.set(title=name, xlabel="", ylim=(-loudest, loudest), xticks=[])
        features = extractor(samples[bounds.start : bounds.end])
        plot_mfcc(features[:, : extractor.settings.n_mfcc], hop_seconds, ax=cepstrum, scale=False)
        cepstrum.xaxis.set_major_locator(MultipleLocator(1))
        if column:
            wave.set(ylabel="", yticklabels=[])
            cepstrum.set(ylabel="", yticklabels=[])
        if row == 0:
            cepstrum.set_xlabel("")
    figure.align_ylabels(axes[:, 0])
    return axes
