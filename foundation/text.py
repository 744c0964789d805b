"""Text as it may be shown: names of files as they are met, made printable."""

import os
from pathlib import Path


def printable(path: Path) -> str:
    """Return a path for a message, also where its bytes are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
