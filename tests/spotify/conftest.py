"""A stand-in for Spotify, and an account logged in to it, over real HTTP."""

import socket

import pytest
import requests

from spotify.client import Account
from spotify.journal import Request
from spotify.login import Dialogue, authorise
from spotify.matching import WantedTrack
from spotify.stand_in.server import CatalogueTrack, StandIn

ALL_SCOPES = (
    "playlist-read-private",
    "playlist-read-collaborative",
    "playlist-modify-private",
    "playlist-modify-public",
    "user-library-read",
    "user-top-read",
)


def track_id(number):
    return f"T{number:021d}"


def numbered(count, **more):
    """Tracks of a catalogue that are all different."""
    return [
        CatalogueTrack(track_id(i), f"Title {i}", (f"Artist {i}",), f"QZABC{i:07d}", **more)
        for i in range(count)
    ]


def wanted(*numbers):
    return [WantedTrack(track_id(i), f"Title {i}", f"Artist {i}") for i in numbers]


def uris(*numbers):
    return [f"spotify:track:{track_id(i)}" for i in numbers]


def request_of(tracks, key="evening", **more):
    values = {"name": "Evening", "description": "made by Emotify", "public": False} | more
    return Request(key=key, tracks=tuple(tracks), **values)


@pytest.fixture(name="track_id")
def _track_id():
    return track_id


@pytest.fixture(name="numbered")
def _numbered():
    return numbered


@pytest.fixture(name="wanted")
def _wanted():
    return wanted


@pytest.fixture(name="uris")
def _uris():
    return uris


@pytest.fixture(name="request_of")
def _request_of():
    return request_of


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Listener:
    """Somebody without a browser here, who pastes what the browser elsewhere ends at."""

    def __init__(self):
        self.told = []
        self.slept = []

    def tell(self, message):
        self.told.append(message)

    def ask(self):
        address = next(line.strip() for line in self.told[-1].splitlines() if "authorize?" in line)
        answer = requests.get(address, allow_redirects=False, timeout=5)
        return answer.headers["Location"] + "\n"

    def sleep(self, seconds):
        self.slept.append(seconds)

    def dialogue(self, **more):
        values = {"headless": True, "tell": self.tell, "ask": self.ask, "sleep": self.sleep} | more
        return Dialogue(**values)

    @property
    def said(self):
        return "\n".join(self.told)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nothing of the real user is read or written."""
    monkeypatch.setenv("EMOTIFY_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("EMOTIFY_DATA_HOME", str(tmp_path / "data"))
    for name in ("CLIENT_ID", "REDIRECT_URI", "API_URL", "ACCOUNTS_URL"):
        for prefix in ("EMOTIFY_SPOTIFY_", "SPOTIPY_", "SPOTIFY_"):
            monkeypatch.delenv(prefix + name, raising=False)
    monkeypatch.delenv("EMOTIFY_RECCOBEATS_URL", raising=False)
    monkeypatch.setenv("EMOTIFY_SPOTIFY_REDIRECT_URI", f"http://127.0.0.1:{free_port()}/callback")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def there(home, monkeypatch):
    """A stand-in with 300 tracks, which the environment leads to."""
    with StandIn(numbered(300)) as stand_in:
        for variable, value in stand_in.environment().items():
            monkeypatch.setenv(variable, value)
        yield stand_in


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def account(there, listener):
    """A listener's account; the log begins after the login."""
    authorisation = authorise(ALL_SCOPES, listener.dialogue())
    there.asked.clear()
    listener.told.clear()
    return Account(authorisation, tell=listener.tell, sleep=listener.sleep)
