"""Where runs are done: in child processes of this server, or in those of a Dask cluster's workers."""

import json
import logging
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from service.runs.job import FAULT_OF_THE_PROGRAM, RESULT, Job, Outcome, Step

if TYPE_CHECKING:
    from distributed import Future

    from service.settings import Settings

Tell = Callable[[Step], None]
logger = logging.getLogger(__name__)

_CHECK_SECONDS: Final = 0.1
"""How often a run is asked whether it is to stop."""
_TOPIC: Final = "partnermatch-steps"
"""Under which steps come back from a cluster."""
_ANSWER_SECONDS: Final = 2.0
"""How long a cluster may take to say how large it is."""
_CONNECT_SECONDS: Final = 5.0
"""How long a cluster may take to answer at first."""
_TAIL: Final = 4_000
"""Most characters of a child's errors that go into the log."""
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class JobFailedError(Exception):
    """A job cannot be done, and would not be another time."""


class JobKilledError(Exception):
    """A job's process ended without an answer; another time it may have one."""


class JobStoppedError(Exception):
    """A job was stopped because it was asked to."""


class Executor(Protocol):
    """Anything that does jobs, as many at a time as ``capacity``."""

    @property
    def capacity(self) -> int:
        """How many jobs can be done at this moment."""
        ...

    def run(self, job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        """Do a job and return its outcome, telling each step.

        Raises
        ------
        JobFailedError, JobKilledError
            There is no outcome.
        JobStoppedError
            Soon after ``stop`` is set.
        """
        ...

    def close(self) -> None:
        """Let go of what the executor holds; no job may be under way."""
        ...


def check_cluster(settings: "Settings") -> None:
    """Check that the cluster of an installation can be reached, where it has one.

    Raises
    ------
    ValueError
        Nobody answers at the scheduler's address.
    """
    address = urlsplit(settings.dask_scheduler)
    if settings.executor != "dask" or address.scheme not in ("tcp", "tls"):
        return
    try:
        with socket.create_connection((address.hostname, address.port), timeout=_CONNECT_SECONDS):
            pass
    except OSError as error:
        raise ValueError(
            f"PARTNERMATCH_DASK_SCHEDULER: expected a Dask scheduler that answers at {settings.dask_scheduler}, "
            f"found none ({error}); start it with `dask scheduler`, or leave out PARTNERMATCH_EXECUTOR."
        ) from error


def executor_of(settings: "Settings") -> Executor:
    """Return the executor that an installation is set to."""
    if settings.executor == "dask":
        return DaskExecutor(settings.dask_scheduler)
    return LocalExecutor(settings.max_running)


class LocalExecutor:
    """Does jobs in child processes of this one."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity

    def run(self, job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        """Do a job in a child process, see `Executor.run`."""
        return run_in_child(job, tell, stop.is_set)

    def close(self) -> None:
        """Do nothing: a child ends with its run."""


class DaskExecutor:
    """Does jobs on the workers of a Dask cluster, each in a child process there.

    This package has to be installed there, in the same versions. What is no longer wanted (a stopped run, one whose
    server is gone) is killed there.

    Parameters
    ----------
    scheduler
        Address of the cluster's scheduler, such as ``tcp://scheduler:8786``.

    Raises
    ------
    OSError
        There is no scheduler at this address.
    """

    def __init__(self, scheduler: str) -> None:
        from distributed import Client

        self._tell_of: dict[str, Tell] = {}
        self._client = Client(scheduler, set_as_default=False, timeout=_CONNECT_SECONDS)
        self._client.subscribe_topic(_TOPIC, self._pass_on)

    @property
    def capacity(self) -> int:
        """One job a thread of every worker; none while the scheduler does not answer."""
        if self._client.status != "running":
            return 0
        try:
            threads: dict[str, int] = self._client.sync(
                self._client.scheduler.ncores, callback_timeout=_ANSWER_SECONDS
            )
        except (OSError, TimeoutError):
            return 0
        return sum(threads.values())

    def run(self, job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        """Do a job on a worker, see `Executor.run`."""
        key, is_done = f"partnermatch-{uuid4().hex}", threading.Event()
        self._tell_of[key] = tell
        future = self._client.submit(_on_worker, job, key=key, pure=False)
        future.add_done_callback(lambda _: is_done.set())
        try:
            while not is_done.wait(_CHECK_SECONDS):
                if stop.is_set():
                    raise JobStoppedError("The run was stopped.")
            return _outcome_of(future)
        finally:
            del self._tell_of[key]
            future.cancel()

    def close(self) -> None:
        """Take leave of the cluster."""
        self._client.close()

    def _pass_on(self, event: tuple[float, dict[str, Any]]) -> None:  # Any: a step's fields
        message = event[1]
        if tell := self._tell_of.get(message["key"]):
            tell(Step(**message["step"]))


def _on_worker(job: Job) -> Outcome:
    """Do a job in a child of a Dask worker for as long as someone wants its outcome."""
    from distributed import get_worker
    from distributed.worker import thread_state

    worker, key = get_worker(), thread_state.key

    def tell(step: Step) -> None:
        worker.log_event(_TOPIC, {"key": key, "step": asdict(step)})

    def is_stopped() -> bool:
        # A task that is cancelled, or whose client is gone, runs on in its thread under another state.
        task = worker.state.tasks.get(key)
        return task is None or task.state != "executing"

    return run_in_child(job, tell, is_stopped)


def _outcome_of(future: "Future") -> Outcome:
    """Return the outcome of a task that has ended; a lost one may be done again."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        outcome: Outcome = future.result()
    except (CancelledError, KilledWorker, OSError, JobStoppedError) as error:
        raise JobKilledError(f"The cluster lost the run: {error}") from error
    return outcome


def run_in_child(job: Job, tell: Tell, is_stopped: Callable[[], bool]) -> Outcome:
    """Do a job in a child process: neither a crash nor its memory is this one's, and it can be killed.

    Raises
    ------
    JobFailedError, JobKilledError, JobStoppedError
        See `Executor.run`.
    """
    with TemporaryDirectory(prefix="partnermatch-run-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / "errors.txt").open("w+b") as errors:
            code, fault = _run(job, tell, is_stopped, (folder, errors.fileno()))
        if code == 0:
            return Outcome(_files(folder / RESULT))
        if is_stopped():
            raise JobStoppedError("The run was stopped.")
        if fault == FAULT_OF_THE_PROGRAM or not fault:
            said = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace")
            logger.error("The process of a run ended with %s: %s", code, said[-_TAIL:])
        if fault:
            raise JobFailedError(fault)
        raise JobKilledError(f"The process of the run ended with {code}.")


def _run(job: Job, tell: Tell, is_stopped: Callable[[], bool], place: tuple[Path, int]) -> tuple[int, str]:
    """Return with which code a child process ended, and the fault it told."""
    folder, errors = place
    # A group of its own: Ctrl-C in the server's terminal is for the server, which then stops its runs.
    with (
        subprocess.Popen(
            [sys.executable, "-m", "service.runs.job", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            process_group=0,
        ) as process,
        _killed_when(is_stopped, process),
    ):
        fault = _follow(process, job, tell)
        code = process.wait()
    return code, fault


def _follow(process: subprocess.Popen[bytes], job: Job, tell: Tell) -> str:
    """Send the job, pass on the steps until the process is done, and return the fault it told."""
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    with suppress(BrokenPipeError):
        pickle.dump(job, process.stdin)
        process.stdin.flush()
    fault = ""
    for line in process.stdout:
        # A killed process may leave half a line.
        if line.endswith(b"\n"):
            said = json.loads(line)
            fault = said.get("fault", "")
            if not fault:
                tell(Step(**said))
    return fault


@contextmanager
def _killed_when(is_stopped: Callable[[], bool], process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process as soon as it is to stop, for as long as the block lasts."""
    is_done = threading.Event()

    def watch() -> None:
        while not is_done.wait(_CHECK_SECONDS):
            if is_stopped():
                process.kill()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_done.set()
        watcher.join()


def _environment() -> dict[str, str]:
    """Return this process's environment without the service's secrets, one thread for each library."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("PARTNERMATCH_")
    } | _ONE_THREAD


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
