"""Why not this pair: what stands in its way, in words a school board can follow, and what would bring it in."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np

import optimizer
from matching.consequences import (
    Consequence,
    basis_of,
    consequence,
    joined,
    level_said,
    named,
    pair_of,
    row_of,
    slots_said,
    with_pair,
)
from matching.fit import MILLION
from matching.pipeline import Basis, Matching
from matching.rule_gaps import RuleGap, rule_gaps

LONGEST_LIST = 6


@dataclass(frozen=True, slots=True, eq=False)
class Objection:
    """Why a need does not get an offer.

    ``smallest`` names the smallest change that would bring it in: ``none`` (it has it), ``rules`` (a pair rule
    excludes it; ``rules`` tells each), ``no_slots``, or as `optimizer.WhyNot`: ``nothing``, ``fit``, ``slots``,
    ``levels``, ``locks``. ``why`` and ``change`` say it in words, and ``consequence`` is what forcing it would do.
    """

    need_id: str
    offer_id: str
    smallest: str
    why: str
    change: str
    rules: tuple[RuleGap, ...] = ()
    consequence: Consequence | None = None

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program to read."""
        plain = {name: getattr(self, name) for name in ("need_id", "offer_id", "smallest", "why", "change")}
        forced = None if self.consequence is None else self.consequence.as_dict()
        return {**plain, "rules": [asdict(gap) for gap in self.rules], "consequence": forced}


def why_not(plan: Matching | Basis, need_id: str, offer_id: str) -> Objection:
    """Return why a need does not get an offer in a plan, and the smallest change that would bring it in.

    Raises
    ------
    ValueError
        There is no such need or offer.
    """
    basis = basis_of(plan)
    pair = pair_of(basis, need_id, offer_id)
    need = row_of(basis.scorer, "needs", "need_id", need_id)
    offer = row_of(basis.scorer, "offers", "offer_id", offer_id)
    if pair is not None and basis.slots[pair]:
        why = f"It does: {slots_said(int(basis.slots[pair]))} of {offer_id} go to {need_id}."
        return Objection(need_id, offer_id, "none", why, "Nothing has to change.")
    gaps = rule_gaps(basis.scorer, need, offer) if pair is None else ()
    if basis.scorer.facts.offers.slots[offer] == 0:
        why = " ".join([*_rules_said(gaps), "The offer has no slots."])
        return Objection(need_id, offer_id, "no_slots", why, "The partner would have to give some.", gaps)
    if pair is None:
        basis, pair = with_pair(basis, need, offer)
    even = basis.scorer.policy.objective.even
    found = optimizer.why_not(basis.problem, basis.slots, pair, even=even)
    forced = None
    if found.forced is not None:
        forced = consequence(basis, found.forced.allocation, found.forced.outcome)
    why, change = _SAID[found.smallest](basis, found, forced)
    why = " ".join([*_full_said(basis, found), why])
    if not gaps:
        return Objection(need_id, offer_id, found.smallest, why, change, gaps, forced)
    better = _better(basis, forced) if found.smallest == "nothing" else ""
    then = f"Then {better[:1].lower()}{better[1:]}" if better else f"Even then: {why} {change}"
    wanted = f"{_capital(joined([gap.wanted for gap in gaps]))}. {then}"
    return Objection(need_id, offer_id, "rules", " ".join(_rules_said(gaps)), wanted, gaps, forced)


def _rules_said(gaps: tuple[RuleGap, ...]) -> list[str]:
    return [f"{_capital(gap.found)} ({gap.rule})." for gap in gaps]


def _nothing(basis: Basis, found: optimizer.WhyNot, forced: Consequence | None) -> tuple[str, str]:
    better = _better(basis, forced)
    if better:
        return "Nothing stands in its way: the plan would be better with it.", better
    return (
        "The plan as it is does as well without it.",
        f"Nothing but your choice: it would cost nothing. {_moved_said(forced)}",
    )


def _better(basis: Basis, forced: Consequence | None) -> str:
    """Return what a match that costs nothing would make better, "" where the plan is as good without it."""
    if forced is None:
        return ""
    if (forced.levels["before"] != forced.levels["after"]).any():
        return forced.sentence
    lines = (
        (-forced.keep, "Fewer slots would be taken from running matches."),
        (
            -forced.even * basis.scorer.policy.objective.even,
            "The gaps would be spread more evenly over the schools.",
        ),
        (forced.fit, f"The fit of all matches together would rise by {_score(forced.fit)}."),
    )
    return next((f"{said} {_moved_said(forced)}" for gain, said in lines if gain > 0), "")


def _moved_said(forced: Consequence | None) -> str:
    return "" if forced is None else forced.sentence.split(". ", 1)[1]


def _fit(basis: Basis, found: optimizer.WhyNot, forced: Consequence | None) -> tuple[str, str]:
    fit = int(basis.problem.pair_fit[found.pair])
    wanted = fit + (found.fit_rise or 0)
    why = f"It could come without a slot lost at any level, but others fit better: its fit is {_score(fit)}."
    if wanted > MILLION:
        return (
            why,
            f"No better fit of its own would be enough; it would lower the fit of others. {_holders(basis, found)}",
        )
    return (
        why,
        f"Its fit would have to be {_score(wanted)}, {_score(wanted - fit)} more. {_holders(basis, found)}",
    )


def _more_slots(basis: Basis, found: optimizer.WhyNot, forced: Consequence | None) -> tuple[str, str]:
    why = f"{_holders(basis, found)} {_cost(forced)}"
    return (
        why,
        f"With {slots_said(found.more_slots or 0)} more of this offer it would come, and no level would lose by it.",
    )


def _levels(basis: Basis, found: optimizer.WhyNot, forced: Consequence | None) -> tuple[str, str]:
    why = f"{_holders(basis, found)} {_cost(forced)}"
    return (
        why,
        "The district would have to accept that; a few slots more of this offer alone would go to others.",
    )


def _locks(basis: Basis, found: optimizer.WhyNot, forced: Consequence | None) -> tuple[str, str]:
    return (
        f"Locked matches leave no room for it. {_holders(basis, found)}",
        "One of these matches would have to be unlocked.",
    )


_SAID: Mapping[str, Callable[[Basis, optimizer.WhyNot, Consequence | None], tuple[str, str]]] = (
    MappingProxyType(
        {"nothing": _nothing, "fit": _fit, "slots": _more_slots, "levels": _levels, "locks": _locks}
    )
)


def _cost(forced: Consequence | None) -> str:
    """Return what forcing it would cost, as the first thing that it would make worse."""
    if forced is None:
        return ""
    if (forced.levels["before"] == forced.levels["after"]).all():
        lost = (
            "take slots from running matches"
            if forced.keep > 0
            else "spread the gaps less evenly over the schools"
        )
        return f"Giving it a match would cost no level a slot, but {lost}."
    return f"With a match for it: {forced.sentence[0].lower()}{forced.sentence[1:]}"


def _holders(basis: Basis, found: optimizer.WhyNot) -> str:
    """Return who has the slots of the offer, the first level first."""
    problem = basis.problem
    held = np.flatnonzero((problem.pair_offer == problem.pair_offer[found.pair]) & (basis.slots > 0))
    offer = int(problem.pair_offer[found.pair])
    names, total = basis.scorer.policy.objective.levels, int(problem.offer_slots[offer])
    held = held[np.argsort(problem.need_level[problem.pair_need[held]], kind="stable")]
    table = named(basis.scorer.district, problem.pair_need[held], problem.pair_offer[held])
    said = [
        f"{slots} for {school} ({need_id}, {level_said(names[level])})"
        for slots, school, need_id, level in zip(
            basis.slots[held].tolist(),
            table["school"],
            table["need_id"],
            problem.need_level[problem.pair_need[held]],
            strict=True,
        )
    ]
    if len(said) > LONGEST_LIST:
        said = [*said[:LONGEST_LIST], f"more for {len(said) - LONGEST_LIST} others"]
    free = total - int(basis.slots[held].sum())
    said += [f"{free} free"] if free else []
    own = level_said(names[problem.need_level[problem.pair_need[found.pair]]])
    return f"The offer has {slots_said(total)}: {joined(said)}. This need is {own}."


def _full_said(basis: Basis, found: optimizer.WhyNot) -> list[str]:
    """Say of each full rule who takes its places."""
    return [_full_rule_said(basis, full) for full in found.full_rules]


def _full_rule_said(basis: Basis, full: optimizer.FullRule) -> str:
    problem = basis.problem
    table = named(basis.scorer.district, problem.pair_need[full.pairs], problem.pair_offer[full.pairs])
    owner, column, places = _PLACES[full.rule]
    names = table[column].drop_duplicates().tolist()
    who = table[owner].iloc[0]
    return f"{who} has its most {places} ({len(names)}): {joined(names)}; one of them would have to leave."


_PLACES = MappingProxyType(
    {
        "need_max_partners": ("need_id", "partner", "partners"),
        "school_max_partners": ("school", "partner", "partners"),
        "partner_max_schools": ("partner", "school", "schools"),
    }
)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _score(millionths: int) -> str:
    return f"{millionths / MILLION:.3f}"
