"""Logging in: scopes in, an `Authorisation` out that always has a token for the next call.

It is the authorization code flow with PKCE, by spotipy: no secret is needed, and the listener
agrees in a browser. The browser comes back to `spotify.redirect`, or, headless, to the listener,
who pastes the address it ended at. The token is kept by `spotify.token_store`.
"""

import re
import secrets
import sys
import time
import webbrowser
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from spotipy.oauth2 import SpotifyPKCE

from foundation.errors import InputError
from spotify.addresses import CLIENT_ID_VARIABLES, SpotifyApp, spotify_app
from spotify.errors import LoginNeededError, UnreachableError
from spotify.redirect import RedirectListener
from spotify.token_store import TokenStore
from spotify.transport import (
    PAUSES_SECONDS,
    TIMEOUT_SECONDS,
    CallFailedError,
    CheckedSession,
    attempt,
    say,
)

LOGIN_COMMAND = "emotify spotify login"
LOGIN_SECONDS = 300.0  # for the listener to log in and agree
HOPELESS_SECONDS = 15.0  # without a browser and without anybody at a terminal


def is_at_terminal() -> bool:
    """Say whether somebody may read what is told."""
    return bool(sys.stdin and sys.stdin.isatty())


def read_line() -> str:
    """Return what the listener pastes; nothing at the end of the input, or if it is no text."""
    try:
        return sys.stdin.readline() if sys.stdin else ""
    except UnicodeDecodeError:
        return ""


@dataclass(frozen=True)
class Dialogue:
    """How to speak with the listener while they log in.

    Attributes
    ----------
    interactive
        Whether anybody is there to log in.
    headless
        Whether the browser runs elsewhere, so that its address must be pasted.
    tell
        Called with what the listener should read.
    ask
        Called for the line that the listener pastes.
    open_browser
        Called with the address; returns whether a browser opened.
    is_watched
        Says whether somebody may read what is told.
    sleep
        Called to wait, with seconds.
    """

    interactive: bool = True
    headless: bool = False
    tell: Callable[[str], None] = say
    ask: Callable[[], str] = read_line
    open_browser: Callable[[str], bool] = webbrowser.open
    is_watched: Callable[[], bool] = is_at_terminal
    sleep: Callable[[float], None] = time.sleep


class Authorisation:
    """The right to use an account, renewed where needed; made by `authorise`.

    Attributes
    ----------
    app
        App and servers that it is for.
    """

    def __init__(self, app: SpotifyApp, scopes: frozenset[str], dialogue: Dialogue) -> None:
        self.app = app
        self._scopes = scopes
        self._dialogue = dialogue
        self._store = TokenStore(app, dialogue.tell)
        self._token: dict[str, Any] | None = None
        self._may_log_in_again = dialogue.interactive

    def access_token(self) -> str:
        """Return a token that is good by the clock; the clock may be wrong, see `renewed`.

        Raises
        ------
        LoginNeededError
            If a login is needed and nobody is there, or it was of no use.
        InputError
            If the login fails.
        """
        if self._token is None:
            self._token = self._store.get_cached_token()
        if self._token is None:
            return self._logged_in("you are not logged in to Spotify")
        lacking = self._scopes - set(self._token["scope"].split())
        if lacking:
            return self._logged_in(f"the login lacks the permission {' '.join(sorted(lacking))}")
        if self._token["expires_at"] > time.time():
            return str(self._token["access_token"])
        return self.renewed(self._token["access_token"])

    def renewed(self, rejected: str) -> str:
        """Return another token than `rejected`, which was refused or is too old.

        Raises
        ------
        LoginNeededError, InputError
            As `access_token`.
        """
        with self._store.locked():
            self._token = self._store.get_cached_token()
            if self._token is None:
                reason = "you are not logged in to Spotify any more"
            elif self._token["access_token"] != rejected and (
                self._token["expires_at"] > time.time()
            ):
                return str(self._token["access_token"])  # another run has renewed it
            elif not self._token["refresh_token"]:
                reason = "the login to Spotify has run out"
            elif self._refresh(self._token["refresh_token"], self._token["scope"]):
                return str(self._token["access_token"])
            else:
                reason = "Spotify no longer accepts the login, which has run out or was withdrawn"
        if not self._may_log_in_again:
            raise LoginNeededError(f"{reason}; log in with `{LOGIN_COMMAND}`")
        self._may_log_in_again = False  # once: what a login does not mend, another does not either
        return self._logged_in(reason)

    def log_in(self) -> None:
        """Let the listener log in, for the scopes needed and those granted before.

        Raises
        ------
        InputError
            If they decline, paste something else or take too long, if the port is taken, or if
            the accounts service fails.
        """
        known = self._store.get_cached_token()
        scopes = self._scopes | (set(known["scope"].split()) if known else set())
        pkce = self._pkce(" ".join(sorted(scopes)))
        code = _code_by_paste if self._dialogue.headless else _code_by_browser
        # Kept out of the messages: a code is as good as a login for some minutes.
        pasted = code(pkce, self.app, self._dialogue)
        try:
            self._asked(lambda: pkce.get_access_token(pasted, check_cache=False))
        except CallFailedError as failed:
            raise InputError(
                f"Spotify does not accept the login ({failed.words}): codes serve once and for a "
                "few minutes; log in again"
            ) from failed
        self._token = self._store.get_cached_token()
        granted = set(self._token["scope"].split()) if self._token else set()
        if self._scopes - granted:
            raise InputError(
                "the login was made, but Spotify did not grant the permission "
                f"{' '.join(sorted(self._scopes - granted))}; log in again and agree to all"
            )

    def _logged_in(self, reason: str) -> str:
        if not self._dialogue.interactive:
            raise LoginNeededError(f"{reason}; log in with `{LOGIN_COMMAND}`")
        self._dialogue.tell(f"{reason}, so please log in")
        self.log_in()
        assert self._token is not None
        return str(self._token["access_token"])

    def _refresh(self, refresh_token: str, scope: str) -> bool:
        """Renew the stored token; False if the accounts service no longer accepts it."""
        pkce = self._pkce(scope)
        try:
            self._asked(lambda: pkce.refresh_access_token(refresh_token))
        except CallFailedError:
            return False
        self._token = self._store.get_cached_token()
        return self._token is not None

    def _pkce(self, scope: str) -> SpotifyPKCE:
        self._store.asked_for = scope
        pkce = SpotifyPKCE(
            client_id=self.app.client_id,
            redirect_uri=self.app.redirect_uri,
            state=secrets.token_urlsafe(24),
            scope=scope.split(),
            cache_handler=self._store,
            requests_session=CheckedSession(),
            requests_timeout=TIMEOUT_SECONDS,
            open_browser=False,
        )
        pkce.OAUTH_AUTHORIZE_URL = f"{self.app.accounts_url}/authorize"
        pkce.OAUTH_TOKEN_URL = f"{self.app.accounts_url}/api/token"
        return pkce

    def _asked(self, ask: Callable[[], Any]) -> None:
        """Call the accounts service; `CallFailedError` is left for a code or token refused."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                attempt(ask)
                return
            except CallFailedError as failed:
                if failed.code == "invalid_grant":
                    raise
                if failed.code in {"invalid_client", "unauthorized_client"}:
                    raise InputError(
                        f"Spotify does not know the app {self.app.client_id!r} ({failed.words}); "
                        f"check {CLIENT_ID_VARIABLES[0]}"
                    ) from failed
                if not failed.may_pass or pause is None:
                    raise UnreachableError(
                        f"Spotify's accounts service gives no token ({failed.words}); check the "
                        "connection and try again in a few minutes"
                    ) from failed
                self._dialogue.sleep(pause)


def authorise(scopes: Iterable[str], dialogue: Dialogue | None = None) -> Authorisation:
    """Return the right to use the listener's account; they log in if that is needed.

    Parameters
    ----------
    scopes
        Permissions needed, in Spotify's words.
    dialogue
        How to speak with the listener; None opens a browser and writes to standard error.

    Raises
    ------
    LoginNeededError
        If a login is needed and `dialogue` says that nobody is there.
    InputError
        If no app is set up, or the login fails.
    """
    authorisation = Authorisation(spotify_app(), frozenset(scopes), dialogue or Dialogue())
    authorisation.access_token()
    return authorisation


def is_logged_in(scopes: Iterable[str]) -> bool:
    """Say whether there is a login with these permissions, without asking Spotify or anybody."""
    try:
        token = TokenStore(spotify_app(), lambda _: None).get_cached_token()
    except InputError:
        return False
    return token is not None and set(scopes) <= set(token["scope"].split())


def _code_by_browser(pkce: SpotifyPKCE, app: SpotifyApp, dialogue: Dialogue) -> str:
    with RedirectListener(app.redirect_uri) as listener:
        address = pkce.get_authorize_url()
        dialogue.tell(f"log in to Spotify in the browser:\n  {address}")
        try:
            has_opened = dialogue.open_browser(address)
        except (webbrowser.Error, OSError):
            has_opened = False
        if not has_opened:
            dialogue.tell(
                "no browser could be opened; open the address yourself, in a browser on this "
                "computer, or stop with Ctrl-C and add --headless"
            )
        # Where neither a browser nor anybody at a terminal is, there is little to wait for.
        is_hopeless = not has_opened and not dialogue.is_watched()
        fields = listener.wait(HOPELESS_SECONDS if is_hopeless else LOGIN_SECONDS)
    return _code(fields, pkce.state)


def _code_by_paste(pkce: SpotifyPKCE, app: SpotifyApp, dialogue: Dialogue) -> str:
    dialogue.tell(
        f"open this address in a browser, on any computer, and log in:\n  "
        f"{pkce.get_authorize_url()}\nthe browser ends at an address that begins with "
        f"{app.redirect_uri} (a page that cannot be shown is right); paste that address here:"
    )
    text = dialogue.ask().strip().strip("'\"")
    if not text:
        raise InputError(
            "nothing was pasted; run the command again and paste the address that the browser "
            "ends at"
        )
    return _code(_pasted_fields(text, app.redirect_uri), pkce.state)


def _pasted_fields(text: str, redirect_uri: str) -> dict[str, str]:
    """Return the fields of the address that a browser ended at, if it is the one it was sent to."""
    awaited = urlsplit(redirect_uri)
    try:
        # Browsers show an address without its scheme, and some copy what they show.
        given = urlsplit(text if re.match(r"\w+://", text) else f"{awaited.scheme}://{text}")
        is_it = _place(given) == _place(awaited)
    except ValueError:
        is_it = False
    if not is_it:
        raise InputError(
            "what was pasted is not the address that the browser was to end at; run the command "
            "again, log in at the address that it tells, and paste the whole of what begins with "
            f"{redirect_uri}"
        )
    fields = dict(parse_qsl(given.query, keep_blank_values=True))
    if not fields.get("state"):
        raise InputError(
            "the address that was pasted lacks its state, which tells that it answers this login; "
            "run the command again and paste the whole address that the browser ends at, which "
            "holds code=... and state=..."
        )
    return fields


def _place(address: SplitResult) -> tuple[str, str | None, int | None, str]:
    """Return where an address leads, without what is asked there."""
    port = address.port or {"http": 80, "https": 443}.get(address.scheme)
    return address.scheme, address.hostname, port, address.path or "/"


def _code(fields: Mapping[str, str], state: str) -> str:
    """Return the code among the fields of an answer to our own question."""
    if not secrets.compare_digest(
        fields.get("state", "").encode("utf-8", "replace"), state.encode()
    ):
        raise InputError(
            "the answer belongs to another login than this one (its state differs); run the "
            "command again and use the address that it tells"
        )
    if fields.get("error") == "access_denied":
        raise InputError(
            "access was declined in the browser, so nothing was changed; run the command again "
            "and choose Agree"
        )
    if "error" in fields:
        raise InputError(f"Spotify refuses the login ({fields['error'][:100]!r}); log in again")
    if not fields.get("code"):
        raise InputError(
            "there is no code in what was pasted; paste the whole address that the browser ends "
            "at after you agreed, which holds code=..."
        )
    return fields["code"]
