"""A problem of plain arrays to an allocation with bounds and prices."""

from optimizer.allocation import Allocation, Level, Line
from optimizer.cuts import Cut, cut_capacity, minimum_cuts
from optimizer.incumbents import fitting_incumbents
from optimizer.moves import Point, allocate_within, move_curve
from optimizer.problem import NO_LIMIT, Problem
from optimizer.solve import allocate

__all__ = [
    "NO_LIMIT",
    "Allocation",
    "Cut",
    "Level",
    "Line",
    "Point",
    "Problem",
    "allocate",
    "allocate_within",
    "cut_capacity",
    "fitting_incumbents",
    "minimum_cuts",
    "move_curve",
]
