"""A district that passed: its types, its defaults, its hash."""

import pickle

import pandas as pd
import pytest

from matching.errors import DataError, Problem
from matching.schemas import TABLES
from matching.tables import district_from_tables
from tests.districts import make_district, make_need, make_offer, make_school, make_tables


def test_absent_tables_are_empty_with_all_columns() -> None:
    district = make_district()
    for name, table in TABLES.items():
        assert list(district.tables[name].columns) == list(table.columns_by_name)
    assert len(district.convenings) == 0


def test_columns_have_their_types_in_full_and_in_empty_tables() -> None:
    full = make_district([make_need()], [make_offer(partner_id="p0")])
    empty = make_district()
    for name in TABLES:
        assert full.tables[name].dtypes.equals(empty.tables[name].dtypes)
    types = {"need_id": "str", "slots": "int64", "priority": "Int64", "budget": "float64", "languages": "str"}
    assert {name: str(full.needs[name].dtype) for name in types} == types
    assert str(full.offers["cleared_until"].dtype) == "datetime64[s]"
    assert str(full.needs["in_improvement_plan"].dtype) == "bool"


def test_blank_cells_stay_blank_for_the_rules_to_fill() -> None:
    need = make_district([make_need(priority="")]).needs.iloc[0]
    assert pd.isna(need.priority)
    assert pd.isna(need.min_slots)
    assert pd.isna(need.budget)
    assert (need.grades, need.schedule, need.languages, need.in_improvement_plan) == ("", "", "", False)


def test_rows_stand_in_the_order_of_the_file_from_index_zero() -> None:
    needs = make_district([make_need("n2"), make_need("n1")]).needs
    assert needs["need_id"].tolist() == ["n2", "n1"]
    assert needs.index.equals(pd.RangeIndex(2))


def test_lists_are_split_by_bars_alone_except_languages_and_kinds() -> None:
    offer = make_offer(kinds="tutoring; Mentoring", languages="English, Spanish")
    school = make_school(languages=" English ||Spanish|English")
    district = make_district(offers=[offer], schools=[school])
    assert district.offers["kinds"].tolist() == ["mentoring|tutoring"]
    assert district.offers["languages"].tolist() == ["English|Spanish"]
    assert district.schools["languages"].tolist() == ["English|Spanish"]


def test_arguments_are_not_modified() -> None:
    tables = make_tables([make_need(slots="5.0")])
    before = tables["needs"].copy()
    district_from_tables(tables)
    pd.testing.assert_frame_equal(tables["needs"], before)


def test_hash_follows_what_the_cells_say_and_not_how() -> None:
    plain, odd = make_need(slots=5, grades="K-2"), make_need(slots="5.0", grades="Kindergarten to 2nd")
    assert make_district([plain]).input_sha256 == make_district([odd]).input_sha256
    assert make_district([plain]).input_sha256 != make_district([make_need(slots=6)]).input_sha256


def test_hash_leaves_out_contacts_and_unknown_columns() -> None:
    plain = make_district(schools=[make_school()])
    more = make_district(schools=[make_school(contact_email="a@example.org", note="new")])
    assert plain.input_sha256 == more.input_sha256


def test_hash_tells_neighbouring_cells_apart() -> None:
    one = make_district([make_need(goal="ab", focus_area="")])
    other = make_district([make_need(goal="", focus_area="ab")])
    assert one.input_sha256 != other.input_sha256


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            Problem("needs", 14, "slots", "ten", "a number"),
            'needs row 14, column slots: found "ten", expected a number',
        ),
        (
            Problem("needs", 14, "slots", "", "a number"),
            "needs row 14, column slots: found a blank cell, expected a number",
        ),
        (Problem("needs", 2, "kind", "a\nb", "x"), 'needs row 2, column kind: found "a b", expected x'),
        (Problem("needs", None, None, "no such table", "x"), "needs: found no such table, expected x"),
        (Problem("", None, None, "nothing at d", "x"), "found nothing at d, expected x"),
    ],
)
def test_problem_reads_as_a_sentence(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_long_cell_is_cut_in_a_problem() -> None:
    assert '"' + 80 * "x" + '..."' in str(Problem("needs", 2, "kind", 200 * "x", "a kind"))


def test_data_error_survives_the_way_between_processes() -> None:
    error = DataError([Problem("needs", 2, "slots", "ten", "a number")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems
