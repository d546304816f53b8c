"""Uploads that mean harm, or are only too large, are refused with one clear message before they are unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.archives import LIMITS, Limits
from matching.errors import DataError
from matching.exporting import csv_of, write_workbook, write_zip
from matching.files import Sheets, read_upload
from tests.districts import make_district, make_need

SHEET = "xl/worksheets/sheet1.xml"
NEEDS = csv_of(make_district([make_need()]).needs)


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def workbook_with(part: str, *swap: tuple[bytes, bytes]) -> bytes:
    """Return a real workbook with something swapped in one of its parts."""
    file = io.BytesIO()
    write_workbook({"needs": make_district([make_need()]).needs}, file)
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for old, new in swap:
        assert old in entries[part]
        entries[part] = entries[part].replace(old, new, 1)
    return packed(entries)


def read(data: bytes, name: str = "d.zip", limits: Limits = LIMITS) -> Sheets:
    return read_upload(io.BytesIO(data), name, limits)


def refused(data: bytes, name: str = "d.zip", limits: Limits = LIMITS) -> str:
    with pytest.raises(DataError) as caught:
        read(data, name, limits)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_a_table_is_known_by_the_name_of_its_file() -> None:
    assert list(read(NEEDS, "Needs.csv").by_table) == ["needs"]


def test_a_zip_may_hold_the_tables_in_a_folder_beside_what_a_mac_adds() -> None:
    data = packed(
        {
            "district/": b"",
            "district/needs.csv": NEEDS,
            "__MACOSX/district/._needs.csv": b"\0",
            "README.md": b"",
        }
    )
    sheets = read(data)
    assert (list(sheets.by_table), sheets.warnings, sheets.problems) == (["needs"], [], [])


def test_a_workbook_is_known_by_what_it_is_whatever_its_name() -> None:
    assert list(read(workbook_with(SHEET), "needs.csv").by_table) == ["needs"]


@pytest.mark.parametrize("name", ["d.csv", "needs.pdf", "needs", "../needs.exe"])
def test_what_is_no_table_is_refused(name: str) -> None:
    assert refused(NEEDS, name).startswith(f"found {name}, expected an .xlsx workbook, a .zip of CSV files")


def test_an_old_or_encrypted_workbook_is_refused() -> None:
    assert "an old workbook or has a password" in refused(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "d.xlsx"
    )


def test_a_zip_bomb_is_refused_without_unpacking_it() -> None:
    bomb = packed({"needs.csv": b"\0" * 300_000_000})
    assert len(bomb) < 400_000
    assert refused(bomb) == "found 300.0 MB packed in d.zip, expected at most 250.0 MB"


def test_a_small_zip_bomb_is_refused_for_its_ratio() -> None:
    assert "expected at most 200 bytes packed into one" in refused(packed({"needs.csv": b"\0" * 5_000_000}))


def test_a_zip_that_lies_about_its_size_is_not_unpacked_further() -> None:
    honest = packed({"needs.csv": b"a" * 100_000_000}, zipfile.ZIP_DEFLATED)
    size = struct.pack("<L", 100_000_000)
    lying = honest.replace(size, struct.pack("<L", 1_000))
    assert refused(lying) == "found needs.csv, which cannot be unpacked, expected a zip that is whole"


def test_too_large_a_file_is_refused_before_it_is_read() -> None:
    assert refused(NEEDS, "needs.csv", replace(LIMITS, file_bytes=10)) == (
        "found 0.0 MB in needs.csv, expected a file of at most 0.0 MB"
    )


def test_too_many_files_are_refused() -> None:
    many = packed({f"{number}.txt": b"" for number in range(1_001)})
    assert refused(many) == "found 1001 files in d.zip, expected at most 1000"


@pytest.mark.parametrize(
    "name", ["../needs.csv", "/etc/needs.csv", "a/../../needs.csv", "C:needs.csv", "..\\needs.csv"]
)
def test_names_that_lead_out_of_the_folder_are_refused(name: str) -> None:
    assert "leads out of its folder" in refused(packed({name: NEEDS}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("needs.csv", NEEDS)
        archive.writestr("needs.csv", b"")
    assert refused(file.getvalue()) == "found two files of one name in d.zip, expected each name once"


def test_a_zip_with_a_password_is_refused() -> None:
    data = bytearray(packed({"needs.csv": NEEDS}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "which has a password" in refused(bytes(data))


@pytest.mark.parametrize("name", ["d.zip", "needs.csv.gz", "d.xlsx", "more/d.7z"])
def test_a_zip_in_a_zip_is_refused(name: str) -> None:
    assert "which is packed itself, expected CSV files" in refused(
        packed({name: packed({"needs.csv": NEEDS})})
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_cannot_be_bounded_are_refused(method: int) -> None:
    assert "packed in an unusual way" in refused(packed({"needs.csv": NEEDS}, method))


def test_a_damaged_zip_is_refused() -> None:
    whole = packed({"needs.csv": NEEDS})
    assert "which cannot be read" in refused(whole[:-30])
    assert "which cannot be unpacked" in refused(whole.replace(whole[45:60], b"\xff" * 15))


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (replace(LIMITS, rows=1), "more than 1 rows"),
        (replace(LIMITS, columns=3), "16 columns in row 1"),
        (replace(LIMITS, cells=20), "more than 20 cells in all tables"),
    ],
)
@pytest.mark.parametrize("is_workbook", [False, True])
def test_too_many_rows_columns_or_cells_are_refused(limits: Limits, found: str, is_workbook: bool) -> None:
    assert refused(
        workbook_with(SHEET) if is_workbook else packed({"needs.csv": NEEDS}), limits=limits
    ).startswith(f"needs: found {found}, expected")


def test_cells_are_counted_over_all_tables() -> None:
    file = io.BytesIO()
    write_zip(make_district([make_need()]).tables, file)
    assert "more than 50 cells" in refused(file.getvalue(), limits=replace(LIMITS, cells=50))


def test_a_cell_far_away_does_not_fill_the_memory() -> None:
    assert "18278 columns in row 2" in refused(workbook_with(SHEET, (b'r="P2"', b'r="ZZZ2"')), "d.xlsx")
    far = workbook_with(SHEET, (b'<row r="2"', b'<row r="1900000000"'))
    assert "more than 500000 rows" in refused(far, "d.xlsx")


LOL = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 10))
BOMB = f'{{}}<!DOCTYPE worksheet [<!ENTITY l0 "lol">{LOL}]><worksheet>&l9;</worksheet>'


@pytest.mark.parametrize("before", ["", " ", "<!--" + "x" * ((1 << 20) - 9) + "-->"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_definitions_in_a_workbook_are_refused(before: str, encoding: str) -> None:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries[SHEET] = BOMB.format(before).encode(encoding)
    assert "d.xlsx, with definitions in its XML" in refused(
        packed(entries), "d.xlsx", replace(LIMITS, ratio=2_000)
    )


def test_a_row_of_a_workbook_with_millions_of_tags_is_refused() -> None:
    endless = workbook_with(SHEET, (b"</row>", b"<c/><c></c>" * 500_000 + b"</row>"))
    assert refused(endless, "d.xlsx", replace(LIMITS, ratio=2_000)).startswith(
        "found very many tags in d.xlsx"
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_spoilt_workbook_is_read_or_refused(data: st.DataObject) -> None:
    spoilt = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DataError):
        read(bytes(spoilt), "needs.csv")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_workbook_with_spoilt_xml_is_read_or_refused(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        entries = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    part = entries[data.draw(st.sampled_from(sorted(entries)))]
    start = data.draw(st.integers(0, len(part) - 1))
    part[start : start + data.draw(st.integers(0, 30))] = data.draw(
        st.sampled_from([b"", b"9", b"<c/>", b'"', b"-1", b"t"])
    )
    with suppress(DataError):
        read(packed({name: bytes(part) for name, part in entries.items()}), "d.xlsx")


WORKBOOK = workbook_with(SHEET)
