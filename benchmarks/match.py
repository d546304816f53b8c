"""How long matching a district takes, stage by stage, and how much memory: ``python -m benchmarks.match``.

Generated districts take their vectors from hashed words, so that what is measured is everything but the embedding of
new texts. The baseline of a whole process is one that only imports what every match needs.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.record import SHARED_DATA, write_record

ON = "2026-09-14"
SIZES = (1_000, 10_000, 30_000)
PROJECT = Path(__file__).parents[1]
REPEATS = 3
BASELINE = "import numpy, pandas, pandera.pandas, scipy.sparse, ortools.graph.python.min_cost_flow"


def main() -> None:
    """Measure, print the figures and write them to ``benchmarks/results/match.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="needs of the generated districts"
    )
    parser.add_argument("--stages-of", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stages_of:
        print(json.dumps(stages(arguments.stages_of)))
        return
    figures: dict[str, object] = {"process_seconds": whole_processes()}
    figures["generated"] = {str(size): generated(size) for size in arguments.sizes}
    packages = ("numpy", "pandas", "ortools", "scipy", "pandera")
    print(json.dumps(figures, indent=2))
    write_record("match", figures, packages=packages)


def whole_processes() -> dict[str, object]:
    """Return the median seconds of ``partnermatch match --effort quick`` on real texts with a warm cache."""
    baseline = _median_seconds([sys.executable, "-c", BASELINE])
    found: dict[str, object] = {"baseline, imports alone": baseline}
    for name, district in (
        ("demo", PROJECT / "fixtures" / "demo"),
        ("san-francisco", SHARED_DATA / "san-francisco"),
    ):
        if not district.exists():
            print(f"{name}: not here, left out")
            continue
        with tempfile.TemporaryDirectory() as out:
            command = [str(Path(sys.executable).parent / "partnermatch"), "match", str(district), "--on", ON]
            command += ["--effort", "quick", "--out", out]
            subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
            seconds = _median_seconds(command)
            timings = json.loads(Path(out, "summary.json").read_text(encoding="utf-8"))["timings"]
        found[name] = {"seconds": seconds, "to_baseline": round(seconds / baseline, 2), "stages": timings}
    return found


def generated(num_needs: int) -> dict[str, object]:
    """Return seconds a stage and peak memory of a generated district, measured in a process of its own."""
    from matching.exporting import write_folder
    from matching.generate import generate_district

    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "district")
        tables = generate_district(
            max(3, num_needs * 2 // 9), seed=1, num_needs=num_needs, num_offers=num_needs
        )
        write_folder(tables, folder)
        command = [sys.executable, "-m", "benchmarks.match", "--stages-of", str(folder)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT)
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def stages(folder: Path) -> dict[str, object]:
    """Return the seconds of each stage of a match at quick effort and what came out, in this process."""
    from embeddings import WordHashEncoder
    from matching import Run, match, read_district
    from matching.policy import policy_from_mapping
    from matching.report.csv_files import write_matches, write_unmet

    start = time.perf_counter()
    district = read_district(folder)
    seconds = {"read": time.perf_counter() - start}
    policy = policy_from_mapping({"candidates": {"max_pairs": 0, "per_side": 20}})
    run = Run(on=date.fromisoformat(ON), effort="quick")
    matching = match(district, policy, run=run, encoder=WordHashEncoder())
    assert matching.audit.is_passed
    seconds |= matching.timings
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        write_matches(Path(out, "matches.csv"), matching.allocation.matches)
        write_unmet(Path(out, "unmet.csv"), matching.unmet)
    seconds["csv"] = time.perf_counter() - start
    searched = ("embed", "candidates")
    return {
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "seconds_without_search": round(sum(v for k, v in seconds.items() if k not in searched), 2),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "candidates": matching.num_candidates,
        "bounds_over": matching.bounds_over,
        "levels": {
            level.name: [level.needed, level.filled, level.bound] for level in matching.allocation.levels
        },
    }


def _median_seconds(command: list[str]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
        times.append(time.perf_counter() - start)
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    main()
