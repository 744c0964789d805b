"""A run killed before or after any of its requests, then repeated, leaves one right playlist.

Imports take a second, so one process does them and forks a child for each run; the child is a
run of its own, with the stored login and nothing else, and is killed by the server.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spotify.login import authorise

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import os, signal, sys
from spotify.client import Account
from spotify.journal import Request
from spotify.login import Dialogue, authorise
from spotify.matching import WantedTrack
from spotify.publish import SCOPES, publish

def run(folder, first, last):
    tracks = [WantedTrack(f"T{i:021d}", f"Title {i}", f"Artist {i}") for i in range(first, last)]
    tracks.insert(1, WantedTrack(None, "Title 299", "Artist 299"))
    tracks.append(WantedTrack(None, "Title 298", "Artist 298"))
    account = Account(authorise(SCOPES, Dialogue(interactive=False)))
    publish(account, Request("evening", "Evening", "", False, tuple(tracks)), folder=folder)

for line in sys.stdin:
    folder, first, last = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a test that hangs fails
        try:
            run(folder, int(first), int(last))
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@pytest.fixture
def runs(there, listener):
    """Publish in a process: `runs(folder, first, last, kill=(number, when)) -> (killed, n)`."""
    authorise(("playlist-read-private", "playlist-modify-private"), listener.dialogue())
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(folder, first, last, kill=None):
        there.asked.clear()
        child = 0

        def watch(number, when):
            if (number, when) == kill:
                while not child:  # told a moment after the fork
                    pass
                os.kill(child, signal.SIGKILL)

        there.watch = watch
        parent.stdin.write(f"{folder}\t{first}\t{last}\n")
        parent.stdin.flush()
        child = int(parent.stdout.readline())
        status = int(parent.stdout.readline())
        there.watch = lambda number, when: None
        if os.WIFSIGNALED(status):
            return True, len(there.asked)
        assert status == 0
        return False, len(there.asked)

    yield run
    parent.stdin.close()
    parent.wait(timeout=10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("when", ["before", "after"])
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
