"""Many sources become one table: in every layout, with every count, and the first one wins."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from clustering.choice.catalogue import Catalogue
from clustering.playlist import make_playlist
from clustering.sources import import_tracks
from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import UNKNOWN_ARTIST, read_tracks, write_tracks
from emotions.estimate import EmotionEstimate
from foundation.errors import InputError


@pytest.fixture(scope="module")
def frame():
    return read_tracks().frame.head(300)


def exportify(frame, path):
    """Write rows as Exportify does."""
    names = {"track_id": "Track URI", "name": "Track Name", "artist": "Artist Name(s)"}
    other = {name: name.capitalize() for name in FEATURE_NAMES}
    table = frame[[*names, *FEATURE_NAMES]].rename(columns=names | other)
    table["Track URI"] = "spotify:track:" + table["Track URI"]
    table.assign(ISRC="NLA32" + pd.Series(range(len(table)), table.index).astype(str)).to_csv(
        path, index=False
    )
    return path


def fma(folder, n=30):
    """Write the two files of FMA's metadata with their several header lines."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    names = [name for name in FEATURE_NAMES if name != "loudness"] + ["liveness"]
    features = pd.DataFrame(rng.uniform(0.05, 0.6, (n, len(names))), columns=names)
    features["tempo"] *= 200
    features.columns = pd.MultiIndex.from_tuples(
        [("echonest", "audio_features", name) for name in names]
    )
    features.index = pd.Index(range(2, n + 2), name="track_id")
    told = pd.DataFrame(
        {
            ("album", "title"): "AWOL",
            ("album", "date_released"): "2009-01-05 00:00:00",
            ("artist", "name"): [f"Nobody {i // 2}" for i in range(n + 5)],
            ("track", "title"): [f"Piece {i}" for i in range(n + 5)],
            ("track", "genre_top"): "Folk",
            ("track", "duration"): 168,
            ("track", "license"): "Attribution 3.0 International",
        },
        index=pd.Index(range(2, n + 7), name="track_id"),
    )
    told.columns = pd.MultiIndex.from_tuples(told.columns)
    features.to_csv(folder / "echonest.csv")
    told.to_csv(folder / "tracks.csv")
    pages = [f"http://freemusicarchive.org/music/AWOL/{number}" for number in told.index]
    raw = pd.DataFrame({"track_id": told.index, "track_listens": 9, "track_url": pages})
    raw.loc[1, "track_url"] = "javascript:alert(1)"
    raw.to_csv(folder / "raw_tracks.csv", index=False)
    return folder


def test_sources_of_several_layouts_are_counted_and_merged(frame, tmp_path):
    kaggle = frame.iloc[:200].rename(
        columns={"name": "track_name", "artist": "artists", "genre": "track_genre"}
    )
    kaggle.loc[0, "energy"] = np.nan
    kaggle.to_csv(tmp_path / "kaggle.csv", index=False)
    liked = exportify(frame.iloc[150:], tmp_path / "liked.csv")
    imported = import_tracks([tmp_path / "kaggle.csv", liked])
    assert len(imported.frame) == 299
    assert [len(table) for table in imported.tables] == [199, 150]
    assert imported.merged_ids == 50 and imported.conflicts == 0
    assert "1 broken [most often: energy is missing]" in imported.summary()
    assert "50 merged by id" in imported.summary()
    assert imported.frame["source"].value_counts().to_dict() == {
        "kaggle.csv": 199,
        "liked.csv": 100,
    }
    # What the first source lacks comes from the second.
    both = imported.frame.set_index("track_id").loc[frame["track_id"].iloc[150:200]]
    assert both["isrc"].notna().all() and both["genre"].notna().all()


def test_the_source_given_first_wins_a_conflict(frame, tmp_path):
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.assign(valence=1 - frame["valence"], energy=0.5).to_csv(tmp_path / "b.csv", index=False)
    one = import_tracks([tmp_path / "a.csv", tmp_path / "b.csv"])
    other = import_tracks([tmp_path / "b.csv", tmp_path / "a.csv"])
    assert one.frame["valence"].to_numpy() == pytest.approx(frame["valence"].to_numpy())
    assert (other.frame["energy"] == 0.5).all()
    assert one.conflicts > 250 and "the features differed" in one.summary()


def test_a_table_that_was_written_reads_as_it_was(frame, tmp_path):
    frame.to_csv(tmp_path / "a.csv", index=False)
    imported = import_tracks([tmp_path / "a.csv"])
    for name in ("t.parquet", "t.csv"):
        write_tracks(imported.frame, tmp_path / "new" / name)
        again = read_tracks(tmp_path / "new" / name)
        assert len(again) == len(frame) and not again.broken
        assert import_tracks([tmp_path / "new" / name]).frame["track_id"].tolist() == (
            imported.frame["track_id"].tolist()
        )
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["t.csv", "t.parquet"]


def test_a_folder_of_exports_is_read_file_by_file(frame, tmp_path):
    exportify(frame.iloc[:100], tmp_path / "liked.csv")
    exportify(frame.iloc[100:150], tmp_path / "gym.csv")
    imported = import_tracks([tmp_path])
    assert [table.source for table in imported.tables] == ["gym.csv", "liked.csv"]
    assert len(imported.frame) == 150


@pytest.mark.parametrize("packed", [False, True])
def test_fma_has_artists_estimated_loudness_and_plays(tmp_path, packed):
    folder = fma(tmp_path / "fma_metadata")
    source = folder
    if packed:
        source = tmp_path / "fma_metadata.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folder.iterdir():
                archive.write(path, f"fma_metadata/{path.name}")
    imported = import_tracks([source])
    assert len(imported.frame) == 30
    assert imported.frame["track_id"].iloc[0] == "fma-2"
    assert imported.frame["duration_ms"].iloc[0] == 168_000
    assert (imported.frame["year"] == 2009).all()
    assert imported.frame["loudness"].between(-25, -5).all()
    assert "loudness is estimated from energy" in imported.summary()
    assert (imported.frame["licence"] == "Attribution 3.0 International").all()
    write_tracks(imported.frame, tmp_path / "fma.parquet")
    playlist = make_playlist(EmotionEstimate.of("calm"), read_tracks(tmp_path / "fma.parquet"))
    assert len(playlist) == 20
    # A playlist links to where a track can be played freely, and to nothing but a web page.
    for track in playlist.tracks:
        number = track.track_id.removeprefix("fma-")
        page = f"http://freemusicarchive.org/music/AWOL/{number}"
        assert track.url == (None if number == "3" else page)


def test_fma_without_addresses_is_read(tmp_path):
    folder = fma(tmp_path / "fma_metadata")
    (folder / "raw_tracks.csv").unlink()
    assert import_tracks([folder]).frame["url"].isna().all()


def test_damaged_fma_metadata_is_refused(tmp_path):
    folder = fma(tmp_path / "fma_metadata")
    (folder / "echonest.csv").write_text("track_id,a\n1,2\n")
    with pytest.raises(InputError, match="not FMA's metadata"):
        import_tracks([folder])


def test_tracks_by_nobody_known_are_neither_merged_nor_capped(frame, tmp_path):
    anonymous = frame.drop(columns="artist").assign(name="Intro")
    anonymous.to_csv(tmp_path / "a.csv", index=False)
    imported = import_tracks([tmp_path / "a.csv"])
    assert len(imported.frame) == 300 and (imported.frame["artist"] == UNKNOWN_ARTIST).all()
    write_tracks(imported.frame, tmp_path / "t.parquet")
    catalogue = Catalogue.of(read_tracks(tmp_path / "t.parquet"))
    assert len(make_playlist(EmotionEstimate.of("sad"), catalogue)) == 20


def test_semicolons_decimal_commas_and_a_byte_order_mark(frame, tmp_path):
    text = frame.to_csv(index=False, sep=";", decimal=",")
    (tmp_path / "german.csv").write_text(text, "utf-8-sig")
    imported = import_tracks([tmp_path / "german.csv"]).frame
    assert imported["valence"].to_numpy() == pytest.approx(frame["valence"].to_numpy())


@pytest.mark.parametrize("name", ["t.xlsx", "t"])
def test_a_table_is_written_as_parquet_or_csv_only(frame, tmp_path, name):
    with pytest.raises(InputError, match=r"\.parquet or \.csv"):
        write_tracks(frame, tmp_path / name)


def test_what_cannot_be_imported_is_answered(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="without music"):
        import_tracks([tmp_path / "empty"])
    with pytest.raises(InputError, match="there is no file"):
        import_tracks([tmp_path / "gone.csv"])
    with pytest.raises(InputError, match="at least one table"):
        import_tracks([])


def test_echo_nest_tables_without_artist_and_loudness_become_a_table(tmp_path, big_tables):
    imported = import_tracks([big_tables / "fma_echonest.parquet"])
    assert len(imported.frame) > 4_000
    assert "most often: name is missing" in imported.summary()
    assert "loudness is estimated" in imported.summary() and "unknown" in imported.summary()


def test_the_command_writes_a_table_and_names_mistakes(emotify, frame, tmp_path):
    frame.to_csv(tmp_path / "a.csv", index=False)
    out = tmp_path / "t.parquet"
    code, text, err = emotify("tracks", "import", tmp_path / "a.csv", "--out", out)
    assert code == 0 and "300 tracks" in text and "nothing left out" in err
    assert len(read_tracks(out)) == 300
    code, _, err = emotify("tracks", "import", tmp_path / "b.csv", "--out", out)
    assert code == 2 and "b.csv" in err
