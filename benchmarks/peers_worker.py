"""Runs one package of PyPI on one problem, in an environment and a process of its own.

``python -P peers_worker.py PACKAGE PROBLEM.npz ANSWER.json`` by `benchmarks.peers_packages`. It imports nothing of the
project: the package ``matching`` has the name of one of ours.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]  # Any: whole numbers and scores
Pairs = list[tuple[int, int]]


def main() -> None:
    """Solve and write the pairs chosen with the time they took."""
    package, problem, answer = sys.argv[1:]
    library = importlib.import_module(package)
    with np.load(problem) as arrays:
        given = {name: arrays[name] for name in arrays.files}
    wall, cpu = time.perf_counter(), cpu_seconds()
    pairs = SOLVERS[package](library, given)
    figures = {"pairs": pairs, "cpu_seconds": cpu_seconds() - cpu, "wall_seconds": time.perf_counter() - wall}
    Path(answer).write_text(json.dumps(figures | {"version": version(package)}), encoding="utf-8")


def cpu_seconds() -> float:
    """Return the processor time of this process and of the solvers it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


# Any in what follows: none of the packages has types.
def stable(_: Any, given: Arrays) -> Pairs:
    """Return the hospital-resident matching best for needs, which take one slot each."""
    games = importlib.import_module("matching.games")
    needs, offers = given["need"].tolist(), given["offer"].tolist()
    choices: dict[str, list[tuple[float, str]]] = {}
    rankings: dict[str, list[tuple[float, str]]] = {}
    rows = zip(needs, offers, given["worth"].tolist(), given["score"].tolist(), strict=True)
    for need, offer, worth, score in rows:
        choices.setdefault(f"need {need}", []).append((-worth, f"offer {offer}"))
        rankings.setdefault(f"offer {offer}", []).append((-score, f"need {need}"))
    loads = {name: int(given["load"][_index(name)]) for name in rankings}
    game = games.HospitalResident.create_from_dictionaries(_ranked(choices), _ranked(rankings), loads)
    held = game.solve(optimal="resident")
    return [(_index(need), _index(offer)) for offer, kept in held.items() for need in kept]


def network_simplex(networkx: Any, given: Arrays) -> Pairs:
    """Return the minimum-cost flow of the network simplex."""
    graph = networkx.DiGraph()
    total = int(given["demand"].sum())
    graph.add_node("source", demand=-total)
    graph.add_node("sink", demand=total)
    for need, slots in enumerate(given["demand"].tolist()):
        graph.add_edge("source", ("need", need), capacity=slots, weight=0)
    for offer, slots in enumerate(given["load"].tolist()):
        graph.add_edge(("offer", offer), "sink", capacity=slots, weight=0)
    for need, offer, worth in zip(
        *(given[name].tolist() for name in ("need", "offer", "worth")), strict=True
    ):
        graph.add_edge(("need", need), ("offer", offer), capacity=1, weight=-worth)
    _, flow = networkx.network_simplex(graph)
    return [
        (need, offer)
        for need in range(len(given["demand"]))
        for (_, offer), slots in flow["need", need].items()
        if slots
    ]


def cbc(pulp: Any, given: Arrays) -> Pairs:
    """Return what CBC makes of PuLP's model with a binary a pair, and of a floor under every need if there is one."""
    pairs = list(zip(given["need"].tolist(), given["offer"].tolist(), strict=True))
    worth = (given["worth"] / 1e6).tolist()
    model = pulp.LpProblem("assignment", pulp.LpMaximize)
    takes = [pulp.LpVariable(f"x{pair}", cat="Binary") for pair in range(len(pairs))]
    model += pulp.LpAffineExpression(zip(takes, worth, strict=True))
    of_need: dict[int, list[int]] = {}
    of_offer: dict[int, list[int]] = {}
    for pair, (need, offer) in enumerate(pairs):
        of_need.setdefault(need, []).append(pair)
        of_offer.setdefault(offer, []).append(pair)
    for need, mine in of_need.items():
        model += pulp.lpSum(takes[pair] for pair in mine) == int(given["demand"][need])
        if given["floor"] > 0:
            scores = given["score"][mine].tolist()
            total = pulp.LpAffineExpression(zip((takes[pair] for pair in mine), scores, strict=True))
            model += total >= float(given["floor"])
    for offer, theirs in of_offer.items():
        model += pulp.lpSum(takes[pair] for pair in theirs) <= int(given["load"][offer])
    model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0))
    return [pair for pair, take in zip(pairs, takes, strict=True) if (take.value() or 0) > 0.5]


def utilitarian(fairpyx: Any, given: Arrays) -> Pairs:
    """Return the division with the most total value."""
    algorithms = importlib.import_module("fairpyx.algorithms")
    values = [[0] * len(given["load"]) for _ in given["demand"]]
    conflicts = [set(range(len(given["load"]))) for _ in given["demand"]]
    for need, offer, worth in zip(
        *(given[name].tolist() for name in ("need", "offer", "worth")), strict=True
    ):
        values[need][offer] = worth
        conflicts[need].discard(offer)
    instance = fairpyx.Instance(
        valuations={
            f"need {need}": {f"offer {offer}": value for offer, value in enumerate(row)}
            for need, row in enumerate(values)
        },
        agent_capacities={f"need {need}": slots for need, slots in enumerate(given["demand"].tolist())},
        item_capacities={f"offer {offer}": slots for offer, slots in enumerate(given["load"].tolist())},
        agent_conflicts={
            f"need {need}": {f"offer {offer}" for offer in out} for need, out in enumerate(conflicts)
        },
    )
    bundles = fairpyx.divide(algorithms.utilitarian_matching, instance=instance)
    return [(_index(need), _index(offer)) for need, bundle in bundles.items() for offer in bundle]


SOLVERS: dict[str, Callable[[Any, Arrays], Pairs]] = {
    "fairpyx": utilitarian,
    "matching": stable,
    "networkx": network_simplex,
    "pulp": cbc,
}


def _index(name: object) -> int:
    return int(str(name).split()[1])


def _ranked(choices: Mapping[str, list[tuple[float, str]]]) -> dict[str, list[str]]:
    return {
        name: [other for _, other in sorted(row, key=lambda one: one[0])] for name, row in choices.items()
    }


if __name__ == "__main__":
    main()
