"""Playlists keep their promises: near the aim, varied, reproducible, filtered, explained."""

import json
import time
from collections import Counter
from html.parser import HTMLParser

import pandas as pd
import pytest

from clustering.choice.catalogue import Catalogue
from clustering.choice.opening import open_catalogue
from clustering.moods.mapping import MODES
from clustering.playlist import make_playlist
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import credited_artists, read_tracks, title_key, tracks_from_frame
from emotions.estimate import EmotionEstimate
from emotions.labels import EMOTION_NAMES
from foundation.errors import InputError

SAD = EmotionEstimate.of("sad")


@pytest.fixture(scope="module")
def hostile():
    """Tracks whose names attack a page, a spreadsheet and a file list."""
    frame = read_tracks().frame.drop_duplicates("artist").head(30).copy()
    frame["name"] = [f"<script>alert({i})</script>" for i in range(30)]
    frame["artist"] = [f'=cmd|"{i}"\nx' for i in range(30)]
    frame["track_id"] = [f"file-{i}" for i in range(30)]
    frame["path"] = [f"/music/ä {i}.mp3" for i in range(30)]
    return Catalogue.of(tracks_from_frame(frame))


def ids(playlist):
    return [track.track_id for track in playlist.tracks]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("emotion", EMOTION_NAMES)
def test_every_playlist_is_full_varied_and_near(catalogue, emotion, mode):
    playlist = make_playlist(EmotionEstimate.of(emotion), catalogue, mode=mode)
    assert len(playlist) == len(set(ids(playlist))) == 20
    artists = Counter(a for t in playlist.tracks for a in credited_artists(t.artist))
    assert max(artists.values()) <= 2
    assert len({title_key(t.artist, t.name) for t in playlist.tracks}) == 20
    assert max(track.distance for track in playlist.tracks) < 0.25
    assert 0 < playlist.coverage <= 1
    assert set(playlist.clusters) == {track.mood for track in playlist.tracks}
    assert all(track.why for track in playlist.tracks)


def test_the_artist_limit_bites(catalogue):
    frame = catalogue.table.frame.head(300).assign(artist="One;Other")
    with_one = make_playlist(SAD, tracks_from_frame(frame))
    assert len(with_one) == 2
    assert "2 of 20 tracks" in with_one.notes[0]


def test_the_seed_decides(catalogue):
    first = make_playlist(SAD, catalogue, seed=3)
    assert make_playlist(SAD, catalogue, seed=3) == first
    others = [set(ids(make_playlist(SAD, catalogue, seed=s))) for s in range(4, 9)]
    assert all(other != set(ids(first)) for other in others)


def test_lift_is_brighter_than_match_for_the_sad(catalogue):
    valences = {
        mode: make_playlist(SAD, catalogue, mode=mode).to_frame()["valence"] for mode in MODES
    }
    assert valences["lift"].mean() > valences["match"].mean() + 0.3
    journey = valences["journey"]
    assert journey[:5].mean() + 0.2 < journey[-5:].mean()
    assert valences["match"].mean() < journey.mean() < valences["lift"].mean()


def test_lift_settles_the_angry(catalogue):
    angry = EmotionEstimate.of("angry")
    energy = {m: make_playlist(angry, catalogue, mode=m).to_frame()["energy"].mean() for m in MODES}
    assert energy["lift"] < energy["journey"] < energy["match"]


def test_an_even_split_sounds_like_neither(catalogue):
    split = EmotionEstimate(tuple(0.5 * (n in {"happy", "sad"}) for n in EMOTION_NAMES))
    means = [
        make_playlist(estimate, catalogue).to_frame()["valence"].mean()
        for estimate in (SAD, split, EmotionEstimate.of("happy"))
    ]
    assert means[0] + 0.15 < means[1] < means[2] - 0.15


def test_a_mixed_estimate_is_owned_up_to(catalogue):
    mixed = EmotionEstimate((0.2, *(0.8 / 7,) * 7))
    assert any("mixed" in note for note in make_playlist(mixed, catalogue).notes)


def test_a_thin_table_is_owned_up_to(catalogue):
    metal = make_playlist(EmotionEstimate.of("calm"), catalogue, genres=["metal"])
    angry = make_playlist(EmotionEstimate.of("angry"), catalogue, genres=["metal"])
    assert metal.coverage < 0.3 < angry.coverage
    assert any("coverage" in note for note in metal.notes)


def test_filters_hold(catalogue):
    frame = catalogue.table.frame.set_index("track_id")
    country = make_playlist(SAD, catalogue, genres=["Country", "rock"], explicit=False)
    rows = frame.loc[ids(country)]
    assert rows["genre"].str.contains("country|rock").all()
    assert not rows["explicit"].any()
    artist = frame["artist"].value_counts().index[0]
    assert make_playlist(SAD, catalogue, genres="rock").tracks
    by_artist = make_playlist(SAD, catalogue, artists=[artist.upper()])
    assert len(by_artist) == 2
    assert all(credited_artists(artist)[0] in credited_artists(t.artist) for t in by_artist.tracks)


def test_years_hold(catalogue):
    frame = catalogue.table.frame.head(200).drop(columns="year")
    frame["release_date"] = [f"{1950 + i % 70}-01-01" for i in range(200)]
    aged = tracks_from_frame(frame)
    playlist = make_playlist(SAD, aged, years=(1960, 1979))
    years = aged.frame.set_index("track_id").loc[ids(playlist), "year"]
    assert years.between(1960, 1979).all()
    with pytest.raises(InputError, match="backwards"):
        make_playlist(SAD, aged, years=(1979, 1960))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"genres": ["polka"]}, "dubstep"),
        ({"artists": ["Nobody At All"]}, "Nobody At All"),
        ({"mode": "cure"}, "match, lift, journey"),
        ({"n_tracks": 0}, "1 to 500"),
        ({"n_tracks": 501}, "1 to 500"),
        ({"n_tracks": 2.5}, "1 to 500"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": float("nan")}, "minutes"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_wishes_are_refused_in_words(catalogue, wish, words):
    with pytest.raises(InputError, match=words):
        make_playlist(SAD, catalogue, **wish)


def test_a_table_that_tells_no_years_says_so(catalogue):
    untold = tracks_from_frame(
        catalogue.table.frame.head(50).drop(columns=["year", "release_date"])
    )
    with pytest.raises(InputError, match="no column year"):
        make_playlist(SAD, untold, years=(1990, 2000))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("minutes", [15, 60, 180])
def test_minutes_are_met(catalogue, mode, minutes):
    playlist = make_playlist(SAD, catalogue, mode=mode, minutes=minutes)
    assert playlist.minutes == pytest.approx(minutes, abs=2)


@pytest.mark.parametrize("count", [1, 2, 500])
def test_short_and_long_playlists(catalogue, count):
    for mode in MODES:
        assert len(make_playlist(SAD, catalogue, mode=mode, n_tracks=count)) == count


def test_two_tracks_are_a_catalogue(catalogue):
    two = tracks_from_frame(catalogue.table.frame.iloc[[0, 700]])
    playlist = make_playlist(EmotionEstimate.of("happy"), two)
    assert len(playlist) == 2
    assert "2 of 20" in playlist.notes[0]


def test_json_holds_what_others_read(catalogue, tmp_path):
    playlist = make_playlist(SAD, catalogue)
    playlist.to_json(tmp_path / "list.json")
    told = json.loads((tmp_path / "list.json").read_text("utf-8"))
    assert told["emotion"] == "sad"
    assert set(told["mood"]) == {"name", "valence", "arousal"}
    assert {"mode", "clusters", "coverage", "tracks"} <= set(told)
    expected = {"track_id", "name", "artist", "url", "distance", *FEATURE_NAMES}
    assert set(told["tracks"][0]) == expected
    assert told["tracks"][0]["url"].endswith(told["tracks"][0]["track_id"])
    assert [path.name for path in tmp_path.iterdir()] == ["list.json"]


def test_tracks_without_a_spotify_id_have_no_address(hostile):
    told = make_playlist(SAD, hostile).to_dict()
    assert all(track["url"] is None for track in told["tracks"])


class Page(HTMLParser):
    """Collects the tags of a page and where it fetches from."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links = Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.links += [value for name, value in attributes if name in {"href", "src"}]


def test_the_page_escapes_what_tables_hold(hostile, catalogue, tmp_path):
    make_playlist(SAD, hostile).to_html(tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    assert Page(text).tags["script"] == 0
    assert "&lt;script&gt;" in text
    make_playlist(SAD, catalogue).to_html(tmp_path / "b.html")
    page = Page((tmp_path / "b.html").read_text("utf-8"))
    assert page.tags["a"] == page.tags["li"] == 20
    assert all(link.startswith("https://open.spotify.com/track/") for link in page.links)


def test_csv_runs_no_formula(hostile, catalogue, tmp_path):
    make_playlist(SAD, hostile).to_csv(tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["artist"].str.startswith("'=").all()
    frame = hostile.table.frame.assign(path=["=1+1.mp3", None] * 15)
    make_playlist(SAD, tracks_from_frame(frame)).to_csv(tmp_path / "p.csv")
    paths = pd.read_csv(tmp_path / "p.csv")["path"]
    assert paths.isna().any() and paths.dropna().eq("'=1+1.mp3").all()
    playlist = make_playlist(SAD, catalogue)
    playlist.to_csv(tmp_path / "b.csv")
    back = pd.read_csv(tmp_path / "b.csv")
    assert back["track_id"].tolist() == ids(playlist)
    assert back["loudness"].tolist() == playlist.to_frame()["loudness"].tolist()


def test_m3u_lists_the_sound_files(hostile, catalogue, tmp_path):
    playlist = make_playlist(SAD, hostile, n_tracks=5)
    playlist.to_m3u(tmp_path / "list.m3u8")
    lines = (tmp_path / "list.m3u8").read_text("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[2::2] == [track.path for track in playlist.tracks]
    assert len(lines) == 11
    with pytest.raises(InputError, match="no sound file"):
        make_playlist(SAD, catalogue).to_m3u(tmp_path / "none.m3u8")
    assert not (tmp_path / "none.m3u8").exists()


def test_files_go_where_they_can(catalogue, tmp_path):
    playlist = make_playlist(SAD, catalogue)
    for target in (tmp_path, tmp_path / "missing" / "list.csv"):
        with pytest.raises(InputError, match="folder"):
            playlist.to_csv(target)


def test_a_big_catalogue_is_served_at_once_and_well(big_tables):
    catalogue = open_catalogue(big_tables / "tracks.parquet")
    start = time.perf_counter()
    calm = make_playlist(EmotionEstimate.of("calm"), catalogue)
    assert time.perf_counter() - start < 1
    means = calm.to_frame()[list(FEATURE_NAMES)].mean()
    assert means["acousticness"] > 0.85
    assert means["instrumentalness"] > 0.7
    assert means["energy"] < 0.25
    assert calm.coverage > 0.7
