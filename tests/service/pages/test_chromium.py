"""The pages in a real browser: no axe violation, no sideways scrolling, all of it by keyboard and without scripts."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from matching import read_district
from tests.service.pages.chromium import Site, installed, opened, served

PATHS = (
    "/districts/demo/convenings",
    "/districts/demo/convenings/agenda/CV2",
    "/districts/demo/convenings/talks/CV2",
    "/districts/demo/convenings/packets/CV2",
    "/districts/demo/convenings/packet/CV2?school=0304",
    "/districts/demo/recognition",
    "/sign-in",
    "/districts/demo",
    "/districts/demo/needs?q=reading&status=open",
    "/districts/demo/needs/N172",
    "/districts/demo/schools",
    "/districts/demo/schools/0304",
    "/districts/demo/partners",
    "/districts/demo/partners/P004",
    "/districts/demo/change/offers/O001",
    "/districts/demo/add/needs?school_id=0304",
    "/districts/demo/add/partnerships",
    "/districts/demo/rows/evidence?school_id=0304",
    "/districts/demo/summary/schools/0304",
    "/districts/demo/summary/partners/P004",
    "/districts/demo/landscape",
    "/districts/demo/landscape?school=0118",
    "/districts/demo/landscape/free?kind=mentoring",
    "/districts/demo/landscape/schools",
    "/districts/demo/landscape/connections",
    "/districts/demo/landscape/recruiting",
    "/districts/demo/policy",
    "/districts/demo/import",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the address of the demo district's pages, and the cookie of an admin."""
    installation = installed(tmp_path_factory.mktemp("site"))
    installation.add_district("demo", read_district("fixtures/demo"))
    with served(installation) as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, width: int, scheme: str
) -> None:
    # 320 px is what 1,280 px become at 400 % zoom.
    context = opened(chromium, site, width, color_scheme=scheme)
    page = context.new_page()
    for path in PATHS:
        page.goto(site[0] + path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_reader_goes_from_the_overview_to_a_partner_by_keyboard_without_scripts(
    chromium: Browser, site: Site
) -> None:
    context = opened(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/demo")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # To the content: past the navigation.
    for _ in range(4):  # Two buttons, the table, which scrolls, then the first of the urgent needs.
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/needs/**")
    assert page.locator("h2", has_text="Who could help").is_visible()
    page.locator("summary", has_text="What the fit is made of").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open] dd").first.is_visible()
    context.close()


def test_browser_loads_nothing_from_elsewhere_and_refuses_nothing_of_ours(
    chromium: Browser, site: Site
) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for path in PATHS:
        page.goto(site[0] + path)
    assert all(url.startswith(site[0]) for url in asked)
    assert complaints == []
    context.close()
