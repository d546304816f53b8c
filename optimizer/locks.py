"""Locks that fit into the slots of their need and offer."""

from __future__ import annotations

import numpy as np

from optimizer.problem import Ints, Problem


def fitting_locks(problem: Problem) -> Ints:
    """Return the locked slots of each pair, cut where they exceed need_slots, trained_capacity or capacity.

    The latest level is cut first, within a level the highest need, then the highest offer.
    """
    if problem.pair_locked is None:
        return np.zeros(problem.num_pairs, np.int64)
    locks = problem.pair_locked.copy()
    locked = np.flatnonzero(locks)
    need, offer = problem.pair_need[locked], problem.pair_offer[locked]
    order = locked[np.lexsort((offer, need, problem.need_level[need]))]
    _cut(locks, order, problem.pair_need, problem.need_slots)
    if problem.offer_trained_slots is not None and problem.need_uses_trained is not None:
        trained = order[problem.need_uses_trained[problem.pair_need[order]]]
        _cut(locks, trained, problem.pair_offer, problem.offer_trained_slots)
    _cut(locks, order, problem.pair_offer, problem.offer_slots)
    return locks


def _cut(locks: Ints, order: Ints, owner_of_pair: Ints, slots: Ints) -> None:
    """Cut ``locks`` in place so that those of one owner, taken in ``order``, stay within its ``slots``."""
    order = order[np.argsort(owner_of_pair[order], kind="stable")]
    if not len(order):
        return
    owner = owner_of_pair[order]
    before = np.cumsum(locks[order]) - locks[order]
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    before -= np.repeat(before[starts], np.diff(np.r_[starts, len(owner)]))
    locks[order] = np.clip(slots[owner] - before, 0, locks[order])
