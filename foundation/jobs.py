"""Independent jobs on all cores, or on a Dask cluster by one setting.

``EMOTIFY_SCHEDULER=tcp://host:8786`` sends the jobs of `run` to that cluster; without it they go
to processes of this machine. Results come back in the order in which jobs end.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import joblib

from foundation.errors import InputError
from foundation.progress import progress_bar

SCHEDULER_VARIABLE = "EMOTIFY_SCHEDULER"


def run(
    function: Callable[..., Any],
    jobs: Sequence[Any],
    *shared: Any,
    title: str,
    n_jobs: int = -1,
    threads: bool = False,
) -> Iterator[Any]:
    """Yield ``function(job, *shared)`` for every job, with a progress bar.

    Parameters
    ----------
    function
        A function of a module, so that workers can import it.
    jobs
        What differs from call to call.
    shared
        What all calls get; large arrays reach local workers as memory maps.
    title
        Title of the progress bar.
    n_jobs
        Processes on this machine; -1 for one a core. With 1 all runs in this process.
    threads
        Whether threads do where processes would: for short jobs that wait for the disk, or leave
        the interpreter to others.

    Raises
    ------
    InputError
        If ``EMOTIFY_SCHEDULER`` is set and cannot be used.
    """
    with _scheduler():
        # Where Dask runs the jobs, it has its own idea of how many at once.
        parallel = joblib.Parallel(
            n_jobs=n_jobs,
            return_as="generator_unordered",
            batch_size=1,
            prefer="threads" if threads else None,
        )
        results = parallel(joblib.delayed(function)(job, *shared) for job in jobs)
        yield from progress_bar(results, title, len(jobs), unit="job")


@contextmanager
def _scheduler() -> Iterator[None]:
    address = os.environ.get(SCHEDULER_VARIABLE)
    if not address:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError(
            f"{SCHEDULER_VARIABLE} is set, and Dask is not installed: pip install "
            "'emotify[cluster]', or unset it to use this machine alone"
        ) from error
    try:
        client = Client(address, timeout="10s")  # the one that joblib's backend then finds
    except (OSError, ValueError) as error:
        raise InputError(
            f"{SCHEDULER_VARIABLE}={address}: no Dask scheduler answers there ({error}); start "
            "one with `dask scheduler`, or unset it to use this machine alone"
        ) from error
    with client, joblib.parallel_config(backend="dask"):
        yield
