"""Priority from evidence, every number worked by hand."""

import pytest

from matching.policy import Priority
from matching.priority import _subject, direction_of, priorities_of, term_order
from tests.districts import Row, make_district, make_need, make_school
from tests.matching.cases import make_policy


def row(school: int, value: float, **cells: object) -> Row:
    filled: Row = {"source": "state_test", "measure": "reading_proficient_pct", "respondents": 100}
    return {"school_id": f"s{school}", "value": value, **filled, **cells}


def found(needs: list[Row], evidence: list[Row], policy: Priority | None = None) -> list[tuple[int, str]]:
    """Return priority and reason of each need in a district of six schools."""
    schools = [make_school(f"s{i}") for i in range(6)]
    district = make_district(needs, schools=schools, evidence=evidence)
    table = priorities_of(district, policy or Priority())
    return list(zip(table["priority"].tolist(), table["priority_reason"], strict=True))


def priorities(needs: list[Row], evidence: list[Row], policy: Priority | None = None) -> list[int]:
    return [priority for priority, _ in found(needs, evidence, policy)]


def need_of(school: int, **cells: object) -> Row:
    return make_need(school_id=f"s{school}", statement="Help") | {"priority": None} | cells


EVERYWHERE = [need_of(school) for school in range(5)]


def test_a_priority_that_the_district_gives_stands() -> None:
    needs = [need_of(0, priority=5)]
    assert found(needs, [row(0, 1, benchmark=99)]) == [(5, "Priority given by the district.")]


def test_without_evidence_the_priority_is_three_and_says_so() -> None:
    reason = "No usable evidence (at least 10 respondents and a known measure): priority 3."
    assert found([need_of(0)], []) == [(3, reason)]
    assert found([need_of(0)], [row(1, 1, benchmark=99)]) == [(3, reason)]


def test_the_lower_the_result_the_more_urgent_the_need() -> None:
    # Five schools, 20 to 60 proficient: worst first their standings are 0.9, 0.7, 0.5, 0.3, 0.1, and so are the
    # shares of schools below each: 5 - floor(5 * 0.9) = 1, then 2, 3, 4, 5.
    assert priorities(EVERYWHERE, [row(i, 20 + 10 * i) for i in range(5)]) == [1, 2, 3, 4, 5]


def test_the_higher_the_absence_the_more_urgent_the_need() -> None:
    evidence = [row(i, 20 + 10 * i, source="attendance", measure="chronic_absence_pct") for i in range(5)]
    assert priorities(EVERYWHERE, evidence) == [5, 4, 3, 2, 1]


def test_schools_alike_share_the_middle() -> None:
    # All five equal: each stands at 0.5 of the ladder: 5 - floor(2.5) = 3.
    assert priorities(EVERYWHERE, [row(i, 40) for i in range(5)]) == [3] * 5


def test_a_measure_not_known_is_not_used() -> None:
    evidence = [row(i, i, measure="parking_spaces") for i in range(5)]
    assert priorities(EVERYWHERE, evidence) == [3] * 5


def test_with_fewer_than_five_schools_only_the_benchmark_counts() -> None:
    # Four schools: no ladder; the standing itself is the severity. Benchmark 50:
    # 10 is 80 % worse: 0.5 + 0.8 / 2 = 0.9 -> 5 - floor(4.5) = 1; 50 is on it: 0.5 -> 3; 100 is 100 % better: 0 -> 5.
    evidence = [row(0, 10, benchmark=50), row(1, 50, benchmark=50), row(2, 100, benchmark=50), row(3, 10)]
    needs = EVERYWHERE[:4]
    assert priorities(needs, evidence) == [1, 3, 5, 3]
    assert found(needs, evidence)[0][1] == "Computed from evidence: reading proficient 10% (benchmark 50%)."
    assert found(needs, evidence)[3][1].startswith("No usable evidence")


def test_benchmark_and_standing_in_the_district_count_alike() -> None:
    # s0 is the best of five (0.1) though 40 % below its benchmark (0.7): mean 0.4. The others have no benchmark:
    # 0.9, 0.7, 0.5, 0.3 from s1 on. Ladder 0.3 0.4 0.5 0.7 0.9: s0 has 1.5 of 5 below: 5 - floor(1.5) = 4.
    evidence = [row(0, 60, benchmark=100), *(row(i, 10 * i) for i in range(1, 5))]
    result = found(EVERYWHERE, evidence)
    assert [priority for priority, _ in result] == [4, 1, 2, 3, 5]
    assert result[0][1] == (
        "Computed from evidence: reading proficient 60% (benchmark 100%, worse than 10% of schools)."
    )


@pytest.mark.parametrize(("respondents", "expected"), [(9, 3), (10, 1), (None, 1)])
def test_fewer_than_ten_respondents_are_never_used(respondents: int | None, expected: int) -> None:
    assert priorities([need_of(0)], [row(0, 5, benchmark=100, respondents=respondents)]) == [expected]


def test_rows_with_few_respondents_do_not_stand_in_the_ladder_of_others() -> None:
    # Without s4 there are four schools: too few to compare, no benchmark: no evidence.
    evidence = [row(i, 20 + 10 * i, respondents=9 if i == 4 else 10) for i in range(5)]
    assert priorities(EVERYWHERE, evidence) == [3] * 5


def test_the_latest_term_counts_and_an_older_one_stands_in_for_one_with_few_respondents() -> None:
    old, new = row(0, 100, benchmark=50, term="spring 2025"), row(0, 10, benchmark=50, term="spring 2026")
    assert priorities([need_of(0)], [new, old]) == [1]
    assert priorities([need_of(0)], [{**new, "respondents": 9}, old]) == [5]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("spring 2026", "fall 2026"),
        ("2025-fall", "2026-winter"),
        ("2025-26", "fall 2026"),
        ("2024-25", "2025-26"),
        ("fall 2025", "2025-26"),
        ("2025-26 fall", "2025-26 spring"),
        ("2025-26 spring", "fall 2026"),
        ("2025", "2026"),
        ("2026-09", "2026-11"),
        ("", "spring 1999"),
    ],
)
def test_terms_are_ordered_by_when_they_end(earlier: str, later: str) -> None:
    assert term_order(earlier) < term_order(later)


def test_reading_results_say_nothing_of_a_need_for_math() -> None:
    evidence = [row(0, 5, benchmark=100), row(0, 95, benchmark=100, measure="math_proficient_pct")]
    needs = [
        need_of(0, statement="Reading mentors"),
        need_of(0, statement="Help with fractions"),
        need_of(0, statement="Reading and math"),
        need_of(0, title="Algebra club"),
    ]
    # Reading alone: 0.5 + 0.95 / 2 = 0.975 -> 1; math alone: 0.525 -> 3; both: 0.75 -> 5 - floor(3.75) = 2.
    assert priorities(needs, evidence) == [1, 3, 2, 3]


def test_evidence_for_the_need_itself_counts_twice() -> None:
    # Own row 0 % worse: 0.5, weight 2; the school's 80 % worse: 0.9, weight 1: (1 + 0.9) / 3 = 0.6333 -> 2.
    # The other need of the school has the school's row alone: 0.9 -> 1.
    evidence = [
        row(0, 50, benchmark=50, need_id="n0"),
        row(0, 10, benchmark=50, measure="math_proficient_pct"),
    ]
    result = found([need_of(0), need_of(0)], evidence)
    assert [priority for priority, _ in result] == [2, 1]
    assert "reading proficient 50% (for this need, benchmark 50%)" in result[0][1]
    # Three times: (1.5 + 0.9) / 4 = 0.6 -> 5 - 3 = 2; not at all: 0.9 -> 1.
    settings = make_policy(priority={"need_factor": 0}).priority
    assert priorities([need_of(0)], evidence, settings) == [1]


def test_sources_weigh_as_the_policy_says() -> None:
    # 0.9 from the survey, 0.1 from the enrollment: (0.9 + 0.5 * 0.1) / 1.5 = 0.6333 -> 2; equally: 0.5 -> 3.
    evidence = [
        row(0, 10, benchmark=50, source="survey", measure="feel_safe_pct"),
        row(0, 10, benchmark=50, source="enrollment", measure="low_income_pct"),
    ]
    assert priorities([need_of(0)], evidence) == [2]
    assert priorities([need_of(0)], evidence, make_policy(priority={"enrollment": 1}).priority) == [3]
    assert priorities([need_of(0)], evidence, make_policy(priority={"survey": 0}).priority) == [5]


def test_the_reason_says_the_three_worst_figures_first() -> None:
    measures = ["reading_proficient_pct", "math_proficient_pct", "graduated_pct", "attendance_pct"]
    evidence = [
        row(0, value, benchmark=50, measure=m) for m, value in zip(measures, (30, 10, 40, 20), strict=True)
    ]
    ((_, reason),) = found([need_of(0)], evidence)
    assert reason == (
        "Computed from evidence: math proficient 10% (benchmark 50%); attendance 20% (benchmark 50%); "
        "reading proficient 30% (benchmark 50%)."
    )


def test_a_benchmark_of_zero_is_no_share_of_anything() -> None:
    assert priorities([need_of(0)], [row(0, 10, benchmark=0)]) == [3]


def test_evidence_of_another_need_is_not_used() -> None:
    evidence = [row(0, 5, benchmark=100, need_id="n1")]
    assert priorities([need_of(0), need_of(0)], evidence) == [3, 1]


def test_the_policy_may_ask_for_more_schools() -> None:
    evidence = [row(i, 20 + 10 * i) for i in range(5)]
    assert priorities(EVERYWHERE, evidence, make_policy(priority={"min_schools": 6}).priority) == [3] * 5


@pytest.mark.parametrize(
    ("measure", "direction"),
    [
        ("reading_proficient_pct", -1),
        ("attendance_rate", -1),
        ("families_feel_welcome_pct", -1),
        ("ELA_on_grade_level_pct", -1),
        ("chronically_absent_pct", 1),
        ("low_income_pct", 1),
        ("english_learners_pct", 1),
        ("students_below_grade_level_pct", 1),
        ("suspensions", 1),
        ("english_learner_proficient_pct", -1),
        ("low_income_graduation_rate", -1),
        ("black_students_attendance_pct", -1),
        ("feel_unsafe_pct", 1),
        ("disengaged_pct", 1),
        ("not proficient pct", 1),
        ("special_needs_attendance_pct", -1),
        ("parking_spaces", 0),
    ],
)
def test_a_measure_is_worse_when_high_or_when_low(measure: str, direction: int) -> None:
    assert direction_of(measure) == direction


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Reading mentors", "reading"),
        ("Lectura en español", "reading"),
        ("Tutors for ALGEBRA", "math"),
        ("aftermath of the flood", ""),
        ("reading and math", ""),
        ("warm coats", ""),
        ("ready for school", ""),
    ],
)
def test_the_one_subject_that_a_text_names(text: str, subject: str) -> None:
    assert _subject(text) == subject
