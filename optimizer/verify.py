"""Whether an allocation keeps all rules and its prices prove it the best, by additions and comparisons alone.

No solver is asked, and how the prices were found is of no account. Prices prove an allocation
if no slot can gain by moving: bringing one to a pair is worth no more than what its offer charges, and a slot
that is there is worth no less (linear programming duality; Ahuja, Magnanti, Orlin 1993, chapter 9.3). A proof of
the lines up to one does not need those after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimizer.allocation import Allocation
from optimizer.locks import fitting_locks
from optimizer.network import groups, uses_trained
from optimizer.prices import Prices
from optimizer.problem import MAX_SLOTS, NUM_LEVELS, Bools, Ints, Problem, sum_by
from optimizer.residual import EVEN, FIT, KEEP, LEVEL_WORTH, LEVELS, LINES, limits
from optimizer.rules import Links, group_rules
from optimizer.values import even_value, fit_value, keep_value, levels_filled, unevenness

_MOST_PRICE = 2**60


class LeftOut(NamedTuple):
    """Pairs that a problem left out, without locks or incumbents."""

    need: Ints
    offer: Ints
    fit: Ints


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong with an allocation and its prices.

    Parameters
    ----------
    broken
        Rules that the slots break and values that are not theirs, each with its first place.
    unproven
        What the prices do not explain, each with its first place and the line it concerns.
    proven
        The lines that are proven to be the best there is, of ``levels, keep, even, fit``.
    is_exact
        Whether that holds for the whole problem, and not only among the matches of the allocation.
    """

    broken: tuple[str, ...]
    unproven: tuple[str, ...]
    proven: tuple[str, ...]
    is_exact: bool

    @property
    def is_valid(self) -> bool:
        """Whether nothing is broken and every line is proven."""
        return not self.broken and not self.unproven


def verify(
    problem: Problem, allocation: Allocation, prices: Prices, left_out: LeftOut | None = None
) -> Verdict:
    """Return what is wrong with an allocation or its proof, if anything.

    Parameters
    ----------
    left_out
        Pairs that the problem does not hold; the proof covers them too.
    """
    broken = tuple(_misshapen(problem, allocation, prices))
    if broken:
        return Verdict(broken, (), (), is_exact=False)
    broken = tuple(_broken(problem, allocation))
    unproven, first_line = [], len(LINES)
    for layer in _layers(problem, allocation, prices, left_out):
        for failure, line in layer.failures():
            unproven.append(failure)
            first_line = min(first_line, line)
    lines = LINES[:first_line] if not broken else ()
    proven = tuple(line for line in lines if line != "even" or prices.even)
    return Verdict(broken, tuple(unproven), proven, prices.is_exact)


def negative_pairs(problem: Problem, prices: Prices, pairs: LeftOut) -> Ints:
    """Return the indices of left-out ``pairs`` that may better an allocation with these prices.

    If there are none it is the best over all these pairs too; else add them and solve again. Where group rules
    bind (``prices.is_exact`` is false) it is neither.
    """
    layer = _left_out(problem, prices, pairs)
    return np.flatnonzero(_first_negative(layer.loss_of_more()) < len(LINES))


class _Layer(NamedTuple):
    """Places of one kind that slots pass, with the prices before and after them.

    Parameters
    ----------
    first, then
        Price before and after, of shape ``(n, num_lines)``.
    gain, last_gain
        What the next slot gains by passing, and what the last one has gained.
    can_grow, can_shrink
        Whether a slot more or less can pass.
    """

    name: str
    first: Ints
    then: Ints
    gain: Ints
    last_gain: Ints
    can_grow: Bools
    can_shrink: Bools

    def loss_of_more(self) -> Ints:
        return np.where(self.can_grow[:, None], self.first - self.gain - self.then, 0)

    def loss_of_less(self) -> Ints:
        return np.where(self.can_shrink[:, None], self.then + self.last_gain - self.first, 0)

    def failures(self) -> Iterator[tuple[str, int]]:
        """Yield what the prices do not explain, with the line that it concerns."""
        for loss, what in ((self.loss_of_more(), "one slot more"), (self.loss_of_less(), "one slot less")):
            line = _first_negative(loss)
            if (line < len(LINES)).any():
                worst = int(np.argmin(line))
                others = _others(line < len(LINES))
                yield f"{self.name} {worst}: {what} gains in {LINES[line[worst]]}{others}.", int(line[worst])


def _layers(
    problem: Problem, allocation: Allocation, prices: Prices, left_out: LeftOut | None
) -> Iterator[_Layer]:
    slots = allocation.slots
    of_offer = sum_by(problem.pair_offer, slots, problem.num_offers)
    of_need = sum_by(problem.pair_need, slots, problem.num_needs)
    group_level, group = groups(problem)
    of_group, group_needed = (sum_by(group, part, len(group_level)) for part in (of_need, problem.need_slots))
    of_level = sum_by(problem.need_level, of_need, NUM_LEVELS)
    pool = np.zeros((1, len(LINES)), np.int64)
    yield _free("Offer", pool, prices.offer, of_offer, problem.offer_slots)
    if problem.offer_trained_slots is not None:
        of_trained = sum_by(problem.pair_offer, slots * uses_trained(problem), problem.num_offers)
        yield _free(
            "Trained slots of offer", prices.offer, prices.trained, of_trained, problem.offer_trained_slots
        )
    yield _pairs(problem, allocation, prices)
    yield _free("Need", prices.need, prices.group[group], of_need, problem.need_slots)
    even, last_even = np.zeros((2, len(group_level), len(LINES)), np.int64)
    if prices.even:
        unmet = group_needed - of_group
        here = unevenness(group_needed, unmet)
        even[:, EVEN] = here - unevenness(group_needed, np.maximum(unmet - 1, 0))
        last_even[:, EVEN] = unevenness(group_needed, unmet + 1) - here
    group_layer = _free("Group", prices.group, prices.level[group_level], of_group, group_needed)
    yield group_layer._replace(gain=even, last_gain=last_even)
    level = np.zeros((NUM_LEVELS, len(LINES)), np.int64)
    level[:, LEVELS] = LEVEL_WORTH
    yield _free("Level", prices.level, pool, of_level, problem.level_needed)._replace(
        gain=level, last_gain=level
    )
    if left_out is not None:
        yield _left_out(problem, prices, left_out)


def _free(name: str, first: Ints, then: Ints, flow: Ints, limit: Ints) -> _Layer:
    """Return a layer that slots pass up to a limit, at no gain."""
    no_gain = np.zeros((1, len(LINES)), np.int64)
    return _Layer(name, first, then, no_gain, no_gain, flow < limit, flow > 0)


def _pairs(problem: Problem, allocation: Allocation, prices: Prices) -> _Layer:
    slots = allocation.slots
    gain = np.zeros((problem.num_pairs, len(LINES)), np.int64)
    gain[:, FIT] = problem.pair_fit
    last_gain = gain.copy()
    if problem.pair_incumbent is not None:
        gain[:, KEEP] = slots < problem.pair_incumbent
        last_gain[:, KEEP] = slots <= problem.pair_incumbent
    low, high = _held(problem, allocation), np.full(problem.num_pairs, np.iinfo(np.int64).max)
    if problem.pair_max_slots is not None:
        high = np.maximum(problem.pair_max_slots, low)
    if not prices.is_exact:
        low, high = limits(problem, low, slots)
    source = np.where(
        uses_trained(problem)[:, None], prices.trained[problem.pair_offer], prices.offer[problem.pair_offer]
    )
    need = prices.need[problem.pair_need]
    return _Layer("Pair", source, need, gain, last_gain, slots < high, slots > low)


def _left_out(problem: Problem, prices: Prices, pairs: LeftOut) -> _Layer:
    """Return the layer of pairs that may have slots but do not."""
    gain = np.zeros((len(pairs.need), len(LINES)), np.int64)
    gain[:, FIT] = pairs.fit
    source, can_grow = prices.offer[pairs.offer], np.ones(len(gain), np.bool_)
    if problem.offer_trained_slots is not None and problem.need_uses_trained is not None:
        is_trained = problem.need_uses_trained[pairs.need]
        source = np.where(is_trained[:, None], prices.trained[pairs.offer], source)
        can_grow = ~is_trained | (problem.offer_trained_slots[pairs.offer] > 0)
    no_gain = np.zeros_like(gain)
    return _Layer(
        "Left-out pair", source, prices.need[pairs.need], gain, no_gain, can_grow, np.zeros_like(can_grow)
    )


def _first_negative(loss: Ints) -> Ints:
    """Return the first line that is not 0 of each row if it is below 0, else the number of lines."""
    line = np.full(len(loss), len(LINES))
    for index in reversed(range(len(LINES))):
        line[loss[:, index] > 0] = len(LINES)
        line[loss[:, index] < 0] = index
    return line


def _misshapen(problem: Problem, allocation: Allocation, prices: Prices) -> Iterator[str]:
    """Yield arrays that are not those of the problem."""
    num_groups, num_lines = len(groups(problem)[0]), len(LINES)
    shapes = [
        ("slots", allocation.slots, (problem.num_pairs,), MAX_SLOTS),
        ("locks_cut", allocation.locks_cut, (problem.num_pairs,), MAX_SLOTS),
        ("offer", prices.offer, (problem.num_offers, num_lines), _MOST_PRICE),
        ("trained", prices.trained, (problem.num_offers, num_lines), _MOST_PRICE),
        ("need", prices.need, (problem.num_needs, num_lines), _MOST_PRICE),
        ("group", prices.group, (num_groups, num_lines), _MOST_PRICE),
        ("level", prices.level, (NUM_LEVELS, num_lines), _MOST_PRICE),
    ]
    for name, array, shape, limit in shapes:
        if array.shape != shape or array.dtype != np.int64:
            yield f"{name}: expected whole numbers of shape {shape}, got {array.dtype} {array.shape}."
        elif ((array > limit) | (array < -limit)).any():
            yield f"{name}: expected numbers within {limit}, got larger ones."


def _broken(problem: Problem, allocation: Allocation) -> Iterator[str]:
    """Yield rules that the slots break and values that are not theirs."""
    slots, locks = allocation.slots, fitting_locks(problem)
    yield from _places("Pair", "locked slots", -slots, -locks)
    yield from _places("Pair", "slots below 0", -slots, 0 * slots)
    if problem.pair_max_slots is not None:
        yield from _places("Pair", "pair_max_slots", slots, np.maximum(problem.pair_max_slots, locks))
    of_offer = sum_by(problem.pair_offer, slots, problem.num_offers)
    yield from _places(
        "Need", "need_slots", sum_by(problem.pair_need, slots, problem.num_needs), problem.need_slots
    )
    yield from _places("Offer", "capacity", of_offer, problem.offer_slots)
    if problem.offer_trained_slots is not None:
        of_trained = sum_by(problem.pair_offer, slots * uses_trained(problem), problem.num_offers)
        yield from _places("Offer", "trained_capacity", of_trained, problem.offer_trained_slots)
    yield from _broken_group_rules(problem, slots, locks)
    yield from _wrong_values(problem, allocation)
    if (_held(problem, allocation) != locks).any():
        pair = int(np.argmax(_held(problem, allocation) != locks))
        yield f"Pair {pair}: locks_cut is not what the slots of its need and offer force."


def _broken_group_rules(problem: Problem, slots: Ints, locks: Ints) -> Iterator[str]:
    rules = group_rules(problem, locks)
    of_need = sum_by(problem.pair_need, slots, problem.num_needs)
    yield from _places("Pair", "min_match", np.where(slots > 0, rules.min_match, 0), slots)
    yield from _places("Need", "min_need", np.where(of_need > 0, rules.min_need, 0), of_need)
    counts = (
        ("max_partners of its need", rules.need_partners),
        ("max_partners of its school", rules.school_partners),
        ("max_schools of its partner", rules.partner_schools),
    )
    for name, links in counts:
        used, limit = _used(links, slots), links.limit[links.owner[links.of_pair]]
        yield from _places("Pair", name, np.where(slots > 0, used, 0), limit)


def _used(links: Links, slots: Ints) -> Ints:
    """Return how many links the owner of each pair's link uses."""
    is_used = sum_by(links.of_pair, slots, len(links.owner)) > 0
    return np.bincount(links.owner[is_used], minlength=len(links.limit))[links.owner[links.of_pair]]


def _wrong_values(problem: Problem, allocation: Allocation) -> Iterator[str]:
    slots = allocation.slots
    values = [(f"Level {index}", level.filled) for index, level in enumerate(allocation.levels)]
    lines = (("keep", allocation.keep), ("even", allocation.even), ("fit", allocation.fit))
    values += [(name, line.value) for name, line in lines]
    own = [keep_value(problem, slots), even_value(problem, slots), fit_value(problem, slots)]
    for (name, value), right in zip(values, levels_filled(problem, slots).tolist() + own, strict=True):
        if value != right:
            yield f"{name}: the slots make {right}, not {value}."


def _held(problem: Problem, allocation: Allocation) -> Ints:
    """Return the slots that locks hold."""
    return 0 * allocation.slots if problem.pair_locked is None else problem.pair_locked - allocation.locks_cut


def _places(owner: str, rule: str, value: Ints, limit: Ints) -> Iterator[str]:
    """Yield where a value exceeds its limit, if anywhere."""
    wrong = value > limit
    if wrong.any():
        yield f"{owner} {int(np.argmax(wrong))}: {rule}{_others(wrong)}."


def _others(wrong: Bools) -> str:
    others = int(np.count_nonzero(wrong)) - 1
    return f" (and {others} more)" if others else ""
