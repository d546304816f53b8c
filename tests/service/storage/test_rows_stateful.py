"""Whatever is done to single rows, it is allowed exactly where a file with the same rows would be read."""

from collections.abc import Callable, Mapping

import pandas as pd
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Connection

from matching.district import District
from matching.errors import DataError
from matching.schemas import TABLES
from matching.tables import district_from_tables
from service.errors import ConflictError
from service.storage import rows
from service.storage.database import Database
from service.storage.districts import load_district
from service.storage.rows import Row
from tests.service.districts import add_district, assert_same
from tests.service.storage.test_rows import SMALL

Tables = Mapping[str, pd.DataFrame]
Cells = dict[str, object]


def one_of(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from(values)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
SCHOOLS, NEEDS = one_of("s0", "s1", "S1", "s2"), one_of("n0", "n1", "n2")
PARTNERS, OFFERS = one_of("p0", "p1"), one_of("o0", "o1", "o2")
BLANK = st.none()
DEGREES = one_of(None, None, 37.5, 91)
NEW: dict[str, dict[str, st.SearchStrategy[object]]] = {
    "schools": {
        "school_id": SCHOOLS,
        "name": TEXTS,
        "grades": one_of("K-5"),
        "latitude": DEGREES,
        "longitude": DEGREES,
    },
    "needs": {
        "need_id": NEEDS,
        "school_id": SCHOOLS,
        "statement": TEXTS,
        "kind": one_of("mentoring", "Event"),
        "slots": one_of(0, 1, 2, 400_000, 600_000),
        "min_slots": one_of(None, 1, 2),
    },
    "partners": {
        "partner_id": PARTNERS,
        "name": TEXTS,
        "kind": one_of("faith"),
        "not_schools": st.lists(SCHOOLS, max_size=2),
        "latitude": DEGREES,
        "longitude": DEGREES,
    },
    "offers": {
        "offer_id": OFFERS,
        "partner_id": PARTNERS,
        "focus": TEXTS,
        "kinds": one_of(["event"], ["tutoring", "mentoring"]),
        "slots": one_of(0, 1, 2),
        "trained_slots": one_of(None, 1, 2),
    },
    "partnerships": {
        "need_id": NEEDS,
        "offer_id": OFFERS,
        "slots": one_of(1),
        "status": one_of("active", "proposed", "ended", "declined"),
    },
    "evidence": {
        "school_id": SCHOOLS,
        "need_id": BLANK | NEEDS,
        "source": one_of("survey"),
        "measure": TEXTS,
        "value": one_of(0.5, "45%"),
    },
    "evaluations": {
        "partner_id": PARTNERS,
        "school_id": BLANK | SCHOOLS,
        "need_id": BLANK | NEEDS,
        "term": TEXTS,
        "rating": one_of(None, 4.5, 6),
    },
    "comments": {"school_id": SCHOOLS, "respondent": one_of("staff"), "text": TEXTS},
    "convenings": {"convening_id": one_of("c0", "c1"), "date": one_of("2026-09-14"), "kind": one_of("end")},
    "decisions": {
        "need_id": NEEDS,
        "offer_id": OFFERS,
        "decision": one_of("accepted"),
        "reason": BLANK | TEXTS,
    },
}


def as_file(tables: Tables) -> District | None:
    """Return the district of these rows, nothing where a file of them would be refused."""
    try:
        return district_from_tables(tables, name="test")
    except DataError:
        return None


class RowsOfADistrict(RuleBasedStateMachine):
    """Rows are made, changed and removed at random, in a database and in tables."""

    def __init__(self, connection: Connection):
        super().__init__()
        self.connection = connection
        self.district = SMALL

    @initialize()
    def start(self) -> None:
        key = f"test{self.connection.exec_driver_sql('SELECT count(*) FROM districts').scalar()}"
        self.district_id = add_district(self.connection, SMALL, key)

    def expect(self, table: str, frame: pd.DataFrame, is_done: bool) -> None:
        """Hold that what was done to a row is what the table as a file allows."""
        expected = as_file({**self.district.tables, table: frame})
        assert is_done == (expected is not None)
        self.district = expected or self.district
        assert_same(load_district(self.connection, self.district_id), self.district)

    def stored(self, table: str) -> list[Row]:
        return rows.page(self.connection, self.district_id, table, limit=1000).rows

    @rule(data=st.data(), table=st.sampled_from(list(NEW)))
    def make(self, data: st.DataObject, table: str) -> None:
        cells: Cells = data.draw(st.fixed_dictionaries(NEW[table]))
        is_done = self.tried(lambda: rows.insert(self.connection, self.district_id, table, cells))
        self.expect(table, pd.concat([self.as_objects(table), pd.DataFrame([cells], dtype=object)]), is_done)

    @rule(data=st.data(), table=st.sampled_from(list(NEW)))
    def change(self, data: st.DataObject, table: str) -> None:
        row, place = self.some_row(data, table)
        if row is None:
            return
        columns = data.draw(
            st.sets(st.sampled_from([name for name in NEW[table] if name != TABLES[table].key]), min_size=1)
        )
        cells = {name: data.draw(NEW[table][name]) for name in sorted(columns)}
        is_done = self.tried(lambda: rows.change(self.connection, self.district_id, table, row, cells))
        frame = self.as_objects(table)
        for name, cell in cells.items():
            changed = [cell if other == place else kept for other, kept in enumerate(frame[name])]
            frame[name] = pd.Series(changed, dtype=object)
        self.expect(table, frame, is_done)

    @rule(data=st.data(), table=st.sampled_from(list(NEW)))
    def remove(self, data: st.DataObject, table: str) -> None:
        row, place = self.some_row(data, table)
        if row is not None:
            is_done = self.tried(lambda: rows.delete(self.connection, self.district_id, table, row))
            self.expect(table, self.as_objects(table).drop(index=place), is_done)

    def some_row(self, data: st.DataObject, table: str) -> tuple[Row | None, int]:
        found = self.stored(table)
        place = data.draw(st.integers(0, len(found) - 1)) if found else 0
        return (found[place] if found else None), place

    def as_objects(self, table: str) -> pd.DataFrame:
        return self.district.tables[table].astype(object)

    def tried(self, action: Callable[[], object]) -> bool:
        """Whether something was allowed."""
        try:
            action()
        except (DataError, ConflictError):
            return False
        return True


def test_rows_are_held_to_what_files_are_held_to(database: Database) -> None:
    steps = settings(
        max_examples=5, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    with database.writing() as connection:

        class Machine(RowsOfADistrict):
            def __init__(self) -> None:
                super().__init__(connection)

        run_state_machine_as_test(Machine, settings=steps)
