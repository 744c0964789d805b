"""`emotify playlist`: from a recording or a feeling to music, and every wish that is refused."""

import json

import pandas as pd
import pytest

from clustering.tables.tracks import DEFAULT_TABLE
from foundation.shipped import shipped

RECORDING = shipped("data", "samples", "reading_short.wav")


@pytest.mark.parametrize("mode", ["match", "lift", "journey"])
def test_a_recording_becomes_a_playlist(emotify, mode):
    code, out, err = emotify("playlist", RECORDING, "--mode", mode, "--json")
    answer = json.loads(out)
    assert code == 0 and "tracks from" in err
    assert {"emotion", "mode", "mood", "clusters", "coverage", "tracks"} <= set(answer)
    assert set(answer["mood"]) == {"name", "valence", "arousal"}
    assert answer["mode"] == mode and len(answer["tracks"]) == 20
    assert {"track_id", "name", "artist", "url", "distance", "energy", "valence"} <= set(
        answer["tracks"][0]
    )
    assert answer["tracks"][0]["url"].startswith("https://open.spotify.com/track/")


def test_a_named_emotion_writes_every_kind_of_file(emotify, tmp_path):
    frame = pd.read_parquet(DEFAULT_TABLE).head(600)
    frame["path"] = [f"/music/{number}.mp3" for number in range(len(frame))]
    frame.to_parquet(tmp_path / "mine.parquet")
    outputs = {kind: tmp_path / f"list.{kind}" for kind in ("csv", "html", "m3u")}
    code, out, _ = emotify(
        "playlist", "--emotion", "Happy", "-n", 7, "--tracks", tmp_path / "mine.parquet",
        *(word for kind, path in outputs.items() for word in (f"--{kind}", path)),
    )  # fmt: skip
    assert code == 0 and "happy" in out
    assert len(pd.read_csv(outputs["csv"])) == 7
    assert "open.spotify.com" in outputs["html"].read_text("utf-8")
    assert outputs["m3u"].read_text("utf-8").count("/music/") == 7
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "list.csv", "list.html", "list.m3u", "mine.parquet",
    ]  # fmt: skip


def test_a_seed_repeats_and_another_seed_differs(emotify):
    def ids(seed):
        _, out, _ = emotify("playlist", "--emotion", "sad", "--json", "--seed", seed)
        return [track["track_id"] for track in json.loads(out)["tracks"]]

    assert ids(1) == ids(1) != ids(2)


def test_minutes_and_genre_are_kept(emotify):
    code, out, _ = emotify(
        "playlist", "--emotion", "calm", "--minutes", 60, "--genre", "country", "--json"
    )
    frame = pd.read_parquet(DEFAULT_TABLE).set_index("track_id")
    chosen = frame.loc[[track["track_id"] for track in json.loads(out)["tracks"]]]
    assert code == 0
    assert chosen["duration_ms"].sum() / 60_000 == pytest.approx(60, abs=5)
    assert chosen["genre"].str.contains("country").all()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--emotion", "bored"], "surprised"),
        (["--emotion", "sad", "--mode", "cure"], "journey"),
        (["--emotion", "sad", "--genre", "polka"], "metal"),
        (["--emotion", "sad", "-n", "0"], "n_tracks"),
        (["--emotion", "sad", "--minutes", "-5"], "minutes"),
        (["--emotion", "sad", "--years", "then"], "FROM-TO"),
        (["--emotion", "sad", "--m3u", "list.m3u"], "path"),
        (["--emotion", "sad", "--csv", "/no/such/folder/list.csv"], "folder"),
        ([], "--emotion"),
        ([str(RECORDING), "--emotion", "sad"], "not both"),
        (["--emotion", "sad", "--unknown"], "--unknown"),
    ],
)
def test_a_mistake_in_the_wishes_says_what_exists(
    emotify, tmp_path, monkeypatch, arguments, expected
):
    monkeypatch.chdir(tmp_path)
    code, out, err = emotify("playlist", *arguments)
    assert code == 2 and out == "" and expected in err
    assert not any(tmp_path.iterdir())


def _table(path, change):
    frame = change(pd.read_parquet(DEFAULT_TABLE).head(200))
    frame.to_csv(path, index=False)


BAD_TABLES = {
    "lacks_columns": (lambda f: f.drop(columns=["valence", "energy"]), "valence"),
    "text_in_numbers": (lambda f: f.assign(energy=["loud", *f["energy"][1:]]), "loud"),
    "no_rows": (lambda f: f.head(0), "0"),
    "one_row": (lambda f: f.head(1), "1"),
}


@pytest.mark.parametrize("kind", BAD_TABLES)
@pytest.mark.parametrize(
    "command", [["playlist", "--emotion", "sad", "--tracks"], ["moods", "fit"]]
)
def test_a_bad_table_gets_an_answer(emotify, tmp_path, kind, command):
    change, expected = BAD_TABLES[kind]
    _table(tmp_path / "table.csv", change)
    rest = ["--out", tmp_path / "moods"] if command[0] == "moods" else []
    code, out, err = emotify(*command, tmp_path / "table.csv", *rest)
    assert code == 2 and out == ""
    assert "table.csv" in err and expected in err
    assert not (tmp_path / "moods").exists()


def test_a_small_table_gives_what_there_is_and_says_so(emotify, tmp_path):
    _table(tmp_path / "table.csv", lambda frame: frame.drop_duplicates("artist").head(6))
    code, out, _ = emotify(
        "playlist", "--emotion", "happy", "--tracks", tmp_path / "table.csv", "--json"
    )
    answer = json.loads(out)
    assert code == 0 and 2 <= len(answer["tracks"]) <= 6
    assert any("20" in note for note in answer["notes"])
