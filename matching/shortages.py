"""Why each level stays short of need, in a sentence and as data: what a minimum cut and the plan say together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from matching.allocation import LevelResult
from matching.candidates import Scorer
from matching.facts import positions, uses_trained
from matching.values import format_grades, split_list
from matching.vocabulary import KINDS, Cause

Index = NDArray[np.int64]

_NOBODY = {
    Cause.NO_OFFER_OF_KIND: "nobody offers that kind of help",
    Cause.RULES: "every partner with that kind of help is kept away by grades, times, distance, languages or "
    "another rule",
    Cause.FIT_FLOOR: "no partner who may come offers anything on that subject",
}
"""Why no offer can come to a need at all."""


_TOO_MUCH = "no partner who may come is large enough for a need that takes so many slots at once or none"


@dataclass(frozen=True, slots=True)
class WantedOffer:
    """What a new offer must have to help a level: any of the kinds, grades and schools, and what some needs ask too.

    ``slots_by_kind`` and ``slots_by_language`` count open slots; ``slots_at_set_times`` those with times.
    """

    slots_by_kind: dict[str, int]
    is_trained: bool
    grades: str
    school_ids: tuple[str, ...]
    slots_by_language: dict[str, int]
    slots_at_set_times: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A level with open slots, and the minimum cut that says why.

    Parameters
    ----------
    level
        Name of the level.
    sentence
        Why its slots stay open, in plain words.
    advice
        What a new offer must have, in plain words.
    slots_open, slots_out_of_reach
        Slots without a match, and those of them that no plan can fill that keeps the levels before.
    open_needs
        The needs with these slots.
    offers, offer_slots, slots_given
        The offers that could come to them, their slots (for mentoring trained ones), and how many of these go to
        needs of this level or of those before it.
    competing_needs, spent_offers
        The cut: the needs, this level's and earlier ones', that could all use the same offers, and the offers
        whose (trained) slots they hold. A new offer that can come to one of these needs lifts the bound.
    cut_capacity
        What this level and those before it can fill together at most; the cut adds up to it.
    wanted
        What a new offer must have.
    """

    level: str
    sentence: str
    advice: str
    slots_open: int
    slots_out_of_reach: int
    open_needs: tuple[str, ...]
    offers: tuple[str, ...]
    offer_slots: int
    slots_given: int
    competing_needs: tuple[str, ...]
    spent_offers: tuple[str, ...]
    cut_capacity: int
    wanted: WantedOffer


def shortages(
    scorer: Scorer,
    problem: optimizer.Problem,
    slots: Index,
    levels: Sequence[LevelResult],
    unmet: pd.DataFrame,
) -> tuple[Shortage, ...]:
    """Return each level of a plan that is short of need, in order, with the reason.

    Parameters
    ----------
    slots
        Of each pair of the problem, in the plan.
    unmet
        The needs with open slots, as `matching.unmet` tells them.
    """
    cuts = {cut.level: cut for cut in optimizer.minimum_cuts(problem)}
    need = positions(unmet["need_id"], scorer.district.needs["need_id"])
    found = []
    for index, level in enumerate(levels):
        is_open = problem.need_level[need] == index
        if is_open.any():
            cut = cuts.get(index)
            rows = _OpenNeeds(
                need=need[is_open],
                slots=unmet["slots_unmet"].to_numpy()[is_open],
                cause=unmet["cause"].to_numpy(dtype=object)[is_open],
                is_closed=np.isin(need[is_open], cut.closed if cut else need[:0]),
            )
            found.append(_shortage(scorer, problem, slots, (index, level), rows, cut))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _OpenNeeds:
    """The open needs of a level: index, open slots and cause of each, and whether it can have no slot at all."""

    need: Index
    slots: Index
    cause: NDArray[np.object_]
    is_closed: NDArray[np.bool_]

    @property
    def num_slots(self) -> int:
        return int(self.slots.sum())

    @property
    def has_offers(self) -> NDArray[np.bool_]:
        """Whether offers could come to each need, and it is not too much for them."""
        return ~self.is_closed & ~np.isin(self.cause, [cause.value for cause in _NOBODY])

    def nobody(self) -> dict[str, int]:
        """Return the slots that no offer can fill, by the reason."""
        counts = {words: int(self.slots[self.cause == cause.value].sum()) for cause, words in _NOBODY.items()}
        counts[_TOO_MUCH] = self.num_slots - sum(counts.values()) - int(self.slots[self.has_offers].sum())
        return {words: count for words, count in counts.items() if count}


@dataclass(frozen=True, slots=True, eq=False)
class _Supply:
    """The offers that could come to the open needs of a level, their slots, and those given up to this level."""

    offers: Index
    slots: int
    given: int
    is_trained: bool


def _shortage(
    scorer: Scorer,
    problem: optimizer.Problem,
    slots: Index,
    level: tuple[int, LevelResult],
    rows: _OpenNeeds,
    cut: optimizer.Cut | None,
) -> Shortage:
    index, result = level
    supply = _supply(scorer, problem, slots, index, rows)
    need_ids = scorer.district.needs["need_id"].to_numpy()
    offer_ids = scorer.district.offers["offer_id"].to_numpy()
    nobody = np.zeros(0, np.int64)
    spent = np.union1d(cut.offers, cut.trained) if cut else nobody
    wanted = _wanted(scorer, rows)
    return Shortage(
        level=result.name,
        sentence=" ".join(_sentences(scorer, index, result, rows, supply)),
        advice=_advice(wanted),
        slots_open=rows.num_slots,
        slots_out_of_reach=result.needed - result.bound,
        open_needs=tuple(need_ids[rows.need].tolist()),
        offers=tuple(offer_ids[supply.offers].tolist()),
        offer_slots=supply.slots,
        slots_given=supply.given,
        competing_needs=tuple(need_ids[cut.needs if cut else nobody].tolist()),
        spent_offers=tuple(offer_ids[spent].tolist()),
        cut_capacity=cut.most if cut else int(problem.level_needed[: index + 1].sum()),
        wanted=wanted,
    )


def _supply(
    scorer: Scorer, problem: optimizer.Problem, slots: Index, level: int, rows: _OpenNeeds
) -> _Supply:
    offers = np.unique(problem.pair_offer[np.isin(problem.pair_need, rows.need[rows.has_offers])])
    is_trained = uses_trained(scorer.facts.needs)
    so_far = problem.need_level[problem.pair_need] <= level
    left = problem.offer_slots - _by_offer(problem, np.where(so_far, slots, 0))
    capacity = problem.offer_slots
    takes_trained = bool(is_trained[rows.need].all())
    if takes_trained:
        trained = scorer.facts.offers.trained
        mentored = _by_offer(problem, np.where(so_far & is_trained[problem.pair_need], slots, 0))
        left, capacity = np.minimum(left, trained - mentored), trained
    total, unused = int(capacity[offers].sum()), int(left[offers].sum())
    return _Supply(offers, total, total - unused, takes_trained)


def _by_offer(problem: optimizer.Problem, slots: Index) -> Index:
    given: Index = np.bincount(problem.pair_offer, weights=slots, minlength=problem.num_offers).astype(
        np.int64
    )
    return given


def _sentences(
    scorer: Scorer, index: int, result: LevelResult, rows: _OpenNeeds, supply: _Supply
) -> Iterator[str]:
    line, priority = result.name.rsplit("-", 1)
    slots = counted(rows.num_slots, "mentoring slot" if line == "mentoring" else "slot")
    schools = counted(len(np.unique(scorer.facts.needs.school[rows.need])), "school")
    what = f" of priority {priority}" if line == "mentoring" else f" of other help, priority {priority},"
    yield f"{slots}{what} at {schools} {_stay(rows.num_slots)} open."
    nobody = rows.nobody()
    for words, count in nobody.items():
        of_them = "For these" if count == rows.num_slots else f"For {count:,} of them"
        yield f"{of_them} {words}."
    rest = rows.num_slots - sum(nobody.values())
    if rest:
        yield _supply_said(supply, f"the other {rest:,}" if nobody else "these needs", result, index)
    if result.bound > result.filled:
        yield f"A better plan may fill up to {result.bound - result.filled:,} more of them."
    elif rest and result.proven:
        first = "as urgent" if index == 0 else "as urgent or comes first"
        yield f"Moving partners does not help: each slot moved here would be missed at a need that is {first}."


def _supply_said(supply: _Supply, whom: str, result: LevelResult, index: int) -> str:
    first = "as urgent" if index == 0 else "as urgent or come first"
    count = len(supply.offers)
    who = f"The {counted(count, 'offer')} that could come to {whom} {'has' if count == 1 else 'have'}"
    what = counted(supply.slots, "trained slot" if supply.is_trained else "slot")
    left = supply.slots - supply.given
    if not left:
        return f"{who} {what}, all given to needs that are {first}."
    why = "limits on partners, on schools or on the least size of a match keep"
    maybe = "" if result.proven else ", or the search has not freed them"
    return f"{who} {what}: {supply.given:,} are given to needs that are {first}; {why} the other {left:,} away{maybe}."


def _wanted(scorer: Scorer, rows: _OpenNeeds) -> WantedOffer:
    needs, facts = scorer.district.needs.iloc[rows.need], scorer.facts.needs
    kinds = np.bincount(facts.kind[rows.need], weights=rows.slots, minlength=len(KINDS)).astype(np.int64)
    return WantedOffer(
        slots_by_kind={kind: int(count) for kind, count in zip(KINDS, kinds, strict=True) if count},
        is_trained=bool(uses_trained(facts)[rows.need].all()),
        grades=format_grades(int(np.bitwise_or.reduce(facts.grades[rows.need]))),
        school_ids=tuple(sorted(set(needs["school_id"]))),
        slots_by_language=_slots_by_language(needs["languages"].tolist(), rows.slots.tolist()),
        slots_at_set_times=int(rows.slots[(needs["schedule"] != "").to_numpy()].sum()),
    )


def _slots_by_language(cells: Sequence[str], slots: Sequence[int]) -> dict[str, int]:
    """Return the slots that ask for each language, the most first; a need that asks for several counts at each."""
    counts: dict[str, int] = {}
    for cell, count in zip(cells, slots, strict=True):
        for language in split_list(cell):
            counts[language] = counts.get(language, 0) + count
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _advice(wanted: WantedOffer) -> str:
    kinds = listed([f"{kind} ({count:,})" for kind, count in wanted.slots_by_kind.items()], "or")
    what = "mentoring by people trained and cleared for it" if wanted.is_trained else kinds
    asks = [f"{count:,} ask for {language}" for language, count in wanted.slots_by_language.items()]
    if wanted.slots_at_set_times:
        asks.append(f"{wanted.slots_at_set_times:,} are at set times")
    some = f"; of the slots {listed(asks, 'and')}" if asks else ""
    return f"Sought: {what}, for any of grades {wanted.grades.replace('|', ', ')}{some}."


def counted(count: int, word: str) -> str:
    """Return a count with its noun: "1 slot", "1,200 slots"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def listed(words: Sequence[str], last: str) -> str:
    """Return the words as a list to read: "a, b or c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _stay(count: int) -> str:
    return "stays" if count == 1 else "stay"
