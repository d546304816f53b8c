"""What running partnerships stand for at a rematch: each cause once, and what a lock overrides."""

from datetime import date

import pytest

from matching.district import District
from matching.standing import as_of_now, running_matches, with_standing
from tests.districts import Row, make_district, make_need, make_offer, make_partner
from tests.matching.cases import make_policy

ON = date(2027, 1, 15)


def active(need: str = "n0", offer: str = "o0", **cells: object) -> Row:
    return {"need_id": need, "offer_id": offer, "slots": 2, "status": "active", **cells}


def judged(needs: list[Row], offers: list[Row], *partnerships: Row, released=(), **tables):  # type: ignore[no-untyped-def]  # rows of tables
    district = make_district(needs, offers, partnerships=list(partnerships), **tables)
    return running_matches(district, make_policy(), ON, released)


def tutoring(**cells: object) -> Row:
    return make_need(None, kind="tutoring", **cells)


def test_an_active_mentoring_match_is_locked_and_a_tutoring_match_is_not() -> None:
    rows = judged(
        [make_need(kind="mentoring"), tutoring()],
        [make_offer(kinds=["mentoring", "tutoring"])],
        active("n0"),
        active("n1"),
    )
    assert rows["is_locked"].tolist() == [True, False]
    assert rows["cause"].tolist() == ["", ""]


def test_a_released_or_paused_mentoring_match_is_not_locked() -> None:
    needs, offers = [make_need(kind="mentoring")], [make_offer(kinds=["mentoring"])]
    assert not judged(needs, offers, active(), released=[("n0", "o0")])["is_locked"].any()
    assert not judged(needs, offers, active(status="paused"))["is_locked"].any()


def test_releasing_what_does_not_run_is_refused() -> None:
    with pytest.raises(ValueError, match="Released n0=o9: expected a running partnership"):
        judged([make_need()], [make_offer()], active(), released=[("n0", "o9")])


@pytest.mark.parametrize(
    ("need", "offer", "partner", "cause"),
    [
        ({"slots": 0}, {}, {}, "need_closed"),
        ({}, {"slots": 0}, {}, "partner_withdrew"),
        ({}, {}, {"agreement_expires": "2027-01-14"}, "agreement_expired"),
        ({}, {"cleared_until": "2027-01-14"}, {}, "clearance_lapsed"),
        ({}, {}, {}, ""),
    ],
)
def test_the_world_ends_even_a_mentoring_match(need: Row, offer: Row, partner: Row, cause: str) -> None:
    rows = judged(
        [make_need(None, kind="mentoring", **need)],
        [make_offer(None, kinds=["mentoring"], **offer)],
        active(),
        partners=[make_partner("p0", **partner)],
    )
    assert rows["cause"].tolist() == [cause]
    assert rows["is_locked"].tolist() == [cause == ""]


def test_a_locked_row_stays_though_the_agreement_has_expired() -> None:
    partner = make_partner("p0", agreement_expires="2027-01-14")
    rows = judged([tutoring()], [make_offer(kinds=["tutoring"])], active(locked="yes"), partners=[partner])
    assert rows[["is_locked", "cause"]].to_numpy().tolist() == [[True, ""]]


def test_a_broken_pair_rule_ends_tutoring_but_not_locked_mentoring() -> None:
    needs = [make_need(kind="mentoring", grades="K"), tutoring(grades="K")]
    offers = [make_offer(kinds=["mentoring", "tutoring"], grades="9-12")]
    rows = judged(needs, offers, active("n0"), active("n1"))
    assert rows["cause"].tolist() == ["", "rule_broken"]
    assert "grades" in rows["why"].iat[1]


def rating(stars: float, respondents: int) -> Row:
    return {
        "partner_id": "p0",
        "school_id": "s0",
        "term": "fall 2026",
        "rating": stars,
        "respondents": respondents,
    }


@pytest.mark.parametrize(
    ("stars", "respondents", "cause"), [(1.0, 5, "evaluation"), (1.0, 4, ""), (3.0, 5, "")]
)
def test_a_bad_evaluation_by_enough_people_ends_a_mentoring_match(
    stars: float, respondents: int, cause: str
) -> None:
    # Drawn to the district's mean with a prior of 5: with no other rating, the mean is the rating itself.
    needs, offers = [make_need(kind="mentoring")], [make_offer(kinds=["mentoring"])]
    rows = judged(needs, offers, active(), evaluations=[rating(stars, respondents)])
    assert rows["cause"].tolist() == [cause]


def test_what_ended_for_its_evaluation_counts_as_declined_now_and_at_the_next_rematch() -> None:
    runs, ended = (_badly_rated(active(status=status)) for status in ("active", "ended"))
    seen = with_standing(runs, make_policy(), running_matches(runs, make_policy(), ON))
    assert seen.partnerships["status"].tolist() == ["declined"]
    assert as_of_now(ended, make_policy()).partnerships["status"].tolist() == ["declined"]


def _badly_rated(partnership: Row) -> District:
    return make_district(
        [tutoring()],
        [make_offer(kinds=["tutoring"])],
        partnerships=[partnership],
        evaluations=[rating(1.0, 9)],
    )


def test_what_ended_for_another_reason_may_come_again() -> None:
    district = make_district([tutoring()], [make_offer()], partnerships=[active(status="ended")])
    assert as_of_now(district, make_policy()) is district


def test_a_closed_need_leaves_the_district_with_its_partnerships_and_evidence() -> None:
    evidence: list[Row] = [
        {"school_id": "s0", "need_id": need, "source": "survey", "measure": "x", "value": 1}
        for need in ("n0", "n1")
    ]
    needs = [tutoring(slots=0), tutoring()]
    district = make_district(
        needs, [make_offer()], partnerships=[active("n0"), active("n1")], evidence=evidence
    )
    now = as_of_now(district, make_policy())
    assert now.needs["need_id"].tolist() == ["n1"]
    assert now.partnerships["need_id"].tolist() == ["n1"]
    assert now.evidence["need_id"].tolist() == ["n1"]
