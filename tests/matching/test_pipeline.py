"""From a district to an allocation: conflicts, and what holds for any district."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given

from embeddings import WordHashEncoder
from matching.audit import audit_allocation
from matching.district import District
from matching.pipeline import Run, match
from matching.policy import Policy
from matching.vocabulary import LEVELS
from tests.districts import Row, make_district, make_need, make_offer, make_partner
from tests.matching.cases import ON, districts, make_policy, on_a_few, run_match, slots_by_pair


def shared_slots() -> District:
    """Return a district in which a mentoring need and a more urgent one want the same ten slots."""
    mentoring = make_need("n0", slots=10, priority=3, kind="mentoring")
    urgent = make_need("n1", slots=10, priority=1, kind="tutoring")
    return make_district([mentoring, urgent], [make_offer(slots=10, kinds=["mentoring", "tutoring"])])


def test_shared_slots_go_to_mentoring_before_a_more_urgent_need() -> None:
    allocation = run_match(shared_slots()).allocation
    assert allocation.slots_filled("n0") == 10
    assert allocation.slots_filled("n1") == 0


def test_a_policy_that_swaps_the_levels_gives_shared_slots_to_the_more_urgent_need() -> None:
    policy = make_policy(objective={"levels": [*LEVELS[5:], *LEVELS[:5]]})
    allocation = run_match(shared_slots(), policy).allocation
    assert allocation.slots_filled("n0") == 0
    assert allocation.slots_filled("n1") == 10
    assert [(level.name, level.filled) for level in allocation.levels if level.needed] == [
        ("other-1", 10),
        ("mentoring-3", 0),
    ]


@pytest.mark.parametrize("kind", ["mentoring", "event"])
def test_within_a_line_the_more_urgent_comes_first_even_where_it_fits_worse(kind: str) -> None:
    needs = [
        make_need("late", priority=4, kind=kind, statement="reading mentors"),
        make_need("soon", priority=2, kind=kind, statement="something with reading"),
    ]
    allocation = run_match(
        make_district(needs, [make_offer(focus="reading mentors", kinds=[kind])])
    ).allocation
    assert (allocation.slots_filled("soon"), allocation.slots_filled("late")) == (5, 0)


def test_a_better_plan_may_fill_fewer_slots_in_all() -> None:
    # o0 alone can serve the one urgent slot, but gives at least 3 a match or none: min(3, need 1) = 1 slot.
    # Given to the urgent need, its partner (one school) is lost to the other school's nine.
    needs = [make_need(slots=1, priority=1), make_need(slots=9, priority=2, school_id="s1")]
    partners = [make_partner(max_schools=1)]
    allocation = run_match(make_district(needs, [make_offer(slots=10)], partners=partners)).allocation
    assert (allocation.slots_filled("n0"), allocation.slots_filled("n1")) == (1, 0)


def uneven_fit() -> District:
    """Return a district in which fit alone would give all six slots to the first of two schools."""
    needs = [
        make_need(slots=6, statement="reading mentors"),
        make_need(slots=6, school_id="s1", statement="mentors for games"),
    ]
    return make_district(needs, [make_offer(slots=6, focus="reading mentors")])


def test_gaps_are_spread_over_the_schools_before_fit_counts() -> None:
    found = run_match(uneven_fit()).allocation
    assert (found.slots_filled("n0"), found.slots_filled("n1")) == (3, 3)
    # 3 * 3 / 6 at each school.
    assert (found.even.value, found.even.bound, found.even.proven) == (3_000_000, 3_000_000, True)


def test_without_even_the_best_fit_takes_all() -> None:
    found = run_match(uneven_fit(), make_policy(objective={"even": False})).allocation
    assert (found.slots_filled("n0"), found.slots_filled("n1")) == (6, 0)
    assert found.even.value == 6_000_000  # 0 + 6 * 6 / 6, reported all the same


def test_among_equally_even_plans_the_best_fit_wins() -> None:
    needs = [make_need(slots=4, statement="algebra tutors")]
    offers = [make_offer(slots=4, focus="reading mentors"), make_offer(slots=4, focus="algebra tutors")]
    policy = make_policy(fit={"floor": 0})
    assert slots_by_pair(run_match(make_district(needs, offers), policy)) == {("n0", "o1"): 4}


def lock(need_id: str, offer_id: str, slots: int, **cells: object) -> Row:
    return {
        "need_id": need_id,
        "offer_id": offer_id,
        "slots": slots,
        "status": "active",
        "locked": True,
        **cells,
    }


def test_a_lock_keeps_its_slots_from_a_more_urgent_need() -> None:
    needs = [make_need(slots=5, priority=1), make_need(slots=5, priority=5)]
    found = run_match(make_district(needs, [make_offer(slots=5)], partnerships=[lock("n1", "o0", 2)]))
    assert slots_by_pair(found) == {("n0", "o0"): 3, ("n1", "o0"): 2}
    by_name = {level.name: (level.filled, level.bound, level.proven) for level in found.allocation.levels}
    assert by_name["mentoring-1"] == (3, 3, True)
    assert by_name["mentoring-5"] == (2, 2, True)


def test_a_running_match_that_is_not_locked_is_planned_afresh() -> None:
    needs = [make_need(slots=5, priority=1), make_need(slots=5, priority=5)]
    rows = [lock("n1", "o0", 2, locked=False)]
    assert slots_by_pair(run_match(make_district(needs, [make_offer(slots=5)], partnerships=rows))) == {
        ("n0", "o0"): 5
    }


def test_locks_that_exceed_the_slots_are_cut_from_the_latest_level_and_named() -> None:
    needs = [make_need(slots=5, priority=2), make_need(slots=5, priority=1)]
    rows = [lock("n0", "o0", 4), lock("n1", "o0", 3)]
    found = run_match(make_district(needs, [make_offer(slots=5)], partnerships=rows))
    assert slots_by_pair(found) == {("n0", "o0"): 2, ("n1", "o0"): 3}
    cut = found.allocation.locks_cut
    assert cut.to_dict("records") == [{"need_id": "n0", "offer_id": "o0", "slots_cut": 2}]
    assert found.audit.is_passed


def test_one_lock_cut_for_its_offer_leaves_the_needs_slots_to_the_next() -> None:
    # n0 has 5 slots; its lock on o0 is cut to the 2 that o0 has, which leaves 3 for its lock on o1. A more urgent
    # need gets only the 2 slots of o1 that no lock holds.
    rows = [lock("n0", "o0", 5), lock("n0", "o1", 5)]
    needs = [make_need(slots=5, priority=5, grades="3"), make_need(slots=5, priority=1, grades="6")]
    offers = [make_offer(slots=2, grades="3"), make_offer(slots=5, grades="6")]
    found = run_match(make_district(needs, offers, partnerships=rows))
    assert found.audit.is_passed
    assert slots_by_pair(found) == {("n0", "o0"): 2, ("n0", "o1"): 3, ("n1", "o1"): 2}


def test_a_lock_on_an_offer_without_slots_is_a_forced_change() -> None:
    district = make_district([make_need()], [make_offer(slots=0)], partnerships=[lock("n0", "o0", 2)])
    found = run_match(district)
    assert found.audit.is_passed
    assert len(found.allocation.matches) == 0
    assert found.allocation.locks_cut.to_dict("records") == [
        {"need_id": "n0", "offer_id": "o0", "slots_cut": 2}
    ]


@on_a_few
@given(districts())
def test_the_matches_of_any_district_pass_the_audit_and_their_values_are_the_same(district: District) -> None:
    found = run_match(district)
    assert found.audit.findings == tuple(f for f in found.audit.findings if not f.is_error)
    audited = [(level.name, level.needed, level.filled) for level in found.audit.levels]
    assert audited == [(level.name, level.needed, level.filled) for level in found.allocation.levels]
    assert found.audit.fit == found.allocation.fit.value
    assert found.audit.even == found.allocation.even.value


@on_a_few
@given(districts())
def test_no_level_of_any_district_is_filled_above_its_bound_or_proven_below_it(district: District) -> None:
    found = run_match(district).allocation
    for level in found.levels:
        assert 0 <= level.filled <= level.bound <= level.needed
        assert level.proven == (level.filled == level.bound)
    assert found.even.value >= found.even.bound
    assert found.fit.value <= found.fit.bound


@on_a_few
@given(districts())
def test_every_need_is_filled_or_a_gap_with_its_cause(district: District) -> None:
    found = run_match(district)
    gaps = dict(zip(found.unmet["need_id"], found.unmet["slots_unmet"], strict=True))
    for need_id, slots in zip(district.needs["need_id"], district.needs["slots"], strict=True):
        assert found.allocation.slots_filled(need_id) + gaps.get(need_id, 0) == slots
    assert set(found.unmet["cause"]) <= {"no_offer_of_kind", "rules", "fit_floor", "capacity", "group_rule"}
    assert (found.unmet["slots_unmet"] > 0).all()


@on_a_few
@given(districts())
def test_the_same_district_gives_the_same_tables_to_the_byte(district: District) -> None:
    once, again = run_match(district), run_match(district)
    assert once.allocation.matches.to_csv() == again.allocation.matches.to_csv()
    assert once.unmet.to_csv() == again.unmet.to_csv()
    assert once.allocation.levels == again.allocation.levels
    assert once.audit == again.audit


def test_matches_stand_by_need_then_offer_with_ids_and_reason() -> None:
    needs = [make_need("b", slots=6), make_need("a", slots=2, school_id="s1")]
    offers = [make_offer("y", slots=4, partner_id="q"), make_offer("x", slots=4, partner_id="p")]
    matches = run_match(make_district(needs, offers)).allocation.matches
    pairs = list(zip(matches["need_id"], matches["offer_id"], strict=True))
    rows = {"b": 0, "a": 1}, {"y": 0, "x": 1}
    assert pairs == sorted(pairs, key=lambda pair: (rows[0][pair[0]], rows[1][pair[1]]))
    assert matches["slots"].sum() == 8
    assert set(zip(matches["need_id"], matches["school_id"], strict=True)) == {("b", "s0"), ("a", "s1")}
    assert set(zip(matches["offer_id"], matches["partner_id"], strict=True)) == {("y", "q"), ("x", "p")}
    assert matches["reason"].str.startswith("Help with reading").all()


def test_a_trimmed_search_says_what_its_bounds_hold_for() -> None:
    district = make_district([make_need()] * 2, [make_offer()] * 2)
    found = run_match(district, make_policy(candidates={"max_pairs": 1, "per_side": 1}))
    assert found.bounds_over == "1 best"
    assert found.num_candidates == 3
    assert run_match(district).bounds_over == "all"


def test_the_date_of_the_run_is_the_one_all_rules_see() -> None:
    district = make_district([make_need()], [make_offer(cleared_until="2026-09-14")])
    in_time = match(district, run=Run(on=ON), encoder=WordHashEncoder())
    too_late = match(district, run=Run(on=date(2026, 9, 15)), encoder=WordHashEncoder())
    assert in_time.allocation.slots_filled("n0") == 5
    assert too_late.allocation.slots_filled("n0") == 0


def test_a_result_audits_the_same_from_its_table_alone() -> None:
    found = run_match(uneven_fit())
    alone = audit_allocation(
        found.district, found.allocation.matches, Policy(), on=ON, encoder=WordHashEncoder()
    )
    assert alone == found.audit


def test_a_run_refuses_an_unknown_effort() -> None:
    with pytest.raises(ValueError, match="Effort: expected one of quick, standard, thorough, got best"):
        Run(effort="best")  # type: ignore[arg-type]  # what a caller may type


@pytest.mark.parametrize(
    "district", [make_district(), make_district([make_need()]), make_district([], [make_offer()])]
)
def test_a_district_without_needs_or_offers_has_an_answer(district: District) -> None:
    found = run_match(district)
    assert len(found.allocation.matches) == 0
    assert found.allocation.status == "optimal"
    assert found.audit.is_passed


def test_progress_names_the_stages_and_stays_within_zero_and_one() -> None:
    told: list[tuple[str, float]] = []
    match(
        uneven_fit(),
        run=Run(on=ON),
        encoder=WordHashEncoder(),
        progress=lambda name, share, *levels: told.append((name, share)),
    )
    assert "candidates" in {name for name, _ in told}
    assert all(0 <= share <= 1 for _, share in told)
    assert np.all(np.isfinite([share for _, share in told]))


def test_nothing_is_proven_over_a_part_of_the_candidates() -> None:
    some = make_policy(candidates={"max_pairs": 0, "per_side": 1})
    assert all(level.proven for level in run_match(shared_slots()).allocation.levels)
    part = run_match(shared_slots(), some)
    assert part.bounds_over == "1 best"
    assert not any(level.proven for level in part.allocation.levels)
    assert part.allocation.status == "feasible"


def test_a_run_refuses_a_negative_seed() -> None:
    with pytest.raises(ValueError, match="Seed: expected 0 or more, got -1"):
        Run(on=ON, seed=-1)
