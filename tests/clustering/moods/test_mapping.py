"""What each emotion aims at, judged on real tracks."""

import numpy as np
import pandas as pd
import pytest

from clustering.choice.catalogue import Catalogue
from clustering.choice.selection import choose
from clustering.choice.wish import Wish
from clustering.evaluation.typical_tracks import typical_tracks
from clustering.moods.mapping import (
    MODES,
    SETTINGS,
    aim_for,
    aims_along,
    chosen_moods,
    made_for_the_club,
    placed,
    ranked_moods,
)
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES, MOOD_COLUMNS
from clustering.tables.tracks import read_tracks, tracks_from_frame
from emotions.estimate import EmotionEstimate, Nuance
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
        # The table is loud: what is energetic in any catalogue is not far above its middle.
        least = 0.1 if side == 1 and feature == "energy" else 0.15
        assert side * (found[FEATURE_NAMES.index(feature)] - 0.5) > least, feature


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
    frame = read_tracks().frame.iloc[::8].copy()
    sung = np.arange(len(frame)) % 2 == 0
    for name in MOOD_COLUMNS:
        frame[name] = np.where(sung, 1.0, 0.0) if name == "mood_calm" else 0.0
    frame.loc[~sung, "mood_angry"] = 1.0
    calm = EmotionEstimate.of("calm")
    playlist = make_playlist(calm, Catalogue.of(tracks_from_frame(frame)))
    chosen = frame["track_id"].isin([track.track_id for track in playlist.tracks])
    assert sung[chosen.to_numpy()].all()


def test_an_aim_is_placed_half_way_to_what_is_typical(catalogue):
    sad, calm = (aim_for(EmotionEstimate.of(name)) for name in ("sad", "calm"))
    aims = placed([sad, calm, sad], catalogue.model)
    assert aims[0] is aims[2] and aims[0].emotion == "sad"
    assert aims[0].targets == sad.targets == sad.quantiles
    typical = catalogue.model.quantiles(pd.DataFrame([sad.typical]))[0]
    for name, quantile in zip(FEATURE_NAMES, typical, strict=True):
        assert aims[0].quantiles[name] == pytest.approx((sad.targets[name] + quantile) / 2)
    # In a loud table, sad music of any catalogue is quieter than its quietest fifth.
    assert aims[0].quantiles["energy"] < sad.targets["energy"] - 0.05
    assert placed(aims, catalogue.model)[0].quantiles == pytest.approx(aims[0].quantiles)


def test_music_for_the_club_is_told_by_whole_words_of_genres():
    club = ["deep-house", "pop;Melodic Dubstep", "edm", "Drum and Bass", "hard techno;rock"]
    other = ["rock", "dance pop", "warehouse", "electronic", "dub", "r&b;rap", "", None]
    told = made_for_the_club(pd.Series([*club, *other], index=range(5, 18)))
    assert told.tolist() == [True] * len(club) + [False] * len(other)


def test_a_remix_is_made_for_the_club_whatever_its_genre():
    remixed = ["Home - A Remix", "Home (Re-Mix)", "Home - Club Mix", "HOME EXTENDED MIX"]
    plain = ["Home", "Club Foot", "Remixed", "Extended Family", "Mix"]
    titles = pd.Series([*remixed, *plain], index=range(3, 12))
    told = made_for_the_club(pd.Series("rock", index=titles.index), titles)
    assert told.tolist() == [True] * len(remixed) + [False] * len(plain)


def test_every_emotion_lifts_to_a_place_of_its_own():
    shares = [SETTINGS.lift[index][EMOTION_NAMES.index("happy")] for index in range(8)]
    in_order = sorted(shares)
    assert in_order[0] == 0 and in_order[-1] == 1  # calm and happy stay where they are
    assert min(np.diff(in_order)) > 0.07
    assert SETTINGS.lift.sum(axis=1) == pytest.approx(np.ones(8))


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_the_unhappy_are_not_sent_to_the_club(catalogue, name):
    minds = {"calm", "sad", "angry", "fearful", "disgust"}
    assert (aim_for(EmotionEstimate.of(name)).club > 0) == (name in minds)
    playlist = make_playlist(EmotionEstimate.of(name), catalogue, Wish(n_tracks=100))
    chosen = catalogue.table.frame["track_id"].isin([track.track_id for track in playlist.tracks])
    share = catalogue.club[chosen.to_numpy()].mean()
    assert share == 0 if name in minds else share > 0


def test_who_likes_club_music_gets_sad_club_music(catalogue):
    rows = np.arange(len(catalogue.table))
    aims = aims_along(EmotionEstimate.of("sad"), "match", 20)
    liked = choose(catalogue, rows, aims, Wish(), 1.0 * catalogue.club)
    assert catalogue.club[[choice.row for choice in liked]].any()


def test_a_table_without_genres_or_of_club_music_alone_is_served(catalogue):
    sad = EmotionEstimate.of("sad")
    frame = catalogue.table.frame
    alone = Catalogue.of(tracks_from_frame(frame[catalogue.club].head(400)))
    assert len(make_playlist(sad, alone)) == 20
    untold = Catalogue.of(tracks_from_frame(frame.head(400).drop(columns="genre")))
    assert untold.club is None and len(make_playlist(sad, untold)) == 20


def test_what_is_typical_was_found_in_an_open_catalogue(big_tables):
    found = typical_tracks(read_tracks(big_tables / "tracks.parquet"))
    written = pd.DataFrame(SETTINGS.typical, index=list(EMOTION_NAMES), columns=FEATURE_NAMES)
    rounding = {"tempo": 0.51, "loudness": 0.051, "speechiness": 0.00051}
    for name in FEATURE_NAMES:
        steps = (written[name] - found[name]).abs()
        assert steps.max() < rounding.get(name, 0.0051), name


def test_nuances_move_the_aim_and_lose_their_say_on_the_way_elsewhere():
    happy = EmotionEstimate.of("happy").probabilities
    excited = EmotionEstimate(happy, nuances=(Nuance("excitement", 0.9, 0.62, 0.75),))
    content = EmotionEstimate(happy, nuances=(Nuance("contentment", 0.9, 0.70, -0.20),))
    unlikely = EmotionEstimate(happy, nuances=(Nuance("contentment", 0.1, 0.70, -0.20),))
    plain = aim_for(EmotionEstimate.of("happy"))
    energy = [aim_for(one).targets["energy"] for one in (content, unlikely, excited)]
    assert energy[0] < energy[1] < plain.targets["energy"] < energy[2]
    lifted = [aim_for(one, "lift").targets for one in (content, EmotionEstimate.of("happy"))]
    assert lifted[0] == pytest.approx(lifted[1])
