"""Where a benchmark's figures go, and what they were measured with."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
"""Real data beside the project's root; benchmarks say so and go on where it is absent."""


def write_record(name: str, figures: dict[str, object], *, packages: Sequence[str] = ()) -> Path:
    """Write figures to ``benchmarks/results/NAME.json`` with commit, machine and versions; return the file."""
    record = figures | {
        "commit": _commit(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
