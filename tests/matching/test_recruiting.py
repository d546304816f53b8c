"""Whom to recruit: every line is what a plan with that offer really fills."""

from dataclasses import replace

import pandas as pd
from hypothesis import given

from matching.district import District
from matching.recruiting import recruiting_brief
from matching.recruits import Recruit, gain_words, place_words
from matching.vocabulary import LEVELS
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import districts, on_a_few, run_match


def recruits(district: District) -> tuple[Recruit, ...]:
    return recruiting_brief(run_match(district)).recruits


def with_recruit(district: District, recruit: Recruit, number: int) -> District:
    """Return the district with the offer as a coordinator would type it in."""
    at = district.schools[district.schools["school_id"] == recruit.near_school_id].dropna(subset="latitude")
    place: Row = {name: at[name].iat[0] for name in ("latitude", "longitude") if len(at)}
    need = district.needs[district.needs["need_id"] == recruit.example_need_id].iloc[0]
    texts = [need[column] for column in ("title", "statement", "goal", "focus_area") if need[column]]
    added = make_district(
        offers=[
            make_offer(
                f"new{number}",
                partner_id=f"new{number}",
                focus=". ".join(texts),
                kinds=[recruit.kind],
                slots=recruit.slots,
                grades=recruit.grades,
                languages=recruit.languages or None,
                schedule=recruit.schedule or None,
            )
        ],
        partners=[make_partner(f"new{number}", radius_km=recruit.radius_km if place else None, **place)],
    )
    tables = {
        name: pd.concat([getattr(district, name), getattr(added, name)], ignore_index=True)
        for name in ("partners", "offers")
    }
    return replace(district, **tables)


def filled(district: District) -> list[int]:
    return [level.filled for level in run_match(district).allocation.levels]


def test_one_offer_is_sought_for_all_needs_alike_and_fills_them() -> None:
    needs = [make_need(f"n{i}", slots=4 + i, grades="3-5", school_id=f"s{i}", priority=1) for i in range(2)]
    (recruit,) = recruits(make_district(needs, [make_offer(slots=2, grades="3")]))
    assert (recruit.kind, recruit.slots, recruit.trained_slots, recruit.slots_filled) == (
        "mentoring",
        7,
        7,
        7,
    )
    assert (recruit.grades, recruit.by_level, recruit.num_schools) == ("3-5", {"mentoring-1": 7}, 2)
    assert recruit.sentence == (
        "7 more mentoring slots, trained and cleared, for grades 3-5, anywhere in the district, for needs like "
        "\u201cHelp with reading\u201d: 7 slots filled at 2 schools (mentoring: 7 of priority 1)."
    )


def test_the_most_urgent_level_comes_first_then_the_most_slots() -> None:
    needs = [
        make_need("n0", kind="resources", slots=90, priority=1),
        make_need("n1", slots=2, priority=2, statement="Mathematics"),
        make_need("n2", slots=5, priority=2, statement="Playing the violin"),
    ]
    assert [line.example_need_id for line in recruits(make_district(needs))] == ["n2", "n1", "n0"]


def test_area_is_no_wider_than_the_schools_it_fills_and_no_wider_than_partners_go() -> None:
    # 0.01 degrees of latitude are 1.1 km: s1 is 2.2 km from s0, s2 is 11 km off; partners go 5 km.
    schools = [
        make_school(f"s{i}", latitude=37.7 + step, longitude=-122.4) for i, step in enumerate((0, 0.02, 0.1))
    ]
    needs = [make_need(f"n{i}", school_id=f"s{i}", slots=3) for i in range(3)]
    first, second = recruits(make_district(needs, schools=schools))
    assert (place_words(first), first.need_ids) == ("within 3 km of School s0", ("n0", "n1"))
    assert (place_words(second), second.need_ids) == ("at or near School s2", ("n2",))


def test_partners_usual_way_is_the_districts_own() -> None:
    schools = [
        make_school(f"s{i}", latitude=37.7 + step, longitude=-122.4) for i, step in enumerate((0, 0.1))
    ]
    needs = [make_need(f"n{i}", school_id=f"s{i}", slots=3) for i in range(2)]
    (line,) = recruits(make_district(needs, schools=schools, partners=[make_partner(radius_km=20)]))
    assert line.radius_km == 12  # 11.1 km, rounded up


def test_who_speaks_a_language_is_sought_for_those_who_ask_for_it_alone() -> None:
    lines = recruits(
        make_district(
            [
                make_need(slots=6),
                make_need(slots=2, languages=["Somali", "English"]),
                make_need(slots=4, languages=["Arabic"]),
            ]
        )
    )
    assert [(line.slots, line.languages) for line in lines] == [(8, ""), (4, "Arabic")]


def test_times_are_those_that_the_needs_ask() -> None:
    needs = [
        make_need(slots=2, schedule="Mon 15:00-16:00"),
        make_need(slots=2, schedule="Mon 15:30-16:30|Tue 09:00-10:00"),
    ]
    (line,) = recruits(make_district(needs))
    assert line.schedule == "Mon 15:00-16:30|Tue 09:00-10:00"


def test_no_line_serves_young_and_old_alike() -> None:
    lines = recruits(make_district([make_need(slots=3, grades="2"), make_need(slots=2, grades="11")]))
    assert [(line.grades, line.slots) for line in lines] == [("2", 3), ("11", 2)]


def test_need_with_all_the_partners_it_takes_gets_no_line() -> None:
    assert recruits(make_district([make_need(slots=9, max_partners=1)], [make_offer(slots=6)])) == ()


def test_gains_are_told_by_line_and_priority() -> None:
    (line,) = recruits(make_district([make_need(slots=3)]))
    line = replace(line, by_level={"mentoring-1": 15, "mentoring-3": 4, "other-2": -1})
    assert (
        gain_words(line) == "mentoring: 15 of priority 1, 4 of priority 3; other help: 1 fewer of priority 2"
    )


@on_a_few
@given(districts())
def test_each_line_typed_into_the_tables_fills_what_it_says(district: District) -> None:
    # Small districts are solved to their optimum, so a plan with the offer fills at least what the line found.
    lines = recruits(district)
    plans = [filled(district)]
    for number, line in enumerate(lines):
        district = with_recruit(district, line, number)
        plans.append(filled(district))
        found = [before + line.by_level.get(name, 0) for name, before in zip(LEVELS, plans[-2], strict=True)]
        assert plans[-1] >= found


def test_same_plan_gives_the_same_brief() -> None:
    needs = [make_need(slots=4, languages=["Somali"]), make_need(slots=9, kind="event"), make_need(slots=2)]
    district = make_district(needs, [make_offer(slots=1)])
    first, second = (recruiting_brief(run_match(district)) for _ in range(2))
    assert first == second
