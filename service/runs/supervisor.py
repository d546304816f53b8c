"""What does the runs of a server: takes them from the queue, tells how far they are, and sees that none is lost."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from service.runs import records
from service.runs.executors import Executor, JobFailedError, JobKilledError, JobStoppedError
from service.runs.job import FAULT_OF_THE_PROGRAM, Job, Step
from service.runs.records import Claim
from service.storage.database import Database

BUSY_SECONDS: Final = 0.5
"""How often the runs under way are looked at: progress is written, cancelled ones are killed."""
IDLE_SECONDS: Final = 2.0
"""How often the queue is looked at unless someone wakes us; and the most that passes between two heartbeats."""
_PATIENCE_SECONDS: Final = 30.0
"""A supervisor that has not looked around for so long is not well."""
_TRIES: Final = 5
logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Running:
    """A run under way, in a thread of its own."""

    claim: Claim
    job: Job
    stop: threading.Event = field(default_factory=threading.Event)
    step: Step | None = None
    thread: threading.Thread | None = None


class Supervisor:
    """Does runs on an executor as long as it is started; several may share a database.

    Parameters
    ----------
    make_executor
        Called when it starts.
    """

    def __init__(self, database: Database, make_executor: Callable[[], Executor]) -> None:
        self._database, self._make_executor = database, make_executor
        self._worker = records.worker_name()
        self._running: dict[str, _Running] = {}
        self._wake, self._is_ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._looked_at = 0.0

    def start(self) -> None:
        """Begin to do what waits, and what another process left half done."""
        self._executor = self._make_executor()
        self._is_ending.clear()
        self._looked_at = time.monotonic()
        self._thread = threading.Thread(target=self._look_after_runs, name="runs")
        self._thread.start()

    def wake(self) -> None:
        """Look at the queue now: something was put there, or cancelled."""
        self._wake.set()

    def check(self) -> None:
        """Check that runs are looked after.

        Raises
        ------
        RuntimeError
            Where they are not.
        """
        if not (self._thread and self._thread.is_alive()):
            raise RuntimeError("Runs are not looked after.")
        if time.monotonic() - self._looked_at > _PATIENCE_SECONDS:
            raise RuntimeError("The queue of runs cannot be read.")

    def stop(self) -> None:
        """Stop all runs of this server and put them back into the queue."""
        if self._thread is None:
            return
        self._is_ending.set()
        self._wake.set()
        self._thread.join()
        running = list(self._running.values())
        for one in running:
            one.stop.set()
        for one in running:
            if one.thread:
                one.thread.join()
        self._executor.close()
        self._thread = None

    def _look_after_runs(self) -> None:
        while not self._is_ending.is_set():
            self._wake.clear()
            try:
                self._tell()
                self._take_up_lost()
                while self._has_room() and self._begin():
                    pass
                self._looked_at = time.monotonic()
            except Exception:
                logger.exception("The queue of runs cannot be looked after; it is tried again.")
            self._wake.wait(BUSY_SECONDS if self._running else IDLE_SECONDS)

    def _tell(self) -> None:
        """Write how far the runs under way are, and stop those that are no longer ours."""
        running = list(self._running.values())
        if not running:
            return
        with self._database.writing() as connection:
            for one in running:
                step, one.step = one.step, None
                if not records.note(connection, one.claim, step):
                    one.stop.set()

    def _take_up_lost(self) -> None:
        with self._database.reading() as connection:
            lost = records.lost_claims(connection)
        for claim in lost:
            logger.warning("Run %s was left half done by %s.", claim.run_id, claim.worker)
            with self._database.writing() as connection:
                records.give_back(connection, claim, was_killed=True)

    def _has_room(self) -> bool:
        """Whether a run waits that can be done now."""
        with self._database.reading() as connection:
            is_any_waiting = records.is_any_waiting(connection)
        return is_any_waiting and len(self._running) < self._executor.capacity

    def _begin(self) -> bool:
        """Begin the run that has waited longest; return whether there was one."""
        with self._database.writing() as connection:
            run = records.claim(connection, self._worker)
            if run is None:
                return False
            one = _Running(Claim(run.id, self._worker, run.attempts), records.job_of(connection, run))
        self._running[run.id] = one
        one.thread = threading.Thread(target=self._do, args=(one,), name=f"run {run.id}")
        one.thread.start()
        return True

    def _do(self, one: _Running) -> None:
        try:
            self._keep(self._result_of(one))
        except Exception:
            # Nothing is heard of it any more, so it will be taken for lost and done again.
            logger.exception("The result of run %s cannot be kept.", one.claim.run_id)
        finally:
            del self._running[one.claim.run_id]
            self._wake.set()

    def _result_of(self, one: _Running) -> Callable[[Connection], None]:
        """Do a run, and return how to keep what came of it."""

        def tell(step: Step) -> None:
            one.step = step

        claim = one.claim
        try:
            outcome = self._executor.run(one.job, tell, one.stop)
        except JobFailedError as error:
            return partial(records.fail, claim=claim, fault=str(error))
        except JobKilledError as error:
            logger.warning("Run %s: %s", claim.run_id, error)
            return partial(records.give_back, claim=claim, was_killed=True)
        except JobStoppedError:
            # One that was cancelled is no longer ours, and stays as it is.
            return partial(records.give_back, claim=claim, was_killed=False)
        except Exception:
            logger.exception("Run %s failed.", claim.run_id)
            return partial(records.fail, claim=claim, fault=FAULT_OF_THE_PROGRAM)
        return partial(records.finish, claim=claim, result=records.result_of(one.job, outcome))

    def _keep(self, write: Callable[[Connection], None]) -> None:
        """Write what came of a run, several times where the database does not answer."""
        for tries_left in reversed(range(_TRIES)):
            try:
                with self._database.writing() as connection:
                    write(connection)
                return
            except OperationalError:
                if not tries_left:
                    raise
                logger.warning("The database does not answer; the result of a run is kept a little later.")
                time.sleep(1.0)
