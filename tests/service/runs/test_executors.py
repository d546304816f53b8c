"""Where runs are done: in children of this process, and in those of a Dask cluster's workers."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from service.runs.executors import (
    DaskExecutor,
    Executor,
    JobFailedError,
    JobKilledError,
    JobStoppedError,
    LocalExecutor,
)
from service.runs.job import Outcome, Step
from tests.service.runs.jobs import children, make_job
from tests.service.runs.test_job import done, without_timings


@contextmanager
def dask_cluster(threads: int) -> Iterator[str]:
    """Give the address of a cluster of one worker, in a process of its own."""
    with LocalCluster(1, threads, True, host="127.0.0.1", dashboard_address="127.0.0.1:0") as running:
        yield running.scheduler_address


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with dask_cluster(threads=2) as address:
        yield address


@pytest.fixture(params=["local", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    is_local = request.param == "local"
    found = LocalExecutor(2) if is_local else DaskExecutor(request.getfixturevalue("scheduler"))
    yield found
    found.close()


def long_job_until(executor: Executor, then: Callable[[], None], stop: threading.Event) -> Outcome:
    """Do a job that takes minutes, and call something as soon as its search begins."""

    def tell(step: Step) -> None:
        if step.phase == "search":
            then()

    return executor.run(make_job(district="demo", effort="thorough"), tell, stop)


def are_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return not alive


def test_a_job_gives_the_same_files_wherever_it_is_done(executor: Executor, tmp_path: Path) -> None:
    job = make_job("curve")
    found = executor.run(job, lambda step: None, threading.Event())
    assert without_timings(dict(found.files)) == without_timings(done(job, tmp_path / "here"))


def test_steps_are_told_while_a_job_is_done(executor: Executor) -> None:
    steps: list[Step] = []
    executor.run(make_job(district="demo"), steps.append, threading.Event())
    assert {"candidates", "search"} <= {step.phase for step in steps}
    assert steps == sorted(steps, key=lambda step: step.share)
    assert steps[-1].levels[0]["name"] == "mentoring-1"


def test_a_stopped_job_is_killed(executor: Executor) -> None:
    stop = threading.Event()
    seen: list[psutil.Process] = []

    def then() -> None:
        seen.extend(children())
        stop.set()

    with pytest.raises(JobStoppedError):
        long_job_until(executor, then, stop)
    assert seen
    assert are_gone(seen)


def test_a_job_whose_process_is_killed_may_be_done_again(executor: Executor) -> None:
    def then() -> None:
        for one in children():
            one.kill()

    with pytest.raises(JobKilledError):
        long_job_until(executor, then, threading.Event())


def test_what_is_impossible_is_told_as_the_command_line_does(executor: Executor) -> None:
    job = make_job("rematch", released=(("nowhere", "nobody"),))
    with pytest.raises(JobFailedError, match="nowhere"):
        executor.run(job, lambda step: None, threading.Event())


def test_a_fault_of_the_program_is_logged_and_told_without_its_trace(
    caplog: pytest.LogCaptureFixture, executor: Executor
) -> None:
    job = make_job("what-if", changes=({"change": "none of these"},))
    with caplog.at_level(logging.ERROR), pytest.raises(JobFailedError, match="fault of the program"):
        executor.run(job, lambda step: None, threading.Event())


def test_jobs_are_done_side_by_side(executor: Executor) -> None:
    assert executor.capacity == 2
    most, stop = [0], threading.Event()

    def then() -> None:
        most[0] = max(most[0], len(children()))
        if most[0] == 2:
            stop.set()

    def work() -> None:
        with pytest.raises(JobStoppedError):
            long_job_until(executor, then, stop)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_a_job_sees_no_secrets_and_gives_way_to_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERMATCH_SECRET", "hush")
    stop = threading.Event()
    seen: list[tuple[dict[str, str], int]] = []

    def then() -> None:
        seen.extend((one.environ(), one.nice()) for one in children())
        stop.set()

    with pytest.raises(JobStoppedError):
        long_job_until(LocalExecutor(1), then, stop)
    environment, nice = seen[0]
    assert not [name for name in environment if name.startswith("PARTNERMATCH")]
    assert environment["OMP_NUM_THREADS"] == "1"
    assert nice > os.nice(0)


PARENT = """
import sys, threading
from service.runs.executors import DaskExecutor, LocalExecutor
from tests.service.runs.jobs import make_job
if __name__ == "__main__":
    executor = DaskExecutor(sys.argv[1]) if sys.argv[1:] else LocalExecutor(1)
    job = make_job(district="demo", effort="thorough")
    executor.run(job, lambda step: print(step.phase, flush=True), threading.Event())
"""


@pytest.mark.parametrize("is_local", [True, False])
def test_a_job_ends_with_the_server_that_started_it(
    is_local: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    at = [] if is_local else [request.getfixturevalue("scheduler")]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *at],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as server:
        assert server.stdout is not None
        assert any(line == b"search\n" for line in server.stdout)
        running = children()
        server.send_signal(signal.SIGKILL)
    assert running
    assert are_gone(running)
    assert not list(tmp_path.iterdir())


def test_a_cluster_that_is_gone_has_no_capacity() -> None:
    with dask_cluster(threads=1) as address:
        executor = DaskExecutor(address)
        assert executor.capacity == 1
    deadline = time.monotonic() + 20
    while executor.capacity and time.monotonic() < deadline:
        time.sleep(0.1)
    assert executor.capacity == 0
    executor.close()
