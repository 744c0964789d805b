"""Write a text file so that a reader never meets half of it."""

import os
import tempfile
from pathlib import Path

from ser.errors import InputError


def write_text(path: str | Path, text: str, *, private: bool = False) -> None:
    """Write `text` as UTF-8 beside `path` under another name, then rename it.

    Parameters
    ----------
    path
        Target; a file that is there is replaced, its folder must exist.
    text
        Whole content; line ends are written as they are.
    private
        Whether nobody but the owner may read the file.

    Raises
    ------
    InputError
        If `path` is a folder, or its folder is missing or may not be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file to write")
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); choose an existing folder that you may "
            "write to"
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if not private:  # as mkstemp's files are
            umask = os.umask(0)
            os.umask(umask)
            Path(partial).chmod(0o666 & ~umask)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
