"""What partners, offers and schools become in HSDS, and what comes back of it."""

import csv
import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest

from matching.district import District
from matching.errors import DataError
from matching.hsds import merge_hsds, read_hsds, write_hsds
from matching.hsds.specification import Row
from matching.tables import district_from_tables
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.matching.hsds.directories import (
    ORGANIZATION,
    SERVICE,
    make_directory,
    make_row,
    of_service,
    rows_of,
    uid,
)

ON = dt.date(2026, 9, 14)
CONTACT = {"contact_name": "Ann Persona", "contact_email": "ann@example.org", "contact_phone": "555-0100"}


def exported(district: District, folder: Path, **how: bool | str) -> Path:
    write_hsds(district, folder, on=ON, **how)  # type: ignore[arg-type]  # options by name
    return folder


def only_row(folder: Path, table: str) -> Row:
    (row,) = rows_of(folder / f"{table}.csv")
    return row


def filled(row: Row, *but: str) -> Row:
    return {name: cell for name, cell in row.items() if cell and name not in but}


def with_offer(**cells: object) -> District:
    return make_district([make_need()], [make_offer(None, **cells)])


def joined(folder: Path, district: District | None = None) -> District:
    """Return a district with what a directory holds."""
    return merge_hsds(read_hsds(folder), district or make_district([make_need()]))


def test_an_offer_is_an_active_service_of_its_partner(tmp_path: Path) -> None:
    folder = exported(with_offer(focus="Reading mentors, twice a week."), tmp_path / "out")
    service = only_row(folder, "services")
    assert service["name"] == "Reading mentors"
    assert service["description"] == "Reading mentors, twice a week."
    assert service["status"] == "active"
    organizations = rows_of(folder / "organizations.csv")
    assert service["organization_id"] == organizations[0]["id"]


def test_a_long_focus_is_cut_between_words_for_the_name(tmp_path: Path) -> None:
    folder = exported(with_offer(focus="word " * 40), tmp_path / "out")
    assert only_row(folder, "services")["name"] == ("word " * 16).strip()  # 16 x 5 letters are 80


def test_a_focus_of_points_alone_is_its_own_name(tmp_path: Path) -> None:
    folder = exported(with_offer(focus="..."), tmp_path / "out")
    assert only_row(folder, "services")["name"] == "..."


def test_a_schedule_is_a_rule_for_all_days_with_the_same_hours(tmp_path: Path) -> None:
    cells = "Mon 15:00-16:30|Wed 15:00-16:30|Fri 08:00-24:00"
    folder = exported(with_offer(schedule=cells), tmp_path / "out")
    rules = [filled(row, "id", "service_id") for row in rows_of(folder / "schedules.csv")]
    assert rules == [
        {"freq": "WEEKLY", "byday": "MO,WE", "opens_at": "15:00:00", "closes_at": "16:30:00"},
        {"freq": "WEEKLY", "byday": "FR", "opens_at": "08:00:00", "closes_at": "00:00:00"},
    ]


def test_slots_are_what_is_available_of_our_unit(tmp_path: Path) -> None:
    folder = exported(with_offer(slots=7), tmp_path / "out")
    capacity = only_row(folder, "service_capacity")
    assert (capacity["available"], capacity["updated"]) == ("7", "2026-09-14T00:00:00.000Z")
    assert capacity["unit_id"] == only_row(folder, "units")["id"]


def test_grades_are_ages_languages_have_codes_and_costs_are_in_dollars(tmp_path: Path) -> None:
    cells = {"grades": "3-5", "languages": "Somali|Klingon", "cost_to_school": 40}
    folder = exported(with_offer(**cells), tmp_path / "out")
    service = only_row(folder, "services")
    assert (service["minimum_age"], service["maximum_age"]) == ("8", "11")
    languages = rows_of(folder / "languages.csv")
    assert [(row["name"], row["code"]) for row in languages] == [("Somali", "so"), ("Klingon", "")]
    cost = only_row(folder, "cost_options")
    assert (cost["amount"], cost["currency"]) == ("40", "usd")


def test_partners_and_schools_are_organizations_at_their_places(tmp_path: Path) -> None:
    district = make_district(
        [make_need()],
        schools=[make_school(latitude=41.5, longitude=-88.5)],
        partners=[make_partner(latitude=41.25, longitude=-88.25, description="Who we are")],
    )
    folder = exported(district, tmp_path / "out")
    partner, school = rows_of(folder / "organizations.csv")
    assert (partner["name"], partner["description"]) == ("Partner p0", "Who we are")
    assert (school["name"], school["description"]) == ("School s0", "School s0")
    places = {row["organization_id"]: row["latitude"] for row in rows_of(folder / "locations.csv")}
    assert places == {partner["id"]: "41.25", school["id"]: "41.5"}


def test_what_hsds_lacks_is_an_attribute_that_comes_back(tmp_path: Path) -> None:
    cells = {"kinds": ["mentoring", "tutoring"], "min_slots": 2, "trained_slots": 3, "grades": "K|3-5"}
    folder = exported(with_offer(**cells), tmp_path / "out")
    labels = {row["label"]: row["value"] for row in rows_of(folder / "attributes.csv")}
    assert (labels["min_slots"], labels["kind"]) == ("2", "nonprofit")
    offer = read_hsds(folder).offers.iloc[0]
    assert (offer["kinds"], offer["trained_slots"], offer["grades"]) == ("mentoring|tutoring", 3, "K|3-5")


def test_no_contact_is_written_unless_asked_for(tmp_path: Path) -> None:
    district = make_district(
        [make_need()], partners=[make_partner(**CONTACT)], schools=[make_school(**CONTACT)]
    )
    folder = exported(district, tmp_path / "out")
    for path in folder.iterdir():
        assert not any(word in path.read_text(encoding="utf-8") for word in ("Ann", "ann@", "555-0100")), (
            path.name
        )


def test_contacts_that_are_asked_for_come_back(tmp_path: Path) -> None:
    district = make_district([make_need()], partners=[make_partner(**CONTACT)])
    folder = exported(district, tmp_path / "out", with_contacts=True)
    partner = read_hsds(folder).partners.iloc[0]
    assert {name: partner[name] for name in CONTACT} == CONTACT


def test_an_address_that_is_none_stays_at_home(tmp_path: Path) -> None:
    district = make_district([make_need()], partners=[make_partner(contact_email="ask at the desk")])
    folder = exported(district, tmp_path / "out", with_contacts=True)
    assert rows_of(folder / "contacts.csv") == []


def test_contacts_of_the_directory_stay_behind_too(tmp_path: Path) -> None:
    service = {**SERVICE, "email": "ann@example.org", "assurer_email": "ann@example.org", "contact_x": "ann@"}
    tables = {
        "contacts": [of_service(5, name="Ann Persona")],
        "phones": [of_service(6, number="555-0100", contact_id=uid(5))],
        "languages": [of_service(7, name="Urdu", phone_id=uid(6))],
        "addresses": [make_row(8, attention="Ann Persona")],
        "attributes": [make_row(9, link_id=uid(5), link_entity="contact", value="Ann Persona")],
        "metadata": [make_row(10, resource_id=uid(2), resource_type="service", updated_by="Ann Persona")],
    }
    district = joined(make_directory(tmp_path / "in", services=[service], **tables))
    without = exported(district, tmp_path / "without")
    for path in without.iterdir():
        assert not any(word in path.read_text(encoding="utf-8") for word in ("Ann", "ann@", "555-0100")), (
            path.name
        )
    assert not only_row(without, "languages")["phone_id"]
    asked_for = exported(district, tmp_path / "with", with_contacts=True)
    assert filled(only_row(asked_for, "services"), "minimum_age").items() >= service.items()


def test_schools_a_partner_is_kept_from_stay_at_home(tmp_path: Path) -> None:
    district = make_district([make_need()], partners=[make_partner(not_schools="s0")])
    folder = exported(district, tmp_path / "out")
    assert "not_schools" not in {row["label"] for row in rows_of(folder / "attributes.csv")}


def test_ids_tell_publishers_apart_and_are_the_same_on_every_machine(tmp_path: Path) -> None:
    district = with_offer()
    ids = [
        only_row(exported(district, tmp_path / name, publisher=publisher), "services")["id"]
        for name, publisher in (("a", ""), ("b", ""), ("c", "https://district.example"))
    ]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0] == "67bb8e84-271a-5c4b-b993-cd604ebd38c4"


def test_what_the_district_changes_changes_in_the_directory_and_the_rest_stays(tmp_path: Path) -> None:
    location = make_row(
        4, location_type="physical", organization_id=uid(1), latitude="41.10", longitude="-88.10"
    )
    monthly = of_service(3, freq="MONTHLY", byday="2MO", opens_at="15:00", closes_at="16:00")
    district = joined(make_directory(tmp_path / "in", locations=[location], schedules=[monthly]))
    offers = district.offers.assign(slots=9, focus="Another focus")
    changed = district_from_tables({**district.tables, "offers": offers})
    folder = exported(changed, tmp_path / "out")
    assert filled(only_row(folder, "services"))["description"] == "Another focus"
    assert only_row(folder, "service_capacity")["available"] == "9"
    assert filled(rows_of(folder / "schedules.csv")[0]) == monthly
    assert filled(rows_of(folder / "locations.csv")[0]) == location


def test_a_new_schedule_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    monthly = of_service(3, freq="MONTHLY", byday="2MO", opens_at="15:00", closes_at="16:00")
    district = joined(make_directory(tmp_path / "in", schedules=[monthly]))
    offers = district.offers.assign(schedule="Tue 08:00-09:00")
    folder = exported(district_from_tables({**district.tables, "offers": offers}), tmp_path / "out")
    assert only_row(folder, "schedules")["byday"] == "TU"


def test_a_cell_made_blank_stays_blank(tmp_path: Path) -> None:
    location = make_row(
        4, location_type="physical", organization_id=uid(1), latitude="41.1", longitude="-88.1"
    )
    district = joined(make_directory(tmp_path / "in", locations=[location]))
    partners = district.partners.assign(latitude=float("nan"), longitude=float("nan"))
    folder = exported(district_from_tables({**district.tables, "partners": partners}), tmp_path / "out")
    assert read_hsds(folder).partners["latitude"].isna().all()


def changed(district: District, table: str, **cells: str | int | list[float]) -> District:
    return district_from_tables({**district.tables, table: district.tables[table].assign(**cells)})


def test_a_location_of_two_partners_is_where_its_own_organization_says(tmp_path: Path) -> None:
    location = make_row(
        4, location_type="physical", organization_id=uid(11), latitude="41.1", longitude="-88.1"
    )
    tables = {
        "organizations": [ORGANIZATION, {**ORGANIZATION, "id": uid(11)}],
        "locations": [location],
        "service_at_location": [of_service(5, location_id=uid(4))],
    }
    district = joined(make_directory(tmp_path / "in", **tables))
    moved = changed(district, "partners", latitude=[41.1, 41.9])
    assert only_row(exported(moved, tmp_path / "out"), "locations")["latitude"] == "41.9"


def test_services_of_an_exported_school_are_left_out_with_it(tmp_path: Path) -> None:
    folder = exported(with_offer(), tmp_path / "out")
    school = rows_of(folder / "organizations.csv")[1]["id"]
    with (folder / "services.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([uid(7), school, "", "Breakfast", "", "", "", "", "active"])
    assert len(read_hsds(folder).offers) == 1


def test_a_changed_attribute_is_stated_once_and_anew(tmp_path: Path) -> None:
    district = joined(exported(with_offer(kinds=["tutoring"]), tmp_path / "in"))
    folder = exported(changed(district, "offers", kinds="event"), tmp_path / "out")
    assert [row["value"] for row in rows_of(folder / "attributes.csv") if row["label"] == "kinds"] == [
        "event"
    ]


def test_more_slots_than_the_maximum_lift_it(tmp_path: Path) -> None:
    capacity = {"unit_id": uid(6), "available": "8", "maximum": "10", "updated": "2026-09-01T00:00:00Z"}
    district = joined(make_directory(tmp_path / "in", service_capacity=[of_service(5, **capacity)]))
    folder = exported(changed(district, "offers", slots=20), tmp_path / "out")
    row = only_row(folder, "service_capacity")
    assert (row["available"], row["maximum"]) == ("20", "")


def test_a_copied_offer_is_a_service_of_its_own(tmp_path: Path) -> None:
    district = joined(make_directory(tmp_path / "in"))
    rows = district.offers.to_dict("records")
    tables = {**district.tables, "offers": type(district.offers)([*rows, {**rows[0], "offer_id": "copy"}])}
    folder = exported(district_from_tables(tables), tmp_path / "out")
    assert len({row["id"] for row in rows_of(folder / "services.csv")}) == 2


def test_a_spoilt_cell_behind_an_offer_is_named(tmp_path: Path) -> None:
    district = make_district([make_need()], [make_offer(hsds_rows="spoilt")])
    with pytest.raises(DataError, match='offers row 2, column hsds_rows: found "spoilt"'):
        exported(district, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_merging_keeps_what_the_district_knows_better(tmp_path: Path) -> None:
    folder = exported(with_offer(slots=7, kinds=["tutoring"]), tmp_path / "out")
    district = make_district(
        [make_need()],
        [make_offer(slots=3, kinds=["event"], min_slots=2)],
        partners=[make_partner(radius_km=5, not_schools="s0")],
    )
    merged = merge_hsds(read_hsds(folder), district)
    assert merged.offers[["offer_id", "slots", "kinds", "min_slots"]].to_numpy().tolist() == [
        ["o0", 7, "tutoring", 2]
    ]
    assert merged.partners[["partner_id", "radius_km", "not_schools"]].to_numpy().tolist() == [
        ["p0", 5.0, "s0"]
    ]


def test_merging_again_does_not_put_what_is_assumed_over_what_was_typed(tmp_path: Path) -> None:
    directory = make_directory(tmp_path / "in")
    district = joined(directory)
    typed = district.offers.assign(slots=9, kinds="mentoring")
    again = joined(directory, district_from_tables({**district.tables, "offers": typed}))
    assert again.offers[["slots", "kinds"]].to_numpy().tolist() == [[9, "mentoring"]]


def test_merging_adds_who_is_new_and_takes_nobody_out(tmp_path: Path) -> None:
    merged = joined(make_directory(tmp_path / "in"), with_offer())
    assert merged.partners["partner_id"].tolist() == ["p0", uid(1)]
    assert merged.offers["partner_id"].tolist() == ["p0", uid(1)]


def test_the_json_form_says_the_same_as_the_csv_form(tmp_path: Path) -> None:
    district = make_district(
        [make_need()],
        [make_offer(schedule="Mon 15:00-16:00", languages="Urdu", cost_to_school=5, trained_slots=2)],
        partners=[make_partner(latitude=41.5, longitude=-88.25, radius_km=4, **CONTACT)],
    )
    folder = exported(district, tmp_path / "out", with_contacts=True)
    from_csv, from_json = (
        read_hsds(folder),
        read_hsds([folder / "services.json", folder / "organizations.json"]),
    )
    documented = [name for name in from_csv.partners if name not in ("hsds_rows", "hsds_shared")]
    assert from_json.partners[documented].equals(from_csv.partners[documented])
    assert from_json.offers.drop(columns="hsds_rows").equals(from_csv.offers.drop(columns="hsds_rows"))
    assert (
        json.loads((folder / "services.json").read_text(encoding="utf-8"))[0]["organization"]["name"]
        == "Partner p0"
    )


def test_a_zip_holds_the_files_of_the_folder_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    folder = exported(with_offer(), tmp_path / "out")
    first, second = exported(with_offer(), tmp_path / "a.zip"), exported(with_offer(), tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            path.name: path.read_bytes() for path in folder.iterdir()
        }


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ValueError, match="it is there already"):
        exported(with_offer(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_columns_that_hsds_does_not_know_come_back_too(tmp_path: Path) -> None:
    organization = {**ORGANIZATION, "vendor_code": " 007 ", "alternate_name": "=1+1"}
    district = joined(make_directory(tmp_path / "in", organizations=[organization]))
    folder = exported(district, tmp_path / "out", with_contacts=True)
    text = (folder / "organizations.csv").read_text(encoding="utf-8")
    assert filled(next(csv.DictReader(io.StringIO(text)))) == organization
