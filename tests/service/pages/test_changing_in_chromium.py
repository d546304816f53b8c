"""Forms of rows, their undo and the pages to print, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from matching import read_district
from tests.service.pages.chromium import Site, installed, opened, served

HERE = "/districts/demo"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    installation = installed(tmp_path_factory.mktemp("site"))
    installation.add_district("demo", read_district("fixtures/demo"))
    with served(installation) as found:
        yield found


def is_accessible(page: Page) -> bool:
    return not Axe().run(page).response["violations"]


def test_someone_changes_slots_and_takes_it_back_by_keyboard_without_scripts(
    chromium: Browser, site: Site
) -> None:
    context = opened(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}{HERE}/change/offers/O001")
    page.get_by_label("Slots", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partners/P001?done=*")
    assert page.get_by_text("2 of 9 given").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # To the content: past the navigation.
    page.keyboard.press("Tab")  # The first there: the button that takes it back.
    page.keyboard.press("Enter")
    page.wait_for_url("**undone=1")
    assert page.get_by_text("2 of 6 given").is_visible()
    context.close()


@pytest.mark.parametrize("width", [1280, 320])
def test_form_with_mistakes_and_one_with_two_values_are_accessible(
    chromium: Browser, site: Site, width: int
) -> None:
    context = opened(chromium, site, width)
    page, other = context.new_page(), context.new_page()
    page.goto(f"{site[0]}{HERE}/change/offers/O002")
    page.get_by_label("Grades").fill("fifth")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("alert").is_visible()
    assert is_accessible(page)
    other.goto(f"{site[0]}{HERE}/change/offers/O002")
    other.get_by_label("Grades").fill("6" if width > 1000 else "7")
    other.get_by_role("button", name="Save").click()
    page.get_by_label("Grades").fill("8")
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("Yours: 8").is_checked()
    assert is_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("size", ["A4", "Letter"])
@pytest.mark.parametrize("place", ["schools/0302", "schools/0101", "partners/P001", "partners/P095"])
def test_summary_fits_on_one_sheet(chromium: Browser, site: Site, place: str, size: str) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}{HERE}/summary/{place}")
    printed = page.pdf(format=size)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation").is_visible()
    assert not page.get_by_text("Print this page").is_visible()
    context.close()
