"""Every allocation of a tiny problem that keeps all rules: no solver, no cleverness, no code of the optimizer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer import Problem

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Plans:
    """All plans, a row each, of slots by pair; ``held`` are the slots that locks hold."""

    def __init__(self, problem: Problem, held: Ints) -> None:
        self.problem, self.held = problem, held
        sizes = np.minimum(problem.need_slots[problem.pair_need], problem.offer_slots[problem.pair_offer])
        grid: Ints = np.indices((sizes + 1).tolist(), dtype=np.int64)
        grid = grid.reshape(problem.num_pairs, int(np.prod(sizes + 1))).T
        for keeps in (_keeps_slots, _keeps_trained, _keeps_least, _keeps_counts):
            grid = grid[keeps(problem, held, grid)]
        self.slots = grid

    def having(self, values: Ints, value: int) -> Plans:
        """Return the plans with this value."""
        some: Plans = object.__new__(Plans)
        some.problem, some.held, some.slots = self.problem, self.held, self.slots[values == value]
        return some

    def filled(self, level: int) -> Ints:
        """Return the slots of each plan at a level."""
        return _total(self.slots, self.problem.need_level[self.problem.pair_need] == level)

    def taken(self) -> Ints:
        """Return the slots that each plan takes from incumbents."""
        incumbent = self.problem.pair_incumbent
        taken: Ints = np.maximum((0 if incumbent is None else incumbent) - self.slots, 0).sum(axis=1)
        return taken

    def unevenness(self) -> Ints:
        """Return the sum of unmet squared / needed over (school, level) of each plan, in whole millionths."""
        problem, total = self.problem, np.zeros(len(self.slots), np.int64)
        group = problem.need_school * 10 + problem.need_level
        for index in np.unique(group):
            needed = problem.need_slots[group == index].sum()
            unmet = needed - _total(self.slots, group[problem.pair_need] == index)
            total += unmet**2 * 1_000_000 // needed
        return total

    def fit(self) -> Ints:
        """Return the fit of each plan."""
        fit: Ints = self.slots @ self.problem.pair_fit
        return fit


def _total(plans: Ints, is_pair: Bools) -> Ints:
    """Return the slots that each plan gives to some pairs together."""
    total: Ints = plans[:, is_pair].sum(axis=1)
    return total


def _keeps_slots(problem: Problem, held: Ints, plans: Ints) -> Bools:
    keeps = np.ones(len(plans), np.bool_) & (plans >= held).all(axis=1)
    if problem.pair_max_slots is not None:
        keeps &= (plans <= np.maximum(problem.pair_max_slots, held)).all(axis=1)
    for need, slots in enumerate(problem.need_slots):
        keeps &= _total(plans, problem.pair_need == need) <= slots
    for offer, slots in enumerate(problem.offer_slots):
        keeps &= _total(plans, problem.pair_offer == offer) <= slots
    return keeps


def _keeps_trained(problem: Problem, held: Ints, plans: Ints) -> Bools:
    keeps = np.ones(len(plans), np.bool_)
    if problem.offer_trained_slots is None or problem.need_uses_trained is None:
        return keeps
    is_trained = problem.need_uses_trained[problem.pair_need]
    for offer, slots in enumerate(problem.offer_trained_slots):
        keeps &= _total(plans, is_trained & (problem.pair_offer == offer)) <= slots
    return keeps


def _keeps_least(problem: Problem, held: Ints, plans: Ints) -> Bools:
    keeps = np.ones(len(plans), np.bool_)
    uses_trained = problem.need_uses_trained
    for pair, (need, offer) in enumerate(zip(problem.pair_need, problem.pair_offer, strict=True)):
        if problem.offer_min_slots is None or held[pair]:
            continue
        least = min(problem.offer_min_slots[offer], problem.need_slots[need], problem.offer_slots[offer])
        if problem.offer_trained_slots is not None and uses_trained is not None and uses_trained[need]:
            least = min(least, problem.offer_trained_slots[offer])
        keeps &= (plans[:, pair] == 0) | (plans[:, pair] >= least)
    for need, least in enumerate([] if problem.need_min_slots is None else problem.need_min_slots):
        of_need = problem.pair_need == need
        filled = _total(plans, of_need)
        keeps &= (filled == 0) | (filled >= least) | held[of_need].any()
    return keeps


def _keeps_counts(problem: Problem, held: Ints, plans: Ints) -> Bools:
    partner, school = problem.offer_partner[problem.pair_offer], problem.need_school[problem.pair_need]
    keeps = np.ones(len(plans), np.bool_)
    for owner, other, limits in (
        (problem.pair_need, partner, problem.need_max_partners),
        (school, partner, problem.school_max_partners),
        (partner, school, problem.partner_max_schools),
    ):
        for index, limit in enumerate([] if limits is None else limits):
            count, locked = np.zeros(len(plans), np.int64), 0
            for one in np.unique(other):
                link = (owner == index) & (other == one)
                count += (plans[:, link] > 0).any(axis=1)
                locked += int(held[link].any())
            keeps &= count <= max(limit, locked)
    return keeps
