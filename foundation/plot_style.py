"""The look of every picture of the project, whatever it shows.

It knows neither sound nor music, so that `ser` and `clustering` can both draw with it.
"""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

INK = "#333333"
FAINT = "#d9d9d9"


def style(ax: Axes, *, grid: str | None = None) -> Axes:
    """Give axes the look of the project: no box, small grey ticks, a faint grid if asked for.

    Parameters
    ----------
    ax
        Axes to change.
    grid
        ``"x"``, ``"y"``, ``"both"`` or None.
    """
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(FAINT)
    ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    ax.xaxis.label.set(size=10, color=INK)
    ax.yaxis.label.set(size=10, color=INK)
    ax.title.set(size=11, color=INK)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(axis=grid, color=FAINT, linewidth=0.6)  # type: ignore[arg-type]
    return ax


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def new_panels(n: int, width: float, height: float) -> list[Axes]:
    """Return axes side by side in one new figure, each of that size in inches."""
    figure = plt.figure(figsize=(n * width, height), layout="constrained")
    return [figure.add_subplot(1, n, number + 1) for number in range(n)]
