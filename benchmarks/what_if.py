"""What-ifs on real and demo districts: how soon they answer, and how they compare with a fresh solve.

``python -m benchmarks.what_if [--fresh N]`` asks the same changes of each district with its group rules and without
them. Without, every answer must equal a fresh solve; with them N of each kind are solved afresh at standard effort
and compared level by level, and by how many slots of the present plan they move.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.record import SHARED_DATA, write_record
from matching import Run, match, read_district
from optimizer import (
    Allocation,
    Change,
    ChangeSlots,
    DropPartner,
    Forbid,
    Force,
    Problem,
    allocate,
    alternates,
    what_if,
    why_not,
)
from optimizer.changes import changed

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
DISTRICTS = {"demo": DEMO, "san-francisco": SHARED_DATA / "san-francisco"}
ON = date(2026, 9, 14)
Answer = TypeVar("Answer")
ASKED = 12
"""Questions of each kind."""


def main() -> None:
    """Measure all districts and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", type=int, default=2, help="fresh solves of each kind, with group rules")
    fresh = parser.parse_args().fresh
    figures: dict[str, object] = {}
    for name, path in DISTRICTS.items():
        if not path.exists():
            print(f"{name}: absent, left out")
            continue
        basis = match(read_district(path), run=Run(on=ON)).basis
        figures[name] = _measured(basis.problem, fresh)
        without = replace(
            basis.problem,
            offer_min_slots=None,
            need_min_slots=None,
            need_max_partners=None,
            school_max_partners=None,
            partner_max_schools=None,
        )
        figures[f"{name} without group rules"] = _measured(without, ASKED)
    print(write_record("what_if", figures, packages=["ortools", "numpy", "scipy"]))


def _measured(problem: Problem, fresh: int) -> dict[str, object]:
    start = time.process_time()
    present = allocate(problem)
    first = time.process_time() - start
    rng = np.random.default_rng(0)
    found: dict[str, object] = {"pairs": problem.num_pairs, "first_solve_cpu_ms": round(1e3 * first, 1)}
    for kind, draw in _KINDS.items():
        found[kind] = _asked(problem, present, [draw(problem, present, rng) for _ in range(ASKED)], fresh)
    unused, used = np.flatnonzero(present.slots == 0), np.flatnonzero(present.slots)
    questions: dict[str, tuple[Callable[[int], object], np.ndarray]] = {
        "why_not": (lambda pair: why_not(problem, present, pair), unused),
        "alternates": (lambda pair: alternates(problem, present, pair), used),
    }
    for kind, (ask, pairs) in questions.items():
        found[kind] = _times([_timed(partial(ask, int(pair)))[1] for pair in rng.choice(pairs, ASKED)])
    print(problem.num_pairs, found)
    return found


def _asked(problem: Problem, present: Allocation, changes: list[Change], fresh: int) -> dict[str, object]:
    times, refused, compared = [], 0, {"same": 0, "better": 0, "worse": 0}
    moved, moved_fresh = [], []
    for place, change in enumerate(changes):
        try:
            after = changed(problem, [change])
        except ValueError:
            refused += 1
            continue
        answer, spent = _timed(partial(what_if, problem, present, [change]))
        times.append(spent)
        if place < fresh:
            other = allocate(after)
            compared[_compared(answer.allocation, other)] += 1
            moved.append(_moved(present, answer.allocation))
            moved_fresh.append(_moved(present, other))
    slots = {"slots_moved": sum(moved), "slots_moved_by_fresh": sum(moved_fresh)}
    return {**_times(times), "refused": refused, "against_fresh": compared, **slots}


def _compared(ours: Allocation, fresh: Allocation) -> str:
    """Say how an answer compares by level with a fresh solve."""
    mine, other = ([level.filled for level in one.levels] for one in (ours, fresh))
    return "same" if mine == other else "better" if mine > other else "worse"


def _moved(before: Allocation, after: Allocation) -> int:
    return int(np.maximum(before.slots - after.slots, 0).sum())


def _timed(ask: Callable[[], Answer]) -> tuple[Answer, tuple[float, float]]:
    cpu, wall = time.process_time(), time.perf_counter()
    answer = ask()
    return answer, (time.process_time() - cpu, time.perf_counter() - wall)


def _times(spent: list[tuple[float, float]]) -> dict[str, object]:
    cpu, wall = 1e3 * np.array(spent).reshape(-1, 2).T
    return {
        "cpu_ms_median": round(float(np.median(cpu)), 1),
        "cpu_ms_max": round(float(cpu.max()), 1),
        "wall_ms_median": round(float(np.median(wall)), 1),
    }


def _more_or_fewer(slots: int) -> Callable[[Problem, Allocation, np.random.Generator], Change]:
    def draw(problem: Problem, present: Allocation, rng: np.random.Generator) -> Change:
        offer = int(rng.integers(problem.num_offers))
        trained = problem.offer_trained_slots
        return ChangeSlots(offer, slots, slots if trained is not None and trained[offer] >= -slots else 0)

    return draw


_KINDS: dict[str, Callable[[Problem, Allocation, np.random.Generator], Change]] = {
    "force": lambda problem, present, rng: Force(int(rng.choice(np.flatnonzero(present.slots == 0)))),
    "forbid": lambda problem, present, rng: Forbid(int(rng.choice(np.flatnonzero(present.slots)))),
    "three_slots_more": _more_or_fewer(3),
    "one_slot_fewer": _more_or_fewer(-1),
    "drop_partner": lambda problem, present, rng: DropPartner(int(rng.choice(problem.offer_partner))),
}


if __name__ == "__main__":
    main()
