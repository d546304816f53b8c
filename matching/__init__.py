"""The domain: from a district's tables to an audited, explained allocation.

Two lines are enough: ``from matching import match, read_district`` and ``match(read_district("district"))``.
"""

from matching.errors import DataError
from matching.pipeline import Matching, Run, match
from matching.policy import Policy, read_policy
from matching.recommend import Recommendation, recommend
from matching.tables import read_district

__all__ = [
    "DataError",
    "Matching",
    "Policy",
    "Recommendation",
    "Run",
    "match",
    "read_district",
    "read_policy",
    "recommend",
]
