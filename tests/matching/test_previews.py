"""What a change of the policy is told to change."""

from dataclasses import replace
from datetime import date

import pytest

from embeddings import WordHashEncoder
from matching.district import District
from matching.policy import Policy, with_settings
from matching.previews import LevelOutlook, Outlook, outlook_of, preview
from matching.vocabulary import LEVELS
from tests.districts import make_district, make_need, make_offer, make_partner, make_school

ON = date(2026, 11, 20)
ENCODER = WordHashEncoder()


def look(district: District, earlier: Outlook | None = None, **settings: object) -> Outlook:
    """Return the outlook of a policy; settings are named with ``__`` for dots."""
    policy = with_settings(Policy(), {name.replace("__", "."): value for name, value in settings.items()})
    scorer = earlier.scorer if earlier else None
    return outlook_of(district, policy, on=ON, encoder=ENCODER, earlier=scorer)


@pytest.fixture
def district() -> District:
    """Give a mentor's offer without a date of clearance for two mentoring needs, and one for a tutoring need."""
    needs = [
        make_need("n0", slots=4, priority=1, statement="Reading mentors"),
        make_need("n1", slots=3, priority=2, statement="Reading mentors for boys"),
        make_need("n2", slots=2, priority=1, statement="Algebra tutoring", kind="tutoring"),
    ]
    offers = [
        make_offer("o0", focus="Reading mentors", slots=5),
        make_offer("o1", focus="Algebra tutoring", slots=9, kinds=["tutoring"]),
    ]
    return make_district(needs, offers)


def test_level_has_what_offers_leave_after_the_levels_before_it(district: District) -> None:
    # Five slots: four for n0, the one that is left for n1.
    assert [level for level in look(district).levels if level.needed] == [
        LevelOutlook("mentoring-1", needed=4, most=4),
        LevelOutlook("mentoring-2", needed=3, most=1),
        LevelOutlook("other-1", needed=2, most=2),
    ]


def test_order_of_levels_changes_who_has_the_most(district: District) -> None:
    swapped = ("mentoring-2", "mentoring-1", *LEVELS[2:])
    found = preview(look(district), look(district, objective__levels=swapped))
    assert [(old.name, old.most, new.most) for old, new in found.levels[:2]] == [
        ("mentoring-2", 1, 3),
        ("mentoring-1", 4, 2),
    ]


def test_clearance_that_must_be_stated_takes_the_mentors_away(district: District) -> None:
    found = preview(look(district), look(district, rules__require_clearance=True))
    assert (found.num_mentoring, found.num_other) == ((2, 0), (1, 1))
    assert (found.lost, found.gained) == (("n0", "n1"), ())
    assert [new.most for _, new in found.levels if new.needed] == [0, 0, 2]


def test_lower_floor_gives_a_need_its_first_candidate(district: District) -> None:
    found = preview(look(district, fit__floor=1.0), look(district, fit__floor=0.0))
    assert "n2" in found.gained
    assert found.lost == ()


def test_weights_change_which_offer_comes_first() -> None:
    need = make_need("n0", statement="Reading mentors")
    offers = [make_offer("o0", focus="Reading mentors every week"), make_offer("o1", focus="Reading mentors")]
    partners = [make_partner("p0", years_committed=5), make_partner("p1", years_committed=1)]
    district = make_district([need], offers, partners=partners)
    alike = look(district, fit__weights__similarity=100.0)
    lasting = look(district, fit__weights__commitment=100.0)
    assert preview(alike, lasting, ["n0"]).best == (("n0", ("o1", "o0"), ("o0", "o1")),)
    assert preview(alike, alike, ["n0"]).best == ()


def test_evaluation_rule_ends_running_matches() -> None:
    rated = {"partner_id": "p0", "school_id": "s0", "term": "2026-fall", "rating": 3, "respondents": 50}
    runs = {"need_id": "n0", "offer_id": "o0", "slots": 5, "status": "active"}
    district = make_district([make_need()], [make_offer()], evaluations=[rated], partnerships=[runs])
    found = preview(look(district), look(district, rematch__end_below=4.0))
    assert found.num_ending == (0, 1)


def test_outlook_is_the_same_from_an_earlier_one(district: District) -> None:
    first = look(district)
    again = look(district, first, fit__floor=0.4)
    assert again.scorer.texts is first.scorer.texts
    assert again.levels == look(district, fit__floor=0.4).levels


def test_closed_need_is_not_counted(district: District) -> None:
    needs = district.needs.assign(slots=district.needs["slots"].where(district.needs["need_id"] != "n0", 0))
    found = look(replace(district, needs=needs))
    assert found.served() == {"n1", "n2"}
    assert found.best_offers("n0") == ()


def test_school_may_have_no_needs() -> None:
    assert look(make_district(schools=[make_school()])).num_other == 0
