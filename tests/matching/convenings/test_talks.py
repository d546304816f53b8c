"""Who meets whom: checked by counting, and on small graphs against every other choice."""

from collections import Counter
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.convenings.talks import Rounds, Talk, in_rounds, talks_of
from matching.policy import Policy
from tests.districts import make_district, make_need, make_offer

ON = date(2027, 1, 20)
PLENTY = 99


def talk(school: int, partner: int, weight: int = 1) -> Talk:
    kinds = ("mentoring",) if weight & 8 else ("event",)
    return Talk(f"s{school}", f"p{partner}", kinds, 1, bool(weight & 2), "paused" if weight & 4 else "")


def degree(talks: list[Talk]) -> int:
    counts = Counter([one.school_id for one in talks] + [one.partner_id for one in talks])
    return max(counts.values(), default=0)


def has_conflict(rounds: Rounds) -> bool:
    return any(degree(list(one)) > 1 for one in rounds.rounds)


@st.composite
def graphs(draw: st.DrawFn, most: int = 7) -> list[Talk]:
    pairs = draw(st.sets(st.tuples(st.integers(0, most), st.integers(0, most)), max_size=40))
    return [talk(*pair, draw(st.sampled_from([1, 3, 5, 8 + 1]))) for pair in sorted(pairs)]


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_all_talk_in_as_many_rounds_as_the_busiest_has_talks(talks: list[Talk]) -> None:
    found = in_rounds(talks, PLENTY)
    assert not has_conflict(found)
    assert len(found.rounds) == degree(talks)
    assert Counter(one for part in found.rounds for one in part) == Counter(talks)
    assert found.left_out == ()


@given(graphs(), st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_no_more_rounds_than_there_is_time_for(talks: list[Talk], most: int) -> None:
    found = in_rounds(talks, most)
    assert not has_conflict(found)
    assert len(found.rounds) <= most
    assert Counter([*found.left_out, *(one for part in found.rounds for one in part)]) == Counter(talks)


@given(graphs(most=3), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_of_more_than_fit_those_that_weigh_most_take_place(talks: list[Talk], most: int) -> None:
    talks = talks[:8]
    found = in_rounds(talks, most)
    best = max(
        sum(one.weight for one in some)
        for size in range(len(talks) + 1)
        for some in combinations(talks, size)
        if degree(list(some)) <= most
    )
    assert sum(one.weight for part in found.rounds for one in part) == best


def test_mentoring_is_in_the_first_round_and_stays_where_time_is_short() -> None:
    mentoring = talk(0, 2, 8)
    talks = [talk(0, 0), talk(0, 1), mentoring]
    assert in_rounds(talks, PLENTY).rounds[0] == (mentoring,)
    assert in_rounds(talks, 1) == Rounds(((mentoring,),), (talk(0, 0), talk(0, 1)))


def test_mentoring_outweighs_an_open_question_and_that_what_is_new() -> None:
    # 8 for mentoring, 4 for a question, 2 for what is new, 1 for the rest.
    kinds = [talk(0, 0, weight) for weight in (8, 4 + 2, 4, 2, 0)]
    assert [one.weight for one in kinds] == [9, 7, 5, 3, 1]


def test_order_of_the_rows_changes_nothing() -> None:
    talks = [talk(school, partner) for school in range(4) for partner in range(3)]
    assert in_rounds(talks, 2) == in_rounds(talks[::-1], 2)


def test_talk_tells_all_that_runs_between_two() -> None:
    rows = {"status": "active", "slots": 2, "since": "2026-09-22"}
    district = make_district(
        [make_need("n0", kind="event"), make_need("n1", kind="mentoring"), make_need("n2", school_id="s1")],
        [make_offer("o0", partner_id="p0", kinds=["event", "mentoring"], slots=9)],
        partnerships=[
            rows | {"need_id": "n0", "offer_id": "o0", "since": "2025-09-01"},
            rows | {"need_id": "n1", "offer_id": "o0"},
            rows | {"need_id": "n2", "offer_id": "o0", "status": "ended"},
        ],
    )
    assert talks_of(district, Policy(), ON, date(2026, 9, 1)) == (
        Talk("s0", "p0", ("mentoring", "event"), 4, is_new=True),
    )


@pytest.mark.parametrize(
    ("row", "partner", "question"),
    [
        ({"status": "active"}, {}, ""),
        ({"status": "paused"}, {}, "paused"),
        ({"status": "active"}, {"agreement_expires": "2027-01-01"}, "agreement_expired"),
    ],
)
def test_talk_names_what_is_to_be_settled(
    row: dict[str, object], partner: dict[str, object], question: str
) -> None:
    district = make_district(
        [make_need("n0")],
        [make_offer("o0", partner_id="p0")],
        partners=[{"partner_id": "p0", "name": "Rotary", "kind": "civic_club", **partner}],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 2} | row],
    )
    [found] = talks_of(district, Policy(), ON)
    assert found.question == question
