"""Any district written as HSDS and read again, and any directory read and written again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.district import District
from matching.hsds import merge_hsds, read_hsds, write_hsds
from matching.hsds.specification import Row
from matching.schemas import PARTNER_KINDS
from matching.values import GRADES
from matching.vocabulary import KINDS
from tests.districts import Row as Cells
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.matching.hsds.directories import (
    ORGANIZATION,
    SERVICE,
    bytes_of,
    make_directory,
    make_row,
    of_service,
    rows_of,
    uid,
)

ON = dt.date(2026, 9, 14)
LATER = dt.date(2027, 1, 31)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n'=\"|,;:. "), min_size=1
).map(lambda text: f"x{text}")
BLANK = st.just("")
WINDOWS = st.tuples(
    st.sampled_from(["Mon", "Tue", "Sun"]), st.integers(0, 23), st.integers(0, 59), st.integers(1, 60)
).map(
    lambda window: (
        f"{window[0]} {window[1]:02}:{window[2]:02}-24:00"
        if window[3] > 30
        else f"{window[0]} 00:00-{window[1]:02}:{window[3]:02}"
    )
)
LISTS = st.lists(st.sampled_from(["Spanish", "Somali", "K'iche'", "english"]), unique=True).map("|".join)
GRADES_CELLS = st.lists(st.sampled_from(GRADES), unique=True, max_size=4).map("|".join)
DATES = BLANK | st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)).map(str)
PLACES = BLANK | st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@st.composite
def partners(draw: st.DrawFn, partner_id: str) -> Cells:
    place = draw(PLACES)
    cells = {
        "name": draw(TEXTS),
        "kind": draw(st.sampled_from(PARTNER_KINDS)),
        "description": draw(BLANK | TEXTS),
        "latitude": repr(place[0]) if place else "",
        "longitude": repr(place[1]) if place else "",
        "radius_km": draw(BLANK | st.just("7.5")),
        "languages": draw(LISTS),
        "priorities": draw(BLANK | st.just("math|reading")),
        "agreement_expires": draw(DATES),
        "contact_name": draw(BLANK | TEXTS),
        "contact_email": draw(BLANK | st.just("ann@example.org")),
        "contact_phone": draw(BLANK | st.just("+1 555 0100")),
    }
    return make_partner(partner_id, **cells)


@st.composite
def offers(draw: st.DrawFn, offer_id: str) -> Cells:
    slots = draw(st.integers(0, 1_000_000))
    cells = {
        "partner_id": draw(st.sampled_from(["P1", "P2"])),
        "focus": draw(TEXTS),
        "kinds": draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map("|".join)),
        "slots": str(slots),
        "trained_slots": draw(BLANK | st.just(str(slots // 2))),
        "cleared_until": draw(DATES),
        "grades": draw(GRADES_CELLS),
        "schedule": draw(
            st.lists(WINDOWS.filter(lambda cell: "00:00-00:00" not in cell), max_size=4).map("|".join)
        ),
        "languages": draw(LISTS),
        "cost_to_school": draw(BLANK | st.floats(0, 1e6).map(repr)),
    }
    return make_offer(offer_id, **cells)


@st.composite
def districts(draw: st.DrawFn) -> District:
    return make_district(
        [make_need()],
        [draw(offers(f"O{number}")) for number in range(draw(st.integers(0, 3)))],
        partners=[draw(partners(f"P{number}")) for number in (1, 2)],
        schools=[make_school(languages=draw(LISTS), name=draw(TEXTS))],
    )


def cells_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that go into a directory and back, under other ids."""
    others = ["partner_id", "offer_id", "not_schools", "hsds_rows", "hsds_shared"]
    return frame.drop(columns=others, errors="ignore")


@settings(deadline=None, max_examples=25)
@given(districts())
def test_partners_and_offers_come_back_as_they_were(district: District) -> None:
    with TemporaryDirectory() as name:
        write_hsds(district, Path(name) / "out", on=ON, with_contacts=True)
        read = read_hsds(Path(name) / "out")
    pd.testing.assert_frame_equal(cells_of(read.partners), cells_of(district.partners))
    pd.testing.assert_frame_equal(cells_of(read.offers), cells_of(district.offers))
    assert not any(read.assumed.values())


@settings(deadline=None, max_examples=25)
@given(districts(), st.booleans())
def test_an_export_that_is_read_is_exported_to_the_same_bytes(
    district: District, with_contacts: bool
) -> None:
    with TemporaryDirectory() as name:
        one, two = Path(name) / "one", Path(name) / "two"
        write_hsds(district, one, on=ON, with_contacts=with_contacts)
        write_hsds(merge_hsds(read_hsds(one), district), two, on=LATER, with_contacts=with_contacts)
        assert bytes_of(one) == bytes_of(two)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


@st.composite
def directories(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Draw rows with texts of all kinds, some of them linked to what is not there."""
    links = st.sampled_from([uid(1), uid(2), uid(50)])
    organization = {
        **ORGANIZATION,
        "name": "x" + draw(CELLS),
        "alternate_name": draw(CELLS),
        "other": draw(CELLS),
    }
    location = make_row(10, location_type="virtual", organization_id=draw(links), transportation=draw(CELLS))
    rule = make_row(20, service_id=draw(links), freq="MONTHLY", byday="-1FR", notes=draw(CELLS))
    capacity = {
        "available": draw(st.sampled_from(["12", "12.0", "1e1"])),
        "updated": "2026-09-01",
        "maximum": "10",
    }
    return {
        "organizations": [
            organization,
            make_row(11, name="Second", description=draw(CELLS), parent_organization_id=uid(1)),
        ],
        "services": [
            {**SERVICE, "wait_time": draw(CELLS), "minimum_age": draw(st.sampled_from(["6", "6.5", "70"]))}
        ],
        "locations": [location],
        "schedules": [rule, of_service(21, description=draw(CELLS))],
        "service_capacity": [make_row(30, service_id=draw(links), unit_id=draw(links), **capacity)],
        "attributes": [make_row(40, link_id=draw(links), link_entity="service", value=draw(CELLS))],
        "units": [make_row(50, name=draw(CELLS))],
    }


@settings(deadline=None, max_examples=25)
@given(directories())
def test_a_directory_comes_back_cell_by_cell(tables: dict[str, list[Row]]) -> None:
    with TemporaryDirectory() as name:
        read = read_hsds(make_directory(Path(name) / "in", **tables))
        write_hsds(
            merge_hsds(read, make_district([make_need()])), Path(name) / "out", on=ON, with_contacts=True
        )
        for table, rows in tables.items():
            written = rows_of(Path(name) / "out" / f"{table}.csv")
            for row in rows:
                assert any(row.items() <= one.items() for one in written), (table, row, written)
