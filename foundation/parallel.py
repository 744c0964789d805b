"""Use all cores for independent calls, in threads.

For calls of some ten milliseconds and more, such as a batch of windows: FFT and network run
outside Python's lock, share one loaded model, and start at once.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_this_thread = threading.local()


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], n_workers: int | None = None
) -> Iterator[Result]:
    """Yield the results for all items, in their order, computed side by side.

    Items are taken as they are needed, a few ahead; a single item is computed in this thread, and
    so is everything inside a call that is itself one of many. An exception is raised in the
    place of the result; what has not begun by then is dropped.

    Parameters
    ----------
    function
        Called once per item, possibly in another thread.
    items
        Read in this thread.
    n_workers
        Threads; one per core by default.
    """
    n_workers = 1 if hasattr(_this_thread, "is_worker") else n_workers or n_cores()
    items = iter(items)
    first = list(islice(items, 2))
    # Matrices are small here: the threads of the BLAS would cost more than they give, and each
    # of them would fight with ours for the same cores.
    with _blas().limit(limits=1, user_api="blas"):
        if n_workers == 1 or len(first) < 2:
            yield from map(function, chain(first, items))
            return
        yield from _side_by_side(function, chain(first, items), n_workers)


def _side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], n_workers: int
) -> Iterator[Result]:
    from concurrent.futures import Future, ThreadPoolExecutor

    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(n_workers, initializer=stay_in_this_thread) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * n_workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def stay_in_this_thread() -> None:
    """From now on, do not spread calls from this thread: it is one of many that fill the cores."""
    _this_thread.is_worker = True


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
