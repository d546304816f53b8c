"""Which plan of a run a page is about: of a curve any of its points, else the only one."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from service.api import results
from service.api.access import Context
from service.api.results import PointRead
from service.pages.frame import address_of
from service.runs import reviews


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan of a run that is done; ``start`` is the address of the run, ``kind`` what the run was to do."""

    run_id: str
    kind: str
    plan: int
    start: str
    points: tuple[PointRead, ...] = ()

    @property
    def point(self) -> PointRead | None:
        """What the plan reaches as a point of a curve, None where it is none."""
        return next((point for point in self.points if point.plan == self.plan), None)

    def at(self, page: str = "", /, **asked: object) -> str:
        """Return the address of a page about this plan; what is blank or None is left out."""
        given = {"plan": self.plan if self.points else None, **asked}
        query = urlencode({name: value for name, value in given.items() if value not in ("", None)})
        return f"{self.start}{page}{'?' if query else ''}{query}"


def planned(given: Context, run_id: str, plan: int | None) -> Planned:
    """Return a plan of a run, by default the last; raises as `service.runs.reviews.plan_of`."""
    run = reviews.run_with_plans(given.connection, given.district_id, run_id)
    number = reviews.plan_of(given.connection, given.district_id, run_id, plan)
    start = f"{address_of(given)}/runs/{quote(run_id, safe='')}"
    points = tuple(results.all_points(given, run_id)) if run.kind == "curve" else ()
    return Planned(run_id, run.kind, number, start, points)
