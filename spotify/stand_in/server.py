"""A strict local stand-in for Spotify and ReccoBeats, to try things without an account.

>>> from spotify.stand_in.server import CatalogueTrack, StandIn
>>> with StandIn([CatalogueTrack("4uLU6hMCjMI75M1A2tKUQC", "A song", ("Somebody",))]) as there:
...     sorted(there.environment())
['EMOTIFY_RECCOBEATS_URL', 'EMOTIFY_SPOTIFY_ACCOUNTS_URL', 'EMOTIFY_SPOTIFY_API_URL']

Whoever puts `StandIn.environment` into `os.environ` meets it instead of Spotify. What an app of
today may not do is refused there as well (`spotify.stand_in.catalogue`), and the login is a real
one, with PKCE (`spotify.stand_in.accounts`). It can be told to fail as services do (`Fault`).
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from spotify.addresses import (
    ACCOUNTS_VARIABLE,
    API_VARIABLE,
    RECCOBEATS_VARIABLE,
    STAND_IN_CLIENT_ID,
)
from spotify.stand_in.accounts import Accounts, Answer
from spotify.stand_in.catalogue import CatalogueTrack, Service, StandInPlaylist, error

__all__ = ["Asked", "CatalogueTrack", "Fault", "StandIn", "StandInPlaylist"]

RECCOBEATS_PATH = "/reccobeats"  # its endpoint has the name of one that Spotify closed
MOST_RECCOBEATS_IDS = 40
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Asked:
    """A request as it came: method, path, fields of the query, and the body, decoded.

    `problem` says why a body cannot be decoded, if it cannot.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    problem: str = ""


@dataclass
class Fault:
    """Something that goes wrong.

    Attributes
    ----------
    kind
        ``"status"`` or ``"not json"``, the work is not done; ``"odd json"``, an empty object, or
        ``"empty"``, it is done; ``"drop before"`` or ``"drop after"``, the connection is cut
        before or after it is done; or ``"hang"``, it is done late.
    status, words
        Of the answer.
    retry_after
        Header of a 429, if any.
    call
        Pattern that the method and path must match, such as ``"POST /v1/me/playlists"``.
    nth, times
        The first of the matching requests that fails, from 1, and how many fail.
    seconds
        How long it hangs.
    """

    kind: str = "status"
    status: int = 503
    words: str = "Service unavailable"
    retry_after: str | None = None
    call: str = ".*"
    nth: int = 1
    times: int = 1
    seconds: float = 1.0
    seen: int = 0

    def strikes(self, asked: Asked) -> bool:
        """Say whether this request fails, and count it."""
        if not re.fullmatch(self.call, f"{asked.method} {asked.path}"):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


class StandIn:
    """A server on this computer, on a free port, while the ``with`` block lasts.

    Parameters
    ----------
    tracks
        The catalogue.
    features
        Audio features that ReccoBeats knows, by track id.

    Attributes
    ----------
    service, accounts
        What is behind it; to be looked at and changed.
    asked
        Every request so far.
    faults
        What shall go wrong.
    watch
        Called with the number of a request, from 1, and ``"before"`` or ``"after"`` its work.
    """

    def __init__(
        self,
        tracks: Iterable[CatalogueTrack] = (),
        features: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.accounts = Accounts(STAND_IN_CLIENT_ID)
        self.service = Service(tuple(tracks), self._refusal)
        self.features = dict(features or {})
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.watch: Callable[[int, str], None] = lambda number, when: None
        self._header = ""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "StandIn":
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and let go what hangs."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """Return the variables that lead here."""
        return {
            API_VARIABLE: self.url,
            ACCOUNTS_VARIABLE: self.url,
            RECCOBEATS_VARIABLE: self.url + RECCOBEATS_PATH,
        }

    def calls(self, pattern: str = ".*") -> list[Asked]:
        """Return the requests whose method and path match a pattern."""
        return [one for one in self.asked if re.fullmatch(pattern, f"{one.method} {one.path}")]

    def receive(self, asked: Asked) -> tuple[int, Fault | None]:
        """Note a request; return its number and what shall go wrong with it."""
        with self._lock:
            self.asked.append(asked)
            struck = [fault for fault in self.faults if fault.strikes(asked)]
            return len(self.asked), struck[0] if struck else None

    def answer(self, asked: Asked, header: str) -> Answer | tuple[int, str]:
        """Do the work of a request."""
        with self._lock:
            self._header = header
            call = f"{asked.method} {asked.path}"
            if call == "GET /authorize":
                return self.accounts.authorize(asked.query)
            if call == "POST /api/token":
                return self.accounts.token(asked.body, asked.query)
            if call == f"GET {RECCOBEATS_PATH}/audio-features":
                return self._reccobeats(asked.query)
            if asked.path.startswith("/v1/"):
                refusal = self.accounts.refusal(header, "")
                if refusal or asked.problem:
                    return refusal or error(400, asked.problem)
                path = asked.path.removeprefix("/v1")
                return self.service.answer(asked.method, path, asked.query, asked.body)
            return error(404, "Service not found")

    def hang(self, seconds: float) -> None:
        """Wait, but not beyond the end of the block."""
        self._over.wait(seconds)

    def _refusal(self, scope: str) -> Answer | None:
        return self.accounts.refusal(self._header, scope)

    def _reccobeats(self, query: dict[str, str]) -> Answer:
        ids = query.get("ids", "").split(",")
        if {*query} != {"ids"} or len(ids) > MOST_RECCOBEATS_IDS:
            return 400, {"error": "ids: at most 40, and nothing else"}
        rows = [
            {
                "id": f"reccobeats-{track_id}",
                "href": f"https://open.spotify.com/track/{track_id}?si=reccobeats",
                **self.features[track_id],
            }
            for track_id in ids
            if track_id in self.features
        ]
        return 200, {"content": rows[::-1]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that is gone."""


def read_form(text: str) -> dict[str, str]:
    """Return the fields of a form or a query."""
    return dict(parse_qsl(text, keep_blank_values=True))


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            asked = self._asked()
            number, fault = stand_in.receive(asked)
            stand_in.watch(number, "before")
            if fault and fault.kind == "drop before":
                self.close_connection = True
                return
            if fault and fault.kind in {"status", "not json"}:
                self._send_fault(fault)
                return
            if fault and fault.kind == "hang":
                stand_in.hang(fault.seconds)
            status, content = stand_in.answer(asked, self.headers.get("Authorization", ""))
            stand_in.watch(number, "after")
            if fault and fault.kind == "drop after":
                self.close_connection = True
                return
            if isinstance(content, str):
                headers = {"Location": content} if status == 302 else {}
                self._send(status, b"" if status == 302 else content.encode(), headers)
                return
            if fault and fault.kind == "odd json":
                self._send(status, b"{}")
            elif not content or (fault and fault.kind == "empty"):
                self._send(status, b"")
            else:
                self._send(status, json.dumps(content).encode())

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def _asked(self) -> Asked:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = read_form(parts.query)
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            wanted = FORM if parts.path == "/api/token" else JSON
            body, problem = None, ""
            try:
                if raw and kind != wanted:
                    problem = f"The body must be {wanted}"
                elif raw:
                    body = read_form(raw.decode()) if wanted == FORM else json.loads(raw)
            except ValueError:
                problem = "Error parsing JSON."
            return Asked(self.command, parts.path, query, body, problem)

        def _send_fault(self, fault: Fault) -> None:
            wait = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            if fault.kind == "not json":
                self._send(200, b"<html>a page</html>")
            else:
                body = json.dumps(error(fault.status, fault.words)[1]).encode()
                self._send(fault.status, body, wait)

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    return Handler
