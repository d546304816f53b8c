"""What a run comes to in a few lines, claiming no more than is proven."""

from __future__ import annotations

from dataclasses import replace

from matching.allocation import LevelResult
from matching.pipeline import Matching
from matching.report import headlines
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import run_match
from tests.matching.report.cases import make_matching


def with_first_level(matching: Matching, needed: int, filled: int, bound: int) -> Matching:
    level = LevelResult("mentoring-1", needed, filled, bound, filled == bound)
    rest = [
        replace(other, needed=0, filled=0, bound=0, proven=True) for other in matching.allocation.levels[1:]
    ]
    return replace(matching, allocation=replace(matching.allocation, levels=(level, *rest)))


def test_totals_match_and_gaps_are_told() -> None:
    story = headlines(make_matching())
    assert (story.slots_filled, story.slots_needed) == (3, 9)
    assert (story.mentoring_filled, story.mentoring_needed) == (3, 5)
    assert (story.num_matches, story.num_gaps) == (1, 2)
    (best,) = story.best
    assert (best.school, best.partner, best.slots) == ("Elm Street", "Readers", 3)
    assert [(gap.school, gap.slots_unmet) for gap in story.gaps] == [("Elm Street", 2), ("Oak Hill", 4)]


def test_the_sentence_claims_all_that_could_be_only_where_proven() -> None:
    matching = make_matching()
    proven = with_first_level(matching, needed=200, filled=160, bound=160)
    assert headlines(proven).sentence == (
        "160 of 200 slots are filled; of 200 mentoring slots 160 are filled, as many as the order of levels allows."
    )
    open_bound = with_first_level(matching, needed=200, filled=160, bound=167)
    assert headlines(open_bound).sentence == (
        "160 of 200 slots are filled; of 200 mentoring slots 160 are filled."
    )


def test_the_sentence_claims_nothing_where_bounds_are_over_some_candidates() -> None:
    matching = with_first_level(make_matching(), needed=200, filled=160, bound=160)
    story = headlines(replace(matching, bounds_over="20 best"))
    assert story.sentence == "160 of 200 slots are filled; of 200 mentoring slots 160 are filled."


def test_a_district_that_asks_for_nothing_is_said_so() -> None:
    assert headlines(run_match(make_district())).sentence == "No school asks for anything."


def test_best_matches_name_each_school_and_each_partner_once() -> None:
    needs = [make_need(school_id=school) for school in ("s0", "s0", "s1")]
    matching = run_match(make_district(needs, [make_offer(partner_id="p0", slots=10), make_offer(slots=5)]))
    best = headlines(matching).best
    assert len(matching.allocation.matches) > len(best)
    assert len({match.school for match in best}) == len({match.partner for match in best}) == len(best)


def test_best_matches_come_by_fit() -> None:
    needs = [
        make_need(school_id=f"s{i}", statement=text)
        for i, text in enumerate(["A garden", "Help with reading"])
    ]
    matching = run_match(make_district(needs, [make_offer(focus="Garden, trees"), make_offer()]))
    fits = [match.fit for match in headlines(matching).best]
    assert fits == sorted(fits, reverse=True)
