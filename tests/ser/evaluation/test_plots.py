"""The pictures of how well speech is recognised show the figures that they are given."""

import pandas as pd
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib comes with 'notebooks'")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402

from emotions.labels import EMOTION_NAMES  # noqa: E402
from ser.evaluation.plots import (  # noqa: E402
    plot_actors_beside,
    plot_ladder,
    plot_layers,
    plot_strangers,
)
from ser.evaluation.report import published_figures  # noqa: E402


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_layers_are_shown_with_their_mean_and_every_recall():
    uars = pd.DataFrame({0: [0.5, 0.7], 1: [0.6, 0.9]}, index=[0, 1])
    recalls = pd.DataFrame(0.25, index=[0, 1], columns=list(EMOTION_NAMES))
    recalls.loc[1, "sad"] = 0.75
    left, right = plot_layers(uars, recalls, (1,))
    assert [text.get_text() for text in left.texts] == ["55.0", "80.0"]
    assert sorted(text.get_text() for text in right.texts) == ["25"] * 15 + ["75"]


def test_the_larger_ear_is_a_rung_of_the_ladder_for_each_protocol():
    n = len(published_figures())
    assert len(plot_ladder({"uar": 0.5}).patches) == n + 1
    ax = plot_ladder({"uar": 0.5}, larger={"EmoBox": {"uar": 0.99}})
    assert len(ax.patches) == n + 2
    assert ax.get_yticklabels()[-1].get_text() == "Emotify, larger ear\nUAR, EmoBox"


def test_an_actor_is_a_point_whose_height_is_the_larger_ear():
    ax = plot_actors_beside(
        {"uar_per_actor": {1: 0.4, 2: 0.5}}, {"uar_per_actor": {1: 0.6, 2: 0.9}}
    )
    men, women = (points.get_offsets().tolist() for points in ax.collections)
    assert men == [[40, 60]] and women == [[50, 90]]


def test_strangers_have_two_bars_a_corpus():
    one = {"n_clips": 7, "chance": 0.5, "among": {"uar": 0.6}, "uar_per_voice": 0.8}
    ax = plot_strangers({"mine": one, "yours": {**one, "uar_per_voice": 0.9}})
    assert [round(bar.get_height()) for bar in ax.patches] == [60, 60, 80, 90]
    assert ax.get_xticklabels()[0].get_text() == "mine\n7 clips"
