"""Pictures of sounds and estimates, for the notebooks: data flows in, Matplotlib axes flow out.

Every function draws into `ax`, or into new axes of a fitting size, and returns what it drew into.
Every emotion has its own colour, the same in all pictures (``emotions/emotions.toml``).
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from foundation.plot_style import FAINT, INK, new_axes, style
from ser.settings import Matrix, Samples
from ser.sound.audio import SoundBounds

WAVE = "#3b6fb6"
COLUMNS_DRAWN = 1500  # a long recording has more samples than the picture has pixels


def plot_waveform(
    samples: Samples,
    sample_rate_hz: int,
    bounds: SoundBounds | None = None,
    *,
    ax: Axes | None = None,
    colour: str = WAVE,
) -> Axes:
    """Draw a sound's amplitude over time.

    Parameters
    ----------
    samples
        Mono, any length: what is drawn is the smallest and largest value of each short stretch.
    sample_rate_hz
        Their rate.
    bounds
        As `ser.sound.audio.find_sound` returns them, at the same rate: what lies outside is shaded.
    ax, colour
        Where and in which colour to draw.
    """
    ax = new_axes(ax, 7, 2)
    edges = np.unique(np.linspace(0, len(samples), COLUMNS_DRAWN + 1).astype(int)[:-1])
    seconds = edges / sample_rate_hz
    low, high = np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
    ax.fill_between(seconds, low, high, color=colour, linewidth=0.6)
    end = len(samples) / sample_rate_hz
    if bounds is not None:
        start, stop = bounds.start / sample_rate_hz, bounds.end / sample_rate_hz
        for silence in ((0, start), (stop, end)):
            ax.axvspan(*silence, color=FAINT, alpha=0.55, linewidth=0)
    limit = 1.1 * max(float(np.abs(samples).max()), 1e-4)
    ax.set(xlim=(0, end), ylim=(-limit, limit), xlabel="time (s)", ylabel="amplitude")
    return style(ax)


def plot_mfcc(
    matrix: Matrix, hop_seconds: float, *, ax: Axes | None = None, scale: bool = True
) -> Axes:
    """Draw MFCCs over time, every coefficient on its own scale.

    Parameters
    ----------
    matrix
        Shape (n_frames, n_mfcc).
    hop_seconds
        Time from frame to frame.
    ax
        Where to draw.
    scale
        Whether to draw the scale of the colours beside it.
    """
    ax = new_axes(ax, 7, 2.4)
    # The first coefficient varies a hundred times as much as the last: on one scale it is all
    # that can be seen.
    spread = matrix.std(axis=0)
    scaled = (matrix - matrix.mean(axis=0)) / np.where(spread == 0, 1, spread)
    n_frames, n_mfcc = matrix.shape
    image = ax.imshow(
        scaled.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="RdBu_r",
        vmin=-2.5,
        vmax=2.5,
        extent=(-hop_seconds / 2, (n_frames - 0.5) * hop_seconds, 0.5, n_mfcc + 0.5),
    )
    if scale:
        bar = ax.figure.colorbar(image, ax=ax, pad=0.01, ticks=[-2, 0, 2])
        bar.set_label("standard deviations", size=9, color=INK)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set(xlabel="time (s)", ylabel="MFCC")
    return style(ax)
