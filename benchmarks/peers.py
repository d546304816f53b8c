"""Real assignment problems with known optima, ours beside peers: ``python -m benchmarks.peers [--packages]``.

Our plan is asserted to be optimal before anything is timed; every plan is checked against the rules. Quality comes
first (how much the first line that falls short loses), then processor time; wall time stands beside it. With
``--packages`` packages of PyPI are installed into an environment of their own and run there, which is gone afterwards.
Writes ``benchmarks/results/peers.json`` and ``peers.svg``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from benchmarks.peers_packages import PACKAGES, REQUIREMENTS, Answer, environment, run_package
from benchmarks.peers_picture import picture
from benchmarks.peers_problems import Case, Plan, cases, check, gap_percent, lines, worst_need
from benchmarks.peers_solvers import OURS, PEERS, Peer, highs_lp
from benchmarks.record import write_record

MOST_RUNS = 5
ENOUGH_SECONDS = 1.0
"""A peer that has taken as long is not run again; the least of its times counts."""
Row = dict[str, Any]  # Any: what JSON takes


def main() -> None:
    """Run all, print a table, write the figures and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", action="store_true", help="run packages of PyPI too")
    options = parser.parse_args()
    with environment() if options.packages else nullcontext() as python:
        problems = [problem(case, python) for case in cases()]
    requirements = list(REQUIREMENTS) if options.packages else []
    figures: dict[str, object] = {"requirements": requirements, "problems": problems}
    write_record("peers", figures, packages=("numpy", "scipy", "ortools"))
    picture(problems)


def problem(case: Case, python: Path | None) -> Row:
    """Return the figures of one problem, and print them."""
    optimum = case.optimum or lines(case, highs_lp(case))
    assert_optimal(case, PEERS[0].solve(case), optimum)
    answers = [row(case, name, answer, optimum) for name, answer in run(case, python)]
    answers.sort(key=lambda one: (bool(one["note"]), one["gap_percent"], one["cpu_seconds"]))
    figures = {
        "problem": case.name,
        "needs": len(case.demand),
        "offers": len(case.load),
        "pairs": int(case.allowed.sum()),
        "floor": case.floor or None,
        "optimum": named(optimum),
        "optimum_from": "known" if case.optimum else "HiGHS LP in this run",
        "answers": answers,
    }
    print_table(figures)
    return figures


def assert_optimal(case: Case, plan: Plan, optimum: tuple[float, ...]) -> None:
    """Assert that a plan keeps every rule and reaches the optimum to a millionth of it."""
    check(case, plan)
    values = lines(case, plan)
    assert gap_percent(values, optimum) == 0, f"{case.name}: expected {optimum}, got {values}."


def run(case: Case, python: Path | None) -> Iterator[tuple[str, Answer]]:
    """Yield the answer of every peer that can express the case."""
    for peer in PEERS:
        if peer.suits(case):
            yield peer.name, timed(peer, case)
    for package in PACKAGES:
        if python and package.suits(case):
            yield package.label, run_package(python, package, case)


def timed(peer: Peer, case: Case) -> Answer:
    """Return a peer's plan and the least processor time it took, with the wall time of that run."""
    times: list[tuple[float, float]] = []
    started = time.perf_counter()
    while len(times) < MOST_RUNS and time.perf_counter() - started < ENOUGH_SECONDS:
        wall, cpu = time.perf_counter(), time.process_time()
        plan = peer.solve(case)
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
    return Answer(plan, *min(times))


def row(case: Case, name: str, answer: Answer, optimum: tuple[float, ...]) -> Row:
    """Return the quality and the time of an answer."""
    if not answer.note:
        check(case, answer.plan)
    values = lines(case, answer.plan)
    return {
        "peer": name,
        **named(values),
        "unmatched": int(case.demand.sum() - answer.plan.sum()),
        "worst_need": round(worst_need(case, answer.plan), 6),
        "gap_percent": round(gap_percent(values, optimum), 6),
        "cpu_seconds": round(answer.cpu_seconds, 4),
        "wall_seconds": round(answer.wall_seconds, 4),
        "note": answer.note,
    }


def named(values: tuple[float, ...]) -> dict[str, float]:
    """Return the lines by name."""
    filled, *top, total = values
    return {"filled": filled, **({"top_tier": top[0]} if top else {}), "total": round(total, 6)}


def print_table(figures: Row) -> None:
    """Print a problem's answers, the best first."""
    size = f"{figures['needs']} x {figures['offers']}, {figures['pairs']} pairs"
    print(f"\n{figures['problem']} ({size}), optimum {figures['optimum']} ({figures['optimum_from']})")
    print(
        f"{'':28}{'total':>12}{'top tier':>10}{'unmatched':>11}{'worst':>9}{'gap %':>9}{'cpu s':>9}{'wall s':>9}"
    )
    for one in figures["answers"]:
        mark = "*" if one["peer"] == OURS else " "
        print(
            f"{mark}{one['peer']:27}{one['total']:12.6f}{one.get('top_tier', '-'):>10}{one['unmatched']:11d}"
            f"{one['worst_need']:9.4f}{one['gap_percent']:9.4f}{one['cpu_seconds']:9.3f}{one['wall_seconds']:9.3f}"
            f"  {one['note']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
