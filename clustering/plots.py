"""Pictures of a catalogue, its moods and a playlist: they flow in, Matplotlib axes flow out.

Only notebooks import this module. Moods have light colours, cool to warm from the lowest arousal
to the highest; emotions keep their own, saturated ones (``emotions/emotions.toml``). Places are
quantiles: 0 is the lowest of the catalogue in a feature, 1 the highest.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from clustering.choice.catalogue import Catalogue
from clustering.choice.shortlist import LargeCatalogue
from clustering.moods.clusters import DEFAULT_MOODS, MoodModel, projection
from clustering.moods.mapping import Aim, aim_for, placed
from clustering.playlist import Playlist
from clustering.tables.layouts import FEATURE_NAMES, NEEDED_COLUMNS
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTIONS, emotion_named
from foundation.plot_style import FAINT, INK, new_axes, style

COOL_TO_WARM = ("#7fb0de", "#5cc3a4", "#b39ddb", "#ecd36c", "#f3aa66", "#ea8c8c")
MODE_COLOURS = {"match": "#8c8c8c", "lift": "#b8478f", "journey": "#1b8a8f"}  # no emotion's
UNITS = {"loudness": "dB", "tempo": "BPM"}
POINTS_DRAWN = 5000  # more of them are a blot, and a file of many megabytes
HALO = {"path_effects": [withStroke(linewidth=3, foreground="white")]}
SMOOTHED = 5  # tracks to a running mean

# Where a name stands beside its point, in points: angry, fearful and disgust aim close together.
NAME_OFFSETS = {"neutral": (-9, -3), "sad": (-9, -3), "happy": (-9, 7), "fearful": (9, -9)}
# Where a mood's name may stand on the map, as quantiles of its points, the best place first.
NAME_PLACES = [(x, y) for y in (0.5, 0.65, 0.35, 0.8, 0.2, 0.92) for x in (0.5, 0.35, 0.65, 0.8)]


def mood_colours(n_moods: int) -> list[str]:
    """Return a light colour for each mood, cool to warm, as the moods are numbered."""
    ramp = LinearSegmentedColormap.from_list("moods", COOL_TO_WARM)
    return [to_hex(ramp(place)) for place in np.linspace(0, 1, n_moods)]


def plot_distributions(catalogue: Catalogue) -> np.ndarray:
    """Draw a histogram of each of the eight features, in Spotify's units.

    Parameters
    ----------
    catalogue
        The tracks. The dotted line in each panel is their median.

    Returns
    -------
    numpy.ndarray
        The axes, (2, 4).
    """
    axes = plt.subplots(2, 4, figsize=(10, 4), layout="constrained")[1]
    frame = catalogue.table.frame
    for ax, feature in zip(axes.flat, FEATURE_NAMES, strict=True):
        values = frame[feature].to_numpy()
        limits = (np.percentile(values, 0.2), values.max()) if feature in UNITS else (0, 1)
        weights = np.full(len(values), 100 / len(values))
        ax.hist(values, bins=25, range=limits, weights=weights, color="#9fb4c9")
        ax.axvline(np.median(values), color=INK, linestyle=":", linewidth=1.2)
        ax.set_xlabel(f"{feature} ({UNITS[feature]})" if feature in UNITS else feature)
        style(ax, grid="y")
    for ax in axes[:, 0]:
        ax.set_ylabel("tracks (%)")
    return axes


def plot_moods(
    catalogue: Catalogue | LargeCatalogue,
    playlist: Playlist | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a catalogue as a map: similar tracks lie close together, colours are moods.

    Parameters
    ----------
    catalogue
        The tracks and their moods; of a large one, an even sample is drawn.
    playlist
        Its tracks are drawn as markers in the emotion's colour, and the moods that they come
        from stand out; those of a journey are joined in playing order.
    ax
        Where to draw.
    """
    if isinstance(catalogue, LargeCatalogue):
        none = pd.DataFrame(columns=NEEDED_COLUMNS)
        catalogue = catalogue.overview(none if playlist is None else playlist.to_frame())
    ax = new_axes(ax, 7.5, 5.6)
    moods = catalogue.model.moods
    points, explained = projection(catalogue.model, catalogue.table.frame)
    step = max(1, -(-len(points) // POINTS_DRAWN))
    stand_out = {mood.name for mood in moods} if playlist is None else {*playlist.clusters}
    for mood, colour in zip(moods, mood_colours(len(moods)), strict=True):
        members = points[points["mood"] == mood.index].iloc[::step]
        alpha = 0.75 if mood.name in stand_out else 0.22
        ax.scatter(members["x"], members["y"], s=9, color=colour, alpha=alpha, linewidth=0)
    first, second = 100 * explained
    ax.set(xticks=[], yticks=[])
    ax.set_xlabel(f"first principal component ({first:.0f} % of the variance)")
    ax.set_ylabel(f"second ({second:.0f} %)")
    style(ax)
    marks = np.empty((0, 2)) if playlist is None else _draw_tracks(ax, catalogue, points, playlist)
    _name_moods(ax, points, stand_out, marks)
    return ax


def plot_mood_plane(model: MoodModel, ax: Axes | None = None, *, aims: Sequence[Aim] = ()) -> Axes:
    """Draw the moods, and what each emotion aims at, in the plane of valence and energy.

    Parameters
    ----------
    model
        The moods: discs at their mean quantiles, their area the number of tracks. The emotions'
        aims are diamonds.
    ax
        Where to draw.
    aims
        Further aims: each is a cross, joined in order by a thin line.
    """
    ax = new_axes(ax, 6.2, 6)
    ax.axhline(0.5, color=FAINT, linewidth=0.8, zorder=0)
    ax.axvline(0.5, color=FAINT, linewidth=0.8, zorder=0)
    for mood, colour in zip(model.moods, mood_colours(len(model.moods)), strict=True):
        x, y = mood.quantiles["valence"], mood.quantiles["energy"]
        area = 34_000 * mood.size / model.n_tracks
        ax.scatter(x, y, s=area, color=colour, alpha=0.55, linewidth=0, zorder=1)
        lines = [*mood.name.split(), f"{mood.size:,}"]
        _write(ax, "\n".join(lines), (x, y), size=8.5, linespacing=1.15)
    known = placed([aim_for(EmotionEstimate.of(emotion.name)) for emotion in EMOTIONS], model)
    for emotion, aim in zip(EMOTIONS, known, strict=True):
        point = _in_plane(aim)
        ax.plot(*point, "D", color=emotion.colour, markeredgecolor="white", markersize=8, zorder=4)
        offset = NAME_OFFSETS.get(emotion.name, (9, -3))
        side = "left" if offset[0] > 0 else "right"
        _write(ax, emotion.name, point, offset, ha=side, va="baseline", weight="bold", **HALO)
    if aims:
        way = np.array([_in_plane(aim) for aim in placed(aims, model)])
        cross: dict[str, Any] = {"markersize": 11, "markeredgecolor": "white"}
        ax.plot(*way.T, "P-", color=INK, linewidth=0.8, zorder=6, **cross)
    ax.set(xlim=(0, 1.06), ylim=(0, 1.06), aspect="equal", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    ax.set_xlabel("Spotify's valence (quantile in the catalogue)")
    ax.set_ylabel("energy (quantile in the catalogue)")
    return style(ax)


def plot_centroids(model: MoodModel, ax: Axes | None = None) -> Axes:
    """Draw the mean quantile of each feature in each mood as a heat map.

    Parameters
    ----------
    model
        The moods, one row each, from the lowest arousal to the highest.
    ax
        Where to draw.
    """
    ax = new_axes(ax, 10, 0.6 + 0.42 * len(model.moods))
    places = np.array([[mood.quantiles[f] for f in FEATURE_NAMES] for mood in model.moods])
    ax.imshow(places, cmap="RdBu_r", vmin=0, vmax=1, aspect="auto", alpha=0.85)
    for (row, column), place in np.ndenumerate(places):
        colour = INK if abs(place - 0.5) < 0.3 else "white"
        _write(ax, f"{place:.2f}", (column, row), color=colour)
    ax.set_xticks(range(len(FEATURE_NAMES)), FEATURE_NAMES)
    ax.set_yticks(range(len(model.moods)), [mood.name for mood in model.moods])
    ax.xaxis.tick_top()
    ax.spines[:].set_visible(False)
    return style(ax)


def plot_stability(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw stability and silhouette against the number of moods.

    Parameters
    ----------
    frame
        As `clustering.moods.clusters.stability` returns it; the shade reaches down to the worst
        half.
    ax
        Where to draw. The dotted line is the number that the project takes.
    """
    ax = new_axes(ax, 6.5, 3.2)
    ks = frame.index.to_numpy()
    ax.fill_between(ks, frame["ari_min"], frame["ari_mean"], color="#1b8a8f", alpha=0.15, lw=0)
    names = {"ari_mean": "ARI, a fit on half\nagainst one on all", "silhouette": "silhouette"}
    for (column, name), colour in zip(names.items(), ("#1b8a8f", "#8a6d3b"), strict=True):
        ax.plot(ks, frame[column], "o-", color=colour, markersize=5)
        end = (ks[-1], frame[column].iloc[-1])
        _write(ax, name, end, (9, 0), ha="left", color=colour)
    if DEFAULT_MOODS in frame.index:
        ax.axvline(DEFAULT_MOODS, color=INK, linestyle=":", linewidth=1.2, zorder=0)
    ax.set(ylim=(0, 1.02), xticks=ks, xlabel="number of moods k", ylabel="ARI, silhouette")
    return style(ax, grid="y")


def plot_features(
    catalogue: Catalogue, playlist: Playlist, ax: Axes | None = None, *, aim: Aim | None = None
) -> Axes:
    """Draw where a playlist's tracks lie among the catalogue's, feature by feature.

    Parameters
    ----------
    catalogue
        Where they come from: by definition its tracks fill every row evenly from 0 to 1.
    playlist
        Its tracks are the dots; to the right stand their medians and, in brackets, the
        catalogue's, in Spotify's units.
    ax
        Where to draw.
    aim
        If given, its target in each feature is drawn as an open diamond.
    """
    ax = new_axes(ax, 8, 3.6)
    colour = emotion_named(playlist.emotion).colour
    there = None if aim is None else placed([aim], catalogue.model)[0]
    places = _quantiles(catalogue, playlist)
    everywhere = catalogue.table.frame[list(FEATURE_NAMES)].median()
    for row, feature in enumerate(FEATURE_NAMES):
        ax.axhline(row, color="#efefef", linewidth=9, zorder=0, solid_capstyle="butt")
        ax.scatter(places[feature], np.full(len(places), row), s=46, color=colour, alpha=0.5, lw=0)
        if there is not None:
            target = (there.quantiles[feature], row)
            ax.scatter(*target, marker="D", s=44, facecolor="none", edgecolor=INK)
        here = np.median([track.features[feature] for track in playlist.tracks])
        digits, unit = (0, UNITS[feature]) if feature in UNITS else (2, "")
        text = f"{here:.{digits}f} ({everywhere[feature]:.{digits}f}) {unit}"
        _write(ax, text, (1, row), (10, 0), ha="left", xycoords=("axes fraction", "data"))
    ax.set(xlim=(-0.02, 1.02), xlabel="quantile in the catalogue", xticks=(0, 0.25, 0.5, 0.75, 1))
    ax.set_yticks(range(len(FEATURE_NAMES)), FEATURE_NAMES)
    ax.invert_yaxis()
    return style(ax)


def plot_modes(catalogue: Catalogue, playlists: Mapping[str, Playlist]) -> np.ndarray:
    """Draw valence and energy along playlists of one emotion in different modes.

    Parameters
    ----------
    catalogue
        Where they come from.
    playlists
        By the name that each is drawn under. Dots are tracks, lines their running means.

    Returns
    -------
    numpy.ndarray
        The axes, (2,).
    """
    axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained", sharey=True)[1]
    for name, playlist in playlists.items():
        places = _quantiles(catalogue, playlist)
        numbers = np.arange(1, len(places) + 1)
        colour = MODE_COLOURS[playlist.mode]
        for ax, feature in zip(axes, ("valence", "energy"), strict=True):
            ax.scatter(numbers, places[feature], s=20, color=colour, alpha=0.5, linewidth=0)
            mean = places[feature].rolling(SMOOTHED, center=True, min_periods=2).mean()
            ax.plot(numbers, mean, color=colour, linewidth=2, label=name)
            ax.set(title=feature, xlabel="track number", ylim=(-0.03, 1.03))
            ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            style(ax, grid="y")
    axes[0].set_ylabel("quantile in the catalogue")
    beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    axes[1].legend(**beside, frameon=False, fontsize=9, labelcolor=INK)
    return axes


def plot_mood_scores(scores: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how often each way of picking finds a track that fits, emotion by emotion.

    Parameters
    ----------
    scores
        From `clustering.evaluation.mood_evaluation.evaluate_moods`. Discs are our picks, in the
        emotion's colour with a bar of one standard deviation over seeds; rings are the other ways,
        the grey line is chance.
    """
    ax = new_axes(ax, 8, 3.4)
    emotions = list(dict.fromkeys(scores["emotion"]))
    heights = {name: -place for place, name in enumerate(emotions)}
    ways = list(dict.fromkeys(scores["way"]))
    for way, marker in zip(ways[1:], "sD^v<>", strict=False):
        rows = scores[scores["way"] == way]
        at = rows["emotion"].map(heights)
        ax.scatter(rows["precision"], at, 34, marker=marker, label=way, facecolor="none",
                   edgecolor=INK, linewidth=1)  # fmt: skip
    ours = scores[scores["way"] == ways[0]]
    for row in ours.to_dict("records"):
        height = heights[row["emotion"]]
        ax.plot([row["chance"]] * 2, [height - 0.35, height + 0.35], color=FAINT, linewidth=2)
        ax.errorbar(row["precision"], height, xerr=row["precision_sd"], fmt="o", markersize=10,
                    color=emotion_named(row["emotion"]).colour)  # fmt: skip
    ax.set_yticks([*heights.values()], emotions)
    ax.set(xlim=(0, 1.02), xlabel="share of picks that people would call so")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)
    return style(ax, grid="x")


def _draw_tracks(
    ax: Axes, catalogue: Catalogue, points: pd.DataFrame, playlist: Playlist
) -> np.ndarray:
    """Mark a playlist's tracks on the map and return their places, (n, 2)."""
    rows = pd.Index(catalogue.table.frame["track_id"])
    chosen = rows.get_indexer([track.track_id for track in playlist.tracks])
    marks = points[["x", "y"]].to_numpy()[chosen]
    if playlist.mode == "journey":
        ax.plot(*marks.T, color=INK, linewidth=0.8, zorder=4)
        for number in {1, len(marks)}:
            _write(ax, str(number), marks[number - 1], (0, 11), weight="bold", **HALO)
    name = f"{playlist.emotion}, {playlist.mode}: {len(playlist)} tracks"
    colour = emotion_named(playlist.emotion).colour
    x, y = marks.T
    ax.scatter(x, y, s=75, color=colour, edgecolor=INK, linewidth=1, zorder=5, label=name)
    corner: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 0.99)}
    ax.legend(**corner, frameon=False, fontsize=9, labelcolor=INK, borderaxespad=0)
    return marks


def _name_moods(ax: Axes, points: pd.DataFrame, stand_out: set[str], marks: np.ndarray) -> None:
    """Write each mood's name among its points, where it covers no other name and few marks."""
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    taken: list[Bbox] = [text.get_window_extent() for text in ax.texts]
    pixels = ax.transData.transform(marks)
    for name, members in points.groupby("name", sort=False)[["x", "y"]]:
        weight, colour = ("bold", INK) if name in stand_out else ("normal", "#8a8a8a")
        label = _write(ax, str(name), (0, 0), size=10.5, weight=weight, color=colour, **HALO)
        across, up = members["x"].quantile, members["y"].quantile
        places = [(float(across(x)), float(up(y))) for x, y in NAME_PLACES]
        boxes, costs = [], []
        for place in places:
            label.xy = place
            boxes.append(label.get_window_extent().padded(9))
            names, tracks = boxes[-1].count_overlaps(taken), boxes[-1].count_contains(pixels)
            costs.append(100 * names + tracks)
        best = int(np.argmin(costs))
        label.xy = places[best]
        taken.append(boxes[best])


def _in_plane(aim: Aim) -> tuple[float, float]:
    return aim.quantiles["valence"], aim.quantiles["energy"]


def _quantiles(catalogue: Catalogue, playlist: Playlist) -> pd.DataFrame:
    frame = pd.DataFrame([track.features for track in playlist.tracks])
    return pd.DataFrame(catalogue.model.quantiles(frame), columns=list(FEATURE_NAMES))


def _write(ax: Axes, text: str, at: Any, offset: Any = (0, 0), **look: Any) -> Annotation:
    usual = {"ha": "center", "va": "center", "size": 9, "color": INK, "zorder": 7}
    return ax.annotate(text, at, offset, textcoords="offset points", **{**usual, **look})
