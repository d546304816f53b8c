"""Problems without group rules, exact: two formulations of levels then fit, and all of `allocate`, at every size.

Run as ``python -m benchmarks.network [SIZES]``, by default 3000 30000 300000 needs, each in a process of its own. The
answers have to be equal before their time counts; results go to ``benchmarks/results/network.json``, with the load of
the machine beside them: on a busy one only the seconds of the processor tell something.

*Totals* fills level after level by maximum flows, fixes what each has, and asks one minimum-cost flow for the fit:
what `allocate` does. *Penalties* is one minimum-cost flow, in which a slot of a level costs more than any rearrangement
of slots can gain in fit; where such costs are out of the solver's range it has no answer, and totals are the way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from benchmarks.allocation import peak_mebibytes
from benchmarks.allocation_problems import generate
from benchmarks.record import write_record
from optimizer import Problem, allocate
from optimizer.faces import least_cost, shortest
from optimizer.levels import fill_levels
from optimizer.lines import fix_levels, level_face
from optimizer.network import Network, build, flow_of, most_slots
from optimizer.problem import NUM_LEVELS, Ints
from optimizer.values import fit_value, levels_filled

SIZES = (3_000, 30_000, 300_000)
Answer = TypeVar("Answer")


def main() -> None:
    """Measure the sizes asked for, or print the figures of one where a parent process asks for it."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    rows = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.network", "--one", str(size)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows.append(json.loads(said.splitlines()[-1]))
        print(rows[-1], flush=True)
    write_record(
        "network", {"runs": rows, "load": os.getloadavg()[0]}, packages=["numpy", "scipy", "ortools"]
    )


def measure(num_needs: int) -> dict[str, object]:
    """Return the figures of one size."""
    problem = generate(num_needs, 0, group_rules=False)
    network = build(problem, np.zeros(problem.num_pairs, np.int64), most_slots(problem))
    figures: dict[str, object] = {"needs": num_needs, "pairs": problem.num_pairs}
    allocation, figures["allocate"] = timed(partial(allocate, problem))
    assert allocation.status == "optimal"
    figures["peak_mebibytes"] = peak_mebibytes()
    by_totals, figures["totals"] = timed(partial(totals, problem, network))
    assert [level.filled for level in allocation.levels] == levels_filled(problem, by_totals).tolist()
    assert allocation.fit.value <= fit_value(problem, by_totals), "Even comes before the fit."
    by_penalties, figures["penalties"] = timed(partial(penalties, problem, network))
    if by_penalties is None:
        figures["penalties"] = "out of range"
    else:
        assert (levels_filled(problem, by_totals) == levels_filled(problem, by_penalties)).all()
        assert fit_value(problem, by_totals) == fit_value(problem, by_penalties)
    return figures | rounds(problem, network, by_totals)


def timed(solve: Callable[[], Answer]) -> tuple[Answer, dict[str, float]]:
    """Return an answer and the seconds it took, by the clock and of the processor."""
    started, started_cpu = time.perf_counter(), time.process_time()
    answer = solve()
    wall, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    return answer, {"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu, 2)}


def totals(problem: Problem, network: Network) -> Ints:
    """Return the most fit of the most slots by level, level after level."""
    flow = fill_levels(network, network.low)
    return network.slots(least_cost(level_face(network, flow), fit_cost(problem, network)), problem.num_pairs)


def penalties(problem: Problem, network: Network) -> Ints | None:
    """Return the same by one solve, or ``None`` where its costs are out of the solver's range.

    A rearrangement that takes a slot from one level for another visits no need or offer twice, so it changes the
    fit by less than the spacing; and coverage is a polymatroid, so spaces need not grow from level to level.
    """
    longest = min(problem.num_needs, problem.num_offers) + 1
    spacing = longest * int(problem.pair_fit.max(initial=0)) + 1
    cost = fit_cost(problem, network)
    cost[network.at.levels] = -spacing * np.arange(NUM_LEVELS, 0, -1)
    try:
        return network.slots(least_cost(network, cost), problem.num_pairs)
    except RuntimeError:
        return None


def fit_cost(problem: Problem, network: Network) -> Ints:
    """Return the cost of each arc by which the fittest flow is the cheapest."""
    cost = np.zeros(len(network.tail), np.int64)
    cost[network.at.pairs] = -problem.pair_fit[network.pair]
    return cost


def rounds(problem: Problem, network: Network, slots: Ints) -> dict[str, object]:
    """Return how many rounds the potentials of levels and of the fit take, and their time."""
    flow = flow_of(network, problem, slots)
    by_level = np.zeros(len(network.tail), np.int64)
    by_level[network.at.levels] = np.arange(-NUM_LEVELS, 0)
    (_, of_levels), level_seconds = timed(partial(shortest, network, by_level, flow))
    cost = fit_cost(problem, network)
    (_, of_fit), fit_seconds = timed(partial(shortest, fix_levels(network, flow), cost, flow))
    return {
        "potentials_of_levels": {"rounds": of_levels} | level_seconds,
        "potentials_of_fit": {"rounds": of_fit} | fit_seconds,
    }


if __name__ == "__main__":
    main()
