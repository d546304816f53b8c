"""Whether a test fails when a rule is taken out of the optimizer, the rules, the audit or the causes of gaps.

Run as ``python -m benchmarks.mutations [WORDS]``, with words to try only mutations whose names contain one. Each is
applied to a copy of the project, never to the project itself; results go to ``benchmarks/results/mutations.json``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.mutations_catalog import CATALOG, ROOT, Mutation
from benchmarks.record import write_record

COPIED = ("optimizer", "embeddings", "matching", "tests", "fixtures", "pyproject.toml")


class Outcome(NamedTuple):
    """What the tests said of one mutation."""

    name: str
    is_caught: bool
    by: str
    seconds: float


def main() -> None:
    """Try the mutations asked for, all by default, and exit with an error where one survives."""
    words = sys.argv[1:]
    chosen = [one for one in CATALOG if not words or any(word in one.name for word in words)]
    for tests in {mutation.tests for mutation in chosen}:
        if failed := first_failure(tests):
            sys.exit(f"{failed} fails without any mutation.")
    outcomes = []
    for mutation in chosen:
        outcomes.append(outcome := attempt(mutation))
        verdict = f"caught by {outcome.by}" if outcome.is_caught else "SURVIVES"
        print(f"{outcome.name}: {verdict} ({outcome.seconds:.0f} s)", flush=True)
    survivors = [outcome.name for outcome in outcomes if not outcome.is_caught]
    print(f"{len(outcomes) - len(survivors)} of {len(outcomes)} caught.")
    if not words:
        caught = {outcome.name: outcome.by for outcome in outcomes if outcome.is_caught}
        write_record("mutations", {"caught_by": caught, "survivors": survivors})
    sys.exit(bool(survivors))


def attempt(mutation: Mutation) -> Outcome:
    """Return whether a test fails in a copy of the project with the mutation, and the first that does."""
    started = time.perf_counter()
    failed = first_failure(mutation.tests, mutation)
    return Outcome(mutation.name, bool(failed), failed, time.perf_counter() - started)


def first_failure(tests: tuple[str, ...], mutation: Mutation | None = None) -> str:
    """Return the first test that fails in a copy of the project, with a mutation if there is one; empty if none."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, copy / name)
        if mutation:
            file = copy / mutation.file
            file.write_text(mutation.applied_to(file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        said = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        ).stdout
    failed = [line.split()[1] for line in said.splitlines() if line.startswith(("FAILED", "ERROR "))]
    return failed[0] if failed else ""


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


if __name__ == "__main__":
    main()
