"""Same in, same out, in this process and in another."""

import hashlib
import subprocess
import sys

import pytest

from optimizer import allocate
from tests.optimizer.problems import draw_problem

SCRIPT = """
import sys
from tests.optimizer.test_determinism import digest
print(digest(sys.argv[1], int(sys.argv[2])))
"""


def digest(effort: str, seed: int) -> str:
    """Return a hash of everything that `allocate` answers for a problem too large to be solved whole."""
    problem = draw_problem(13, num_needs=90, num_offers=60, rules=True)
    allocation = allocate(problem, effort=effort, seed=seed)  # type: ignore[arg-type]  # any effort as text
    answer = (
        allocation.levels,
        allocation.keep,
        allocation.even,
        allocation.fit,
        sorted(allocation.work.items()),
    )
    return hashlib.sha256(allocation.slots.tobytes() + repr(answer).encode()).hexdigest()


@pytest.mark.parametrize(("effort", "seed"), [("quick", 0), ("standard", 3)])
def test_answer_is_the_same_in_another_process(effort: str, seed: int) -> None:
    command = [sys.executable, "-W", "error", "-c", SCRIPT, effort, str(seed)]
    found = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.strip()  # the same interpreter
    assert found == digest(effort, seed)


def test_clock_that_cuts_in_is_reported() -> None:
    problem = draw_problem(13, num_needs=90, num_offers=60, rules=True)
    assert allocate(problem, max_seconds=1e-9).stopped_by_clock
    assert not allocate(problem, effort="quick").stopped_by_clock


def test_level_solved_whole_is_the_same_every_time() -> None:
    problem = draw_problem(13, num_needs=90, num_offers=60, rules=True)
    first, again = (allocate(problem) for _ in range(2))
    assert first.work["nodes"] > 0
    assert (first.slots.tobytes(), first.levels, first.work) == (
        again.slots.tobytes(),
        again.levels,
        again.work,
    )
