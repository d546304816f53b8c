"""What the rules leave of pairs, needs and offers before anything is solved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizer.network import Network, build, most_slots, uses_trained
from optimizer.problem import NO_LIMIT, Bools, Ints, Problem, sum_by
from optimizer.rules import Links, Rules


def usable_network(problem: Problem, rules: Rules, locks: Ints, usable: Ints) -> Network:
    """Return the network of all ``usable`` slots, in which needs and offers are held to their reach."""
    network = build(problem, locks, usable)
    high = network.high.copy()
    high[network.at.needs] = need_reach(problem, rules, usable)
    high[network.at.offers] = np.minimum(high[network.at.offers], offer_reach(problem, rules, usable))
    return replace(network, high=high)


def usable_slots(problem: Problem, rules: Rules, locks: Ints) -> Ints:
    """Return the most slots of each pair, 0 where the rules refuse it and no lock holds it.

    A pair is refused where it cannot have its least beside the locks, where locks take all partners or
    schools that a limit allows, or where its need cannot have its own least from as many partners as it may.
    """
    most = _beside_locks(problem, locks)
    refused = most < rules.min_match
    for links in (rules.need_partners, rules.school_partners, rules.partner_schools):
        refused |= _is_shut(links)[links.of_pair]
    usable = np.maximum(np.where(refused, 0, most), locks)
    cannot_fill = need_reach(problem, rules, usable) < rules.min_need
    return np.where(cannot_fill[problem.pair_need], locks, usable)


def refuse(rules: Rules, usable: Ints) -> Rules:
    """Return the rules with a least beyond reach for each pair that cannot be used."""
    return replace(rules, min_match=np.where(usable > 0, rules.min_match, NO_LIMIT))


def need_reach(problem: Problem, rules: Rules, usable: Ints) -> Ints:
    """Return the most slots of each need by itself, from as many partners as it may have."""
    links = rules.need_partners
    limit = links.limit[links.owner[links.of_pair]]
    reach = _best(problem.pair_need, links.of_pair, usable, limit, problem.num_needs)
    return np.minimum(reach, problem.need_slots)


def offer_reach(problem: Problem, rules: Rules, usable: Ints) -> Ints:
    """Return the most slots of each offer by itself, at as many schools as its partner may have."""
    links = rules.partner_schools
    limit = links.limit[links.owner[links.of_pair]]
    return _best(problem.pair_offer, links.of_pair, usable, limit, problem.num_offers)


def _beside_locks(problem: Problem, locks: Ints) -> Ints:
    """Return the most slots of each pair that the locks of other pairs leave."""
    need, offer = problem.pair_need, problem.pair_offer
    locked = sum_by(need, locks, problem.num_needs)[need] - locks
    most = np.minimum(most_slots(problem), problem.need_slots[need] - locked)
    locked = sum_by(offer, locks, problem.num_offers)[offer] - locks
    most = np.minimum(most, problem.offer_slots[offer] - locked)
    if problem.offer_trained_slots is None:
        return most
    is_trained = uses_trained(problem)
    locked = sum_by(offer, locks * is_trained, problem.num_offers)[offer] - locks
    return np.where(is_trained, np.minimum(most, problem.offer_trained_slots[offer] - locked), most)


def _is_shut(links: Links) -> Bools:
    """Whether each link is one too many beside those that locks hold."""
    held = np.bincount(links.owner[links.is_locked], minlength=len(links.limit))
    return ~links.is_locked & (held >= links.limit)[links.owner]


def _best(owner: Ints, link: Ints, slots: Ints, limit: Ints, size: int) -> Ints:
    """Return the slots of each owner in its best links, as many as the limit at its pairs allows.

    A lock's link may be worse than the best, so this is never too little.
    """
    if (limit >= NO_LIMIT).all():
        return sum_by(owner, slots, size)
    order = np.lexsort((link, owner))
    owner, link, slots, limit = owner[order], link[order], slots[order], limit[order]
    starts = np.flatnonzero(np.r_[True, (owner[1:] != owner[:-1]) | (link[1:] != link[:-1])][: len(owner)])
    total = np.add.reduceat(slots, starts) if len(starts) else slots
    owner, limit = owner[starts], limit[starts]
    best = np.lexsort((-total, owner))
    place = np.arange(len(best)) - np.searchsorted(owner, owner)
    taken = best[place < limit]
    return sum_by(owner[taken], total[taken], size)
