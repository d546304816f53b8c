"""From sign-in by keyboard to an invited person who reads Spanish, with and without scripts; axe on every page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from matching import read_district
from service.people import invitations
from service.people.principal import Role
from service.people.sign_in import SignIn
from service.people.users import create_user, set_role
from tests.service.pages.chromium import Site, installed, served
from tests.service.people.hashing import fast_passwords

PASSWORD = "correct horse battery"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give the address of a district with one coordinator, Carla."""
    installation = installed(tmp_path)
    installation.app.state.sign_in = SignIn(installation.database, fast_passwords())
    district = installation.add_district("tiny", read_district("fixtures/tiny"))
    with installation.database.writing() as connection:
        carla = create_user(connection, "carla@example.org", "Carla Ortiz")
        set_role(connection, carla, district, Role.COORDINATOR)
        invitations.set_password(connection, fast_passwords(), carla, PASSWORD)
    with served(installation) as found:
        yield found


def window(chromium: Browser, language: str, *, scripts: bool, width: int = 1280) -> BrowserContext:
    size = {"width": width, "height": 900}
    return chromium.new_context(viewport=size, locale=language, java_script_enabled=scripts)  # type: ignore[arg-type]  # Playwright's own


def tab_to(page: Page, focused: str) -> None:
    """Press Tab until what a selector names has the focus."""
    for _ in range(60):
        if page.locator(f"{focused}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{focused}: not reached by keyboard")


def write(page: Page, field: str, text: str) -> None:
    tab_to(page, field)
    page.keyboard.type(text)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_coordinator_invites_by_keyboard_and_the_new_person_sees_theirs_in_spanish(
    chromium: Browser, site: Site, scripts: bool
) -> None:
    carla = window(chromium, "en-US", scripts=scripts)
    link = invited(carla.new_page(), site[0])
    ana = window(chromium, "es-MX", scripts=scripts, width=320)
    page = ana.new_page()
    page.goto(link)
    expect(page.locator("h1")).to_have_text("Elija su contraseña")
    write(page, "#password", PASSWORD)
    write(page, "#again", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/districts/tiny")
    assert page.locator("nav a", has_text="Personas").count() == 0
    page.goto(f"{site[0]}/districts/tiny/people")
    expect(page.locator("h1")).to_have_text("No tiene permiso para esto")
    for context in (carla, ana):
        context.close()


def invited(page: Page, address: str) -> str:
    """Sign in as Carla, invite Ana to her school, and return the link that is shown."""
    page.goto(f"{address}/districts/tiny/people")
    write(page, "#email", "carla@example.org")
    write(page, "#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/people")
    write(page, "#name", "Ana Ruiz")
    write(page, "#email", "ana@school.org")
    tab_to(page, "input[type=radio]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=leader]")).to_be_checked()
    write(page, "input[name=of]", "01")
    tab_to(page, "main form:last-of-type button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("A link for Ana Ruiz")
    return page.locator("#link").input_value()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_of_people_breaks_a_rule_of_accessibility(
    chromium: Browser, site: Site, width: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    link = invited(page, site[0])
    assert Axe().run(page).response["violations"] == []
    here = f"{site[0]}/districts/tiny"
    paths = [
        f"{here}/people",
        f"{here}/people/3",
        f"{here}/programs",
        f"{site[0]}/account",
        f"{site[0]}/districts",
        link,
    ]
    for path in paths:
        page.goto(path)
        assert Axe().run(page).response["violations"] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert complaints[1:] == [], "But for the first page, which asks to sign in."
    context.close()
