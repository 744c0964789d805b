"""The line to a service: a `CheckedSession` makes each failure one exception, `CallFailedError`.

spotipy alone turns a body that is no JSON into None, trips over errors of another shape, hides
the status of a 5xx behind its own repeating, and logs what it meets. Looking at each answer
before spotipy does leaves one place that knows what came back, and nothing is repeated that
nobody asked to repeat. No answer is followed elsewhere: what we ask with holds tokens and codes.
"""

import json
import logging
import math
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests
from spotipy.exceptions import SpotifyException

from foundation.errors import InputError
from foundation.text import one_line
from foundation.web import BoundedSession, LargeAnswerError, SlowAnswerError, redacted

T = TypeVar("T")

TIMEOUT_SECONDS = 15.0  # for connecting, and for each silence
PAUSES_SECONDS = (1.0, 2.0, 4.0)  # before a call is repeated that may pass then
DEFAULT_WAIT_SECONDS = 5.0  # after a 429 that does not say how long
MOST_WAIT_SECONDS = 366 * 86_400.0  # no time of day is told for what is beyond a year
MOST_WORDS = 300  # of a service's own message
UNEXPECTED = (  # of an answer of another shape
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
SECRET_FIELDS = frozenset({"code", "code_verifier", "refresh_token"})  # of what we send

# Its errors come to the user as our own messages, its debugging lines hold tokens.
logging.getLogger("spotipy").setLevel(logging.CRITICAL)


class CallFailedError(Exception):
    """A call had no usable answer.

    Attributes
    ----------
    status
        HTTP status, None if no answer came or it is not what was to be expected.
    words
        What the service says, or what happened.
    code
        The error's short name where the service gives one, such as ``invalid_grant``.
    retry_after_seconds
        What a 429 asks for.
    """

    def __init__(
        self,
        status: int | None,
        words: str,
        code: str = "",
        retry_after_seconds: float = DEFAULT_WAIT_SECONDS,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.code = code
        self.retry_after_seconds = retry_after_seconds

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.status is None or self.status >= 500


def say(message: str) -> None:
    """Tell the listener something, at once and beside what a command puts out."""
    print(message, file=sys.stderr, flush=True)


class CheckedSession(BoundedSession):
    """A session whose calls raise `CallFailedError` for every answer that is not usable."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Ask, and return an answer that is usable."""
        response = super().send(request, **options)
        _check(response)
        return response


def attempt(call: Callable[[], T]) -> T:
    """Return what `call` gives, with a lost connection and an unexpected shape as failures.

    Raises
    ------
    CallFailedError
        If there is no usable answer.
    """
    try:
        return call()
    except InputError:  # said already, and a ValueError too
        raise
    except (SlowAnswerError, LargeAnswerError) as error:
        raise CallFailedError(None, str(error)) from error
    except requests.Timeout as error:
        raise CallFailedError(None, f"no answer within {TIMEOUT_SECONDS:g} s") from error
    except requests.exceptions.SSLError as error:
        raise CallFailedError(None, "the server's certificate is not accepted") from error
    except requests.RequestException as error:
        words = (
            "the server's name is not known"
            if "NameResolution" in str(error)
            else "the connection was cut or refused"
        )
        raise CallFailedError(None, words) from error
    except SpotifyException as error:  # spotipy's own check of ids
        raise CallFailedError(error.http_status, str(error.msg)) from error
    except UNEXPECTED as error:
        raise CallFailedError(None, "the answer is not as documented") from error


def _check(response: requests.Response) -> None:
    if response.status_code // 100 == 3:
        place = urlsplit(response.headers.get("Location", "")).hostname or "another address"
        raise CallFailedError(
            response.status_code,
            f"{response.status_code}, it sends us on to {one_line(place)}, which is not followed",
        )
    if response.ok:
        if response.content.strip():
            try:
                _json(response)
            except ValueError as error:
                raise CallFailedError(None, "the answer is no JSON") from error
        return
    words, code = _said(response)
    raise CallFailedError(response.status_code, words, code, retry_after(response.headers))


def _json(response: requests.Response) -> Any:
    try:
        return json.loads(response.content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _sent_secrets(request: requests.PreparedRequest) -> Iterator[str]:
    """Yield what a service must not tell again: the token, the code and its verifier."""
    yield str(request.headers.get("Authorization", "")).rpartition(" ")[2]
    if isinstance(request.body, str):
        yield from (value for name, value in parse_qsl(request.body) if name in SECRET_FIELDS)


def _said(response: requests.Response) -> tuple[str, str]:
    """Return message and short name of an error, of whichever of the usual shapes."""
    try:
        content = _json(response)
    except ValueError:
        content = None
    error = content.get("error") if isinstance(content, dict) else None
    if isinstance(error, dict):
        words, code = error.get("message"), error.get("reason")
    else:
        words = content.get("error_description") if isinstance(content, dict) else None
        code = error
        words = words or error
    if not isinstance(words, str) or not words.strip():
        words = response.reason or "no reason given"
    plain = one_line(redacted(words, _sent_secrets(response.request)))
    plain = " ".join(plain.split())[:MOST_WORDS]
    return f"{response.status_code} {plain}", code if isinstance(code, str) else ""


def retry_after(headers: Any) -> float:
    """Return how many seconds a 429 asks to wait, at least 1; 5 where it does not say."""
    given = str(headers.get("Retry-After", "")).strip()
    if not re.fullmatch(r"\d+(\.\d+)?", given, re.ASCII):
        return DEFAULT_WAIT_SECONDS
    # No wait at all would repeat a call for ever.
    return min(max(math.ceil(min(float(given), MOST_WAIT_SECONDS)), 1.0), MOST_WAIT_SECONDS)
