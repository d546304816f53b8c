"""The import in a real browser: dropped onto the page with scripts, chosen and clicked through without any."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page

from tests.messy import calder
from tests.service.pages.chromium import Site, installed, opened, served

ASKS = """Calder Unified: Fall asks
School Name,What do you need?,Kind,Grade,When,Student name
Lincoln Elem.,Reading tutors for third graders,Tutor,3rd,3:00-4:30 pm Mon/Wed,Joe
Grant Middle School,Judges for the science fair,Event,6-8,flexible,Ann
"""
DROP = """([selector, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/csv" }));
  const zone = document.querySelector(selector);
  zone.dispatchEvent(new DragEvent("dragover", { dataTransfer: data, bubbles: true, cancelable: true }));
  const isOver = document.querySelector(".drop").classList.contains("over");
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  return isOver;
}"""


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    installation = installed(tmp_path_factory.mktemp("site"))
    installation.add_district("calder", calder())
    with served(installation) as found:
        yield found


def choose(page: Page, text: str, name: str = "Fall asks.csv") -> None:
    page.set_input_files("#file", FilePayload(name=name, mimeType="text/csv", buffer=text.encode()))
    page.get_by_role("button", name="Read the file").click()


def check(page: Page, width: int) -> None:
    """Check that the page breaks no rule of accessibility and needs no sideways scrolling."""
    assert Axe().run(page).response["violations"] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def walk(page: Page, look: Any = None) -> None:  # Any: what is done on each page on the way
    """Go from the page on which a file was sent to that of its import."""
    page.wait_for_url("**/import/files/*")
    if look:
        look()
    page.get_by_label("slots of all rows").fill("4")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/names")
    if look:
        look()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/preview")
    if look:
        look()
    page.get_by_role("button", name="Import it").click()
    page.wait_for_url("**/import/1")
    if look:
        look()


def test_spreadsheet_goes_in_and_out_again_without_scripts(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/calder/import")
    choose(page, ASKS)
    walk(page)
    assert page.get_by_role("row", name="needs").inner_text().split() == ["needs", "2", "0", "0", "1"]
    page.get_by_role("button", name="Undo this import").click()
    assert page.get_by_text("Undone by Admin").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_of_the_import_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, width: int, scheme: str
) -> None:
    context = opened(chromium, site, width, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/calder/import")
    check(page, width)
    choose(page, ASKS)
    walk(page, lambda: check(page, width))
    page.goto(f"{site[0]}/districts/calder/import")
    choose(page, ASKS.replace("3rd", "some"))
    page.wait_for_url("**/preview")
    assert page.get_by_text("“some”").is_visible()
    check(page, width)
    context.close()


def test_file_that_is_dropped_onto_the_page_is_read_at_once(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/calder/import")
    assert page.get_by_text("Or drag files here.").is_visible()
    assert page.evaluate(DROP, [".drop", "Fall asks.csv", ASKS])
    page.wait_for_url("**/import/files/*")
    assert page.get_by_role("heading", level=1).inner_text() == "How “Fall asks” is read"
    context.close()


def test_choosing_another_table_guesses_its_columns_at_once(chromium: Browser, site: Site) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/calder/import")
    choose(page, ASKS)
    page.wait_for_url("**/import/files/*")
    page.get_by_label("What are the rows of this sheet?").select_option("offers")
    page.wait_for_url("**sheet=0")
    page.locator("optgroup[label=offers]").first.wait_for(state="attached")
    assert page.get_by_label("What are the rows of this sheet?").input_value() == "offers"
    context.close()
