"""Allocation quality and speed on generated problems: the optimizer against a greedy, a trial and its bounds.

Run as ``python -m benchmarks.allocation [--sizes 300 3000 30000] [--seeds 5] [--efforts quick standard]``, with
``--trial 100`` for as many seconds of the trial's method (see `benchmarks.allocation_baseline`) too. Every answer is
checked against the rules before its time counts. Results go to ``benchmarks/results/allocation.json``, where a run
takes the place of an earlier one of the same case and seed: large sizes may have fewer seeds.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.allocation_baseline import trial
from benchmarks.allocation_greedy import greedy
from benchmarks.allocation_problems import generate
from benchmarks.record import RESULTS, write_record
from optimizer import Allocation, Problem, allocate

NAME = "allocation"
PACKAGES = ("numpy", "scipy", "ortools")
CASE = ("needs", "group_rules", "effort", "seed")

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
    parser.add_argument("--trial", type=float, default=0.0, help="seconds of the trial's method, 0 for none")
    options = parser.parse_args()
    seeds = range(options.seeds)
    for size in options.sizes:
        if options.trial:
            for seed in seeds:
                keep(run_trial(size, seed, options.trial))
        cases = [Case(size, group_rules=False, effort="quick")]
        cases += [Case(size, group_rules=True, effort=effort) for effort in options.efforts]
        for case in cases:
            for seed in seeds:
                keep(run(case, seed))


def keep(row: Row) -> None:
    """Write a row beside those of other cases, and what it says about the trial's method."""
    file = RESULTS / f"{NAME}.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    rows = [other for other in rows if [other[key] for key in CASE] != [row[key] for key in CASE]] + [row]
    rows.sort(key=lambda one: [str(one[key]).rjust(9) for key in CASE])
    write_record(NAME, {"runs": rows, "against_trial": against_trial(rows)}, packages=PACKAGES)


def against_trial(rows: list[Row]) -> list[Row]:
    """Return for each run that a trial was made of which of them is better at the first level that differs."""
    trials = {(row["needs"], row["seed"]): row for row in rows if row["effort"] == "trial"}
    found = []
    for row in rows:
        other = trials.get((row["needs"], row["seed"]))
        if other and other is not row and row["group_rules"]:
            ours, theirs = row["filled"], other["filled"]
            better = "equal" if ours == theirs else "ours" if ours > theirs else "trial"
            found.append(
                {key: row[key] for key in CASE} | {"cpu_seconds": row["cpu_seconds"], "better": better}
            )
    return found


def run_trial(num_needs: int, seed: int, seconds: float) -> Row:
    """Return the figures of the trial's method on one problem, and print them."""
    problem = generate(num_needs, seed, group_rules=True)
    started = time.process_time()
    slots, solved = trial(problem, seconds)
    row = {
        "needs": num_needs,
        "pairs": problem.num_pairs,
        "group_rules": True,
        "effort": "trial",
        "seed": seed,
        "cpu_seconds": round(time.process_time() - started, 1),
        "neighbourhoods": solved,
        "filled": np.bincount(problem.need_level[problem.pair_need], slots, 10).astype(int).tolist(),
    }
    check(problem, slots)
    print(
        f"{num_needs:>6} needs, trial, seed {seed}: cpu {row['cpu_seconds']:.1f}; {row['filled']}", flush=True
    )
    return row


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


if __name__ == "__main__":
    main()
