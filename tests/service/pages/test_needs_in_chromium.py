"""The pages of needs in a real browser: a proposal is thought through in place, by keyboard, and with scripts off."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from matching import read_district
from tests.service.pages.chromium import Site, installed, opened, served

NEED = "/districts/demo/needs/N106"
#: An offer of which others hold slots, so that they would have to give way.
PROPOSAL = "/districts/demo/propose?need=N106&q=literacy&offer=O081&slots=4"
PATHS = (
    "/districts/empty",
    "/districts/empty/needs",
    "/districts/demo/needs?area=reading&order=open",
    NEED,
    PROPOSAL,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the address of the pages of the demo district and of an empty one, and the cookie of an admin."""
    installation = installed(tmp_path_factory.mktemp("needs"))
    installation.add_district("demo", read_district("fixtures/demo"))
    installation.add_district("empty")
    with served(installation) as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_of_needs_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, width: int, scheme: str
) -> None:
    context = opened(chromium, site, width, color_scheme=scheme)
    page = context.new_page()
    for path in PATHS:
        page.goto(site[0] + path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_proposal_is_thought_through_by_keyboard(chromium: Browser, site: Site, *, has_scripts: bool) -> None:
    context = opened(chromium, site, java_script_enabled=has_scripts)
    page = context.new_page()
    page.goto(site[0] + NEED)
    page.get_by_label("Who, or what they give").focus()
    page.keyboard.type("literacy")
    page.keyboard.press("Enter")
    page.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.locator("#thought").wait_for()
    # With scripts all of it happens on the page of the need.
    assert page.url.endswith(NEED) is has_scripts
    assert page.locator("#thought h3").first.is_visible()
    if has_scripts:
        assert page.evaluate("document.activeElement.id") == "thought"
    context.close()


def test_places_of_the_map_are_told_to_who_does_not_see_it(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(site[0] + NEED)
    assert page.get_by_role("img", name="what lies around it").is_visible()
    numbers = page.locator(".map .there text").all_text_contents()
    told = page.locator(".places tbody td:first-child").all_text_contents()
    assert sorted(numbers) == sorted(text for text in told if text.isdigit())
    context.close()
