"""What one offer more would fill: the plan that stands takes it in and flows anew, all rules kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.locks import fitting_locks
from optimizer.problem import MAX_FIT, MAX_SLOTS, NO_LIMIT, Bools, Ints, Problem, sum_by
from optimizer.repair import firm, firm_low, refill, settle, weigh
from optimizer.rules import choose_pairs, group_rules
from optimizer.usable import refuse, usable_slots
from optimizer.values import levels_filled

_MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class NewOffer:
    """An offer that is not there yet, of a partner without limits who has no other.

    Parameters
    ----------
    slots
        At least 1; all of them trained.
    needs
        The needs it may come to, each once.
    fit
        What a slot is worth at each of them, in millionths.
    """

    slots: int
    needs: Ints
    fit: Ints

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= MAX_SLOTS:
            raise ValueError(f"New offer: slots must be 1 to {MAX_SLOTS}, got {self.slots}.")


def with_offer(problem: Problem, offer: NewOffer) -> Problem:
    """Return the problem with one offer more, the last; its pairs come after all others."""
    count = len(offer.needs)
    index = np.full(count, problem.num_offers)
    most = np.minimum(problem.need_slots[offer.needs], offer.slots)
    added: dict[str, Ints] = {
        "offer_slots": np.array([offer.slots]),
        "offer_partner": np.array([problem.num_partners]),
        "offer_min_slots": np.array([1]),
        "offer_trained_slots": np.array([offer.slots]),
        "pair_need": offer.needs,
        "pair_offer": index,
        "pair_fit": offer.fit,
        "pair_max_slots": most,
        "pair_locked": 0 * index,
        "pair_incumbent": 0 * index,
        "partner_max_schools": np.array([NO_LIMIT]),
    }
    known = {name: getattr(problem, name) for name in added}
    if problem.partner_max_schools is not None:
        # A limit may be there for partners without an offer too: the new one takes the place after them all.
        added["offer_partner"] = np.array([len(problem.partner_max_schools)])
    return replace(problem, **{name: np.append(a, added[name]) for name, a in known.items() if a is not None})


def refilled(problem: Problem, slots: Ints, *, enough: int = NO_LIMIT) -> Ints:
    """Return slots that keep all rules and fill no less, level by level in order, than ``slots``, which keep them.

    Matches that stand stay possible, then come the fittest at short needs, new ones first. Rounds go on until
    none gains, so that what a new offer adds is told from what one more round would add.

    Parameters
    ----------
    slots
        Of the first pairs, as many as there were before; the pairs after them are new.
    enough
        Gained slots after which no further round is tried: what a new offer has is all that it can add.
    """
    before, next_round = int(slots.sum()), _Rounds(problem, len(slots))
    slots = np.append(slots, np.zeros(problem.num_pairs - len(slots), np.int64))
    for _ in range(_MOST_ROUNDS):
        trial = next_round.after(slots)
        if levels_filled(problem, trial).tolist() <= levels_filled(problem, slots).tolist():
            break
        slots = trial
        if slots.sum() - before >= enough:
            break
    return slots


def without_last(problem: Problem, slots: Ints) -> Ints:
    """Return slots of ``problem`` that keep all rules, from those of the same problem with one offer more."""
    rest = slots[: problem.num_pairs]
    return refilled(problem, _Rounds(problem, problem.num_pairs).after(rest))


class _Rounds:
    """What the rounds on one problem share; pairs from ``num_old`` on are new."""

    def __init__(self, problem: Problem, num_old: int) -> None:
        self.problem, self.locks = problem, fitting_locks(problem)
        rules = group_rules(problem, self.locks)
        self.rules = refuse(rules, usable_slots(problem, rules, self.locks))
        self.is_new = np.arange(problem.num_pairs) >= num_old
        # Matches without a least may go altogether; the others keep theirs, so that the flow cannot break them.
        self.may_go = (rules.min_match <= 1) & (rules.min_need <= 1)[problem.pair_need]

    def after(self, slots: Ints) -> Ints:
        """Return the slots after a round: all pairs that the counts leave room for are let in, and settled."""
        problem, rules, locks = self.problem, self.rules, self.locks
        is_firm = firm(problem, rules, slots)
        weight = _weight(problem, slots, is_firm, self.is_new) * (rules.min_match < NO_LIMIT)
        chosen = choose_pairs(rules, weight)
        low = np.where(self.may_go, locks, firm_low(problem, rules, locks, slots, is_firm))
        return settle(
            problem, rules, locks, chosen, refill(problem, chosen, low, np.where(chosen, slots, locks))
        )


def _weight(problem: Problem, slots: Ints, is_firm: Bools, is_new: Bools) -> Ints:
    """Return which pairs are let in first."""
    filled = sum_by(problem.pair_need, slots, problem.num_needs)
    is_short = (filled < problem.need_slots)[problem.pair_need]
    rest = 1 + problem.pair_fit + 2 * MAX_FIT * is_short + 4 * MAX_FIT * (is_new & is_short)
    return np.where(is_firm, weigh(problem, slots) + 2**50, rest)
