"""The guidelines of a High Performance Partnership: each once met, once not, once not known."""

from datetime import date

import pytest

from matching.convenings.recognition import GUIDELINES, Recognition, State, recognitions_of
from matching.policy import Policy
from tests.districts import Row, make_district, make_need, make_offer, make_partner

ON = date(2027, 5, 25)
EVIDENCE: Row = {
    "school_id": "s0",
    "source": "state_test",
    "measure": "reading_proficient_pct",
    "value": 26,
    "benchmark": 50,
    "term": "2025-26",
}
JUDGED: Row = {"partner_id": "p0", "school_id": "s0", "term": "2026-27", "rating": 4}
END: Row = {"convening_id": "c", "kind": "end", "date": "2027-05-19"}


def recognition(
    need: Row | None = None, offer: Row | None = None, partner: Row | None = None, **tables: list[Row]
) -> Recognition:
    """Return what is found of a partnership of 4 slots, mentoring unless told otherwise."""
    match = {"need_id": "n0", "offer_id": "o0", "slots": 4, "status": "active"}
    district = make_district(
        [make_need("n0", **(need or {}))],
        [make_offer("o0", partner_id="p0", **(offer or {}))],
        partners=[make_partner("p0", **(partner or {}))],
        partnerships=[match | row for row in tables.pop("match", [{}])],
        **tables,  # type: ignore[arg-type]  # none is called name
    )
    [found] = recognitions_of(district, Policy(), ON)
    return found


MET, NOT_MET, NOT_KNOWN = State


@pytest.mark.parametrize(
    ("name", "state", "rows"),
    [
        ("Focus on achievement", MET, {"need": {"kind": "tutoring"}}),
        ("Focus on achievement", MET, {"need": {"kind": "program", "focus_area": "math"}}),
        ("Focus on achievement", NOT_MET, {"need": {"kind": "event", "focus_area": "sports"}}),
        ("Focus on achievement", NOT_KNOWN, {"need": {"kind": "event"}}),
        ("Need shown by data", MET, {"evidence": [EVIDENCE]}),
        ("Need shown by data", NOT_MET, {"evidence": [EVIDENCE | {"value": 61}]}),
        (
            "Need shown by data",
            MET,
            {"evidence": [EVIDENCE | {"measure": "chronic_absence_pct", "value": 61}]},
        ),
        ("Need shown by data", NOT_KNOWN, {}),
        ("Sustainable", MET, {"partner": {"years_committed": 2}}),
        ("Sustainable", MET, {"match": [{"since": "2025-05-01"}]}),
        ("Sustainable", NOT_MET, {"partner": {"years_committed": 1}, "match": [{"since": "2026-09-01"}]}),
        ("Sustainable", NOT_KNOWN, {}),
        ("Evaluated", MET, {"evaluations": [JUDGED | {"respondents": 5}]}),
        ("Evaluated", NOT_MET, {"evaluations": [JUDGED | {"respondents": 4}]}),
        ("Evaluated", NOT_KNOWN, {}),
        ("One-to-one support", MET, {}),
        ("One-to-one support", NOT_MET, {"need": {"kind": "program"}}),
        ("One-to-one support", NOT_KNOWN, {"need": {"kind": "tutoring"}}),
        ("Trained volunteers", MET, {"offer": {"trained_slots": 4}}),
        ("Trained volunteers", NOT_MET, {"offer": {"trained_slots": 3}}),
        ("Trained volunteers", NOT_MET, {"offer": {"trained_slots": 5, "cleared_until": "2027-05-01"}}),
        ("Trained volunteers", NOT_KNOWN, {}),
        ("In the improvement plan", MET, {"need": {"in_improvement_plan": "yes"}}),
        ("In the improvement plan", NOT_MET, {}),
        ("Recognised", MET, {"convenings": [END]}),
        ("Recognised", NOT_KNOWN, {"convenings": [END | {"date": "2027-05-26"}]}),
        ("Recognised", NOT_MET, {"convenings": [END | {"date": "2026-05-20"}]}),
        (
            "Clear common understanding",
            MET,
            {"need": {"goal": "g"}, "partner": {"agreement_expires": "2027-06-30"}},
        ),
        (
            "Clear common understanding",
            NOT_MET,
            {"need": {"goal": "g"}, "partner": {"agreement_expires": "2027-05-01"}},
        ),
        ("Clear common understanding", NOT_KNOWN, {"need": {"goal": "g"}}),
        (
            "Match of priorities",
            MET,
            {"need": {"focus_area": "literacy"}, "partner": {"priorities": ["Reading"]}},
        ),
        (
            "Match of priorities",
            NOT_MET,
            {"need": {"focus_area": "literacy"}, "partner": {"priorities": ["sports"]}},
        ),
        ("Match of priorities", NOT_KNOWN, {"need": {"focus_area": "literacy"}}),
    ],
)
def test_guideline_is(name: str, state: State, rows: dict[str, list[Row]]) -> None:
    assert recognition(**rows).findings[name].state is state  # type: ignore[arg-type]  # rows by table


def test_every_guideline_is_tested() -> None:
    [mark] = [mark for mark in test_guideline_is.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]  # pytest's
    assert {(name, state) for name, state, _ in mark.args[1]} >= {
        (name, state) for name in GUIDELINES for state in (MET, NOT_MET)
    }


def test_figure_of_the_need_goes_before_those_of_its_school() -> None:
    rows = [EVIDENCE, EVIDENCE | {"need_id": "n0", "measure": "grade3_reading", "value": 12}]
    said = recognition(evidence=rows).findings["Need shown by data"].said
    assert said.words.format(**said.values) == "grade3 reading 12.0, to reach 50.0 (state_test, 2025-26)."


def test_evaluation_of_another_school_or_need_or_of_years_ago_shows_nothing() -> None:
    rows = [
        JUDGED | {"school_id": "s1", "respondents": 9},
        JUDGED | {"need_id": "n2", "respondents": 9},
        JUDGED | {"term": "2023-24", "respondents": 9},
    ]
    district = make_district(
        [make_need("n0"), make_need("n1", school_id="s1"), make_need("n2")],
        [make_offer("o0", partner_id="p0")],
        partnerships=[{"need_id": "n0", "offer_id": "o0", "slots": 4, "status": "active"}],
        evaluations=rows,
    )
    [found] = recognitions_of(district, Policy(), ON)
    assert found.findings["Evaluated"].state is NOT_KNOWN


def test_those_that_meet_most_come_first_and_what_ended_is_left_out() -> None:
    rows = {"offer_id": "o0", "slots": 1, "status": "active"}
    district = make_district(
        [
            make_need(name, kind=kind)
            for name, kind in (("n0", "event"), ("n1", "mentoring"), ("n2", "event"))
        ],
        [make_offer("o0", partner_id="p0", slots=9, kinds=["event", "mentoring"])],
        partnerships=[
            rows | {"need_id": "n0"},
            rows | {"need_id": "n1"},
            rows | {"need_id": "n2", "status": "ended"},
        ],
    )
    assert [one.need_id for one in recognitions_of(district, Policy(), ON)] == ["n1", "n0"]
