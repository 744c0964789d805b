"""Lists of tracks without features get them from tables at hand, and from ReccoBeats."""

import pandas as pd
import pytest

from clustering.tables.layouts import FEATURE_NAMES
from clustering.tables.tracks import read_tracks
from spotify.stand_in.server import StandIn

TUNE_MY_MUSIC = ["Spotify - id", "Track name", "Artist name", "Album"]


@pytest.fixture(scope="module")
def frame():
    return read_tracks().frame.drop_duplicates("artist").head(8).reset_index(drop=True)


@pytest.fixture
def reccobeats(frame, monkeypatch):
    """ReccoBeats, which knows the first three tracks."""
    values = {name: float(frame[name].median()) for name in FEATURE_NAMES}
    with StandIn([]) as stand_in:
        stand_in.features = dict.fromkeys(frame["track_id"][:3], values)
        for variable, value in stand_in.environment().items():
            monkeypatch.setenv(variable, value)
        yield stand_in


@pytest.fixture
def listed(frame, tmp_path):
    """Write a list as TuneMyMusic does, and return its path."""
    table = frame[["track_id", "name", "artist", "album"]].set_axis(TUNE_MY_MUSIC, axis=1)
    table["Artist name"] = table["Artist name"].str.replace(";", ", ")
    table.to_csv(tmp_path / "list.csv", index=False)
    return tmp_path / "list.csv"


def imported(emotify, out, *arguments):
    code, _, err = emotify("tracks", "import", *arguments, "--out", out)
    return code, err, (pd.read_parquet(out).set_index("track_id") if out.exists() else None)


def test_what_no_table_has_is_asked_of_reccobeats(emotify, reccobeats, frame, listed, tmp_path):
    frame.iloc[[0, 4]].to_csv(tmp_path / "mine.csv", index=False)
    out = tmp_path / "out.parquet"
    code, err, table = imported(emotify, out, listed, "--features", tmp_path / "mine.csv")
    assert code == 0
    assert table.index.tolist() == frame["track_id"][[0, 1, 2, 4]].tolist()
    ours = frame.set_index("track_id")
    for track_id in frame["track_id"][[0, 4]]:  # tables at hand come first
        assert table.loc[track_id, "energy"] == pytest.approx(ours.loc[track_id, "energy"])
    assert "features of 2 tracks from mine.csv" in err
    assert "features of 2 tracks from ReccoBeats" in err
    assert "4 tracks have no features" in err and frame["name"][7] in err
    code, said, _ = emotify("playlist", "--emotion", "sad", "-n", "2", "--tracks", out)
    assert code == 0 and said.count("open.spotify.com") == 2


def test_nobody_is_asked_who_should_not_be(emotify, reccobeats, frame, listed, tmp_path):
    out = tmp_path / "out.parquet"
    code, err, _ = imported(emotify, out, listed, "--no-reccobeats")
    assert code == 2 and "give --features TABLE" in err and not out.exists()
    frame.to_csv(tmp_path / "mine.csv", index=False)
    code, err, table = imported(
        emotify, out, listed, "--no-reccobeats", "--features", tmp_path / "mine.csv"
    )
    assert code == 0 and len(table) == len(frame)
    assert not reccobeats.asked


def test_a_list_without_ids_takes_them_from_the_table(emotify, reccobeats, frame, tmp_path):
    names = {"name": "title", "artist": "artist", "isrc": "isrc"}
    told = frame.assign(isrc=[f"QZEMO{number:07d}" for number in range(len(frame))])
    told.to_csv(tmp_path / "mine.csv", index=False)
    by_isrc = told[[*names]].rename(columns=names)
    by_isrc.loc[:3, "artist"] = "somebody else"
    by_isrc.loc[4:, "isrc"] = None
    by_isrc.to_csv(tmp_path / "soundiiz.csv", index=False, sep=";")
    code, err, table = imported(
        emotify, tmp_path / "out.parquet", tmp_path / "soundiiz.csv",
        "--features", tmp_path / "mine.csv",
    )  # fmt: skip
    assert code == 0, err
    assert table.index.tolist() == frame["track_id"].tolist()
    assert table["name"].tolist() == frame["name"].tolist()


def test_lists_and_tables_are_imported_together(emotify, reccobeats, frame, listed, tmp_path):
    frame.iloc[5:].to_csv(tmp_path / "mine.csv", index=False)
    out = tmp_path / "out.parquet"
    code, err, table = imported(emotify, out, listed, tmp_path / "mine.csv")
    assert code == 0 and len(table) == 6
    assert table["source"].tolist() == ["list.csv"] * 3 + ["mine.csv"] * 3
    code, err, _ = imported(emotify, out, tmp_path / "mine.csv", "--features", listed)
    assert code == 2 and "list of tracks without audio features" in err
    code, err, _ = imported(emotify, out, tmp_path / "mine.csv", "--features", out)
    assert code == 0 and "--features was not needed" in err


def test_a_service_that_fails_is_said_and_a_repeat_goes_on(
    emotify, reccobeats, listed, tmp_path, monkeypatch
):
    out = tmp_path / "out.parquet"
    monkeypatch.setattr("spotify.reccobeats.PAUSES_SECONDS", ())
    with monkeypatch.context() as away:
        away.setenv("EMOTIFY_RECCOBEATS_URL", "http://127.0.0.1:9")
        code, err, _ = imported(emotify, out, listed)
        assert code == 2 and "ReccoBeats does not answer" in err
    code, _, table = imported(emotify, out, listed)
    assert code == 0 and len(table) == 3
