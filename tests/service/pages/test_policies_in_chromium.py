"""The page of the policy in a real browser: by keyboard, with scripts and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.pages.chromium import Site, installed, opened, served

HERE = "/districts/calder/policy"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    installation = installed(tmp_path_factory.mktemp("site"))
    need, offer = make_need(statement="Reading mentors"), make_offer(focus="Reading mentors")
    installation.add_district("calder", make_district([need], [offer], schools=[make_school()]))
    with served(installation) as found:
        yield found


def test_slider_tells_what_it_changes_while_it_moves(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(site[0] + HERE)
    page.get_by_label("How sure it must be that an offer is what a school asks for").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("output[for=fit-floor]")).to_have_text("31\u00a0%")
    expect(page.locator("[data-changes]")).to_contain_text("→ 31\u00a0%")
    expect(page.locator("[data-status]")).to_contain_text("pairs are possible")
    expect(page.locator("#fit-floor")).to_be_focused()
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_policy_is_changed_looked_at_saved_and_taken_back_by_keyboard(
    chromium: Browser, site: Site, scripts: bool
) -> None:
    context = opened(chromium, site, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(site[0] + HERE)
    page.locator("#up-mentoring-2").press("Enter")
    expect(page.locator(".order li").first).to_contain_text("Mentoring, priority 2")
    page.get_by_label("Mentors without a date of clearance are not cleared").press("Space")
    page.get_by_role("button", name="Show what this changes").first.press("Enter")
    expect(page.locator("[data-changes]")).to_contain_text("1 need loses everyone who could help.")
    page.get_by_role("button", name="Save the policy").press("Enter")
    expect(page.get_by_text("The policy is saved")).to_be_visible()
    expect(page.locator(".order li").first).to_contain_text("Mentoring, priority 2")
    page.locator("#done").get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".order li").first).to_contain_text("Mentoring, priority 1")
    context.close()


def test_moved_level_keeps_the_focus(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(site[0] + HERE)
    page.locator("#up-mentoring-3").press("Enter")
    expect(page.locator(".order li").nth(1)).to_contain_text("Mentoring, priority 3")
    expect(page.locator("#up-mentoring-3")).to_be_focused()
    page.keyboard.press("Enter")
    # First now: it can only go down.
    expect(page.locator("#down-mentoring-3")).to_be_focused()
    context.close()
