"""Where the login is kept: a token flows in and out of one private file.

The file is ``spotify_token.json`` in `foundation.user_data.user_config_folder`, readable by its
owner alone, replaced as a whole. It also says which app and which server the token is for; any
other app or server is not logged in by it, and does not delete it until a new login is there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from spotipy.cache_handler import CacheHandler

from foundation.errors import InputError
from foundation.records import RecordFormat
from foundation.user_data import CONFIG_HOME_VARIABLE, make_private_folder, user_config_folder
from spotify.addresses import SpotifyApp

FILE = "spotify_token.json"
FORMAT = RecordFormat("emotify-spotify-login", 1, "login to Spotify", unnamed=True)
LOCK_SECONDS = 60.0  # another run renews the token meanwhile


class TokenStore(CacheHandler):
    """The stored login of one app, in the form that spotipy asks for.

    Parameters
    ----------
    app
        App and servers that the token is for.
    tell
        Called with what the listener should know, such as a damaged file.
    """

    def __init__(self, app: SpotifyApp, tell: Callable[[str], None]) -> None:
        self.path = user_config_folder() / FILE
        self.asked_for = ""  # the scopes, for a server that leaves them out when all are granted
        self._app = app
        self._tell = tell

    def get_cached_token(self) -> dict[str, Any] | None:
        """Return the stored token, or None if there is none for this app and server."""

        def token(stored: dict[str, Any]) -> dict[str, Any] | None:
            owner = stored["client_id"], stored["accounts_url"]
            return _checked(stored) if owner == self._owner() else None

        return FORMAT.recall(self.path, token, self._tell, "you count as not logged in")

    def save_token_to_cache(self, token_info: dict[str, Any]) -> None:
        """Keep a token that a server gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is no token.
        InputError
            If it cannot be written.
        """
        token = _checked({"scope": self.asked_for, **token_info})
        client_id, accounts_url = self._owner()
        content = {"client_id": client_id, "accounts_url": accounts_url, **token}
        make_private_folder(self.path.parent, CONFIG_HOME_VARIABLE)
        FORMAT.write(self.path, content)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs from renewing the token at the same time, which would make it void.

        Raises
        ------
        InputError
            If another run holds the lock too long, or the folder cannot be written to.
        """
        make_private_folder(self.path.parent, CONFIG_HOME_VARIABLE)
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
                yield
        except Timeout as error:
            raise InputError(
                f"another run of Emotify has been renewing the login for {LOCK_SECONDS:.0f} s; "
                "wait for it and run the same command again"
            ) from error

    def _owner(self) -> tuple[str, str]:
        return self._app.client_id, self._app.accounts_url


def forget_login() -> Path | None:
    """Delete the stored login, of whichever app, and return where it was; None if there is none."""
    path = user_config_folder() / FILE
    for left_over in path.parent.glob(f"{FILE}*.partial"):  # of a run that was killed
        left_over.unlink(missing_ok=True)
    if not path.exists():
        return None
    path.unlink(missing_ok=True)
    return path


def _checked(token: dict[str, Any]) -> dict[str, Any]:
    """Return what we keep of a token.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing or is of another type.
    """
    if not _is_word(token["access_token"]):
        raise ValueError("no access token")
    refresh_token = token.get("refresh_token")
    return {
        "access_token": token["access_token"],
        "refresh_token": refresh_token if _is_word(refresh_token) else None,
        "expires_at": float(token["expires_at"]),
        "scope": str(token["scope"]),
    }


def _is_word(value: Any) -> bool:
    """Return whether a value can stand in a header of HTTP."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()
