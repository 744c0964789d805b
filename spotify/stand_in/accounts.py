"""The part of `spotify.stand_in.server` that hands out tokens: codes and verifiers in, tokens out.

It is as strict as OAuth 2.0 with PKCE asks for (RFC 7636): a code serves once, only together with
the verifier whose SHA-256 was announced, the same client and the same redirect address. Refresh
tokens rotate, and one that was used is void.
"""

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

Answer = tuple[int, dict[str, Any]]

# What is documented: of the page of the login, and of the two questions for a token.
LOGIN_FIELDS = {
    "client_id",
    "response_type",
    "redirect_uri",
    "state",
    "scope",
    "show_dialog",
    "code_challenge_method",
    "code_challenge",
}
TOKEN_FIELDS = {
    "authorization_code": {"client_id", "grant_type", "code", "redirect_uri", "code_verifier"},
    "refresh_token": {"client_id", "grant_type", "refresh_token"},
}
CHALLENGE = re.compile(r"[\w-]{43}", re.ASCII)
VERIFIER = re.compile(r"[\w.~-]{43,128}", re.ASCII)


@dataclass(frozen=True)
class _Question:
    """What `/authorize` was asked, to be compared with what `/api/token` is asked."""

    client_id: str
    redirect_uri: str
    challenge: str
    scope: str


class Accounts:
    """An accounts service that agrees, or declines, in the listener's place.

    Attributes
    ----------
    client_id
        The app that it knows.
    token_seconds
        How long an access token is good.
    declines
        Whether the listener declines.
    grants
        Scopes that are granted at most; None grants what is asked for.
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.token_seconds = 3600
        self.declines = False
        self.grants: frozenset[str] | None = None
        self._codes: dict[str, _Question] = {}
        self._access: dict[str, tuple[float, frozenset[str]]] = {}
        self._refresh: dict[str, str] = {}

    def authorize(self, query: dict[str, str]) -> tuple[int, str]:
        """Return 302 and where the browser is sent, or another status and why it is not sent."""
        redirect_uri = query.get("redirect_uri", "")
        parts = urlsplit(redirect_uri)
        is_loopback = parts.hostname in {"127.0.0.1", "::1"}
        if query.get("client_id") != self.client_id:
            return 400, "INVALID_CLIENT: Invalid client"
        if not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback)):
            return 400, "INVALID_CLIENT: Insecure redirect URI"
        if query.get("response_type") != "code" or {*query} - LOGIN_FIELDS:
            return 400, "response_type must be code, and nothing else be asked than is documented"
        is_challenge = CHALLENGE.fullmatch(query.get("code_challenge", ""))
        if query.get("code_challenge_method") != "S256" or not is_challenge:
            return 400, "code_challenge_method must be S256"
        state = {"state": query["state"]} if "state" in query else {}
        if self.declines:
            return 302, f"{redirect_uri}?{urlencode({'error': 'access_denied', **state})}"
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Question(
            self.client_id, redirect_uri, query["code_challenge"], query.get("scope", "")
        )
        return 302, f"{redirect_uri}?{urlencode({'code': code, **state})}"

    def token(self, form: Any, query: dict[str, str]) -> Answer:
        """Return a new pair of tokens for a code or a refresh token."""
        if not isinstance(form, dict) or query:
            return 400, {"error": "invalid_request", "error_description": "a form, and no query"}
        fields = TOKEN_FIELDS.get(form.get("grant_type", ""), {*form})
        if {*form} != fields:
            return 400, {
                "error": "invalid_request",
                "error_description": f"the fields must be {', '.join(sorted(fields))}",
            }
        if form.get("client_id") != self.client_id:
            return 400, {"error": "invalid_client", "error_description": "Invalid client"}
        if form.get("grant_type") == "authorization_code":
            return self._for_code(form)
        if form.get("grant_type") == "refresh_token":
            scope = self._refresh.pop(form.get("refresh_token", ""), None)
            return _refused("Refresh token revoked") if scope is None else self._pair(scope)
        return 400, {"error": "unsupported_grant_type"}

    def refusal(self, header: str, scope: str) -> Answer | None:
        """Return why a call with this Authorization header may not be made; None if it may."""
        kind, _, token = header.partition(" ")
        until, granted = self._access.get(token, (0.0, frozenset()))
        if kind != "Bearer" or not token:
            return _error(401, "No token provided")
        if until <= time.time():
            return _error(401, "The access token expired")
        return None if set(scope.split()) <= granted else _error(403, "Insufficient client scope")

    def expire(self) -> None:
        """Make all access tokens void; refresh tokens stay good."""
        self._access.clear()

    def revoke(self) -> None:
        """Make all tokens void, as when the listener removes the app from their account."""
        self._access.clear()
        self._refresh.clear()

    def _for_code(self, form: dict[str, str]) -> Answer:
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None:
            return _refused("Invalid authorization code")
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if not VERIFIER.fullmatch(form["code_verifier"]):
            return _refused("code_verifier must have 43 to 128 letters")
        if asked.challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
            return _refused("code_verifier was incorrect")
        if asked.redirect_uri != form.get("redirect_uri"):
            return _refused("Invalid redirect URI")
        return self._pair(asked.scope)

    def _pair(self, scope: str) -> Answer:
        granted = frozenset(scope.split())
        if self.grants is not None:
            granted &= self.grants
        access, refresh = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        self._access[access] = (time.time() + self.token_seconds, granted)
        self._refresh[refresh] = " ".join(sorted(granted))
        return 200, {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.token_seconds,
            "refresh_token": refresh,
            "scope": " ".join(sorted(granted)),
        }


def _refused(why: str) -> Answer:
    return 400, {"error": "invalid_grant", "error_description": why}


def _error(status: int, message: str) -> Answer:
    return status, {"error": {"status": status, "message": message}}
