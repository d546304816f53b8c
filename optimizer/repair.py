"""From a flow that ignores the group rules to an allocation that keeps them all, by drop and reflow."""

from __future__ import annotations

import numpy as np

from optimizer.levels import fill_levels
from optimizer.network import Network, build, flow_of, most_slots
from optimizer.problem import NO_LIMIT, NUM_LEVELS, Bools, Ints, Problem, sum_by
from optimizer.rules import Rules, choose_pairs


def refill(problem: Problem, can_use: Bools, low: Ints, slots: Ints) -> Ints:
    """Return the lexicographically most slots by level on the pairs that can be used, grown from ``slots``."""
    network = build(problem, low, np.maximum(np.where(can_use, most_slots(problem), 0), low))
    return network.slots(fill_levels(network, flow_of(network, problem, slots)), problem.num_pairs)


def repair(problem: Problem, rules: Rules, locks: Ints, slots: Ints, rounds: int) -> Ints:
    """Return an allocation that keeps all rules, from ``slots`` that may break the group rules.

    Each round drops the smallest links of every owner that has too many, and lets the slots flow anew.
    """
    can_use = np.ones(problem.num_pairs, np.bool_)
    for _ in range(rounds):
        excess = (slots > 0) & ~choose_pairs(rules, weigh(problem, slots))
        if not excess.any():
            break
        can_use &= ~excess
        slots = refill(problem, can_use, locks, np.where(can_use, slots, locks))
    chosen = choose_pairs(rules, np.where(can_use, weigh(problem, slots), 0))
    slots = refill(problem, chosen, locks, np.where(chosen, slots, 0))
    return settle(problem, rules, locks, chosen, slots)


def weigh(problem: Problem, slots: Ints) -> Ints:
    """Return the slots of each pair, one of an earlier level as much as eight of the next."""
    return slots << 3 * (NUM_LEVELS - 1 - problem.need_level[problem.pair_need])


def grow(
    problem: Problem, rules: Rules, locks: Ints, slots: Ints, rng: np.random.Generator, liked: Ints
) -> Ints:
    """Return an allocation that keeps all rules, grown from ``slots`` that do so by new matches at random.

    New matches are let in where the counts leave room, those of ``liked`` and at short needs before others,
    and settled. It may be worse than ``slots`` where they have to be dropped again.
    """
    is_firm = firm(problem, rules, slots)
    filled = sum_by(problem.pair_need, slots, problem.num_needs)
    is_short = (filled < problem.need_slots)[problem.pair_need]
    # Pairs that no allocation can use come last.
    chance = (
        rng.integers(1, 1000, problem.num_pairs)
        + np.where(is_short, 10_000, 0)
        + np.where(liked > 0, 20_000, 0)
    )
    chance *= rules.min_match < NO_LIMIT
    # Matches that stand come before all others: they keep the counts together.
    chosen = choose_pairs(rules, np.where(is_firm, weigh(problem, slots) + 2**50, chance))
    low = firm_low(problem, rules, locks, slots, is_firm)
    return settle(problem, rules, locks, chosen, refill(problem, chosen, low, slots))


def settle(
    problem: Problem, rules: Rules, locks: Ints, can_use: Bools, slots: Ints, *, rounds: int = 3
) -> Ints:
    """Return an allocation without matches or needs below their least, from one that keeps the count rules.

    Each round drops the smallest such pair of every need and lets the slots flow anew, the last all of them.
    """
    for _ in range(rounds):
        is_firm = firm(problem, rules, slots)
        small = (slots > 0) & ~is_firm
        if not small.any():
            return slots
        dropped = small & is_least_of_need(problem, np.where(small, slots, NO_LIMIT))
        can_use = can_use & ~dropped
        low = np.where(is_firm, firm_low(problem, rules, locks, slots, is_firm), 0)
        slots = refill(problem, can_use, low, np.where(dropped, 0, slots))
    is_firm = firm(problem, rules, slots)
    low = firm_low(problem, rules, locks, slots, is_firm)
    return refill(problem, is_firm, low, np.where(is_firm, slots, 0))


def firm(problem: Problem, rules: Rules, slots: Ints) -> Bools:
    """Whether each pair has slots, enough for a match, at a need that has enough from such pairs."""
    enough = (slots > 0) & (slots >= rules.min_match)
    filled = sum_by(problem.pair_need, np.where(enough, slots, 0), problem.num_needs)
    return enough & (filled >= rules.min_need)[problem.pair_need]


def firm_low(problem: Problem, rules: Rules, locks: Ints, slots: Ints, is_firm: Bools) -> Ints:
    """Return how far the slots of firm pairs may fall while all of them stay firm.

    Where matches at their least do not add up to the least of their need, the first keep more.
    """
    low = np.where(is_firm, np.maximum(rules.min_match, locks), 0)
    missing = rules.min_need - sum_by(problem.pair_need, low, problem.num_needs)
    raised = np.flatnonzero(is_firm & (missing > 0)[problem.pair_need])
    raised = raised[np.argsort(problem.pair_need[raised], kind="stable")]
    need = problem.pair_need[raised]
    spare = slots[raised] - low[raised]
    before = np.cumsum(spare) - spare
    starts = np.flatnonzero(np.r_[True, need[1:] != need[:-1]])
    if len(need):
        before -= np.repeat(before[starts], np.diff(np.r_[starts, len(need)]))
    low[raised] += np.clip(missing[need] - before, 0, spare)
    return low


def is_least_of_need(problem: Problem, value: Ints) -> Bools:
    """Whether each pair has the least ``value`` of its need, the last of several."""
    order = np.lexsort((-np.arange(len(value)), value, problem.pair_need))
    need = problem.pair_need[order]
    first = np.zeros(len(value), np.bool_)
    first[order[np.r_[True, need[1:] != need[:-1]]]] = True
    return first


def firm_network(problem: Problem, rules: Rules, locks: Ints, slots: Ints) -> tuple[Network, Ints]:
    """Return a network around ``slots``, which keep all rules, and the most slots by level in it.

    It has the matches of ``slots`` and, the fittest links first, all pairs that no rule keeps from a single
    slot beside them; matches without a least may go. Every flow of the network keeps all rules too.
    """
    is_firm = firm(problem, rules, slots)
    low = firm_low(problem, rules, locks, slots, is_firm)
    low = np.where((rules.min_match <= 1) & (rules.min_need <= 1)[problem.pair_need], locks, low)
    has_enough = sum_by(problem.pair_need, low, problem.num_needs) >= rules.min_need
    is_free = (rules.min_match <= 1) & (has_enough | (rules.min_need <= 1))[problem.pair_need]
    weight = np.where(is_firm, weigh(problem, slots) + 2**50, problem.pair_fit)
    can_use = is_firm | (choose_pairs(rules, weight) & is_free)
    network = build(problem, low, np.maximum(np.where(can_use, most_slots(problem), 0), low))
    flow = fill_levels(network, flow_of(network, problem, slots))
    return network, network.slots(flow, problem.num_pairs)
