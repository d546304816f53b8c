"""Ten thousand generated cases, each allocated and then audited by code that has nothing of the optimizer in it.

Run as ``python -m benchmarks.audited_cases [PROBLEMS DISTRICTS]``, by default 9,000 problems of arrays, with every
rule and lock, and 1,000 small districts through the whole pipeline, with every optional cell and policy. No rule may
be broken, and every value has to be what the audit computes. It stops at the first case where anything differs.
Results go to ``benchmarks/results/audited_cases.json``.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import get_args

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.record import write_record
from embeddings import WordHashEncoder
from matching.district import District
from matching.pipeline import Effort, Matching, Run, match
from matching.policy import Policy, policy_from_mapping
from matching.vocabulary import LEVELS
from optimizer import Allocation, Problem, allocate
from tests.matching.cases import ON, districts
from tests.optimizer.problems import broken_rules, draw_problem, plain_values

PROBLEMS, DISTRICTS = 9_000, 1_000
_ENCODER = WordHashEncoder()


def main() -> None:
    """Audit as many cases as asked for, and write what they were like."""
    asked = tuple(int(word) for word in sys.argv[1:]) or (PROBLEMS, DISTRICTS)
    record: dict[str, object] = {}
    for name, audit, cases in zip(
        ("problems", "districts"), (audit_problems, audit_districts), asked, strict=True
    ):
        started = time.process_time()
        counts = audit(cases)
        record[name] = dict(counts) | {"cpu_seconds": round(time.process_time() - started, 1)}
        print(name, record[name], flush=True)
    if asked == (PROBLEMS, DISTRICTS):
        write_record("audited_cases", record)


def audit_problems(cases: int) -> Counter[str]:
    """Return how many problems of each sort were allocated and audited; one in three has no group rules.

    Raises
    ------
    AssertionError
        A rule is broken, or a value is not what the allocation states.
    """
    counts: Counter[str] = Counter()
    for seed in range(cases):
        problem = draw_problem(
            100_000 + seed,
            num_needs=12 if seed % 20 else 80,
            num_offers=10 if seed % 20 else 50,
            rules=seed % 3 > 0,
        )
        allocation = allocate(
            problem, even=seed % 5 > 0, effort="standard" if seed % 4 else "quick", seed=seed
        )
        check_problem(problem, allocation)
        counts.update(sorts_of_problem(problem, allocation))
    return counts


def check_problem(problem: Problem, allocation: Allocation) -> None:
    """Assert that an allocation breaks no rule, and that its values and bounds are what they are said to be."""
    locked = np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked
    assert broken_rules(problem, allocation.slots, locked - allocation.locks_cut) == []
    filled, *lines = plain_values(problem, allocation.slots)
    assert filled == [level.filled for level in allocation.levels]
    assert lines == [allocation.keep.value, allocation.even.value, allocation.fit.value]
    for level in allocation.levels:
        assert 0 <= level.filled <= level.bound <= level.needed
        assert level.proven == (level.filled == level.bound)
    assert allocation.keep.bound <= allocation.keep.value
    assert allocation.even.bound <= allocation.even.value
    assert allocation.fit.bound >= allocation.fit.value


def sorts_of_problem(problem: Problem, allocation: Allocation) -> list[str]:
    """Return what a problem is an example of."""
    facts = {
        "cases": True,
        "with locks": problem.pair_locked is not None and bool(problem.pair_locked.any()),
        "with locks cut": bool(allocation.locks_cut.any()),
        "with incumbents": problem.pair_incumbent is not None,
        "with gaps": any(level.filled < level.needed for level in allocation.levels),
        "with a level not proven": not all(level.proven for level in allocation.levels),
        "proven in every line": allocation.status == "optimal",
    }
    return [name for name, holds in facts.items() if holds]


def audit_districts(cases: int) -> Counter[str]:
    """Return how many districts of each sort were matched and audited.

    Raises
    ------
    AssertionError
        The audit finds a broken rule, or computes another value than the allocation states.
    """
    counts: Counter[str] = Counter()

    @settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=cases,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(districts(), policies(), runs())
    def audit_one(district: District, policy: Policy, run: Run) -> None:
        found = match(district, policy, run=run, encoder=_ENCODER)
        check_matching(found)
        counts.update(sorts_of_district(found))

    audit_one()
    return counts


def check_matching(found: Matching) -> None:
    """Assert that the audit finds no broken rule and computes the same values as the allocation states."""
    audit, allocation = found.audit, found.allocation
    assert audit.is_passed, audit.findings
    audited = [(level.name, level.needed, level.filled) for level in audit.levels]
    assert audited == [(level.name, level.needed, level.filled) for level in allocation.levels]
    assert (audit.even, audit.fit) == (allocation.even.value, allocation.fit.value)


def sorts_of_district(found: Matching) -> list[str]:
    """Return what a district is an example of."""
    rules = {finding.rule for finding in found.audit.findings}
    facts = {
        "cases": True,
        "with matches": len(found.allocation.matches) > 0,
        "with gaps": len(found.unmet) > 0,
        "with locks": bool(found.district.partnerships["locked"].any()),
        "locked despite a rule": bool(rules - {"pair_locked", "fit_floor"}),
        "with locks cut": "pair_locked" in rules,
    }
    return [name for name, holds in facts.items() if holds]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy that changes rules, floor and the order of the objective."""
    return policy_from_mapping(
        {
            "rules": {
                "require_clearance": draw(st.booleans()),
                "min_shared_minutes": draw(st.sampled_from([1, 30, 60])),
            },
            "fit": {"floor": draw(st.sampled_from([0.0, 0.3]))},
            "objective": {"levels": draw(st.permutations(LEVELS)), "even": draw(st.booleans())},
        }
    )


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Draw effort and seed."""
    return Run(on=ON, effort=draw(st.sampled_from(get_args(Effort))), seed=draw(st.integers(0, 9)))


if __name__ == "__main__":
    main()
