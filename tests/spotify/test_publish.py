"""A playlist in the account is what was wanted, whatever was there before."""

import json
import os
import subprocess
import sys

import pytest

from foundation.errors import InputError
from foundation.shipped import CHECKOUT
from spotify import publish as publishing
from spotify.errors import QuotaExceededError, RefusedError, UnreachableError, UnsureError
from spotify.matching import WantedTrack
from spotify.publish import plan, publish, resume
from spotify.stand_in.server import CatalogueTrack, Fault, StandIn

ROOT = CHECKOUT
WRITES = r"(POST|PUT|DELETE) /v1/.*"
ITEMS = r"/v1/playlists/\w+/items"


@pytest.fixture
def put(account, listener, home):
    """Publish as a run does: `put(request) -> Published`."""
    return lambda request, **more: publish(
        account, request, folder=home / "journals", tell=listener.tell, **more
    )


def only(there):
    """The one playlist that is listed."""
    [playlist] = [one for one in there.service.playlists.values() if one.is_listed]
    return playlist


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_all_tracks_are_there_in_order_and_a_repeat_writes_nothing(
    put, there, wanted, uris, request_of, count
):
    request = request_of(wanted(*range(count)))
    first = put(request)
    assert first.changed
    assert only(there).entries == uris(*range(count))
    assert first.url.endswith(only(there).playlist_id)
    assert len(there.calls("POST " + ITEMS)) == -(-count // 100)
    there.asked.clear()
    again = put(request)
    assert not again.changed
    assert again.playlist_id == first.playlist_id
    assert not there.calls(WRITES)


def test_name_description_and_privacy_are_as_asked(put, there, wanted, request_of):
    put(request_of(wanted(1), name=" Calm\n evening ", description="a\nb" * 200))
    assert only(there).name == "Calm evening"
    assert only(there).description.startswith("a b")
    assert len(only(there).description) <= 300
    assert only(there).public is False


def test_a_public_playlist_is_public(put, there, wanted, request_of):
    put(request_of(wanted(1), public=True))
    assert only(there).public is True


@pytest.mark.parametrize("tracks", [[], [WantedTrack(None, "Nowhere", "Nobody")]])
def test_without_any_track_no_playlist_is_made(put, there, request_of, tracks):
    with pytest.raises(InputError, match="no playlist was made"):
        put(request_of(tracks))
    assert not there.service.playlists
    assert not there.calls(WRITES)


def test_an_empty_name_and_a_bad_key_are_refused(put, wanted, request_of):
    with pytest.raises(InputError, match="name"):
        request_of(wanted(1), name=" \n")
    with pytest.raises(InputError, match="key"):
        put(request_of(wanted(1), key="../x"))


def test_a_renewal_changes_the_same_playlist(put, there, wanted, uris, request_of):
    first = put(request_of(wanted(*range(120))))
    second = put(request_of(wanted(*range(50, 200)), name="Morning", description="fresh"))
    assert second.playlist_id == first.playlist_id
    assert only(there).entries == uris(*range(50, 200))
    assert (only(there).name, only(there).description) == ("Morning", "fresh")


def test_a_shorter_renewal_leaves_nothing_behind(put, there, wanted, uris, request_of):
    put(request_of(wanted(*range(150))))
    put(request_of(wanted(3, 2)))
    assert only(there).entries == uris(3, 2)


def test_a_playlist_that_lacks_its_end_is_only_added_to(put, there, wanted, uris, request_of):
    request = request_of(wanted(*range(150)))
    put(request)
    del only(there).entries[120:]
    there.asked.clear()
    assert put(request).changed
    [write] = there.calls(WRITES)
    assert (write.method, write.query) == ("POST", {})
    assert write.body == {"uris": uris(*range(120, 150)), "position": 120}


def test_what_the_listener_put_in_between_is_replaced(put, there, wanted, uris, request_of):
    request = request_of(wanted(1, 2, 3))
    put(request)
    local = {"item": {"type": "track", "id": None, "uri": "spotify:local:x", "is_local": True}}
    only(there).entries.insert(1, local)
    put(request)
    assert only(there).entries == uris(1, 2, 3)


def test_an_empty_place_does_not_count_as_a_difference(put, there, wanted, request_of):
    request = request_of(wanted(1, 2, 3))
    put(request)
    only(there).entries.append({"item": None})
    there.asked.clear()
    assert not put(request).changed
    assert not there.calls(WRITES)


def test_a_playlist_removed_by_hand_is_made_again(put, there, listener, wanted, uris, request_of):
    request = request_of(wanted(1, 2))
    first = put(request)
    only(there).is_listed = False  # what deleting means on Spotify: the id still answers
    second = put(request)
    assert second.playlist_id != first.playlist_id
    assert only(there).entries == uris(1, 2)
    assert "no longer among your playlists" in listener.said
    assert any("no longer" in note for note in second.notes)


def test_a_playlist_removed_in_between_is_made_again_once(put, there, wanted, uris, request_of):
    def remove(number, when):
        asked = there.asked[number - 1]
        if when == "before" and asked.method == "POST" and asked.path.endswith("/items"):
            there.watch = lambda number, when: None
            there.service.playlists.pop(asked.path.split("/")[3])

    there.watch = remove
    published = put(request_of(wanted(*range(130))))
    assert only(there).entries == uris(*range(130))
    assert any("no longer" in note for note in published.notes)


def test_another_playlist_of_that_name_stays_as_it_is(put, there, wanted, uris, request_of):
    old = there.service.add_playlist("Evening", entries=uris(7, 8))
    published = put(request_of(wanted(1)))
    assert published.playlist_id != old.playlist_id
    assert old.entries == uris(7, 8)


@pytest.mark.parametrize("kind", ["drop before", "drop after"])
def test_only_the_playlist_that_was_made_is_taken_for_it(
    put, there, wanted, uris, request_of, kind
):
    empty = there.service.add_playlist("Evening")
    others = [empty]

    def somebody_else_is_quicker(number, when):
        if there.asked[number - 1].method == "POST" and len(others) == 1:
            others.append(there.service.add_playlist("Evening", entries=uris(9)))
            others.append(there.service.add_playlist("Evening", owner="other"))

    there.watch = somebody_else_is_quicker
    there.faults.append(Fault(kind, call="POST /v1/me/playlists"))
    published = put(request_of(wanted(1)))
    assert [one.entries for one in others] == [[], uris(9), []]
    assert there.service.playlists[published.playlist_id].entries == uris(1)
    assert len(there.service.playlists) == 4


def test_more_than_fifty_playlists_are_looked_through(put, there, wanted, request_of):
    request = request_of(wanted(1))
    first = put(request)
    for number in range(120):
        there.service.add_playlist(f"Other {number}")
    assert put(request).playlist_id == first.playlist_id
    assert len(there.calls("POST /v1/me/playlists")) == 1


def test_two_wanted_tracks_that_are_one_count_once(put, there, wanted, uris, request_of):
    twin = WantedTrack(None, "Title 1", "Artist 1", isrc="QZ-ABC-00-00001")
    published = put(request_of([*wanted(1), twin, *wanted(2)]))
    assert only(there).entries == uris(1, 2)
    assert any("once only: Title 1 by Artist 1" in note for note in published.notes)


def test_searched_tracks_show_their_score(put, there, uris, request_of):
    tracks = [WantedTrack("row-7", "Title 4", "Artist 4"), WantedTrack(None, "Nowhere", "Nobody")]
    published = put(request_of(tracks))
    assert only(there).entries == uris(4)
    text = published.describe()
    assert "Title 4 by Artist 4: Title 4 by Artist 4, found by a search (score 100)" in text
    assert "not found: Nowhere by Nobody" in text
    assert published.missing == (tracks[1],)


def test_a_repeat_searches_only_for_what_was_not_found(put, there, request_of):
    request = request_of([WantedTrack(None, "Title 4", "Artist 4"), WantedTrack(None, "No", "No")])
    put(request)
    there.asked.clear()
    put(request)
    assert {"No" in asked.query["q"] for asked in there.calls("GET /v1/search")} == {True}


def test_tracks_missing_in_the_market_are_searched_for_and_else_listed(
    home, monkeypatch, listener, numbered, wanted, request_of
):
    from spotify.client import Account
    from spotify.login import authorise

    tracks = numbered(20)
    for i in range(0, 20, 2):  # every other id is not playable; of these, half are there elsewhere
        tracks[i] = CatalogueTrack(
            tracks[i].track_id, f"Title {i}", (f"Artist {i}",), playable=False
        )
        if i % 4 == 0:
            other = f"O{i:021d}"
            tracks.append(CatalogueTrack(other, f"Title {i} - Remastered", (f"Artist {i}",)))
    with StandIn(tracks) as there:
        for variable, value in there.environment().items():
            monkeypatch.setenv(variable, value)
        account = Account(authorise(publishing.SCOPES, listener.dialogue()), sleep=listener.sleep)
        asked = [*wanted(*range(20)), WantedTrack("X" * 22, "Gone", "Nobody")]
        published = publish(account, request_of(asked), folder=home, tell=listener.tell)
        expected = [
            f"spotify:track:{'O' if i % 4 == 0 else 'T'}{i:021d}"
            for i in range(20)
            if i % 2 == 1 or i % 4 == 0
        ]
        assert only(there).entries == expected
        assert [track.name for track in published.missing] == [
            *(f"Title {i}" for i in range(2, 20, 4)),
            "Gone",
        ]
        there.asked.clear()
        again = publish(account, request_of(asked), folder=home, tell=listener.tell)
        assert not again.changed
        assert not there.calls("GET /v1/(tracks|search).*")


def test_when_no_track_exists_it_is_said(put, there, request_of):
    with pytest.raises(InputError, match="none of the tracks can be played"):
        put(request_of([WantedTrack("X" * 22, "Gone", "Nobody")]))


def test_a_refusal_that_no_track_explains_is_told_in_spotifys_words(put, there, wanted, request_of):
    there.faults.append(Fault(status=400, words="Too odd", call="POST " + ITEMS, times=99))
    with pytest.raises(RefusedError, match="Too odd"):
        put(request_of(wanted(1, 2)))


def test_tracks_left_out_silently_are_told_and_not_tried_again(
    put, there, track_id, wanted, uris, request_of
):
    for i in (0, 5):
        kept = there.service.tracks[track_id(i)]
        there.service.tracks[track_id(i)] = CatalogueTrack(
            kept.track_id, kept.name, kept.artists, kept=False
        )
    request = request_of(wanted(*range(8)))
    published = put(request)
    assert only(there).entries == uris(1, 2, 3, 4, 6, 7)
    assert [match.name for match in published.unavailable] == ["Title 0", "Title 5"]
    assert "left out by Spotify: Title 5 by Artist 5" in published.describe()
    there.asked.clear()
    again = put(request)
    assert not again.changed
    assert len(again.unavailable) == 2
    assert not there.calls(WRITES)


@pytest.mark.parametrize("kind", ["drop before", "drop after", "status", "not json", "odd json"])
@pytest.mark.parametrize(
    "call", ["POST /v1/me/playlists", "POST " + ITEMS, "PUT " + ITEMS, "GET /v1/me/playlists"]
)
def test_one_failure_anywhere_changes_nothing_in_the_end(
    put, there, wanted, uris, request_of, kind, call
):
    put(request_of(wanted(250, 251), key="other"))
    there.faults.append(Fault(kind, call=call))
    put(request_of(wanted(*range(150))))
    put(request_of(wanted(*range(100, 240))))  # a renewal, which replaces
    mine = [one for one in there.service.playlists.values() if len(one.entries) > 2]
    assert [one.entries for one in mine] == [uris(*range(100, 240))]
    assert len(there.service.playlists) == 2


@pytest.mark.parametrize("kind", ["drop before", "drop after"])
def test_a_create_that_keeps_failing_makes_at_most_one_playlist(
    put, there, wanted, uris, request_of, kind
):
    there.faults.append(Fault(kind, call="POST /v1/me/playlists", times=3))
    request = request_of(wanted(1))
    if kind == "drop before":
        with pytest.raises(UnsureError, match="--resume"):
            put(request)
    put(request)
    assert only(there).entries == uris(1)


def test_empty_bodies_are_enough_where_nothing_is_needed(put, there, wanted, uris, request_of):
    there.faults.append(Fault("empty", call="(POST|PUT) " + ITEMS, times=9))
    put(request_of(wanted(*range(120))))
    put(request_of(wanted(5)))
    assert only(there).entries == uris(5)


def test_after_a_used_up_quota_it_goes_on_from_the_file(
    put, account, there, home, listener, request_of, uris
):
    tracks = [WantedTrack(None, f"Title {i}", f"Artist {i}") for i in range(10)]
    there.faults.append(Fault(status=429, retry_after="48925", call="GET /v1/search", nth=6))
    with pytest.raises(QuotaExceededError) as stopped:
        put(request_of(tracks))
    path = home / "journals" / "evening.json"
    assert f"emotify playlist --resume {path}" in str(stopped.value)
    assert "13.6 hours" in str(stopped.value)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not there.service.playlists
    there.asked.clear()
    published = resume(account, path, tell=listener.tell)
    assert len(there.calls("GET /v1/search")) == 5
    assert only(there).entries == uris(*range(10))
    assert published.changed
    assert not resume(account, path, tell=listener.tell).changed


def test_what_cannot_be_reached_can_be_resumed(put, there, wanted, request_of):
    there.faults.append(Fault(call="GET /v1/me/playlists", times=99))
    with pytest.raises(UnreachableError, match="--resume"):
        put(request_of(wanted(1)))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "emotify-spotify-playlist"}'])
def test_a_damaged_journal_is_set_aside_or_refused(
    put, account, there, home, listener, wanted, uris, request_of, text
):
    path = home / "journals" / "evening.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InputError, match=r"evening\.json"):
        resume(account, path)
    put(request_of(wanted(1)))
    assert only(there).entries == uris(1)
    assert path.with_name("evening.json.damaged").read_text() == text
    assert "set aside" in listener.said


def test_a_journal_with_damaged_parts_is_refused(put, account, home, wanted, request_of):
    put(request_of(wanted(1)))
    path = home / "journals" / "evening.json"
    whole = json.loads(path.read_text())
    for key in set(whole) - {"format", "format_version", "name", "description", "key"}:
        broken = {
            **whole,
            key: 7 if key not in {"public", "is_done", "playlist_id"} else whole[key],
        }
        path.write_text(json.dumps({k: v for k, v in broken.items() if k != key or v == 7}))
        with pytest.raises(InputError, match="damaged"):
            resume(account, path)
    with pytest.raises(InputError, match="no such file"):
        resume(account, home / "nowhere.json")


def test_a_plan_writes_nothing(account, there, request_of, wanted):
    tracks = [*wanted(1), WantedTrack(None, "Title 4", "Artist 4"), WantedTrack(None, "No", "No")]
    told = plan(account, request_of(tracks))
    assert [match.name for match in told.matches] == ["Title 1", "Title 4"]
    assert [track.name for track in told.missing] == ["No"]
    assert "nothing was written" in told.describe()
    assert not there.calls(WRITES)
    there.asked.clear()
    alone = plan(None, request_of(tracks))
    assert [track.name for track in alone.to_search] == ["Title 4", "No"]
    assert "would be searched for: No by No" in alone.describe()
    assert not there.asked


DRIVER = """
import sys
from spotify.client import Account
from spotify.journal import Request
from spotify.login import Dialogue, authorise
from spotify.matching import WantedTrack
from spotify.publish import SCOPES, publish

numbers = [int(each) for each in sys.argv[2].split(",")]
tracks = [WantedTrack(f"T{i:021d}", f"Title {i}", f"Artist {i}") for i in numbers]
tracks.insert(1, WantedTrack(None, "Title 299", "Artist 299"))
account = Account(authorise(SCOPES, Dialogue(interactive=False)))
publish(account, Request("evening", "Evening", "", False, tuple(tracks)), folder=sys.argv[1])
"""


def run(home, numbers, **options):
    command = [sys.executable, "-c", DRIVER, str(home / "journals"), ",".join(map(str, numbers))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **options)


def test_two_runs_at_once_make_one_playlist(account, there, home, uris):
    both = [run(home, range(120)) for _ in range(2)]
    errors = [each.communicate(timeout=60)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], errors
    assert only(there).entries == uris(0, 299, *range(1, 120))
    assert len(there.calls("POST /v1/me/playlists")) == 1


def test_a_run_that_waits_too_long_is_told(put, home, monkeypatch, listener, wanted, request_of):
    from filelock import FileLock

    monkeypatch.setattr(publishing, "LOCK_SECONDS", 0.1)
    (home / "journals").mkdir()
    with FileLock(home / "journals" / ".lock"), pytest.raises(InputError, match="another run"):
        put(request_of(wanted(1)))
    assert "waiting" in listener.said


def test_one_that_was_begun_under_the_same_name_is_gone_on_with(
    put, there, request_of, wanted, uris
):
    there.faults.append(Fault(status=429, retry_after="7200", call="POST .*/items"))
    with pytest.raises(QuotaExceededError):
        put(request_of(wanted(1, 2), key="evening-1"))
    there.faults.clear()
    put(request_of(wanted(1, 3), key="evening-2"))
    [playlist] = there.service.playlists.values()
    assert playlist.entries == uris(1, 3)
    put(request_of(wanted(5), key="evening-3"))  # nothing is unfinished now
    put(request_of(wanted(6), key="morning-1", name="Morning"))
    assert len(there.service.playlists) == 3


def test_a_request_takes_over_the_playlist_of_another(put, there, request_of, wanted, uris):
    put(request_of(wanted(1, 2), key="once"))
    put(request_of(wanted(3, 4), key="every-week"), takes_over="once")
    [playlist] = there.service.playlists.values()
    assert playlist.entries == uris(3, 4)
    put(request_of(wanted(5), key="other", name="Other"), takes_over="every-week")
    assert len(there.service.playlists) == 2  # of another name
