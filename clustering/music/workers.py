"""Many files read by processes of their own, so that what ends one of them ends no night's work.

A damaged file can end the process that decodes it, and so can machine code that Numba kept damaged.
Numba keeps it in a folder of ours, for each version anew. Where a process dies, that folder is
emptied and the rest is tried again; where one dies once more, file by file, so that the one which
does it is found.
"""

import os
import platform
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib
from joblib.executor import get_memmapping_executor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from foundation.errors import InputError
from foundation.text import printable
from foundation.user_data import CACHE_HOME_VARIABLE, user_cache_folder

NUMBA_VARIABLE = "NUMBA_CACHE_DIR"
COMPILING = ("emotify", "librosa", "numba", "llvmlite")  # whose versions make other code
IDLE_SECONDS = 60  # then a process goes
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MOST_DEATHS = 3  # one after the other, file by file: then it is not the files

Found = tuple[Path, dict[str, Any] | None, str]
ENDED = "ended the process that was reading it: it is damaged, or memory ran out"


class _DiedError(Exception):
    """A process died, or what was compiled before cannot be used."""


def each(
    function: Callable[..., Found],
    waiting: list[Path],
    *asked: Any,
    n_jobs: int,
    tell: Callable[[str], None],
) -> Iterator[Found]:
    """Yield ``function(path, *asked)`` for every path, in the order in which they end.

    Parameters
    ----------
    function
        Of a module, so that processes can import it; it raises nothing.
    waiting
        The files.
    asked
        What all calls get.
    n_jobs
        Processes; -1 for one a core.
    tell
        Called with what a reader should know.

    Raises
    ------
    InputError
        If process after process dies, whatever the file, or `n_jobs` is 0.
    """
    if n_jobs == 0:
        raise InputError(
            "no file can be read by 0 processes; give at least one, or -1 for one a core"
        )
    left = dict.fromkeys(waiting)
    for advice in (
        f"the compiled code in {printable(numba_folder())} is made anew, and the rest tried again",
        "the rest is read file by file",
    ):
        try:
            for found in _side_by_side(function, list(left), asked, n_jobs):
                del left[found[0]]
                yield found
            return
        except _DiedError:
            tell(f"a process that was reading music died; {advice}")
            shutil.rmtree(numba_folder(), ignore_errors=True)
    yield from _one_by_one(function, list(left), asked)


def _side_by_side(
    function: Callable[..., Found], waiting: list[Path], asked: tuple[Any, ...], n_jobs: int
) -> Iterator[Found]:
    if not waiting:
        return
    # Of a process that died we tell in our own words.
    warnings.filterwarnings("ignore", "A worker stopped while", UserWarning)
    # joblib's own pool: the next `joblib.Parallel` takes over one of loky's, and fails with it.
    pool = get_memmapping_executor(
        min(joblib.effective_n_jobs(n_jobs), len(waiting)),
        timeout=IDLE_SECONDS,
        env={**ONE_THREAD, NUMBA_VARIABLE: os.fspath(numba_folder())},
    )
    try:
        pool.submit(_compile).result()  # by one alone: two at once write over each other
    except Exception as error:  # a damaged cache may raise anything, or end the process
        raise _DiedError from error
    futures = [pool.submit(function, path, *asked) for path in waiting]
    try:
        for future in as_completed(futures):
            yield future.result()
    except TerminatedWorkerError as error:
        raise _DiedError from error
    finally:
        for future in futures:
            future.cancel()


def _one_by_one(
    function: Callable[..., Found], waiting: list[Path], asked: tuple[Any, ...]
) -> Iterator[Found]:
    n_deaths = 0
    for path in waiting:
        try:
            yield from _side_by_side(function, [path], asked, 1)
            n_deaths = 0
        except _DiedError as error:
            n_deaths += 1
            if n_deaths == MOST_DEATHS:
                raise InputError(
                    f"{n_deaths} processes that were reading music died one after the other, the "
                    f"last one at {printable(path)}; what was done is kept. Free some memory, or "
                    "install the packages of 'emotify[music]' again, and run it once more"
                ) from error
            yield path, None, ENDED


def _compile() -> None:
    from clustering.music.descriptors import compile_first

    compile_first()


def numba_folder() -> Path:
    """Return where Numba keeps what it compiled with these versions.

    Raises
    ------
    InputError
        If there is no such folder and none can be made.
    """
    name = "-".join([platform.python_version(), *map(_version, COMPILING)])
    folder = user_cache_folder() / "numba" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{printable(folder)} cannot be made ({error.strerror}); set {CACHE_HOME_VARIABLE} to "
            "a folder that you may write to"
        ) from error
    return folder


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"
