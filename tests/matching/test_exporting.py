"""A district written as a folder, a zip and a workbook is the same district when it is read again."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.district import District
from matching.errors import DataError
from matching.escaping import escaped, unescaped
from matching.exporting import tables_of, write_folder, write_workbook, write_zip
from matching.tables import read_district
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school

SAN_FRANCISCO = Path(__file__).parents[3] / "shared" / "data" / "san-francisco"
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
HOSTILE = (
    *(
        "=1+1",
        "'=1+1",
        "''=x",
        "'",
        "''",
        "+1 555 0100",
        "-5",
        "-5.0",
        "'-5",
        "-x",
        "@SUM(A1)",
        "\t=1",
        "\uff1d1",
    ),
    *("007", "1E5", "3-5", "12/31", "TRUE", "null", "NA", "_x0041_", "_x005F_x0041_", "x005F_", "a|b|"),
    *(
        'the "big" hall',
        "two\nlines",
        "two\r\nlines",
        "a, b; c",
        "sep=;",
        " space ",
        "\u00a0",
        "e\u0301",
        "读书 🎓",
    ),
    *(
        "\x00a\x1f",
        "\ufeff",
        "\u200b",
        "\ufffe",
        "\u2028",
        "&amp;<b>",
        "%s",
        "\\n",
        "a\tb",
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
    ),
)
texts = (
    st.sampled_from(HOSTILE)
    | st.text(st.sampled_from("'=+-@\t\n\"|,;_x05F aé\u0301"), max_size=8)
    | st.text(max_size=12)
)
numbers = st.none() | st.builds(
    repr, st.floats(-90, 90) | st.sampled_from([-0.0, 0.1 + 0.2, 1e-300, -5.0, 37.774929500000006])
)
dates = st.none() | st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2200-12-31").date())


@st.composite
def districts(draw: st.DrawFn) -> District:
    said = {
        name: draw(texts) for name in ("note", "description", "contact_name", "contact_phone", "goal", "text")
    }
    place = {"latitude": draw(numbers), "longitude": 0.5}
    if place["latitude"] is None:
        place = {}
    school_id = f"a{draw(texts)}".replace("|", "") or "s0"
    school = make_school(school_id, contact_name=said["contact_name"], **place, **{"=note": said["note"]})
    need = make_need(
        f"{draw(texts)}n",
        school_id=school_id,
        goal=said["goal"],
        budget=draw(st.none() | st.floats(0, 1e308).map(repr)),
    )
    partner = make_partner(
        "007",
        description=said["description"],
        contact_phone=said["contact_phone"],
        not_schools=[school_id, '="a0"'],
    )
    offer = make_offer(
        "-1", partner_id="007", cleared_until=draw(dates), trained_slots=draw(st.none() | st.integers(0, 5))
    )
    comment: Row = {
        "school_id": school_id,
        "respondent": "staff",
        "text": f"x{said['text']}",
        "term": draw(texts),
    }
    comments = [comment] * draw(st.integers(0, 2))
    return make_district(
        [need], [offer], schools=[school, make_school("a0")], partners=[partner], comments=comments
    )


def assert_same(one: District, other: District) -> None:
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)
    assert one.input_sha256 == other.input_sha256


@settings(max_examples=40, deadline=None)
@given(districts())
def test_folder_zip_and_workbook_hold_the_very_same_district(district: District) -> None:
    with TemporaryDirectory() as place:
        folder, packed, workbook = (Path(place, name) for name in ("d", "d.zip", "d.xlsx"))
        write_folder(district.tables, folder)
        from_folder = read_district(folder)
        write_zip(from_folder.tables, packed)
        from_zip = read_district(packed)
        write_workbook(from_zip.tables, workbook)
        for again in (from_folder, from_zip, read_district(workbook)):
            assert_same(district, again)


@given(st.sampled_from(HOSTILE) | st.text())
def test_every_text_comes_back_from_its_escape(text: str) -> None:
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_starts_a_formula(start: str) -> None:
    assert escaped(f"{start}HYPERLINK(0)") == f"'{start}HYPERLINK(0)"


@pytest.mark.parametrize("number", ["-5", "-122.4194", "0", "-0"])
def test_numbers_are_no_formulas(number: str) -> None:
    assert escaped(number) == number


@pytest.mark.parametrize("packed", ["-5+cmd|' /C calc'!A0", "-5\n", "-5.", "-1E5"])
def test_what_only_starts_like_a_number_is_escaped(packed: str) -> None:
    assert escaped(packed) == f"'{packed}"


def test_formulas_are_harmless_in_every_cell_and_header_of_a_csv_file(tmp_path: Path) -> None:
    need = make_need("=n", statement="=cmd|' /C calc'!A0", budget=5, **{"=note": "@x"})
    write_folder(make_district([need]).tables, tmp_path / "d")
    with (tmp_path / "d" / "needs.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in {"=", "+", "@", "\t", "\r"}] == []
    assert {"'=n", "'=cmd|' /C calc'!A0", "'=note", "'@x"} <= set(cells)


def test_texts_numbers_and_dates_of_a_workbook_are_such(tmp_path: Path) -> None:
    offer = make_offer("007", cost_to_school=-0.0, focus="=1+1", cleared_until="2027-06-30")
    write_workbook(make_district(offers=[offer]).tables, tmp_path / "d.xlsx")
    header, row = openpyxl.load_workbook(tmp_path / "d.xlsx")["offers"].iter_rows()
    types = {str(name.value): cell.data_type for name, cell in zip(header, row, strict=True)}
    assert [types[name] for name in ("offer_id", "focus", "slots", "cleared_until")] == ["s", "s", "n", "d"]


@pytest.mark.parametrize("day", ["1900-01-01", "1900-02-28", "1900-03-01", "2200-12-31"])
def test_dates_around_the_day_that_only_excel_knows_come_back(tmp_path: Path, day: str) -> None:
    district = make_district(offers=[make_offer(cleared_until=day)])
    write_workbook(district.tables, tmp_path / "d.xlsx")
    assert_same(district, read_district(tmp_path / "d.xlsx"))


def test_numbers_that_excel_would_round_are_texts_in_a_workbook(tmp_path: Path) -> None:
    place = {"latitude": "37.774929500000006", "longitude": "-122.4194"}
    write_workbook(make_district(schools=[make_school(**place)]).tables, tmp_path / "d.xlsx")
    header, row = openpyxl.load_workbook(tmp_path / "d.xlsx")["schools"].iter_rows(values_only=True)
    found = dict(zip(header, row, strict=True))
    assert (found["latitude"], found["longitude"]) == ("37.774929500000006", -122.4194)


def test_without_contacts_no_contact_and_no_unknown_column_leaves() -> None:
    school = make_school(contact_name="Ada", contact_email="a@x.org", principal="Grace")
    district = make_district(schools=[school], partners=[make_partner(contact_phone="555")])
    packed = io.BytesIO()
    write_zip(tables_of(district, with_contacts=False), packed)
    with zipfile.ZipFile(packed) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert not any(word in text for word in ("contact", "Ada", "a@x.org", "555", "principal", "Grace"))


def test_a_snapshot_without_contacts_has_the_same_hash(tmp_path: Path) -> None:
    district = read_district(DEMO)
    write_zip(tables_of(district, with_contacts=False), tmp_path / "d.zip")
    assert read_district(tmp_path / "d.zip").input_sha256 == district.input_sha256


def test_the_same_district_gives_the_same_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for file in (first, second):
        write_zip(read_district(DEMO).tables, file)
    assert first.getvalue() == second.getvalue()


@pytest.mark.skipif(not SAN_FRANCISCO.exists(), reason="the shared data is not on this machine")
def test_san_francisco_is_the_same_in_every_form(tmp_path: Path) -> None:
    district = read_district(SAN_FRANCISCO)
    write_workbook(district.tables, tmp_path / "d.xlsx")
    write_zip(district.tables, tmp_path / "d.zip")
    for name in ("d.xlsx", "d.zip"):
        assert_same(district, read_district(tmp_path / name))


def test_a_cell_longer_than_a_spreadsheet_holds_is_a_problem_that_does_not_show_it() -> None:
    with pytest.raises(
        DataError, match=r"needs row 2: found 32001 letters in column goal, expected at most 32000"
    ):
        make_district([make_need(goal="x" * 32_001)])
    assert len(make_district([make_need(goal="=" * 32_000)]).needs["goal"][0]) == 32_000
