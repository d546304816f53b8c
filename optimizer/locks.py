"""Locks that fit into the slots of their need and offer."""

from __future__ import annotations

import numpy as np

from optimizer.problem import NO_LIMIT, Ints, Problem


def fitting_locks(problem: Problem) -> Ints:
    """Return the locked slots of each pair, cut where they exceed need_slots, trained_capacity or capacity.

    The latest level is cut first, within a level the highest need, then the highest offer. What one lock
    cannot hold for want of an offer's slots stays there for the next lock of its need.
    """
    locks = np.zeros(problem.num_pairs, np.int64)
    if problem.pair_locked is None:
        return locks
    pairs = np.flatnonzero(problem.pair_locked)
    need, offer = problem.pair_need[pairs], problem.pair_offer[pairs]
    order = np.lexsort((offer, need, problem.need_level[need]))
    uses_trained = np.zeros(problem.num_needs, np.bool_)
    trained = np.full(problem.num_offers, NO_LIMIT)
    if problem.offer_trained_slots is not None and problem.need_uses_trained is not None:
        uses_trained, trained = problem.need_uses_trained, problem.offer_trained_slots.copy()
    of_need, of_offer = problem.need_slots.copy(), problem.offer_slots.copy()
    for pair, n, o in zip(pairs[order], need[order], offer[order], strict=True):
        room = min(of_need[n], of_offer[o], trained[o]) if uses_trained[n] else min(of_need[n], of_offer[o])
        locks[pair] = held = min(problem.pair_locked[pair], room)
        of_need[n] -= held
        of_offer[o] -= held
        trained[o] -= held * uses_trained[n]
    return locks
