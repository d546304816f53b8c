"""What if: what a change of a pair, an offer or a partner does to a plan, in the district's words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from embeddings import Encoder
from matching.candidates import Scorer
from matching.district import District
from matching.explain import Explainer
from matching.facts import positions
from matching.pipeline import Basis, Matching, Prepared, Run, prepare
from matching.policy import Policy
from matching.standing import as_of_now

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Force:
    """Let a need have an offer, with at least so many slots; by default with the fewest that make a match."""

    need_id: str
    offer_id: str
    slots: int | None = None


@dataclass(frozen=True, slots=True)
class Forbid:
    """Keep an offer from a need, even where the match is locked."""

    need_id: str
    offer_id: str


@dataclass(frozen=True, slots=True)
class ChangeSlots:
    """Let an offer have so many slots more, or fewer; trained ones too where all of its slots are trained."""

    offer_id: str
    slots: int


@dataclass(frozen=True, slots=True)
class DropPartner:
    """Let a partner withdraw with all of its offers."""

    partner_id: str


Change = Force | Forbid | ChangeSlots | DropPartner


@dataclass(frozen=True, slots=True, eq=False)
class Consequence:
    """What changes do to a plan.

    ``sentence`` says it in one breath. ``levels`` has a row a slot level with needs: level, needed, before, after.
    ``moves`` has a row a match that changes: need_id, school_id, school, offer_id, partner_id, partner, before and
    after (slots), fit and, for what is new, the reason. ``even`` and ``fit`` are changes in millionths; more even is
    worse. ``is_proven`` says whether no better plan is possible after the changes.
    """

    sentence: str
    levels: pd.DataFrame
    moves: pd.DataFrame
    keep: int
    even: int
    fit: int
    is_proven: bool

    def as_dict(self) -> dict[str, object]:
        """Return all of it for a program to read."""
        tables = {name: getattr(self, name).to_dict("records") for name in ("levels", "moves")}
        numbers = {name: getattr(self, name) for name in ("keep", "even", "fit", "is_proven")}
        return {"sentence": self.sentence, **tables, **numbers}


def what_if(plan: Matching | Basis, changes: Sequence[Change]) -> Consequence:
    """Return what changes would do to a plan, everything else kept as far as it can be.

    Raises
    ------
    ValueError
        An id is unknown, a rule excludes a forced pair, or there is no room for it.
    """
    basis = basis_of(plan)
    found = asked(basis, [_by_index(basis, change) for change in changes])
    return consequence(basis, found.allocation, found.outcome)


def basis_of(plan: Matching | Basis) -> Basis:
    """Return what a plan was made of, in which a candidate is limited by its need and its offer alone."""
    basis = plan.basis if isinstance(plan, Matching) else plan
    problem = basis.problem
    if problem.pair_max_slots is None:
        return basis
    most = np.minimum(problem.need_slots[problem.pair_need], problem.offer_slots[problem.pair_offer])
    free = np.where(problem.pair_max_slots >= most, optimizer.NO_LIMIT, problem.pair_max_slots)
    return replace(basis, problem=replace(problem, pair_max_slots=free))


def standing_plan(
    district: District,
    matches: pd.DataFrame,
    policy: Policy | None = None,
    *,
    on: date | None = None,
    encoder: Encoder | None = None,
) -> Basis:
    """Return the plan of a table of matches, as `matching.read_matches` reads it, without matching anew.

    Raises
    ------
    ValueError
        A match is of an unknown need or offer, or breaks a rule on that date.
    """
    policy = policy or Policy()
    return taken_up(
        prepare(as_of_now(district, policy), policy, Run(on=on or date.today()), encoder, None), matches
    )


def taken_up(prepared: Prepared, matches: pd.DataFrame) -> Basis:
    """Return the plan of a table of matches of a problem, raises as `standing_plan`."""
    problem, facts = prepared.problem, prepared.scorer.facts
    needs, offers = prepared.scorer.district.needs["need_id"], prepared.scorer.district.offers["offer_id"]
    need, offer = positions(matches["need_id"], needs), positions(matches["offer_id"], offers)
    for column, rows in (("need_id", need), ("offer_id", offer)):
        if (rows < 0).any():
            unknown = matches[column].to_numpy()[np.argmax(rows < 0)]
            raise ValueError(f"Matches: expected {column} of this district, found {unknown}.")
    keys = problem.pair_need * facts.num_offers + problem.pair_offer
    wanted = need * facts.num_offers + offer
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    slots = np.zeros(problem.num_pairs, np.int64)
    is_pair = np.isin(wanted, keys)
    np.add.at(slots, place[is_pair], matches["slots"].to_numpy(np.int64)[is_pair])
    basis = Basis(prepared.scorer, problem, slots)
    try:
        if not is_pair.all():
            raise ValueError("a rule excludes a pair")
        optimizer.what_if(problem, slots, [], even=False)
    except ValueError as error:
        raise ValueError(
            "Matches: they break rules of this district on this date; `partnermatch audit` names them all."
        ) from error
    return basis


def asked(basis: Basis, changes: Sequence[optimizer.Change]) -> optimizer.WhatIf:
    """Return the optimizer's answer; what it refuses is said with the district's ids."""
    try:
        return optimizer.what_if(basis.problem, basis.slots, changes, even=basis.scorer.policy.objective.even)
    except ValueError as error:
        raise ValueError(_with_ids(basis.scorer.district, str(error))) from error


def _with_ids(district: District, said: str) -> str:
    needs, offers = district.needs["need_id"], district.offers["offer_id"]
    said = re.sub(
        r"Pair \d+ \(need (\d+), offer (\d+)\)",
        lambda found: f"{needs.iloc[int(found[1])]}={offers.iloc[int(found[2])]}",
        said,
    )
    return re.sub(r"^Offer (\d+):", lambda found: f"Offer {offers.iloc[int(found[1])]}:", said)


def consequence(
    basis: Basis, allocation: optimizer.Allocation | None, outcome: optimizer.Outcome
) -> Consequence:
    """Return an outcome in the district's words; without its allocation nothing is proven."""
    names = basis.scorer.policy.objective.levels
    need_level = basis.problem.need_level
    filled = np.bincount(need_level[basis.problem.pair_need], weights=basis.slots, minlength=len(names))
    before = filled.astype(np.int64)
    levels = pd.DataFrame(
        {
            "level": names,
            "needed": basis.problem.level_needed,
            "before": before,
            "after": before + np.array(outcome.levels),
        }
    )
    moves = moves_table(basis, outcome)
    return Consequence(
        sentence=outcome_said(names, outcome, moves),
        levels=levels[levels["needed"] > 0].reset_index(drop=True),
        moves=moves,
        keep=outcome.keep,
        even=outcome.even,
        fit=outcome.fit,
        is_proven=allocation is not None and all(level.proven for level in allocation.levels),
    )


def moves_table(basis: Basis, outcome: optimizer.Outcome) -> pd.DataFrame:
    """Return the matches that change: what ends first, then what shrinks, grows and begins."""
    problem, pair = basis.problem, outcome.moves.pair
    pairs = basis.scorer.score(problem.pair_need[pair], problem.pair_offer[pair])
    district = basis.scorer.district
    table = named(district, pairs.need, pairs.offer).assign(
        before=outcome.moves.before, after=outcome.moves.after, fit=(pairs.fit / 1e6).round(4)
    )
    reasons = [reason.sentences for reason in Explainer(basis.scorer).reasons(pairs)]
    table["reason"] = np.where(table["before"] == 0, np.array(reasons, dtype=object), "")
    order = np.lexsort((table["offer_id"], table["need_id"], table["after"] > table["before"]))
    return table.iloc[order].reset_index(drop=True)


def outcome_said(names: Sequence[str], outcome: optimizer.Outcome, moves: pd.DataFrame) -> str:
    """Return what an outcome means in one breath: slots lost and won, and how many matches change."""
    gains = list(zip(names, outcome.levels, strict=True))
    lost = [f"{slots_said(-gain)} of {level_said(name)}" for name, gain in gains if gain < 0]
    won = [f"{slots_said(gain)} of {level_said(name)}" for name, gain in gains if gain > 0]
    said = [f"the plan would lose {joined(lost)}"] if lost else []
    said += [f"{'' if lost else 'the plan would '}gain {joined(won)}"] if won else []
    if not said:
        said = ["as many slots would be filled at every level as now"]
    start = " and ".join(said)
    return f"{start[0].upper()}{start[1:]}. {_moves_said(moves)}"


def slots_said(count: int) -> str:
    """Return a number of slots in words."""
    return f"{count:,} slot{'s' if count != 1 else ''}"


def level_said(name: str) -> str:
    """Return a slot level in words."""
    line, priority = name.rsplit("-", 1)
    return f"{'mentoring' if line == 'mentoring' else 'other help'} at priority {priority}"


def joined(words: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _moves_said(moves: pd.DataFrame) -> str:
    if moves.empty:
        return "No match would change."
    counts = {
        "ending": int((moves["after"] == 0).sum()),
        "beginning": int((moves["before"] == 0).sum()),
        "with more or fewer slots": int(((moves["before"] > 0) & (moves["after"] > 0)).sum()),
    }
    said = [f"{count} {words}" for words, count in counts.items() if count]
    matches = "match" if len(moves) == 1 else "matches"
    return f"{len(moves)} {matches} would change: {joined(said)}."


def named(district: District, need: Index, offer: Index) -> pd.DataFrame:
    """Return need_id, school_id, school, offer_id, partner_id and partner of pairs."""
    needs = district.needs.iloc[need].reset_index(drop=True)
    offers = district.offers.iloc[offer].reset_index(drop=True)
    schools = district.schools.set_index("school_id")["name"]
    partners = district.partners.set_index("partner_id")["name"]
    return pd.DataFrame(
        {
            "need_id": needs["need_id"],
            "school_id": needs["school_id"],
            "school": needs["school_id"].map(schools),
            "offer_id": offers["offer_id"],
            "partner_id": offers["partner_id"],
            "partner": offers["partner_id"].map(partners),
        }
    )


def row_of(scorer: Scorer, table: str, id_column: str, wanted: str) -> int:
    """Return the row of an id in a table of the district.

    Raises
    ------
    ValueError
        There is no such id.
    """
    ids = scorer.district.tables[table][id_column]
    row = int(positions(pd.Series([wanted]), ids)[0])
    if row < 0:
        raise ValueError(
            f"{table[:-1].capitalize()} {wanted}: expected the id of one of this district, found none."
        )
    return row


def pair_of(basis: Basis, need_id: str, offer_id: str) -> int | None:
    """Return the pair of a need and an offer in the problem, None where it is no candidate."""
    need = row_of(basis.scorer, "needs", "need_id", need_id)
    offer = row_of(basis.scorer, "offers", "offer_id", offer_id)
    found = np.flatnonzero((basis.problem.pair_need == need) & (basis.problem.pair_offer == offer))
    return int(found[0]) if len(found) else None


def with_pair(basis: Basis, need: int, offer: int) -> tuple[Basis, int]:
    """Return the plan with one more candidate that has no slots yet, and its place.

    Someone of its offer counts as trained where the need takes trained slots: the rule `clearance` asks for that.
    """
    problem = basis.problem
    trained = problem.offer_trained_slots
    if trained is not None and problem.need_uses_trained is not None and problem.need_uses_trained[need]:
        is_offer = np.arange(problem.num_offers) == offer
        problem = replace(problem, offer_trained_slots=np.maximum(trained, is_offer))
    size = problem.num_offers
    place = int(np.searchsorted(problem.pair_need * size + problem.pair_offer, need * size + offer))
    fit = int(basis.scorer.score(np.array([need]), np.array([offer])).fit[0])
    values = {"pair_need": need, "pair_offer": offer, "pair_fit": fit, "pair_max_slots": optimizer.NO_LIMIT}
    longer = {
        field.name: np.insert(getattr(problem, field.name), place, values.get(field.name, 0))
        for field in fields(problem)
        if field.name.startswith("pair_") and getattr(problem, field.name) is not None
    }
    return replace(basis, problem=replace(problem, **longer), slots=np.insert(basis.slots, place, 0)), place


def _by_index(basis: Basis, change: Change) -> optimizer.Change:
    scorer = basis.scorer
    if isinstance(change, DropPartner):
        return optimizer.DropPartner(row_of(scorer, "partners", "partner_id", change.partner_id))
    if isinstance(change, ChangeSlots):
        return _slots_by_index(basis, change)
    pair = pair_of(basis, change.need_id, change.offer_id)
    if pair is None:
        raise ValueError(
            f"{change.need_id}={change.offer_id}: a rule excludes this pair; "
            "`partnermatch why-not` says which and what would have to change."
        )
    if isinstance(change, Forbid):
        return optimizer.Forbid(pair)
    return optimizer.Force(pair, change.slots)


def _slots_by_index(basis: Basis, change: ChangeSlots) -> optimizer.ChangeSlots:
    facts, offer = basis.scorer.facts, row_of(basis.scorer, "offers", "offer_id", change.offer_id)
    slots, trained = int(facts.offers.slots[offer]), int(facts.offers.trained[offer])
    if slots + change.slots < 0:
        raise ValueError(f"Offer {change.offer_id}: has {slots} slots, cannot lose {-change.slots}.")
    if slots == 0:
        raise ValueError(
            f"Offer {change.offer_id}: has no slots, so it stands in no plan; write its slots into the offers first."
        )
    if trained == slots:
        return optimizer.ChangeSlots(offer, change.slots, change.slots)
    return optimizer.ChangeSlots(offer, change.slots, min(0, slots + change.slots - trained))
