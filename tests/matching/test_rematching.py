"""The plan for mid-year: what moves, what the world forces, and what the next run reads."""

from datetime import date
from pathlib import Path

import pytest

from embeddings import WordHashEncoder
from matching.audit import audit_allocation
from matching.district import District
from matching.pipeline import Run
from matching.rematching import Rematching, knee, rematch, rematch_curve, standing_rematch
from matching.report.csv_files import write_table
from matching.tables import read_district
from tests.districts import Row, make_district, make_need, make_offer, make_partner

ON = date(2027, 1, 15)


def plan(district: District, max_moves: int | None = None, **options: object) -> Rematching:
    return rematch(district, max_moves=max_moves, run=Run(on=ON), encoder=WordHashEncoder(), **options)  # type: ignore[arg-type]  # released only


def changes(found: Rematching) -> list[list[object]]:
    rows: list[list[object]] = (
        found.changes[["need_id", "offer_id", "before", "after", "change", "cause"]].to_numpy().tolist()
    )
    return rows


def runs(need: str, offer: str, slots: int, **cells: object) -> Row:
    return {"need_id": need, "offer_id": offer, "slots": slots, "status": "active", **cells}


def tutoring(**cells: object) -> Row:
    return make_need(**{"kind": "tutoring", **cells})  # type: ignore[arg-type]  # the id is a text


def better_use(**cells: object) -> District:
    """An urgent need without a partner, and the only offer busy with a less urgent one."""
    needs = [tutoring(slots=4, priority=1), tutoring(slots=4, priority=5)]
    offers = [make_offer(None, kinds=["tutoring"], slots=4)]
    return make_district(needs, offers, partnerships=[runs("n1", "o0", 4, **cells)])


def test_slots_move_to_the_more_urgent_need() -> None:
    found = plan(better_use())
    assert changes(found) == [
        ["n0", "o0", 0, 4, "new", "gap"],
        ["n1", "o0", 4, 0, "ended", "better_use"],
    ]
    assert found.moves == 4
    assert "n0 at other-1" in str(found.changes["reason"].iat[1])


@pytest.mark.parametrize("moves", [0, 1, 3])
def test_no_more_slots_move_than_the_budget_allows(moves: int) -> None:
    found = plan(better_use(), max_moves=moves)
    assert found.moves == moves
    assert found.filled[5] == moves


def test_the_curve_ends_at_the_plan_without_a_limit_and_is_never_worse_later() -> None:
    points = rematch_curve(better_use(), run=Run(on=ON), encoder=WordHashEncoder())
    assert [point.max_moves for point in points] == [0, 1, 2, 4]
    assert [point.filled[5] for point in points] == [0, 1, 2, 4]
    assert points[-1].filled == plan(better_use()).filled


def test_running_mentoring_stays_where_tutoring_would_move() -> None:
    needs = [make_need(None, slots=4, priority=1), make_need(None, slots=4, priority=5)]
    offers = [make_offer(None, slots=4)]
    district = make_district(needs, offers, partnerships=[runs("n1", "o0", 4)])
    assert changes(plan(district)) == [["n1", "o0", 4, 4, "kept", ""]]
    released = plan(district, released=[("n1", "o0")])
    assert released.moves == 4


def test_a_locked_match_that_breaks_a_rule_goes_on_and_says_which() -> None:
    needs, offers = [tutoring(budget=0)], [make_offer(kinds=["tutoring"], slots=5, cost_to_school=100)]
    found = plan(make_district(needs, offers, partnerships=[runs("n0", "o0", 5, locked="yes")]))
    assert found.changes["reason"].tolist() == [
        "Locked: it goes on as it is, though it breaks the rule cost."
    ]


def test_a_moved_match_says_who_takes_over() -> None:
    # Only o0 may serve n1, and o1 can take over at n0.
    needs = [tutoring(grades="K", slots=4, priority=2), tutoring(grades="1", slots=4, priority=2)]
    offers = [make_offer(None, kinds=["tutoring"], slots=4, grades=of) for of in ("K-1", "K")]
    found = plan(make_district(needs, offers, partnerships=[runs("n0", "o0", 4)]))
    assert found.moves == 4
    assert (
        found.changes["reason"].iat[0] == "Its slots do more for n1 at other-2. o1 takes over at this need."
    )


def test_what_the_world_takes_is_no_move() -> None:
    needs = [tutoring(slots=5), tutoring(slots=5), tutoring(slots=5)]
    offers = [
        make_offer("gone", partner_id="p0", kinds=["tutoring"], slots=0),
        make_offer("less", partner_id="p1", kinds=["tutoring"], slots=2),
        make_offer("lapsed", partner_id="p2", kinds=["tutoring"], slots=5),
    ]
    partners = [make_partner("p2", agreement_expires="2027-01-01")]
    partnerships = [runs("n0", "gone", 5), runs("n1", "less", 4), runs("n2", "lapsed", 5)]
    found = plan(make_district(needs, offers, partners=partners, partnerships=partnerships))
    assert found.moves == 0
    assert found.changes["forced"].sum() == 5 + 2 + 5
    causes = dict(zip(found.changes["offer_id"], found.changes["cause"], strict=True))
    assert causes == {
        "gone": "partner_withdrew",
        "less": "over_capacity",
        "lapsed": "agreement_expired",
    }


def test_an_unrelated_running_match_stays_but_cannot_grow() -> None:
    needs = [tutoring(slots=5, statement="Fractions and algebra")]
    offers = [make_offer(None, kinds=["tutoring"], focus="Coats and boots", slots=5)]
    district = make_district(needs, offers, partnerships=[runs("n0", "o0", 2)])
    assert changes(plan(district)) == [["n0", "o0", 2, 2, "kept", ""]]


def test_the_plan_accepted_is_the_next_input_and_moves_nothing(tmp_path: Path) -> None:
    district = better_use(since="2026-09-01")
    found = plan(district)
    assert found.partnerships["status"].tolist() == ["ended", "active"]
    for name, table in (district.tables | {"partnerships": found.partnerships}).items():
        write_table(tmp_path / f"{name}.csv", table)
    again = plan(read_district(tmp_path))
    assert again.moves == 0
    assert changes(again) == [["n0", "o0", 4, 4, "kept", ""]]
    assert again.filled == found.filled


def test_ended_and_declined_rows_are_kept_and_proposals_go() -> None:
    rows = [
        runs("n0", "o0", 1) | {"status": status, "offer_id": offer}
        for status, offer in [("ended", "o0"), ("declined", "o1"), ("proposed", "o2")]
    ]
    offers = [make_offer(None, kinds=["mentoring"], slots=3) for _ in range(3)]
    district = make_district([make_need(None, kind="tutoring")], offers, partnerships=rows)
    assert plan(district).partnerships["status"].tolist() == ["ended", "declined"]


def test_a_running_row_of_no_slots_is_no_match_and_is_not_written_twice() -> None:
    found = plan(make_district([tutoring(slots=4)], [make_offer(None, kinds=["tutoring"], slots=4)]))
    idle = make_district(
        [tutoring(slots=4)],
        [make_offer(None, kinds=["tutoring"], slots=4)],
        partnerships=[runs("n0", "o0", 0)],
    )
    assert changes(plan(idle)) == changes(found) == [["n0", "o0", 0, 4, "new", "gap"]]
    assert plan(idle).partnerships[["slots", "status"]].to_numpy().tolist() == [[4, "active"]]
    without_offer = make_district(
        [tutoring(slots=4)], [make_offer(None, kinds=["event"], slots=4)], partnerships=[runs("n0", "o0", 0)]
    )
    assert changes(plan(without_offer)) == []


def test_a_pair_declined_last_year_and_planned_now_can_be_read_again(tmp_path: Path) -> None:
    declined = runs("n0", "o0", 2) | {"status": "declined", "since": "2025-09-01"}
    district = make_district([tutoring()], [make_offer(kinds=["tutoring"])], partnerships=[declined])
    found = plan(district)
    assert found.partnerships["status"].tolist() == ["declined", "active"]
    for name, table in (district.tables | {"partnerships": found.partnerships}).items():
        write_table(tmp_path / f"{name}.csv", table)
    assert plan(read_district(tmp_path)).changes["change"].tolist() == ["kept"]


def test_a_locked_proposal_keeps_its_lock_once_accepted() -> None:
    proposed = runs("n0", "o0", 2, locked="yes") | {"status": "proposed"}
    lapsed = make_partner("p0", agreement_expires="2027-01-01")
    offers = [make_offer(kinds=["tutoring"])]
    found = plan(make_district([tutoring()], offers, partners=[lapsed], partnerships=[proposed]))
    assert found.partnerships[["slots", "status", "locked"]].to_numpy().tolist() == [[2, "active", True]]


def test_a_pair_that_its_evaluation_would_end_does_not_begin() -> None:
    judged = {"partner_id": "p0", "school_id": "s0", "term": "fall 2026", "rating": 1, "respondents": 9}
    offers = [make_offer(kinds=["tutoring"], slots=5)]
    assert changes(plan(make_district([tutoring()], offers, evaluations=[judged]))) == []
    too_few = judged | {"respondents": 4}
    assert len(plan(make_district([tutoring()], offers, evaluations=[too_few])).changes) == 1


def test_every_plan_of_a_curve_passes_the_audit_of_the_district_it_saw() -> None:
    for point in rematch_curve(better_use(), run=Run(on=ON), encoder=WordHashEncoder()):
        matching = point.matching
        audit = audit_allocation(
            matching.district, matching.allocation.matches, on=ON, encoder=WordHashEncoder()
        )
        assert audit.is_passed
        assert matching.audit.is_passed


def test_the_knee_is_where_more_moves_begin_to_bring_less() -> None:
    # The urgent n0 may have two slots of o2, a move each; two more come from o0 of the equally urgent n1, which then
    # takes o1 from n2: two moves each. So 0, 1, 2, 5 and 6 moves gain 0, 1, 2, 3 and 4 slots.
    grades = {"n0": "K", "n1": "1", "n2": "2", "n3": "3"}
    slots = {"n0": (4, 1), "n1": (2, 1), "n2": (2, 5), "n3": (2, 5)}
    needs = [
        tutoring(need_id=name, grades=grade, slots=slots[name][0], priority=slots[name][1])
        for name, grade in grades.items()
    ]
    offers = [make_offer(None, kinds=["tutoring"], slots=2, grades=of) for of in ("K|1", "1|2", "K|3")]
    running = [runs("n1", "o0", 2), runs("n2", "o1", 2), runs("n3", "o2", 2)]
    district = make_district(needs, offers, partnerships=running)
    points = rematch_curve(district, run=Run(on=ON), encoder=WordHashEncoder())
    assert [(point.max_moves, point.filled[5] - 2) for point in points] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (5, 3),
        (6, 4),
    ]
    assert knee(points) == 2


def test_a_need_that_was_cut_says_how_many_slots_it_has_now() -> None:
    needs, offers = [tutoring(slots=2)], [make_offer(None, kinds=["tutoring"], slots=9)]
    found = plan(make_district(needs, offers, partnerships=[runs("n0", "o0", 6)]))
    assert changes(found) == [["n0", "o0", 6, 2, "reduced", "over_capacity"]]
    assert found.changes["reason"].tolist() == ["The need has 2 slots now; 6 ran."]


def test_a_plan_of_mid_year_taken_up_from_its_matches_has_the_same_slots_and_locks() -> None:
    needs = [make_need(None, slots=4, priority=1), make_need(None, slots=4, priority=5)]
    district = make_district(needs, [make_offer(None, slots=6)], partnerships=[runs("n1", "o0", 4)])
    found = plan(district).matching
    taken_up = standing_rematch(district, found.allocation.matches, on=ON, encoder=WordHashEncoder())
    assert taken_up.slots.tolist() == found.basis.slots.tolist() == [2, 4]
    assert taken_up.problem.pair_locked is not None
    assert taken_up.problem.pair_locked.tolist() == [0, 4]
