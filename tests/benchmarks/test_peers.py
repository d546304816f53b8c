import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.peers import assert_optimal, row
from benchmarks.peers_floor import best_with_floor
from benchmarks.peers_packages import PACKAGES, Answer, run_package
from benchmarks.peers_picture import chart
from benchmarks.peers_problems import (
    BIDS,
    DATA,
    MIDL_FLOOR_OPTIMUM,
    MIDL_OPTIMUM,
    Case,
    check,
    gap_percent,
    lines,
    narrow,
    read_bids,
    read_scores,
    read_tiers,
    with_highest_floor,
    worst_need,
)
from benchmarks.peers_solvers import PEERS, allocated, greedy, highs_mip, ours

SOLVERS = {peer.name: peer for peer in PEERS}
NETWORKX = next(package for package in PACKAGES if package.name == "networkx")
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")


def make_case(scores: list[list[float]], demand: int = 1, load: int = 1, floor: float = 0.0) -> Case:
    values = np.array(scores)
    num_needs, num_offers = values.shape
    return Case(
        "tiny", values, values > 0, np.full(num_needs, demand), np.full(num_offers, load), floor=floor
    )


# The best pair first gives 1 + 0.1; the optimum is 0.9 + 0.8.
CROSSED = [[1.0, 0.9], [0.8, 0.1]]


@pytest.mark.parametrize("name", ["partnermatch", "OR-Tools flow", "HiGHS LP", "HiGHS MIP", "CP-SAT"])
def test_exact_peer_reaches_the_optimum(name: str) -> None:
    # Two offers a need, three needs an offer at most two: 0.9 + 0.7, 0.8 + 0.6 and 0.5 + 0.4 = 3.9.
    case = make_case([[0.9, 0.1, 0.7], [0.8, 0.6, 0.0], [0.2, 0.5, 0.4]], demand=2, load=2)
    plan = SOLVERS[name].solve(case)
    assert plan.tolist() == [[1, 0, 1], [1, 1, 0], [0, 1, 1]]
    assert_optimal(case, plan, (6.0, 3.9))


@pytest.mark.parametrize("name", ["partnermatch", "SciPy linear_sum_assignment"])
def test_second_best_pair_is_taken_where_it_pays(name: str) -> None:
    assert SOLVERS[name].solve(make_case(CROSSED)).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["greedy", "stable matching"])
def test_best_pair_first_loses_the_second_need(name: str) -> None:
    plan = SOLVERS[name].solve(make_case(CROSSED))
    assert plan.tolist() == [[1, 0], [0, 1]]
    # 0.6 of 1.7 is lost.
    assert gap_percent(lines(make_case(CROSSED), plan), (2.0, 1.7)) == pytest.approx(100 * 0.6 / 1.7)


def test_rounds_give_no_offer_twice() -> None:
    case = make_case([[0.9, 0.1], [0.8, 0.2]], demand=2, load=2)
    assert SOLVERS["SciPy linear_sum_assignment"].solve(case).tolist() == [[1, 1], [1, 1]]


def test_hundredths_see_no_difference_of_thousandths() -> None:
    # Cut to hundredths all pairs are worth 0.50, so either plan is as good; in millionths one is.
    case = make_case([[0.501, 0.502], [0.509, 0.501]])
    cut = np.floor(case.worth / 10_000)
    assert (cut == 50).all()
    assert lines(case, SOLVERS["partnermatch"].solve(case))[-1] == pytest.approx(1.011)
    check(case, SOLVERS["flow in hundredths"].solve(case))


@pytest.mark.parametrize("name", ["partnermatch", "HiGHS MIP", "CP-SAT"])
def test_floor_costs_total_and_lifts_the_worst(name: str) -> None:
    # Without the floor 1.0 + 0.3 = 1.3; with one of 0.4 each need has to take the other's: 0.5 + 0.5.
    case = make_case([[1.0, 0.5], [0.5, 0.3]], floor=0.4)
    assert ours(replace(case, floor=0.0)).tolist() == [[1, 0], [0, 1]]
    assert SOLVERS[name].solve(case).tolist() == [[0, 1], [1, 0]]


# With these seeds the best plan without the floor breaks it, and takes several branches to mend.
@pytest.mark.parametrize("seed", [6, 21, 24, 32, 39])
def test_search_with_a_floor_agrees_with_highs(seed: int) -> None:
    scores = np.random.default_rng(seed).random((10, 6)).round(3) + 0.001
    case = with_highest_floor(make_case(scores.tolist(), demand=3, load=5), 0.0)
    case = replace(case, floor=round(0.95 * case.floor, 3))
    plan, num_solved = best_with_floor(case, lambda allowed, locked: allocated(case, allowed, locked))
    check(case, plan)
    assert num_solved > 1
    assert lines(case, plan) == pytest.approx(lines(case, highs_mip(case)))


def test_floor_is_reached_whatever_the_order_of_the_sum() -> None:
    # 0.1 + 0.2 + 0.3 is 0.6 or a little more, by the order.
    case = make_case([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], demand=3, load=2, floor=0.1 + 0.2 + 0.3)
    assert ours(case).all()


def test_impossible_floor_gives_an_empty_plan() -> None:
    assert not ours(make_case([[0.9, 0.1], [0.9, 0.1]], floor=0.5)).any()


def test_bids_hold_a_conflict_where_the_score_is_zero(tmp_path: Path) -> None:
    (tmp_path / "few.in").write_text("2 3\n0.25 0.0 1.0\n0.5 0.25 0.00\n")
    case = read_bids(tmp_path / "few.in", load=6, optimum=1.5)
    assert case.name == "few"
    assert case.allowed.tolist() == [[True, False, True], [True, True, False]]
    assert case.demand.tolist() == [3, 3]
    assert case.load.tolist() == [6, 6, 6]
    assert case.optimum == (6.0, 1.5)


def test_matrix_is_read_by_paper_with_conflicts_below_zero(tmp_path: Path) -> None:
    (tmp_path / "midl").mkdir()
    np.save(tmp_path / "midl" / "scores.npy", np.array([[0.5, -1.0], [0.0, 0.25], [1.0, 0.75]]))
    case = read_scores(tmp_path / "midl" / "scores.npy", load=4, optimum=2.5)
    assert case.scores.tolist() == [[0.5, 0.0, 1.0], [0.0, 0.25, 0.75]]
    assert case.allowed.tolist() == [[True, True, True], [False, True, True]]


def test_top_tier_outweighs_every_score(tmp_path: Path) -> None:
    folder = tmp_path / "wpi" / "year"
    folder.mkdir(parents=True)
    (folder / "student_preference.csv").write_text("Student,1,2\n1.0,1.0,0.5\n2.0,0.5,0.0\n")
    (folder / "project_preference.csv").write_text("Student,1,2\n1.0,0.1,0.9\n2.0,0.1,0.9\n")
    (folder / "project_capacity.csv").write_text("ProjectID,Capacity\n1,2\n2,1\n")
    case = read_tiers(folder, (2.0, 1.0, 0.2))
    # By score alone the first student would go to project 2: 0.9 instead of 0.1.
    assert ours(case).tolist() == [[1, 0], [1, 0]]
    assert_optimal(case, ours(case), (2.0, 1.0, 0.2))


def test_gap_is_that_of_the_first_line_that_falls_short() -> None:
    assert gap_percent((9.0, 5.0, 8.0), (10.0, 4.0, 8.0)) == pytest.approx(10)
    assert gap_percent((10.0, 4.0, 6.0), (10.0, 4.0, 8.0)) == pytest.approx(25)
    assert gap_percent((10.0, 4.0, 8.000001), (10.0, 4.0, 8.0)) == 0


@pytest.mark.parametrize(
    ("plan", "broken"),
    [
        ([[2, 0], [0, 0]], "once"),
        ([[1, 1], [0, 0]], "asks"),
        ([[1, 0], [1, 0]], "gives"),
        ([[0, 0], [0, 1]], "may not"),
    ],
)
def test_check_refuses_a_broken_rule(plan: list[list[int]], broken: str) -> None:
    with pytest.raises(AssertionError, match=broken):
        check(make_case([[0.5, 0.5], [0.5, 0.0]]), np.array(plan))


def test_check_refuses_a_need_under_the_floor() -> None:
    case = make_case([[1.0, 0.5], [0.5, 0.3]], floor=0.4)
    with pytest.raises(AssertionError, match="floor"):
        check(case, greedy(case))


def test_narrow_scores_lie_within_hundredths() -> None:
    low, high = np.percentile(narrow().scores, [0.5, 99.5])
    assert high - low < 0.035
    assert np.array_equal(narrow().scores, narrow().scores)


def test_package_runs_in_a_process_of_its_own() -> None:
    pytest.importorskip("networkx")
    case = make_case(CROSSED)
    answer = run_package(Path(sys.executable), NETWORKX, case)
    assert answer.note == ""
    assert answer.plan.tolist() == [[0, 1], [1, 0]]


def test_package_that_fails_says_why() -> None:
    python = shutil.which("false")
    assert python
    assert run_package(Path(python), NETWORKX, make_case(CROSSED)).note == "no answer"


def test_picture_has_a_panel_a_problem_and_no_background() -> None:
    case = make_case(CROSSED)
    answers = [row(case, peer.name, Answer(peer.solve(case), 0.1, 0.1), (2.0, 1.7)) for peer in PEERS[:3]]
    drawn = chart(pd.DataFrame(answers).assign(problem="tiny"), ["tiny"]).to_dict()
    assert drawn["config"]["background"] == "transparent"
    assert drawn["encoding"]["facet"]["sort"] == ["tiny"]


@real_data
@pytest.mark.parametrize("name", ["preflib1", "preflib2"])
def test_bids_are_solved_to_their_known_optimum(name: str) -> None:
    case = read_bids(DATA / "bids" / f"{name}.in", *BIDS[name])
    assert_optimal(case, ours(case), case.optimum)


@real_data
def test_midl_is_solved_to_its_known_optimum_with_and_without_the_floor() -> None:
    case = read_scores(DATA / "midl" / "scores.npy", load=4, optimum=MIDL_OPTIMUM)
    assert_optimal(case, ours(case), case.optimum)
    case = with_highest_floor(case, MIDL_FLOOR_OPTIMUM)
    assert_optimal(case, ours(case), case.optimum)
    assert worst_need(case, ours(case)) == pytest.approx(0.94484, abs=5e-6)
