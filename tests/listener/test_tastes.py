import pandas as pd
import pytest

from clustering.choice.filters import Filters
from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError
from listener.profile import Profile
from listener.store import Track, no_judgements, open_store
from listener.tastes import find_track, taste_of, unwanted_artists


def judgements(*told):
    rows = [
        {"track_id": f"id-{n}", "name": f"Title {n}", "artist": artist, "liked": liked}
        | dict.fromkeys(FEATURE_NAMES, 0.5)
        for n, (artist, liked) in enumerate(told)
    ]
    return pd.DataFrame(rows)


def test_an_artist_is_left_out_after_three_dislikes_and_no_like():
    twice = [("Ann", False), ("Ann; Bob", False)]
    assert unwanted_artists(judgements(*twice)) == []
    assert unwanted_artists(judgements(*twice, ("ANN feat. Cleo", False))) == ["ann"]
    assert unwanted_artists(judgements(*twice, ("Ann", False), ("Ann", True))) == []
    assert unwanted_artists(judgements(*twice, ("Bob & Ann", False))) == []  # a guest is no reason
    assert unwanted_artists(judgements(*[("unknown artist", False)] * 5)) == []
    assert unwanted_artists(no_judgements()) == []


def test_a_taste_is_profile_and_judgements_together():
    profile = Profile(
        filters=Filters(not_artists=["Eve"], years=(1990, 1999)), favourites=("Cleo",)
    )
    taste = taste_of(profile, judgements(("Ann", True), *[("Bob", False)] * 3))
    assert taste.liked["track_id"].tolist() == ["id-0"]
    assert taste.disliked["track_id"].tolist() == ["id-1", "id-2", "id-3"]
    assert taste.favourites == ("Cleo",)
    assert taste.filters == Filters(
        not_artists=["Eve", "bob"], not_tracks=["id-1", "id-2", "id-3"], years=(1990, 1999)
    )
    assert not taste_of(Profile(), no_judgements()).pulls_at_all


@pytest.fixture
def store():
    with open_store(print) as opened:
        yield opened


def test_a_track_is_found_by_whatever_names_it(store, catalogue):
    playlist = make_playlist(EmotionEstimate.of("happy"), catalogue, Wish(n_tracks=5))
    store.remember(EmotionEstimate.of("happy"), playlist.to_dict(), source="")
    third = playlist.tracks[2]
    for word in (
        "3",
        third.track_id,
        f"spotify:track:{third.track_id}",
        f"https://open.spotify.com/track/{third.track_id}?si=abc",
        third.name.upper(),
        f"  {third.artist}  - {third.name} ",
    ):
        assert find_track(word, store).track_id == third.track_id
    assert find_track("3", store).features == pytest.approx(third.features)


def test_a_track_of_the_table_need_not_have_been_in_a_playlist(store, catalogue):
    row = catalogue.table.frame.iloc[100]
    found = find_track(row["track_id"], store)
    assert found == Track(
        row["track_id"], row["name"], row["artist"], {n: row[n] for n in FEATURE_NAMES}
    )


def test_a_track_of_another_table(store, tmp_path, catalogue):
    frame = catalogue.table.frame.head(50).assign(
        track_id=[f"mine-{n}" for n in range(50)], name=[f"Mine {n}" for n in range(50)]
    )
    frame.loc[7, "name"] = "mine 8"
    frame.to_csv(tmp_path / "mine.csv", index=False)
    assert find_track("mine-9", store, tmp_path / "mine.csv").name == "Mine 9"
    with pytest.raises(InputError, match=r"several tracks.*mine-7.*mine-8"):
        find_track("Mine 8", store, tmp_path / "mine.csv")


def test_what_is_nowhere_is_answered(store):
    with pytest.raises(InputError, match="no track 'no such title'"):
        find_track("no such title", store)
    with pytest.raises(InputError, match="has 0 tracks, no number 4"):
        find_track("4", store)
