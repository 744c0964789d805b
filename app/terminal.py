"""How the commands speak: messages on standard error, and exit codes.

Whatever is written to the terminal passes a `ShownStream`, so that no title, file name or message
of a server steers it.

Exit codes: 0 done, 1 a check failed, 2 what the user gave cannot be used, 130 interrupted.
"""

import os
import re
import sys
from typing import Any, NoReturn, TextIO

import typer

from foundation.errors import InputError
from foundation.text import shown_lines

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130

# What a progress bar writes: back to the beginning of the line, or some lines down and up again.
BAR = re.compile(r"(\r?)(.*?)(\r?)", re.DOTALL)
BAR_MOVES = re.compile(r"\n*(?:\x1b\[A)+")


class ShownStream:
    """A stream to a person: what would steer the terminal is spelled out (`foundation.text`).

    Parameters
    ----------
    stream
        Where the text goes.
    bars
        Whether progress bars are drawn there, which move the cursor.
    """

    def __init__(self, stream: TextIO, *, bars: bool) -> None:
        self._stream = stream
        self._bars = bars

    def write(self, text: str) -> int:
        """Write text as it may be shown."""
        before = after = ""
        if self._bars:
            if BAR_MOVES.fullmatch(text):
                return self._stream.write(text)
            before, text, after = BAR.fullmatch(text).groups()  # type: ignore[union-attr]
        return self._stream.write(f"{before}{shown_lines(text)}{after}")

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has."""
        return getattr(self._stream, name)


def guarded(application: typer.Typer) -> NoReturn:
    """Run an application; a user's mistake ends with a message and exit code 2."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names that are not UTF-8
        if stream is not None:
            setattr(sys, name, ShownStream(stream, bars=name == "stderr"))
    try:
        application()
    except InputError as error:
        complain(str(error))
        sys.exit(WRONG_INPUT)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # Typer's answer to Ctrl-C
            complain("interrupted; the same command starts again, or goes on where it stopped")
        raise
    except BrokenPipeError:
        # The reader has gone, as in `emotify ... | head`; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    sys.exit(0)


def complain(message: str) -> None:
    """Print a message for the user on standard error."""
    print(f"emotify: {message}", file=sys.stderr, flush=True)
