"""A run killed before or after any of its requests, then repeated, leaves one right playlist."""

import os
import signal

import pytest

from spotify.login import authorise

PROGRAM = """
from spotify.client import Account
from spotify.journal import Request
from spotify.login import Dialogue, authorise
from spotify.matching import WantedTrack
from spotify.publish import SCOPES, publish

def run(line):
    folder, first, last = line.split("\\t")
    first, last = int(first), int(last)
    tracks = [WantedTrack(f"T{i:021d}", f"Title {i}", f"Artist {i}") for i in range(first, last)]
    tracks.insert(1, WantedTrack(None, "Title 299", "Artist 299"))
    tracks.append(WantedTrack(None, "Title 298", "Artist 298"))
    account = Account(authorise(SCOPES, Dialogue(interactive=False)))
    publish(account, Request("evening", "Evening", "", False, tuple(tracks)), folder=folder)
"""


@pytest.fixture
def runs(there, listener, forking):
    """Publish in a process: `runs(folder, first, last, kill=(number, when)) -> (killed, n)`."""
    authorise(("playlist-read-private", "playlist-modify-private"), listener.dialogue())
    publish = forking(PROGRAM)

    def run(folder, first, last, kill=None):
        there.asked.clear()
        code = publish(f"{folder}\t{first}\t{last}", there, kill)
        assert code in {0, -signal.SIGKILL}
        return code == -signal.SIGKILL, len(there.asked)

    return run


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.heavy), "after"])
@pytest.mark.parametrize("renews", [False, True])
def test_killed_at_any_request_and_repeated(runs, there, home, uris, when, renews):
    number, was_killed = 0, True
    while was_killed:
        number += 1
        there.service.playlists.clear()
        other = there.service.add_playlist("Evening", entries=uris(290))  # not ours
        folder = home / f"journals-{number}"
        if renews:
            runs(folder, 100, 230)
        was_killed, _ = runs(folder, 0, 130, kill=(number, when))
        runs(folder, 0, 130)
        [mine] = [one for one in there.service.playlists.values() if one is not other]
        assert mine.entries == uris(0, 299, *range(1, 130), 298), f"killed at request {number}"
        assert other.entries == uris(290)
    assert number > 8
    assert runs(folder, 0, 130) == (False, 4)  # playlists, and three pages of items
    assert {one.method for one in there.asked} == {"GET"}
