"""A run's job: what it is made of, and that its files are those of the command line."""

import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from matching import read_district
from matching.district import District
from service.cli import app
from service.runs.job import RESULT, Job, Step, do, snapshot_of
from tests.districts import make_district, make_need, make_offer
from tests.service.runs.jobs import FIXTURES, ON, make_job, snapshot


def unpacked(data: bytes, folder: Path) -> District:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return read_district(folder)


def done(job: Job, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    do(job, folder, lambda step: None)
    paths = [path for path in (folder / RESULT).rglob("*") if path.is_file()]
    return {path.relative_to(folder / RESULT).as_posix(): path.read_bytes() for path in paths}


def by_command(folder: Path, command: str, district: str, *options: str) -> dict[str, bytes]:
    """Return the files that the command line writes for the snapshot of a district."""
    unpacked(snapshot(district), folder / district)
    given = ["--on", str(ON), "--model", "words", "--effort", "quick", "--out", str(folder / "out")]
    assert CliRunner().invoke(app, [command, str(folder / district), *given, *options]).exit_code == 0
    paths = [path for path in (folder / "out").rglob("*") if path.is_file()]
    return {path.relative_to(folder / "out").as_posix(): path.read_bytes() for path in paths}


def without_timings(files: dict[str, bytes]) -> dict[str, object]:
    """Return files with the only thing gone that may differ: how long each stage took."""
    found: dict[str, object] = dict(files)
    for name in files:
        if name.endswith("summary.json"):
            found[name] = {k: v for k, v in json.loads(files[name]).items() if k != "timings"}
    return found


def test_a_snapshot_has_no_contacts_and_no_unknown_columns(tmp_path: Path) -> None:
    district = read_district(FIXTURES / "tiny")
    district.schools["contact_email"] = "someone@school.test"
    district.schools["principal's phone"] = "555-0100"
    data = snapshot_of(district)
    assert not unpacked(data, tmp_path).schools["contact_email"].any()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"555-0100" not in archive.read("schools.csv")


def test_a_snapshot_reads_back_as_the_same_district(tmp_path: Path) -> None:
    district = read_district(FIXTURES / "demo")
    assert unpacked(snapshot_of(district), tmp_path).input_sha256 == district.input_sha256


def test_the_same_district_has_the_same_snapshot() -> None:
    assert snapshot_of(read_district(FIXTURES / "demo")) == snapshot("demo")


@pytest.mark.parametrize(
    ("kind", "district", "command", "options"),
    [
        ("match", "demo", "match", []),
        ("rematch", "midyear", "rematch", ["--max-moves", "3"]),
        ("curve", "tiny", "rematch", ["--curve"]),
    ],
)
def test_a_run_gives_the_files_of_the_command_line(
    kind: str, district: str, command: str, options: list[str], tmp_path: Path
) -> None:
    job = make_job(kind, district, max_moves=3 if kind == "rematch" else None)
    found = done(job, tmp_path / "run")
    assert without_timings(found) == without_timings(by_command(tmp_path, command, district, *options))


def test_policy_seed_and_effort_of_a_job_count(tmp_path: Path) -> None:
    job = make_job(policy="[fit]\nfloor = 0.31\n", seed=7, effort="thorough")
    summary = json.loads(done(job, tmp_path / "run")["summary.json"])
    assert summary["policy"]["fit"]["floor"] == 0.31
    assert (summary["seed"], summary["effort"]) == (7, "thorough")


@pytest.mark.parametrize("with_base", [True, False])
def test_a_question_about_a_plan_gives_what_the_command_line_prints(with_base: bool, tmp_path: Path) -> None:
    matches = by_command(tmp_path, "match", "tiny")["matches.csv"]
    base = [tuple(row) for row in pd.read_csv(io.BytesIO(matches))[["need_id", "offer_id", "slots"]].values]
    drop = {"change": "drop_partner", "partner_id": "P1"}
    job = make_job("what-if", "tiny", changes=(drop,), base=tuple(base) if with_base else None)
    found = done(job, tmp_path / "run")
    given = ["--on", str(ON), "--model", "words", "--effort", "quick", "--json", "--drop-partner", "P1"]
    printed = CliRunner().invoke(app, ["what-if", str(tmp_path / "tiny"), *given]).output
    assert json.loads(found["what-if.json"]) == json.loads(printed)
    assert "partnermatch" in json.loads(found["summary.json"])["versions"]


@pytest.mark.parametrize(
    "change",
    [
        {"change": "force", "need_id": "n0", "offer_id": "o0", "slots": 2},
        {"change": "forbid", "need_id": "n0", "offer_id": "o0"},
        {"change": "slots", "offer_id": "o0", "slots": -1},
        {"change": "drop_partner", "partner_id": "p0"},
    ],
)
def test_each_change_can_be_asked_about(change: dict[str, str | int | None], tmp_path: Path) -> None:
    district = make_district([make_need(slots=2), make_need("n1", slots=3)], [make_offer(slots=2)])
    job = Job("what-if", "a", snapshot_of(district), ON, model="words", changes=(change,))
    assert json.loads(done(job, tmp_path / "run")["what-if.json"])["sentence"]


@pytest.mark.parametrize("kind", ["match", "rematch", "curve", "what-if"])
def test_the_share_of_a_run_never_falls_and_ends_at_one(kind: str, tmp_path: Path) -> None:
    steps: list[Step] = []
    do(make_job(kind), tmp_path, steps.append)
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    levels = [level["name"] for level in steps[-1].levels]
    assert levels == [f"{line}-{priority}" for line in ("mentoring", "other") for priority in range(1, 6)]
