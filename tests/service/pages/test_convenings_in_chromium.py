"""Convenings in a real browser, without scripts: planned and taken back by keyboard, and all packets printed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from matching import read_district
from tests.service.pages.chromium import Site, installed, opened, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    installation = installed(tmp_path_factory.mktemp("site"))
    installation.add_district("tiny", read_district("fixtures/tiny"))
    with served(installation) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = opened(chromium, site, java_script_enabled=False)
    yield context.new_page()
    context.close()


def plan(page: Page, site: Site, day: str) -> None:
    """Plan a convening by keyboard."""
    page.goto(f"{site[0]}/districts/tiny/convenings")
    if not page.locator("#plan[open]").count():
        page.locator("#plan summary").focus()
        page.keyboard.press("Enter")
    page.locator("#kind").select_option("end")
    page.locator("#date").fill(day)
    page.locator("#place").focus()
    page.keyboard.type("Gymnasium")
    page.keyboard.press("Enter")


def test_convening_is_planned_and_taken_back_by_keyboard(page: Page, site: Site) -> None:
    plan(page, site, "2198-05-20")
    expect(page.get_by_role("status")).to_contain_text("The convening is planned.")
    expect(page.locator("main")).to_contain_text("May 20, 2198")
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/convenings")
    expect(page.locator("main")).not_to_contain_text("May 20, 2198")


def test_all_packets_are_printed_while_the_page_tells_how_far_it_is(page: Page, site: Site) -> None:
    plan(page, site, "2198-05-21")
    page.get_by_role("link", name="Packets", exact=True).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="in one PDF").click()
    fetch = page.get_by_role("link", name="Fetch it")
    expect(fetch).to_be_visible(timeout=60_000)
    with page.expect_download() as got:
        fetch.click()
    assert got.value.suggested_filename.endswith(".pdf")
