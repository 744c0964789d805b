"""Write a file, or several that belong together, so that a reader never meets half of it."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.errors import InputError
from foundation.text import printable

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ON_THE_WAY = SAVING, COMPLETE = ".saving", ".complete"  # in a folder whose files are replaced


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
        If `path` is a folder, or its folder is missing, full or may not be written to.
    """
    path = Path(path)
    partial = _file_beside(path)
    try:
        with _answered(path, only=FULL_DISK):
            yield partial
        if not private:  # as mkstemp's files are
            umask = os.umask(0)
            os.umask(umask)
            partial.chmod(0o666 & ~umask)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def check_target(path: Path) -> None:
    """Refuse a file that `whole_file` could not write, before work is done for it.

    Raises
    ------
    InputError
        As `whole_file`.
    """
    _file_beside(path).unlink()


def _file_beside(path: Path) -> Path:
    if path.is_dir():
        raise InputError(f"{printable(path)} is a folder; give the name of a file to write")
    with _answered(path, "choose an existing folder that you may write to"):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    os.close(handle)
    return Path(name)


def write_text(path: str | Path, text: str, *, private: bool = False) -> None:
    """Write `text` as UTF-8, line ends as they are; see `whole_file`."""
    with whole_file(path, private=private) as partial:
        partial.write_text(text, "utf-8", newline="")


@contextmanager
def files_together(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; what is written there takes its place in `folder` when the block ends.

    By one renaming the new files are what the folder holds, for `read_together`, and then each is
    moved to its place: whoever is killed at any moment leaves all of the old ones or all of the new
    ones. The next one to write finishes the moving.

    Parameters
    ----------
    folder
        Made if it is not there; files of other names in it stay.

    Raises
    ------
    InputError
        If it cannot be written to.
    """
    staged = folder / SAVING
    with _answered(folder, "choose a folder that you may write to"):
        folder.mkdir(parents=True, exist_ok=True)
        _move_complete(folder)
        shutil.rmtree(staged, ignore_errors=True)  # of a run that was killed
        staged.mkdir()
    try:
        with _answered(folder, only=FULL_DISK):
            yield staged
        staged.rename(folder / COMPLETE)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _move_complete(folder)


@contextmanager
def _answered(target: Path, advice: str = "", only: frozenset[int] | None = None) -> Iterator[None]:
    """Turn what the disk refuses into an answer; in a block of others `only` no room."""
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        raise InputError(cannot_write(target, error, advice)) from error


def cannot_write(target: Path | str, error: OSError, advice: str) -> str:
    """Return the answer to what the disk refuses.

    Parameters
    ----------
    target
        What should have been written.
    error
        What was raised.
    advice
        What to do, if it is not that there is no room.
    """
    if error.errno in FULL_DISK:
        advice = "make room or choose another disk; what was there before is as it was"
    shown = printable(target) if isinstance(target, Path) else target
    return f"{shown} cannot be written ({error.strerror or error}); {advice}"


def read_together(folder: Path, name: str) -> bytes:
    """Return a file of a folder that `files_together` writes, as of the last time it was complete.

    Raises
    ------
    OSError
        If it cannot be read; `FileNotFoundError` if there is none.
    """
    try:
        return (folder / COMPLETE / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return (folder / name).read_bytes()


def _move_complete(folder: Path) -> None:
    complete = folder / COMPLETE
    if complete.is_dir():
        for path in list(complete.iterdir()):
            path.replace(folder / path.name)
        complete.rmdir()
