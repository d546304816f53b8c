"""The commands from-hsds and to-hsds, run as a coordinator would run them."""

import zipfile
from pathlib import Path

from typer.testing import CliRunner, Result

from matching.tables import read_district
from service.cli import app
from tests.matching.hsds.directories import SERVICE, make_directory, rows_of, uid

TINY = Path(__file__).parents[2] / "fixtures" / "tiny"
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_from_hsds_writes_partners_and_offers_and_says_what_is_lacking(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--partner-kind", "charity", "--kinds", "mentoring|event", "--slots", "4")
    result = run("from-hsds", make_directory(tmp_path / "hsds"), "--out", out, *options)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["offers.csv", "partners.csv"]
    assert rows_of(out / "partners.csv")[0]["kind"] == "charity"
    assert (rows_of(out / "offers.csv")[0]["kinds"], rows_of(out / "offers.csv")[0]["slots"]) == (
        "mentoring|event",
        "4",
    )
    assert "needs schools.csv and needs.csv beside them" in result.output
    assert "HSDS does not say the kind of 1 of 1 partners; charity is assumed." in result.output


def test_from_hsds_into_a_district_writes_all_its_tables_and_leaves_it_alone(tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in TINY.iterdir()}
    result = run("from-hsds", make_directory(tmp_path / "hsds"), "--into", TINY, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    old, new = read_district(TINY), read_district(tmp_path / "out")
    assert new.partners["partner_id"].tolist() == [*old.partners["partner_id"], uid(1)]
    assert new.needs.equals(old.needs)
    assert before == {path.name: path.read_bytes() for path in TINY.iterdir()}


def test_from_hsds_names_bad_cells_ends_with_2_and_writes_nothing(tmp_path: Path) -> None:
    bad = make_directory(tmp_path / "hsds", services=[{**SERVICE, "status": "open"}])
    result = run("from-hsds", bad, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert 'services row 2, column status: found "open", expected one of active' in result.output
    assert not (tmp_path / "out").exists()


def test_from_hsds_refuses_an_assumption_it_does_not_know(tmp_path: Path) -> None:
    result = run(
        "from-hsds", make_directory(tmp_path / "hsds"), "--out", tmp_path / "out", "--kinds", "childcare"
    )
    assert result.exit_code == 2
    assert "expected one or more of mentoring" in result.output


def test_to_hsds_leaves_contacts_out_and_says_so(tmp_path: Path) -> None:
    result = run("to-hsds", DEMO, "--out", tmp_path / "out", "--on", "2026-09-14")
    assert result.exit_code == 0, result.output
    assert "Contacts were left out" in result.output
    assert rows_of(tmp_path / "out" / "contacts.csv") == []


def test_to_hsds_writes_contacts_that_are_asked_for(tmp_path: Path) -> None:
    assert run("to-hsds", DEMO, "--out", tmp_path / "hsds.zip", "--contacts").exit_code == 0
    with zipfile.ZipFile(tmp_path / "hsds.zip") as archive:
        assert b"f.marchetti@example.com" in archive.read("contacts.csv")


def test_a_district_that_went_out_and_came_back_into_itself_is_the_same(tmp_path: Path) -> None:
    assert run("to-hsds", DEMO, "--out", tmp_path / "hsds.zip", "--on", "2026-09-14").exit_code == 0
    assert run("from-hsds", tmp_path / "hsds.zip", "--into", DEMO, "--out", tmp_path / "out").exit_code == 0
    assert read_district(tmp_path / "out").input_sha256 == read_district(DEMO).input_sha256
