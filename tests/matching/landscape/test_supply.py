"""Supply against demand, by numbers worked by hand."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given

from matching.district import District
from matching.landscape.connections import (
    Overlap,
    Party,
    Spread,
    Tie,
    counted_by,
    overlaps,
    spread_thin,
    ties,
)
from matching.landscape.equity import Neighbours, evenness, left_out, schools_helped, together
from matching.landscape.nearby import near_and_free
from matching.landscape.supply import (
    Areas,
    Balance,
    Ground,
    balances,
    ground_of,
    most_free,
    shared_out,
    total,
)
from matching.landscape.town import town_of
from matching.overview import overview_of
from matching.policy import Policy
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import districts, on_a_few

ON = date(2026, 11, 20)
NOTHING: Areas = ({}, {})


def ground(district: District, areas: Areas = NOTHING) -> Ground:
    return ground_of(district, Policy(), ON, areas)


def runs(need_id: str, offer_id: str, slots: int, status: str = "active") -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


def test_open_and_free_slots_stand_under_what_they_are_about_and_of_which_kind() -> None:
    needs = [make_need("n0", slots=5), make_need("n1", slots=8, kind="tutoring")]
    offers = [make_offer("o0", slots=4), make_offer("o1", slots=9, kinds=["tutoring"])]
    district = make_district(needs, offers, partnerships=[runs("n0", "o0", 3)])
    areas = {"n0": "reading", "n1": "math"}, {"o0": "reading", "o1": "reading"}
    found = balances(ground(district, areas).cells, "area", "kind")
    assert found == {
        ("reading", "mentoring"): Balance(filled=3, open=2, free=1),
        ("math", "tutoring"): Balance(filled=0, open=8, free=0),
        ("reading", "tutoring"): Balance(filled=0, open=0, free=9),
    }
    assert [one.gap for one in found.values()].count(8) == 1


def test_offer_of_several_kinds_is_shared_out_so_that_kinds_add_up() -> None:
    offer = make_offer(slots=7, kinds=["mentoring", "tutoring", "program"])
    here = ground(make_district([make_need(slots=5)], [offer]))
    free = {kind: one.free for (kind,), one in balances(here.cells, "kind").items()}
    # 7 over 3: 2 each, and the one left over in between.
    assert free == {"mentoring": 2, "tutoring": 3, "program": 2}
    assert most_free(here.offers, here.facts)["mentoring"] == 7


def test_untrained_slots_are_free_for_other_kinds_alone() -> None:
    offer = make_offer(slots=8, kinds=["mentoring", "tutoring"], trained_slots=1)
    alone = make_offer(slots=8, trained_slots=2)
    here = ground(make_district([], [offer, alone]))
    free = {kind: one.free for (kind,), one in balances(here.cells, "kind").items()}
    # Of the first, 1 and 7; of the second, which only mentors, its 2 that are trained.
    assert free == {"mentoring": 3, "tutoring": 7}


def test_need_of_many_grades_is_shared_out_over_these() -> None:
    here = ground(make_district([make_need(slots=6, grades="K-5")], []))
    bands = {band: one.open for (band,), one in balances(here.cells, "band").items()}
    # A slot a grade: K, 1 and 2, then 3, 4 and 5.
    assert bands == {"PK-2": 3, "3-5": 3}


def test_offer_for_all_grades_is_for_those_of_the_schools() -> None:
    school = make_school("s0", grades="6-8")
    here = ground(make_district([make_need(slots=3)], [make_offer(slots=9)], schools=[school]))
    assert balances(here.cells, "band") == {("6-8",): Balance(filled=0, open=3, free=9)}


def test_partner_whose_agreement_has_expired_gives_nothing_and_has_nothing_free() -> None:
    partner = make_partner("p0", agreement_expires="2026-10-01")
    district = make_district(
        [make_need()], [make_offer()], partners=[partner], partnerships=[runs("n0", "o0", 2)]
    )
    assert total(ground(district).cells) == Balance(filled=0, open=5, free=0)


def test_plan_takes_the_place_of_what_runs() -> None:
    district = make_district([make_need(slots=5)], [make_offer(slots=6)], partnerships=[runs("n0", "o0", 1)])
    today = ground(district)
    plan = today.links.assign(slots=4)
    gone = plan.assign(need_id="n9")
    assert total(ground_of(district, Policy(), ON, NOTHING, plan, today).cells) == Balance(4, 1, 2)
    assert total(ground_of(district, Policy(), ON, NOTHING, gone).cells) == Balance(0, 5, 6)


@pytest.mark.parametrize("heading", ["area", "kind", "band", "town"])
@on_a_few
@given(district=districts())
def test_headings_add_up_to_the_district(heading: str, district: District) -> None:
    here = ground(district)
    found = balances(here.cells, heading).values()
    needs = overview_of(district, on=ON).needs
    assert sum(one.filled for one in found) == needs["filled"].sum()
    assert sum(one.open for one in found) == needs["open"].sum()
    assert sum(one.free for one in found) == here.offers["free"].sum()


def test_slots_are_shared_out_to_the_last() -> None:
    member = np.array([[True, True, False, True], [False, False, False, False], [True, True, True, True]])
    parts = shared_out(np.array([1, 5, 2]), member)
    assert parts.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 1, 0]]


def row_of_schools(count: int) -> list[Row]:
    """Return schools from west to east, some 0.9 km apart."""
    return [make_school(f"s{n:02}", latitude=37.7, longitude=-122.4 + n / 100) for n in range(count)]


def test_areas_of_town_are_halves_named_after_their_middle() -> None:
    partners = [make_partner("p0", latitude=37.7, longitude=-122.3), make_partner("p1")]
    district = make_district(schools=row_of_schools(10), partners=partners)
    town = town_of(district.schools, district.partners)
    assert town.names == ("School s02", "School s07")
    assert town.of_schools.tolist() == [0] * 5 + [1] * 5
    assert town.of_partners.tolist() == [1, -1]


def test_few_schools_or_none_with_a_place_are_no_areas() -> None:
    few = make_district(
        schools=row_of_schools(9), partners=[make_partner("p0", latitude=37.7, longitude=-122.4)]
    )
    town = town_of(few.schools, few.partners)
    assert (town.names, town.of_partners.tolist()) == ((), [-1])
    assert town_of(make_district().schools, make_district().partners).names == ()


def helped(slots: int = 6, num_partners: int = 3) -> Ground:
    """Return a ground of four schools in a row: s01 has three partners, the others none; s03 asks for nothing."""
    needs = [make_need(f"n{n}", school_id=f"s0{n}", slots=slots if n == 1 else 6) for n in range(3)]
    offers = [make_offer(f"o{n}", slots=6) for n in range(3)]
    schools = [school | {"enrollment": 200} for school in row_of_schools(4)]
    ran = [runs("n1", f"o{n}", given) for n, given in enumerate((1, 3, 1)[:num_partners])]
    return ground(make_district(needs, offers, schools=schools, partnerships=ran))


def test_schools_with_the_least_share_come_first() -> None:
    schools = schools_helped(helped())
    assert [(school.school_id, school.filled, school.open, school.num_partners) for school in schools] == [
        ("s00", 0, 6, 0),
        ("s02", 0, 6, 0),
        ("s01", 5, 1, 3),
        ("s03", 0, 0, 0),
    ]
    assert schools[2].per_hundred == 2.5
    assert (together(schools).filled, together(schools).needed, together(schools).num_needs) == (5, 18, 3)
    # Unmet shares 1, 1 and 1/6: (-2 * 1/6 + 0 * 1 + 2 * 1) / (3 * 13/6) = 10/39.
    assert (evenness(schools).worst_share, evenness(schools).gini) == (1.0, round(10 / 39, 6))


def test_school_without_a_partner_beside_one_with_many_is_told_of() -> None:
    here = helped()
    schools = {school.school_id: school for school in schools_helped(here)}
    first, second = left_out(here, list(schools.values()), 5)
    assert first == Neighbours(schools["s00"], schools["s01"], first.km)
    assert second.without is schools["s02"]
    assert first.km == pytest.approx(0.88, abs=0.01)  # A hundredth of a degree east at 37.7 north.
    fewer = helped(num_partners=2)
    assert left_out(fewer, schools_helped(fewer), 5) == []


def test_three_partners_that_do_the_same_at_a_school_overlap() -> None:
    here = helped()
    areas: Areas = (dict.fromkeys(["n0", "n1", "n2"], "reading"), {})
    parties = (Party("p1", "Partner p1", 3), Party("p0", "Partner p0", 1), Party("p2", "Partner p2", 1))
    found = overlaps(ground(here.district, areas))
    assert found == [Overlap("s01", "School s01", "mentoring", "reading", parties, "s00", "School s00", 6)]
    assert found[0].slots == 5
    assert overlaps(here) == []  # Nothing is known of what they are about.


def test_overlap_leads_to_another_school_even_where_its_own_lacks_most() -> None:
    areas: Areas = (dict.fromkeys(["n0", "n1"], "reading"), {})
    (found,) = overlaps(ground(helped(slots=60).district, areas))
    assert (found.elsewhere_id, found.open_elsewhere) == ("s00", 6)


def test_match_is_about_what_its_offer_is_where_the_need_does_not_tell() -> None:
    areas: Areas = ({"n1": ""}, {"o0": "reading", "o1": "math"})
    assert ground(helped().district, areas).links["area"].tolist() == ["reading", "math", ""]


def test_partner_with_little_at_many_schools_is_spread_thin() -> None:
    needs = [make_need(f"n{n}", school_id=f"s{n}") for n in range(3)]
    offers = [make_offer("o0", slots=15), make_offer("o1", slots=15)]
    ran = [runs(f"n{n}", "o0", 3) for n in range(3)] + [runs(f"n{n}", "o1", 2) for n in range(2)]
    here = ground(make_district(needs, offers, partnerships=ran))
    assert spread_thin(here) == [Spread("p0", "Partner p0", num_schools=3, slots=9)]
    more = make_district(needs, offers, partnerships=[*ran[:2], runs("n2", "o0", 4)])
    assert spread_thin(ground(more)) == []


def test_links_are_counted_from_both_sides() -> None:
    here = helped()
    assert counted_by(here, "school") == [3, 0, 0, 1]
    assert counted_by(here, "partner") == [0, 3]
    assert ties(here) == [Tie("nonprofit", -1, num_partners=3, slots=5)]
    with pytest.raises(ValueError, match="expected school or partner"):
        counted_by(here, "area")


def test_who_is_near_and_free_comes_in_the_order_of_what_the_school_lacks() -> None:
    near, far = ({"latitude": 37.7, "longitude": -122.4 + east} for east in (0, 0.1))
    offers = [
        make_offer("o0", kinds=["mentoring", "tutoring"], trained_slots=2),
        *(make_offer(name) for name in ("o1", "o2")),
    ]
    offers.append(make_offer("o3", kinds=["event"]))
    places = [near, far, far | {"radius_km": 2}, near]
    district = make_district(
        [make_need("n0", school_id="s00")],
        offers,
        schools=row_of_schools(1),
        partners=[make_partner(f"p{n}", **place) for n, place in enumerate(places)],
    )
    here = ground(district, ({"n0": "reading"}, {"o1": "reading"}))
    found = near_and_free(here, "s00", 5)
    assert [(one.offer_id, one.is_asked, one.free, one.kinds) for one in found] == [
        ("o1", True, 5, ("mentoring",)),
        ("o0", False, 2, ("mentoring",)),
    ]
    assert near_and_free(here, "s00", 1) == found[:1]
