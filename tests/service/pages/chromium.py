"""A real browser before a real server."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from service.app import create_app
from service.settings import Settings
from service.storage.database import Database, sqlite_url
from service.storage.migrations import migrate
from tests.service.installation import Installation

OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking"
    " --disable-component-update --disable-sync"
)
Site = tuple[str, str]
"""The address of a server, and the cookie of an admin."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Give a browser; skip where none is installed, but not where everything has to be tested."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("No Chromium is installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS.split())
        yield browser
        browser.close()


def installed(folder: Path) -> Installation:
    """Return an installation without districts, its database in a folder."""
    database = Database(sqlite_url(folder))
    migrate(database)
    return Installation(create_app(Settings(model="words"), database), database)


@contextmanager
def served(installation: Installation) -> Iterator[Site]:
    """Serve an installation as long as the block lasts."""
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


def opened(browser: Browser, site: Site, width: int = 1280, **options: object) -> BrowserContext:
    """Return a window in which an admin is signed in."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]  # Playwright's own
    context.add_cookies([{"name": "partnermatch", "value": site[1], "url": site[0]}])
    return context
