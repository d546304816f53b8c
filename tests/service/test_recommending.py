"""`partnermatch recommend` both ways, as a coordinator reads it and as a program does."""

import json

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from tests.districts import make_need, make_offer, make_partner, make_tables, write_folder

QUICK = ("--on", "2026-09-14", "--model", "words")


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> str:
    needs = [
        make_need("n0", statement="Reading mentors for grade three", slots=4, title="Reading"),
        make_need("n1", statement="Reading mentors", slots=4, priority=1),
        make_need("n2", statement="Reading mentors", grades="PK"),
    ]
    offers = [
        make_offer("o0", focus="Mentors for reading, grade three", slots=5, grades="3"),
        make_offer("o1", partner_id="p1", focus="Reading mentors", slots=2),
    ]
    running = [{"need_id": "n1", "offer_id": "o1", "slots": 2, "status": "active"}]
    partners = [make_partner("p0", name="Readers [of] Elm"), make_partner("p1", name="Oak Library")]
    tables = make_tables(needs, offers, partners=partners, partnerships=running)
    return str(write_folder(tables, tmp_path_factory.mktemp("recommend") / "district"))


def recommend(district: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["recommend", district, *arguments, *QUICK])


def test_offers_for_a_need_say_who_can_come_now_and_why(district: str) -> None:
    said = " ".join(recommend(district, "--need", "n0").stdout.split())
    assert said.startswith(
        "School s0 (n0), mentoring, priority 3, 4 of 4 slots open Reading mentors for grade three"
    )
    assert "1. Readers [of] Elm (o0), fit" in said
    assert "5 of 5 slots free" in said
    assert "2. Oak Library (o1), fit" in said
    assert "Not now: no free slots (capacity)" in said


def test_needs_for_a_partner_say_how_much_is_open_and_which_rule_keeps_the_next_away(district: str) -> None:
    said = " ".join(recommend(district, "--partner", "p0").stdout.split())
    assert said.startswith(
        "Readers [of] Elm (p0) o0, mentoring, 5 of 5 slots free: Mentors for reading, grade three"
    )
    assert "School s0 (n0), mentoring, priority 3, 4 of 4 slots open, fit" in said
    assert "School s0 (n1), mentoring, priority 1, 2 of 4 slots open, fit" in said
    assert (
        "Also similar, but a rule stands in the way School s0 (n2): other grades (grades) Reading mentors"
        in said
    )


def test_an_offer_is_told_what_runs_already(district: str) -> None:
    said = " ".join(recommend(district, "--offer", "o1").stdout.split())
    assert "(n1), mentoring, priority 1, 2 of 4 slots open, fit" in said
    assert "with o1, 2 slots here already Not now: no free slots (capacity)" in said


def test_a_text_has_no_priority_and_no_open_slots(district: str) -> None:
    said = recommend(district, "--text", "Reading", "--kind", "mentoring", "--school", "s0").stdout
    assert said.splitlines()[:2] == ["Mentoring, School s0", "Reading"]
    assert "No offer of this kind" in recommend(district, "--text", "x", "--kind", "event").stdout


def test_a_program_reads_both_ways_as_json(district: str) -> None:
    offers = json.loads(recommend(district, "--need", "n0", "--json").stdout)
    assert (offers["need_id"], [row["offer_id"] for row in offers["offers"]]) == ("n0", ["o0", "o1"])
    assert [row["blocked_by"] for row in offers["offers"]] == ["", "capacity"]
    needs = json.loads(recommend(district, "--partner", "p0", "--json").stdout)
    assert (needs["partner_id"], [row["need_id"] for row in needs["needs"]]) == ("p0", ["n0", "n1"])
    assert [(row["need_id"], row["rules"]) for row in needs["near_misses"]] == [("n2", "grades")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--partner", "p0", "--offer", "o0"),
        ("--partner", "p0", "--kind", "event"),
        ("--need", "n0", "--offer", "o0"),
    ],
)
def test_two_questions_at_once_are_refused(district: str, arguments: tuple[str, ...]) -> None:
    assert recommend(district, *arguments).exit_code == 2


@pytest.mark.parametrize(("option", "its_id"), [("--partner", "p9"), ("--offer", "o9")])
def test_an_unknown_id_is_refused(district: str, option: str, its_id: str) -> None:
    refused = recommend(district, option, its_id)
    assert refused.exit_code == 2
    assert its_id in refused.output


def test_a_focus_area_leaves_what_is_about_it(district: str) -> None:
    both = json.loads(recommend(district, "--need", "n0", "--json").stdout)
    assert both["focus_area"] == "reading"
    assert [offer["focus_area"] for offer in both["offers"]] == ["reading", "reading|mentoring"]
    about = json.loads(recommend(district, "--need", "n0", "--area", "Lectura", "--json").stdout)
    assert about == both
    none = json.loads(recommend(district, "--partner", "p0", "--area", "food", "--json").stdout)
    assert (none["needs"], none["near_misses"]) == ([], [])


def test_an_unknown_focus_area_is_refused(district: str) -> None:
    refused = recommend(district, "--need", "n0", "--area", "falconry")
    assert refused.exit_code == 2
    assert "Area falconry: expected one of mentoring" in " ".join(refused.stderr.split())


def test_the_focus_areas_are_listed() -> None:
    assert "| `reading` | Reading (lectura) |" in CliRunner().invoke(app, ["tables", "--areas"]).stdout
