"""What the pages of the landscape share: the ground they show, today's or a plan's, and the runs to choose from."""

from typing import Any, Final

import pandas as pd
from sqlalchemy import func, select
from starlette.responses import Response

from matching.landscape.supply import Ground, ground_of
from service.api.access import Context
from service.errors import NotFoundError
from service.pages.frame import show, standing_of
from service.people.principal import Role
from service.runs.records import PLANS, AnyRow, plans_made, run_of
from service.storage.tables import run_matches, runs

RUNS_TO_CHOOSE: Final = 8
#: The pages of the landscape, and whether a school's leader reads them.
PARTS: Final = (
    ("", "Supply and demand", True),
    ("/schools", "School by school", True),
    ("/connections", "Who works with whom", True),
    ("/recruiting", "Whom to recruit", False),
)


def ground_asked(given: Context, run_id: str) -> Ground:
    """Return the ground of the district as it stands, or with the plan of a run in the place of what runs.

    Raises
    ------
    NotFoundError
        Where the run has no plan, or it is not for whoever asks.
    """
    landscapes = given.request.app.state.landscapes
    today: Ground = landscapes.of(given.connection, given.district_id, standing_of(given))
    if not run_id:
        return today
    run = run_of(given.connection, given.district_id, run_id)
    if run.kind not in PLANS or run.state != "done" or given.role is Role.LEADER:
        raise NotFoundError(f"Run {run_id}: expected one with a plan, found none.")
    return ground_of(today.district, today.policy, today.on, today.areas, _plan_of(given, run), today)


def show_part(
    given: Context, part: str, template: str, run: str, **values: Any
) -> Response:  # Any: what the template shows
    """Return a page of the landscape."""
    return show(
        given,
        template,
        part=part,
        parts=[
            (place, words) for place, words, is_leaders in PARTS if is_leaders or given.role != Role.LEADER
        ],
        run=run,
        plans=[] if given.role is Role.LEADER else runs_to_choose(given),
        is_leader=given.role is Role.LEADER,
        **values,
    )


def runs_to_choose(given: Context) -> list[dict[str, Any]]:  # Any: cells
    """Return the last runs that made a plan, the latest first."""
    query = plans_made(given.district_id).with_only_columns(runs.c.id, runs.c.kind, runs.c.created_at)
    return [dict(row) for row in given.connection.execute(query.limit(RUNS_TO_CHOOSE)).mappings()]


def _plan_of(given: Context, run: AnyRow) -> pd.DataFrame:
    """Return the matches of the last plan of a run that nobody declined."""
    last = select(func.max(run_matches.c.plan)).where(run_matches.c.run_id == run.id).scalar_subquery()
    query = select(run_matches.c.need_id, run_matches.c.offer_id, run_matches.c.planned).where(
        run_matches.c.run_id == run.id, run_matches.c.plan == last, run_matches.c.decision != "declined"
    )
    rows = [tuple(row) for row in given.connection.execute(query)]
    return pd.DataFrame(rows, columns=["need_id", "offer_id", "slots"])
