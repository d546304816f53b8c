"""The pages in a real browser: no axe violation, no sideways scrolling, all of it by keyboard and without scripts."""

import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from matching import read_district
from service.app import create_app
from service.settings import Settings
from service.storage.database import Database, sqlite_url
from service.storage.migrations import migrate
from tests.service.installation import Installation

PATHS = (
    "/sign-in",
    "/districts/demo",
    "/districts/demo/needs?q=reading&status=open",
    "/districts/demo/needs/N172",
    "/districts/demo/schools",
    "/districts/demo/schools/0304",
    "/districts/demo/partners",
    "/districts/demo/partners/P004",
)
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No Chromium is installed.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=OPTIONS.split())
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Give the address of the demo district's pages, and the cookie of an admin."""
    database = Database(sqlite_url(tmp_path_factory.mktemp("site")))
    migrate(database)
    installation = Installation(create_app(Settings(model="words"), database), database)
    installation.add_district("demo", read_district("fixtures/demo"))
    cookie = installation.admin().cookies["partnermatch"]
    server = uvicorn.Server(uvicorn.Config(installation.app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", cookie
    server.should_exit = True
    thread.join()


def opened(browser: Browser, site: tuple[str, str], width: int = 1280, **options: object) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]  # Playwright's own
    context.add_cookies([{"name": "partnermatch", "value": site[1], "url": site[0]}])
    return context


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_breaks_a_rule_of_accessibility(
    browser: Browser, site: tuple[str, str], width: int, scheme: str
) -> None:
    # 320 px is what 1,280 px become at 400 % zoom.
    context = opened(browser, site, width, color_scheme=scheme)
    page = context.new_page()
    for path in PATHS:
        page.goto(site[0] + path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def test_reader_goes_from_the_overview_to_a_partner_by_keyboard_without_scripts(
    browser: Browser, site: tuple[str, str]
) -> None:
    context = opened(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site[0]}/districts/demo")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # To the content: past the navigation.
    for _ in range(2):  # The table, which scrolls, then the first of the urgent needs.
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/needs/**")
    assert page.locator("h2", has_text="Who could help").is_visible()
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open] dd").first.is_visible()
    context.close()


def test_browser_loads_nothing_from_elsewhere_and_refuses_nothing_of_ours(
    browser: Browser, site: tuple[str, str]
) -> None:
    context = opened(browser, site)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for path in PATHS:
        page.goto(site[0] + path)
    assert all(url.startswith(site[0]) for url in asked)
    assert complaints == []
    context.close()
