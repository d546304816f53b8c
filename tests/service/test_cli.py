"""The command line, run as a coordinator or a program would run it."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from matching.policy import Policy, policy_from_mapping, settings_of
from service.cli import app

PROJECT = Path(__file__).parents[2]
DEMO = str(PROJECT / "fixtures" / "demo")
SAN_FRANCISCO = PROJECT.parent / "shared" / "data" / "san-francisco"
FILES = {
    "matches.csv",
    "unmet.csv",
    "recruiting.csv",
    "landscape.csv",
    "summary.json",
    "report.html",
    "district.xlsx",
}
QUICK = ("--on", "2026-09-14", "--model", "words")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert run("match", DEMO, *QUICK, "--effort", "quick", "--out", str(folder)).exit_code == 0
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spoilt_demo(folder: Path, table: str, old: str, new: str) -> str:
    shutil.copytree(DEMO, folder / "spoilt")
    path = folder / "spoilt" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(folder / "spoilt")


def test_check_counts_what_a_good_district_holds() -> None:
    result = run("check", DEMO)
    assert result.exit_code == 0
    assert "40 schools, 180 needs, 130 partners" in result.output


def test_check_names_every_bad_cell_and_ends_with_2(tmp_path: Path) -> None:
    result = run("check", spoilt_demo(tmp_path, "needs", ",mentoring,", ",mentorship,"))
    assert result.exit_code == 2
    assert 'needs row 2, column kind: found "mentorship", expected' in result.output


def test_check_gives_a_program_the_problems_as_json(tmp_path: Path) -> None:
    result = run("check", spoilt_demo(tmp_path, "needs", ",mentoring,", ",mentorship,"), "--json")
    (problem,) = json.loads(result.output)["problems"]
    assert (problem["table"], problem["row"], problem["column"]) == ("needs", 2, "kind")


def test_match_writes_every_file_and_says_where_the_report_is(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == FILES


def test_match_prints_levels_best_matches_gaps_and_the_report(tmp_path: Path) -> None:
    result = run("match", DEMO, *QUICK, "--effort", "quick", "--out", str(tmp_path / "out"))
    for words in ("mentoring-1", "proven", "Best matches", "Most urgent gaps", "report.html"):
        assert words in result.output


def test_recruit_says_whom_to_look_for_and_why_levels_stay_short() -> None:
    result = run("recruit", DEMO, *QUICK, "--effort", "quick")
    assert result.exit_code == 0
    for words in (
        "Who to recruit",
        "more mentoring slots, trained and cleared",
        "Why each level stays short",
        "of priority 1 at",
    ):
        assert words in result.output


def test_recruit_gives_a_program_the_same_as_match_writes(out: Path) -> None:
    brief = json.loads(run("recruit", DEMO, *QUICK, "--effort", "quick", "--json").output)
    assert brief == json.loads((out / "summary.json").read_text(encoding="utf-8"))["recruiting"]
    assert [line["sentence"] for line in brief["recruits"]] == [
        row["sentence"] for row in rows(out / "recruiting.csv")
    ]


def test_match_writes_nothing_for_a_bad_district(tmp_path: Path) -> None:
    bad = spoilt_demo(tmp_path, "offers", ",mentoring,", ",mentorship,")
    result = run("match", bad, *QUICK, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_match_refuses_an_unknown_setting_of_the_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[fit]\nflor = 0.5\n")
    result = run("match", DEMO, *QUICK, "--out", str(tmp_path / "out"), "--policy", str(policy))
    assert result.exit_code == 2
    assert "fit.flor" in result.output


def test_match_says_when_the_results_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("match", DEMO, *QUICK, "--effort", "quick", "--out", str(tmp_path / "file"))
    assert result.exit_code == 2
    assert "file" in result.output


def test_match_as_json_prints_the_summary(tmp_path: Path) -> None:
    result = run("match", DEMO, *QUICK, "--effort", "quick", "--out", str(tmp_path / "out"), "--json")
    summary = json.loads(result.stdout)
    assert summary["on"] == "2026-09-14"
    assert summary["levels"][0]["name"] == "mentoring-1"


def test_audit_passes_what_match_wrote(out: Path) -> None:
    result = run("audit", DEMO, str(out / "matches.csv"), *QUICK)
    assert result.exit_code == 0, result.output
    assert "Audit passed" in result.output


def test_audit_values_equal_those_of_the_match(out: Path) -> None:
    audited = json.loads(run("audit", DEMO, str(out / "matches.csv"), *QUICK, "--json").stdout)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    filled = {level["name"]: level["filled"] for level in summary["levels"]}
    assert {level["name"]: level["filled"] for level in audited["levels"]} == filled


def test_audit_finds_a_slot_given_twice_and_ends_with_1(out: Path, tmp_path: Path) -> None:
    typed = tmp_path / "typed.csv"
    first = rows(out / "matches.csv")[0]
    typed.write_text(
        f"need_id,offer_id,slots\n{first['need_id']},{first['offer_id']},900\n", encoding="utf-8"
    )
    result = run("audit", DEMO, str(typed), *QUICK)
    assert result.exit_code == 1
    assert "capacity" in result.output


def test_audit_refuses_a_file_without_slots(tmp_path: Path) -> None:
    typed = tmp_path / "typed.csv"
    typed.write_text("need_id,offer_id\nN001,O001\n", encoding="utf-8")
    result = run("audit", DEMO, str(typed), *QUICK)
    assert result.exit_code == 2
    assert "slots" in result.output


def test_recommend_ranks_offers_for_a_need_and_names_the_rules_of_near_misses() -> None:
    result = run("recommend", DEMO, "--need", "N035", *QUICK, "--limit", "3", "--json")
    answer = json.loads(result.stdout)
    fits = [offer["fit"] for offer in answer["offers"]]
    assert len(fits) == 3
    assert fits == sorted(fits, reverse=True)
    assert all(miss["rules"] for miss in answer["near_misses"])


@pytest.mark.parametrize(
    "arguments",
    [(), ("--need", "N001", "--text", "chess", "--kind", "program"), ("--text", "chess")],
    ids=["nothing", "both", "no kind"],
)
def test_recommend_asks_for_a_need_or_a_text_with_its_kind(arguments: tuple[str, ...]) -> None:
    result = run("recommend", DEMO, *arguments, *QUICK)
    assert result.exit_code == 2
    assert "--need" in result.output


def test_recommend_refuses_an_unknown_need() -> None:
    result = run("recommend", DEMO, "--need", "N999", *QUICK)
    assert result.exit_code == 2
    assert "N999" in result.output


def test_generate_writes_a_district_that_check_accepts(tmp_path: Path) -> None:
    folder = str(tmp_path / "made")
    assert run("generate", "--schools", "5", "--seed", "3", "--out", folder).exit_code == 0
    assert run("check", folder).exit_code == 0


def test_generate_never_overwrites_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    result = run("generate", "--schools", "5", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_real_model_recommends_what_a_person_would_call_obvious() -> None:
    command = [str(Path(sys.executable).parent / "partnermatch"), "recommend", DEMO]
    command += ["--text", "A weekly chess club for fourth graders", "--kind", "program", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "chess" in json.loads(done.stdout)["offers"][0]["focus"].lower()


def test_a_match_whose_texts_are_all_cached_never_imports_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from service.cli import app; "
        f"app(['match', {DEMO!r}, '--effort', 'quick', '--on', '2026-09-14', '--out', {str(tmp_path)!r}], "
        "standalone_mode=False); print(sorted({'torch', 'sklearn', 'sentence_transformers'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert second.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(not SAN_FRANCISCO.exists(), reason="the real district is not here")
def test_a_real_district_runs_through_and_passes_its_audit(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("match", str(SAN_FRANCISCO), *QUICK, "--effort", "quick", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert run("audit", str(SAN_FRANCISCO), str(out / "matches.csv"), *QUICK).exit_code == 0


def test_match_refuses_a_negative_seed(tmp_path: Path) -> None:
    result = run("match", DEMO, *QUICK, "--seed", "-1", "--out", str(tmp_path / "out"))
    assert result.exit_code == 2


def test_json_is_json_even_where_the_input_is_wrong() -> None:
    result = run("recommend", DEMO, "--need", "N999", *QUICK, "--json")
    assert result.exit_code == 2
    assert "N999" in json.loads(result.stdout)["error"]


@pytest.fixture
def heeded_interrupt() -> Iterator[None]:
    """Let commands heed SIGINT even where a shell started the tests in its background, which ignores it for all."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupt")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_match_that_is_stopped_leaves_nothing_behind(tmp_path: Path, stop: signal.Signals) -> None:
    out = tmp_path / "out"
    command = [
        str(Path(sys.executable).parent / "partnermatch"),
        "match",
        DEMO,
        *QUICK[:2],
        "--out",
        str(out),
    ]
    with subprocess.Popen([*command, "--effort", "thorough"], stderr=subprocess.PIPE, text=True) as process:
        time.sleep(6)  # in the middle of the work, which takes half a minute
        process.send_signal(stop)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "nothing was changed" in said
    assert not out.exists()


def test_the_explained_policy_is_a_policy_file_with_every_setting_and_its_reason(tmp_path: Path) -> None:
    explained = run("match", "--explain-policy").stdout
    assert policy_from_mapping(tomllib.loads(explained)) == Policy()
    for name, _, why in settings_of(Policy()):
        assert f"\n{name.rpartition('.')[2]} = " in explained
        assert why.split()[-1].lower() in explained.lower()


def test_the_explained_policy_of_a_file_shows_its_values_beside_the_defaults(tmp_path: Path) -> None:
    own = tmp_path / "policy.toml"
    own.write_text("[fit]\nfloor = 0.5\n", encoding="utf-8")
    explained = run("match", "--explain-policy", "--policy", str(own)).stdout
    assert "# The default is 0.3.\nfloor = 0.5\n" in explained


MIDYEAR = str(PROJECT / "fixtures" / "midyear")
JANUARY = ("--on", "2027-01-15", "--model", "words", "--effort", "quick")


def test_rematch_writes_the_plan_what_changes_and_the_next_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("rematch", MIDYEAR, *JANUARY, "--max-moves", "5", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "Calls to make first" in result.stdout
    assert {path.name for path in out.iterdir()} >= FILES | {"changes.csv", "partnerships.csv"}
    with (out / "changes.csv").open(encoding="utf-8") as file:
        assert sum(int(row["moved"]) for row in csv.DictReader(file)) <= 5


@pytest.mark.parametrize("release", ["N042", "N042=", "N042=O999"])
def test_rematch_refuses_to_release_what_does_not_run(tmp_path: Path, release: str) -> None:
    out = tmp_path / "out"
    result = run("rematch", MIDYEAR, *JANUARY, "--release", release, "--out", str(out))
    assert result.exit_code == 2
    assert not out.exists()


def test_rematch_takes_either_a_limit_or_the_curve(tmp_path: Path) -> None:
    result = run("rematch", MIDYEAR, "--curve", "--max-moves", "3", "--out", str(tmp_path / "out"))
    assert result.exit_code == 2


def test_audit_passes_the_plan_that_rematch_wrote(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("rematch", MIDYEAR, *JANUARY, "--max-moves", "0", "--out", str(out))
    result = run("audit", MIDYEAR, str(out / "matches.csv"), *JANUARY[:4], "--rematch")
    assert result.exit_code == 0, result.output
    assert "Audit passed" in result.stdout
