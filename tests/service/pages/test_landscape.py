"""The landscape: supply against demand, equity, connections and whom to recruit."""

import hashlib
import io
import json

import openpyxl
import pandas as pd
import pytest
from httpx2 import Response
from sqlalchemy import insert, update

from matching.generate import generate_district
from matching.tables import district_from_tables
from service.overviews import Standing
from service.people.principal import Role
from service.storage.tables import run_files, run_matches
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation
from tests.service.planned import add_plan

HERE = "/districts/calder/landscape"


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district in which three partners read at Alder, and nobody helps with algebra at Birch."""
    reading = "Reading mentors"
    offers = [make_offer(f"o{n}", partner_id=f"p{n}", focus=reading, slots=4) for n in range(3)]
    district = make_district(
        [
            make_need("n0", school_id="s0", statement=reading, slots=5),
            make_need("n1", school_id="s1", statement="Algebra tutors", slots=9, kind="tutoring"),
            make_need("n2", school_id="s1", statement=reading, slots=3),
        ],
        [*offers, make_offer("o3", partner_id="p3", focus="Groceries", slots=6, kinds=["resources"])],
        schools=[
            make_school("s0", name="Alder", title_i="yes", enrollment=100, contact_name="Ada Alder"),
            make_school("s1", name="Birch"),
        ],
        partners=[make_partner("p0", name="Rotary", contact_phone="555 0100")],
        partnerships=[
            {"need_id": "n0", "offer_id": f"o{n}", "slots": 1, "status": "active"} for n in range(3)
        ],
    )
    return installation.add_district("calder", district)


def get(
    installation: Installation, district_id: int, path: str = "", role: Role = Role.BOARD, of: str = ""
) -> Response:
    client = installation.client(role, district_id, of)
    return client.get(f"{HERE}{path}", headers={"Accept": "text/html"}, follow_redirects=False)


def test_what_lacks_and_what_lies_idle_is_told_first(installation: Installation, calder: int) -> None:
    page = get(installation, calder).text
    # 5 + 9 + 3 asked for, 3 filled; 3 * 4 + 6 offered, 3 of them given.
    assert "Schools ask for 17 slots; 3 are filled and 14 are open. Partners have 15 slots free." in page
    lacks, idle = page.index("Where help lacks most"), page.index("Where most lies idle")
    assert lacks < page.index("Math, tutoring") < idle < page.index("Food for families, resources")


def test_numbers_lead_to_the_needs_and_to_the_free_offers(installation: Installation, calder: int) -> None:
    page = get(installation, calder).text
    assert 'href="/districts/calder/needs?area=math&amp;kind=tutoring&amp;status=open"' in page
    assert 'href="/districts/calder/landscape/free?area=food&amp;kind=resources"' in page
    free = get(installation, calder, "/free?area=food&kind=resources").text
    assert "6 slots are free. One offer has them." in free
    assert "Partner p3" in free
    assert "Rotary" not in free


def test_cell_tells_what_is_all_filled_from_what_nobody_asks_for(installation: Installation) -> None:
    ran = [{"need_id": "n0", "offer_id": "o0", "slots": 5, "status": "active"}]
    need, offer = make_need(statement="Algebra", slots=5), make_offer(focus="Algebra", slots=5)
    key = installation.add_district("calder", make_district([need], [offer], partnerships=ran))
    page = get(installation, key).text
    # Math with mentoring, by group and by area; its sum by group; mentoring of the part of town is not shown.
    assert page.count("<td>all filled</td>") == 3
    assert page.count(">nothing</span>") == 8  # Four other kinds, by group and by area.


def test_parts_of_town_are_left_out_where_places_are_unknown(installation: Installation, calder: int) -> None:
    assert "By part of town" not in get(installation, calder).text
    schools = [make_school(f"s{n}", latitude=37.7, longitude=-122 + n / 10) for n in range(10)]
    needs = [make_need(f"n{n}", school_id=f"s{n}") for n in range(10)]
    key = installation.add_district("town", make_district(needs, schools=schools))
    client = installation.client(Role.BOARD, key)
    page = client.get("/districts/town/landscape", headers={"Accept": "text/html"}).text
    assert "Around School s2" in page


def test_one_school_is_told_what_it_lacks_and_who_is_free(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "?school=s1").text
    assert "0% of what it asks for is filled; over the district, 18% are." in page
    assert "No partner works here." in page
    assert "3 offers could come by the rules." in page
    assert "Groceries" not in page
    assert get(installation, calder, "?school=s9").status_code == 404


def test_schools_helped_least_come_first_with_a_dot_each(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/schools").text
    table = page.index("Those helped least come first.")
    assert page.index(">Birch</a>", table) < page.index(">Alder</a>", table)
    # A diamond for Alder, of Title I, a circle for Birch, and one of each in the words below.
    assert (page.count("<path"), page.count("<circle")) == (2, 2)
    assert "60%" in page[table:]


def test_overlap_says_where_else_the_same_lacks(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/connections").text
    assert "Alder: Reading, mentoring" in page
    assert "The same lacks most at Birch:" in page
    assert "school=s1&amp;area=reading&amp;kind=mentoring&amp;status=open" in page


def test_plan_of_a_run_takes_the_place_of_what_runs(installation: Installation, calder: int) -> None:
    run = add_plan(installation.database, ("n2", "o0", 3), district_id=calder)
    page = get(installation, calder, f"?run={run}").text
    assert "Schools ask for 17 slots; 3 are filled and 14 are open." in page
    assert "in the place of what runs" in page
    schools = get(installation, calder, f"/schools?run={run}").text
    table = schools.index("Those helped least come first.")
    assert schools.index(">Alder</a>", table) < schools.index(">Birch</a>", table)
    assert get(installation, calder, f"?run={run}", Role.LEADER, "s0").status_code == 404
    assert get(installation, calder, "?run=none").status_code == 404


def test_declined_match_of_a_plan_fills_nothing(installation: Installation, calder: int) -> None:
    run = add_plan(installation.database, ("n2", "o0", 3), ("n0", "o1", 2), district_id=calder)
    one = update(run_matches).where(run_matches.c.run_id == run, run_matches.c.need_id == "n2")
    with installation.database.writing() as connection:
        connection.execute(one.values(decision="declined"))
    assert "Schools ask for 17 slots; 2 are filled" in get(installation, calder, f"?run={run}").text


def test_leader_sees_figures_of_all_and_rows_of_their_own(installation: Installation, calder: int) -> None:
    def page(path: str) -> Response:
        return get(installation, calder, path, Role.LEADER, "s1")

    assert "Schools ask for 17 slots" in page("").text
    assert "Alder" not in page("").text
    assert "/needs?" not in page("").text
    assert page("?school=s0").status_code == 404
    assert page("?school=s1").status_code == 200
    assert "Alder" not in page("/schools").text + page("/connections").text
    assert page("/recruiting").status_code == 403


@pytest.mark.parametrize("path", ["", "/free", "/schools", "/connections", "?school=s0"])
def test_no_contact_stands_on_the_landscape(installation: Installation, calder: int, path: str) -> None:
    page = get(installation, calder, path, Role.COORDINATOR)
    assert page.status_code == 200
    assert "555 0100" not in page.text
    assert "Ada Alder" not in page.text


def test_spreadsheet_adds_up_to_the_district(installation: Installation, calder: int) -> None:
    answer = get(installation, calder, "/landscape.xlsx")
    for name in ("kinds", "grades", "focus areas", "areas and kinds", "parts of town"):
        sheet = pd.read_excel(io.BytesIO(answer.content), sheet_name=name)
        assert sheet[["filled", "open", "free"]].sum().to_dict() == {"filled": 3, "open": 14, "free": 15}
    schools = pd.read_excel(io.BytesIO(answer.content), sheet_name="schools")
    assert schools["name"].tolist() == ["Birch", "Alder"]


def test_spreadsheet_of_a_leader_has_their_own_schools_alone(installation: Installation, calder: int) -> None:
    answer = get(installation, calder, "/landscape.xlsx", Role.LEADER, "s1")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert [row[1] for row in book["schools"].iter_rows(values_only=True)] == ["name", "Birch"]
    assert book["overlaps"].max_row == 1
    assert "spread thin" not in book.sheetnames


RECRUIT = {
    "kind": "tutoring",
    "slots": 9,
    "trained_slots": 0,
    "grades": "6-8",
    "languages": "Somali",
    "schedule": "Mon 15:00-16:00",
    "near_school_id": "s1",
    "near_school": "Birch",
    "radius_km": 4.0,
    "example_need_id": "n1",
    "example": "Algebra tutors",
    "slots_filled": 9,
    "by_level": {"other-3": 9},
    "need_ids": ["n1"],
    "num_schools": 1,
    "sentence": "",
}


def add_brief(installation: Installation, calder: int, recruits: list[dict[str, object]]) -> str:
    """Add a run whose summary names these recruits, and return its id."""
    run = add_plan(installation.database, ("n2", "o0", 3), district_id=calder)
    told = {"recruiting": {"recruits": recruits, "shortages": []}, "slots_needed": 17, "slots_filled": 3}
    body = json.dumps(told).encode()
    file = {"run_id": run, "name": "summary.json", "media_type": "application/json", "size": len(body)}
    with installation.database.writing() as connection:
        digest = hashlib.sha256(body).hexdigest()
        connection.execute(insert(run_files).values(**file, sha256=digest, body=body))
    return run


def test_brief_tells_whom_to_look_for_and_what_that_fills(installation: Installation, calder: int) -> None:
    add_brief(installation, calder, [RECRUIT])
    add_plan(installation.database, district_id=calder)  # A later run that says nothing of it.
    page = get(installation, calder, "/recruiting").text
    assert "In calder, these new partners would fill 9 of the 14 slots that nobody fills yet." in page
    assert "1. Tutoring for 9 students, within 4 km of Birch" in page
    said = " ".join(page.split())
    assert "For grades 6-8, speaking Somali, at one of these times: Mon 15:00-16:00." in said
    assert "For needs like “Algebra tutors”, at Birch." in said
    assert "the plan fills 9 slots more.</strong> Other help, priority 3: 9." in said


def test_brief_without_a_plan_leads_to_making_one(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/recruiting").text
    assert 'href="/districts/calder/runs"' in page
    assert "no plan has been made yet" in page


@pytest.mark.parametrize("path", ["", "/schools", "/connections", "/recruiting", "/free", "/landscape.xlsx"])
def test_empty_district_is_shown_too(installation: Installation, path: str) -> None:
    key = installation.add_district("calder", make_district())
    assert get(installation, key, path).status_code == 200


def test_ground_is_worked_out_once_for_a_version(installation: Installation, calder: int) -> None:
    state = installation.app.state
    with installation.database.reading() as connection:
        standing: Standing = state.overviews.of(connection, calder)
        first = state.landscapes.of(connection, calder, standing)
        assert state.landscapes.of(connection, calder, standing) is first
    changed = {"slots": 2}
    client = installation.client(Role.COORDINATOR, calder)
    client.patch("/api/v1/needs/n0?district=calder", json=changed, headers={"If-Match": "*"})
    assert "Schools ask for 14 slots" in get(installation, calder).text


def test_pages_of_200_schools_and_1000_partners_are_no_longer_than_150_kb(installation: Installation) -> None:
    tables = generate_district(200, seed=3, num_needs=1500, num_offers=1550)
    assert len(tables["partners"]) > 1000
    key = installation.add_district("calder", district_from_tables(tables))
    for path in (
        "",
        "/schools",
        "/connections",
        "/free",
        f"?school={tables['schools']['school_id'].iloc[0]}",
    ):
        assert 10_000 < len(get(installation, key, path).content) <= 150_000, path
