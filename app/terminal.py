"""How the commands speak: messages on standard error, and exit codes.

Exit codes: 0 done, 1 a check failed or the reader has gone, 2 what the user gave cannot be used or
what was asked for cannot be written, 130 interrupted.
"""

import contextlib
import os
import sys
from typing import NoReturn, TextIO

import typer

from foundation.errors import InputError
from foundation.safe_write import FULL_DISK, cannot_write

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130


def guarded(application: typer.Typer) -> NoReturn:
    """Run an application; a user's mistake, or a full disk, ends with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names that are not UTF-8
    code, failure = _run(application)
    failure = _flush_failure() or failure
    if isinstance(failure, BrokenPipeError):
        # The reader has gone, as in `emotify ... | head`; nothing is left to say to it.
        sys.exit(FAILED)
    if failure is not None:
        complain(_words(failure))
        sys.exit(WRONG_INPUT)
    sys.exit(code)


def complain(message: str) -> None:
    """Print a message for the user on standard error, if there is any."""
    if sys.stderr is None:
        return
    try:
        print(f"emotify: {message}", file=sys.stderr, flush=True)
    except OSError:
        _give_up(sys.stderr)


def _run(application: typer.Typer) -> tuple[int | str | None, OSError | None]:
    try:
        application()
    except InputError as error:
        complain(str(error))
        return WRONG_INPUT, None
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # Typer's answer to Ctrl-C
            complain("interrupted; the same command starts again, or goes on where it stopped")
        return stop.code, None
    except OSError as error:  # of a write that nothing nearer has put into words
        return WRONG_INPUT, error
    return 0, None


def _flush_failure() -> OSError | None:
    """Write what is left for standard output; return why that cannot be done."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _give_up(sys.stdout)
        return error
    return None


def _give_up(stream: TextIO) -> None:
    """Let nothing go to a stream any more, so that Python does not try again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _words(error: OSError) -> str:
    if error.errno in FULL_DISK:  # a write does not say which it was
        return cannot_write(error.filename or "standard output (or a temporary file)", error, "")
    name = f"{error.filename}: " if error.filename else ""
    return (
        f"{name}{error.strerror or error}; see that what is read and written is there and that you "
        "may do so, and run the command again"
    )
