"""Two runs side by side: what differs, who wins and loses, and where the slots have gone."""

import re
from html import unescape

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from service.people.principal import Role
from service.storage.tables import runs
from tests.districts import make_district, make_need, make_offer, make_school
from tests.service.installation import Installation
from tests.service.planned import add_plan

HERE = "/districts/calder/runs"
MENTORING = {"name": "mentoring-1", "needed": 9, "bound": 6, "proven": True}


@pytest.fixture
def calder(installation: Installation) -> int:
    """Give the id of a district with two schools that lack the same, and an offer that is not enough for both."""
    needs = [
        make_need(f"n{i}", school_id=f"s{i}", statement="Reading mentors", slots=5, priority=i + 1)
        for i in range(2)
    ]
    schools = [make_school("s0", name="Alder"), make_school("s1", name="Birch")]
    return installation.add_district("calder", make_district(needs, [make_offer("o0")], schools=schools))


@pytest.fixture
def pair(installation: Installation, calder: int) -> tuple[str, str]:
    """Give the ids of two runs: the first helps Alder alone, the second, with another policy, both schools."""
    before = add_plan(installation.database, ("n0", "o0", 5), district_id=calder)
    after = add_plan(installation.database, ("n0", "o0", 1), ("n1", "o0", 4), district_id=calder)
    with installation.database.writing() as connection:
        for key, filled in ((before, 5), (after, 1)):
            levels = [MENTORING | {"filled": filled}]
            connection.execute(update(runs).where(runs.c.id == key).values(levels=levels))
        request = {"policy": "[fit]\nfloor = 0.4", "effort": "quick", "on": "2026-09-14", "max_moves": None}
        connection.execute(update(runs).where(runs.c.id == after).values(request=request))
    return before, after


@pytest.fixture
def client(installation: Installation, calder: int) -> TestClient:
    made = installation.admin()
    made.headers["Accept"] = "text/html"
    return made


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page))).replace("\xa0", " ")


def test_comparison_tells_what_differs_and_why(client: TestClient, pair: tuple[str, str]) -> None:
    said = words_of(client.get(f"{HERE}/{pair[0]}/compare?with={pair[1]}").text)
    assert "0 in the first alone, 1 in the second alone, 1 has other slots." in said.replace("are ", "")
    assert "Mentoring, priority 1 5 1 \N{MINUS SIGN}4 9 both" in said
    assert "is what a school asks for: 30 % → 40 %" in said
    assert "Needs, offers and all else in the district are the same." in said


def test_school_that_loses_reads_where_its_slots_have_gone(client: TestClient, pair: tuple[str, str]) -> None:
    said = words_of(client.get(f"{HERE}/{pair[0]}/compare?with={pair[1]}").text)
    assert "Alder 5 1 \N{MINUS SIGN}4 Birch 0 4 +4" in said
    assert "5 1 4 now at Birch (Mentoring, priority 2)" in said


def test_two_are_chosen_from_the_list(client: TestClient, pair: tuple[str, str]) -> None:
    listed = client.get(HERE).text
    chosen = re.findall(r'name="run" value="([^"]*)"', listed)
    assert chosen == [pair[1], pair[0]]
    compared = client.get(f"{HERE}/compare", params={"run": chosen})
    assert compared.url.path == f"{HERE}/{pair[0]}/compare"
    one = client.get(f"{HERE}/compare", params={"run": chosen[:1]})
    assert "Mark two plans that are done, then compare them." in one.text


def test_page_of_a_run_leads_to_the_comparison_and_tells_its_own_settings(
    client: TestClient, pair: tuple[str, str]
) -> None:
    page = client.get(f"{HERE}/{pair[1]}").text
    assert f'<option value="{pair[0]}">' in page
    assert "40 % (district: 30 %)" in words_of(page)
    assert "40 % (district: 30 %)" in words_of(client.get(HERE).text)


def test_same_plan_does_not_differ_from_itself(client: TestClient, pair: tuple[str, str]) -> None:
    page = client.get(f"{HERE}/{pair[0]}/compare?with={pair[0]}").text
    assert "Both plans have the same 1 matches." in page
    assert "Who wins, who loses" not in page


def test_change_of_the_district_between_two_runs_is_told(
    installation: Installation, client: TestClient, calder: int
) -> None:
    before = add_plan(installation.database, ("n0", "o0", 5), district_id=calder)
    headers = {"If-Match": "*", "X-CSRF-Token": "csrf"}
    client.patch("/api/v1/needs/n1?district=calder", json={"slots": 3}, headers=headers)
    after = add_plan(installation.database, ("n1", "o0", 3), district_id=calder)
    with installation.database.writing() as connection:
        connection.execute(update(runs).where(runs.c.id == after).values(input_sha256="other"))
    assert "The district changed." in client.get(f"{HERE}/{before}/compare?with={after}").text
    said = words_of(client.get(f"{HERE}/{before}/compare?with={after}&tables=true").text)
    assert "needs: 0 new, 1 changed, 0 gone" in said
    assert "needs n1: slots 5 → 3" in said


def test_board_may_compare_and_others_may_not(
    installation: Installation, calder: int, pair: tuple[str, str]
) -> None:
    address = f"{HERE}/{pair[0]}/compare?with={pair[1]}"
    given = {
        role: installation.client(role, calder, "s0").get(address, headers={"Accept": "text/html"})
        for role in (Role.BOARD, Role.LEADER, Role.PARTNER)
    }
    assert [answer.status_code for answer in given.values()] == [200, 403, 403]


def test_run_of_another_district_is_not_compared(installation: Installation, pair: tuple[str, str]) -> None:
    other = installation.client(Role.COORDINATOR)
    assert other.get(f"/districts/demo/runs/{pair[0]}/compare?with={pair[1]}").status_code == 404


def test_run_without_a_plan_is_not_compared(client: TestClient, pair: tuple[str, str]) -> None:
    queued = client.post(HERE, data={"csrf": "csrf", "kind": "match"}).url.path.rpartition("/")[2]
    assert client.get(f"{HERE}/{pair[0]}/compare?with={queued}").status_code == 409


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_comparison_of_a_thousand_matches_is_under_150_kb(
    installation: Installation, client: TestClient
) -> None:
    statement = "Someone who reads with children every week. " * 4
    needs = [make_need(f"n{i}", school_id=f"s{i % 200}", statement=statement, slots=2) for i in range(1000)]
    offers = [make_offer(f"o{i}", focus=statement, slots=2) for i in range(1000)]
    many = installation.add_district("many", make_district(needs, offers))
    before, after = (
        add_plan(
            installation.database,
            *((f"n{i}", f"o{(i + shift) % 1000}", 1 + shift) for i in range(1000)),
            district_id=many,
        )
        for shift in (0, 1)
    )
    page = client.get(f"/districts/many/runs/{before}/compare?with={after}&page=3")
    assert (page.status_code, len(page.content) < 150_000) == (200, True)
