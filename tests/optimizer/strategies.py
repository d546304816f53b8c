"""Problems for Hypothesis to draw and to shrink: tiny ones, with any of the optional arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimizer import NO_LIMIT, Problem
from optimizer.problem import Bools, Ints


def always_alike(examples: int) -> settings:
    """Return settings that draw the same examples in every run, and show a failing one as drawn."""
    phases = [Phase.explicit, Phase.generate]
    return settings(derandomize=True, database=None, deadline=None, max_examples=examples, phases=phases)


@st.composite
def problems(
    draw: st.DrawFn, *, most: int = 3, most_slots: int = 3, most_pairs: int = 6, rules: bool = False
) -> Problem:
    """Draw a problem of at most so many needs, offers, slots of each and pairs; with group rules if asked."""
    num_needs, num_offers = draw(st.integers(1, most)), draw(st.integers(1, most))
    order = draw(st.permutations(range(num_needs * num_offers)))[:most_pairs]
    cells = np.array(order[: draw(st.integers(0, len(order)))], np.int64)
    of_need, of_offer, of_pair = num_needs, num_offers, len(cells)

    def ints(size: int, low: int, high: int) -> Ints:
        return draw(arrays(np.int64, size, elements=st.integers(low, high)))

    def perhaps(size: int, low: int, high: int) -> Ints | None:
        return ints(size, low, high) if draw(st.booleans()) else None

    def limits(size: int) -> Ints | None:
        limit = perhaps(size, 0, 3) if rules else None
        return None if limit is None else np.where(limit == 3, NO_LIMIT, limit)

    trained = perhaps(of_offer, 0, most_slots)
    uses_trained: Bools | None = None
    if draw(st.booleans()):
        uses_trained = draw(arrays(np.bool_, of_need))
    return Problem(
        need_slots=ints(of_need, 1, most_slots),
        need_level=ints(of_need, 0, 2),
        need_school=ints(of_need, 0, 1),
        offer_slots=ints(of_offer, 1, most_slots),
        offer_partner=ints(of_offer, 0, 1),
        pair_need=cells // num_offers,
        pair_offer=cells % num_offers,
        pair_fit=ints(of_pair, 0, 9),
        pair_max_slots=perhaps(of_pair, 0, most_slots),
        pair_locked=perhaps(of_pair, 0, 2),
        pair_incumbent=perhaps(of_pair, 0, most_slots),
        offer_trained_slots=trained,
        need_uses_trained=uses_trained,
        offer_min_slots=perhaps(of_offer, 1, most_slots) if rules else None,
        need_min_slots=perhaps(of_need, 0, most_slots + 1) if rules else None,
        need_max_partners=limits(of_need),
        school_max_partners=limits(2),
        partner_max_schools=limits(2),
    )
