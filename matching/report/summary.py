"""The summary of a run as JSON: what it reached, over what, with which settings and versions."""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from matching.pipeline import Matching
from matching.recruits import RecruitingBrief
from matching.report.coverage import coverage_by_school, evenness_of

_PACKAGES = (
    "partnermatch",
    "numpy",
    "scipy",
    "ortools",
    "pandas",
    "bm25s",
    "PyStemmer",
    "sentence-transformers",
    "torch",
)
"""The packages whose version can change a result."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result was made from and with: the input's SHA-256 and the versions of what can change a result."""

    input_sha256: str
    versions: Mapping[str, str]


def provenance_of(matching: Matching) -> Provenance:
    """Return what a result was made from and with."""
    return Provenance(matching.district.input_sha256, versions_in_use())


def versions_in_use() -> dict[str, str]:
    """Return the versions of what can change a result; packages that are not installed are left out."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def summary_of(matching: Matching, brief: RecruitingBrief, provenance: Provenance) -> dict[str, object]:
    """Return the summary; all but ``timings`` is the same for the same input, policy, run and versions."""
    run, allocation, district = matching.run, matching.allocation, matching.district
    return {
        "status": allocation.status,
        "stopped_by_clock": allocation.stopped_by_clock,
        "district": district.name,
        "on": run.on.isoformat(),
        "effort": run.effort,
        "seed": run.seed,
        "max_seconds": run.max_seconds,
        "model": matching.model,
        "bounds_over": matching.bounds_over,
        "input_sha256": provenance.input_sha256,
        "num_schools": len(district.schools),
        "num_needs": len(district.needs),
        "num_partners": len(district.partners),
        "num_offers": len(district.offers),
        "num_candidates": matching.num_candidates,
        "num_matches": len(allocation.matches),
        "slots_needed": sum(level.needed for level in allocation.levels),
        "slots_filled": sum(level.filled for level in allocation.levels),
        "levels": [asdict(level) for level in allocation.levels],
        "even": asdict(allocation.even) | asdict(evenness_of(coverage_by_school(matching))),
        "fit": asdict(allocation.fit),
        "learning": asdict(matching.basis.scorer.learning),
        "recruiting": asdict(brief),
        "audit": _audit(matching),
        "locks_cut": allocation.locks_cut.to_dict("records"),
        "warnings": list(district.warnings),
        "policy": asdict(matching.policy),
        "versions": dict(provenance.versions),
        "timings": dict(matching.timings),
    }


def write_summary(path: Path, summary: Mapping[str, object]) -> None:
    """Write the summary, its keys in the order given."""
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _audit(matching: Matching) -> dict[str, object]:
    errors = [finding.is_error for finding in matching.audit.findings]
    return {
        "passed": matching.audit.is_passed,
        "errors": sum(errors),
        "warnings": len(errors) - sum(errors),
    }
