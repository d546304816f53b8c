"""The domain: from a district's tables to an audited, explained allocation.

Two lines are enough: ``from matching import match, read_district`` and ``match(read_district("district"))``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matching.audit import Audit, audit_allocation
    from matching.errors import DataError
    from matching.pipeline import Matching, Run, match
    from matching.policy import Policy, read_policy
    from matching.recommendation import Recommender, recommend
    from matching.recruiting import recruiting_brief
    from matching.tables import read_district, read_matches

__all__ = [
    "Audit",
    "DataError",
    "Matching",
    "Policy",
    "Recommender",
    "Run",
    "audit_allocation",
    "match",
    "read_district",
    "read_matches",
    "read_policy",
    "recommend",
    "recruiting_brief",
]

_HOMES = {
    "Audit": "audit",
    "DataError": "errors",
    "Matching": "pipeline",
    "Policy": "policy",
    "Recommender": "recommendation",
    "Run": "pipeline",
    "audit_allocation": "audit",
    "match": "pipeline",
    "read_district": "tables",
    "read_matches": "tables",
    "read_policy": "policy",
    "recommend": "recommendation",
    "recruiting_brief": "recruiting",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: a check of tables needs no solver."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
