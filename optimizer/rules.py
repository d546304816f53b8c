"""The group rules that make the problem hard: counts of distinct partners and schools, least slots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.problem import NO_LIMIT, Bools, Ints, Problem, sum_by


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Distinct (owner, other) couples that pairs belong to, such as (need, partner).

    Parameters
    ----------
    of_pair
        The link of each pair.
    owner
        The owner of each link, counted from 0 without gaps.
    limit
        The most links of each owner that may have slots; not below those that locks take.
    is_locked
        Whether a lock holds the link, which comes before any other then.
    """

    of_pair: Ints
    owner: Ints
    limit: Ints
    is_locked: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The group rules of one problem; a locked pair is free of them.

    Parameters
    ----------
    need_partners, school_partners, partner_schools
        The links of max_partners of a need and of a school, and of max_schools of a partner. The last two
        have the same links.
    min_match
        The least slots of each pair that has any.
    min_need
        The least slots of each need that has any.
    """

    need_partners: Links
    school_partners: Links
    partner_schools: Links
    min_match: Ints
    min_need: Ints

    @property
    def can_bind(self) -> bool:
        """Whether an allocation within all slots could break one of the rules."""
        counts = (self.need_partners, self.school_partners, self.partner_schools)
        return bool(
            (self.min_match > 1).any()
            or (self.min_need > 1).any()
            or any(
                (np.bincount(links.owner, minlength=len(links.limit)) > links.limit).any() for links in counts
            )
        )


def group_rules(problem: Problem, locks: Ints) -> Rules:
    """Return the group rules of a problem whose ``locks`` fit into their needs and offers."""
    need, school, partner = (
        problem.pair_need,
        problem.need_school[problem.pair_need],
        problem.offer_partner[problem.pair_offer],
    )
    need_min = np.ones(problem.num_needs, np.int64)
    if problem.need_min_slots is not None:
        locked = sum_by(need, locks, problem.num_needs)
        need_min = np.where(locked > 0, 1, np.clip(problem.need_min_slots, 1, NO_LIMIT))
    if not has_group_rules(problem):
        free = _unlimited(locks)
        return Rules(free, free, free, np.ones(problem.num_pairs, np.int64), need_min)
    return Rules(
        need_partners=_links(need, partner, problem.need_max_partners, locks),
        school_partners=_links(school, partner, problem.school_max_partners, locks),
        partner_schools=_links(school, partner, problem.partner_max_schools, locks, owner_is_second=True),
        min_match=np.where(locks > 0, 1, _min_match(problem)),
        min_need=need_min,
    )


def has_group_rules(problem: Problem) -> bool:
    """Whether the problem states any group rule, be it one that never binds."""
    stated = (
        problem.offer_min_slots,
        problem.need_min_slots,
        problem.need_max_partners,
        problem.school_max_partners,
        problem.partner_max_schools,
    )
    return any(rule is not None for rule in stated)


def _unlimited(locks: Ints) -> Links:
    """Return a link and an owner for each pair: nothing to count, and quick to make."""
    own = np.arange(len(locks))
    return Links(own, own, np.full(len(locks), NO_LIMIT), locks > 0)


def _min_match(problem: Problem) -> Ints:
    if problem.offer_min_slots is None:
        return np.ones(problem.num_pairs, np.int64)
    need, offer = problem.pair_need, problem.pair_offer
    least = np.minimum(problem.offer_min_slots[offer], problem.need_slots[need])
    least = np.minimum(least, problem.offer_slots[offer])
    if problem.offer_trained_slots is not None and problem.need_uses_trained is not None:
        trained = np.where(problem.need_uses_trained[need], problem.offer_trained_slots[offer], NO_LIMIT)
        least = np.minimum(least, trained)
    return np.maximum(least, 1)


def _links(
    first: Ints, second: Ints, limit_by_owner: Ints | None, locks: Ints, *, owner_is_second: bool = False
) -> Links:
    size = int(second.max()) + 1 if len(second) else 1
    key, of_pair = np.unique(_compact(first) * size + second, return_inverse=True)
    example = np.zeros(len(key), np.int64)
    example[of_pair] = np.arange(len(of_pair))
    owners, owner = np.unique((second if owner_is_second else first)[example], return_inverse=True)
    is_locked = sum_by(of_pair, locks, len(key)) > 0
    limit = np.full(len(owners), NO_LIMIT) if limit_by_owner is None else limit_by_owner[owners]
    limit = np.maximum(limit, np.bincount(owner, weights=is_locked, minlength=len(owners)).astype(np.int64))
    return Links(of_pair.astype(np.int64), owner.astype(np.int64), limit, is_locked)


def _compact(index: Ints) -> Ints:
    return np.unique(index, return_inverse=True)[1].astype(np.int64)


def choose_pairs(rules: Rules, weight: Ints) -> Bools:
    """Return which pairs may be used together whatever their slots: no count rule can be broken within them.

    Links with locks come first, then those of the most ``weight`` (summed over their pairs, ties by the order
    of the pairs), as long as all counts allow.
    """
    schools, partners = rules.school_partners, rules.partner_schools
    is_open = _choose((schools, partners), sum_by(schools.of_pair, weight, len(schools.owner)))[
        schools.of_pair
    ]
    links = rules.need_partners
    size = len(links.owner)
    can_open = sum_by(links.of_pair, is_open.astype(np.int64), size) > 0
    chosen = _choose((links,), sum_by(links.of_pair, np.where(is_open, weight, 0), size), can_open)
    return is_open & chosen[links.of_pair]


def _choose(counts: tuple[Links, ...], weight: Ints, can_open: Bools | None = None) -> Bools:
    """Return the links a greedy by weight opens, found in rounds that each open all undisputed ones."""
    place = np.empty(len(weight), np.int64)
    place[np.lexsort((np.arange(len(weight)), -weight, ~counts[0].is_locked))] = np.arange(len(weight))
    is_open = np.zeros(len(weight), np.bool_)
    waiting = np.arange(len(weight)) if can_open is None else np.flatnonzero(can_open)
    while len(waiting):
        opens = np.ones(len(waiting), np.bool_)
        for links in counts:
            opens &= _rank(links.owner[waiting], place[waiting]) < _left(links, is_open)[links.owner[waiting]]
        is_open[waiting[opens]] = True
        waiting = waiting[~opens]
        for links in counts:
            waiting = waiting[_left(links, is_open)[links.owner[waiting]] > 0]
    return is_open


def _left(links: Links, is_open: Bools) -> Ints:
    return links.limit - np.bincount(links.owner[is_open], minlength=len(links.limit))


def _rank(owner: Ints, place: Ints) -> Ints:
    """Return how many of the same owner come before each entry by ``place``."""
    order = np.lexsort((place, owner))
    starts = np.flatnonzero(np.r_[True, owner[order][1:] != owner[order][:-1]])
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner)) - np.repeat(starts, np.diff(np.r_[starts, len(owner)]))
    return rank
