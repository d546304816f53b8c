"""Fitter matches of the same sizes: what needs and offers have in matches is joined anew among them.

A match is an end at its need and an end at its offer. While ends of one size are only joined otherwise, every need
and offer keeps its slots, and no group rule can break: nobody gets more links than there were ends.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from optimizer.network import uses_trained
from optimizer.problem import Bools, Ints, Problem
from optimizer.rules import Links, Rules


def exchange(problem: Problem, rules: Rules, locks: Ints, slots: Ints) -> Ints:
    """Return the fittest slots that join the same ends otherwise, by a minimum-cost flow; all rules are kept.

    Matches that are locked, kept from an incumbent or share a link with another stay as they are.
    """
    match = np.flatnonzero(_is_free(problem, rules, locks, slots))
    if not len(match):
        return slots
    kind = 2 * slots[match] + uses_trained(problem)[match]
    kinds = int(kind.max()) + 1
    need_end, need_count = np.unique(problem.pair_need[match] * kinds + kind, return_counts=True)
    offer_end, offer_count = np.unique(problem.pair_offer[match] * kinds + kind, return_counts=True)
    end, pair = _pairs_of(problem, need_end // kinds)
    width = need_end[end] % kinds // 2
    key = problem.pair_offer[pair] * kinds + need_end[end] % kinds
    other = np.minimum(np.searchsorted(offer_end, key), len(offer_end) - 1)
    joins = (offer_end[other] == key) & (rules.min_match[pair] <= width)
    # Several ends may meet in one pair, so one with a limit of its own takes back but what it had.
    is_limited = _is_limited(problem)
    joins &= ~is_limited[pair] | (np.isin(pair, match) & (slots[pair] == width))
    end, pair, other, width = end[joins], pair[joins], other[joins], width[joins]
    room = np.where(is_limited[pair], 1, np.minimum(need_count[end], offer_count[other]))
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        end.astype(np.int32),
        (other + len(need_end)).astype(np.int32),
        room,
        -problem.pair_fit[pair] * width,
    )
    nodes = np.arange(len(need_end) + len(offer_end), dtype=np.int32)
    solver.set_nodes_supplies(nodes, np.concatenate([need_count, -offer_count]))
    status = solver.solve()
    if status != min_cost_flow.SimpleMinCostFlow.OPTIMAL:
        raise RuntimeError(f"Exchange of matches: expected OPTIMAL, got {status}.")
    found = slots.copy()
    found[match] = 0
    np.add.at(found, pair, solver.flows(arcs) * width)
    return found


def _is_free(problem: Problem, rules: Rules, locks: Ints, slots: Ints) -> Bools:
    """Whether each pair is a match that may go, alone in its links."""
    is_used = slots > 0
    is_free: Bools = is_used & (locks == 0) & (rules.min_match <= slots)
    for links in (rules.need_partners, rules.school_partners):
        is_free &= _matches(links, is_used)[links.of_pair] == 1
    if problem.pair_incumbent is not None:
        is_free &= problem.pair_incumbent == 0
    return is_free


def _is_limited(problem: Problem) -> Bools:
    """Whether each pair may have fewer slots than its need and its offer."""
    if problem.pair_max_slots is None:
        return np.zeros(problem.num_pairs, np.bool_)
    need, offer = problem.need_slots[problem.pair_need], problem.offer_slots[problem.pair_offer]
    is_limited: Bools = problem.pair_max_slots < np.minimum(need, offer)
    return is_limited


def _matches(links: Links, is_used: Bools) -> Ints:
    return np.bincount(links.of_pair[is_used], minlength=len(links.owner))


def _pairs_of(problem: Problem, needs: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of some needs, each with the position of its need among them."""
    order = np.argsort(problem.pair_need, kind="stable")
    starts = np.searchsorted(problem.pair_need[order], np.arange(problem.num_needs + 1))
    counts = starts[needs + 1] - starts[needs]
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(np.arange(len(needs)), counts), order[np.repeat(starts[needs], counts) + offsets]
