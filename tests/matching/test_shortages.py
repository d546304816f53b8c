"""Why levels stay short: sentences that add up, with numbers worked by hand."""

from matching.recruiting import recruiting_brief
from matching.shortages import Shortage
from tests.districts import Row, make_district, make_need, make_offer
from tests.matching.cases import run_match


def shortages(needs: list[Row], offers: list[Row]) -> tuple[Shortage, ...]:
    return recruiting_brief(run_match(make_district(needs, offers))).shortages


def test_district_with_every_slot_filled_has_no_shortage() -> None:
    assert shortages([make_need(slots=5)], [make_offer(slots=5)]) == ()


def test_needs_that_share_too_few_slots_are_named_with_the_offers_that_are_spent() -> None:
    needs = [make_need("n0", slots=5, priority=1), make_need("n1", slots=4, priority=1, school_id="s1")]
    (short,) = shortages(needs, [make_offer("o0", slots=6)])
    assert (short.level, short.slots_open, short.slots_out_of_reach) == ("mentoring-1", 3, 3)
    assert (short.competing_needs, short.spent_offers, short.cut_capacity) == (("n0", "n1"), ("o0",), 6)
    assert (short.offer_slots, short.slots_given) == (6, 6)
    assert "has 6 trained slots, all given to needs that are as urgent." in short.sentence
    assert "each slot moved here would be missed at a need that is as urgent." in short.sentence


def test_later_level_says_what_earlier_ones_took() -> None:
    needs = [make_need("n0", slots=5, priority=1), make_need("n1", slots=4, priority=2)]
    (short,) = shortages(needs, [make_offer("o0", slots=6)])
    assert (short.level, short.open_needs, short.slots_given) == ("mentoring-2", ("n1",), 6)
    assert short.sentence.startswith("3 mentoring slots of priority 2 at 1 school stay open.")
    assert "all given to needs that are as urgent or come first." in short.sentence


def test_need_that_nobody_may_come_to_is_told_apart_from_those_that_compete() -> None:
    needs = [
        make_need("n0", slots=5),
        make_need("n1", slots=4),
        make_need("n2", slots=2, languages=["Somali"]),
    ]
    (short,) = shortages(needs, [make_offer("o0", slots=6)])
    # 11 asked, 6 filled: 2 for want of Somali, 3 for want of slots.
    assert "5 mentoring slots of priority 3 at 1 school stay open." in short.sentence
    assert "For 2 of them every partner with that kind of help is kept away" in short.sentence
    assert "The 1 offer that could come to the other 3 has 6 trained slots" in short.sentence


def test_need_that_takes_many_slots_or_none_is_told_apart_too() -> None:
    (short,) = shortages([make_need(slots=9, min_slots=9, max_partners=1)], [make_offer(slots=6)])
    assert "For these no partner who may come is large enough" in short.sentence
    assert short.offers == ()


def test_slots_that_a_limit_keeps_away_are_counted() -> None:
    needs = [make_need("n0", slots=9, kind="tutoring", max_partners=1)]
    offers = [make_offer(f"o{i}", slots=6, kinds=["tutoring"], partner_id=f"p{i}") for i in range(2)]
    (short,) = shortages(needs, offers)
    assert "have 12 slots: 6 are given" in short.sentence
    assert "keep the other 6 away." in short.sentence


def test_what_a_new_offer_must_have_is_counted_in_open_slots() -> None:
    need = make_need(slots=4, grades="3-5", languages=["Somali", "Arabic"], schedule="Mon 15:00-16:00")
    (short,) = shortages([need, make_need(slots=2, grades="8")], [])
    wanted = short.wanted
    assert (wanted.slots_by_kind, wanted.is_trained, wanted.grades) == ({"mentoring": 6}, True, "3-5|8")
    assert (wanted.slots_by_language, wanted.slots_at_set_times) == ({"Arabic": 4, "Somali": 4}, 4)
    assert short.advice == (
        "Sought: mentoring by people trained and cleared for it, for any of grades 3-5, 8; "
        "of the slots 4 ask for Arabic, 4 ask for Somali and 4 are at set times."
    )
