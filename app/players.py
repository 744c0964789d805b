"""Hand a playlist of sound files to a player that is installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from clustering.playlist import Playlist
from foundation.errors import InputError

# Program, and what it needs to play a list in a terminal and stop at its end.
PLAYERS: dict[str, tuple[str, ...]] = {
    "mpv": ("--no-video",),
    "cvlc": ("--play-and-exit",),
    "vlc": ("--play-and-exit",),
    "mplayer": ("-playlist",),
}


def find_player() -> tuple[str, ...]:
    """Return the command of the first player that is installed, to which a list is appended.

    Raises
    ------
    InputError
        If there is none.
    """
    for name, options in PLAYERS.items():
        program = shutil.which(name)
        if program:
            return (program, *options)
    raise InputError(
        f"no player is installed; install one of {', '.join(PLAYERS)}, or write the list with "
        "--m3u and open it yourself"
    )


def play(playlist: Playlist) -> None:
    """Play the tracks to their end; Ctrl-C stops.

    Raises
    ------
    InputError
        If no player is installed, it fails, or a track has no sound file.
    """
    command = find_player()
    with tempfile.TemporaryDirectory(prefix="emotify-") as folder:
        path = Path(folder, "playlist.m3u8")
        playlist.to_m3u(path)
        status = subprocess.run([*command, str(path)], check=False).returncode
    if status:
        raise InputError(f"{Path(command[0]).name} ended with exit code {status}")
