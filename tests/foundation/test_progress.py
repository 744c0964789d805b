"""A progress bar is for whoever looks at a terminal; a log gets none."""

import io
import re
import sys

import pytest

from foundation import jobs
from foundation.progress import progress_bar
from foundation.shipped import CHECKOUT


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "is_shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_is_on_a_terminal_only(monkeypatch, stream, is_shown):
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress_bar(range(3), "work", unit="clip")) == [0, 1, 2]
    with progress_bar(None, "by hand", 2) as bar:
        bar.update(2)
    assert sum(jobs.run(abs, [-1, -2], title="jobs", n_jobs=1)) == 3
    shown = stream.getvalue()
    assert all((name in shown) == is_shown for name in ("work", "by hand", "jobs"))
    assert ("\r" in shown) == is_shown


def test_a_bar_that_is_not_wanted_is_nowhere(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress_bar([1], "work", show=False)) == [1]
    assert stream.getvalue() == ""


def test_all_bars_are_this_one():
    """Whoever takes tqdm's own would have to think of logs again."""
    rooms = ("foundation", "emotions", "ser", "reading", "clustering", "spotify", "listener", "app")
    for room in (*rooms, "benchmarks"):
        for path in (CHECKOUT / room).rglob("*.py"):
            if path.name != "progress.py":
                assert not re.search(r"import.*\btqdm\b", path.read_text("utf-8")), path
