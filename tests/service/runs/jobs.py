"""Jobs of the demo district, and a look at the processes that do them."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from matching import read_district
from service.runs.job import Job, snapshot_of

FIXTURES = Path(__file__).parents[3] / "fixtures"
ON = date(2026, 9, 14)


@cache
def snapshot(name: str = "tiny") -> bytes:
    return snapshot_of(read_district(FIXTURES / name))


def make_job(kind: str = "match", district: str = "tiny", **given: Any) -> Job:  # Any: whatever Job takes
    given = {"on": ON, "effort": "quick", "model": "words"} | given
    return Job(kind=kind, district=district, snapshot=snapshot(district), **given)  # type: ignore[arg-type]  # a kind


def children(process: int | None = None) -> list[psutil.Process]:
    """Return the processes that do jobs for a process, by default this one, or for a worker of it."""
    return [one for one in psutil.Process(process).children(recursive=True) if _does_a_job(one)]


def _does_a_job(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "service.runs.job" in process.cmdline()
    except psutil.NoSuchProcess:
        return False
