"""Pictures of how well speech is recognised, beside those of any sense (`emotions.metric_plots`).

Each function takes figures, and optionally axes, and returns the axes. Only notebooks and
`ser.figures` import this module; it needs matplotlib.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from emotions.metric_plots import OURS, QUIET, chance_line
from foundation.plot_style import new_axes, style
from ser.evaluation.report import published_figures


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
    chance_line(ax.axhline)
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
    chance_line(ax.axvline)
    ax.tick_params(axis="y", labelsize=7)
    ax.set(xlabel="percent", xlim=(0, 95), title="RAVDESS speech, eight emotions, unseen speakers")
    return style(ax)


def plot_leak(rows: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Draw UAR in percent under several protocols, to show what a leaky split pretends."""
    ax = new_axes(ax, 6.2, 2.4)
    ax.barh(list(rows), list(rows.values()), color=[OURS, *[QUIET] * (len(rows) - 1)])
    for place, value in enumerate(rows.values()):
        ax.text(value + 1, place, f"{value:.1f}", va="center", fontsize=9)
    chance_line(ax.axvline)
    ax.invert_yaxis()
    ax.set(xlabel="UAR (%)", xlim=(0, 100), title="The same recipe, judged in different ways")
    return style(ax)
