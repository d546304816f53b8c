"""Recommendations both ways: the order, what is free, and which rule stands in the way of the others."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from embeddings import WordHashEncoder
from matching.district import District
from matching.recommendation import Recommender, recommend
from matching.suggestions import NeedsForPartner, OffersForNeed
from tests.districts import Row, make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, make_policy, run_match


def recommender(district: District, floor: float = 0) -> Recommender:
    return Recommender(district, make_policy(fit={"floor": floor}), on=ON, encoder=WordHashEncoder())


def best(district: District, need_id: str = "n0", limit: int = 10, floor: float = 0) -> OffersForNeed:
    return recommender(district, floor).offers_for(need_id, limit=limit)


def asked(
    district: District, text: str, kind: str = "mentoring", school_id: str = "", limit: int = 10
) -> OffersForNeed:
    return recommender(district).offers_for_text(text, kind, school_id=school_id, limit=limit)


def offer_ids(found: OffersForNeed) -> list[str]:
    return [pair.offer.offer_id for pair in found.offers]


def need_ids(found: NeedsForPartner) -> list[str]:
    return [pair.need.need_id for pair in found.needs]


def missed(found: OffersForNeed) -> dict[str, list[str]]:
    return {miss.offer.offer_id: list(miss.rules) for miss in found.near_misses}


def running(need_id: str, offer_id: str, slots: int, status: str = "active") -> Row:
    return {"need_id": need_id, "offer_id": offer_id, "slots": slots, "status": status}


READING = make_need(statement="reading mentors for grade three")
FOCUSES = ["bicycle repair", "reading mentors for grade three", "mentors for reading"]
OFFERS = [make_offer(focus=focus) for focus in FOCUSES]


def test_the_best_fit_comes_first() -> None:
    found = best(make_district([READING], OFFERS))
    assert offer_ids(found) == ["o1", "o2", "o0"]
    fits = [pair.scores.fit for pair in found.offers]
    assert fits == sorted(fits, reverse=True)
    first = found.offers[0]
    assert (first.offer.partner_id, first.offer.partner, first.offer.focus) == (
        "p1",
        "Partner p1",
        FOCUSES[1],
    )
    assert first.reason.sentences.startswith("reading mentors for grade three. Both say “grade three”")
    assert (found.need.need_id, found.need.kind, found.need.level) == ("n0", "mentoring", "mentoring-3")


def test_equal_fits_stand_in_the_order_of_the_offers() -> None:
    assert offer_ids(best(make_district([READING], [make_offer()] * 4))) == ["o0", "o1", "o2", "o3"]


def test_no_more_than_the_limit_are_listed() -> None:
    assert offer_ids(best(make_district([READING], OFFERS), limit=1)) == ["o1"]
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
    assert offer_ids(found) == ["o3"]
    assert missed(found) == {"o1": ["grades", "cost"], "o0": ["grades"]}  # another kind is no near miss
    assert found.near_misses[0].cells["why"] == "other grades, above the budget"


def test_an_offer_below_the_fit_floor_is_a_near_miss() -> None:
    found = best(make_district([READING], OFFERS), floor=0.9)
    assert "o0" not in offer_ids(found)
    assert missed(found)["o0"] == ["fit_floor"]


def test_five_near_misses_are_enough() -> None:
    found = best(make_district([READING], [make_offer(cleared_until="2026-09-13")] * 7))
    assert list(missed(found)) == ["o0", "o1", "o2", "o3", "o4"]


def test_offers_that_can_come_now_stand_before_those_that_a_group_rule_blocks() -> None:
    offers = [
        make_offer(focus="reading mentors for grade three", slots=5),
        make_offer(focus="bicycle repair"),
    ]
    district = make_district([READING] * 2, offers, partnerships=[running("n1", "o0", 5)])
    found = best(district)
    assert offer_ids(found) == ["o1", "o0"]
    assert [pair.cells["blocked_by"] for pair in found.offers] == ["", "capacity"]
    assert [pair.cells["blocked_why"] for pair in found.offers] == ["", "no free slots"]
    assert found.near_misses == ()


def test_a_blocked_offer_that_the_list_has_no_room_for_is_a_near_miss() -> None:
    offers = [
        make_offer(focus="reading mentors for grade three", slots=5),
        make_offer(focus="bicycle repair"),
    ]
    district = make_district([READING] * 2, offers, partnerships=[running("n1", "o0", 5)])
    found = best(district, limit=1)
    assert (offer_ids(found), missed(found)) == (["o1"], {"o0": ["capacity"]})


def test_slots_that_running_partnerships_hold_are_not_free() -> None:
    rows = [
        running("n1", "o0", 2),
        running("n2", "o0", 1, "paused"),
        running("n0", "o0", 1),
        running("n1", "o1", 9, "ended"),
        running("n2", "o1", 9, "proposed"),
        running("n1", "o2", 9),  # more than it has
    ]
    found = best(make_district([READING] * 3, [make_offer(slots=5)] * 3, partnerships=rows))
    free = {pair.offer.offer_id: (pair.offer.slots_free, pair.slots_here) for pair in found.offers}
    assert free == {"o0": (1, 1), "o1": (5, 0), "o2": (0, 0)}
    assert (found.need.slots, found.need.slots_open) == (5, 4)


def test_a_need_whose_slots_are_all_filled_still_learns_who_could_come() -> None:
    district = make_district([READING], OFFERS, partnerships=[running("n0", "o0", 5)])
    found = best(district)
    assert (offer_ids(found), found.need.slots_open) == (["o1", "o2", "o0"], 0)
    assert [pair.blocked_by for pair in found.offers] == [(), (), ("capacity",)]


def test_offers_without_slots_are_not_told_of() -> None:
    found = best(make_district([READING], [make_offer(slots=0), make_offer(slots=0, grades="13")]))
    assert (found.offers, found.near_misses) == ((), ())


def test_a_recommended_pair_has_the_fit_that_a_match_would_have() -> None:
    partners = [
        make_partner(priorities="reading", years_committed=2),
        make_partner("p1", description="Readers"),
    ]
    evaluations = [{"partner_id": "p1", "term": "spring 2026", "rating": 4}]
    needs = [READING, make_need(statement="algebra"), make_need(statement="readers", languages="Somali")]
    district = make_district(needs, OFFERS[1:2], partners=partners, evaluations=evaluations)
    matched = run_match(district).allocation.matches["fit"][0]
    both = recommender(district)
    assert both.offers_for("n0").offers[0].scores.fit == matched
    assert both.needs_for_offer("o0").needs[0].scores.fit == matched
    text = both.offers_for_text("reading mentors for grade three", "mentoring", school_id="s0")
    assert text.offers[0].scores.fit == matched


def test_a_pair_that_was_declined_is_a_near_miss_of_that_need_alone() -> None:
    district = make_district([READING] * 2, OFFERS[1:2], partnerships=[running("n1", "o0", 1, "declined")])
    assert offer_ids(best(district, "n0")) == ["o0"]
    assert missed(best(district, "n1")) == {"o0": ["excluded"]}
    assert offer_ids(asked(district, "reading", school_id="s0")) == ["o0"]


def test_a_text_alone_has_no_school_to_be_far_from() -> None:
    partner = make_partner("p0", latitude=0, longitude=0, radius_km=1)
    found = asked(make_district([], OFFERS[:1], partners=[partner]), "bicycle repair")
    assert (found.need.need_id, found.need.statement, found.need.priority) == ("", "bicycle repair", None)
    assert offer_ids(found) == ["o0"]


def test_a_text_of_a_school_has_the_schools_grades_and_place() -> None:
    school = make_school("s7", grades="K-5", latitude=0, longitude=1)
    partner = make_partner("p1", latitude=0, longitude=0, radius_km=1)
    offers = [make_offer(grades="6"), make_offer(), make_offer()]
    district = make_district([READING], offers, schools=[school], partners=[partner])
    found = asked(district, "mentors", school_id="s7")
    assert (offer_ids(found), missed(found)) == (["o2"], {"o0": ["grades"], "o1": ["distance"]})
    assert found.need.school == "School s7"


def test_a_text_is_of_the_kind_it_was_asked_for() -> None:
    district = make_district([], [make_offer(), make_offer(kinds=["event", "program"])])
    assert offer_ids(asked(district, "reading", "event")) == ["o1"]
    assert offer_ids(asked(district, "reading", "mentoring")) == ["o0"]


@pytest.mark.parametrize(
    ("text", "kind", "school", "message"),
    [
        ("help", "magic", "", "Kind magic: expected one of mentoring, tutoring"),
        (" ", "event", "", "Text: expected what the school needs, got nothing"),
        ("help", "event", "s9", "School s9: expected the id of one of this district, found none"),
    ],
)
def test_a_text_is_refused(text: str, kind: str, school: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(make_district([READING]), text, kind, school)


def test_ids_that_are_not_there_are_refused() -> None:
    ask = recommender(make_district([READING], OFFERS))
    with pytest.raises(ValueError, match="Need n7: expected the id of one of this district, found none"):
        ask.offers_for("n7")
    with pytest.raises(ValueError, match="Partner p7: expected the id"):
        ask.needs_for_partner("p7")
    with pytest.raises(ValueError, match="Offer o7: expected the id"):
        ask.needs_for_offer("o7")


def test_a_district_without_offers_recommends_nothing() -> None:
    found = best(make_district([READING]))
    assert (found.offers, found.near_misses) == ((), ())


NEEDS = [
    make_need(statement="bicycle repair", priority=1),
    make_need(statement="reading mentors for grade three", priority=5),
    make_need(statement="mentors for reading", kind="event"),
]


def test_needs_for_a_partner_stand_by_fit_with_their_level_beside_them() -> None:
    found = recommender(make_district(NEEDS, OFFERS[1:2])).needs_for_partner("p0")
    assert need_ids(found) == ["n1", "n0"]
    assert [pair.need.level for pair in found.needs] == ["mentoring-5", "mentoring-1"]
    assert (found.partner, [offer.offer_id for offer in found.offers]) == ("Partner p0", ["o0"])
    assert found.near_misses == ()  # a need of another kind is none


def test_each_need_stands_once_with_the_offer_of_the_partner_that_suits_it_best() -> None:
    offers = [make_offer(focus=focus, partner_id="p0") for focus in FOCUSES] + [make_offer(partner_id="p1")]
    found = recommender(make_district(NEEDS[:2], offers)).needs_for_partner("p0")
    assert {pair.need.need_id: pair.offer.offer_id for pair in found.needs} == {"n0": "o0", "n1": "o1"}
    assert need_ids(recommender(make_district(NEEDS[:2], offers)).needs_for_offer("o0")) == ["n0", "n1"]


def test_open_needs_stand_before_those_that_are_filled_and_closed_ones_nowhere() -> None:
    needs = [{**NEEDS[1], "slots": 2}, NEEDS[0], NEEDS[1]]
    offers = [OFFERS[1], make_offer(slots=9)]
    district = make_district(needs, offers, partnerships=[running("n0", "o1", 2)])
    found = recommender(district).needs_for_offer("o0")
    assert need_ids(found) == ["n2", "n1", "n0"]
    assert [pair.need.slots_open for pair in found.needs] == [5, 5, 0]
    assert found.needs[2].blocked_by == ("need_slots",)


def test_near_misses_of_a_partner_are_needs_that_no_offer_of_it_may_serve() -> None:
    needs = [make_need(grades="3"), make_need(grades="9")]
    offers = [make_offer(grades="9", partner_id="p0"), make_offer(grades="9-10", partner_id="p0")]
    found = recommender(make_district(needs, offers)).needs_for_partner("p0")
    assert need_ids(found) == ["n1"]
    assert [(miss.need.need_id, miss.rules) for miss in found.near_misses] == [("n0", ("grades",))]


def test_a_partner_without_offers_is_told_no_need() -> None:
    found = recommender(make_district(NEEDS, OFFERS, partners=[make_partner("p9")])).needs_for_partner("p9")
    assert (found.offers, found.needs, found.near_misses) == ((), (), ())


def test_both_ways_are_rows_for_a_program_and_for_a_table() -> None:
    ask = recommender(make_district(NEEDS[:2], OFFERS))
    offers, needs = ask.offers_for("n1"), ask.needs_for_offer("o1")
    assert offers.to_frame()["offer_id"].tolist() == ["o1", "o2", "o0"]
    assert needs.to_frame()[["need_id", "offer_id"]].to_numpy().tolist() == [["n1", "o1"], ["n0", "o1"]]
    told = offers.as_dict()
    assert (told["need_id"], told["slots_open"]) == ("n1", 5)
    assert isinstance(told["offers"], Sequence)
    assert told["offers"][0]["shared_words"] == "grade three|reading mentors"
    assert needs.as_dict()["partner_id"] == "p1"


def test_the_two_line_way_is_the_recommenders() -> None:
    district = make_district([READING], OFFERS)
    found = recommend(district, "n0", make_policy(fit={"floor": 0}), on=ON, encoder=WordHashEncoder())
    assert found == best(district)


def test_threads_that_ask_at_once_get_what_one_alone_gets() -> None:
    ask = recommender(make_district([READING] * 3 + NEEDS, OFFERS * 5))
    texts = [f"{focus} in spring" for focus in FOCUSES] * 4
    alone = [ask.offers_for_text(text, "mentoring") for text in texts]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda text: ask.offers_for_text(text, "mentoring"), texts)
        needs = threads.map(lambda _: ask.needs_for_partner("p1"), texts)
        assert list(together) == alone
        assert set(map(need_ids_of, needs)) == {need_ids_of(ask.needs_for_partner("p1"))}


def need_ids_of(found: NeedsForPartner) -> tuple[str, ...]:
    return tuple(need_ids(found))


def test_an_area_keeps_what_is_about_it_however_many_others_fit_better() -> None:
    offers = [make_offer(focus=focus) for focus in ("reading mentors", "reading books", "algebra mentors")]
    district = make_district([READING, make_need(statement="Algebra")], offers)
    known = recommender(district)
    assert offer_ids(known.offers_for("n0", limit=1, area="math")) == ["o2"]
    assert offer_ids(known.offers_for_text("Reading", "mentoring", limit=1, area="math")) == ["o2"]
    assert need_ids(known.needs_for_partner("p0", limit=1, area="math")) == ["n1"]
    assert need_ids(known.needs_for_offer("o0", limit=1, area="math")) == ["n1"]


def test_every_need_and_offer_has_its_likeliest_area_or_none() -> None:
    needs = [make_need("n0", statement="Algebra"), make_need("n1", statement="Xyzzy")]
    known = recommender(make_district(needs, [make_offer(focus="Groceries and canned goods")]))
    assert known.areas() == ({"n0": "math", "n1": ""}, {"o0": "food"})
