"""What a change of the policy would change, told at once: nothing is planned for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

import optimizer
from embeddings import Encoder
from matching.allocation import problem_of
from matching.candidates import Candidates, Scorer, find_candidates, scorer_of
from matching.district import District
from matching.levels import level_of_needs, locks_of
from matching.policy import Policy
from matching.priority import priority_numbers
from matching.standing import as_of_now, running_matches
from matching.vocabulary import MENTORING

Index = NDArray[np.int64]
BEST = 3
"""Offers that are told of a need."""


@dataclass(frozen=True, slots=True)
class LevelOutlook:
    """Slots needed at a slot level, and the most that offers have for it once the levels before it have their most."""

    name: str
    needed: int
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a policy lets a district do, before any plan is made.

    Parameters
    ----------
    levels
        In the policy's order.
    num_mentoring, num_other
        Candidates of mentoring needs, and of all others.
    num_ending
        Running matches that a rematch would end for what the world or the policy says of them.
    """

    scorer: Scorer
    candidates: Candidates
    levels: tuple[LevelOutlook, ...]
    num_mentoring: int
    num_other: int
    num_ending: int

    def served(self) -> set[str]:
        """Return the ids of the needs with a candidate."""
        return set(self.scorer.district.needs["need_id"].to_numpy()[np.unique(self.candidates.need)].tolist())

    def best_offers(self, need_id: str) -> tuple[str, ...]:
        """Return the ids of the offers that fit a need best, none where it is closed or has no candidate."""
        district, pairs = self.scorer.district, self.candidates
        row = np.flatnonzero(district.needs["need_id"].to_numpy() == need_id)
        of_need = np.flatnonzero(np.isin(pairs.need, row))
        best = of_need[np.lexsort((pairs.offer[of_need], -pairs.fit[of_need]))][:BEST]
        return tuple(district.offers["offer_id"].to_numpy()[pairs.offer[best]].tolist())


@dataclass(frozen=True, slots=True)
class Preview:
    """Two policies side by side.

    Parameters
    ----------
    levels
        Each level before and after, in the order of the policy that comes after.
    lost, gained
        Ids of the needs that lose their last candidate, and of those that get their first.
    best
        Needs whose best offers change, with these before and after.
    """

    num_mentoring: tuple[int, int]
    num_other: tuple[int, int]
    num_ending: tuple[int, int]
    levels: tuple[tuple[LevelOutlook, LevelOutlook], ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    best: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


def outlook_of(
    district: District,
    policy: Policy,
    *,
    on: date,
    encoder: Encoder | None = None,
    earlier: Scorer | None = None,
) -> Outlook:
    """Return what a policy lets a district do on a date.

    Parameters
    ----------
    earlier
        The scorer of an outlook of the same or an earlier version of the district: what has stayed, as the texts do
        whatever the policy, is taken from it.
    """
    now = as_of_now(district, policy)
    scorer = scorer_of(now, policy, on, encoder, earlier=earlier)
    scorer.kept.settle()
    candidates = find_candidates(scorer)
    kind, names = scorer.facts.needs.kind, policy.objective.levels
    levels = level_of_needs(kind, priority_numbers(now, policy.priority), names)
    problem = problem_of(scorer, candidates, locks_of(now), levels)
    columns = (names, problem.level_needed.tolist(), optimizer.most_by_level(problem).tolist())
    num_mentoring = int((kind[candidates.need] == MENTORING).sum())
    return Outlook(
        scorer,
        candidates,
        tuple(LevelOutlook(*level) for level in zip(*columns, strict=True)),
        num_mentoring,
        len(candidates.need) - num_mentoring,
        int((running_matches(district, policy, on)["cause"] != "").sum()),
    )


def preview(before: Outlook, after: Outlook, needs: Sequence[str] = ()) -> Preview:
    """Return what differs between two outlooks of one district.

    Parameters
    ----------
    needs
        Ids of those whose best offers are compared.
    """
    was, is_now = before.served(), after.served()
    old = {level.name: level for level in before.levels}
    best = ((need, before.best_offers(need), after.best_offers(need)) for need in needs)
    return Preview(
        (before.num_mentoring, after.num_mentoring),
        (before.num_other, after.num_other),
        (before.num_ending, after.num_ending),
        tuple((old[level.name], level) for level in after.levels),
        tuple(sorted(was - is_now)),
        tuple(sorted(is_now - was)),
        tuple((need, offers, others) for need, offers, others in best if offers != others),
    )
