"""The one exception for a user's mistake, shared by every package.

A message of `InputError` is written for the person who made the call: it says what was given,
what is accepted, and what to do next. The command line prints it and exits with code 2;
`run` does so for a module that is run by itself.
"""

import sys
from collections.abc import Callable


class InputError(ValueError):
    """What the user gave cannot be used; the message says why and what to do."""


def run(main: Callable[[], None]) -> None:
    """Run a module's `main`; a user's mistake is printed, and the exit code is 2."""
    try:
        main()
    except InputError as error:
        print(f"emotify: {error}", file=sys.stderr)
        sys.exit(2)
