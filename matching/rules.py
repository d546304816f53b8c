"""The pair rules as vectorised masks: whether each pair of a need and an offer is allowed.

Every rule takes index arrays of needs and offers that broadcast against each other: two arrays of one
length judge a list of pairs, shapes ``(n, 1)`` and ``(1, m)`` judge a whole block.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from matching.facts import Facts, contains, pair_key
from matching.policy import Rules
from matching.vocabulary import MENTORING, Rule

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]

EARTH_RADIUS_KM = 6371.0088


def shares_kind(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the offer is of the need's kind."""
    shares: Bools = (facts.offers.kinds[offer] >> facts.needs.kind[need].astype(np.uint8)) & 1 == 1
    return shares


def shares_grade(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether need and offer have a grade in common; a blank offer serves all."""
    shares: Bools = (facts.needs.grades[need] & facts.offers.grades[offer]) != 0
    return shares


def is_within_radius(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the school lies within the partner's radius; allowed where a place is unknown."""
    reach = 2 * np.sin(np.minimum(facts.offers.radius[offer] / (2 * EARTH_RADIUS_KM), np.pi / 2))
    return np.logical_not(_squared_chord(facts, need, offer) > reach**2)


def shares_time(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the pair shares the policy's minutes a week; allowed where a side states no schedule."""
    known = facts.shared_minutes.are_known(need, offer)
    if not known.any():
        return ~known
    return ~known | (facts.shared_minutes.of_pairs(need, offer) >= rules.min_shared_minutes)


def shares_language(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the offer speaks one of the languages that the need asks for; a need may ask none."""
    is_allowed = np.ones(np.broadcast_shapes(need.shape, offer.shape), dtype=bool)
    need, offer = np.broadcast_arrays(need, offer)
    asking = facts.needs.asks_languages[need]
    shared = facts.needs.languages[need[asking]] & facts.offers.languages[offer[asking]]
    is_allowed[asking] = np.any(shared, axis=-1)
    return is_allowed


def is_cleared(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether a mentoring offer has a trained slot and clearance on the date; other kinds need none."""
    cleared = facts.offers.is_cleared & (facts.offers.trained >= 1)
    is_allowed: Bools = (facts.needs.kind[need] != MENTORING) | cleared[offer]
    return is_allowed


def has_agreement(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the partner's agreement has not expired on the date."""
    agreed = facts.offers.is_agreed[offer]
    return np.broadcast_to(agreed, np.broadcast_shapes(need.shape, agreed.shape))


def is_not_excluded(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether neither the partner bars the school nor the pair was declined this school year."""
    barred = pair_key(facts.needs.school[need], facts.offers.partner[offer], facts.num_partners)
    declined = pair_key(need, offer, facts.num_offers)
    return ~(contains(facts.excluded, barred) | contains(facts.declined, declined))


def is_affordable(facts: Facts, need: Index, offer: Index, rules: Rules) -> Bools:
    """Whether the cost to the school is within the need's budget; blank budget has no limit."""
    is_allowed: Bools = facts.offers.cost[offer] <= facts.needs.budget[need]
    return is_allowed


PairRule = Callable[[Facts, Index, Index, Rules], Bools]

PAIR_RULES: Mapping[Rule, PairRule] = MappingProxyType(
    {
        Rule.KIND: shares_kind,
        Rule.GRADES: shares_grade,
        Rule.AGREEMENT: has_agreement,
        Rule.CLEARANCE: is_cleared,
        Rule.COST: is_affordable,
        Rule.EXCLUDED: is_not_excluded,
        Rule.LANGUAGES: shares_language,
        Rule.DISTANCE: is_within_radius,
        Rule.SCHEDULE: shares_time,
    }
)
"""Every pair rule but the fit floor, cheap ones first: `eligible_pairs` asks them in this order."""


def eligible_pairs(
    facts: Facts, needs: Index, offers: Index, among: Bools, rules: Rules
) -> tuple[Index, Index]:
    """Return the pairs of `needs` and `offers` that break no rule, as two arrays in order of need.

    Kind and grades are judged for the whole block, the others only for the pairs still standing.

    Parameters
    ----------
    among
        Which pairs to judge at all, shape ``(len(needs), len(offers))``.
    """
    block = among & shares_kind(facts, needs[:, np.newaxis], offers[np.newaxis, :], rules)
    block &= shares_grade(facts, needs[:, np.newaxis], offers[np.newaxis, :], rules)
    row, column = np.nonzero(block)
    need, offer = needs[row], offers[column]
    for rule, allows in PAIR_RULES.items():
        if rule not in (Rule.KIND, Rule.GRADES):
            allowed = allows(facts, need, offer, rules)
            need, offer = need[allowed], offer[allowed]
    return need, offer


def distance_km(facts: Facts, need: Index, offer: Index) -> NDArray[np.float64]:
    """Return the great-circle distance of each pair in km, NaN where a place is unknown."""
    chord = np.sqrt(_squared_chord(facts, need, offer))
    km: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0))
    return km


def _squared_chord(facts: Facts, need: Index, offer: Index) -> NDArray[np.float64]:
    """Return the squared straight-line distance of each pair's points on the unit sphere."""
    step = facts.needs.place[need] - facts.offers.place[offer]
    squared: NDArray[np.float64] = np.einsum("...i,...i->...", step, step)
    return squared
