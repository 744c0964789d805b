"""Write a file so that a reader never meets half of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import InputError


@contextmanager
def whole_file(path: str | Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a new file beside `path`, which takes its name when the block ends without an error.

    Parameters
    ----------
    path
        Target; a file that is there is replaced, its folder must exist.
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
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}); choose an existing folder that you may "
            "write to"
        ) from error
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        if not private:  # as mkstemp's files are
            umask = os.umask(0)
            os.umask(umask)
            partial.chmod(0o666 & ~umask)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str, *, private: bool = False) -> None:
    """Write `text` as UTF-8, line ends as they are; see `whole_file`."""
    with whole_file(path, private=private) as partial:
        partial.write_text(text, "utf-8", newline="")
