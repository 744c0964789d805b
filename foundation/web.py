"""Asking servers in bounds: an answer has an end, in seconds and in bytes, and no secret is told.

requests alone limits each silence, not the answer: a byte every two seconds goes on for ever, and
whatever comes is read into memory. It also goes wherever an answer sends it, with what was to be
said to one server only.
"""

import contextlib
import queue
import re
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import requests

T = TypeVar("T")

MOST_SECONDS = 60.0  # for one answer, from the question to its last byte
MOST_BYTES = 8_000_000  # of one answer, unpacked; a page of fifty tracks has some 100,000
CHUNK_BYTES = 1 << 14  # small, because a compressed one can be a thousand times as large
HIDDEN = "(not shown)"

# As a message may repeat it: a header, a form, JSON or an address.
_SECRETS = (
    re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(\bbasic\s+)[\w+/=]{16,}"),
    re.compile(
        r"(?i)(\b(?:authorization|(?:access_|refresh_|id_)?token|code_verifier|code|client_secret|"
        r"secret|password|api_?key|signature)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;{}]{8,}"
    ),
    re.compile(r"(\b\w+://)[^/\s@]+(?=@)"),
)


class SlowAnswerError(requests.Timeout):
    """An answer did not come to its end in time."""


class LargeAnswerError(requests.RequestException):
    """An answer is larger than any that is right."""


class BoundedSession(requests.Session):
    """A session whose answers have an end.

    A streamed answer is bounded up to its first byte; what reads it has bounds of its own.

    Parameters
    ----------
    follows
        Whether to go where an answer sends one. A question that holds a secret does not.
    """

    def __init__(self, *, follows: bool = False) -> None:
        super().__init__()
        self._follows = follows
        self.auth = None if follows else _as_it_is

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer sends us, if we follow.

        requests asks here before it reads the body of a redirect to its end, with
        ``allow_redirects=False`` too.
        """
        target = super().get_redirect_target(resp) if self._follows else None
        if target is not None:
            _take_in(resp)
        return target

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Ask, and return the whole answer.

        Raises
        ------
        requests.RequestException
            If there is none: as requests says, and `SlowAnswerError` and `LargeAnswerError`.
        """
        is_streamed = options.get("stream", False)

        begun: list[requests.Response] = []

        def answered() -> requests.Response:
            response = super(BoundedSession, self).send(request, **{**options, "stream": True})
            begun.append(response)
            if not is_streamed:
                with response:
                    _take_in(response)
            return response

        try:
            return within(MOST_SECONDS, answered)
        except SlowAnswerError:
            for response in begun:
                let_go(response)
            raise


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` gives, in time.

    It runs in a thread of its own, for nothing else ends a wait that each byte begins anew. Given
    up, it is left behind, and keeps no program from ending.

    Raises
    ------
    SlowAnswerError
        If it takes longer.
    """
    answers: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put((True, call()))
        except BaseException as error:  # it is raised where it is waited for
            answers.put((False, error))

    Thread(target=work, daemon=True).start()
    try:
        is_answer, answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise SlowAnswerError(f"the answer takes longer than {seconds:g} s") from None
    if not is_answer:
        raise answer
    found: T = answer
    return found


def let_go(response: requests.Response) -> None:
    """End an answer that a thread still waits for; to close it would wait for that thread."""
    with contextlib.suppress(ValueError, RuntimeError, OSError):  # it has ended meanwhile
        response.raw.shutdown()


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text of somebody else's without secrets: those given, and what looks like one.

    Parameters
    ----------
    text
        Such as the message of a server or of an exception.
    secrets
        What must not be in it; forms of it that stand in addresses are left out as well.
    """
    spelled = {form for secret in secrets for form in (secret, quote(secret), quote_plus(secret))}
    for secret in sorted(filter(lambda form: len(form) > 3, spelled), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request alone; without this, ~/.netrc takes the place of its Authorization."""
    return request


def _take_in(response: requests.Response) -> None:
    parts, size = [], 0
    for part in response.iter_content(CHUNK_BYTES):
        size += len(part)
        if size > MOST_BYTES:
            raise LargeAnswerError(f"the answer is larger than {MOST_BYTES / 1e6:g} MB")
        parts.append(part)
    response._content = b"".join(parts)
