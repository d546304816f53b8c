"""The queue of runs: each is done once, followed, cancelled, and found again where its server was killed."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from service.runs import records
from service.runs.executors import JobFailedError, JobKilledError, JobStoppedError, LocalExecutor, Tell
from service.runs.job import Job, Outcome, Step
from service.runs.records import AnyRow, Asked, Claim
from service.runs.supervisor import Supervisor
from service.storage.database import Database
from service.storage.tables import run_files, run_matches, runs
from tests.service.districts import add_district
from tests.service.runs.jobs import children, make_job

Then = Callable[[Job, Tell, threading.Event], Outcome]


class Scripted:
    """An executor that does what a test tells it to, and counts what it was given."""

    def __init__(self, then: Then, capacity: int = 1) -> None:
        self.then, self.capacity = then, capacity
        self.jobs: list[Job] = []

    def run(self, job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        self.jobs.append(job)
        return self.then(job, tell, stop)

    def close(self) -> None:
        pass


def until_stopped(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
    assert stop.wait(30)
    raise JobStoppedError("Stopped.")


@pytest.fixture
def supervise(database: Database) -> Iterator[Callable[[Any], Supervisor]]:
    """Give a function that starts a supervisor with an executor; at the end all are stopped."""
    started: list[Supervisor] = []

    def start(executor: Any) -> Supervisor:  # Any: an executor
        supervisor = Supervisor(database, lambda: executor)
        supervisor.start()
        started.append(supervisor)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def add_run(database: Database, job: Job | None = None) -> str:
    with database.writing() as connection:
        district_id = connection.scalar(select(func.max(runs.c.district_id))) or add_district(connection)
        return records.add_run(connection, Asked(job or make_job(), district_id, 1, "abc", {}, "token:1"))


def run_in(database: Database, run_id: str) -> AnyRow:
    with database.reading() as connection:
        return connection.execute(select(runs).where(runs.c.id == run_id)).one()


def wait_for(database: Database, run_id: str, is_so: Callable[[AnyRow], bool]) -> AnyRow:
    """Return a run as soon as something is so."""
    deadline = time.monotonic() + 60
    while not is_so(run := run_in(database, run_id)):
        assert time.monotonic() < deadline, f"still {run.state}, {run.phase}"
        time.sleep(0.02)
    return run


def has_ended(run: AnyRow) -> bool:
    return run.state not in ("queued", "running")


def abandon(database: Database, run_id: str, worker: str, attempts: int = 1) -> None:
    """Leave a run as a server does that was killed."""
    left = {"state": "running", "worker": worker, "attempts": attempts, "heartbeat_at": datetime.now(UTC)}
    with database.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == run_id).values(left))


def name_of_killed_process() -> str:
    """Return the name of a worker of this machine whose process has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    machine, _, token = records.worker_name().split("/")
    return f"{machine}/{process.pid}/{token}"


def test_a_run_keeps_its_files_and_its_matches_as_proposed(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    supervise(LocalExecutor(1))
    run = wait_for(database, add_run(database), has_ended)
    with database.reading() as connection:
        matches = connection.execute(select(run_matches).where(run_matches.c.run_id == run.id)).all()
        names = set(connection.scalars(select(run_files.c.name).where(run_files.c.run_id == run.id)))
    assert (run.state, run.share, run.attempts, run.fault) == ("done", 1.0, 1, "")
    assert {"snapshot.zip", "matches.csv", "report.html", "summary.json"} <= names
    assert {match.decision for match in matches} == {"proposed"}
    assert sum(match.planned for match in matches) == run.summary["slots_filled"]
    assert "ortools" in run.versions


def test_a_job_comes_back_from_the_database_as_it_was_asked_for(database: Database) -> None:
    job = make_job("rematch", max_moves=3, released=(("n", "o"),), policy="[fit]\nfloor = 0.3\n", seed=2**40)
    run_id = add_run(database, job)
    with database.reading() as connection:
        assert records.job_of(connection, run_in(database, run_id)) == job


def test_a_question_comes_back_with_the_plan_it_is_about(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    supervise(LocalExecutor(1))
    base = wait_for(database, add_run(database), has_ended)
    asked = make_job("what-if", changes=({"change": "drop_partner", "partner_id": "P1"},))
    with database.writing() as connection:
        given = Asked(asked, base.district_id, 1, "abc", {}, "token:1", base.id, 0)
        question = records.add_run(connection, given)
        job = records.job_of(connection, connection.execute(select(runs).where(runs.c.id == question)).one())
        slots = connection.scalar(
            select(func.sum(run_matches.c.planned)).where(run_matches.c.run_id == base.id)
        )
    assert job.base is not None
    assert sum(planned for _, _, planned in job.base) == slots
    assert replace(job, base=None) == asked
    done = wait_for(database, question, has_ended)
    assert done.state == "done"
    assert [level["filled"] for level in done.levels] != [level["filled"] for level in base.levels]


def test_a_run_tells_how_far_it_is(database: Database, supervise: Callable[[Any], Supervisor]) -> None:
    levels: list[dict[str, str | int]] = [{"name": "mentoring-1", "needed": 4, "filled": 3}]

    def half(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        tell(Step("search", 0.5, levels))
        return until_stopped(job, tell, stop)

    supervise(Scripted(half))
    run = wait_for(database, add_run(database), lambda run: run.share > 0)
    assert (run.state, run.phase, run.share, run.levels) == ("running", "search", 0.5, levels)


def test_a_cancelled_run_is_killed_and_leaves_nothing(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    supervise(LocalExecutor(1))
    run_id = add_run(database, make_job(district="demo", effort="thorough"))
    run = wait_for(database, run_id, lambda run: run.phase == "search")
    assert children()
    with database.writing() as connection:
        records.cancel(connection, run)
    deadline = time.monotonic() + 20
    while children() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not children()
    assert run_in(database, run_id).state == "cancelled"
    with database.reading() as connection:
        names = connection.scalars(select(run_files.c.name).where(run_files.c.run_id == run_id)).all()
    assert names == ["snapshot.zip"]


def test_a_cancelled_run_is_told_to_stop(database: Database, supervise: Callable[[Any], Supervisor]) -> None:
    was_stopped = threading.Event()

    def work(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        if stop.wait(30):
            was_stopped.set()
        raise JobStoppedError("Stopped.")

    supervise(Scripted(work))
    run = wait_for(database, add_run(database), lambda run: run.state == "running")
    with database.writing() as connection:
        records.cancel(connection, run)
    assert was_stopped.wait(20)


def test_a_run_cancelled_in_the_queue_is_never_begun(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    first, second = add_run(database), add_run(database)
    with database.writing() as connection:
        records.cancel(connection, run_in(database, first))
    executor = Scripted(until_stopped)
    supervise(executor)
    wait_for(database, second, lambda run: run.state == "running")
    assert run_in(database, first).state == "cancelled"
    assert len(executor.jobs) == 1


def test_runs_are_done_in_the_order_they_were_asked_for(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    def fail(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        raise JobFailedError("No.")

    ids = [add_run(database, make_job(seed=seed)) for seed in range(3)]
    executor = Scripted(fail)
    supervise(executor)
    for run_id in ids:
        assert wait_for(database, run_id, has_ended).fault == "No."
    assert [job.seed for job in executor.jobs] == [0, 1, 2]


def test_no_more_runs_are_begun_than_there_is_room_for(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    ids = [add_run(database) for _ in range(3)]
    supervise(Scripted(until_stopped, capacity=2))
    for run_id in ids[:2]:
        wait_for(database, run_id, lambda run: run.state == "running" and run.heartbeat_at > run.started_at)
    assert run_in(database, ids[2]).state == "queued"


def test_two_servers_do_a_run_once(database: Database, supervise: Callable[[Any], Supervisor]) -> None:
    executors = [Scripted(until_stopped), Scripted(until_stopped)]
    for executor in executors:
        supervise(executor)
    ids = [add_run(database, make_job(seed=seed)) for seed in range(2)]
    for run_id in ids:
        wait_for(database, run_id, lambda run: run.state == "running")
    assert sorted(job.seed for executor in executors for job in executor.jobs) == [0, 1]
    assert {run_in(database, run_id).attempts for run_id in ids} == {1}


def test_a_run_whose_server_was_killed_is_done_again_at_once(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    run_id = add_run(database)
    abandon(database, run_id, name_of_killed_process())
    with database.reading() as connection:
        assert [claim.run_id for claim in records.lost_claims(connection)] == [run_id]
    supervise(LocalExecutor(1))
    run = wait_for(database, run_id, has_ended)
    assert (run.state, run.attempts) == ("done", 2)


def test_a_run_of_another_machine_is_taken_for_lost_after_a_while(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    lost, alive = add_run(database), add_run(database)
    for run_id in (lost, alive):
        abandon(database, run_id, "another-machine/1/abc")
    with database.writing() as connection:
        long_ago = datetime.now(UTC) - records.STALE * 2
        connection.execute(update(runs).where(runs.c.id == lost).values(heartbeat_at=long_ago))
    supervise(LocalExecutor(1))
    assert wait_for(database, lost, has_ended).state == "done"
    assert run_in(database, alive).worker == "another-machine/1/abc"


def test_a_run_that_is_killed_three_times_has_failed(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    def die(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        raise JobKilledError("Killed.")

    executor = Scripted(die)
    supervise(executor)
    run = wait_for(database, add_run(database), has_ended)
    assert (run.state, run.fault, run.attempts) == ("failed", records.KILLED, 3)
    assert len(executor.jobs) == 3


def test_a_server_that_stops_puts_its_runs_back(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    supervisor = supervise(Scripted(until_stopped))
    run_id = add_run(database)
    wait_for(database, run_id, lambda run: run.state == "running")
    supervisor.stop()
    run = run_in(database, run_id)
    assert (run.state, run.attempts, run.worker) == ("queued", 0, "")


def test_a_fault_of_the_executor_fails_the_run_and_not_the_server(
    database: Database, supervise: Callable[[Any], Supervisor]
) -> None:
    def break_down(job: Job, tell: Tell, stop: threading.Event) -> Outcome:
        raise RuntimeError("nobody foresaw this")

    supervisor = supervise(Scripted(break_down))
    run = wait_for(database, add_run(database), has_ended)
    assert (run.state, run.fault) == ("failed", "A fault of the program, not of your data.")
    supervisor.check()


def test_a_result_that_comes_too_late_is_not_kept(database: Database) -> None:
    run_id = add_run(database)
    abandon(database, run_id, "here/1/abc", attempts=2)
    late = Claim(run_id, "here/1/abc", 1)
    result = records.Result({"levels": [], "versions": {}}, [], [])
    with database.writing() as connection:
        records.finish(connection, late, result)
        records.fail(connection, late, "No.")
        records.give_back(connection, late, was_killed=True)
        assert not records.note(connection, late, Step("search", 0.5))
    run = run_in(database, run_id)
    assert (run.state, run.attempts, run.share) == ("running", 2, 0.0)


def test_a_supervisor_that_does_not_run_is_not_well(database: Database) -> None:
    with pytest.raises(RuntimeError, match="not looked after"):
        Supervisor(database, lambda: LocalExecutor(1)).check()
