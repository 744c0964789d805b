"""Calls side by side give what one after the other gives, and do no more than was asked."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from foundation.parallel import in_order, n_cores


def test_results_keep_the_order_of_the_items() -> None:
    def late(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0.0)  # earlier items end after later ones
        return number**2

    assert list(in_order(late, range(20), 4)) == [number**2 for number in range(20)]
    assert list(in_order(late, [])) == []


def test_calls_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)  # breaks unless three calls wait at once
    assert len(list(in_order(lambda _: together.wait(), range(6), 3))) == 6


def test_a_single_item_and_calls_inside_a_call_stay_in_their_thread() -> None:
    def thread_of(_: int) -> int:
        return threading.get_ident()

    assert list(in_order(thread_of, [0], 4)) == [threading.get_ident()]

    def threads_inside(number: int) -> tuple[int, set[int]]:
        return thread_of(number), set(in_order(thread_of, range(5), 4))

    for outer, inner in in_order(threads_inside, range(8), 2):
        assert outer != threading.get_ident()
        assert inner == {outer}


def test_items_are_read_only_a_few_ahead() -> None:
    n_read = 0

    def items() -> Iterator[int]:
        nonlocal n_read
        for number in range(1000):
            n_read += 1
            yield number

    results = in_order(str, items(), 2)
    assert [next(results), next(results)] == ["0", "1"]
    assert n_read <= 10
    results.close()
    assert n_read <= 10


def test_an_exception_comes_in_the_place_of_the_result_and_ends_the_work() -> None:
    begun = []

    def refuse_three(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    results = in_order(refuse_three, range(1000), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert len(begun) < 20


def test_the_blas_leaves_the_cores_to_the_calls_and_gets_them_back() -> None:
    def blas_threads(_: int = 0) -> list[int]:
        np.ones((2, 2)) @ np.ones((2, 2))
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas_threads()
    assert all(set(threads) <= {1} for threads in in_order(blas_threads, range(4), 2))
    assert blas_threads() == before


def test_a_process_has_a_core() -> None:
    assert n_cores() >= 1
