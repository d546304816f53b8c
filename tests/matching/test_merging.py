"""An upload into a district: what it adds, changes and takes away, and what is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd
import pytest

from matching.differences import CellChange, RowChange, differences
from matching.district import District
from matching.errors import DataError
from matching.exporting import write_zip
from matching.files import read_upload
from matching.merging import Mode, merged
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school

SAID: Row = {"school_id": "s0", "respondent": "family", "text": "Thank you"}


def district(**tables: Sequence[Row]) -> District:
    schools = [make_school("s0", contact_name="Ada", note="x"), make_school("s1")]
    needs = [make_need("n0", goal="read"), make_need("n1"), make_need("n2", school_id="s1")]
    return make_district(needs, [make_offer("o0")], schools=schools, name="test", **tables)


def upload(before: District, mode: Mode = Mode.MERGE, **csv: str) -> District:
    """Return the district with these tables uploaded, as text after the name of each."""
    packed = io.BytesIO()
    frames = {
        name: pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False) for name, text in csv.items()
    }
    write_zip(frames, packed)
    return merged(before, read_upload(packed, "d.zip"), mode)


def counts(before: District, after: District) -> dict[str, tuple[int, int, int]]:
    found = differences(before, after).counts
    told = {name: (row["added"], row["changed"], row["removed"]) for name, row in found.items()}
    return {name: row for name, row in told.items() if any(row)}


def problems(before: District, mode: Mode = Mode.MERGE, **csv: str) -> list[str]:
    with pytest.raises(DataError) as caught:
        upload(before, mode, **csv)
    return [str(problem) for problem in caught.value.problems]


def test_an_upload_of_what_is_there_changes_nothing() -> None:
    before = district(comments=[SAID, SAID])
    packed = io.BytesIO()
    write_zip(before.tables, packed)
    for mode in Mode:
        after = merged(before, read_upload(packed, "d.zip"), mode)
        assert counts(before, after) == {}
        for name, table in before.tables.items():
            pd.testing.assert_frame_equal(table, after.tables[name])


def test_a_known_id_changes_its_row_in_its_place_and_a_new_one_follows() -> None:
    before = district()
    needs = "need_id,school_id,statement,kind,slots\nn9,s0,New,event,2\nn1,s0,Help with reading,mentoring,7\n"
    after = upload(before, needs=needs)
    assert after.needs["need_id"].tolist() == ["n0", "n1", "n2", "n9"]
    assert after.needs["slots"].tolist() == [5, 7, 5, 2]
    assert counts(before, after) == {"needs": (1, 1, 0)}


def test_columns_that_the_upload_leaves_out_stay_in_a_merge_and_are_blank_in_a_replacement() -> None:
    before, schools = district(), "school_id,name,grades\ns0,School s0,PK-13\ns1,School s1,PK-13\n"
    assert upload(before, schools=schools).schools["contact_name"].tolist() == ["Ada", ""]
    after = upload(before, Mode.REPLACE, schools=schools)
    assert after.schools["contact_name"].tolist() == ["", ""]
    assert "note" not in after.schools


def test_a_blank_cell_of_a_column_that_is_there_makes_the_cell_blank() -> None:
    needs = "need_id,school_id,statement,kind,slots,goal\nn0,s0,Help with reading,mentoring,5,\n"
    assert upload(district(), needs=needs).needs["goal"].tolist() == ["", "", ""]


def test_replacing_takes_away_what_the_upload_does_not_hold() -> None:
    before = district()
    needs = "need_id,school_id,statement,kind,slots,priority,goal\nn2,s1,Help with reading,mentoring,5,3,\n"
    after = upload(before, Mode.REPLACE, needs=needs)
    assert after.needs["need_id"].tolist() == ["n2"]
    assert counts(before, after) == {"needs": (0, 0, 2)}
    assert len(after.offers) == 1


def test_a_row_without_an_id_is_added_as_often_as_it_is_missing() -> None:
    before = district(comments=[SAID])
    text = "school_id,respondent,text\n" + "s0,family,Thank you\n" * 3 + "s0,staff,More\n"
    after = upload(before, comments=text)
    assert counts(before, after) == {"comments": (3, 0, 0)}
    assert counts(before, upload(after, comments=text)) == {"comments": (3, 0, 0)}


def test_replacing_rows_without_ids_counts_each() -> None:
    before = district(comments=[SAID, SAID, SAID | {"term": "fall 2026"}])
    after = upload(
        before, Mode.REPLACE, comments="school_id,respondent,text\ns0,family,Thank you\ns0,staff,More\n"
    )
    assert after.comments["text"].tolist() == ["Thank you", "More"]
    assert counts(before, after) == {"comments": (1, 0, 2)}


def test_rows_without_ids_are_compared_by_the_columns_uploaded() -> None:
    before = district(comments=[SAID | {"term": "fall 2026", "note": "x"}])
    assert counts(before, upload(before, comments="school_id,respondent,text\ns0,family,Thank you\n")) == {}


def test_new_unknown_columns_are_kept() -> None:
    after = upload(district(), schools="school_id,name,grades,colour\ns1,School s1,PK-13,red\n")
    assert after.schools[["note", "colour"]].to_numpy().tolist() == [["x", ""], ["", "red"]]


def test_needs_alone_are_checked_against_the_schools_of_the_district() -> None:
    needs = "need_id,school_id,statement,kind,slots\n\nn5,s9,Help,event,2\n"
    assert problems(district(), needs=needs) == [
        'needs row 2, column school_id: found "s9", expected a school_id from table schools'
    ]


def test_a_row_that_stays_and_loses_its_school_is_told_by_its_id() -> None:
    schools = "school_id,name,grades\ns0,School s0,PK-13\n"
    assert problems(district(), Mode.REPLACE, schools=schools) == [
        'needs, column school_id: found "s1" at need_id n2 of the district, '
        "expected a school_id from table schools"
    ]


def test_a_row_without_an_id_that_stays_and_does_not_fit_is_told_by_its_place() -> None:
    before = district(
        evidence=[{"school_id": "s1", "need_id": "n2", "source": "survey", "measure": "x", "value": 1}]
    )
    needs = "need_id,school_id,statement,kind,slots\nn2,s0,Help,event,2\n"
    assert problems(before, needs=needs) == [
        'evidence, column need_id: found "n2" at row 1 of the district, expected a need of the row\'s school'
    ]


def test_cells_of_the_upload_and_of_the_district_are_compared_with_each_other() -> None:
    assert problems(
        district(), needs="need_id,school_id,statement,kind,slots,min_slots\nn0,s0,H,event,3,4\n"
    ) == ['needs row 2, column min_slots: found "4", expected at most the row\'s slots']


def test_all_problems_of_all_tables_come_in_one_go() -> None:
    found = problems(
        district(),
        needs="need_id,school_id,statement,kind,slots\nn0,s9,H,event,3\nn0,s0,H,evnt,3\n",
        offers="partner_id,focus,kinds,slots\np0,Reading,event,3\n",
    )
    assert [problem.partition(": ")[0] for problem in found] == [
        *("needs row 2, column school_id", "needs row 3, column need_id", "needs row 3, column kind"),
        "offers, column offer_id",
    ]


def test_a_running_match_given_twice_is_refused_in_its_uploaded_row() -> None:
    before = district(partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2, "status": "active"}])
    (found,) = problems(before, partnerships="need_id,offer_id,slots,status\nn0,o0,3,active\n")
    assert found.startswith('partnerships row 2, column offer_id: found "o0", expected a pair')


def test_an_upload_without_a_table_is_refused() -> None:
    with pytest.raises(DataError, match="found no table of a district, expected at least one of schools"):
        merged(district(), read_upload(io.BytesIO(b"\n"), "convenings.csv"))


def test_a_changed_row_is_told_cell_by_cell_and_contacts_only_as_changed() -> None:
    before = district()
    schools = "school_id,name,grades,contact_name,note\ns0,New name,PK-13,Grace,x\n"
    (found,) = differences(before, upload(before, schools=schools)).rows()
    name = CellChange("name", "School s0", "New name")
    assert found == RowChange("schools", "changed", "s0", (name, CellChange("contact_name", None, None)))


def test_an_added_row_is_told_by_its_cells_and_its_contacts_are_not() -> None:
    before = make_district([make_need()])
    after = make_district([make_need()], partners=[make_partner("p5", contact_phone="555")])
    (found,) = differences(before, after).rows()
    assert (found.change, found.key) == ("added", "p5")
    assert [cell for cell in found.cells if cell.column == "contact_phone"] == [
        CellChange("contact_phone", None, None)
    ]
    assert CellChange("kind", None, "nonprofit") in found.cells
    (gone,) = differences(after, before).rows()
    assert (gone.change, CellChange("kind", "nonprofit", None) in gone.cells) == ("removed", True)


def test_pages_of_changes_are_all_of_them_in_order() -> None:
    before, after = (
        make_district([make_need("a"), make_need("b")]),
        make_district([make_need("b", slots=1), make_need("c"), make_need("d")], [make_offer()]),
    )
    found = differences(before, after)
    rows = found.rows()
    assert [(row.table, row.change, row.key) for row in rows] == [
        *(
            ("needs", "changed", "b"),
            ("needs", "added", "c"),
            ("needs", "added", "d"),
            ("needs", "removed", "a"),
        ),
        *(("partners", "added", "p0"), ("offers", "added", "o0")),
    ]
    assert [row for start in range(0, 6, 2) for row in found.rows(start, 2)] == rows
    assert found.rows(6, 2) == []


def test_order_and_empty_columns_are_no_difference() -> None:
    before = make_district([make_need("a"), make_need("b")])
    after = make_district([make_need("b"), make_need("a", note="")])
    assert len(differences(before, after)) == 0


def test_blanks_numbers_and_dates_are_compared_by_value() -> None:
    same = {"budget": 1.5, "priority": None, "min_slots": 2}
    before, after = (
        make_district([make_need("a", **same)]),
        make_district([make_need("a", **same | {"budget": None})]),
    )
    (row,) = differences(before, after).rows()
    assert row.cells == (CellChange("budget", "1.5", ""),)
