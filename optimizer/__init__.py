"""A problem of plain arrays to an allocation with bounds and prices."""

from optimizer.allocation import Allocation, Level, Line, Progress
from optimizer.alternates import Alternate, alternates
from optimizer.changes import Change, ChangeSlots, DropPartner, Forbid, Force, Settle
from optimizer.cuts import Cut, cut_capacity, minimum_cuts
from optimizer.incumbents import fitting_incumbents
from optimizer.moves import Point, allocate_within, move_curve
from optimizer.prepared import most_by_level
from optimizer.prices import Effects, Prices, Pricing, prices_of, worth_of_slots
from optimizer.problem import NO_LIMIT, Problem
from optimizer.solve import allocate
from optimizer.verify import LeftOut, Verdict, negative_pairs, verify
from optimizer.what_if import Moves, Outcome, WhatIf, what_if
from optimizer.why_not import FullRule, WhyNot, why_not

__all__ = [
    "NO_LIMIT",
    "Allocation",
    "Alternate",
    "Change",
    "ChangeSlots",
    "Cut",
    "DropPartner",
    "Effects",
    "Forbid",
    "Force",
    "FullRule",
    "LeftOut",
    "Level",
    "Line",
    "Moves",
    "Outcome",
    "Point",
    "Prices",
    "Pricing",
    "Problem",
    "Progress",
    "Settle",
    "Verdict",
    "WhatIf",
    "WhyNot",
    "allocate",
    "allocate_within",
    "alternates",
    "cut_capacity",
    "fitting_incumbents",
    "minimum_cuts",
    "most_by_level",
    "move_curve",
    "negative_pairs",
    "prices_of",
    "verify",
    "what_if",
    "why_not",
    "worth_of_slots",
]
