"""Alternates: the best replacements for a match, each with what it would cost."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

import optimizer
from matching.consequences import Consequence, basis_of, consequence, named, pair_of
from matching.fit import MILLION
from matching.pipeline import Basis, Matching


@dataclass(frozen=True, slots=True, eq=False)
class Replacement:
    """A match that could take the place of another: who it is, its slots and fit (0 to 1), and what comes of it."""

    need_id: str
    school: str
    offer_id: str
    partner: str
    slots: int
    fit: float
    consequence: Consequence

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program to read."""
        names = ("need_id", "school", "offer_id", "partner", "slots", "fit")
        return {**{name: getattr(self, name) for name in names}, "consequence": self.consequence.as_dict()}


def alternates(
    plan: Matching | Basis,
    need_id: str,
    offer_id: str,
    limit: int = 5,
    *,
    same: Literal["need", "offer"] = "need",
) -> tuple[Replacement, ...]:
    """Return the best replacements for a match, best first: other offers for the need, or other needs for the offer.

    Raises
    ------
    ValueError
        There is no such need or offer, the two are not matched, or the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"Limit: expected a whole number >= 1, got {limit}.")
    basis = basis_of(plan)
    pair = pair_of(basis, need_id, offer_id)
    if pair is None or not basis.slots[pair]:
        raise ValueError(f"{need_id}={offer_id}: expected a match of the plan, found none.")
    even = basis.scorer.policy.objective.even
    found = optimizer.alternates(basis.problem, basis.slots, pair, limit, same=same, even=even)
    return tuple(_replacement(basis, one) for one in found)


def _replacement(basis: Basis, one: optimizer.Alternate) -> Replacement:
    problem = basis.problem
    row = named(basis.scorer.district, problem.pair_need[[one.pair]], problem.pair_offer[[one.pair]]).iloc[0]
    return Replacement(
        need_id=row["need_id"],
        school=row["school"],
        offer_id=row["offer_id"],
        partner=row["partner"],
        slots=one.slots,
        fit=float(np.round(problem.pair_fit[one.pair] / MILLION, 6)),
        consequence=consequence(basis, None, one.outcome),
    )
