"""No name, title or message of others steers the terminal, splits a line or is run as a formula."""

import io
import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest

from app.terminal import ShownStream
from clustering.choice.wish import Wish
from clustering.playlist import make_playlist
from clustering.tables.tracks import DEFAULT_TABLE, tracks_from_frame
from emotions.estimate import EmotionEstimate

FORGED = "emotify: all is well"
NAME = f"x\n{FORGED}\x1b[2J\x9b31m\u202e\r"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def check(text):
    """Look at what went to a terminal."""
    assert not STEERS.search(text), ascii(text)
    assert not any(line.startswith(FORGED) for line in text.splitlines()), ascii(text)


def strange(folder, suffix=""):
    path = folder / f"{NAME}{suffix}"
    try:
        path.touch()
    except OSError as error:
        pytest.skip(f"this file system does not take such a name: {error}")
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["recognize", "{path}"],
        ["recognize", "{path}.wav"],
        ["playlist", "{path}"],
        ["playlist", "--emotion", "{name}"],
        ["playlist", "--emotion", "sad", "--mode", "{name}"],
        ["playlist", "--emotion", "sad", "--genre", "{name}"],
        ["playlist", "--emotion", "sad", "--language", "{name}"],
        ["playlist", "--emotion", "sad", "--years", "{name}"],
        ["playlist", "--emotion", "sad", "--moods", "{path}"],
        ["playlist", "--emotion", "sad", "--profile", "{path}.toml"],
        ["playlist", "--emotion", "sad", "--csv", "{path}/x"],
        ["playlist", "--emotion", "sad", "--html", "{folder}"],
        ["playlist", "--emotion", "sad", "--unknown{name}"],
        ["playlist", "--resume", "{path}"],
        ["playlist", "like", "{name}"],
        ["playlist", "refresh", "{name}"],
        ["recognize", "--model", "{path}", "{path}"],
        ["recognize", "--speaker", "{name}", "{path}"],
        ["enrol", "ann", "{path}"],
        ["history", "--plot", "{path}"],
        ["tracks", "download", "{name}"],
        ["moods", "fit", "{path}", "--out", "{path}"],
        ["evaluate", "--model", "{path}"],
        ["{name}"],
    ],
    ids=" ".join,
)
def test_messages_hold_names_as_text(emotify, tmp_path, arguments):
    path = strange(tmp_path)
    (tmp_path / f"f{NAME}").mkdir()
    places = {"{path}": str(path), "{name}": NAME, "{folder}": str(tmp_path / f"f{NAME}")}
    for place, value in places.items():
        arguments = [word.replace(place, value) for word in arguments]
    _, out, err = emotify(*arguments)
    check(out)
    check(err)


@pytest.fixture(scope="module")
def table():
    """A table of tracks whose texts are hostile; every one of them has a sound file."""
    frame = pd.read_parquet(DEFAULT_TABLE).head(300).copy()
    frame["track_id"] = [f"={NAME}{number}" for number in range(len(frame))]
    frame["name"] = [f"{NAME} {number}" for number in range(len(frame))]
    frame["artist"] = [f"\uff1d{NAME}{number}" for number in range(len(frame))]
    frame["path"] = [f"/music/{NAME}{number}.mp3" for number in range(len(frame))]
    return frame


def test_a_playlist_of_hostile_titles_is_text_wherever_it_goes(emotify, table, tmp_path):
    table.to_parquet(tmp_path / f"{NAME}.parquet")
    places = {kind: tmp_path / f"{NAME}.{kind}" for kind in ("csv", "html", "m3u")}
    code, out, err = emotify(
        "playlist", "--emotion", "sad", "-n", 5, "--tracks", tmp_path / f"{NAME}.parquet",
        *(word for kind, path in places.items() for word in (f"--{kind}", path)),
    )  # fmt: skip
    assert code == 0
    check(out)
    check(err)
    written = {kind: path.read_text("utf-8") for kind, path in places.items()}
    for text in written.values():
        check(unescape(text))
    lines = written["m3u"].splitlines()
    assert len(lines) == 11
    files = [unquote(urlsplit(line).path) for line in lines[2::2]]
    assert set(files) <= set(table["path"])
    rows = pd.read_csv(io.StringIO(written["csv"]))
    assert len(rows) == 5 and len(written["csv"].splitlines()) == 6
    assert rows["artist"].str.startswith("'\uff1d").all()
    assert rows["track_id"].str.startswith("'=").all()
    for last in (["history"], ["history", "--last"], ["playlist", "like", "1"]):
        code, out, err = emotify(*last)
        assert code == 0
        check(out)
        check(err)


def test_json_is_text_too_and_says_what_is_there(emotify, table, tmp_path):
    table.to_parquet(tmp_path / "mine.parquet")
    _, out, err = emotify(
        "playlist", "--emotion", "sad", "-n", 3, "--tracks", tmp_path / "mine.parquet", "--json"
    )
    check(out)
    check(err)
    tracks = json.loads(out)["tracks"]
    assert {track["path"] for track in tracks} <= set(table["path"])
    assert {track["track_id"] for track in tracks} <= {text.strip() for text in table["track_id"]}


def test_a_notebook_is_shown_text(table):
    playlist = make_playlist(EmotionEstimate.of("sad"), tracks_from_frame(table), Wish(n_tracks=3))
    check(unescape(playlist.to_html_table()))
    check(playlist.describe())
    check(playlist.to_json())


def written(table, names, folder):
    """Return the titles in the CSV of a playlist from a table whose tracks have these names."""
    numbers = [str(number) for number in range(len(table))]
    artists = [f"Artist {number}" for number in numbers]
    frame = table.assign(track_id=numbers, name=names, artist=artists, path=None)
    playlist = make_playlist(EmotionEstimate.of("sad"), tracks_from_frame(frame), Wish(n_tracks=2))
    playlist.to_csv(folder / "list.csv")
    return pd.read_csv(folder / "list.csv", dtype=str)["name"]


@pytest.mark.parametrize(
    "start",
    ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", " =", "\u00a0=",
     "\u3000@", "\t=", "\r=", "\n=", "\r\n\t =", "\u200e=", "\u00ad=", "\x1f="],
)  # fmt: skip
def test_no_cell_is_a_formula(table, tmp_path, start):
    cells = written(table, [f"{start}1+1 {number}" for number in range(len(table))], tmp_path)
    # What cannot be seen is spelled out, and then it is no formula either.
    assert cells.str.match(r"'|\\").all(), cells.tolist()


@pytest.mark.parametrize("start", ["A", "1", "é", "فيروز", "\u200fשיר", "👍", "(", "#", "'", "\\"])  # noqa: RUF001
def test_a_title_that_is_no_formula_stays(table, tmp_path, start):
    names = [f"{start} {number}" for number in range(len(table))]
    cells = written(table, names, tmp_path)
    assert set(cells) <= set(names)


@pytest.mark.parametrize("path", ["#1 hit.mp3", " leads.mp3", "a\u202eb.mp3"])
def test_a_list_for_players_names_files_that_they_find(table, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    playlist = make_playlist(
        EmotionEstimate.of("sad"), tracks_from_frame(table.assign(path=path)), Wish(n_tracks=1)
    )
    playlist.to_m3u("list.m3u8")
    line = Path("list.m3u8").read_text("utf-8").splitlines()[2]
    assert unquote(line.removeprefix("file://")) == str(tmp_path / path)


def test_progress_bars_still_move_on_standard_error_alone():
    for bars, expected in ((True, "\r 50% a\\u001b[A"), (False, "\\r 50% a\\u001b[A")):
        inner = io.StringIO()
        stream = ShownStream(inner, bars=bars)
        stream.write("\r 50% a\x1b[A")
        assert inner.getvalue() == expected
    inner = io.StringIO()
    stream = ShownStream(inner, bars=True)
    for text in ("\n\n", "\n\x1b[A\x1b[A", "\r   \r"):
        stream.write(text)
    assert inner.getvalue() == "\n\n\n\x1b[A\x1b[A\r   \r"
    assert stream.getvalue() == inner.getvalue()
