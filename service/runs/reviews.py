"""Reviews in the database: each match of a plan with what was decided about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, bindparam, func, insert, select, update

from matching.candidates import Scorer
from matching.consequences import row_of
from matching.fit import MILLION
from matching.review import Decision, Review, Reviewed
from matching.standing import Pair
from matching.vocabulary import Rule
from service.errors import ConflictError, NotFoundError
from service.runs.proposals import locked_pairs
from service.runs.records import SNAPSHOT, AnyRow, file_of, run_of
from service.storage.tables import run_matches

BY_HAND: Final = "Added by hand."


def run_with_plans(connection: Connection, district_id: int, run_id: str) -> AnyRow:
    """Return a run of a district whose plans can be reviewed.

    Raises
    ------
    NotFoundError
        The district has no such run.
    ConflictError
        It is not done, or answers a what-if.
    """
    run = run_of(connection, district_id, run_id)
    if run.state != "done" or run.kind == "what-if":
        found = f"a {run.kind} that is {run.state}"
        raise ConflictError(
            f"Run {run_id}: expected a match, a rematch or a curve that is done, this is {found}."
        )
    return run


def plan_of(connection: Connection, district_id: int, run_id: str, plan: int | None) -> int:
    """Return the number of a plan of a run, by default the last, raises as `run_with_plans`."""
    run = run_with_plans(connection, district_id, run_id)
    last = select(func.max(run_matches.c.plan)).where(run_matches.c.run_id == run.id)
    most = connection.scalar(last) or 0
    if plan is not None and plan > most:
        raise NotFoundError(f"Plan {plan}: expected one of 0 to {most}.")
    return most if plan is None else plan


def rows_of_plan(connection: Connection, run_id: str, plan: int) -> Sequence[AnyRow]:
    """Return the matches of a plan, in their order."""
    query = select(run_matches).where(run_matches.c.run_id == run_id, run_matches.c.plan == plan)
    return connection.execute(query.order_by(run_matches.c.number)).all()


def matches_planned(rows: Sequence[AnyRow]) -> pd.DataFrame:
    """Return need_id, offer_id and slots of the matches of a plan as it was made."""
    cells = [(row.need_id, row.offer_id, row.planned) for row in rows if row.planned]
    return pd.DataFrame(cells, columns=["need_id", "offer_id", "slots"]).astype({"slots": "int64"})


def reviewed_with_locks(connection: Connection, run_id: str, plan: int) -> list[Reviewed]:
    """Return what was decided about the matches of a plan, with the locks that were there when it was made."""
    rows = rows_of_plan(connection, run_id, plan)
    if not any(row.decision == Decision.ACCEPTED and not row.locked for row in rows):
        return [reviewed(row) for row in rows]
    locked = locked_when_made(connection, run_id)
    return [replace(reviewed(row), was_locked=(row.need_id, row.offer_id) in locked) for row in rows]


def locked_when_made(connection: Connection, run_id: str) -> set[Pair]:
    """Return the pairs that were locked when a run was made."""
    return locked_pairs(file_of(connection, run_id, SNAPSHOT).body)


def reviewed(row: AnyRow) -> Reviewed:
    """Return what a row says was decided."""
    return Reviewed(
        need_id=row.need_id,
        offer_id=row.offer_id,
        planned=row.planned,
        ran=row.ran,
        slots=row.slots,
        is_by_hand=row.is_by_hand,
        decision=Decision(row.decision),
        is_locked=row.locked,
        reason=row.decision_reason,
        override=row.override_reason,
        overridden=tuple(Rule(rule) for rule in row.overridden),
    )


def keep(
    connection: Connection, plan: tuple[str, int], decided: Mapping[int, Reviewed], actor: str
) -> Sequence[AnyRow]:
    """Keep decisions about matches of a plan of a run, by their numbers, and return their rows in that order."""
    of_plan = (run_matches.c.run_id == plan[0]) & (run_matches.c.plan == plan[1])
    changed = update(run_matches).where(of_plan, run_matches.c.number == bindparam("of"))
    values = [_decided(one, actor) | {"of": number} for number, one in decided.items()]
    names: dict[str, object] = {name: bindparam(name) for name in values[0] if name != "of"}
    connection.execute(changed.values(names | {"version": run_matches.c.version + 1}), values)
    rows = {row.number: row for row in rows_of_plan(connection, *plan)}
    return [rows[number] for number in decided]


def check_is_new(review: Review, one: Reviewed) -> None:
    """Check that a match is not in a review yet.

    Raises
    ------
    ConflictError
        Where its pair is.
    """
    if any(other.pair == one.pair for other in review.matches):
        raise ConflictError(
            f"{one.need_id}={one.offer_id}: expected a new pair, the plan has it; change that match."
        )


def add(connection: Connection, plan: tuple[str, int], scorer: Scorer, one: Reviewed, actor: str) -> AnyRow:
    """Add a match by hand to a plan of a run, and return its row."""
    run_id, number_of_plan = plan
    of_plan = (run_matches.c.run_id == run_id) & (run_matches.c.plan == number_of_plan)
    last = connection.scalar(select(func.max(run_matches.c.number)).where(of_plan)) or 0
    need = row_of(scorer, "needs", "need_id", one.need_id)
    offer = row_of(scorer, "offers", "offer_id", one.offer_id)
    pairs = scorer.score(np.array([need]), np.array([offer]))
    values = {
        "run_id": run_id,
        "plan": number_of_plan,
        "number": last + 1,
        "need_id": one.need_id,
        "offer_id": one.offer_id,
        "school_id": scorer.district.needs["school_id"].iat[need],
        "partner_id": scorer.district.offers["partner_id"].iat[offer],
        "planned": 0,
        "ran": one.ran,
        "fit": float(pairs.fit[0]) / MILLION,
        "similarity": float(pairs.texts.similarity[0]),
        "reason": BY_HAND,
        "is_by_hand": True,
    }
    return connection.execute(
        insert(run_matches).values(values | _decided(one, actor)).returning(run_matches)
    ).one()


def _decided(one: Reviewed, actor: str) -> dict[str, Any]:  # Any: a cell
    return {
        "slots": one.slots,
        "decision": one.decision.value,
        "decision_reason": one.reason,
        "decided_by": "" if one.decision is Decision.PROPOSED else actor,
        "locked": one.is_locked,
        "override_reason": one.override,
        "overridden": [rule.value for rule in one.overridden],
    }
