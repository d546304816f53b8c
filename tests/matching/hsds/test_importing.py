"""What an HSDS directory becomes in our tables."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from matching.errors import DataError
from matching.hsds import Assumed, HsdsRead, read_hsds
from matching.hsds.specification import Row
from tests.matching.hsds.directories import ORGANIZATION, SERVICE, make_directory, make_row, of_service, uid

HOURS = {"freq": "WEEKLY", "byday": "WE,MO", "opens_at": "15:00:00", "closes_at": "16:30"}


def offer_of(folder: Path, **tables: list[Row]) -> tuple[dict[str, Any], HsdsRead]:
    read = read_hsds(make_directory(folder, **tables))
    (offer,) = read.offers.to_dict("records")
    return {str(name): cell for name, cell in offer.items()}, read


def partner_of(folder: Path, **tables: list[Row]) -> dict[str, Any]:
    (partner,) = read_hsds(make_directory(folder, **tables)).partners.to_dict("records")
    return {str(name): cell for name, cell in partner.items()}


def problems_of(folder: Path, **tables: list[Row]) -> list[str]:
    with pytest.raises(DataError) as error:
        read_hsds(make_directory(folder, **tables))
    return [str(problem) for problem in error.value.problems]


def warned(read: HsdsRead, words: str) -> bool:
    return any(words in line for line in read.warnings)


def test_an_organization_becomes_a_partner_under_its_own_id(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    assert (partner["partner_id"], partner["name"]) == (uid(1), "Elm Library")
    assert partner["description"] == "A public library."


def test_a_service_becomes_an_offer_of_its_organization(tmp_path: Path) -> None:
    offer, _ = offer_of(tmp_path)
    assert (offer["offer_id"], offer["partner_id"]) == (uid(2), uid(1))
    assert offer["focus"] == "Homework Club: Volunteers help with homework."


def test_a_name_is_not_said_twice_in_the_focus(tmp_path: Path) -> None:
    offer, _ = offer_of(tmp_path, services=[{**SERVICE, "description": "Homework club on Mondays"}])
    assert offer["focus"] == "Homework club on Mondays"


def test_what_hsds_lacks_is_assumed_and_counted(tmp_path: Path) -> None:
    read = read_hsds(make_directory(tmp_path), Assumed("charity", ("mentoring", "tutoring"), 7))
    assert read.partners["kind"].tolist() == ["charity"]
    assert (read.offers["kinds"].tolist(), read.offers["slots"].tolist()) == (["mentoring|tutoring"], [7])
    assert warned(read, "HSDS does not say the slots of 1 of 1 offers; 7 is assumed.")


def test_unknown_words_are_no_assumption() -> None:
    with pytest.raises(ValueError, match="kinship: expected one of"):
        Assumed("kinship")
    with pytest.raises(ValueError, match="childcare: expected one or more of"):
        Assumed(kinds=("childcare",))
    with pytest.raises(ValueError, match="expected a number >= 0, got -1"):
        Assumed(slots=-1)


def test_weekly_hours_become_the_schedule(tmp_path: Path) -> None:
    offer, _ = offer_of(tmp_path, schedules=[of_service(3, **HOURS)])
    assert offer["schedule"] == "Mon 15:00-16:30|Wed 15:00-16:30"


@pytest.mark.parametrize(
    "other",
    [
        {"freq": "MONTHLY"},
        {"interval": "2"},
        {"byday": "2MO"},
        {"byday": ""},
        {"byweekno": "41"},
        {"bymonthday": "3"},
        {"byyearday": "3"},
        {"closes_at": ""},
        {"closes_at": "14:00"},
    ],
)
def test_hours_that_are_not_plain_weekly_are_kept_but_not_used(tmp_path: Path, other: Row) -> None:
    offer, read = offer_of(tmp_path, schedules=[of_service(3, **{**HOURS, **other})])
    assert offer["schedule"] == ""
    assert warned(read, "no plain weekly hours: kept, but no rule sees them: 1.")
    assert uid(3) in offer["hsds_rows"]


def test_a_rule_without_days_means_the_day_of_its_start(tmp_path: Path) -> None:
    # 14 September 2026 is a Monday.
    row = of_service(3, freq="WEEKLY", dtstart="2026-09-14", opens_at="9:00", closes_at="00:00")
    assert offer_of(tmp_path, schedules=[row])[0]["schedule"] == "Mon 09:00-24:00"


def test_hours_in_utc_are_told(tmp_path: Path) -> None:
    offer, read = offer_of(tmp_path, schedules=[of_service(3, **{**HOURS, "opens_at": "15:00Z"})])
    assert offer["schedule"].startswith("Mon 15:00")
    assert warned(read, "hours in UTC")


def test_the_hours_of_a_location_are_not_those_of_its_service(tmp_path: Path) -> None:
    tables = {
        "locations": [make_row(4, location_type="physical", organization_id=uid(1))],
        "schedules": [make_row(3, location_id=uid(4), **HOURS)],
    }
    assert offer_of(tmp_path, **tables)[0]["schedule"] == ""


def test_the_hours_of_a_service_at_a_location_are_its_own(tmp_path: Path) -> None:
    tables = {
        "locations": [make_row(4, location_type="physical")],
        "service_at_location": [of_service(5, location_id=uid(4))],
        "schedules": [make_row(3, service_at_location_id=uid(5), **HOURS)],
    }
    assert offer_of(tmp_path, **tables)[0]["schedule"] != ""


def capacity(number: int, available: str, updated: str = "2026-09-01T08:00:00Z", **cells: str) -> Row:
    return of_service(number, unit_id=uid(90), available=available, updated=updated, **cells)


def test_the_capacity_updated_last_is_the_slots(tmp_path: Path) -> None:
    # 08:30 at +01:00 is 07:30 in UTC, before 08:00.
    rows = [capacity(5, "12"), capacity(6, "9", "2026-09-01T08:30:00+01:00")]
    offer, read = offer_of(tmp_path, service_capacity=rows)
    assert offer["slots"] == 12
    assert warned(read, "the one updated last counts: 1.")


def test_no_more_is_available_than_the_maximum(tmp_path: Path) -> None:
    offer, read = offer_of(tmp_path, service_capacity=[capacity(5, "12", maximum="10")])
    assert offer["slots"] == 10
    assert warned(read, "the maximum counts: 1.")


def test_half_a_slot_is_none(tmp_path: Path) -> None:
    assert offer_of(tmp_path, service_capacity=[capacity(5, "2.5")])[0]["slots"] == 2


def test_a_capacity_that_no_computer_can_hold_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, service_capacity=[capacity(5, "1e999")])
    assert 'service_capacity row 2, column available: found "1e999", expected a number' in problem


def test_a_service_that_is_not_active_offers_nothing_yet(tmp_path: Path) -> None:
    service = {**SERVICE, "status": "temporarily closed"}
    offer, read = offer_of(tmp_path, services=[service], service_capacity=[capacity(5, "12")])
    assert offer["slots"] == 0
    assert warned(read, "not active")


@pytest.mark.parametrize(
    ("least", "most", "grades"),
    [
        ("12", "", "7-13"),  # grade 6 has students of 11, grade 7 of 12 and 13
        ("", "10", "PK-4"),  # grade 4 is 9 and 10
        ("8", "11", "3-5"),
        ("6", "6", "K-1"),  # no grade is wholly 6: kindergarten and grade 1 are in part
        ("", "", ""),
    ],
)
def test_ages_become_the_grades_within_them(tmp_path: Path, least: str, most: str, grades: str) -> None:
    offer, _ = offer_of(tmp_path, services=[{**SERVICE, "minimum_age": least, "maximum_age": most}])
    assert offer["grades"] == grades


def test_a_service_for_elders_offers_nothing_to_schools(tmp_path: Path) -> None:
    offer, read = offer_of(tmp_path, services=[{**SERVICE, "minimum_age": "65"}])
    assert (offer["grades"], offer["slots"]) == ("", 0)
    assert warned(read, "for no one of school age")


def test_languages_are_named_by_their_code_where_they_have_no_name(tmp_path: Path) -> None:
    rows = [
        of_service(5, name="Spanish", code="es"),
        of_service(6, code="so"),
        make_row(7, phone_id=uid(8), name="Urdu"),
    ]
    assert offer_of(tmp_path, languages=rows)[0]["languages"] == "Spanish|Somali"


def test_the_highest_cost_in_dollars_counts(tmp_path: Path) -> None:
    rows = [
        of_service(5, amount="20"),
        of_service(6, amount="100", currency="USD"),
        of_service(7, amount="900", currency="gbp"),
    ]
    offer, read = offer_of(tmp_path, cost_options=rows)
    assert offer["cost_to_school"] == 100
    assert warned(read, "another currency")


def place(number: int, latitude: str, kind: str = "physical", **cells: str) -> Row:
    return make_row(number, location_type=kind, latitude=latitude, longitude="-88.5", **cells)


def test_a_partner_is_at_its_own_physical_location(tmp_path: Path) -> None:
    own = {"organization_id": uid(1)}
    links = [of_service(9, location_id=uid(5))]
    rows = [place(5, "41.1"), place(6, "41.2", "postal", **own), place(7, "41.3", **own)]
    assert partner_of(tmp_path, locations=rows, service_at_location=links)["latitude"] == 41.3


def test_a_partner_without_a_location_is_where_its_service_is(tmp_path: Path) -> None:
    links = [of_service(9, location_id=uid(5))]
    assert partner_of(tmp_path, locations=[place(5, "41.1")], service_at_location=links)["latitude"] == 41.1


def test_a_place_that_is_not_on_earth_is_not_known(tmp_path: Path) -> None:
    read = read_hsds(make_directory(tmp_path, locations=[place(5, "100", organization_id=uid(1))]))
    assert read.partners["latitude"].isna().all()
    assert warned(read, "not on Earth: kept, but no rule sees them: 1.")


def test_contacts_go_to_the_contact_columns(tmp_path: Path) -> None:
    own = {"organization_id": uid(1)}
    partner = partner_of(
        tmp_path,
        organizations=[{**ORGANIZATION, "email": "desk@example.org"}],
        contacts=[make_row(5, name="Ann Persona", **own)],
        phones=[make_row(6, number="555-0100", **own)],
    )
    found = [partner[f"contact_{part}"] for part in ("name", "email", "phone")]
    assert found == ["Ann Persona", "desk@example.org", "555-0100"]


def test_every_bad_cell_is_named_at_once(tmp_path: Path) -> None:
    services = [
        {**SERVICE, "status": "open", "minimum_age": "six"},
        {**SERVICE, "id": "S2", "organization_id": uid(77), "name": ""},
        SERVICE,
    ]
    found = problems_of(tmp_path, services=services, schedules=[of_service(3, opens_at="3 o'clock")])
    assert 'services row 2, column status: found "open", expected one of active, ' in found[0]
    assert 'services row 2, column minimum_age: found "six", expected a number' in found[1]
    assert 'services row 3, column id: found "S2", expected a UUID' in found[2]
    assert "services row 3, column name: found a blank cell, expected a value" in found[3]
    assert "services row 4, column id" in found[4]
    assert "schedules row 2, column opens_at" in found[5]
    assert "services row 3, column organization_id" in found[6]
    assert len(found) == 7


def test_a_cell_that_our_tables_refuse_is_named_in_the_directory(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, service_capacity=[capacity(5, "2000000")])
    assert problem.startswith('services row 2, column slots: found "2000000"')


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("organizations.csv", "id,name,name\n", "several columns of this name"),
        ("organizations.csv", "name\nElm\n", "no such column"),
        ("organizations.csv", f"id,name\n{uid(1)},Elm,more\n", "filled cells under no header"),
        ("organizations.csv", 'id,name\n"x"y,Elm\n', "row 2: found"),
        ("organizations.csv", "id,name\n\udcff,Elm\n", "letters that are not UTF-8"),
        ("services.json", "[1]", "expected a service or an organization of HSDS"),
        ("services.json", "{", "expected a JSON file in UTF-8"),
        ("services.json", '{"id": "\\ud800"}', "expected a JSON file in UTF-8"),
        ("readme.txt", "", "no HSDS table among the files"),
    ],
)
def test_files_that_are_no_directory_are_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=words):
        read_hsds(tmp_path)


def test_a_path_with_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found nothing at"):
        read_hsds(tmp_path / "absent")


def test_a_zip_is_read_like_its_folder(tmp_path: Path) -> None:
    folder = make_directory(tmp_path / "hsds", schedules=[of_service(3, **HOURS)])
    with zipfile.ZipFile(tmp_path / "hsds.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"inner/{path.name}")
    assert read_hsds(tmp_path / "hsds.zip").offers.equals(read_hsds(folder).offers)


def test_a_spoilt_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hsds.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_hsds(tmp_path / "hsds.zip")


NESTED = {
    **{name: cell for name, cell in SERVICE.items() if name != "organization_id"},
    "organization": {**ORGANIZATION, "locations": [place(4, "41.5")]},
    "schedules": [make_row(3, **HOURS)],
    "capacities": [
        {"id": uid(5), "unit": make_row(6, name="Place"), "available": 12, "updated": "2026-09-01T08:00:00Z"}
    ],
    "minimum_age": 8,
    "alternate_name": None,
}


@pytest.mark.parametrize("content", [NESTED, [NESTED], {"total_items": 1, "contents": [NESTED]}])
def test_json_of_the_api_is_read_whatever_is_around_it(tmp_path: Path, content: object) -> None:
    path = tmp_path / "services.json"
    path.write_text(json.dumps(content))
    read = read_hsds(path)
    assert read.partners["latitude"].tolist() == [41.5]
    offer = read.offers.iloc[0]
    assert (offer["slots"], offer["grades"], offer["schedule"][:3]) == (12, "3-13", "Mon")


def test_an_organization_may_hold_its_services(tmp_path: Path) -> None:
    inner = {name: cell for name, cell in NESTED.items() if name != "organization"}
    path = tmp_path / "organization.json"
    path.write_text(json.dumps({**ORGANIZATION, "services": [inner]}))
    assert read_hsds(path).offers["partner_id"].tolist() == [uid(1)]


def test_what_is_nested_twice_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_text(json.dumps([NESTED, {**NESTED, "id": uid(20), "schedules": [], "capacities": []}]))
    read = read_hsds(path)
    assert (len(read.partners), len(read.offers)) == (1, 2)
