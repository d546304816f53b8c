"""The page and the summary say what decisions taught, in words and figures and without a name."""

import json
from dataclasses import replace

from matching.learning import Comparison, Learning, Status
from matching.pipeline import Matching
from matching.policy import Policy, Weights
from matching.recruiting import recruiting_brief
from matching.report.learned import learned_words
from matching.report.summary import provenance_of, summary_of
from tests.matching.report.cases import Outline, make_matching, page

BETTER = Comparison(gain=0.0321, gain_low=0.0241, gain_high=0.0402, ranked=0.713, ranked_by_default=0.664)
LEARNT = Learning(Status.LEARNT, Weights(similarity=0.4, distance=0.3), 180, 1020, BETTER)


def with_learning(matching: Matching, learning: Learning) -> Matching:
    scorer = replace(matching.basis.scorer, learning=learning)
    return replace(matching, basis=replace(matching.basis, scorer=scorer))


def said_of(status: Status, comparison: Comparison | None = None) -> str:
    return " ".join(learned_words(Learning(status, Weights(), 100, 90, comparison), Policy()))


def test_nothing_is_said_without_decisions() -> None:
    assert learned_words(Learning(Status.TOO_FEW, Weights(), 0, 0), Policy()) == []
    assert "What decisions taught" not in page(make_matching())


def test_page_says_how_many_decisions_what_is_gained_and_which_parts_count_more() -> None:
    text = Outline(page(with_learning(make_matching(), LEARNT))).text
    assert "accepted 180 recommendations and declined 1,020 on open needs" in text
    assert "first in 71 of 100 cases, the fit with the policy's weights in 66" in text
    assert "falls by 0.032 a decision (0.024 to 0.040)" in text
    assert "counts more than by the policy: nearness (10% to 30%)" in text
    assert "counts less than by the policy: subject (60% to 40%)" in text


def test_page_shows_the_weights_in_use() -> None:
    text = Outline(page(with_learning(make_matching(), LEARNT))).text
    assert "Subject 40%" in text
    assert "Nearness 30%" in text


def test_weights_that_stay_have_their_reason() -> None:
    worse = Comparison(gain=-0.002, gain_low=-0.005, gain_high=0.001, ranked=0.65, ranked_by_default=0.65)
    assert "from 200 decisions on, others may be learnt" in said_of(Status.TOO_FEW)
    assert "asks not to learn" in said_of(Status.SWITCHED_OFF)
    assert "too few are accepted or declined" in said_of(Status.ONE_SIDED)
    said = said_of(Status.NOT_BETTER, worse)
    assert "rises by 0.002 a decision (between a rise of 0.005 and a fall of 0.001)" in said
    assert "not better by more than noise" in said


def test_summary_holds_the_weights_in_use_and_the_comparison() -> None:
    matching = with_learning(make_matching(), LEARNT)
    summary = json.loads(
        json.dumps(summary_of(matching, recruiting_brief(matching), provenance_of(matching)))
    )
    assert summary["learning"]["status"] == "learnt"
    assert summary["learning"]["weights"]["distance"] == 0.3
    assert summary["learning"]["comparison"]["gain_low"] == 0.0241
    assert summary["policy"]["fit"]["weights"]["distance"] == 0.1
