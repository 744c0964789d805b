"""A login ends with a token that works, kept privately; what goes wrong is said."""

import io
import json
import re
import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from foundation.errors import InputError
from spotify import login, redirect
from spotify.client import Account
from spotify.errors import LoginNeededError, UnreachableError
from spotify.login import authorise
from spotify.stand_in.server import Fault
from spotify.token_store import FILE, forget_login

SCOPE = ["user-library-read"]
NOBODY = {"interactive": False}


@pytest.fixture
def token_file(home):
    return home / "config" / FILE


def browser(address):
    """A browser that also asks for an icon first, and follows the redirect."""
    callback = parse_qs(urlsplit(address).query)["redirect_uri"][0]

    def visit():
        for path in ("/favicon.ico", "/callback", "/callback?x=1"):
            assert requests.get(callback.replace("/callback", path), timeout=5).status_code == 404
        page = requests.get(address, timeout=5)
        assert "close this window" in page.text
        assert "code=" not in page.text

    threading.Thread(target=visit, daemon=True).start()
    return True


def test_headless_login_keeps_a_private_token(there, listener, token_file):
    token = authorise(SCOPE, listener.dialogue()).access_token()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert json.loads(token_file.read_text())["access_token"] == token
    assert token not in listener.said
    asked = len(there.asked)
    assert authorise(SCOPE, listener.dialogue(**NOBODY)).access_token() == token
    assert len(there.asked) == asked


def test_the_address_asks_for_pkce_and_a_state(there, listener):
    authorise(SCOPE, listener.dialogue())
    [asked] = there.calls("GET /authorize")
    assert asked.query["code_challenge_method"] == "S256"
    assert len(asked.query["code_challenge"]) == 43
    assert len(asked.query["state"]) >= 32
    assert asked.query["scope"] == SCOPE[0]


def test_login_in_the_browser(there, listener):
    dialogue = listener.dialogue(headless=False, open_browser=browser)
    token = authorise(SCOPE, dialogue).access_token()
    assert token
    assert "/authorize?" in listener.said


def test_an_idle_connection_does_not_hold_the_login_up(there, listener):
    idle = []

    def opened(address):
        port = urlsplit(parse_qs(urlsplit(address).query)["redirect_uri"][0]).port
        idle.append(socket.create_connection(("127.0.0.1", port)))
        return browser(address)

    assert authorise(SCOPE, listener.dialogue(headless=False, open_browser=opened)).access_token()
    idle[0].close()


@pytest.mark.parametrize("failure", [False, OSError("no display"), login.webbrowser.Error("none")])
def test_without_a_browser_the_address_is_enough(there, listener, failure):
    def none_opens(address):
        browser(address)  # somebody opens it by hand
        if failure:
            raise failure
        return False

    authorise(SCOPE, listener.dialogue(headless=False, open_browser=none_opens))
    assert "open the address yourself" in listener.said


def test_without_browser_and_terminal_the_wait_is_short(there, listener, monkeypatch):
    monkeypatch.setattr(login, "HOPELESS_SECONDS", 0.1)
    dialogue = listener.dialogue(
        headless=False, open_browser=lambda address: False, is_watched=lambda: False
    )
    with pytest.raises(InputError, match="--headless"):
        authorise(SCOPE, dialogue)


def test_a_port_in_use_is_said_before_the_browser_opens(there, listener, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("EMOTIFY_SPOTIFY_REDIRECT_URI", f"http://127.0.0.1:{port}/callback")
        dialogue = listener.dialogue(headless=False, open_browser=pytest.fail)
        with pytest.raises(InputError, match=rf"port {port} .*EMOTIFY_SPOTIFY_REDIRECT_URI"):
            authorise(SCOPE, dialogue)


def test_the_wait_has_an_end_and_the_port_is_given_back(there, listener, monkeypatch):
    monkeypatch.setattr(login, "LOGIN_SECONDS", 0.1)
    dialogue = listener.dialogue(headless=False, open_browser=lambda address: True)
    for _ in range(2):
        with pytest.raises(InputError, match="nobody logged in"):
            authorise(SCOPE, dialogue)


def test_ipv6_and_https(there, listener, monkeypatch, home):
    if socket.has_ipv6:
        with redirect.RedirectListener("http://[::1]:18765/x"):
            pass
    monkeypatch.setenv("EMOTIFY_SPOTIFY_REDIRECT_URI", "https://example.org/back")
    with pytest.raises(InputError, match="--headless"):
        authorise(SCOPE, listener.dialogue(headless=False))
    assert authorise(SCOPE, listener.dialogue()).access_token()


def test_declined(there, listener, token_file):
    there.accounts.declines = True
    with pytest.raises(InputError, match="declined"):
        authorise(SCOPE, listener.dialogue())
    with pytest.raises(InputError, match="declined"):
        authorise(SCOPE, listener.dialogue(headless=False, open_browser=browser))
    assert not token_file.exists()


@pytest.mark.parametrize("state", ["&state=other", "&state=", ""])
def test_a_wrong_state_is_refused_in_the_browser(there, listener, token_file, state):
    def forged(address):
        callback = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        ask = threading.Thread(target=requests.get, args=(f"{callback}?code=x{state}",))
        ask.start()
        return True

    with pytest.raises(InputError, match="another login"):
        authorise(SCOPE, listener.dialogue(headless=False, open_browser=forged))
    assert not there.calls("POST /api/token")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda url: re.sub(r"state=\S+", "state=other", url), "another login"),
        (lambda url: "", "nothing was pasted"),
        (lambda url: " \n", "nothing was pasted"),
        (lambda url: re.sub(r"code=[^&]+", "code=", url), "no code"),
        (lambda url: re.sub(r"code=[^&]+", "code=wrong", url), "does not accept the login"),
        (lambda url: re.sub(r"&state=\S+", "", url), "lacks its state"),
        (lambda url: re.sub(r"state=\S+", "state=", url), "lacks its state"),
        (lambda url: parse_qs(urlsplit(url.strip()).query)["code"][0], "is not the address"),
        (lambda url: urlsplit(url.strip()).query, "is not the address"),
        (lambda url: url.replace("127.0.0.1", "127.0.0.2"), "is not the address"),
        (lambda url: re.sub(r":\d+/", ":1/", url), "is not the address"),
        (lambda url: url.replace("/callback", "/other"), "is not the address"),
        (lambda url: url.replace("http:", "https:"), "is not the address"),
        (lambda url: url.replace("://", "://127.0.0.1@evil.example/"), "is not the address"),
        (lambda url: "http://[::1/callback?state=x", "is not the address"),
        (lambda url: url.replace("state=", "state=\udcff"), "another login"),
    ],
)
def test_pasted_text_that_is_no_use(there, listener, token_file, change, problem):
    with pytest.raises(InputError, match=problem) as refused:
        authorise(SCOPE, listener.dialogue(ask=lambda: change(listener.ask())))
    assert "wrong" not in str(refused.value)
    assert not there.calls("POST /api/token") or "not accept" in problem
    assert not token_file.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url,
        lambda url: f" '{url.strip()}' \n",
        lambda url: url.replace("http://", ""),
        lambda url: url.replace("http:", "HTTP:"),
        lambda url: url.strip() + "#_=_",
    ],
)
def test_pasted_text_that_serves(there, listener, change):
    assert authorise(SCOPE, listener.dialogue(ask=lambda: change(listener.ask()))).access_token()


def test_the_end_of_the_input_is_no_answer(monkeypatch, there, listener):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(InputError, match="nothing was pasted"):
        authorise(SCOPE, listener.dialogue(ask=login.read_line))


def test_more_scopes_are_asked_for_together_with_those_granted(there, listener):
    authorise(SCOPE, listener.dialogue())
    both = authorise(["user-top-read"], listener.dialogue())
    assert there.calls("GET /authorize")[-1].query["scope"] == "user-library-read user-top-read"
    assert authorise(SCOPE, listener.dialogue(**NOBODY)).access_token() == both.access_token()


def test_a_permission_that_was_not_granted_is_said_once(there, listener):
    there.accounts.grants = frozenset()
    with pytest.raises(InputError, match=r"did not grant .*user-library-read"):
        authorise(SCOPE, listener.dialogue())
    assert len(there.calls("GET /authorize")) == 1


def test_refresh_tokens_rotate_and_the_new_one_is_kept(there, listener, token_file, monkeypatch):
    account = Account(authorise(SCOPE, listener.dialogue(**{})), tell=listener.tell)
    seen = {json.loads(token_file.read_text())["refresh_token"]}
    for _ in range(3):
        there.accounts.expire()
        account.saved_tracks()
        seen.add(json.loads(token_file.read_text())["refresh_token"])
        assert token_file.stat().st_mode & 0o777 == 0o600
    assert len(seen) == 4
    assert len(there.calls("GET /authorize")) == 1


@pytest.mark.parametrize("hours", [2, -48])
def test_a_clock_that_jumps_does_no_harm(there, listener, monkeypatch, hours):
    authorise(SCOPE, listener.dialogue())
    real = time.time
    there.accounts.expire()
    monkeypatch.setattr(login.time, "time", lambda: real() + hours * 3600)
    there.accounts.token_seconds = 10**6
    account = Account(authorise(SCOPE, listener.dialogue(**NOBODY)))
    assert account.saved_tracks().items == ()


def test_a_token_another_run_renewed_is_taken_over(there, listener):
    first, second = (authorise(SCOPE, listener.dialogue()) for _ in range(2))
    there.accounts.expire()
    assert Account(first).saved_tracks().items == Account(second).saved_tracks().items == ()
    assert len(there.calls("POST /api/token")) == 2


def test_a_revoked_login_is_made_again_once_if_somebody_is_there(there, listener):
    account = Account(authorise(SCOPE, listener.dialogue()))
    there.accounts.revoke()
    account.saved_tracks()
    assert "no longer accepts the login" in listener.said
    there.accounts.revoke()
    with pytest.raises(LoginNeededError, match=login.LOGIN_COMMAND):
        account.saved_tracks()


def test_a_revoked_login_is_told_if_nobody_is_there(there, listener, token_file):
    authorise(SCOPE, listener.dialogue())
    there.accounts.revoke()
    account = Account(authorise(SCOPE, listener.dialogue(**NOBODY)))
    with pytest.raises(LoginNeededError, match=login.LOGIN_COMMAND):
        account.saved_tracks()
    assert token_file.exists()


def test_not_logged_in_and_nobody_there(there, listener):
    with pytest.raises(LoginNeededError, match=login.LOGIN_COMMAND):
        authorise(SCOPE, listener.dialogue(**NOBODY))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"client_id": "emotify"}', "\0"])
def test_a_damaged_token_file_means_not_logged_in(there, listener, token_file, text):
    authorise(SCOPE, listener.dialogue())
    token_file.write_text(text)
    with pytest.raises(LoginNeededError):
        authorise(SCOPE, listener.dialogue(**NOBODY))
    assert "you count as not logged in" in listener.said
    assert authorise(SCOPE, listener.dialogue()).access_token()


def test_a_token_from_before_it_said_what_it_is_logs_in(there, listener, token_file):
    authorise(SCOPE, listener.dialogue())
    stored = json.loads(token_file.read_text("utf-8"))
    assert stored.pop("format") and stored.pop("format_version") == 1
    token_file.write_text(json.dumps(stored), "utf-8")
    assert authorise(SCOPE, listener.dialogue(**NOBODY)).access_token() == stored["access_token"]


def test_a_token_of_another_app_or_server_is_not_used_nor_deleted(
    there, listener, token_file, monkeypatch
):
    authorise(SCOPE, listener.dialogue())
    before = token_file.read_text()
    monkeypatch.setenv("EMOTIFY_SPOTIFY_CLIENT_ID", "another")
    with pytest.raises(LoginNeededError):
        authorise(SCOPE, listener.dialogue(**NOBODY))
    assert token_file.read_text() == before
    there.accounts.client_id = "another"
    authorise(SCOPE, listener.dialogue())
    assert json.loads(token_file.read_text())["client_id"] == "another"


def test_an_unknown_app_is_said(there, listener):
    there.accounts.client_id = "another"

    def agreed():  # the app is removed between the login and the token
        there.accounts.client_id = "emotify"
        address = listener.ask()
        there.accounts.client_id = "another"
        return address

    with pytest.raises(InputError, match="EMOTIFY_SPOTIFY_CLIENT_ID"):
        authorise(SCOPE, listener.dialogue(ask=agreed))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(status=429, words="slow down"),
        Fault("not json"),
        Fault("odd json"),
        Fault("drop before"),
    ],
    ids=lambda fault: fault.kind,
)
def test_an_accounts_service_that_fails_is_said(there, listener, token_file, fault):
    there.faults.append(Fault(**{**vars(fault), "call": "POST /api/token", "times": 9}))
    with pytest.raises((UnreachableError, InputError)) as failed:
        authorise(SCOPE, listener.dialogue())
    assert "token" in str(failed.value) or "login" in str(failed.value)
    assert not token_file.exists()


def test_one_failure_of_the_accounts_service_is_overcome(there, listener):
    there.faults.append(Fault(call="POST /api/token"))
    assert authorise(SCOPE, listener.dialogue()).access_token()
    assert listener.slept == [1.0]


def test_a_login_can_be_forgotten(there, listener, token_file):
    assert forget_login() is None
    authorise(SCOPE, listener.dialogue())
    token_file.with_name(FILE + "x1.partial").write_text("of a killed run")
    assert forget_login() == token_file
    assert [path.name for path in token_file.parent.iterdir()] == [
        "spotify_token.lock"
    ] or not list(token_file.parent.iterdir())
