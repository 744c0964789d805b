"""Each way in which a call can fail has one consequence, and it is told without secrets."""

import logging

import pytest

from spotify import client
from spotify.client import Account
from spotify.errors import (
    ForbiddenError,
    LoginNeededError,
    NotFoundError,
    QuotaExceededError,
    RefusedError,
    SpotifyError,
    UnreachableError,
    UnsureError,
)
from spotify.login import authorise
from spotify.stand_in.server import Fault

URI = "spotify:track:T" + "0" * 21
CALLS = {
    "me": lambda account: account.me(),
    "search": lambda account: account.search_tracks("Title"),
    "track": lambda account: account.track("T" + "0" * 21),
    "playlists": lambda account: list(account.playlists()),
    "items": lambda account: list(account.playlist_items("1".zfill(22))),
    "liked": lambda account: account.saved_tracks(),
    "top": lambda account: account.top_tracks("long_term"),
    "replace": lambda account: account.replace_items("1".zfill(22), [URI]),
    "details": lambda account: account.change_details(
        "1".zfill(22), name="x", description="", public=False
    ),
    "create": lambda account: account.create_playlist("x", public=False, description=""),
    "add": lambda account: account.add_items("1".zfill(22), [URI], 0),
}
READS = [name for name in CALLS if name not in {"replace", "details", "create", "add"}]
ONCE = ("create", "add")


@pytest.fixture(params=list(CALLS))
def call(request, there):
    there.service.add_playlist("One")
    return request.param


@pytest.mark.parametrize("kind", ["status", "not json", "drop before", "drop after"])
def test_what_may_pass_is_repeated_if_that_is_safe(account, there, listener, call, kind):
    there.faults.append(Fault(kind, times=2))
    if call in ONCE:
        with pytest.raises(UnsureError):
            CALLS[call](account)
        assert len(there.asked) == 1
    else:
        CALLS[call](account)
        assert listener.slept == [1.0, 2.0]


@pytest.mark.parametrize("kind", ["status", "not json", "drop before"])
def test_what_does_not_pass_is_told(account, there, listener, call, kind):
    there.faults.append(Fault(kind, times=99))
    with pytest.raises(UnsureError if call in ONCE else UnreachableError):
        CALLS[call](account)
    assert len(there.asked) == (1 if call in ONCE else 4)


@pytest.mark.parametrize("name", [*READS, "create"])
@pytest.mark.parametrize("kind", ["odd json", "empty"])
def test_an_answer_without_what_is_needed_is_none(account, there, name, kind):
    there.service.add_playlist("One")
    there.faults.append(Fault(kind, times=99))
    with pytest.raises((UnreachableError, UnsureError)):
        CALLS[name](account)


@pytest.mark.parametrize("name", ["replace", "details", "add"])
def test_an_empty_answer_is_enough_for_what_gives_nothing(account, there, name):
    there.service.add_playlist("One")
    there.faults.append(Fault("empty", times=99))
    CALLS[name](account)
    assert len(there.asked) == 1


def test_a_server_that_hangs_is_given_up(there, listener, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.1)
    account = Account(authorise([], listener.dialogue()), sleep=listener.sleep)
    there.faults.append(Fault("hang", call="GET /v1/.*", seconds=0.5, times=2))
    assert account.me() == "listener"
    assert listener.slept == [1.0, 2.0]


def test_a_server_that_is_not_there(account, there):
    there.__exit__(None, None, None)
    with pytest.raises(UnreachableError, match="cut or refused"):
        account.me()


def test_an_expired_token_is_renewed_once(account, there, call):
    there.accounts.expire()
    CALLS[call](account)
    assert len(there.calls("POST /api/token")) == 1


def test_a_token_refused_twice_needs_a_login(account, there, call):
    there.faults.append(Fault(status=401, words="bad token", call=".* /v1/.*", times=2))
    with pytest.raises(LoginNeededError, match="bad token"):
        CALLS[call](account)


def test_a_short_pause_is_kept_and_told(account, there, listener, call):
    there.faults.append(Fault(status=429, retry_after="12"))
    CALLS[call](account)
    assert listener.slept == [12]
    assert listener.told == ["Spotify asks to wait 12 s"]


@pytest.mark.parametrize(
    ("given", "waited"),
    [
        (None, 5),
        ("soon", 5),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 5),
        ("-3", 5),
        ("nan", 5),
        ("²", 5),
        ("0", 1),
        ("2.5", 3),
        ("60", 60),
    ],
)
def test_a_pause_of_any_form(account, there, listener, given, waited):
    if given and not given.isascii():
        given = given.encode("latin-1").decode("latin-1")
    there.faults.append(Fault(status=429, retry_after=given))
    account.me()
    assert listener.slept == [waited]


@pytest.mark.parametrize("given", ["61", "48925", "9" * 400])
def test_a_long_pause_is_not_kept(account, there, listener, given):
    there.faults.append(Fault(status=429, retry_after=given))
    with pytest.raises(QuotaExceededError, match=r"until \d{4}-\d\d-\d\d \d\d:\d\d") as stopped:
        account.me()
    assert stopped.value.retry_after_seconds >= 61
    assert not listener.slept


def test_all_pauses_of_a_run_have_an_end(account, there, listener):
    there.faults.append(Fault(status=429, retry_after="50", times=99))
    with pytest.raises(QuotaExceededError):
        account.me()
    assert sum(listener.slept) == 300


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Insufficient client scope", "permission user-library-read"),
        (
            "Active premium subscription required for the owner of the app.",
            "owner of the app needs",
        ),
        ("User not registered in the Developer Dashboard", "User Management"),
        ("the user may not be registered", "User Management"),
    ],
)
def test_what_is_forbidden_says_which_right_is_missing(account, there, words, advice):
    there.faults.append(Fault(status=403, words=words))
    with pytest.raises(ForbiddenError, match=advice) as refused:
        account.saved_tracks()
    assert words in str(refused.value)
    assert "it may be" not in str(refused.value)


def test_an_unexplained_refusal_names_the_possibilities(account, there):
    there.faults.append(Fault(status=403, words="Forbidden."))
    with pytest.raises(ForbiddenError, match=r"permission.*Premium.*User Management"):
        account.me()


def test_a_missing_scope_is_found_by_the_server(there, listener):
    account = Account(authorise(["user-top-read"], listener.dialogue()))
    with pytest.raises(ForbiddenError, match="permission user-library-read"):
        account.saved_tracks()


def test_what_is_not_there_and_what_is_refused(account, there):
    with pytest.raises(NotFoundError):
        account.track("X" * 22)
    with pytest.raises(NotFoundError):
        list(account.playlist_items("9" * 22))
    with pytest.raises(RefusedError, match="Invalid q"):
        account.search_tracks(" ")
    with pytest.raises(RefusedError):
        account.track("no id!")


@pytest.mark.parametrize(
    "body", ['"text"', "[]", "null", '{"error": "plain"}', '{"error": []}', ""]
)
def test_errors_of_any_shape(account, there, monkeypatch, body):
    import spotify.stand_in.server as module

    there.faults.append(Fault(status=418, words="x"))
    monkeypatch.setattr(module.json, "dumps", lambda value: body)
    with pytest.raises(RefusedError):
        account.me()


def test_no_token_is_told_or_logged(there, listener, caplog):
    caplog.set_level(logging.DEBUG)
    account = Account(authorise([], listener.dialogue()), tell=listener.tell, sleep=listener.sleep)
    token = account._authorisation.access_token()
    messages = []
    for fault in (Fault(), Fault(status=401), Fault(status=403), Fault(status=400)):
        there.faults[:] = [Fault(**{**vars(fault), "times": 9})]
        with pytest.raises(SpotifyError) as failed:
            account.me()
        messages.append(str(failed.value))
    everything = "\n".join([*messages, listener.said, caplog.text])
    assert token not in everything
    assert "HTTP Error" not in caplog.text


def test_pages_are_read_by_offset_to_the_end(account, there, track_id):
    there.service.liked = [track_id(i) for i in range(120)]
    offset, seen = 0, []
    while offset is not None:
        page = account.saved_tracks(offset)
        seen += [entry.track.track_id for entry in page.items]
        offset = page.next_offset
    assert seen == [track_id(i) for i in range(120)]
    assert [asked.query["offset"] for asked in there.asked] == ["0", "50", "100"]
