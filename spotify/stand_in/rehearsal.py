"""A playlist into an account that nobody has: everything is as with Spotify, but on this computer.

For whoever has no account, or wants to see first what is asked of Spotify. The login, the calls and
their rules are those of `spotify.stand_in.server`; neither login nor journal is kept.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import requests

from clustering.playlist import Playlist
from foundation.user_data import CONFIG_HOME_VARIABLE
from spotify.addresses import CLIENT_ID_VARIABLES, STAND_IN_CLIENT_ID
from spotify.client import Account
from spotify.from_playlist import wanted_tracks
from spotify.journal import Request
from spotify.login import Dialogue, authorise
from spotify.publish import Published, publish, scopes
from spotify.stand_in.server import CatalogueTrack, StandIn

UNKNOWN_MS = 200_000.0  # length of a track whose table does not tell it


@dataclass(frozen=True)
class Rehearsal:
    """What would have happened.

    Attributes
    ----------
    published
        The result.
    calls
        Every request, in order: method, path, and what was sent along.
    """

    published: Published
    calls: pd.DataFrame


def rehearse(playlist: Playlist, request: Request) -> Rehearsal:
    """Put a playlist into the account of nobody.

    Parameters
    ----------
    playlist
        The stand-in knows all its tracks; those without a Spotify id have to be searched for.
    request
        As `spotify.from_playlist.request_for` gives it.

    Raises
    ------
    InputError
        As `spotify.publish.publish`.
    """
    known = [
        CatalogueTrack(
            track.spotify_id or f"{number:022d}",
            track.name,
            tuple(track.artist.split(";")),
            duration_ms=round(track.duration_ms or UNKNOWN_MS),
        )
        for number, track in enumerate(wanted_tracks(playlist))
    ]
    with StandIn(known) as there, tempfile.TemporaryDirectory() as folder:
        variables = {
            **there.environment(),
            CONFIG_HOME_VARIABLE: folder,
            CLIENT_ID_VARIABLES[0]: STAND_IN_CLIENT_ID,
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1"),  # it is on this computer
        }
        with _set(variables):
            pasted: list[str] = []
            dialogue = Dialogue(headless=True, tell=pasted.append, ask=lambda: _agree(pasted[-1]))
            account = Account(authorise(scopes(request.public), dialogue), tell=pasted.append)
            published = publish(account, request, folder=Path(folder), tell=pasted.append)
        calls = [
            (
                one.method,
                one.path.lstrip("/"),
                _sent(one.query if one.method == "GET" else one.body),
            )
            for one in there.asked
        ]
    return Rehearsal(published, pd.DataFrame(calls, columns=["method", "path", "sent"]))


def _agree(told: str) -> str:
    """Do what a listener does in the browser, and return the address that it ends at."""
    address = next(line.strip() for line in told.splitlines() if "authorize?" in line)
    return requests.get(address, allow_redirects=False, timeout=10).headers["Location"]


def _sent(content: object) -> str:
    """Name the fields that were sent; codes and tokens are nobody's business, not even here."""
    if not isinstance(content, Mapping):
        return ""
    return f"{len(content['uris'])} tracks" if "uris" in content else ", ".join(content)


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
