"""Two who write to one district at the same moment do so one after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Connection

from matching.errors import DataError
from matching.tables import district_from_tables
from service.errors import ConflictError
from service.storage import rows
from service.storage.database import Database
from service.storage.districts import load_district
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.districts import add_district

SMALL = make_district([make_need("n0")], [make_offer("o0", partner_id="p0")], schools=[make_school("s0")])


def pair(connection: Connection) -> object:
    cells = {"need_id": "n0", "offer_id": "o0", "slots": 1, "status": "active"}
    return rows.insert(connection, 1, "partnerships", cells)


def need(connection: Connection) -> object:
    cells = make_need("n1", school_id="s0", slots=600_000)
    return rows.insert(connection, 1, "needs", cells)


def other_need(connection: Connection) -> object:
    return rows.insert(connection, 1, "needs", make_need("n2", school_id="s0", slots=600_000))


def no_need(connection: Connection) -> None:
    rows.delete(connection, 1, "needs", rows.get(connection, 1, "needs", "n0"))


def together(database: Database, *actions: Callable[[Connection], object]) -> list[str]:
    """Return how each of some transactions ended that were open at the same moment."""
    at_once = Barrier(len(actions))

    def run(action: Callable[[Connection], object]) -> str:
        at_once.wait()
        try:
            with database.writing() as connection:
                action(connection)
        except (DataError, ConflictError) as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(len(actions)) as threads:
        return sorted(threads.map(run, actions))


@pytest.mark.parametrize(
    ("actions", "refused"),
    [
        ((pair, pair, pair), {"DataError"}),
        ((need, other_need), {"DataError"}),
        ((pair, no_need), {"DataError", "ConflictError"}),
    ],
)
def test_of_what_cannot_be_together_one_is_done(
    database: Database, actions: tuple[Callable[[Connection], object], ...], refused: set[str]
) -> None:
    with database.writing() as connection:
        add_district(connection, SMALL)
    ended = together(database, *actions)
    assert ended.count("done") == 1
    assert set(ended) - {"done"} <= refused
    with database.reading() as connection:
        district_from_tables(load_district(connection, 1).tables)
