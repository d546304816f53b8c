"""The arrays of a district: what blank cells become, and what the date decides."""

from datetime import date

import pytest

from matching.facts import facts_of, positions, school_year_start, uses_trained
from matching.policy import Rules
from tests.districts import make_district, make_need, make_offer, make_partner, make_school
from tests.matching.cases import ON, make_facts


def test_blank_trained_slots_are_all_slots() -> None:
    offers = [make_offer(slots=7), make_offer(slots=7, trained_slots=3), make_offer(slots=7, trained_slots=0)]
    assert make_facts(make_district([], offers)).offers.trained.tolist() == [7, 3, 0]


def test_blank_trained_slots_are_none_where_clearance_is_required() -> None:
    offers = [make_offer(slots=7), make_offer(slots=7, trained_slots=3)]
    facts = make_facts(make_district([], offers), Rules(require_clearance=True))
    assert facts.offers.trained.tolist() == [0, 3]


def test_only_mentoring_uses_trained_slots() -> None:
    needs = [make_need(kind=kind) for kind in ("mentoring", "tutoring", "program", "event", "resources")]
    assert uses_trained(make_facts(make_district(needs)).needs).tolist() == [True, False, False, False, False]


def test_blank_limits_are_no_limits() -> None:
    partner, school = make_partner("p0", max_schools=0), make_school("s1", max_partners=0)
    needs = [make_need(max_partners=2), make_need(school_id="s1", min_slots=3)]
    facts = make_facts(
        make_district(needs, [make_offer(), make_offer()], partners=[partner], schools=[school])
    )
    assert facts.needs.max_partners[0] == 2
    assert facts.needs.max_partners[1] > 1_000_000
    assert facts.needs.min_slots.tolist() == [1, 3]
    assert facts.school_max_partners.tolist()[0] == 0
    assert facts.partner_max_schools[0] == 0
    assert facts.partner_max_schools[1] > 1_000_000


def test_ids_of_no_row_have_no_position() -> None:
    district = make_district([make_need("a"), make_need("b")])
    assert positions(district.needs["need_id"][::-1], district.needs["need_id"]).tolist() == [1, 0]
    assert positions(district.schools["name"], district.needs["need_id"]).tolist() == [-1]


@pytest.mark.parametrize(
    ("on", "start"),
    [
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2026, 6, 30), date(2025, 7, 1)),
        (date(2027, 1, 15), date(2026, 7, 1)),
    ],
)
def test_a_school_year_starts_in_the_policys_month(on: date, start: date) -> None:
    assert school_year_start(on, 7) == start


def test_a_pair_declined_in_one_year_may_come_again_when_the_policys_year_has_turned() -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 1, "status": "declined", "since": "2026-08-15"}
    district = make_district([make_need()], [make_offer()], partnerships=[row])
    assert len(facts_of(district, Rules(school_year_starts=8), ON).declined) == 1
    assert len(facts_of(district, Rules(school_year_starts=9), ON).declined) == 0


def test_a_district_without_needs_or_offers_has_facts() -> None:
    facts = make_facts(make_district())
    assert (facts.num_needs, facts.num_offers) == (0, 0)
