"""A problem of plain arrays to an allocation with bounds and prices."""

from optimizer.allocation import Allocation, Level, Line
from optimizer.cuts import Cut, cut_capacity, minimum_cuts
from optimizer.incumbents import fitting_incumbents
from optimizer.moves import Point, allocate_within, move_curve
from optimizer.prices import Effects, Prices, Pricing, prices_of, worth_of_slots
from optimizer.problem import NO_LIMIT, Problem
from optimizer.solve import allocate
from optimizer.verify import LeftOut, Verdict, negative_pairs, verify

__all__ = [
    "NO_LIMIT",
    "Allocation",
    "Cut",
    "Effects",
    "LeftOut",
    "Level",
    "Line",
    "Point",
    "Prices",
    "Pricing",
    "Problem",
    "Verdict",
    "allocate",
    "allocate_within",
    "cut_capacity",
    "fitting_incumbents",
    "minimum_cuts",
    "move_curve",
    "negative_pairs",
    "prices_of",
    "verify",
    "worth_of_slots",
]
