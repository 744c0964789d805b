"""The end of a login in the browser: a request to the redirect address in, its fields out.

`RedirectListener` holds the port before the browser is opened, so the answer cannot go to
somebody else's server. Only the redirect address with an answer in it ends the wait; an icon, a
preview or an idle connection does not.
"""

import os
import queue
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from foundation.errors import InputError
from spotify.addresses import REDIRECT_VARIABLES

PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Emotify</title>'
    "<p>Emotify has the answer. You can close this window and go back to the terminal.</p></html>"
)
LOOK_SECONDS = 0.5  # so that Ctrl-C is heard on every system


class RedirectListener:
    """A small server on this computer that waits for the browser to come back.

    Parameters
    ----------
    redirect_uri
        Address with host 127.0.0.1 or [::1] and a port.

    Raises
    ------
    InputError
        If it is an https address, or the port cannot be had.
    """

    def __init__(self, redirect_uri: str) -> None:
        parts = urlsplit(redirect_uri)
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise InputError(
                f"nothing here can answer at {redirect_uri}; add --headless and paste the address "
                "that the browser ends at"
            )
        self._answers: queue.Queue[dict[str, str]] = queue.Queue()
        try:
            self._server = _Server((parts.hostname, parts.port), _handler(parts.path or "/", self))
        except OSError as error:
            raise InputError(
                f"port {parts.port} of {parts.hostname} cannot be used ({error.strerror}); set "
                f"{REDIRECT_VARIABLES[0]} to an address with another port that is registered for "
                "the app too, or add --headless"
            ) from error

    def __enter__(self) -> "RedirectListener":
        """Begin to listen."""
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the port back."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, fields: dict[str, str]) -> None:
        """Take the fields of an answer."""
        self._answers.put(fields)

    def wait(self, seconds: float) -> dict[str, str]:
        """Return the fields of the first answer.

        Raises
        ------
        InputError
            If none comes within `seconds`.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                return self._answers.get(timeout=min(LOOK_SECONDS, left))
            except queue.Empty:
                continue
        raise InputError(
            f"nobody logged in within {seconds:g} seconds; run the command again, with "
            "--headless if the browser runs on another computer"
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Elsewhere than on POSIX the option would let two programs have one port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that hung up."""


def _handler(path: str, listener: RedirectListener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            fields = dict(parse_qsl(asked.query, keep_blank_values=True))
            if asked.path != path or not {"code", "error"} & set(fields):
                self.send_error(404)
                return
            body = PAGE.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            listener.answer(fields)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing: the request holds the code."""

    return Handler
