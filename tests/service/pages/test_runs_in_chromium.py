"""The pages of runs in a real browser: from a button to a published plan and back, with and without scripts."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from sqlalchemy import insert, select

from service.storage.tables import runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation
from tests.service.pages.chromium import Site, installed, opened, served
from tests.service.planned import add_plan

HERE = "/districts/calder"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Give two schools with two needs each, and an offer for each need."""
    made = installed(tmp_path_factory.mktemp("site"))
    subjects = ("Reading mentors", "A robotics club", "Mentors for algebra", "Garden day")
    schools = [make_school("s0", name="Alder"), make_school("s1", name="Birch")]
    needs = [
        make_need(f"n{i}", school_id=f"s{i % 2}", statement=subjects[i], slots=5, kind="mentoring")
        for i in range(4)
    ]
    offers = [
        make_offer(f"o{i}", partner_id=f"p{i}", focus=subjects[i], slots=4, kinds=["mentoring"])
        for i in range(4)
    ]
    made.add_district("calder", make_district(needs, offers, schools=schools))
    return made


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[Site]:
    with served(installation) as found:
        yield found


@pytest.fixture
def plan(installation: Installation) -> str:
    """Give the address of a plan of four matches."""
    return f"{HERE}/runs/{add_plan(installation.database, *((f'n{i}', f'o{i}', 4) for i in range(4)))}"


@pytest.fixture
def compared(installation: Installation, plan: str) -> str:
    """Give the address of that plan beside one of other matches."""
    other = add_plan(installation.database, ("n0", "o2", 4), ("n1", "o1", 2))
    return f"{plan}/compare?with={other}"


@pytest.fixture
def under_way(installation: Installation, plan: str) -> str:
    """Give the address of a run that this process seems to do."""
    with installation.database.writing() as connection:
        row = connection.execute(select(runs).limit(1)).one()._asdict()
        reached = [{"name": "mentoring-3", "needed": 20, "filled": 8}]
        row |= {"id": uuid4().hex, "state": "running", "phase": "search", "levels": reached}
        row |= {"number": None, "worker": f"{socket.gethostname()}/{os.getpid()}/x", "share": 0.4}
        row |= {"heartbeat_at": datetime.now(UTC) + timedelta(days=1)}
        key = connection.execute(insert(runs).values(row).returning(runs.c.id)).scalar_one()
    return f"{HERE}/runs/{key}"


@pytest.mark.parametrize("scripts", [True, False])
def test_coordinator_makes_a_plan_reviews_it_publishes_it_and_takes_it_back(
    chromium: Browser, site: Site, scripts: bool
) -> None:
    context = opened(chromium, site, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(site[0] + HERE)
    page.get_by_role("button", name="Find matches").click()
    page.get_by_role("link", name="Review the matches").click(timeout=120_000)
    card = page.locator("#m1")
    card.get_by_role("button", name="Accept", exact=True).click()
    expect(card.get_by_text("Accepted")).to_be_visible()
    page.get_by_role("button", name="Accept all").first.click()
    expect(page.locator(".match").filter(has_text="Accepted")).not_to_have_count(1)
    page.get_by_role("link", name="See what publishing would change").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Published by Admin")).to_be_visible()
    page.get_by_role("button", name="Undo the publication").click()
    expect(page.get_by_text("everything is as it was before")).to_be_visible()
    context.close()


def test_review_is_done_by_keys_without_leaving_the_page(chromium: Browser, site: Site, plan: str) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}{plan}/review")
    for key in ("j", "j", "l"):
        page.keyboard.press(key)
    second = page.locator(".match").nth(1)
    expect(second.get_by_text("Locked")).to_be_visible()
    expect(second).to_be_focused()
    for key in ("j", "d"):
        page.keyboard.press(key)
    page.keyboard.type("jackal")  # Letters of keys are but letters here.
    page.keyboard.press("Enter")
    expect(page.locator(".match").nth(2).get_by_text("Declined: jackal")).to_be_visible()
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("One match is as it was before.")).to_be_visible()
    assert page.url == f"{site[0]}{plan}/review"
    context.close()


def test_cost_is_told_where_a_match_is_declined(chromium: Browser, site: Site, plan: str) -> None:
    context = opened(chromium, site)
    page = context.new_page()
    page.goto(f"{site[0]}{plan}/review")
    page.locator("#m1 summary").click()
    expect(page.locator("#m1 [data-shown] table")).to_be_visible(timeout=30_000)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_of_runs_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, compared: str, under_way: str, width: int, scheme: str
) -> None:
    context = opened(chromium, site, width, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    plan = compared.partition("/compare")[0]
    added = f"{plan}/add?school=s0&need=n0&offer=o1&slots=1"
    of_plan = (
        plan,
        f"{plan}/review?did=accept&of=1",
        f"{plan}/matches/1",
        added,
        f"{plan}/publish?rest=true",
        compared,
    )
    for path in (f"{HERE}/runs", under_way, *of_plan):
        page.goto(site[0] + path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints == []
    context.close()
