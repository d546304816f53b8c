"""What a mid-year plan changes, as the page, the workbook and the files tell it."""

from pathlib import Path

import pandas as pd
import pytest

from embeddings import WordHashEncoder
from matching.district import District
from matching.pipeline import Run
from matching.rematching import rematch_curve
from matching.report.changes import ChangesStory, changes_story
from matching.report.rematch import write_rematch
from matching.tables import read_matches
from tests.districts import make_district, make_need, make_offer
from tests.matching.test_rematching import ON, runs


def busy_district() -> District:
    """An urgent need without a partner, the only offer busy with a less urgent one, and an offer withdrawn."""
    needs = [
        make_need(None, kind="tutoring", slots=4, priority=1, title="Reading <now>"),
        make_need(None, kind="tutoring", slots=4, priority=5, school_id="s1"),
    ]
    offers = [
        make_offer(None, kinds=["tutoring"], slots=4),
        make_offer("gone", kinds=["tutoring"], slots=0),
    ]
    return make_district(needs, offers, partnerships=[runs("n1", "o0", 4), runs("n0", "gone", 2)])


@pytest.fixture(scope="module")
def story() -> ChangesStory:
    return changes_story(rematch_curve(busy_district(), run=Run(on=ON), encoder=WordHashEncoder()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rematch") / "out"
    write_rematch(
        rematch_curve(busy_district(), run=Run(on=ON), encoder=WordHashEncoder()), out, is_curve=True
    )
    return out


def test_what_the_world_ends_is_called_before_what_the_plan_moves(story: ChangesStory) -> None:
    assert [(call.school, call.is_forced, call.before, call.after) for call in story.calls] == [
        ("School s0", True, 2, 0),
        ("School s1", False, 4, 0),
    ]
    assert (story.moves, story.forced) == (4, 2)


def test_slots_before_and_after_are_told_by_level_and_kind(story: ChangesStory) -> None:
    assert [(shift.before, shift.after) for shift in story.levels] == [(2, 4), (4, 0)]
    assert [(shift.name, shift.before, shift.after) for shift in story.kinds] == [("Tutoring", 6, 4)]


def test_every_school_and_partner_has_its_own_page_of_changes(story: ChangesStory) -> None:
    assert [(page.name, page.before, page.after) for page in story.schools] == [
        ("School s0", 2, 4),
        ("School s1", 4, 0),
    ]
    assert sum(len(page.changes) for page in story.partners) == 3


def test_the_curve_tells_the_share_of_the_gain_of_each_plan(story: ChangesStory) -> None:
    assert [(point.moves, point.gain) for point in story.curve] == [(0, 0.0), (1, 0.25), (2, 0.5), (4, 1.0)]


def test_every_plan_of_the_curve_has_its_folder_and_the_last_stands_above(folder: Path) -> None:
    curve = pd.read_csv(folder / "curve.csv")
    assert curve["folder"].tolist() == ["moves-0000", "moves-0001", "moves-0002", "moves-0004"]
    assert curve["other-1"].tolist() == [0, 1, 2, 4]
    for name, moves in zip(curve["folder"], curve["moves"], strict=True):
        changes = pd.read_csv(folder / name / "changes.csv")
        assert changes["moved"].sum() == moves
        assert (folder / name / "partnerships.csv").exists()
    assert len(read_matches(folder / "matches.csv")) == 1


def test_the_page_escapes_what_the_tables_say_and_links_every_section(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Reading &lt;now&gt;" in page
    assert "<now>" not in page
    for anchor in ("changes", "curve", "calls", "changes-by-school", "changes-by-partner"):
        assert f'id="{anchor}"' in page


def test_the_workbook_begins_with_the_changes(folder: Path) -> None:
    sheets = pd.read_excel(folder / "district.xlsx", sheet_name=None)
    assert next(iter(sheets)) == "Changes"
    assert sheets["Changes"]["Change"].tolist() == ["Ends", "Ends", "Begins"]


def test_a_curve_of_one_plan_is_written_as_a_curve_too(tmp_path: Path) -> None:
    idle = make_district([make_need(kind="tutoring")], [make_offer(kinds=["tutoring"])])
    points = rematch_curve(idle, run=Run(on=ON), encoder=WordHashEncoder())
    write_rematch(points, tmp_path / "out", is_curve=True)
    assert pd.read_csv(tmp_path / "out" / "curve.csv")["folder"].tolist() == ["moves-0000"]
    assert (tmp_path / "out" / "moves-0000" / "changes.csv").exists()


def test_a_closed_need_has_a_line_of_its_own_among_the_levels() -> None:
    needs = [make_need(None, kind="tutoring", slots=0), make_need(None, kind="tutoring", slots=2)]
    offers = [make_offer(None, kinds=["tutoring"], slots=4)]
    district = make_district(needs, offers, partnerships=[runs("n0", "o0", 3)])
    story = changes_story(rematch_curve(district, run=Run(on=ON), encoder=WordHashEncoder()))
    assert [(shift.name, shift.before, shift.after) for shift in story.levels][-1] == ("Closed needs", 3, 0)
    assert sum(shift.before for shift in story.levels) == sum(shift.before for shift in story.kinds)
