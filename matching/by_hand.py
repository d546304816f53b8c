"""A match made by hand beside what runs: which rules stand against it, and who would have to give way."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from embeddings import Encoder
from matching.audit import Finding
from matching.consequences import row_of
from matching.district import District
from matching.pipeline import Basis, Run
from matching.policy import Policy
from matching.rematching import Start
from matching.review import FIRM, OVERRIDABLE, PAIR, Decision, Review, Reviewed, broken_by, cost, review_of

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ByHand:
    """What a match made by hand does to what runs.

    Parameters
    ----------
    one
        The match, accepted.
    broken
        The rules that stand against it, as long as nobody gives way.
    levels
        A row a slot level that changes, in slots: level, before, after; ``after`` is once ``others`` gave way.
    others
        The matches that would give way to it and what their needs get instead: need_id, offer_id, school, partner,
        before and after (slots). Empty where nobody has to, or where all that could are locked.
    has_room
        Whether its slots can be there at all.
    """

    one: Reviewed
    broken: tuple[Finding, ...]
    levels: pd.DataFrame
    others: pd.DataFrame
    has_room: bool

    @property
    def can_override(self) -> bool:
        """Whether a reason is enough to have it all the same: no slot would be given twice."""
        return bool(self.broken) and all(found.rule in OVERRIDABLE for found in self.broken)

    @property
    def loses(self) -> bool:
        """Whether some level has fewer slots then."""
        return bool((self.levels["after"] < self.levels["before"]).any()) if len(self.levels) else False

    @property
    def breaks_its_own(self) -> bool:
        """Whether a rule of the pair itself stands against it, whoever gives way."""
        return any(found.rule in PAIR for found in self.broken)


def running_plan(
    district: District, policy: Policy, *, on: date | None = None, encoder: Encoder | None = None
) -> Basis:
    """Return what runs in a district as a plan, without what the world has ended: an agreement ran out, say."""
    start = Start.of(district, policy, Run(on=on or date.today()), (), encoder).prepared
    running = start.problem.pair_incumbent
    return Basis(
        start.scorer,
        start.problem,
        np.zeros(start.problem.num_pairs, np.int64) if running is None else running,
    )


def running_review(district: District, plan: Basis) -> Review:
    """Return what runs as a review to which matches can be added.

    As long as the row of a match says that it runs, its slots are not free, though the world has ended it.
    """
    review = review_of(district, plan)
    return replace(review, matches=tuple(map(_as_it_runs, review.matches)))


def by_hand(review: Review, need_id: str, offer_id: str, slots: int) -> ByHand:
    """Return what it does to what runs to give a need so many slots more of an offer.

    Nobody has to give way where the slots are free. Where they are not, those give way whose needs lose the least, and
    nothing else of what runs is touched.

    Parameters
    ----------
    review
        What `running_review` returns.

    Raises
    ------
    ValueError
        There is no such need or offer, or no slot is asked for.
    """
    ran = {one.pair: one.ran for one in review.matches}.get((need_id, offer_id), 0)
    one = Reviewed(
        need_id=need_id,
        offer_id=offer_id,
        ran=ran,
        slots=ran + slots,
        is_by_hand=True,
        decision=Decision.ACCEPTED,
    )
    near = replace(review, basis=_around(review.basis, one))
    broken = broken_by(review, one)
    none = pd.DataFrame(columns=["need_id", "offer_id", "school", "partner", "before", "after"])
    try:
        found = cost(near, [one])
    except ValueError:
        return ByHand(one, broken, none.iloc[:, :0], none, has_room=False)
    gives_way = any(is_of_others(finding) for finding in broken)
    moves = found.best.moves
    is_other = (moves["need_id"] != need_id) | (moves["offer_id"] != offer_id)
    others = moves.loc[is_other, list(none.columns)] if gives_way else none
    after = found.levels["best" if gives_way else "decided"]
    levels = pd.DataFrame({"level": found.levels["level"], "before": found.levels["planned"], "after": after})
    changed = levels[levels["before"] != levels["after"]].reset_index(drop=True)
    return ByHand(one, broken, changed, others.reset_index(drop=True), has_room=True)


def is_of_others(found: Finding) -> bool:
    """Whether a broken rule is about what others hold, so that it stands no more once they give way."""
    return found.rule in FIRM or found.rule not in PAIR


def all_of(thought: ByHand, review: Review) -> list[Reviewed]:
    """Return the match with all that gives way to it, each as accepted, to be published together."""
    ran = {one.pair: one.ran for one in review.matches}
    pairs = zip(thought.others["need_id"], thought.others["offer_id"], thought.others["after"], strict=True)
    return [
        thought.one,
        *(
            _changed(need_id, offer_id, ran.get((need_id, offer_id), 0), int(slots))
            for need_id, offer_id, slots in pairs
        ),
    ]


def _as_it_runs(one: Reviewed) -> Reviewed:
    return replace(one, decision=Decision.DECLINED, reason="It runs.") if one.is_ending else one


def _changed(need_id: str, offer_id: str, ran: int, slots: int) -> Reviewed:
    return Reviewed(
        need_id=need_id,
        offer_id=offer_id,
        ran=ran,
        slots=slots,
        is_by_hand=slots > 0,
        decision=Decision.ACCEPTED,
    )


def _around(basis: Basis, one: Reviewed) -> Basis:
    """Return the plan in which nothing moves but what may have to give way to a match: nobody gains by it.

    These are the other matches of its need, of its school and of its partner; the needs of the last two may get as
    many slots as they have from someone else.
    """
    problem, scorer = basis.problem, basis.scorer
    need = row_of(scorer, "needs", "need_id", one.need_id)
    offer = row_of(scorer, "offers", "offer_id", one.offer_id)
    filled = np.bincount(problem.pair_need, weights=basis.slots, minlength=problem.num_needs).astype(np.int64)
    is_of_partner = problem.offer_partner[problem.pair_offer] == problem.offer_partner[offer]
    is_near = problem.need_school == problem.need_school[need]
    is_near[problem.pair_need[is_of_partner & (basis.slots > 0)]] = True
    is_near &= filled > 0
    is_near[need] = False
    most = np.where(is_near[problem.pair_need], optimizer.NO_LIMIT, basis.slots)
    if problem.pair_max_slots is not None:
        most = np.minimum(most, np.maximum(problem.pair_max_slots, basis.slots))
    needed = np.where(is_near, filled, problem.need_slots)
    return replace(basis, problem=replace(problem, need_slots=needed, pair_max_slots=most))
