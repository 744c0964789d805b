"""A server that means harm, or is broken, in Spotify's place costs no secret, time or memory."""

import itertools
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from foundation import web
from foundation.errors import InputError
from spotify import client, library
from spotify.client import Account
from spotify.errors import EndlessListError, ForbiddenError, SpotifyError, UnreachableError
from spotify.library import fetch_tracks
from spotify.login import authorise
from spotify.reccobeats import audio_features

CODE = "a-code-that-is-a-secret/+"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


def answer_of(content, status=b"200 OK", headers=b""):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
    return [head % (status, len(body), headers) + body]


def drip(_):
    return itertools.chain([OK], itertools.repeat(b" "))


def flood(_):
    return itertools.chain([OK], itertools.repeat(b" " * 10_000))


BAD = [(drip, 0.02, "takes longer"), (flood, 0, "is larger")]


@pytest.fixture(autouse=True)
def bounds(monkeypatch):
    monkeypatch.setattr(web, "MOST_SECONDS", 0.3)
    monkeypatch.setattr(web, "MOST_BYTES", 500_000)
    monkeypatch.setattr(client, "PAUSES_SECONDS", ())


@pytest.fixture
def log_in(listener, monkeypatch, odd_server):
    """`log_in(answer, pause)` agrees, and has an odd server asked for the token; returns it."""
    monkeypatch.setattr("spotify.login.PAUSES_SECONDS", ())

    def run(answer, pause_seconds=0.0):
        server = odd_server(answer, pause_seconds)
        monkeypatch.setenv("EMOTIFY_SPOTIFY_ACCOUNTS_URL", server.url)

        def agree():
            [address] = [line for line in listener.said.splitlines() if "authorize?" in line]
            asked = parse_qs(urlsplit(address.strip()).query)
            return f"{asked['redirect_uri'][0]}?code={CODE}&state={asked['state'][0]}\n"

        with pytest.raises(InputError) as failed:
            authorise(["user-top-read"], listener.dialogue(ask=agree))
        form = parse_qs(server.requests[0].partition(b"\r\n\r\n")[2].decode())
        assert len(form["code_verifier"][0]) >= 43  # it was asked, with what must not be told
        said = f"{failed.value}\n{listener.said}"
        assert form["code_verifier"][0] not in said and form["code"][0] not in said
        return str(failed.value)

    return run


@pytest.fixture
def spoken_to(account, odd_server, monkeypatch):
    """`spoken_to(answer, pause)` gives an account whose calls go to an odd server."""

    def start(answer, pause_seconds=0.0):
        server = odd_server(answer, pause_seconds)
        account._spotify.prefix = f"{server.url}/v1/"
        account.server = server
        return account

    return start


@pytest.mark.parametrize("status", [b"301", b"302", b"307", b"308"])
def test_code_and_verifier_are_sent_to_no_other_host(odd_server, log_in, status):
    other = odd_server(lambda _: answer_of({"access_token": "x", "expires_in": 9}))
    to = b"Location: %s/api/token\r\n" % other.url.replace("127.0.0.1", "localhost").encode()
    told = log_in(lambda _: answer_of(b"", status + b" Elsewhere", to))
    assert "it sends us on to localhost, which is not followed" in told
    assert not other.requests


@pytest.mark.parametrize(("answer", "pause", "words"), BAD, ids=["drip", "flood"])
def test_a_token_that_does_not_end_is_given_up(log_in, answer, pause, words):
    assert words in log_in(answer, pause)


def echo(request):
    told = {"error": "invalid_request", "error_description": request.decode()}
    return answer_of(told, b"400 Bad")


def test_an_accounts_service_that_tells_all_it_was_told_is_not_quoted(log_in):
    assert web.HIDDEN in log_in(echo)


@pytest.mark.parametrize("call", [Account.me, lambda account: account.search_tracks("x")])
@pytest.mark.parametrize("form", ["Authorization: {}", "{}", '{{"access_token": "{}"}}'])
def test_an_echoed_token_is_not_quoted(spoken_to, call, form):
    def answer(request):
        [token] = [
            line.split()[-1].decode()
            for line in request.splitlines()
            if line.lower().startswith(b"authorization")
        ]
        words = f"\x1b[2Jforbidden, you sent {form.format(token)}\r\nemotify: all is well"
        return answer_of({"error": {"status": 403, "message": words}}, b"403 Forbidden")

    account = spoken_to(answer)
    with pytest.raises(ForbiddenError, match="forbidden") as refused:
        call(account)
    told = str(refused.value)
    assert account._authorisation.access_token() not in told and web.HIDDEN in told
    assert told.isprintable()


@pytest.mark.parametrize("call", [Account.me, lambda account: account.search_tracks("x")])
@pytest.mark.parametrize(("answer", "pause", "words"), BAD, ids=["drip", "flood"])
def test_an_answer_that_does_not_end_is_given_up(spoken_to, call, answer, pause, words):
    with pytest.raises(UnreachableError, match=words):
        call(spoken_to(answer, pause))


@pytest.mark.parametrize("call", [Account.me, lambda account: account.search_tracks("x")])
def test_a_call_is_not_sent_on(spoken_to, odd_server, call):
    other = odd_server(lambda _: answer_of({"id": "x"}))
    to = b"Location: %s/v1/me\r\n" % other.url.encode()
    with pytest.raises(SpotifyError, match="not followed"):
        call(spoken_to(lambda _: answer_of(b"", b"302 Elsewhere", to)))
    assert not other.requests


@pytest.mark.parametrize("body", [b"[" * 400_000, b'{"a":' * 80_000, b"9" * 400_000, b"\xff\xfe"])
def test_an_answer_that_no_reader_takes_is_none(spoken_to, body):
    with pytest.raises(UnreachableError):
        spoken_to(lambda _: answer_of(body)).me()


def tracks(start, count=50):
    return [
        {"track": {"id": f"{number:022d}", "name": "x", "artists": []}}
        for number in range(start, start + count)
    ]


def offset_of(request):
    [query] = [urlsplit(request.split()[1].decode()).query]
    return int(parse_qs(query).get("offset", ["0"])[0])


def test_the_same_page_again_and_again_ends(spoken_to):
    page = {"items": tracks(0), "next": "x", "total": 10**9}
    account = spoken_to(lambda _: answer_of(page))
    with pytest.raises(EndlessListError, match="no end"):
        list(account.playlist_items("x" * 22))
    assert len(account.server.requests) == 2


@pytest.mark.parametrize("total", [None, 10**9])
def test_ever_new_pages_end(spoken_to, monkeypatch, total):
    monkeypatch.setattr(client, "MOST_PAGES", 5)
    account = spoken_to(
        lambda asked: answer_of({"items": tracks(offset_of(asked)), "next": "x", "total": total})
    )
    with pytest.raises(EndlessListError, match="no end"):
        list(account.playlist_items("x" * 22))
    assert len(account.server.requests) == 5


def test_one_track_a_hundred_times_is_a_playlist(spoken_to):
    def answer(request):
        more = "x" if offset_of(request) < 50 else None
        return answer_of({"items": tracks(7, 1) * 50, "next": more, "total": 100})

    assert len(list(spoken_to(answer).playlist_items("x" * 22))) == 100


def test_a_list_that_changes_at_every_look_ends(spoken_to, home):
    totals = itertools.count(1_000)

    def answer(request):
        if request.startswith(b"GET /v1/me "):
            return answer_of({"id": "listener"})
        return answer_of({"items": tracks(offset_of(request)), "next": "x", "total": next(totals)})

    account = spoken_to(answer)
    with pytest.raises(EndlessListError, match="changes while it is read"):
        fetch_tracks(account, "liked", state=home / "state.json")
    assert len(account.server.requests) <= 2 * library.MOST_CHANGES + 1


def test_a_playlist_without_end_is_left_out_and_the_rest_imported(spoken_to, home, monkeypatch):
    monkeypatch.setattr(client, "MOST_PAGES", 3)
    playlists = [
        {"id": sign * 22, "name": f"List {sign}\x1b[2J", "owner": {"id": "listener"}}
        for sign in "ab"
    ]

    def answer(request):
        if request.startswith(b"GET /v1/me "):
            return answer_of({"id": "listener"})
        if request.startswith(b"GET /v1/me/playlists"):
            return answer_of({"items": playlists, "next": None, "total": 2})
        endless = b"/playlists/aaa" in request
        first = offset_of(request) + (0 if endless else 1_000)
        return answer_of({"items": tracks(first), "next": "x" if endless else None})

    own = fetch_tracks(spoken_to(answer), "playlists", state=home / "state.json")
    [note] = own.notes
    assert "u001b[2J" in note and "was left out" in note and note.isprintable()
    assert f"{1_000:022d}" in set(own.frame["track_id"])


@pytest.mark.parametrize(("answer", "pause", "words"), BAD, ids=["drip", "flood"])
def test_reccobeats_without_end_costs_no_track(
    odd_server, monkeypatch, listener, answer, pause, words
):
    monkeypatch.setattr("spotify.reccobeats.PAUSES_SECONDS", ())
    monkeypatch.setenv("EMOTIFY_RECCOBEATS_URL", odd_server(answer, pause).url)
    frame, complete = audio_features(["x" * 22], tell=listener.tell, sleep=listener.sleep)
    assert not complete and frame.empty and words in listener.said
