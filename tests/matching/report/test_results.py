"""All files of a result, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matching.report import write_results
from matching.report.results import FILES, put_in_place
from tests.matching.report.cases import CONTACT, everything_in, make_matching


class StoppedError(Exception):
    """What a caller raises to stop the writing."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_are_written_and_named(tmp_path: Path) -> None:
    files = write_results(make_matching(), tmp_path / "a" / "out")
    assert sorted(files) == sorted(FILES)
    assert sorted(contents(tmp_path / "a" / "out")) == sorted(FILES)
    assert all(path.stat().st_size > 0 for path in files.values())


def test_two_runs_of_the_same_input_differ_in_timings_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_results(make_matching(), folder)
    summaries = [json.loads((folder / "summary.json").read_text("utf-8")) for folder in (first, second)]
    for summary in summaries:
        assert summary.pop("timings")["write"] >= 0
    assert summaries[0] == summaries[1]
    assert list(summaries[0]) == list(summaries[1])
    for name in set(FILES) - {"summary.json"}:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
def test_an_interrupted_writing_leaves_the_old_result_as_it_was(tmp_path: Path, stop_after: int) -> None:
    write_results(make_matching(), tmp_path)
    before, calls = contents(tmp_path), []

    def stop(stage: str, share: float) -> None:
        calls.append((stage, share))
        if len(calls) == stop_after:
            raise StoppedError

    with pytest.raises(StoppedError):
        write_results(make_matching(school="Another"), tmp_path, progress=stop)
    assert contents(tmp_path) == before


def test_an_interrupted_first_writing_leaves_no_folder(tmp_path: Path) -> None:
    def stop(stage: str, share: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        write_results(make_matching(), tmp_path / "a" / "out", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_cannot_be_written_leaves_the_old_result_as_it_was(tmp_path: Path) -> None:
    write_results(make_matching(), tmp_path)
    before = contents(tmp_path)
    matching = make_matching()
    matching.district.schools.loc[0, "name"] = "half a character: \ud800"
    with pytest.raises(UnicodeEncodeError):
        write_results(matching, tmp_path)
    assert contents(tmp_path) == before


def test_a_file_in_the_folders_place_is_refused_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("mine")
    with pytest.raises(FileExistsError):
        write_results(make_matching(), place)
    assert place.read_text() == "mine"


def test_a_folder_in_a_files_place_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(IsADirectoryError, match=r"report\.html"):
        write_results(make_matching(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_move_that_fails_halfway_brings_every_old_file_back(tmp_path: Path) -> None:
    staged, folder = tmp_path / "staged", tmp_path / "folder"
    for place, text in ((staged, "new"), (folder, "old")):
        place.mkdir()
        for name in ("a.csv", "b.csv", "summary.json"):
            (place / name).write_text(text)
    (staged / "summary.json").unlink()
    with pytest.raises(FileNotFoundError):
        put_in_place(staged, folder, ("a.csv", "b.csv", "summary.json"))
    assert contents(folder) == {"a.csv": b"old", "b.csv": b"old", "summary.json": b"old"}


def test_a_move_that_fails_halfway_takes_new_files_away(tmp_path: Path) -> None:
    staged, folder = tmp_path / "staged", tmp_path / "folder"
    staged.mkdir()
    folder.mkdir()
    (staged / "a.csv").write_text("new")
    with pytest.raises(FileNotFoundError):
        put_in_place(staged, folder, ("a.csv", "summary.json"))
    assert contents(folder) == {}


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("call the principal")
    write_results(make_matching(), tmp_path)
    write_results(make_matching(), tmp_path)
    assert sorted(contents(tmp_path)) == sorted([*FILES, "notes.txt"])
    assert (tmp_path / "notes.txt").read_text() == "call the principal"


def test_contacts_appear_nowhere(tmp_path: Path) -> None:
    matching = make_matching()
    assert CONTACT in matching.district.schools["contact_name"].tolist()
    write_results(matching, tmp_path)
    assert "555-0199" not in everything_in(tmp_path)


def test_the_summary_says_what_was_reached(tmp_path: Path) -> None:
    matching = make_matching()
    path = write_results(matching, tmp_path)["summary.json"]
    summary = json.loads(path.read_text("utf-8"))
    assert [level["name"] for level in summary["levels"]] == list(matching.policy.objective.levels)
    assert summary["levels"][0] == {
        "name": "mentoring-1",
        "needed": 5,
        "filled": 3,
        "bound": 3,
        "proven": True,
    }
    assert (summary["slots_needed"], summary["slots_filled"]) == (9, 3)
    assert summary["audit"] == {"passed": True, "errors": 0, "warnings": 0}
    assert summary["on"] == "2026-09-14"
    # s0 lacks 2 of 5, s1 4 of 4: shares 0.4 and 1; Gini 1.2 / (2 * 4 * 0.7) = 0.214286.
    assert summary["even"]["worst_share"] == 1.0
    assert summary["even"]["gini"] == 0.214286


def test_the_summarys_policy_can_be_read_back(tmp_path: Path) -> None:
    from matching.policy import policy_from_mapping

    matching = make_matching()
    path = write_results(matching, tmp_path)["summary.json"]
    assert policy_from_mapping(json.loads(path.read_text("utf-8"))["policy"]) == matching.policy
