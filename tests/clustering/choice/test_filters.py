from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clustering.choice.filters import Filters
from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.tracks import tracks_from_frame
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError

SAD = EmotionEstimate.of("sad")
FRAME = pd.DataFrame(
    {
        "track_id": ["a", "b", "c", "d", "e"],
        "name": [
            "The house of my brother and sister",
            "Ich weiß nicht was soll es bedeuten",
            "Солнце светит этой весной опять",
            "Oh",
            "Das ist die Stadt in der wir leben",
        ],
        "artist": ["Ann", "Bob feat. Ann", "Cleo", None, "Eve"],
        "genre": ["rock;pop", "country", None, "Rock", "pop"],
        "popularity": [10.0, 55.0, np.nan, 80.0, 20.0],
        "explicit": pd.array([True, False, None, False, False], dtype="boolean"),
        "year": [1990.0, 2001.0, 2010.0, np.nan, 1999.0],
    }
).astype({"artist": "str", "genre": "str"})


def passed(**asked):
    frame = FRAME.fillna({"artist": ""})
    return "".join(FRAME["track_id"][Filters(**asked).passed(frame)])


def test_what_is_wanted_must_be_told():
    assert passed(popularity=(20, 80)) == "bde"
    assert passed(popularity=(0, 100)) == "abde"
    assert passed(genres="ROCK") == "ad"
    assert passed(languages=["German"]) == "be"
    assert passed(languages=["de", "English"]) == "abe"


def test_what_is_left_out_must_be_told_too():
    assert passed(not_genres=["rock"]) == "bce"
    assert passed(not_artists="ann") == "cde"
    assert passed(not_languages="de") == "acd"
    assert passed(not_tracks=["a", "e"]) == "bcd"


def test_filters_work_together():
    assert passed(not_genres="country", popularity=(15, 100), explicit=False) == "de"
    assert passed(languages="de", not_tracks="b", years=(1999, 1999)) == "e"
    assert passed() == "abcde"


def test_a_language_column_goes_before_the_title():
    frame = FRAME.fillna({"artist": ""}).assign(language=["fr", "", None, "German", "es"])
    kept = Filters(languages=["fr", "de", "es"]).passed(frame)
    assert "".join(FRAME["track_id"][kept]) == "abde"  # b by its title


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"popularity": (50, 20)}, "popularity 50-20"),
        ({"popularity": (0, 101)}, "0 to 100"),
        ({"years": (2000, 1990)}, "run backwards"),
        ({"years": (10**30, 10**31)}, "0 to 9999"),
        ({"languages": "klingon"}, "klingon"),
        ({"artists": ["Ann", 5]}, "give names"),
        ({"explicit": []}, "True, False or None"),
    ],
)
def test_wrong_wishes_are_answered(asked, words):
    with pytest.raises(InputError, match=words):
        Filters(**asked)


def test_of_two_filters_the_later_wins_and_what_is_left_out_adds_up():
    always = Filters(genres="rock", not_artists="Ann", not_tracks=["a"], explicit=False)
    now = Filters(
        genres="pop", not_artists="Bob", not_genres="jazz", not_tracks=["b"], years=(1990, 1999)
    )
    assert always.with_more(now) == Filters(
        genres="pop",
        not_genres="jazz",
        not_artists=["Ann", "Bob"],
        not_tracks=["a", "b"],
        explicit=False,
        years=(1990, 1999),
    )


def test_a_playlist_keeps_to_them(catalogue):
    filters = Filters(not_genres=["metal", "rock"], popularity=(30, 100))
    frame = catalogue.table.frame.set_index("track_id")
    chosen = make_playlist(SAD, catalogue, Wish(filters=filters, n_tracks=30))
    rows = frame.loc[[track.track_id for track in chosen.tracks]]
    assert rows["popularity"].between(30, 100).all()
    assert not rows["genre"].str.contains("metal|rock").any()
    with pytest.raises(InputError, match="none of the"):
        make_playlist(SAD, catalogue, Wish(filters=replace(filters, genres="metal")))


def test_what_is_asked_for_must_be_in_the_table(catalogue):
    table = tracks_from_frame(catalogue.table.frame.drop(columns=["popularity"]).head(200))
    with pytest.raises(InputError, match="popularity"):
        make_playlist(SAD, table, Wish(filters=Filters(popularity=(1, 2))))
