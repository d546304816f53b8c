"""A problem of plain arrays to an allocation with bounds and prices."""

from optimizer.allocation import Allocation, Level, Line
from optimizer.cuts import Cut, cut_capacity, minimum_cuts
from optimizer.problem import NO_LIMIT, Problem
from optimizer.solve import allocate

__all__ = [
    "NO_LIMIT",
    "Allocation",
    "Cut",
    "Level",
    "Line",
    "Problem",
    "allocate",
    "cut_capacity",
    "minimum_cuts",
]
