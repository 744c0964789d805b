"""Pictures show what they are given: every track, every mood, every emotion, legibly."""

import itertools

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from clustering.choice.catalogue import Catalogue
from clustering.moods.mapping import MODES, aim_for, placed
from clustering.playlist import make_playlist
from clustering.plots import (
    POINTS_DRAWN,
    mood_colours,
    plot_centroids,
    plot_distributions,
    plot_features,
    plot_modes,
    plot_mood_plane,
    plot_moods,
    plot_stability,
)
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES, EMOTIONS, emotion_named

SAD = EmotionEstimate.of("sad")


@pytest.fixture(scope="module")
def journey(catalogue):
    return make_playlist(SAD, catalogue, mode="journey", n_tracks=12)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def mood_labels(ax, catalogue):
    names = {mood.name for mood in catalogue.model.moods}
    return {text.get_text(): text for text in ax.texts if text.get_text() in names}


def test_the_map_shows_every_track_of_the_catalogue_once_or_an_even_share(catalogue):
    few = Catalogue.of(tracks_from_frame(catalogue.table.frame.head(500)))
    for known, step in ((few, 1), (catalogue, -(-len(catalogue.table) // POINTS_DRAWN))):
        drawn = [len(points.get_offsets()) for points in plot_moods(known).collections]
        sizes = [mood.size for mood in known.model.moods]
        assert drawn == [-(-size // step) for size in sizes]


def test_the_map_marks_the_tracks_of_a_playlist_in_the_emotions_colour(catalogue, journey):
    marks = plot_moods(catalogue, journey).collections[-1]
    assert len(marks.get_offsets()) == len(journey) == 12
    assert to_hex(marks.get_facecolor()[0]) == emotion_named("sad").colour


def test_the_moods_of_a_playlist_stand_out(catalogue, journey):
    labels = mood_labels(plot_moods(catalogue, journey), catalogue)
    bold = {name for name, text in labels.items() if text.get_weight() == "bold"}
    assert bold == set(journey.clusters)
    assert len(bold) < len(labels) == len(catalogue.model.moods)


def test_names_on_the_map_cover_neither_each_other_nor_tracks(catalogue):
    playlist = make_playlist(EmotionEstimate.of("calm"), catalogue)
    ax = plot_moods(catalogue, playlist)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in mood_labels(ax, catalogue).values()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    marks = ax.transData.transform(ax.collections[-1].get_offsets())
    assert sum(box.count_contains(marks) for box in boxes) == 0


def test_a_large_catalogue_is_sampled(catalogue, monkeypatch):
    monkeypatch.setattr("clustering.plots.POINTS_DRAWN", 500)
    ax = plot_moods(catalogue)
    assert 400 < sum(len(points.get_offsets()) for points in ax.collections) < 520


def test_the_plane_shows_moods_by_size_and_emotions_by_aim(catalogue):
    ax = plot_mood_plane(catalogue.model)
    areas = [float(disc.get_sizes()[0]) for disc in ax.collections]
    sizes = [mood.size for mood in catalogue.model.moods]
    assert np.allclose(np.array(areas) / sum(areas), np.array(sizes) / sum(sizes))
    said = {text.get_text() for text in ax.texts}
    assert said >= set(EMOTION_NAMES)
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    for emotion, diamond in zip(EMOTIONS, diamonds, strict=True):
        (aim,) = placed([aim_for(EmotionEstimate.of(emotion.name))], catalogue.model)
        target = aim.quantiles
        assert diamond.get_color() == emotion.colour
        assert (diamond.get_xdata()[0], diamond.get_ydata()[0]) == (
            target["valence"],
            target["energy"],
        )


def test_further_aims_are_joined_in_order(catalogue):
    aims = [aim_for(SAD, "journey", progress=step) for step in (0, 0.5, 1)]
    line = plot_mood_plane(catalogue.model, aims=aims).lines[-1]
    there = placed(aims, catalogue.model)
    assert list(line.get_xdata()) == [aim.quantiles["valence"] for aim in there]


def test_the_heat_map_writes_every_mean_quantile(catalogue):
    ax = plot_centroids(catalogue.model)
    written = [text.get_text() for text in ax.texts]
    assert written == [
        f"{mood.quantiles[feature]:.2f}"
        for mood in catalogue.model.moods
        for feature in FEATURE_NAMES
    ]


def test_stability_is_drawn_for_every_k():
    frame = pd.DataFrame(
        {"ari_mean": [0.9, 0.8], "ari_min": [0.8, 0.6], "silhouette": [0.3, 0.2]},
        index=pd.Index([5, 6], name="k"),
    )
    ax = plot_stability(frame)
    assert list(ax.get_xticks()) == [5, 6]
    assert list(ax.lines[0].get_ydata()) == [0.9, 0.8]


def test_features_of_the_picks_are_quantiles_of_the_catalogue(catalogue, journey):
    ax = plot_features(catalogue, journey, aim=aim_for(SAD))
    dots = [points for points in ax.collections if len(points.get_offsets()) == len(journey)]
    assert len(dots) == len(FEATURE_NAMES)
    rows = catalogue.table.frame["track_id"].isin([t.track_id for t in journey.tracks])
    for column, points in enumerate(dots):
        drawn = sorted(points.get_offsets()[:, 0])
        assert drawn == pytest.approx(sorted(catalogue.quantiles[rows, column]))


def test_a_journey_rises_where_match_and_lift_stay(catalogue):
    playlists = {mode: make_playlist(SAD, catalogue, mode=mode) for mode in MODES}
    valence, _ = plot_modes(catalogue, playlists)
    rise = {line.get_label(): line.get_ydata()[-1] - line.get_ydata()[0] for line in valence.lines}
    assert rise["journey"] > 0.4
    assert max(abs(rise["match"]), abs(rise["lift"])) < 0.2


def test_histograms_have_units_and_add_up(catalogue):
    axes = plot_distributions(catalogue)
    labels = [ax.get_xlabel() for ax in axes.flat]
    assert "loudness (dB)" in labels and "tempo (BPM)" in labels
    shares = [sum(bar.get_height() for bar in ax.patches) for ax in axes.flat]
    assert min(shares) > 99 and max(shares) < 100.001


@pytest.mark.parametrize("n_moods", [1, 6, 30])
def test_moods_have_colours_of_their_own_that_no_emotion_has(n_moods):
    colours = mood_colours(n_moods)
    assert len(set(colours)) == n_moods
    assert not set(colours) & {emotion.colour for emotion in EMOTIONS}
