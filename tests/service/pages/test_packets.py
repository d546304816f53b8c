"""Packets: what they tell, to whom, and that they are printed alike each time."""

import io
import time
import zipfile

import pytest
from httpx2 import Response
from icalendar import Calendar

from service.people.principal import Role
from tests.districts import Row, make_district, make_need
from tests.service.installation import Installation
from tests.service.pages.test_convenings import calder, get, post

__all__ = ["calder"]

PACKET = "/packet/c%2F1"


def packet(
    installation: Installation, key: int, asked: str, role: Role = Role.COORDINATOR, of: str = ""
) -> Response:
    return get(installation, key, f"{PACKET}?{asked}", role, of)


def printed(installation: Installation, key: int, form: str) -> bytes:
    """Return all packets, printed."""
    client = installation.client(Role.COORDINATOR, key)
    begun = client.post(
        "/districts/calder/convenings/packets/c%2F1", data={"as": form}, follow_redirects=False
    )
    assert begun.status_code == 303
    for _ in range(600):
        answer = get(installation, key, f"/printed/c%2F1?as={form}")
        if answer.status_code == 200:
            return answer.content
        time.sleep(0.05)
    raise AssertionError("Nothing was printed.")


def test_school_is_told_its_needs_matches_goals_and_whom_it_meets(
    installation: Installation, calder: int
) -> None:
    page = packet(installation, calder, "school=s0").text
    for words in ("Reading mentors", "Rotary: mentoring, 2 slots", "Goal: Read by third grade", "To settle"):
        assert words in page
    assert "alder@example.org" in page
    assert "555 0100" not in page


def test_form_is_in_packets_of_mid_year_and_not_in_those_of_the_beginning(
    installation: Installation, calder: int
) -> None:
    assert "Rotary: in all, how well does it go?" in packet(installation, calder, "school=s0").text
    post(installation, calder, do="change", convening_id="c/1", kind="beginning")
    assert "how well does it go" not in packet(installation, calder, "school=s0").text


def test_partner_not_matched_is_suggested_to_a_school_with_an_open_need(
    installation: Installation, calder: int
) -> None:
    page = packet(installation, calder, "partner=p1").text
    assert "What you give" in page
    assert "Birch" not in page.split("Where you help now")[1].split("Whom you meet")[0]


@pytest.mark.parametrize(
    ("role", "of", "asked", "status"),
    [
        (Role.LEADER, "s0", "school=s0", 200),
        (Role.LEADER, "s0", "school=s1", 404),
        (Role.LEADER, "s0", "partner=p0", 404),
        (Role.PARTNER, "p0", "partner=p0", 200),
        (Role.PARTNER, "p0", "partner=p1", 404),
        (Role.PARTNER, "p0", "school=s0", 404),
        (Role.BOARD, "", "school=s0", 403),
        (Role.COORDINATOR, "", "school=s9", 404),
    ],
)
def test_packet_is_for_its_own_reader(
    installation: Installation, calder: int, role: Role, of: str, asked: str, status: int
) -> None:
    for form in ("", "&as=pdf", "&as=ics"):
        assert packet(installation, calder, asked + form, role, of).status_code == status


def test_pdf_is_the_same_each_time_and_speaks_the_readers_language(
    installation: Installation, calder: int
) -> None:
    once, twice = (packet(installation, calder, "school=s0&as=pdf").content for _ in range(2))
    assert once == twice
    assert once.startswith(b"%PDF-")
    client = installation.client(Role.COORDINATOR, calder)
    client.cookies.set("partnermatch_language", "es")
    spanish = client.get("/districts/calder/convenings/packet/c%2F1?school=s0&as=pdf").content
    assert b"/Lang(es)" in spanish
    assert b"/Lang(en)" in once


def test_talks_are_events_of_their_own_where_the_hour_is_known(
    installation: Installation, calder: int
) -> None:
    assert len(Calendar.from_ical(packet(installation, calder, "school=s0&as=ics").content).events) == 1
    post(installation, calder, do="change", convening_id="c/1")
    whole, *talks = Calendar.from_ical(packet(installation, calder, "school=s0&as=ics").content).events
    assert sorted(str(talk["summary"]) for talk in talks) == ["Talk with Rotary", "Talk with Temple"]
    assert len({str(talk["uid"]) for talk in talks}) == 2
    assert {talk.start for talk in talks} == {talks[0].start, talks[1].start}
    assert all(whole.start <= talk.start < talk.end <= whole.end for talk in talks)


def test_nobody_is_at_two_tables_at_once_by_the_calendars(installation: Installation, calder: int) -> None:
    post(installation, calder, do="change", convening_id="c/1")
    for asked in ("school=s0", "school=s1", "partner=p0", "partner=p1"):
        calendar = Calendar.from_ical(packet(installation, calder, f"{asked}&as=ics").content)
        starts = [event.start for event in calendar.events[1:]]
        assert len(starts) == len(set(starts))


def test_all_packets_are_printed_together_or_each(installation: Installation, calder: int) -> None:
    assert printed(installation, calder, "pdf").count(b"/Type/Page/") == 4
    with zipfile.ZipFile(io.BytesIO(printed(installation, calder, "zip"))) as archive:
        assert archive.namelist() == [
            "school-s0.pdf",
            "school-s1.pdf",
            "partner-p0.pdf",
            "partner-p1.pdf",
        ]


def test_id_of_a_school_leads_no_file_of_the_zip_astray(installation: Installation) -> None:
    convening: Row = {"convening_id": "c/1", "kind": "end", "date": "2026-05-20"}
    district = make_district([make_need(school_id="../../etc/x")], convenings=[convening])
    content = printed(installation, installation.add_district("calder", district), "zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["school-..%2F..%2Fetc%2Fx.pdf"]


def test_print_that_was_not_asked_for_is_not_found(installation: Installation, calder: int) -> None:
    assert get(installation, calder, "/printed/c%2F1?as=pdf").status_code == 404
