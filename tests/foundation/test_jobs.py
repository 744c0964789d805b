"""Jobs give the same on one core, on all, and on a Dask cluster."""

import math

import pytest

from foundation import jobs
from foundation.errors import InputError


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_job_is_done_once(n_jobs, monkeypatch):
    monkeypatch.delenv(jobs.SCHEDULER_VARIABLE, raising=False)
    answers = jobs.run(math.pow, [1, 2, 3], 2, title="squares", n_jobs=n_jobs)
    assert sorted(answers) == [1, 4, 9]


def test_a_dask_cluster_gives_the_same(monkeypatch):
    distributed = pytest.importorskip(
        "distributed", reason="a cluster needs the extra: pip install 'emotify[cluster]'"
    )
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=None, silence_logs=50
    ) as cluster:
        monkeypatch.setenv(jobs.SCHEDULER_VARIABLE, cluster.scheduler_address)
        answers = sorted(jobs.run(math.pow, [1, 2, 3], 2, title="squares"))
        n_steps = cluster.scheduler.transition_counter
    assert answers == [1, 4, 9]
    assert n_steps > 0  # they went through the scheduler


def test_a_scheduler_that_is_not_there_is_said(monkeypatch):
    distributed = pytest.importorskip("distributed")
    client = distributed.Client  # which keeps knocking for all of the time that it is given
    monkeypatch.setattr(distributed, "Client", lambda address, timeout: client(address, timeout=1))
    monkeypatch.setenv(jobs.SCHEDULER_VARIABLE, "tcp://127.0.0.1:1")
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        list(jobs.run(math.pow, [1], 2, title="squares"))
