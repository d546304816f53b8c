"""Mid-year in a real browser, with and without scripts: the curve, a point on it, its review, published and undone."""

from collections.abc import Iterator
from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from embeddings import WordHashEncoder
from matching.pipeline import Run
from matching.rematching import rematch
from service.storage.tables import DISTRICT_TABLES
from tests.service.installation import Installation
from tests.service.midyear import add_curve, add_midyear, midyear
from tests.service.pages.chromium import Site, installed, opened, served

HERE = "/districts/calder"
BEFORE = {("n1", "o0"): 4, ("n2", "o1"): 2, ("n3", "o2"): 3}
PLAN = 2  # At most two moves.


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    made = installed(tmp_path_factory.mktemp("midyear"))
    add_midyear(made)
    return made


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[Site]:
    with served(installation) as found:
        yield found


@pytest.fixture(scope="module")
def curve(installation: Installation) -> str:
    return f"{HERE}/runs/{add_curve(installation, 1)}"


def running(installation: Installation) -> dict[tuple[str, str], int]:
    rows = DISTRICT_TABLES["partnerships"].c
    query = select(rows.need_id, rows.offer_id, rows.slots).where(rows.status == "active")
    with installation.database.reading() as connection:
        return {(row.need_id, row.offer_id): row.slots for row in connection.execute(query)}


def review_all(page: Page) -> None:
    """Accept school by school what a plan proposes."""
    page.get_by_role("link", name="Review this plan").click()
    expect(page.get_by_text("0 of 4 matches are decided.")).to_be_visible()
    for left in ("3 of 4", "All is decided"):
        page.get_by_role("button", name="left").last.click()
        expect(page.get_by_text(left)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_coordinator_chooses_a_point_reviews_it_publishes_it_and_takes_it_back(
    chromium: Browser, site: Site, installation: Installation, scripts: bool
) -> None:
    context = opened(chromium, site, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site[0]}{HERE}/runs")
    page.get_by_role("link", name="see what moves would bring").click()
    page.get_by_role("button", name="Work out the curve").click()
    page.get_by_role("link", name="Choose how much may move").click(timeout=120_000)
    page.locator("svg a.point").nth(PLAN).click()
    expect(page.get_by_role("heading", name="At most 2 moves")).to_be_visible()
    review_all(page)
    page.get_by_role("link", name="See what publishing would change").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Published by Admin")).to_be_visible()
    chosen = rematch(midyear(), max_moves=2, run=Run(on=date.today()), encoder=WordHashEncoder()).matching
    matches = chosen.allocation.matches
    assert running(installation) == {(row.need_id, row.offer_id): row.slots for row in matches.itertuples()}
    page.get_by_role("button", name="Undo the publication").click()
    expect(page.get_by_text("everything is as it was before")).to_be_visible()
    assert running(installation) == BEFORE
    context.close()


def test_point_is_chosen_in_the_picture_by_keyboard(chromium: Browser, site: Site, curve: str) -> None:
    context = opened(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}{curve}/curve")
    page.locator("svg a.point").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="At most 1 move", exact=True)).to_be_visible()
    current = page.locator("svg a.point[aria-current]")
    assert (current.get_attribute("aria-label") or "").startswith("At most 1 move: 3 mentoring slots")
    context.close()


def test_keys_show_themselves_lead_to_what_is_left_and_undo(
    chromium: Browser, site: Site, curve: str
) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}{curve}/review?plan={PLAN}")
    page.keyboard.press("?")
    expect(page.get_by_text("undo what was done last")).to_be_visible()
    for key in ("n", "a"):
        page.keyboard.press(key)
    expect(page.get_by_text("One match is accepted.")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator(".match").nth(1)).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_text("One match is as it was before.")).to_be_visible()
    context.close()


def test_cost_of_a_match_by_hand_is_told_as_soon_as_its_offer_is_chosen(
    chromium: Browser, site: Site, curve: str
) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}{curve}/add?plan=0&school=s0&need=n0")
    page.get_by_label("Readers").check()
    expect(page.locator("#thought")).to_be_visible(timeout=30_000)
    assert page.url.endswith("need=n0")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_of_mid_year_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, curve: str, width: int, scheme: str
) -> None:
    context = opened(chromium, site, width, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    of_curve = (
        "curve",
        f"moves?plan={PLAN}",
        f"calls?plan={PLAN}",
        f"review?plan={PLAN}&order=open&changes=1",
    )
    for path in (
        f"{HERE}/recalibrate?release=n2%3Do1",
        *(f"{curve}/{name}" for name in of_curve),
        f"{curve}/publish?plan={PLAN}&rest=true",
    ):
        page.goto(site[0] + path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []
    context.close()
