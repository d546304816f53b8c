"""The publication of a reviewed plan: from what was decided to partnerships, checked as the district is now, and back.

What nobody decided about stays as it runs, so no partnership ends unseen. That holds for a plan made afresh as for one
of mid-year: the running matches that a plan ends are among its proposals, and end once they are accepted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import pandas as pd

from embeddings import Encoder
from matching.audit import Finding, findings_of
from matching.candidates import Scorer, scorer_of
from matching.district import District, blank_rows
from matching.facts import contains, facts_of, pair_key, positions
from matching.policy import Policy
from matching.review import FIRM, Decision, Reviewed, concerns, with_figures, worse
from matching.standing import RUNNING, Pair, without_returns

CHANGED = "changed"
"""The name under which a partnership is refused that has changed since the plan was made."""


class Done(StrEnum):
    """What a publication does to a partnership."""

    MADE = "made"
    CHANGED = "changed"
    ENDED = "ended"
    DECLINED = "declined"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a row of the partnerships says of its pair."""

    slots: int
    status: str
    since: date | None
    locked: bool


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row of the partnerships before and after; ``before`` is None where it is new, ``after`` where it goes.

    ``row`` is its place in the table before, counted from 0, None where it is new.
    """

    need_id: str
    offer_id: str
    done: Done
    row: int | None
    before: Standing | None
    after: Standing | None


@dataclass(frozen=True, slots=True, eq=False)
class Publication:
    """What publishing a review does to a district, or why it cannot.

    Parameters
    ----------
    refusals
        What stands against it, each with its rule, need, offer and figures; none where it can be made.
    partnerships
        The table once it is made.
    changes
        The rows that it makes, changes and ends.
    decisions
        The rows that it adds to the table of that name.
    already_broken
        The rules that the district broke before: to undo brings them back.
    """

    refusals: tuple[Finding, ...]
    partnerships: pd.DataFrame
    changes: tuple[RowChange, ...]
    decisions: pd.DataFrame
    already_broken: tuple[Finding, ...]


def scorer_now(
    district: District,
    policy: Policy,
    on: date,
    encoder: Encoder | None = None,
    earlier: Scorer | None = None,
) -> Scorer:
    """Return what judges the partnerships of a district as it is, closed needs included; ``earlier`` saves work."""
    policy = replace(policy, learning=replace(policy.learning, use=False))
    return scorer_of(without_returns(district, policy), policy, on, encoder, earlier=earlier)


def publish(
    district: District,
    scorer: Scorer,
    matches: Sequence[Reviewed],
    on: date,
    *,
    accept_rest: bool = False,
) -> Publication:
    """Return what a review makes of the partnerships of a district as it is now.

    Accepted matches are active from then on, declined ones excluded for the school year. It is refused where slots
    would be given twice, where a rule would be broken that was not broken before and that no reason overrides, and
    where a partnership that it would write has changed since the plan was made.

    Parameters
    ----------
    scorer
        What `scorer_now` returns of the district on the date ``on``.
    accept_rest
        Whether what the plan proposes and nobody decided counts as accepted; else it stays as it runs.
    """
    explicit = {one.pair: one for one in matches if one.decision is not Decision.PROPOSED}
    if accept_rest:
        rest = [one for one in matches if one.pair not in explicit and not one.is_by_hand]
        matches = [*explicit.values(), *(replace(one, decision=Decision.ACCEPTED) for one in rest)]
    else:
        matches = list(explicit.values())
    writing = _Writing(district, scorer)
    for one in matches:
        writing.write(one, on)
    table = writing.table()
    before, after = _judged(scorer, district.partnerships), _judged(scorer, table)
    firm = [found for found in after if found.rule in FIRM]
    broken = [
        found
        for found in worse(after, before)
        if found.rule not in FIRM and not _is_excused(scorer, found, matches)
    ]
    return Publication(
        refusals=(*writing.conflicts, *with_figures(scorer, _running(table), [*firm, *broken])),
        partnerships=table,
        changes=tuple(writing.changes),
        decisions=_decisions(district, explicit, writing.changes, on),
        already_broken=before,
    )


def undo(
    district: District,
    scorer: Scorer,
    on: date,
    changes: Sequence[RowChange],
    already_broken: Sequence[Finding],
) -> Publication:
    """Return what takes a publication back: every row as it was before.

    It is refused where one of these rows has changed since, and where a slot was given to others meanwhile.

    Parameters
    ----------
    changes, already_broken
        Those of the publication.
    """
    writing = _Writing(district, scorer)
    for change in reversed(changes):
        writing.restore(change)
    table = writing.table()
    restored = without_returns(replace(district, partnerships=table), scorer.policy)
    facts = facts_of(restored, scorer.policy.rules, on)
    restoring = replace(scorer, district=restored, facts=facts)
    then = _judged(restoring, restored.partnerships)
    now = _judged(scorer, district.partnerships)
    known = [*already_broken, *(found for found in now if found.rule not in FIRM)]
    return Publication(
        refusals=(
            *writing.conflicts,
            *with_figures(restoring, _running(restored.partnerships), worse(then, known)),
        ),
        partnerships=table,
        changes=tuple(writing.changes),
        decisions=district.decisions.iloc[:0],
        already_broken=now,
    )


class _Writing:
    """The partnerships of a district while they are written, with what was changed and what could not be."""

    def __init__(self, district: District, scorer: Scorer) -> None:
        self._table = district.partnerships.reset_index(drop=True)
        self._scorer = scorer
        self._rows = _standings(self._table)
        self._of_pair: dict[Pair, list[int]] = {}
        for row, pair in enumerate(zip(self._table["need_id"], self._table["offer_id"], strict=True)):
            self._of_pair.setdefault(pair, []).append(row)
        self._new: list[tuple[Pair, Standing]] = []
        self.changes: list[RowChange] = []
        self.conflicts: list[Finding] = []

    def write(self, one: Reviewed, on: date) -> None:
        """Write what was decided about a match."""
        if one.decision is Decision.DECLINED and one.is_ending:
            return
        row = self._row(one.pair, RUNNING)
        now = None if row is None else self._rows[row]
        runs = now.slots if now else 0
        if runs not in (one.ran, one.given):
            self._refuse(one.pair, f"It ran with {one.ran} slots when the plan was made, with {runs} now.")
        elif one.given:
            self._begin(one, row, on)
        elif one.decision is Decision.DECLINED:
            self._decline(one, row, on)
        elif row is not None and now is not None:
            self._set(one.pair, Done.ENDED, row, replace(now, status="ended"))

    def restore(self, change: RowChange) -> None:
        """Take a change back."""
        pair = change.need_id, change.offer_id
        places = [row for row in self._of_pair.get(pair, []) if self._rows[row] == change.after]
        if not places:
            self._refuse(pair, "Its row has changed since it was published.")
            return
        row = change.row if change.row in places else places[-1]
        self._set(pair, Done.UNDONE, row, change.before)

    def table(self) -> pd.DataFrame:
        """Return the table as it is written."""
        table = _with_standings(self._table, self._rows)
        added = _with_standings(blank_rows("partnerships", len(self._new)), [to for _, to in self._new])
        added["need_id"] = [need for (need, _), _ in self._new]
        added["offer_id"] = [offer for (_, offer), _ in self._new]
        gone = [row for row, standing in enumerate(self._rows) if standing is None]
        table = table.drop(index=gone)
        if self._new:
            table = pd.concat([table, added.reindex(columns=table.columns, fill_value="")])
        return table.reset_index(drop=True).astype(self._table.dtypes)

    def _begin(self, one: Reviewed, row: int | None, on: date) -> None:
        done = Done.CHANGED if row is not None and one.ran else Done.MADE
        row = self._row(one.pair, ("proposed",)) if row is None else row
        now = None if row is None else self._rows[row]
        is_running = now is not None and now.status in RUNNING
        since = now.since if now and is_running else on
        # A lock that came after the plan was made is not the review's to take away.
        locked = one.is_locked or (now is not None and now.locked and not one.was_locked)
        self._set(one.pair, done, row, Standing(one.given, "active", since, locked))

    def _decline(self, one: Reviewed, row: int | None, on: date) -> None:
        row = self._row(one.pair, ("proposed",)) if row is None else row
        if row is None:
            if self._can_be_declined(one.pair):
                self._set(
                    one.pair, Done.DECLINED, None, Standing(one.planned or one.slots, "declined", on, False)
                )
            return
        slots = self._rows[row]
        self._set(one.pair, Done.DECLINED, row, Standing(slots.slots if slots else 0, "declined", on, False))

    def _can_be_declined(self, pair: Pair) -> bool:
        """Whether need and offer are there and the pair is not declined this school year already."""
        facts, district = self._scorer.facts, self._scorer.district
        need = positions(pd.Series([pair[0]]), district.needs["need_id"])
        offer = positions(pd.Series([pair[1]]), district.offers["offer_id"])
        if need[0] < 0 or offer[0] < 0:
            return False
        return not contains(facts.declined, pair_key(need, offer, facts.num_offers))[0]

    def _row(self, pair: Pair, statuses: Sequence[str]) -> int | None:
        """Return the row of a pair with one of the statuses; there is one at most."""
        for row in self._of_pair.get(pair, []):
            standing = self._rows[row]
            if standing is not None and standing.status in statuses:
                return row
        return None

    def _set(self, pair: Pair, done: Done, row: int | None, to: Standing | None) -> None:
        before = None if row is None else self._rows[row]
        if before == to:
            return
        if row is not None:
            self._rows[row] = to
        elif to is not None:
            self._new.append((pair, to))
        self.changes.append(RowChange(*pair, done, row, before, to))

    def _refuse(self, pair: Pair, message: str) -> None:
        self.conflicts.append(Finding(CHANGED, True, message, *pair))


def _standings(table: pd.DataFrame) -> list[Standing | None]:
    since = [None if pd.isna(day) else day.date() for day in table["since"]]
    columns = (table["slots"].tolist(), table["status"].tolist(), since, table["locked"].tolist())
    return [Standing(*cells) for cells in zip(*columns, strict=True)]


def _with_standings(table: pd.DataFrame, standings: Sequence[Standing | None]) -> pd.DataFrame:
    """Return the table with what its rows say now; a row that goes keeps its cells."""
    kept = [now or old for now, old in zip(standings, _standings(table), strict=True)]
    cells = {name: [getattr(row, name) for row in kept] for name in ("slots", "status", "since", "locked")}
    since = pd.to_datetime(pd.Series(cells.pop("since"), dtype=object)).astype(table["since"].dtype)
    return table.assign(**cells, since=since)


def _judged(scorer: Scorer, partnerships: pd.DataFrame) -> tuple[Finding, ...]:
    """Return what is wrong with the running partnerships of a table."""
    return findings_of(_running(partnerships), scorer)


def _running(partnerships: pd.DataFrame) -> pd.DataFrame:
    runs = partnerships["status"].isin(RUNNING) & (partnerships["slots"] > 0)
    return partnerships.loc[runs, ["need_id", "offer_id", "slots"]].reset_index(drop=True)


def _is_excused(scorer: Scorer, found: Finding, matches: Iterable[Reviewed]) -> bool:
    """Whether a match was accepted with a reason despite the rule of a finding that is about it."""
    return any(found.rule in one.overridden and concerns(scorer, found, one) for one in matches)


def _decisions(
    district: District, explicit: Mapping[Pair, Reviewed], changes: Iterable[RowChange], on: date
) -> pd.DataFrame:
    """Return what the fit can learn from: the matches that someone chose to begin, and those declined."""
    words = {Done.MADE: "accepted", Done.DECLINED: "declined"}
    said = [
        (*pair, words[change.done], explicit[pair].reason or explicit[pair].override)
        for change in changes
        if change.done in words and (pair := (change.need_id, change.offer_id)) in explicit
    ]
    rows = pd.DataFrame(said, columns=["need_id", "offer_id", "decision", "reason"]).assign(
        date=pd.Timestamp(on)
    )
    return rows.astype(district.decisions.dtypes[list(rows.columns)])
