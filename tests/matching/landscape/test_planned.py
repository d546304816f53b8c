"""Supply against demand by focus area."""

from pathlib import Path

from matching.landscape.planned import AreaLandscape, landscape_of
from matching.pipeline import Matching
from matching.report.csv_files import write_landscape
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import make_policy, run_match


def matching() -> Matching:
    """Return a plan in which food helpers fill a part of a need for math, the only one there is."""
    needs = [
        make_need("n0", statement="Algebra", slots=5),
        make_need("n1", statement="Fractions and geometry", slots=4, kind="tutoring"),
        make_need("n2", statement="Xyzzy", slots=9, kind="event"),
    ]
    offers = [make_offer(focus="Groceries and canned goods", slots=3)]
    return run_match(make_district(needs, offers), make_policy(fit={"floor": 0}))


def test_every_need_and_offer_counts_once_the_most_open_slots_first() -> None:
    rows = landscape_of(matching())
    assert rows == [
        AreaLandscape("math", "Math", "Academics", 2, 9, 3, 0, 0, 0),
        AreaLandscape("food", "Food for families", "Basic needs", 0, 0, 0, 1, 3, 3),
        AreaLandscape("", "No clear area", "", 1, 9, 0, 0, 0, 0),
    ]
    assert [row.slots_open for row in rows] == [6, 0, 9]


def test_nothing_asked_and_nothing_offered_is_no_landscape() -> None:
    assert landscape_of(run_match(make_district())) == []


def test_the_file_has_a_row_an_area(tmp_path: Path) -> None:
    write_landscape(tmp_path / "landscape.csv", landscape_of(matching()))
    assert (tmp_path / "landscape.csv").read_text(encoding="utf-8").splitlines() == [
        "area,name,group,num_needs,slots_needed,slots_filled,slots_open,num_offers,slots_offered,slots_used",
        "math,Math,Academics,2,9,3,6,0,0,0",
        "food,Food for families,Basic needs,0,0,0,0,1,3,3",
        ",No clear area,,1,9,0,9,0,0,0",
    ]
