"""Allocation quality and speed on generated problems: the optimizer against a greedy and against its bounds.

Run as ``python -m benchmarks.allocation [--sizes 300 3000 30000] [--seeds 5] [--efforts quick standard]``. Every
answer is checked against the rules before its time counts; results go to ``benchmarks/results/allocation.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.allocation_greedy import greedy
from benchmarks.allocation_problems import generate
from optimizer import Allocation, Problem, allocate

RESULTS = Path(__file__).parent / "results" / "allocation.json"

Row = dict[str, Any]  # Any: what JSON takes


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of problem of one size, at one effort."""

    num_needs: int
    group_rules: bool
    effort: str


def main() -> None:
    """Run the cases asked for and write their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 3_000, 30_000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--efforts", nargs="+", default=["quick", "standard"])
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    cases = [Case(size, group_rules=False, effort="quick") for size in options.sizes]
    cases += [
        Case(size, group_rules=True, effort=effort) for size in options.sizes for effort in options.efforts
    ]
    rows = [run(case, seed) for case in cases for seed in range(options.seeds)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"setting": setting(), "runs": rows}, indent=1) + "\n")


def run(case: Case, seed: int) -> Row:
    """Return the figures of one problem, and print a line of them."""
    problem = generate(case.num_needs, seed, group_rules=case.group_rules)
    started = time.perf_counter()
    baseline = greedy(problem)
    greedy_seconds = time.perf_counter() - started
    check(problem, baseline)
    started, started_cpu = time.perf_counter(), time.process_time()
    allocation = allocate(problem, effort=case.effort)  # type: ignore[arg-type]  # allocate refuses unknown ones
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    check(problem, allocation.slots)
    assert not allocation.stopped_by_clock
    row = {
        "needs": case.num_needs,
        "pairs": problem.num_pairs,
        "group_rules": case.group_rules,
        "effort": case.effort,
        "seed": seed,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "peak_mebibytes": peak_mebibytes(),
        "greedy_seconds": round(greedy_seconds, 3),
        **quality(problem, allocation, baseline),
    }
    print(line(row), flush=True)
    return row


def check(problem: Problem, slots: NDArray[np.int64]) -> None:
    """Assert that an answer keeps every rule of the generated problems."""
    assert (slots >= 0).all()
    used = slots > 0
    need, offer = problem.pair_need, problem.pair_offer
    assert (np.bincount(need, slots, problem.num_needs) <= problem.need_slots).all()
    assert (np.bincount(offer, slots, problem.num_offers) <= problem.offer_slots).all()
    if problem.need_max_partners is not None and problem.partner_max_schools is not None:
        partner, school = problem.offer_partner[offer[used]], problem.need_school[need[used]]
        partners = np.unique(np.stack([need[used], partner]), axis=1)[0]
        schools = np.unique(np.stack([partner, school]), axis=1)[0]
        assert (np.bincount(partners, minlength=problem.num_needs) <= problem.need_max_partners).all()
        assert (np.bincount(schools, minlength=problem.num_partners) <= problem.partner_max_schools).all()
    if problem.offer_min_slots is not None:
        least = np.minimum(problem.offer_min_slots[offer], problem.need_slots[need])
        assert (slots >= np.minimum(least, problem.offer_slots[offer]))[used].all()


def quality(problem: Problem, allocation: Allocation, baseline: NDArray[np.int64]) -> Row:
    """Return the level values beside their bounds and the greedy's, and the lines after them."""
    greedy_filled = np.bincount(problem.need_level[problem.pair_need], baseline, 10).astype(int).tolist()
    filled = [level.filled for level in allocation.levels]
    assert filled >= greedy_filled, "The greedy is better level by level."
    return {
        "needed": [level.needed for level in allocation.levels],
        "filled": filled,
        "bound": [level.bound for level in allocation.levels],
        "proven": [level.proven for level in allocation.levels],
        "greedy_filled": greedy_filled,
        "even": [allocation.even.value, allocation.even.bound],
        "fit": [allocation.fit.value, allocation.fit.bound],
        "greedy_fit": int(problem.pair_fit @ baseline),
        "work": dict(allocation.work),
    }


def line(row: Row) -> str:
    """Return one readable line of a run."""
    kind = f"{row['effort']} with group rules" if row["group_rules"] else "network"
    gaps = [
        f"{100 * (bound - filled) / bound:.1f}" if bound else "-"
        for filled, bound in zip(row["filled"], row["bound"], strict=True)
    ]
    return (
        f"{row['needs']:>6} needs, {kind}, seed {row['seed']}: {row['seconds']:.2f} s "
        f"(cpu {row['cpu_seconds']:.2f}), {row['peak_mebibytes']} MiB; {sum(row['filled'])} slots "
        f"(greedy {sum(row['greedy_filled'])}, first short level of it {first_short(row)}); "
        f"% below bound by level: {' '.join(gaps)}"
    )


def first_short(row: Row) -> str:
    """Return the first level at which the greedy fills less, with both values."""
    for level, (ours, theirs) in enumerate(zip(row["filled"], row["greedy_filled"], strict=True)):
        if ours > theirs:
            return f"{level + 1}: {theirs} of {ours}"
    return "none"


def peak_mebibytes() -> int:
    """Return the most memory this process has used so far."""
    import resource  # not on every platform

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // 2**20 if platform.system() == "Darwin" else used // 2**10


def setting() -> Row:
    """Return commit, machine and versions."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout
    return {
        "commit": commit.strip(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "ortools")},
    }


if __name__ == "__main__":
    main()
