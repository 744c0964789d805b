"""Whatever ends a process that reads music, the work of the others is kept and the end is told."""

import os
import signal
import sys
from pathlib import Path

import joblib
import pytest

from clustering.music import workers
from clustering.music.workers import each
from foundation.errors import InputError
from foundation.user_data import CACHE_HOME_VARIABLE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by a signal")
FILES = [Path(name) for name in ("a", "b", "c", "d")]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(workers, "_compile", nothing_to_compile)
    return tmp_path


def nothing_to_compile():
    """Stand for what takes half a minute in a new folder."""


def die():
    os.kill(os.getpid(), signal.SIGSEGV)


def read(path, *asked):
    return path, {"asked": asked}, ""


def dies_at_c(path):
    if path.name == "c":
        die()
    return read(path)


def dies_where_poison_is(path):
    if poison(Path(os.environ[workers.NUMBA_VARIABLE])).exists():
        die()
    return read(path)


def always_dies(path):
    die()


def poison(folder):
    return folder / "code.nbc"


def all_of(function, *asked, n_jobs=1):
    told = []
    found = list(each(function, FILES, *asked, n_jobs=n_jobs, tell=told.append))
    return {path.name: (row, reason) for path, row, reason in found}, told


def test_every_file_is_read_by_processes_with_a_cache_of_our_own(own_cache):
    found, told = all_of(read, 1, "two", n_jobs=2)
    assert found == {name.name: ({"asked": (1, "two")}, "") for name in FILES} and not told
    (folder,) = (own_cache / "numba").iterdir()
    assert "-" in folder.name  # versions


def test_the_file_that_ends_its_process_is_named_and_the_others_are_read():
    found, told = all_of(dies_at_c)
    assert found["c"] == (None, workers.ENDED)
    assert all(found[name][1] == "" for name in "abd") and len(found) == 4
    assert len(told) == 2 and "file by file" in told[1]


def test_a_poisoned_cache_is_emptied_and_all_is_read():
    poison(workers.numba_folder()).touch()
    found, told = all_of(dies_where_poison_is, n_jobs=2)
    assert [found[path.name][1] for path in FILES] == [""] * 4
    assert len(told) == 1 and "made anew" in told[0]


def test_a_cache_that_raises_is_emptied_too(monkeypatch):
    poison(workers.numba_folder()).touch()
    monkeypatch.setattr(workers, "_compile", raises_where_poison_is)
    found, told = all_of(read)
    assert len(found) == 4 and len(told) == 1


def raises_where_poison_is():
    if poison(Path(os.environ[workers.NUMBA_VARIABLE])).exists():
        raise EOFError("Ran out of input")


def test_processes_that_die_one_after_the_other_end_it():
    with pytest.raises(InputError, match=r"3 processes .* died one after the other, .* at c; what"):
        all_of(always_dies)


def test_a_cache_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_HOME_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(InputError, match=CACHE_HOME_VARIABLE):
        all_of(read)


def test_no_process_at_all_is_refused():
    with pytest.raises(InputError, match="at least one"):
        all_of(read, n_jobs=0)


def test_other_work_goes_on_in_the_same_processes():
    for _ in range(2):
        assert len(all_of(read, n_jobs=2)[0]) == len(FILES)
        assert joblib.Parallel(2)(joblib.delayed(abs)(number) for number in (-1, -2)) == [1, 2]
