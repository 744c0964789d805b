"""No server holds a program up, fills its memory or learns what was meant for another."""

import gzip
import itertools
import threading
import time

import pytest
import requests

from foundation import web
from foundation.web import BoundedSession, LargeAnswerError, SlowAnswerError, redacted, within

OK = b"HTTP/1.1 200 OK\r\n"
END = b"Connection: close\r\n\r\n"


@pytest.fixture
def bounds(monkeypatch):
    """Bounds that are soon reached."""
    monkeypatch.setattr(web, "MOST_SECONDS", 0.5)
    monkeypatch.setattr(web, "MOST_BYTES", 50_000)


def test_an_answer_within_bounds_is_whole(odd_server, bounds):
    server = odd_server(lambda _: [OK + b"Content-Length: 40000\r\n\r\n", b"x" * 40_000])
    answer = BoundedSession().get(server.url)
    assert answer.content == b"x" * 40_000 and answer.ok
    assert answer.text == answer.content.decode()


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: itertools.chain([OK + END], itertools.repeat(b"x")),
        lambda _: itertools.chain([OK + b"Content-Length: 9999\r\n\r\n"], itertools.repeat(b"x")),
        lambda _: itertools.chain([OK], itertools.repeat(b"A: b\r\n")),
        lambda _: itertools.chain(b"HTTP/1.1 200 OK " for _ in range(10**6)),
    ],
    ids=["body", "body of a told length", "headers", "first line"],
)
def test_bytes_that_come_one_by_one_outlast_no_bound(odd_server, bounds, answer):
    server = odd_server(answer, pause_seconds=0.02)
    start = time.monotonic()
    with pytest.raises(SlowAnswerError, match=r"longer than 0\.5 s"):
        BoundedSession().get(server.url, timeout=5)
    assert time.monotonic() - start < 4  # it would be minutes


def test_a_thread_that_was_given_up_ends(odd_server, bounds):
    server = odd_server(
        lambda _: itertools.chain([OK + END], itertools.repeat(b"x")), pause_seconds=0.02
    )
    before = set(threading.enumerate())
    with pytest.raises(SlowAnswerError):
        BoundedSession().get(server.url, timeout=30)
    for thread in set(threading.enumerate()) - before:
        if "work" in thread.name:
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize("told", [b"", b"Content-Length: 3000000000\r\n"])
def test_three_gigabytes_are_not_read(odd_server, bounds, told):
    sent = itertools.count()

    def answer(_):
        yield OK + told + END
        while True:
            next(sent)
            yield b"x" * 100_000

    with pytest.raises(LargeAnswerError, match="larger than"):
        BoundedSession().get(odd_server(answer).url)
    assert next(sent) < 1_000


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(odd_server, bounds):
    packed = gzip.compress(bytes(10_000_000))
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    server = odd_server(lambda _: [head, packed])
    assert len(packed) < web.MOST_BYTES
    with pytest.raises(LargeAnswerError):
        BoundedSession().get(server.url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_sent_on_with_what_was_to_be_said_to_one(odd_server, status):
    other = odd_server(lambda _: [OK + b"Content-Length: 2\r\n\r\n{}"])
    head = b"HTTP/1.1 %d Elsewhere\r\nLocation: %s/token\r\n" % (status, other.url.encode())
    server = odd_server(lambda _: itertools.chain([head + b"Content-Length: 0\r\n\r\n"]))
    answer = BoundedSession().post(server.url, data={"code": "secret"}, timeout=5)
    assert answer.status_code == status and not other.requests
    assert BoundedSession(follows=True).get(server.url, timeout=5).content == b"{}"


def test_the_body_of_a_redirect_has_an_end(odd_server, bounds):
    head = b"HTTP/1.1 302 Elsewhere\r\nLocation: /on\r\n" + END
    server = odd_server(lambda _: itertools.chain([head], itertools.repeat(b"x" * 10_000)))
    for follows in (False, True):
        with pytest.raises(LargeAnswerError):
            BoundedSession(follows=follows).get(server.url, timeout=5, stream=follows)


def test_a_netrc_file_does_not_take_the_place_of_a_token(odd_server, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("default login ann password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = odd_server(lambda _: [OK + b"Content-Length: 0\r\n\r\n"])
    BoundedSession().get(server.url, headers={"Authorization": "Bearer token"})
    assert b"Authorization: Bearer token" in server.requests[0]


def test_what_a_call_raises_is_raised_where_it_is_waited_for(odd_server):
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
    with pytest.raises(requests.ConnectionError):
        BoundedSession().get(odd_server(lambda _: [b""]).url)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Invalid token BQAxyz123", "BQAxyz123"),
        ("you sent Authorization: Bearer abcdefghijk", "abcdefghijk"),
        ("Authorization: Basic ZW1vdGlmeTpnZWhlaW1uaXM=", "ZW1vdGlmeTpnZWhlaW1uaXM="),
        ('{"refresh_token": "abcdefghij", "x": 1}', "abcdefghij"),
        ("{'access_token': 'abcdefghij'}", "abcdefghij"),
        ("code=abcdefghij&code_verifier=klmnopqrst", "klmnopqrst"),
        ("code=abcdefghij&code_verifier=klmnopqrst", "abcdefghij"),
        ("client_secret = abcdefghij", "abcdefghij"),
        ("https://ann:geheim@example.org/x?a=1", "geheim"),
        ("https://example.org/x?X-Amz-Signature=abcdefghij", "abcdefghij"),
        ("a%2Fb%3Dc%2B", "a%2Fb%3Dc%2B"),
    ],
)
def test_secrets_are_not_told(text, secret):
    told = redacted(text, ["BQAxyz123", "a/b=c+"])
    assert secret not in told and web.HIDDEN in told


@pytest.mark.parametrize(
    "text",
    [
        "503 Service unavailable",
        "Only valid bearer authentication supported",
        "The access token expired",
        "code: 401",
        "User not registered in the Developer Dashboard",
        "https://example.org/NAME.zip?download=1",
    ],
)
def test_what_holds_no_secret_stays(text):
    assert redacted(text, ["", "a"]).replace(web.HIDDEN, "authentication") == text
