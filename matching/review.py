"""The review of a plan: what a coordinator decides about its matches, which rules that breaks, and what it costs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd

import optimizer
from matching.audit import Finding, findings_of
from matching.candidates import Scorer
from matching.consequences import Consequence, asked, basis_of, consequence, joined, row_of, with_pair
from matching.district import District
from matching.facts import pair_key, positions
from matching.pipeline import Basis, Matching
from matching.rule_gaps import rule_gaps
from matching.rules import PAIR_RULES
from matching.standing import RUNNING, Pair
from matching.vocabulary import Rule

PAIR = frozenset({*PAIR_RULES, Rule.FIT_FLOOR})
"""The rules of a pair by itself."""
FIRM = frozenset({Rule.CAPACITY, Rule.TRAINED_CAPACITY, Rule.NEED_SLOTS})
"""The rules that no reason overrides: no slot is given twice."""


OVERRIDABLE = frozenset(Rule) - FIRM
MOST_TOLD = 3
"""Broken rules that an error tells in its words; it names all of them beside."""


class Decision(StrEnum):
    """What a coordinator says to a match of a plan."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A match of a plan, a running match that the plan ends, or one added by hand, and what was decided about it.

    Parameters
    ----------
    planned
        Its slots in the plan: 0 where the plan ends it, or where it is added by hand.
    ran
        The slots with which it ran when the plan was made, or last published.
    slots
        Its slots once it is accepted, 0 where that ends it.
    is_locked, was_locked
        Whether later plans have to keep it, and whether it was so when the plan was made.
    reason
        Why it is declined.
    override, overridden
        Why it is accepted though it breaks rules, and which.
    """

    need_id: str
    offer_id: str
    planned: int = 0
    ran: int = 0
    slots: int
    is_by_hand: bool = False
    decision: Decision = Decision.PROPOSED
    is_locked: bool = False
    was_locked: bool = False
    reason: str = ""
    override: str = ""
    overridden: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a match of no slots and a decline without a reason."""
        if self.slots < (0 if self.is_ending else 1):
            raise ValueError(f"{self.need_id}={self.offer_id}: slots must be >= 1, got {self.slots}.")
        if self.decision is Decision.DECLINED and not self.reason.strip():
            raise ValueError(
                f"{self.need_id}={self.offer_id}: expected a reason why it is declined, got none."
            )

    @property
    def pair(self) -> Pair:
        """Its need and its offer."""
        return self.need_id, self.offer_id

    @property
    def is_ending(self) -> bool:
        """Whether the plan ends it; to decline that lets it go on as it is."""
        return self.planned == 0 and not self.is_by_hand

    @property
    def given(self) -> int:
        """Its slots as decided, those of the plan as long as nothing is decided."""
        if self.decision is Decision.PROPOSED:
            return self.planned
        if self.decision is Decision.ACCEPTED:
            return self.slots
        return self.ran if self.is_ending else 0

    def if_given(self, slots: int | None) -> "Reviewed":
        """Return it with so many slots; by default as it is decided, or declined where nothing is."""
        if slots is None and self.decision is not Decision.PROPOSED:
            return self
        if slots == 0 or (slots is None and not self.is_ending):
            gone = Decision.ACCEPTED if self.is_ending else Decision.DECLINED
            return replace(self, decision=gone, slots=0 if self.is_ending else self.slots, reason="What if")
        return replace(self, decision=Decision.ACCEPTED, slots=self.ran if slots is None else slots)


@dataclass(frozen=True, slots=True, eq=False)
class Review:
    """A plan, what it was made of, and what was decided about each of its matches, a pair at most once."""

    basis: Basis
    matches: tuple[Reviewed, ...]

    def having(self, decided: Sequence[Reviewed]) -> "Review":
        """Return the review with matches as they are decided, each in its place or at the end."""
        of_pair = {one.pair: one for one in self.matches} | {one.pair: one for one in decided}
        return replace(self, matches=tuple(of_pair.values()))

    def of_pair(self, pair: Pair) -> Reviewed:
        """Return the match of a pair, which has to be there."""
        return next(one for one in self.matches if one.pair == pair)


class BrokenRules(ValueError):  # noqa: N818 - it is what the decision meets
    """A decision breaks rules; ``findings`` names each with its need, its offer and the figures."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        told = [f"{found.rule}: {found.message}" for found in self.findings[:MOST_TOLD]]
        more = len(self.findings) - len(told)
        super().__init__(" ".join([*told, *([f"And {more} more."] if more else [])]))


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What decisions cost a plan.

    ``levels`` has a row a slot level with needs, in slots: level, needed, planned, decided (what is declined simply
    gone, what is added simply there) and best (what the rest of the plan can make of it); ``best`` tells how.
    """

    levels: pd.DataFrame
    best: Consequence


def review_of(district: District, plan: Matching | Basis) -> Review:
    """Return the review of a plan of a district in which nothing is decided yet."""
    basis = plan.basis if isinstance(plan, Matching) else plan
    used = np.flatnonzero(basis.slots)
    needs, offers = basis.scorer.district.needs, basis.scorer.district.offers
    matches = pd.DataFrame(
        {
            "need_id": needs["need_id"].to_numpy()[basis.problem.pair_need[used]],
            "offer_id": offers["offer_id"].to_numpy()[basis.problem.pair_offer[used]],
            "slots": basis.slots[used],
        }
    )
    return Review(basis, proposed(district.partnerships, matches))


def proposed(partnerships: pd.DataFrame, matches: pd.DataFrame) -> tuple[Reviewed, ...]:
    """Return all that a plan proposes: its matches, then the running ones that it ends.

    Parameters
    ----------
    partnerships
        The district's, as the plan saw them.
    matches
        A row a match of the plan: need_id, offer_id and slots.
    """
    rows = partnerships[partnerships["slots"] > 0]
    lasting = rows[~rows["status"].isin(["ended", "declined"])]
    locked = set(_pairs(lasting[lasting["locked"]]))
    running = rows[rows["status"].isin(RUNNING)]
    ran = dict(zip(_pairs(running), running["slots"].tolist(), strict=True))
    planned = dict(zip(_pairs(matches), matches["slots"].tolist(), strict=True))
    pairs = [*planned, *(pair for pair in ran if pair not in planned)]
    return tuple(
        Reviewed(
            need_id=pair[0],
            offer_id=pair[1],
            planned=planned.get(pair, 0),
            ran=ran.get(pair, 0),
            slots=planned.get(pair, 0),
            is_locked=pair in locked and pair in planned,
            was_locked=pair in locked,
        )
        for pair in pairs
    )


def decide(review: Review, *decided: Reviewed) -> Review:
    """Return the review with decisions, all of them or none, or with a match added by hand.

    With a reason in ``override``, a decision may break the rules that are not `FIRM`; they are noted in ``overridden``.
    To take a match away is refused for a lock alone: what else it breaks is told when the review is published.

    Raises
    ------
    BrokenRules
        They break rules that nothing was broken by before, without a reason or beyond any.
    """
    broken = broken_by(review, *decided)
    has_reasons = all(one.override.strip() for one in decided)
    if broken and not (has_reasons and all(found.rule in OVERRIDABLE for found in broken)):
        raise BrokenRules(broken)
    return review.having(_with_overridden(review, decided))


def is_plain(matches: Iterable[Reviewed], decided: Sequence[Reviewed]) -> bool:
    """Whether decisions leave all slots as they are and override nothing, so that no rule has to be asked."""
    given = {one.pair: one.given for one in matches}
    return all(given.get(one.pair) == one.given and not one.override.strip() for one in decided)


def broken_by(review: Review, *decided: Reviewed) -> tuple[Finding, ...]:
    """Return the rules that stand against decisions: those that nothing was broken by before."""
    given = {one.pair: one.given for one in review.matches}
    changed = {one.pair: one for one in decided if given.get(one.pair) != one.given}
    if not changed:
        return ()
    then = _given(review.having(decided))
    scorer = review.basis.scorer
    found = worse(findings_of(then, scorer), findings_of(_given(review), scorer))
    return with_figures(scorer, then, [one for one in found if _counts(one, changed)])


def _counts(found: Finding, changed: Mapping[Pair, Reviewed]) -> bool:
    """Whether a broken rule stands against decisions: what ran may run on, and what goes leaves others short."""
    if found.rule == Rule.PAIR_LOCKED:
        return True
    if found.rule in PAIR:
        one = changed.get((found.need_id, found.offer_id))
        return one is not None and one.given > one.ran
    return any(one.given for one in changed.values())


def _with_overridden(review: Review, decided: Sequence[Reviewed]) -> list[Reviewed]:
    """Return decisions with the rules that those with a reason break."""
    scorer = review.basis.scorer
    has_reasons = any(one.override.strip() for one in decided)
    now = findings_of(_given(review.having(decided)), scorer) if has_reasons else ()
    now = tuple(found for found in now if found.rule in OVERRIDABLE)

    def known(one: Reviewed) -> tuple[Rule, ...]:
        if not one.override.strip():
            return ()
        return tuple(sorted({Rule(found.rule) for found in now if concerns(scorer, found, one)}))

    return [replace(one, overridden=known(one)) for one in decided]


def cost(review: Review, decided: Sequence[Reviewed] | None = None) -> Cost:
    """Return what decisions cost the plan, by default all of the review together.

    Parameters
    ----------
    decided
        The decisions alone that are to be told, in the review or only thought of.

    Raises
    ------
    ValueError
        Locks, or the decisions themselves, leave no room for one of them.
    """
    decided = review.matches if decided is None else decided
    decided = [one for one in decided if one.decision is not Decision.PROPOSED]
    basis = _with_pairs(basis_of(review.basis), decided)
    pairs = _places(basis, decided)
    settled = [
        optimizer.Settle(pair, one.given) for pair, one in zip(pairs, decided, strict=True) if pair >= 0
    ]
    found = asked(basis, settled)
    best = consequence(basis, found.allocation, found.outcome)
    levels = best.levels.rename(columns={"before": "planned", "after": "best"})
    names, need_level = basis.scorer.policy.objective.levels, basis.problem.need_level
    gained = dict.fromkeys(names, 0)
    for change in settled:
        gained[names[need_level[basis.problem.pair_need[change.pair]]]] += change.slots - int(
            basis.slots[change.pair]
        )
    levels.insert(3, "decided", levels["planned"] + levels["level"].map(gained))
    return Cost(levels, best)


def worse(now: Sequence[Finding], earlier: Sequence[Finding]) -> list[Finding]:
    """Return the findings that break a rule, or break it by more, that earlier ones did not."""
    before: dict[tuple[str, str, str, str], int] = {}
    for found in filter(is_broken, earlier):
        before[_key(found)] = max(found.excess, before.get(_key(found), 0))
    return [found for found in now if is_broken(found) and found.excess > before.get(_key(found), -1)]


def is_broken(found: Finding) -> bool:
    """Whether a finding tells of a broken rule: an error, or a similarity below the floor that no lock holds."""
    return found.is_error or (found.rule == Rule.FIT_FLOOR and found.excess > 0)


def concerns(scorer: Scorer, found: Finding, one: Reviewed) -> bool:
    """Whether a finding is about a match, its need, its offer, its school or its partner."""
    if found.owner:
        table, column = (
            ("needs", "school_id") if found.rule == Rule.MAX_PARTNERS else ("offers", "partner_id")
        )
        ids = dict(zip(("needs", "offers"), one.pair, strict=True))
        rows = scorer.district.tables[table]
        return bool(((rows[f"{table[:-1]}_id"] == ids[table]) & (rows[column] == found.owner)).any())
    return found.need_id in ("", one.need_id) and found.offer_id in ("", one.offer_id)


def with_figures(scorer: Scorer, matches: pd.DataFrame, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what is wrong with matches (need_id, offer_id, slots) with all figures that it is about."""
    return tuple(_with_figures(scorer, matches, found) for found in findings)


def _given(review: Review) -> pd.DataFrame:
    """Return need_id, offer_id and slots of a plan as it is decided."""
    given = [(*one.pair, one.given) for one in review.matches if one.given]
    return pd.DataFrame(given, columns=["need_id", "offer_id", "slots"]).astype({"slots": np.int64})


def _with_figures(scorer: Scorer, matches: pd.DataFrame, found: Finding) -> Finding:
    if found.rule in FIRM:
        owner, other = ("need_id", "offer_id") if found.need_id else ("offer_id", "need_id")
        rows = matches[matches[owner] == getattr(found, owner)]
        each = [f"{slots} with {name}" for name, slots in zip(rows[other], rows["slots"], strict=True)]
        return replace(found, message=f"{found.message[:-1]}: {joined(each)}.")
    if found.rule not in PAIR or not is_broken(found):
        return found
    need = row_of(scorer, "needs", "need_id", found.need_id)
    offer = row_of(scorer, "offers", "offer_id", found.offer_id)
    gap = next(gap for gap in rule_gaps(scorer, need, offer) if gap.rule == found.rule)
    return replace(found, message=f"{gap.found[:1].upper()}{gap.found[1:]}; {gap.wanted}.")


def _key(found: Finding) -> tuple[str, str, str, str]:
    return found.rule, found.need_id, found.offer_id, found.owner


def _pairs(rows: pd.DataFrame) -> list[Pair]:
    return list(zip(rows["need_id"], rows["offer_id"], strict=True))


def _with_pairs(basis: Basis, decided: Sequence[Reviewed]) -> Basis:
    """Return the basis with the pairs that are decided to have slots and are no candidates."""
    for one, place in zip(decided, _places(basis, decided), strict=True):
        if place < 0 and one.given:
            need = row_of(basis.scorer, "needs", "need_id", one.need_id)
            basis, _ = with_pair(basis, need, row_of(basis.scorer, "offers", "offer_id", one.offer_id))
    return basis


def _places(basis: Basis, decided: Sequence[Reviewed]) -> list[int]:
    """Return the pair of each decision in the problem, -1 where it is no candidate."""
    problem, district = basis.problem, basis.scorer.district
    need = positions(pd.Series([one.need_id for one in decided], dtype=object), district.needs["need_id"])
    offer = positions(pd.Series([one.offer_id for one in decided], dtype=object), district.offers["offer_id"])
    keys = pair_key(problem.pair_need, problem.pair_offer, problem.num_offers)
    wanted = np.where((need < 0) | (offer < 0), -1, pair_key(need, offer, problem.num_offers))
    places: list[int] = pd.Index(keys).get_indexer(pd.Index(wanted)).tolist()
    return places
