"""Recommended offers for one need: the order, the free slots, and which rule stands in the way of the others."""

import pytest

from embeddings import WordHashEncoder
from matching.district import District
from matching.recommendation import NEW_NEED, Recommendation, recommend, with_new_need
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, make_policy, run_match


def best(district: District, need_id: str = "n0", limit: int = 10, floor: float = 0) -> Recommendation:
    policy = make_policy(fit={"floor": floor})
    return recommend(district, need_id, policy, on=ON, limit=limit, encoder=WordHashEncoder())


def running(need_id: str, offer_id: str, slots: int, status: str = "active") -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


READING = make_need(statement="reading mentors for grade three")
FOCUSES = ["bicycle repair", "reading mentors for grade three", "mentors for reading"]
OFFERS = [make_offer(focus=focus) for focus in FOCUSES]


def test_the_best_fit_comes_first() -> None:
    found = best(make_district([READING], OFFERS))
    assert found.offers["offer_id"].tolist() == ["o1", "o2", "o0"]
    assert found.offers["fit"].is_monotonic_decreasing
    who = found.offers[["partner_id", "partner", "focus"]].to_numpy().tolist()
    assert who[0] == ["p1", "Partner p1", FOCUSES[1]]
    assert found.offers["reason"].str.startswith("reading mentors").tolist() == [True, False, False]
    assert (found.need_id, found.kind) == ("n0", "mentoring")


def test_equal_fits_stand_in_the_order_of_the_offers() -> None:
    assert best(make_district([READING], [make_offer()] * 4)).offers["offer_id"].tolist() == [
        "o0",
        "o1",
        "o2",
        "o3",
    ]


def test_no_more_than_the_limit_are_listed() -> None:
    assert best(make_district([READING], OFFERS), limit=1).offers["offer_id"].tolist() == ["o1"]
    with pytest.raises(ValueError, match="Limit: expected a whole number >= 1, got 0"):
        best(make_district([READING], OFFERS), limit=0)


def test_near_misses_name_every_rule_that_stands_in_the_way() -> None:
    need = {**READING, "grades": "3", "budget": 0}
    offers = [
        make_offer(focus="mentors for reading", grades="6-8"),
        make_offer(focus="reading mentors for grade three", grades="6-8", cost_to_school=9),
        make_offer(focus="reading mentors for grade three", kinds=["event"]),
        make_offer(focus="reading mentors"),
    ]
    found = best(make_district([need], offers))
    assert found.offers["offer_id"].tolist() == ["o3"]
    assert found.near_misses["offer_id"].tolist() == ["o1", "o0"]  # another kind is no near miss
    assert found.near_misses["rules"].tolist() == ["grades|cost", "grades"]
    assert found.near_misses["why"].tolist() == ["other grades, above the budget", "other grades"]


def test_an_offer_below_the_fit_floor_is_a_near_miss() -> None:
    found = best(make_district([READING], OFFERS), floor=0.9)
    assert "o0" not in found.offers["offer_id"].tolist()
    missed = found.near_misses.set_index("offer_id")
    assert missed.at["o0", "rules"] == "fit_floor"
    assert missed.at["o0", "why"] == "about something else"


def test_five_near_misses_are_enough() -> None:
    found = best(make_district([READING], [make_offer(cleared_until="2026-09-13")] * 7))
    assert found.near_misses["offer_id"].tolist() == ["o0", "o1", "o2", "o3", "o4"]


def test_slots_that_running_partnerships_of_other_needs_hold_are_not_free() -> None:
    rows = [
        running("n1", "o0", 2),
        running("n2", "o0", 1, "paused"),
        running("n0", "o0", 1),  # the need's own do not count
        running("n1", "o1", 9, "ended"),
        running("n2", "o1", 9, "proposed"),
        running("n1", "o2", 9),  # more than it has
    ]
    district = make_district([READING] * 3, [make_offer(slots=5)] * 3, partnerships=rows)
    found = best(district).offers.set_index("offer_id")
    assert found["slots_free"].to_dict() == {"o0": 2, "o1": 5, "o2": 0}
    assert found["slots"].tolist() == [5, 5, 5]


def test_a_recommended_offer_has_the_fit_that_a_match_would_have() -> None:
    partners = [
        make_partner(priorities="reading", years_committed=2),
        make_partner("p1", description="Readers"),
    ]
    evaluations = [{"partner_id": "p1", "term": "spring 2026", "rating": 4}]
    needs = [READING, make_need(statement="algebra"), make_need(statement="readers", languages="Somali")]
    district = make_district(needs, OFFERS[1:2], partners=partners, evaluations=evaluations)
    matches = run_match(district).allocation.matches
    assert best(district).offers["fit"][0] == matches["fit"][0]


def test_a_pair_that_was_declined_is_a_near_miss_of_that_need_alone() -> None:
    district = make_district([READING] * 2, OFFERS[1:2], partnerships=[running("n1", "o0", 1, "declined")])
    assert best(district, "n0").offers["offer_id"].tolist() == ["o0"]
    assert best(district, "n1").near_misses["rules"].tolist() == ["excluded"]


def test_a_need_of_text_alone_has_no_school_to_be_far_from() -> None:
    partner = make_partner("p0", latitude=0, longitude=0, radius_km=1)
    district = make_district([], OFFERS[:1], partners=[partner])
    found = best(with_new_need(district, "bicycle repair", "mentoring"), NEW_NEED)
    assert (found.need_id, found.statement) == ("new", "bicycle repair")
    assert found.offers["offer_id"].tolist() == ["o0"]


def test_a_need_of_text_at_a_school_has_the_schools_grades_and_place() -> None:
    school = make_school("s7", grades="K-5", latitude=0, longitude=1)
    partner = make_partner("p1", latitude=0, longitude=0, radius_km=1)
    offers = [make_offer(grades="6"), make_offer(), make_offer()]
    district = make_district([READING], offers, schools=[school], partners=[partner])
    found = best(with_new_need(district, "mentors", "mentoring", "s7"), NEW_NEED)
    assert found.offers["offer_id"].tolist() == ["o2"]
    assert dict(zip(found.near_misses["offer_id"], found.near_misses["rules"], strict=True)) == {
        "o0": "grades",
        "o1": "distance",
    }
    assert len(district.needs) == 1  # the district given is not changed


@pytest.mark.parametrize(
    ("text", "kind", "school", "message"),
    [
        ("help", "magic", "", "Kind magic: expected one of mentoring, tutoring"),
        (" ", "event", "", "Text: expected what the school needs, got nothing"),
        ("help", "event", "s9", "School s9: expected the id of a school of this district, found none"),
    ],
)
def test_a_new_need_refuses(text: str, kind: str, school: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_new_need(make_district([READING]), text, kind, school)


def test_a_need_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="Need n7: expected the id of a need of this district, found none"):
        best(make_district([READING], OFFERS), "n7")


def test_a_second_need_called_new_is_refused() -> None:
    district = make_district([{**READING, "need_id": "new"}], OFFERS)
    with pytest.raises(ValueError, match="Need new: the district has a need of that id already"):
        with_new_need(district, "help", "event")


def test_a_district_without_offers_recommends_nothing() -> None:
    found = best(make_district([READING]))
    assert (len(found.offers), len(found.near_misses)) == (0, 0)


def test_free_slots_for_mentoring_are_the_trained_ones_that_no_mentee_has() -> None:
    needs = [make_need("n0"), make_need("n1", slots=2), make_need("n2", kind="tutoring", slots=3)]
    offer = make_offer("o0", slots=10, trained_slots=4, kinds=["mentoring", "tutoring"])
    held = [
        {"need_id": "n1", "offer_id": "o0", "slots": 2, "status": "active"},
        {"need_id": "n2", "offer_id": "o0", "slots": 3, "status": "active"},
    ]
    district = make_district(needs, [offer], partnerships=held)
    found = recommend(district, "n0", on=ON, encoder=WordHashEncoder())
    # 10 - 2 - 3 = 5 slots are free, but of the 4 trained ones only 4 - 2 = 2.
    assert found.offers["slots_free"].tolist() == [2]
