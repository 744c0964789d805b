"""What it costs to play one track after another, and orders that cost little."""

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest

from clustering.choice.selection import choose
from clustering.choice.transitions import Transitions, camelot, smoothest_order
from clustering.choice.wish import Wish
from clustering.moods.mapping import MODES, aims_along
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES

MIDDLE = dict.fromkeys(FEATURE_NAMES, 0.5)


def cost(one, other):
    """Cost between two tracks that differ from C major, 120 BPM, middling energy as told."""
    tracks = [
        {"tempo": 120.0, "key": 0, "mode": 1, "energy": 0.5} | track for track in (one, other)
    ]
    places = [list((MIDDLE | {"energy": track["energy"]}).values()) for track in tracks]
    steps = Transitions.of(pd.DataFrame(tracks), np.array(places))
    matrix = steps.matrix()
    assert matrix[0, 1] == matrix[1, 0]
    return matrix[0, 1]


@pytest.mark.parametrize(
    ("key", "mode", "place"),
    # The wheel as it is printed everywhere: C 8B, Am 8A, G 9B, Em 9A, F 7B, Db 3B, B 1B, Abm 1A.
    [(0, 1, "8B"), (9, 0, "8A"), (7, 1, "9B"), (4, 0, "9A"), (5, 1, "7B"), (1, 1, "3B"),
     (11, 1, "1B"), (8, 0, "1A"), (4, 1, "12B"), (1, 0, "12A")],
)  # fmt: skip
def test_the_camelot_wheel_is_the_one_in_use(key, mode, place):
    hour, ring = camelot(np.array([key]), np.array([mode]))
    assert f"{int(hour[0])}{'AB'[int(ring[0])]}" == place


def test_equal_tracks_and_half_time_cost_nothing():
    assert cost({}, {}) == 0
    assert cost({"tempo": 75.0}, {"tempo": 150.0}) == pytest.approx(0)


def test_each_step_costs_and_the_farthest_of_all_costs_one():
    assert cost({}, {"tempo": 126.0}) == pytest.approx(2 * np.log2(1.05) / 3)
    assert cost({}, {"key": 7}) == pytest.approx(1 / 7 / 3)  # a fifth: one hour
    assert cost({}, {"key": 9, "mode": 0}) == pytest.approx(1 / 7 / 3)  # its relative minor
    assert cost({}, {"energy": 0.9}) == pytest.approx(0.4 / 3)
    far = {"tempo": 120 * 2**0.5, "key": 3, "mode": 0, "energy": 1.0}
    assert cost({"energy": 0.0}, far) == pytest.approx(1)  # C major and E flat minor


@pytest.mark.parametrize("gap", [{"key": None}, {"mode": None}, {"key": None, "mode": None}])
def test_without_a_key_tempo_and_energy_count(gap):
    assert cost({}, {"energy": 0.9} | gap) == pytest.approx(0.4 / 2)


def test_a_key_counts_as_far_as_it_is_sure():
    """A fifth costs a seventh of what key counts for, beside tempo and energy."""
    sure = cost({}, {"key": 7, "key_confidence": 1.0})
    assert sure == pytest.approx(cost({}, {"key": 7}))  # a table of Spotify's does not say
    half = cost({}, {"key": 7, "key_confidence": 0.5})
    assert half == pytest.approx(0.5 / 7 / 2.5)
    both = cost({"key_confidence": 0.5}, {"key": 7, "key_confidence": 0.5})
    assert both == pytest.approx(0.25 / 7 / 2.25)
    assert cost({}, {"energy": 0.9, "key": 7, "key_confidence": 0.0}) == pytest.approx(0.4 / 2)


def test_a_table_without_keys_is_ordered_too(catalogue):
    frame = catalogue.table.frame.drop(columns=["key", "mode"]).head(9)
    matrix = Transitions.of(frame, catalogue.quantiles[:9]).matrix()
    assert not np.isnan(matrix).any()


@pytest.mark.parametrize("seed", range(5))
def test_short_orders_are_near_the_best_there_is(seed):
    places = np.random.default_rng(seed).random((8, 3))
    costs = np.abs(places[:, None] - places).sum(axis=2)
    order = smoothest_order(costs, 3)
    assert order[0] == 3 and sorted(order) == list(range(8))
    rest = [place for place in range(8) if place != 3]
    best = min(total((3, *tail), costs) for tail in permutations(rest))
    assert total(order, costs) <= 1.15 * best


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_tracks_have_an_order(n):
    assert sorted(smoothest_order(np.ones((n, n)), n - 1)) == list(range(n))


def total(order, costs):
    return sum(costs[a, b] for a, b in pairwise(order))


def played(catalogue, playlist):
    rows = catalogue.table.frame.reset_index().set_index("track_id")["index"]
    return rows.loc[[track.track_id for track in playlist.tracks]].to_numpy()


@pytest.mark.parametrize(("mode", "most"), [("match", 0.6), ("lift", 0.6), ("journey", 0.8)])
def test_neighbours_in_a_playlist_fit_better_than_by_chance(catalogue, mode, most):
    costs, by_chance = [], []
    rng = np.random.default_rng(0)
    for emotion in EMOTION_NAMES:
        playlist = make_playlist(EmotionEstimate.of(emotion), catalogue, Wish(mode=mode))
        rows = played(catalogue, playlist)
        for order, sums in [(rows, costs)] + [(rng.permutation(rows), by_chance)] * 10:
            sums.append(catalogue.transitions.costs(order[:-1], order[1:]).sum())
    assert np.mean(costs) < most * np.mean(by_chance)


@pytest.mark.parametrize("mode", MODES)
def test_the_order_does_not_leave_the_mood(catalogue, mode):
    """The tracks of a match or lift are those chosen; those of a journey are as near as before."""
    sad = EmotionEstimate.of("sad")
    chosen = choose(catalogue, np.arange(len(catalogue.table)), aims_along(sad, mode, 20), Wish())
    playlist = make_playlist(sad, catalogue, Wish(mode=mode))
    if mode != "journey":
        ids = catalogue.table.frame["track_id"].iloc[[choice.row for choice in chosen]]
        assert set(ids) == {track.track_id for track in playlist.tracks}
    near = [np.mean([c.distance for c in tracks]) for tracks in (chosen, playlist.tracks)]
    assert near[1] < near[0] + 0.02
