"""The page: everything told, everything escaped, nothing from elsewhere, and a sound structure."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from matching.audit import Audit, Finding
from matching.policy import Policy
from matching.recruiting import recruiting_brief
from matching.report.story import MOST_ROWS
from matching.report.words import CAUSE_WORDS
from tests.districts import make_district
from tests.matching.cases import run_match
from tests.matching.report.cases import Outline, make_large_matching, make_matching, page

HOSTILE = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)>'


def test_every_match_is_told_with_its_reason() -> None:
    text = Outline(page(make_matching())).text
    for said in ("Elm Street", "Readers", "Help with reading", "3 slots", "Priority given by the district."):
        assert said in text


def test_supply_and_demand_are_told_by_focus_area() -> None:
    text = Outline(page(make_matching())).text
    # Two needs of 9 slots with 3 filled and 6 open, one offer of 3 slots, all of them used.
    assert "Reading 2 9 3 6 1 3 3" in text
    assert "Mentoring, priority 1 Reading" in text


def test_every_gap_is_told_with_its_cause_and_what_was_said_there() -> None:
    matching = make_matching()
    text = Outline(page(matching)).text
    for detail in matching.unmet["detail"]:
        assert detail in text
    assert f"4 slots open: {CAUSE_WORDS['no_offer_of_kind'].lower()}".lower() in text.lower()
    assert "More books" in text


def test_every_part_of_the_fit_has_its_number() -> None:
    matching = make_matching()
    text = Outline(page(matching)).text
    match = matching.allocation.matches.iloc[0]
    assert f"Subject {match['fit_similarity']:.2f}" in text
    assert f"fit {match['fit']:.2f}" in text


def test_who_to_recruit_is_told_and_why_each_level_stays_short() -> None:
    matching = make_matching()
    text, brief = Outline(page(matching)).text, recruiting_brief(matching)
    assert "2 mentoring slots, trained and cleared, grades PK-5" in text
    for shortage in brief.shortages:
        assert shortage.sentence in text
        assert shortage.advice in text
    assert "All together 6 of 6 open slots" in text


def test_a_plan_that_fills_everything_seeks_nobody() -> None:
    text = Outline(page(make_large_matching(3))).text
    assert "Nobody has to be found" in text


@pytest.mark.parametrize("place", ["school", "statement", "partner", "comment"])
def test_what_people_wrote_is_escaped(place: str) -> None:
    html = page(make_matching(**{place: f"reading {HOSTILE}"}))
    assert "<script" not in html
    assert "<img" not in html
    assert f"reading {HOSTILE}" in Outline(html).text


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs() -> None:
    outline = Outline(page(make_matching()))
    assert not {"script", "iframe", "object", "embed", "img"} & {tag for tag, _ in outline.tags}
    assert not outline.values("src")
    assert all(link.startswith(("#", "data:,")) for link in outline.values("href"))
    assert "url(" not in page(make_matching())
    assert "@import" not in page(make_matching())


def test_headings_descend_in_order() -> None:
    levels = [
        int(tag[1]) for tag, _ in Outline(page(make_matching())).tags if tag in ("h1", "h2", "h3", "h4")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_links_lead_somewhere_and_ids_are_unique() -> None:
    outline = Outline(page(make_matching()))
    ids = outline.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in outline.values("href") if link.startswith("#")} <= set(ids)
    assert set(outline.values("aria-labelledby")) <= set(ids)


def test_every_table_has_a_caption_and_can_be_scrolled_by_keyboard() -> None:
    tags = Outline(page(make_matching())).tags
    names = [tag for tag, _ in tags]
    assert names.count("table") == names.count("caption") > 0
    regions = [attributes for tag, attributes in tags if tag == "div" and attributes.get("role") == "region"]
    assert len(regions) == names.count("table")
    assert all(region["tabindex"] == "0" for region in regions)
    assert len({region["aria-label"] for region in regions}) == len(regions)
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")


def test_beyond_the_most_rows_the_page_aggregates_and_points_to_the_files() -> None:
    html = page(make_large_matching(MOST_ROWS + 1))
    text = Outline(html).text
    assert "Each match is in matches.csv" in text
    assert "Slots filled of slots needed, by school and kind" in text
    assert 'class="match"' not in html
    assert len(html) < 100_000


def test_up_to_the_most_rows_every_match_is_shown() -> None:
    assert page(make_large_matching(30)).count('class="match"') == 30


def test_a_broken_rule_stands_at_the_top_and_in_the_table() -> None:
    matching = make_matching()
    finding = Finding("capacity", True, "The offer gives 4 slots, it has 3.", "n0", "o0")
    audit = Audit((finding,), matching.audit.levels, matching.audit.even, matching.audit.fit)
    text = Outline(page(replace(matching, audit=audit))).text
    assert "Check of every rule Failed" in text
    assert "do not use this plan" in text
    assert "The offer gives 4 slots, it has 3." in text


def test_a_district_without_needs_has_a_page() -> None:
    assert "No school asks for anything." in Outline(page(run_match(make_district()))).text


def test_bounds_over_some_candidates_are_said_so() -> None:
    assert "20 best" in page(replace(make_matching(), bounds_over="20 best"))


def test_every_setting_of_the_policy_is_told() -> None:
    text = Outline(page(make_matching())).text
    assert f"fit.floor {Policy().fit.floor}" in text
    assert "rules.min_shared_minutes" in text
