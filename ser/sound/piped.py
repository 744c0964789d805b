"""Recordings that come through a pipe: standard input, a FIFO, a device.

Every reader goes back and forth in a file, and reads it twice, so what comes is kept in a file of
one's own as long as it is needed.
"""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from foundation.errors import InputError
from foundation.text import printable

STANDARD_INPUT = "standard input"
STANDARD_INPUT_PATHS = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
MOST_BYTES = 2 << 30  # hours of sound; a device such as /dev/zero never ends
PART_BYTES = 1 << 20


def shown_name(path: Path) -> str:
    """Return what to call a recording in a message."""
    return STANDARD_INPUT if os.fspath(path) in STANDARD_INPUT_PATHS else printable(path)


def is_piped(path: Path) -> bool:
    """Whether a path stands for what can be read but once."""
    if os.fspath(path) in STANDARD_INPUT_PATHS:
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False  # whoever opens it says why
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


class PipedFile:
    """All that comes through a pipe, in a file that goes when nobody holds this any more.

    Parameters
    ----------
    path
        Of which `is_piped` is true.

    Attributes
    ----------
    path
        Of the file. Nobody else may read it.

    Raises
    ------
    InputError
        If nothing can be read, too much comes, or there is no room for it.
    """

    def __init__(self, path: Path) -> None:
        name = shown_name(path)
        try:
            self._folder = tempfile.TemporaryDirectory(
                prefix="emotify-", ignore_cleanup_errors=True
            )
            self.path = Path(self._folder.name) / Path(name).name
            with self.path.open("xb") as file:
                for part in _parts(path, name):
                    if file.tell() + len(part) > MOST_BYTES:
                        raise InputError(
                            f"{name}: more than {MOST_BYTES >> 30} GB came and no end; give the "
                            "path of a file"
                        )
                    file.write(part)
                if file.tell() == 0:
                    raise InputError(f"{name}: nothing came; pipe a recording into it")
        except PermissionError as error:
            raise InputError(f"{name}: may not be read; change its permissions") from error
        except OSError as error:
            raise InputError(
                f"{name}: cannot be read or kept ({error.strerror}); give the path of a file"
            ) from error


def _parts(path: Path, name: str) -> Iterator[bytes]:
    if name != STANDARD_INPUT:
        with path.open("rb") as file:
            yield from _read(file)
        return
    given = getattr(sys.stdin, "buffer", None)  # None where it is closed
    if given is None or given.closed:
        raise InputError(f"{name}: is closed; give the path of a recording, or pipe one into it")
    if given.isatty():
        raise InputError(
            f"{name}: is the keyboard; pipe a recording into it, as in "
            "`cat me.wav | emotify recognize -`"
        )
    yield from _read(given)


def _read(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(PART_BYTES):
        yield part
