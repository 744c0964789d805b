"""The picture of the table of ablations; it needs matplotlib."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from emotions.metric_plots import OURS, QUIET
from foundation.plot_style import INK, new_axes, style
from ser.ablations.rows import BASE

LARGEST_LOSS = 15.0  # points that the picture of ablations shows


def plot_ablations(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the difference of every row to the base, from `ser.ablations.table.summary`.

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
