"""Packages of PyPI that people match with today, each run in an environment of its own outside the project."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.peers_problems import Case, Plan

WORKER = Path(__file__).with_name("peers_worker.py")
REQUIREMENTS = ("fairpyx==0.1", "matching==1.4.3", "networkx==3.6.1", "pulp==3.3.2")
MOST_SECONDS = 60
"""After these a package is stopped."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A plan and what it took; an empty plan where ``note`` says why there is none."""

    plan: Plan
    cpu_seconds: float
    wall_seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A package and what it can express."""

    name: str
    label: str
    keeps_floors: bool = False
    takes_one_slot_only: bool = False

    def suits(self, case: Case) -> bool:
        """Whether it can express every rule of the case."""
        one_each = bool((case.demand == 1).all())
        return (self.keeps_floors or not case.floor) and (one_each or not self.takes_one_slot_only)


PACKAGES = (
    Package("matching", "matching (stable)", takes_one_slot_only=True),
    Package("fairpyx", "fairpyx (utilitarian)"),
    Package("networkx", "NetworkX network simplex"),
    Package("pulp", "PuLP with CBC", keeps_floors=True),
)


@contextmanager
def environment() -> Iterator[Path]:
    """Yield the Python of a new environment with all packages, gone afterwards."""
    with TemporaryDirectory(prefix="partnermatch-peers-") as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", *REQUIREMENTS]
        subprocess.run([str(python), *install], check=True)
        yield python


def run_package(python: Path, package: Package, case: Case) -> Answer:
    """Return the answer of a package, run by ``python`` in a process of its own."""
    with TemporaryDirectory(prefix="partnermatch-peers-") as folder:
        problem, answer = Path(folder) / "problem.npz", Path(folder) / "answer.json"
        _write(problem, case)
        command = [str(python), "-P", str(WORKER), package.name, str(problem), str(answer)]
        empty = np.zeros(case.scores.shape, np.int64)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=MOST_SECONDS, cwd=folder, check=False
            )
        except subprocess.TimeoutExpired:
            return Answer(empty, MOST_SECONDS, MOST_SECONDS, f"stopped after {MOST_SECONDS} s")
        if done.returncode:
            return Answer(empty, 0.0, 0.0, (done.stderr.strip().splitlines() or ["no answer"])[-1])
        found = json.loads(answer.read_text(encoding="utf-8"))
    for need, offer in found["pairs"]:
        empty[need, offer] += 1
    return Answer(empty, found["cpu_seconds"], found["wall_seconds"])


def _write(path: Path, case: Case) -> None:
    needs, offers = case.pairs
    np.savez(
        path,
        need=needs,
        offer=offers,
        worth=case.worth[needs, offers],
        score=case.scores[needs, offers],
        demand=case.demand,
        load=case.load,
        floor=np.array(case.floor),
    )
