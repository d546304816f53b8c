"""What the form of a row shows and sends back: unchanged it changes nothing, whatever stands in the row."""

import pytest
from starlette.datastructures import FormData
from starlette.testclient import TestClient

from matching import read_district
from matching.schemas import DECISIONS_MADE, STATUSES, TABLES
from service.pages.places.next_steps import CONVENINGS
from service.pages.reader import Reader, catalog_of
from service.pages.rows.forms import cells_of, sent_texts, texts_of
from service.pages.rows.words import ASKED, LABELS, OWN_LABELS, RELATIONS, THINGS, TOLD, hint_of
from service.people.principal import Role
from service.storage import rows
from service.storage.rows import Row
from tests.districts import make_district, make_partner, make_school
from tests.service.installation import Installation
from tests.service.pages.form import form_with

PAGE = {"Accept": "text/html"}


@pytest.fixture
def demo(installation: Installation) -> int:
    return installation.add_district("of_demo", read_district("fixtures/demo"))


def all_rows(installation: Installation, district_id: int, table: str) -> list[Row]:
    with installation.database.reading() as connection:
        return rows.page(connection, district_id, table, limit=10_000).rows


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", sorted(set(TABLES) - {"decisions"}))
def test_texts_of_every_row_are_read_back_as_its_cells(
    installation: Installation, demo: int, table: str
) -> None:
    known, found = TABLES[table], all_rows(installation, demo, table)
    with installation.database.writing() as connection:
        for row in found:
            texts = texts_of(known, row)
            shown = FormData([(name, line) for name, text in texts.items() for line in _sent(text)])
            cells = cells_of(known, sent_texts(known.columns, shown))
            left = rows.change(connection, demo, table, row, cells)
            assert left.cells == row.cells
    assert len(found) == len(read_district("fixtures/demo").tables[table]) > 0


def _sent(text: str) -> list[str]:
    """Return what a browser sends for a text; for a box that is not ticked nothing."""
    return [] if text == "no" else [text.replace("\n", "\r\n")]


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"decisions"}))
def test_form_sent_back_as_it_was_shown_changes_nothing(
    installation: Installation, demo: int, table: str
) -> None:
    client: TestClient = installation.client(Role.COORDINATOR, demo)
    for row in all_rows(installation, demo, table)[::40]:
        address = f"/districts/of_demo/change/{table}/{row.cells.get(TABLES[table].key, row.number)}"
        form = form_with(client.get(address, headers=PAGE).text, "version")
        answer = client.post(address, data=form.sent(), headers=PAGE, follow_redirects=False)
        assert answer.status_code == 303
        assert "done" not in answer.headers["location"]
        told = {name: values for name, values in form.sent().items() if name.startswith("was:")}
        answer = client.post(
            address, data={k: v for k, v in form.sent().items() if k not in told}, headers=PAGE
        )
        assert "Changed." not in answer.text
    assert {row.version for row in all_rows(installation, demo, table)} == {1}


def test_lines_breaks_quotes_and_marks_of_a_text_stay(installation: Installation) -> None:
    odd = {"name": "Two\nlines", "description": 'A "b" <c> & d\n\n e', "priorities": "x, y|z"}
    partner = make_partner("p/0 ?", **odd, not_schools="s0|s1", radius_km=1e-7)
    schools = [make_school(f"s{number}", name=f"<b>{number}") for number in range(20)]
    district_id = installation.add_district("odd", make_district(schools=schools, partners=[partner]))
    client, address = (
        installation.client(Role.COORDINATOR, district_id),
        "/districts/odd/change/partners/p%2F0%20%3F",
    )
    form = form_with(client.get(address, headers=PAGE).text, "version")
    answer = client.post(address, data=form.sent(years_committed="2"), headers=PAGE, follow_redirects=False)
    assert answer.status_code == 303
    (row,) = all_rows(installation, district_id, "partners")
    kept = {name: row.cells[name] for name in (*odd, "not_schools", "radius_km", "years_committed")}
    told = odd | {"priorities": ["x, y", "z"], "not_schools": ["s0", "s1"]}
    assert kept == told | {"radius_km": 1e-7, "years_committed": 2}


def test_every_column_has_a_word_and_every_word_is_translated() -> None:
    columns = [(table.name, column) for table in TABLES.values() for column in table.columns]
    assert {column.name for _, column in columns} == set(LABELS)
    assert set(THINGS) == set(TOLD) == set(TABLES)
    words = {*LABELS.values(), *OWN_LABELS.values(), *RELATIONS, *STATUSES, *DECISIONS_MADE}
    words |= {word for thing in THINGS.values() for word in thing}
    words |= {word for _, column in columns for word in (column.meaning, column.blank) if word}
    assert [word for word in words if not (said := catalog_of("es").get(word)) or not said.string] == []


def test_every_word_of_a_next_step_is_translated() -> None:
    words = (*CONVENINGS.values(), *ASKED.values())
    assert [word for word in words if word not in catalog_of("es")] == []


def test_hint_says_what_is_meant_and_what_blank_says() -> None:
    slots, schedule = (TABLES["offers"].columns_by_name[name] for name in ("trained_slots", "schedule"))
    assert hint_of(Reader("en"), slots).endswith("Blank: all slots.")
    assert "Mon 15:00-16:30" in hint_of(Reader("es"), schedule)


def test_example_of_a_term_is_given_once(installation: Installation, demo: int) -> None:
    client = installation.client(Role.COORDINATOR, demo)
    page = client.get("/districts/of_demo/add/evaluations?school_id=0304", headers=PAGE).text
    assert page.lower().count("such as fall 2026") == 1
