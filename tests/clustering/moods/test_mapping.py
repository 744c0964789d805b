"""What each emotion aims at, judged on real tracks."""

import numpy as np
import pytest

from clustering.choice.catalogue import Catalogue
from clustering.moods.mapping import (
    MODES,
    SETTINGS,
    aim_for,
    aims_along,
    chosen_moods,
    ranked_moods,
)
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES, MOOD_COLUMNS
from clustering.tables.tracks import read_tracks, tracks_from_frame
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError


def mixed(**shares):
    return EmotionEstimate(tuple(shares.get(name, 0.0) for name in EMOTION_NAMES))


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_the_settings_are_complete_and_in_range(name):
    index = EMOTION_NAMES.index(name)
    assert ((SETTINGS.targets[index] >= 0) & (SETTINGS.targets[index] <= 1)).all()
    assert (SETTINGS.weights[index] > 0).all()
    assert set(np.array(EMOTION_NAMES)[SETTINGS.lift[index] > 0]) <= {"calm", "happy"}


def test_an_even_split_of_happy_and_sad_is_neither():
    split = aim_for(mixed(happy=0.5, sad=0.5))
    happy, sad = (aim_for(EmotionEstimate.of(name)) for name in ("happy", "sad"))
    for feature in ("valence", "energy"):
        middle = (happy.quantiles[feature] + sad.quantiles[feature]) / 2
        assert split.quantiles[feature] == pytest.approx(middle)
    assert abs(split.valence) < 0.2
    assert split.spread > happy.spread


def test_a_mixed_estimate_is_milder_and_broader(catalogue):
    sure = aim_for(EmotionEstimate.of("angry"))
    mixed = aim_for(EmotionEstimate((1 / 8,) * 8))
    assert mixed.spread > 2 * sure.spread
    edge = [abs(aim.quantiles["energy"] - 0.5) for aim in (sure, mixed)]
    assert edge[1] < edge[0]
    assert len(chosen_moods(mixed, catalogue.model)) >= len(chosen_moods(sure, catalogue.model))


@pytest.mark.parametrize(
    ("emotion", "expected"),
    [
        ("calm", {"energy": -1, "acousticness": 1, "instrumentalness": 1}),
        ("sad", {"energy": -1, "valence": -1, "acousticness": 1}),
        ("happy", {"energy": 1, "valence": 1, "danceability": 1}),
        ("angry", {"energy": 1, "loudness": 1, "valence": -1, "acousticness": -1}),
    ],
)
def test_aims_lean_the_way_people_hear_it(catalogue, emotion, expected):
    playlist = make_playlist(EmotionEstimate.of(emotion), catalogue)
    rows = catalogue.table.frame["track_id"].isin([track.track_id for track in playlist.tracks])
    found = catalogue.quantiles[rows.to_numpy()].mean(axis=0)
    for feature, side in expected.items():
        assert side * (found[FEATURE_NAMES.index(feature)] - 0.5) > 0.15, feature


def test_calm_is_not_quiet_happiness(catalogue):
    calm, happy = (
        make_playlist(EmotionEstimate.of(e), catalogue).to_frame() for e in ("calm", "happy")
    )
    assert calm["valence"].mean() < 0.4 < happy["valence"].mean()
    assert calm["instrumentalness"].mean() > 0.3


def test_lift_cheers_the_sad_and_settles_the_angry():
    sad, angry, happy = (EmotionEstimate.of(name) for name in ("sad", "angry", "happy"))
    assert aim_for(sad, "lift").quantiles["valence"] > aim_for(sad).quantiles["valence"] + 0.4
    assert aim_for(angry, "lift").quantiles["energy"] < aim_for(angry).quantiles["energy"] - 0.4
    assert aim_for(happy, "lift").quantiles == pytest.approx(aim_for(happy).quantiles)
    assert aim_for(sad, "lift").valence > 0.5


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_a_journey_goes_straight_from_match_to_lift(name):
    estimate = EmotionEstimate.of(name)
    aims = aims_along(estimate, "journey", 12)
    match, lift = aim_for(estimate, "match"), aim_for(estimate, "lift")
    assert aims[0].quantiles == pytest.approx(match.quantiles)
    assert aims[-1].quantiles == pytest.approx(lift.quantiles)
    for feature in FEATURE_NAMES:
        steps = np.diff([aim.quantiles[feature] for aim in aims])
        assert (steps >= -1e-12).all() or (steps <= 1e-12).all()


def test_distance_is_zero_at_the_aim_and_at_most_one():
    aim = aim_for(EmotionEstimate.of("sad"))
    here = np.array([[aim.quantiles[name] for name in FEATURE_NAMES]])
    assert aim.distances(here)[0] == pytest.approx(0, abs=1e-9)
    corners = np.random.default_rng(0).integers(0, 2, (50, len(FEATURE_NAMES)))
    assert aim.distances(corners).max() <= 1


def test_moods_are_ranked_by_their_distance(catalogue):
    ranked = ranked_moods(aim_for(EmotionEstimate.of("angry")), catalogue.model)
    distances = [distance for _, distance in ranked]
    assert distances == sorted(distances)
    assert "heavy" in ranked[0][0].name
    assert len(ranked) == len(catalogue.model.moods)


def test_an_unknown_mode_lists_the_three():
    with pytest.raises(InputError, match="match, lift, journey"):
        aim_for(EmotionEstimate.of("sad"), "cure")
    assert aim_for(EmotionEstimate.of("sad"), " Lift ").mode in MODES


def test_a_mood_that_is_heard_counts_half(catalogue):
    sad = aim_for(EmotionEstimate.of("sad"))
    assert sad.quadrants == {"mood_happy": 0, "mood_angry": 0, "mood_sad": 1, "mood_calm": 0}
    plain = sad.distances(catalogue.quantiles)
    rows = np.arange(len(plain))
    heard = np.zeros((len(plain), 4))
    heard[rows, rows % 4] = 1.0
    told = sad.distances(catalogue.quantiles, heard)
    is_sad = rows % 4 == 2
    assert told[is_sad] == pytest.approx(np.sqrt(0.5) * plain[is_sad])
    assert (told[~is_sad] >= np.sqrt(0.5)).all() and told.max() <= 1
    even = aim_for(EmotionEstimate.of("neutral")).quadrants
    assert set(even.values()) == {0.25}


def test_tables_with_moods_heard_are_served_by_them():
    frame = read_tracks().frame.copy()
    sung = np.arange(len(frame)) % 2 == 0
    for name in MOOD_COLUMNS:
        frame[name] = np.where(sung, 1.0, 0.0) if name == "mood_calm" else 0.0
    frame.loc[~sung, "mood_angry"] = 1.0
    playlist = make_playlist(EmotionEstimate.of("calm"), Catalogue.of(tracks_from_frame(frame)))
    chosen = frame["track_id"].isin([track.track_id for track in playlist.tracks])
    assert sung[chosen.to_numpy()].all()
