"""Which servers are asked, and as which app: environment in, `SpotifyApp` out.

``EMOTIFY_SPOTIFY_API_URL``, ``EMOTIFY_SPOTIFY_ACCOUNTS_URL`` and ``EMOTIFY_RECCOBEATS_URL`` lead
elsewhere, such as to `spotify.stand_in.server`. They count in the environment only, not in
``.env``: a file that came with a folder must not say where a login is sent to.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values

from foundation.errors import InputError

API_VARIABLE = "EMOTIFY_SPOTIFY_API_URL"
ACCOUNTS_VARIABLE = "EMOTIFY_SPOTIFY_ACCOUNTS_URL"
RECCOBEATS_VARIABLE = "EMOTIFY_RECCOBEATS_URL"
CLIENT_ID_VARIABLES = ("EMOTIFY_SPOTIFY_CLIENT_ID", "SPOTIPY_CLIENT_ID", "SPOTIFY_CLIENT_ID")
REDIRECT_VARIABLES = ("EMOTIFY_SPOTIFY_REDIRECT_URI", "SPOTIPY_REDIRECT_URI")

API_URL = "https://api.spotify.com/v1"
ACCOUNTS_URL = "https://accounts.spotify.com"
RECCOBEATS_URL = "https://api.reccobeats.com/v1"
REDIRECT_URI = "http://127.0.0.1:8765/callback"
STAND_IN_CLIENT_ID = "emotify"  # where no app need be registered
LOOPBACK = frozenset({"127.0.0.1", "::1"})  # Spotify takes plain http for these two only


@dataclass(frozen=True)
class SpotifyApp:
    """The app that asks, and the servers that answer.

    Attributes
    ----------
    client_id
        As shown in Spotify's dashboard; no secret.
    redirect_uri
        Where the browser is sent after the login; registered for the app, letter for letter.
    api_url, accounts_url
        Base addresses, without a slash at the end.
    """

    client_id: str
    redirect_uri: str
    api_url: str
    accounts_url: str


def spotify_app() -> SpotifyApp:
    """Return the app and the servers that the environment names.

    Raises
    ------
    InputError
        If an address cannot be used, or no client id is set.
    """
    api_url = _base_address(API_VARIABLE, API_URL, version="/v1")
    accounts_url = _base_address(ACCOUNTS_VARIABLE, ACCOUNTS_URL)
    redirect = redirect_uri()
    client_id = _setting(CLIENT_ID_VARIABLES)[1]
    if not client_id and accounts_url != ACCOUNTS_URL:
        client_id = STAND_IN_CLIENT_ID
    if not client_id:
        raise InputError(
            f"Spotify needs the id of an app of yours, and {CLIENT_ID_VARIABLES[0]} is not set:\n"
            "  1. open https://developer.spotify.com/dashboard (with a Premium account) and choose "
            "Create app\n"
            f"  2. add the redirect URI {redirect}\n"
            "  3. tick Web API and save\n"
            "  4. add at most 5 listeners under User Management\n"
            f"  5. copy the Client ID: export {CLIENT_ID_VARIABLES[0]}=..., or write that line "
            "into a file .env in this folder"
        )
    return SpotifyApp(client_id, redirect, api_url, accounts_url)


def reccobeats_url() -> str:
    """Return the base address of ReccoBeats.

    Raises
    ------
    InputError
        If the environment names what is no address.
    """
    return _base_address(RECCOBEATS_VARIABLE, RECCOBEATS_URL, version="/v1")


def redirect_uri() -> str:
    """Return where the browser is sent after the login.

    Raises
    ------
    InputError
        If Spotify would not take it: it wants http on 127.0.0.1 or [::1] with a port, or https.
    """
    variable, given = _setting(REDIRECT_VARIABLES)
    if not given:
        return REDIRECT_URI
    accepted = f"use http://127.0.0.1:PORT/callback such as {REDIRECT_URI}, registered for the app"
    parts = _split(given)
    if parts is None or not parts.hostname:
        raise InputError(f"{variable} is {given!r}, which is no address; {accepted}")
    if parts.hostname == "localhost":
        raise InputError(
            f"{variable} is {given!r}: Spotify no longer takes the name localhost, since it may "
            f"lead elsewhere than to this computer; {accepted}"
        )
    if parts.scheme == "https":
        return given
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or not parts.port:
        raise InputError(
            f"{variable} is {given!r}: without https it must be on 127.0.0.1 or [::1] and name a "
            f"port; {accepted}"
        )
    return given


def _base_address(variable: str, default: str, version: str = "") -> str:
    given = os.environ.get(variable, "").strip()
    if not given:
        return default
    parts = _split(given)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(
            f"{variable} is {given!r}, which is no web address; give one such as {default}, or "
            "unset it"
        )
    bare = given.rstrip("/")
    return bare + version if parts.path in {"", "/"} else bare


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - read here, because it raises for what is no port
    except ValueError:
        return None
    return parts


def _setting(variables: tuple[str, ...]) -> tuple[str, str]:
    """Return the first variable that is set, here or in ``.env``, and its value."""
    path = Path(".env")
    try:
        file = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f".env cannot be read ({error}); mend or remove the file") from error
    for variable in variables:
        value = (os.environ.get(variable) or file.get(variable) or "").strip()
        if value:
            return variable, value
    return variables[0], ""
