"""The pages of convenings: planned, talked about, and whom each role lets in."""

import pytest
from httpx2 import Response
from icalendar import Calendar
from sqlalchemy import select

from service.pages.reader import catalog_of
from service.people.principal import Role
from service.storage.tables import DISTRICT_TABLES
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.service.installation import Installation
from tests.service.pages.said import texts

HERE = "/districts/calder/convenings"
FORM = {"kind": "midyear", "date": "2199-01-20", "place": "Library", "starts": "16:30", "talk_minutes": "10"}


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district in which p0 helps at both schools, and p1 at Alder, with a convening to come."""
    rows = {"status": "active", "since": "2026-09-22", "slots": 2}
    district = make_district(
        [
            make_need("n0", school_id="s0", statement="Reading mentors", slots=5, goal="Read by third grade"),
            make_need("n1", school_id="s1", statement="A science fair", kind="event", slots=9),
        ],
        [
            make_offer("o0", partner_id="p0", focus="Reading mentors", slots=9, kinds=["mentoring", "event"]),
            make_offer("o1", partner_id="p1", slots=6),
        ],
        schools=[
            make_school("s0", name="Alder", contact_email="alder@example.org"),
            make_school("s1", name="Birch"),
        ],
        partners=[
            make_partner("p0", name="Rotary", contact_phone="555 0100"),
            make_partner("p1", name="Temple"),
        ],
        partnerships=[
            rows | {"need_id": "n0", "offer_id": "o0"},
            rows | {"need_id": "n0", "offer_id": "o1", "status": "paused"},
            rows | {"need_id": "n1", "offer_id": "o0"},
        ],
        convenings=[
            {"convening_id": "c/1", "kind": "midyear", "date": "2199-01-20", "place": "Library; left"}
        ],
    )
    return installation.add_district("calder", district)


def get(
    installation: Installation, key: int, path: str, role: Role = Role.COORDINATOR, of: str = ""
) -> Response:
    client = installation.client(role, key, of)
    return client.get(f"{HERE}{path}", headers={"Accept": "text/html"}, follow_redirects=False)


def post(installation: Installation, key: int, role: Role = Role.COORDINATOR, **fields: str) -> Response:
    client = installation.client(role, key)
    return client.post(HERE, data=FORM | fields, headers={"Accept": "text/html"}, follow_redirects=False)


def test_every_text_of_convenings_is_translated() -> None:
    catalog = catalog_of("es")
    assert [text for text in texts() if not (found := catalog.get(text)) or not found.string] == []


def test_nothing_planned_teaches_why_three_and_suggests_days(installation: Installation) -> None:
    key = installation.add_district("calder", make_district())
    page = get(installation, key, "").text
    assert "Schools and partners meet three times" in page
    assert "would be a good day" in page
    assert 'name="date"' in page


def test_next_convening_stands_on_top(installation: Installation, calder: int) -> None:
    assert "Next: Midyear convening, January 20, 2199" in get(installation, calder, "").text


def test_planned_convening_is_there_and_can_be_undone(installation: Installation, calder: int) -> None:
    answer = post(installation, calder, do="plan", kind="end")
    assert answer.status_code == 303
    planned = answer.headers["location"].split("planned=")[1].split("#")[0]
    page = get(installation, calder, f"?planned={planned}").text
    assert "The convening is planned." in page
    assert post(installation, calder, do="undo", convening_id=planned).status_code == 303
    table = DISTRICT_TABLES["convenings"]
    with installation.database.reading() as connection:
        assert connection.scalars(select(table.c.convening_id)).all() == ["c/1"]


def test_hour_and_lengths_are_kept_and_shown_again(installation: Installation, calder: int) -> None:
    post(installation, calder, do="change", convening_id="c/1", talks_minutes="20")
    form = get(installation, calder, "?change=c/1").text
    assert 'value="16:30"' in form
    assert 'value="20"' in form
    assert "4:30 PM" in get(installation, calder, "/agenda/c%2F1").text


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", ""),
        ("date", "20 January"),
        ("starts", "half four"),
        ("talk_minutes", "0"),
        ("talks_minutes", "x"),
    ],
)
def test_wrong_field_is_told_beside_it_and_nothing_is_kept(
    installation: Installation, calder: int, field: str, wrong: str
) -> None:
    answer = post(installation, calder, Role.COORDINATOR, **{field: wrong})
    assert answer.status_code == 422
    assert f'aria-describedby="{field}-fault"' in answer.text
    assert 'value="Library"' in answer.text


def test_agenda_tells_figures_of_the_district(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/agenda/c%2F1", Role.BOARD).text
    for words in ("What is filled and what is open", "Mentoring, priority 3: 4 of 5", "Matches that rest: 1"):
        assert words in page


def test_each_talks_once_and_what_rests_is_to_be_settled(installation: Installation, calder: int) -> None:
    page = get(installation, calder, "/talks/c%2F1").text
    assert "3 talks, in 2 rounds, 8 minutes each." in page
    assert "It rests: will it begin again, and when?" in page


def test_talks_for_which_there_is_no_time_are_named(installation: Installation, calder: int) -> None:
    post(installation, calder, do="change", convening_id="c/1", talks_minutes="10", talk_minutes="10")
    page = get(installation, calder, "/talks/c%2F1").text
    assert "in one round" in page
    assert "1 talk does not fit." in page


def test_leader_and_partner_see_dates_and_their_own_packet(installation: Installation, calder: int) -> None:
    for role, of in ((Role.LEADER, "s0"), (Role.PARTNER, "p0")):
        page = get(installation, calder, "", role, of).text
        assert "Your packet" in page
        assert f"={of}" in page
        assert "/agenda/" not in page
        assert get(installation, calder, "/agenda/c%2F1", role, of).status_code == 403


def test_calendar_is_read_back_as_it_is_planned(installation: Installation, calder: int) -> None:
    post(installation, calder, do="plan", kind="end", date="2199-05-19")
    answer = get(installation, calder, "/calendar.ics", Role.PARTNER, "p0")
    assert answer.headers["content-type"].startswith("text/calendar")
    whole_day, with_hour = Calendar.from_ical(answer.content).events
    assert whole_day["uid"] == "c/1@calder.partnermatch"
    assert whole_day["location"] == "Library; left"
    assert whole_day.start.isoformat() == "2199-01-20"
    assert with_hour.start.isoformat() == "2199-05-19T16:30:00"
    assert with_hour.end > with_hour.start


def test_event_keeps_its_name_and_counts_up_when_it_is_changed(
    installation: Installation, calder: int
) -> None:
    def event() -> tuple[str, int]:
        [found] = Calendar.from_ical(get(installation, calder, "/calendar.ics").content).events
        return str(found["uid"]), int(str(found["sequence"]))

    before = event()
    post(installation, calder, do="change", convening_id="c/1", place="Gym")
    after = event()
    assert after[0] == before[0]
    assert after[1] > before[1]
