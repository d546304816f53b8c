"""The page of the policy, as a browser without JavaScript gets it: looked at, changed, previewed and taken back."""

import json
import re
from html import unescape

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from matching.policy import Policy, policy_from_toml, settings_of
from service.pages.policy.words import GROUPS, SETTINGS
from service.pages.reader import catalog_of
from service.people.principal import Role
from service.storage.tables import audit_log, districts, runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation

HERE = "/districts/calder/policy"


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with a mentor's offer, who has no date of clearance, for one need."""
    need = make_need("n0", statement="Reading mentors", slots=5, priority=1)
    offer = make_offer("o0", focus="Reading mentors", slots=3)
    district = make_district([need], [offer], schools=[make_school("s0", name="Alder")])
    return installation.add_district("calder", district)


@pytest.fixture
def client(installation: Installation, calder: int) -> TestClient:
    """Give the browser of an admin, who sends forms with their csrf alone."""
    return installation.admin_browser()


def fields_of(page: str) -> dict[str, str | list[str]]:
    """Return what a browser sends of the form as it stands."""
    form = page[page.index('<form id="policy"') :]
    form = form[: form.index("</form>")]
    fields: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given["name"] == "objective.levels":
            fields.setdefault("objective.levels", []).append(given["value"])  # type: ignore[union-attr]  # a list
        elif given.get("type") != "checkbox" or " checked" in tag:
            fields[given["name"]] = unescape(given["value"])
    months = re.search(r'<option value="(\d+)" selected>', form)
    assert months
    return fields | {"rules.school_year_starts": months[1]}


def send(client: TestClient, method: str = "GET", path: str = "", **changes: str) -> Response:
    """Send the form with some of its fields changed; ``__`` stands for dots."""
    fields = fields_of(client.get(HERE).text)
    fields |= {name.replace("__", "."): value for name, value in changes.items()}
    if method == "GET":
        return client.get(HERE + path, params=fields)
    return client.post(HERE + path, data={"csrf": "csrf", **fields})


def stored(installation: Installation) -> Policy:
    with installation.database.reading() as connection:
        found = connection.execute(select(districts.c.policy).where(districts.c.key == "calder"))
        return policy_from_toml(found.scalar_one())


def words_of(page: Response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


def test_every_setting_has_words_and_a_place() -> None:
    names = [name for name, _, _ in settings_of(Policy())]
    assert sorted(SETTINGS) == sorted(names)
    assert sorted(name for group in GROUPS for name in group.names) == sorted(names)


def test_words_of_settings_are_translated() -> None:
    words = {text for one in SETTINGS.values() for text in (one.label, one.why, one.unit)} - {"", "%"}
    words |= {text for group in GROUPS for text in (group.title, group.lead)} | {"on", "off"}
    catalog = catalog_of("es")
    assert [word for word in words if not ((said := catalog.get(word)) and said.string)] == []


def test_form_as_it_stands_holds_the_stored_policy(installation: Installation, client: TestClient) -> None:
    assert "Nothing differs from the saved policy." in words_of(send(client))
    saved = send(client, "POST")
    assert saved.status_code == 200
    assert stored(installation) == Policy()


def test_saved_setting_is_written_down_and_taken_back(installation: Installation, client: TestClient) -> None:
    page = send(client, "POST", fit__floor="40")
    assert page.history[0].status_code == 303
    assert stored(installation).fit.floor == 0.4
    assert "that an offer is what a school asks for: 30 % → 40 %" in words_of(page).replace("\xa0", " ")
    number = re.search(r'name="number" value="(\d+)"', page.text)
    assert number
    with installation.database.reading() as connection:
        last = connection.execute(select(audit_log.c.details).order_by(audit_log.c.number.desc())).scalars()
        assert json.loads(last.first() or "")["settings"] == {"fit.floor": [0.3, 0.4]}
    client.post(f"{HERE}/undo", data={"csrf": "csrf", "number": number[1]})
    assert stored(installation) == Policy()
    assert client.post(f"{HERE}/undo", data={"csrf": "csrf", "number": number[1]}).status_code == 409


def test_preview_tells_who_loses_everyone(client: TestClient) -> None:
    said = words_of(send(client, rules__require_clearance="on"))
    assert "0 pairs are possible, before 1. 1 need loses everyone who could help." in said
    assert "Mentoring, priority 1 3 0 (\N{MINUS SIGN}3) 5" in said
    assert "Nobody could help any more (1) Alder , mentoring: Reading mentors" in said


def test_preview_starts_nothing_and_saves_nothing(installation: Installation, client: TestClient) -> None:
    send(client, fit__floor="90")
    assert stored(installation) == Policy()
    with installation.database.reading() as connection:
        assert connection.execute(select(runs)).all() == []


def test_plan_may_try_a_policy_that_is_not_saved(installation: Installation, client: TestClient) -> None:
    page = send(client, fit__floor="40").text
    text = re.search(r'name="policy" value="([^"]*)"', page)
    assert text
    made = client.post("/districts/calder/runs", data={"csrf": "csrf", "policy": unescape(text[1])})
    assert "Made with other settings than the district has today:" in made.text
    with installation.database.reading() as connection:
        asked = connection.execute(select(runs.c.request)).scalar_one()
    assert policy_from_toml(asked["policy"]).fit.floor == 0.4
    assert stored(installation) == Policy()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fit__floor": "400"}, "Write a number from 0 to 100."),
        ({"fit__floor": "many"}, "Write a number such as 5."),
        ({"rules__min_shared_minutes": "7.5"}, "Write a whole number."),
        ({"candidates__per_side": "0"}, "Write a number from 1 to 10,000."),
        ({"fit__half_distance_km": "inf"}, "Write a number such as 5."),
        (
            {f"fit__weights__{part}": "0" for part in vars(type(Policy().fit.weights))["__slots__"]},
            "At least one weight must be above 0.",
        ),
    ],
)
def test_fault_stands_beside_its_field_and_nothing_is_saved(
    installation: Installation, client: TestClient, changes: dict[str, str], said: str
) -> None:
    page = send(client, "POST", **changes)
    assert page.status_code == 422
    name = next(iter(changes)).replace("__", "-")
    assert re.search(rf'id="{name}-fault">([^<]*)<', page.text)[1] == said  # type: ignore[index]  # None fails
    assert re.search(rf'<input id="{name}"[^>]*{name}-fault"[^>]*aria-invalid="true"', page.text)
    assert stored(installation) == Policy()


def test_level_moves_up_by_its_button(installation: Installation, client: TestClient) -> None:
    moved = send(client, move="up:other-1")
    order = re.findall(r'name="objective.levels" value="([^"]*)"', moved.text)
    assert order[3:6] == ["mentoring-4", "other-1", "mentoring-5"]
    saved = client.post(HERE, data={"csrf": "csrf", **fields_of(moved.text)})
    assert saved.status_code == 200
    assert list(stored(installation).objective.levels) == order
    told = "5. Mentoring, priority 5, 6. Other help, priority 1 → 5. Other help, priority 1, 6. Mentoring"
    assert told in words_of(saved)


def test_button_brings_a_default_back(client: TestClient) -> None:
    send(client, "POST", fit__floor="40")
    page = send(client, default="fit.floor")
    assert 'name="fit.floor" value="30"' in page.text


def test_policy_may_be_written_as_text(installation: Installation, client: TestClient) -> None:
    mark = fields_of(client.get(HERE).text)["stored"]
    text = {"csrf": "csrf", "stored": mark, "text": "# Ours\r\n[fit]\r\nfloor = 0.333\r\n"}
    page = client.post(f"{HERE}/text", data=text)
    assert stored(installation).fit.floor == 0.333
    # No step of a slider: a field to write into keeps it as it is.
    assert '<input id="fit-floor" name="fit.floor" value="33.3"' in page.text


def test_text_that_is_no_policy_is_refused_beside_it(installation: Installation, client: TestClient) -> None:
    mark = fields_of(client.get(HERE).text)["stored"]
    page = client.post(f"{HERE}/text", data={"csrf": "csrf", "stored": mark, "text": "[fit]\nflor = 1"})
    assert page.status_code == 422
    assert "Policy fit.flor: unknown setting" in page.text
    assert "flor = 1</textarea>" in page.text
    assert stored(installation) == Policy()


def test_change_of_someone_else_is_not_overwritten(installation: Installation, client: TestClient) -> None:
    fields = fields_of(client.get(HERE).text)
    send(client, "POST", fit__floor="40")
    page = client.post(HERE, data={"csrf": "csrf", **fields, "rules.min_shared_minutes": "60"})
    assert page.status_code == 409
    assert "Someone changed the policy in the meantime" in page.text
    assert stored(installation).rules == Policy().rules


def test_board_reads_the_policy_in_words(installation: Installation, calder: int) -> None:
    board = installation.client(Role.BOARD, calder)
    page = board.get(HERE, headers={"Accept": "text/html"}).text
    assert "How sure it must be that an offer is what a school asks for" in page
    assert "<input" not in page[page.index("<main") : page.index("</main>")]
    for path in ("", "/undo", "/text"):
        assert board.post(HERE + path).status_code == 403


def test_form_without_the_sessions_sign_saves_nothing(installation: Installation, client: TestClient) -> None:
    assert client.post(HERE, data={"fit.floor": "40"}).status_code == 403
    assert stored(installation) == Policy()
