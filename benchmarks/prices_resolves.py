"""What one slot changes, told by prices and by solving anew: varied small problems on which both must agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer import NO_LIMIT, Allocation, Problem, allocate
from optimizer.locks import fitting_locks
from optimizer.prices import Effects, Pricing, worth_of_slots
from optimizer.problem import Ints


@dataclass(frozen=True, slots=True)
class Answer:
    """What one change of one slot does, by prices and by solving anew: 13 lines, or nothing where impossible."""

    kind: str
    by_prices: list[int]
    by_solving: list[int]

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.by_prices == self.by_solving


def draw(seed: int) -> Problem:
    """Return a problem with about half of: ties of fit, locks, incumbents, trained slots, limits of matches."""
    rng = np.random.default_rng(seed)
    num_needs, num_offers = (int(rng.integers(2, most)) for most in ((30, 24) if seed % 10 == 0 else (10, 8)))
    need, offer = (
        i.astype(np.int64)
        for i in np.nonzero(rng.random((num_needs, num_offers)) < rng.choice([0.3, 0.7, 1]))
    )
    size = len(need)
    fits = rng.integers(0, 4, size) * 250_000 if rng.random() < 0.5 else rng.integers(0, 1_000_001, size)
    has = rng.random(5) < 0.5
    problem = Problem(
        need_slots=rng.integers(1, 8, num_needs),
        need_level=rng.integers(0, rng.choice([1, 3, 10]), num_needs),
        need_school=rng.integers(0, 4, num_needs),
        offer_slots=rng.integers(1, 8, num_offers),
        offer_partner=np.arange(num_offers),
        pair_need=need,
        pair_offer=offer,
        pair_fit=fits,
        pair_max_slots=rng.integers(0, 6, size) if has[0] else None,
        pair_locked=rng.integers(0, 4, size) * (rng.random(size) < 0.15) if has[1] else None,
        pair_incumbent=rng.integers(0, 5, size) * (rng.random(size) < 0.4) if has[2] else None,
        offer_trained_slots=rng.integers(0, 6, num_offers) if has[3] else None,
        need_uses_trained=rng.random(num_needs) < 0.5 if has[3] else None,
    )
    # A lock that had to be cut would grow with its offer.
    return replace(problem, pair_locked=fitting_locks(problem)) if has[1] else problem


def one_more_slot(seed: int) -> Answer:
    """Return what one more slot at some offer adds, a trained one in every other problem."""
    problem, even = draw(seed), seed % 3 > 0
    allocation = allocate(problem, even=even)
    offer, trained = int(np.random.default_rng(seed).integers(problem.num_offers)), seed % 2 == 0
    worth = worth_of_slots(Pricing(problem, allocation, even=even).prices(), trained=trained)
    larger = replace(problem, offer_slots=_plus_one(problem.offer_slots, offer))
    if trained and problem.offer_trained_slots is not None:
        larger = replace(larger, offer_trained_slots=_plus_one(problem.offer_trained_slots, offer))
    solved = _difference(allocation, allocate(larger, even=even), even=even)
    return Answer("trained" if trained else "untrained", _lines(worth, offer), solved)


def one_forced_slot(seed: int) -> Answer:
    """Return what it changes to force one slot of some need onto an offer: of a match, a candidate or a new pair."""
    problem, even = draw(seed), seed % 3 > 0
    allocation = allocate(problem, even=even)
    pair, need, offer = _chosen(problem, allocation.slots, seed)
    fit = 0 if pair < 0 else int(problem.pair_fit[pair])
    if pair < 0:
        fit = int(np.random.default_rng(seed).integers(0, 1_000_001))
    forced = Pricing(problem, allocation, even=even).forced(need, np.array([offer]), np.array([fit]))
    solved = allocate(_with_forced(problem, allocation, (pair, need, offer, fit)), even=even)
    kind = "new pair" if pair < 0 else "match" if allocation.slots[pair] else "candidate"
    is_possible = not solved.locks_cut.any()
    return Answer(
        kind,
        _lines(forced, 0) if forced.is_possible[0] else [],
        _difference(allocation, solved, even=even) if is_possible else [],
    )


def _chosen(problem: Problem, slots: Ints, seed: int) -> tuple[int, int, int]:
    """Return a pair, in turn one with slots, one without and a new one (-1), with its need and offer."""
    rng = np.random.default_rng(seed)
    cells = np.full((problem.num_needs, problem.num_offers), -1)
    cells[problem.pair_need, problem.pair_offer] = np.arange(problem.num_pairs)
    wanted = np.flatnonzero((slots > 0, slots == 0, slots < 0)[seed % 3])
    if len(wanted):
        pair = int(rng.choice(wanted))
        return pair, int(problem.pair_need[pair]), int(problem.pair_offer[pair])
    need, offer = (int(index) for index in rng.choice(np.argwhere(cells == cells.min())))
    return int(cells[need, offer]), need, offer


def _with_forced(problem: Problem, allocation: Allocation, forced: tuple[int, int, int, int]) -> Problem:
    pair, need, offer, fit = forced
    locked = (
        np.zeros(problem.num_pairs, np.int64) if problem.pair_locked is None else problem.pair_locked.copy()
    )
    if pair >= 0:
        locked[pair] = allocation.slots[pair] + 1
        return replace(problem, pair_locked=locked)
    most = np.full(problem.num_pairs, NO_LIMIT) if problem.pair_max_slots is None else problem.pair_max_slots
    incumbent = problem.pair_incumbent
    return replace(
        problem,
        pair_need=np.append(problem.pair_need, need),
        pair_offer=np.append(problem.pair_offer, offer),
        pair_fit=np.append(problem.pair_fit, fit),
        pair_max_slots=np.append(most, 1),
        pair_locked=np.append(locked, 1),
        pair_incumbent=None if incumbent is None else np.append(incumbent, 0),
    )


def _plus_one(slots: Ints, index: int) -> Ints:
    more = slots.copy()
    more[index] += 1
    return more


def _lines(effects: Effects, index: int) -> list[int]:
    lines = (effects.keep, effects.even, effects.fit)
    return [*effects.levels[index].tolist(), *(int(line[index]) for line in lines)]


def _difference(before: Allocation, after: Allocation, *, even: bool) -> list[int]:
    levels = [new.filled - old.filled for old, new in zip(before.levels, after.levels, strict=True)]
    evenness = after.even.value - before.even.value if even else 0
    return [*levels, after.keep.value - before.keep.value, evenness, after.fit.value - before.fit.value]
