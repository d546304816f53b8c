"""Prices: do they say what solving anew finds, do they prove answers from few candidates, and what do they cost.

Run as ``python -m benchmarks.prices [--sizes 1000 10000 100000] [--resolves 1000]``. First one more slot and one
forced slot are told by prices and by solving anew, on as many varied problems each; any mismatch ends the run.
Then 4 of 20 candidates a need and pricing reach the optimum of all 20. Then every answer is verified and its
prices are timed, on problems of the network alone and on such with incumbents, locks and trained slots. Results
go to ``benchmarks/results/prices.json``.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any, TypeVar

import numpy as np

from benchmarks.allocation_problems import generate
from benchmarks.prices_left_out import solve_by_pricing
from benchmarks.prices_resolves import one_forced_slot, one_more_slot
from benchmarks.record import write_record
from optimizer import Allocation, Pricing, Problem, allocate, verify, worth_of_slots

ASKED = 20
Row = dict[str, Any]  # Any: what JSON takes
Result = TypeVar("Result")


def main() -> None:
    """Check, measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--resolves", type=int, default=1_000)
    options = parser.parse_args()
    resolves = check_resolves(options.resolves)
    left_out = [check_left_out(size, seed) for size in (300, 3_000) for seed in range(3)]
    timings = [measure(size, everything=everything) for everything in (False, True) for size in options.sizes]
    figures: dict[str, object] = {
        "resolves": resolves,
        "left_out": left_out,
        "timings": timings,
        "growth": growth(timings),
    }
    print(write_record("prices", figures, packages=("numpy", "scipy", "ortools")))


def check_resolves(count: int) -> Row:
    """Return how often prices and solving anew agree, by what was changed; they have to always."""
    answers = [ask(seed) for ask in (one_more_slot, one_forced_slot) for seed in range(count)]
    wrong = [answer for answer in answers if not answer.agrees]
    assert not wrong, wrong[0]
    kinds = Counter(answer.kind if answer.by_solving else f"{answer.kind}, impossible" for answer in answers)
    row = {"compared": len(answers), "mismatches": len(wrong), "by_kind": dict(sorted(kinds.items()))}
    print(row, flush=True)
    return row


def check_left_out(num_needs: int, seed: int) -> Row:
    """Return how pricing reached the optimum of all candidates from 4 of each need; it has to."""
    problem = generate(num_needs, seed, group_rules=False)
    best, priced = allocate(problem), solve_by_pricing(problem, 4)
    found = priced.allocation
    assert (found.levels, found.keep, found.even, found.fit) == (best.levels, best.keep, best.even, best.fit)
    assert verify(priced.problem, found, priced.prices, priced.left_out).is_valid
    row = {
        "needs": num_needs,
        "seed": seed,
        "all_pairs": problem.num_pairs,
        "pairs_by_round": list(priced.pairs_by_round),
    }
    print(row, flush=True)
    return row


def measure(num_needs: int, *, everything: bool) -> Row:
    """Return what prices and their uses take on one problem, in milliseconds of processor and wall time."""
    problem = generate(num_needs, 0, group_rules=False)
    problem = with_everything(problem) if everything else problem
    (allocation,), allocating = timed(lambda: allocate(problem), 1)
    pricings, pricing = timed(lambda: priced(problem, allocation), 5)
    verdicts, verifying = timed(lambda: verify(problem, allocation, pricings[0].prices()), 3)
    assert verdicts[0].is_valid
    new, held = forced_queries(problem, allocation, pricings[0])
    row = {
        "needs": num_needs,
        "pairs": problem.num_pairs,
        "matches": int(np.count_nonzero(allocation.slots)),
        "everything": everything,
        "allocate": allocating,
        "prices_and_worth_of_all_offers": pricing,
        "verify": verifying,
        "force_a_need_onto_every_offer_without_a_match": timed_each(new),
        "force_one_more_slot_onto_a_match": timed_each(held),
    }
    print(row, flush=True)
    return row


def with_everything(problem: Problem) -> Problem:
    """Return the problem with trained slots, and incumbents of other fits of which a tenth is locked."""
    rng = np.random.default_rng(1)
    incumbent = allocate(replace(problem, pair_fit=rng.permutation(problem.pair_fit.copy()))).slots
    return replace(
        problem,
        pair_incumbent=incumbent,
        pair_locked=incumbent * (rng.random(problem.num_pairs) < 0.1),
        offer_trained_slots=problem.offer_slots // 2,
        need_uses_trained=problem.need_level < 5,
    )


def priced(problem: Problem, allocation: Allocation) -> Pricing:
    """Price all places, and one more slot, trained or not, at every offer."""
    pricing = Pricing(problem, allocation)
    prices = pricing.prices()
    worth_of_slots(prices), worth_of_slots(prices, trained=True)
    return pricing


def forced_queries(
    problem: Problem, allocation: Allocation, pricing: Pricing
) -> tuple[list[Callable[[], object]], list[Callable[[], object]]]:
    """Return questions about needs: all offers without a match at once, and one match each."""
    rng = np.random.default_rng(0)
    is_held = allocation.slots > 0
    fit = np.full(problem.num_offers, 500_000)
    new: list[Callable[[], object]] = []
    held: list[Callable[[], object]] = []
    for pair in rng.choice(np.flatnonzero(is_held), ASKED, replace=False):
        need = int(problem.pair_need[pair])
        own = problem.pair_offer[is_held & (problem.pair_need == need)]
        others = np.setdiff1d(np.arange(problem.num_offers), own)
        new.append(partial(pricing.forced, need, others, fit[others]))
        held.append(partial(pricing.forced, need, problem.pair_offer[[pair]]))
    return new, held


def timed(action: Callable[[], Result], times: int) -> tuple[list[Result], Row]:
    """Return what an action gives and the median and most of its milliseconds."""
    results, cpu, wall = [], [], []
    for _ in range(times):
        started, started_cpu = time.perf_counter(), time.process_time()
        results.append(action())
        cpu.append(1e3 * (time.process_time() - started_cpu))
        wall.append(1e3 * (time.perf_counter() - started))
    names = ("cpu_ms", "cpu_ms_most", "wall_ms", "wall_ms_most")
    values = (median(cpu), max(cpu), median(wall), max(wall))
    return results, {name: round(value, 2) for name, value in zip(names, values, strict=True)}


def timed_each(actions: list[Callable[[], object]]) -> Row:
    """Return the median and most milliseconds of several actions."""
    waiting: Iterator[Callable[[], object]] = iter(actions)
    return timed(lambda: next(waiting)(), len(actions))[1]


def growth(timings: list[Row]) -> Row:
    """Return the power of the number of pairs that each time grows with, between neighbouring sizes."""
    powers: Row = {}
    for before, after in pairwise(timings):
        if before["everything"] != after["everything"] or before["pairs"] >= after["pairs"]:
            continue
        for name in (name for name, value in after.items() if isinstance(value, dict)):
            ratio = after[name]["cpu_ms"] / max(before[name]["cpu_ms"], 0.01)
            power = math.log(max(ratio, 0.01)) / math.log(after["pairs"] / before["pairs"])
            powers.setdefault(f"{name}, everything" if after["everything"] else name, []).append(
                round(power, 2)
            )
    return powers


if __name__ == "__main__":
    main()
