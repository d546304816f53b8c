"""A coordinator's year in a real browser, with and without scripts: from a spreadsheet to a published rematch."""

from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from matching import read_district
from matching.exporting import write_workbook
from service.storage.tables import DISTRICT_TABLES
from tests.service.installation import Installation
from tests.service.pages.chromium import installed, opened, served

TABLES = ("schools", "needs", "partners", "offers", "evidence", "convenings")
LEAVER = "P004"
A_WHILE = 240_000  # Milliseconds, on the slowest of machines.


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return installed(tmp_path)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Give what schools lack and partners offer in autumn, before anyone is matched."""
    tables = read_district("fixtures/demo").tables
    write_workbook({name: tables[name] for name in TABLES}, tmp_path / "autumn.xlsx")
    return tmp_path / "autumn.xlsx"


@pytest.mark.parametrize("scripts", [True, False])
def test_coordinator_goes_from_a_spreadsheet_to_a_published_rematch(
    chromium: Browser, installation: Installation, workbook: Path, scripts: bool
) -> None:
    with served(installation) as site:
        context = opened(chromium, site, java_script_enabled=scripts)
        context.set_default_timeout(A_WHILE)
        page = context.new_page()
        page.goto(site[0])
        import_it(page, workbook)
        publish_a_plan(page)
        autumn = running(installation)
        recalibrate(page)
        context.close()
    spring = running(installation)
    assert autumn[LEAVER] > 0
    assert LEAVER not in spring
    assert spring.total() > autumn.total() / 2


def import_it(page: Page, workbook: Path) -> None:
    """Make a district and import a workbook into it."""
    page.get_by_label("Name of the district").fill("Calder Bend")
    page.get_by_role("button", name="Make the district").click()
    page.get_by_role("link", name="Import your spreadsheets").click()
    page.get_by_label("Spreadsheet").set_input_files(workbook)
    page.get_by_role("button", name="Read the file").click()
    page.get_by_role("button", name="Import it").click()
    expect(page.get_by_role("button", name="Undo this import")).to_be_visible(timeout=A_WHILE)


def publish_a_plan(page: Page) -> None:
    """Find matches, decide about the first ones, take the rest as the plan has it, and publish."""
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Find matches").click()
    page.get_by_role("link", name="Review the matches").click()
    first, second = page.locator(".match").nth(0), page.locator(".match").nth(1)
    first.get_by_role("button", name="Accept", exact=True).click()
    expect(first.get_by_text("Accepted")).to_be_visible()
    second.get_by_text("Decline").first.click()
    second.get_by_label("Reason").fill("They have a partner for this already.")
    second.get_by_role("button", name="Decline", exact=True).click()
    expect(second.get_by_text("Declined:")).to_be_visible()
    page.get_by_role("link", name="See what publishing would change").click()
    page.get_by_role("button", name="Take them as accepted").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("button", name="Undo the publication")).to_be_visible()


def recalibrate(page: Page) -> None:
    """Note that a partner has left, work out what moves bring, choose the advised plan, and publish it."""
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="see what moves would bring").click()
    page.get_by_label("A partner has withdrawn").select_option(LEAVER)
    page.get_by_role("button", name="Note that it has withdrawn").click()
    expect(page.get_by_role("heading", name="What has happened")).to_be_visible()
    page.get_by_label("How long shall it look?").select_option("quick")
    page.get_by_role("button", name="Work out the curve").click()
    page.get_by_role("link", name="Choose how much may move").click()
    page.locator("svg.curve a").last.click()
    page.get_by_role("link", name="Review this plan").click()
    page.get_by_role("link", name="See what publishing would change").click()
    page.get_by_role("button", name="Take them as accepted").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("button", name="Undo the publication")).to_be_visible()


def running(installation: Installation) -> Counter[str]:
    """Return the slots that run by partner."""
    rows, offers = DISTRICT_TABLES["partnerships"], DISTRICT_TABLES["offers"]
    found: Counter[str] = Counter()
    with installation.database.reading() as connection:
        asked = select(offers.c.partner_id, rows.c.slots).join(offers, offers.c.offer_id == rows.c.offer_id)
        for partner_id, slots in connection.execute(asked.where(rows.c.status == "active")):
            found[partner_id] += slots
    return found
