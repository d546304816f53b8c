"""What is shown on /metrics beside the requests: runs by state, connections to the database, what is kept ready."""

from collections.abc import Callable, Mapping

from sqlalchemy import func, select

from service.operations.metrics import Metrics
from service.storage.database import Database
from service.storage.tables import RUN_STATES, runs


def show_figures(metrics: Metrics, database: Database, kept_ready: Callable[[], Mapping[str, float]]) -> None:
    """Let the figures be read whenever they are asked for.

    Parameters
    ----------
    kept_ready
        Returns how many districts and answers the recommenders keep, and how often those were asked for.
    """

    def runs_by_state() -> dict[str, float]:
        counted = select(runs.c.state, func.count()).group_by(runs.c.state)
        with database.reading() as connection:
            found = {state: float(count) for state, count in connection.execute(counted)}
        return dict.fromkeys(RUN_STATES, 0.0) | found

    metrics.follow(
        "runs", "Runs by their state, of all servers that share the database.", "state", runs_by_state
    )
    metrics.follow(
        "database_connections", "Connections of this server to its database.", "state", database.connections
    )
    metrics.follow("recommendations_ready", "What this server keeps ready to recommend.", "what", kept_ready)
