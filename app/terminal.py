"""How the commands speak: messages on standard error, and exit codes.

Exit codes: 0 done, 1 a check failed, 2 what the user gave cannot be used, 130 interrupted.
"""

import os
import sys
from typing import NoReturn

import typer

from foundation.errors import InputError

FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 130


def guarded(application: typer.Typer) -> NoReturn:
    """Run an application; a user's mistake ends with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names that are not UTF-8
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
