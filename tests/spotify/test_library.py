"""The listener's own tracks: each once, page by page, and an interrupted fetch goes on."""

import json

import pytest

from foundation.errors import InputError
from spotify.errors import ForbiddenError, UnreachableError
from spotify.library import fetch_tracks, finished, scopes
from spotify.stand_in.server import Fault

EPISODE = {"type": "episode", "id": "E" * 22, "uri": "spotify:episode:x", "name": "talk"}
LOCAL = {"type": "track", "id": None, "uri": "spotify:local:x", "name": "mine", "is_local": True}


@pytest.fixture
def fetch(account, home, listener):
    return lambda kind: fetch_tracks(account, kind, state=home / "state.json", tell=listener.tell)


def test_liked_tracks_of_several_pages(fetch, there, track_id):
    there.service.liked = [track_id(i) for i in range(130)]
    own = fetch("liked")
    assert list(own.frame.columns) == ["track_id", "name", "artist", "isrc"]
    assert list(own.frame["track_id"]) == [track_id(i) for i in range(130)]
    assert tuple(own.frame.iloc[7]) == (track_id(7), "Title 7", "Artist 7", "QZABC0000007")
    assert len(there.calls("GET /v1/me/tracks")) == 3


def test_what_is_no_track_is_counted(fetch, there, track_id):
    there.service.liked = [
        track_id(1),
        None,
        {"track": None},
        {"track": EPISODE},
        {"item": LOCAL},
        track_id(1),
        track_id(2),
    ]
    own = fetch("liked")
    assert list(own.frame["track_id"]) == [track_id(1), track_id(2)]
    assert (own.n_skipped, own.n_repeated) == (4, 1)
    assert "4 are no tracks of Spotify" in own.summary()


def test_several_artists_and_no_isrc(fetch, there, track_id):
    from spotify.stand_in.server import CatalogueTrack

    there.service.tracks[track_id(1)] = CatalogueTrack(track_id(1), "Duet", ("A", "B"))
    there.service.liked = [track_id(1)]
    [row] = fetch("liked").frame.to_dict("records")
    assert row["artist"] == "A;B"
    assert row["isrc"] != row["isrc"]  # missing


def test_an_empty_library_gives_an_empty_table(fetch):
    own = fetch("liked")
    assert len(own.frame) == 0
    assert list(own.frame.columns) == ["track_id", "name", "artist", "isrc"]


def test_own_and_shared_playlists_only(fetch, there, uris, track_id):
    there.service.add_playlist("Mine", entries=uris(*range(60)))
    there.service.add_playlist("Followed", owner="other", entries=uris(100))
    there.service.add_playlist("Shared", owner="other", collaborative=True, entries=uris(101, 5))
    own = fetch("playlists")
    assert set(own.frame["track_id"]) == {track_id(i) for i in (*range(60), 101)}
    assert own.n_repeated == 1


@pytest.mark.parametrize("status", [403, 404])
def test_a_playlist_that_cannot_be_read_is_named(fetch, there, uris, track_id, status):
    there.service.add_playlist("Closed", entries=uris(1))
    there.service.add_playlist("Open", entries=uris(2))
    there.faults.append(Fault(status=status, call=r"GET /v1/playlists/0+1/items", times=9))
    own = fetch("playlists")
    assert list(own.frame["track_id"]) == [track_id(2)]
    assert "'Closed' was left out" in own.summary()


def test_top_tracks_of_all_ranges(fetch, there, track_id):
    there.service.top = {
        "long_term": [track_id(1), track_id(2)],
        "medium_term": [track_id(2), track_id(3)],
        "short_term": [track_id(4)],
    }
    own = fetch("top")
    assert list(own.frame["track_id"]) == [track_id(i) for i in (1, 2, 3, 4)]


@pytest.mark.parametrize("kind", ["liked", "top", "playlists"])
def test_an_interrupted_fetch_goes_on(fetch, there, home, uris, track_id, kind):
    there.service.liked = [track_id(i) for i in range(130)]
    there.service.top = {"long_term": [track_id(i) for i in range(130)]}
    there.service.add_playlist("Mine", entries=uris(*range(130)))
    pages = r"GET /v1/(me/tracks|me/top/tracks|playlists/\w+/items)"
    there.faults.append(Fault("drop before", call=pages, nth=3, times=4))
    with pytest.raises(UnreachableError):
        fetch(kind)
    assert (home / "state.json").stat().st_mode & 0o777 == 0o600
    if kind == "liked":  # as it was written before files said of which kind they are
        stored = json.loads((home / "state.json").read_text("utf-8"))
        assert stored.pop("format") and stored["format_version"] == 1
        (home / "state.json").write_text(json.dumps(stored), "utf-8")
    there.asked.clear()
    own = fetch(kind)
    assert list(own.frame["track_id"]) == [track_id(i) for i in range(130)]
    assert own.n_repeated == 0
    assert there.calls(pages)[0].query["offset"] == "100"
    there.asked.clear()
    assert len(fetch(kind).frame) == 130  # still known, until told that it is stored
    assert not there.calls(pages)
    finished(home / "state.json")
    fetch(kind)
    assert there.calls(pages)


def test_what_another_fetch_left_is_not_used(fetch, there, home, listener, track_id):
    there.service.liked = [track_id(1)]
    there.service.top = {"long_term": [track_id(2)]}
    fetch("liked")
    assert list(fetch("top").frame["track_id"]) == [track_id(2)]
    for text in ("", "[]", "{}", '{"format_version": 1}', "\0"):
        (home / "state.json").write_text(text)
        assert list(fetch("liked").frame["track_id"]) == [track_id(1)]
    assert listener.said.count("state.json: is damaged") == 4
    assert listener.said.count("everything is fetched anew") == 5


def test_kinds_and_scopes(fetch, there, listener, home):
    assert scopes("playlists") == ("playlist-read-private", "playlist-read-collaborative")
    with pytest.raises(InputError, match="liked, playlists, top"):
        fetch("disliked")


def test_a_missing_permission_is_not_passed_over(there, listener, home):
    from spotify.client import Account
    from spotify.login import authorise

    account = Account(authorise([], listener.dialogue()))
    with pytest.raises(ForbiddenError, match="user-library-read"):
        fetch_tracks(account, "liked", state=home / "s.json")


def test_a_list_that_has_changed_meanwhile_is_read_from_its_beginning(
    there, account, home, listener, track_id
):
    there.service.liked = [track_id(i) for i in range(120)]
    there.faults.append(Fault(status=429, retry_after="7200", call="GET /v1/me/tracks", nth=3))
    with pytest.raises(InputError):
        fetch_tracks(account, "liked", state=home / "state.json", tell=listener.tell)
    there.faults.clear()
    there.service.liked = [track_id(200), *there.service.liked]  # the latest come first
    own = fetch_tracks(account, "liked", state=home / "state.json", tell=listener.tell)
    assert set(own.frame["track_id"]) == {track_id(i) for i in (200, *range(120))}
