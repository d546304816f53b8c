"""The commands what-if, why-not and alternates, run as a coordinator or a program would run them."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app

DEMO = str(Path(__file__).parents[2] / "fixtures" / "demo")
QUICK = ("--on", "2026-09-14", "--model", "words")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asking") / "out"
    assert run("match", DEMO, *QUICK, "--effort", "quick", "--out", str(folder)).exit_code == 0
    return folder / "matches.csv"


def first_match(plan: Path) -> dict[str, str]:
    with plan.open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if int(row["slots"]) > 1)


def test_what_if_tells_levels_and_matches(plan: Path) -> None:
    match = first_match(plan)
    change = f"{match['need_id']}={match['offer_id']}"
    result = run("what-if", DEMO, *QUICK, "--matches", str(plan), "--forbid", change)
    assert result.exit_code == 0
    assert f"({match['offer_id']})" in result.output
    assert "would change" in result.output


def test_a_loss_that_is_not_proven_is_not_told_as_certain(plan: Path) -> None:
    result = run("what-if", DEMO, *QUICK, "--matches", str(plan), "--drop-partner", "P001")
    assert "would lose" in result.output
    assert "matching anew may lose less" in " ".join(result.output.split())


def test_what_if_in_json_has_levels_and_moves(plan: Path) -> None:
    match = first_match(plan)
    result = run(
        "what-if", DEMO, *QUICK, "--matches", str(plan), "--drop-partner", match["partner_id"], "--json"
    )
    answer = json.loads(result.output)
    ended = {(move["need_id"], move["offer_id"]) for move in answer["moves"] if not move["after"]}
    assert (match["need_id"], match["offer_id"]) in ended
    assert {"sentence", "levels", "moves", "keep", "even", "fit", "is_proven"} == set(answer)


def test_what_if_matches_anew_where_no_plan_is_given() -> None:
    tiny = str(Path(DEMO).parent / "tiny")
    result = run("what-if", tiny, *QUICK, "--slots", "O1=+1", "--slots", "O2=-1")
    assert result.exit_code == 0
    assert "would" in result.output


def test_why_not_names_the_rule_and_what_would_bring_it_in(plan: Path) -> None:
    result = run("why-not", DEMO, "N001", "O001", *QUICK, "--matches", str(plan))
    assert result.exit_code == 0
    assert "the offer for grades 9-12" in result.output
    assert "What would bring it in" in result.output


def test_alternates_are_listed_for_a_need_and_for_an_offer(plan: Path) -> None:
    match = first_match(plan)
    asked = (
        "alternates",
        DEMO,
        match["need_id"],
        match["offer_id"],
        *QUICK,
        "--matches",
        str(plan),
        "--json",
    )
    assert all(one["need_id"] == match["need_id"] for one in json.loads(run(*asked).output))
    assert all(
        one["offer_id"] == match["offer_id"] for one in json.loads(run(*asked, "--other-needs").output)
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--force", "N001"], "--force N001: expected NEED=OFFER, such as N012=O034."),
        (["--force", "N001=O003:many"], "expected NEED=OFFER:SLOTS, such as N012=O034:4."),
        (["--force", "N001=O003:x:"], "--force N001=O003:x:: expected NEED=OFFER:SLOTS"),
        (["--slots", "O003=3"], "expected OFFER=+N or OFFER=-N, such as O034=+3."),
        (["--drop-partner", "P999"], "Partner P999: expected the id of one of this district, found none."),
        (["--force", "N001=O003"], "N001=O003: a rule excludes this pair"),
        ([], "What if what? Give --force, --forbid, --slots or --drop-partner."),
    ],
)
def test_what_cannot_be_asked_is_one_clear_message(plan: Path, arguments: list[str], said: str) -> None:
    result = run("what-if", DEMO, *QUICK, "--matches", str(plan), *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_a_plan_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    typed = tmp_path / "typed.csv"
    typed.write_text("need_id,offer_id,slots\nN001,O001,1\n", encoding="utf-8")
    result = run("why-not", DEMO, "N001", "O003", *QUICK, "--matches", str(typed))
    assert result.exit_code == 2
    assert "names them all" in " ".join(result.output.split())
