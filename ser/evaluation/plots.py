"""Pictures of how well speech is recognised, beside those of any sense (`emotions.metric_plots`).

Each function takes figures, and optionally axes, and returns the axes. Only notebooks and
`ser.figures` import this module; it needs matplotlib.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from emotions.metric_plots import OURS, QUIET, chance_line
from foundation.plot_style import new_axes, new_panels, style
from ser.evaluation.report import published_figures

WOMEN, MEN = "#c97fb4", "#5f8fbf"


def plot_per_actor(figures: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Draw the UAR of each actor, sorted: speakers differ more than methods do."""
    ax = new_axes(ax, 7.2, 3.2)
    actors = sorted(figures["uar_per_actor"].items(), key=lambda item: item[1])
    values = [100 * value for _, value in actors]
    women = [int(actor) % 2 == 0 for actor, _ in actors]
    ax.bar(
        [str(actor) for actor, _ in actors],
        values,
        color=[WOMEN if woman else MEN for woman in women],
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


def plot_ladder(
    figures: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    larger: Mapping[str, Mapping[str, Any]] | None = None,
) -> Axes:
    """Draw our figure among the published ones; protocols differ and are named.

    Parameters
    ----------
    figures
        Of the small network.
    ax
        Where to draw.
    larger
        Figures of the larger ear by protocol, if it is to be there.
    """
    ax = new_axes(ax, 8.2, 6.4 if larger is None else 7.4)
    rows = published_figures()[["system", "protocol", "measure", "percent"]]
    name = "Emotify, this model" if larger is None else "Emotify, small network"
    ours = [(name, "5 folds, nested validation", "UAR", 100 * figures["uar"])]
    for protocol, judged in (larger or {}).items():
        ours.append(("Emotify, larger ear", protocol, "UAR", 100 * judged["uar"]))
    own = pd.DataFrame(ours, columns=rows.columns)
    rows = pd.concat([rows, own]).sort_values("percent")
    is_ours = rows["system"].isin(own["system"])
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


def plot_layers(uars: pd.DataFrame, recalls: pd.DataFrame, taken: Sequence[int]) -> list[Axes]:
    """Draw what each layer of the encoder by itself tells: UAR by fold, and each emotion's recall.

    Parameters
    ----------
    uars, recalls
        `ser.evaluation.ear.uar_by_layer` and `ser.evaluation.ear.recall_by_layer`.
    taken
        The layers that the larger ear takes.
    """
    panels = new_panels(2, 5.2, 3.8)
    left, right = panels
    layers = uars.index.to_numpy()
    left.axvspan(min(taken) - 0.4, max(taken) + 0.4, color=QUIET, alpha=0.3, linewidth=0)
    for _, by_layer in uars.items():
        left.plot(layers, 100 * by_layer, "o", color=OURS, alpha=0.35, markersize=4)
    means = 100 * uars.mean(axis=1)
    left.plot(layers, means, color=OURS)
    for layer, mean in means.items():
        left.annotate(
            f"{mean:.1f}", (layer, mean), (0, 26), textcoords="offset points", ha="center", size=8
        )
    chance_line(left.axhline)
    left.set(
        xlabel="layer (grey: taken by the larger ear)",
        ylabel="UAR (%)",
        ylim=(0, 100),
        title="One layer alone: mean, and the five folds",
    )
    share = 100 * recalls.T.to_numpy()
    right.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > 55 else "#333333"
        right.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
    right.set_xticks(range(len(layers)), [str(layer) for layer in layers])
    right.set_yticks(range(len(recalls.columns)), list(recalls.columns))
    right.set(xlabel="layer", title="Recall of each emotion (%)")
    style(right).spines[:].set_visible(False)
    style(left)
    return panels


def plot_actors_beside(
    small: Mapping[str, Any], large: Mapping[str, Any], ax: Axes | None = None
) -> Axes:
    """Draw the UAR of each actor with one model against that with another."""
    ax = new_axes(ax, 4.6, 4.4)
    ax.plot([0, 100], [0, 100], color="#888888", linewidth=1, linestyle="--")
    both = large["uar_per_actor"]
    for sex, colour in (("men", MEN), ("women", WOMEN)):
        actors = [actor for actor in both if (int(actor) % 2 == 0) == (sex == "women")]
        known = [100 * small["uar_per_actor"][actor] for actor in actors]
        ax.scatter(known, [100 * both[actor] for actor in actors], color=colour, label=sex)
    ax.legend(frameon=False, loc="lower right", fontsize=9)
    ax.set(
        xlabel="UAR of an actor, small network (%)",
        ylabel="larger ear (%)",
        xlim=(30, 100),
        ylim=(30, 100),
        title="Above the line the larger ear is better",
    )
    ax.set_aspect("equal")
    return style(ax)


def plot_strangers(figures: Mapping[str, Mapping[str, Any]], ax: Axes | None = None) -> Axes:
    """Draw the UAR on corpora that were left out of the training.

    Parameters
    ----------
    figures
        `ser.evaluation.strangers.strangers_figures`.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 7.2, 3.4)
    bars = {
        "as it is": (QUIET, [one["among"]["uar"] for one in figures.values()]),
        "knowing the voice's other clips": (
            OURS,
            [one["uar_per_voice"] for one in figures.values()],
        ),
    }
    for number, (name, (colour, uars)) in enumerate(bars.items()):
        places = np.arange(len(uars)) + 0.4 * number - 0.2
        ax.bar(places, 100 * np.array(uars), 0.38, color=colour, label=name)
        for place, value in zip(places, uars, strict=True):
            ax.text(place, 100 * value + 1, f"{100 * value:.0f}", ha="center", fontsize=9)
    for place, one in enumerate(figures.values()):
        chance = 100 * one["chance"]
        ax.hlines(chance, place - 0.45, place + 0.45, color="#888888", linewidth=1, linestyle=":")
    names = [f"{corpus}\n{one['n_clips']} clips" for corpus, one in figures.items()]
    ax.set_xticks(range(len(names)), names)
    ax.legend(frameon=False, fontsize=9)
    title = "The larger ear on corpora that it has not heard"
    ax.set(ylabel="UAR among its emotions (%)", ylim=(0, 100), title=title)
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
