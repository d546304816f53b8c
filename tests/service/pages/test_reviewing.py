"""The review of a plan that was chosen on a curve: found, sorted, decided, taken back, published."""

import re

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from embeddings import WordHashEncoder
from matching.pipeline import Run
from matching.rematching import rematch
from service.people.principal import Role
from service.storage.tables import DISTRICT_TABLES, run_matches
from tests.districts import make_district, make_need, make_offer
from tests.service.installation import Installation
from tests.service.midyear import ON, add_curve, add_midyear, midyear
from tests.service.planned import add_plan

HERE = "/districts/calder"
PLAN = 2  # At most two moves.


@pytest.fixture
def calder(installation: Installation) -> int:
    return add_midyear(installation)


@pytest.fixture
def curve(installation: Installation, calder: int) -> str:
    """Give the address of a curve that is done."""
    return f"{HERE}/runs/{add_curve(installation, calder)}"


@pytest.fixture
def client(installation: Installation, calder: int) -> TestClient:
    return installation.admin_browser()


def post(client: TestClient, path: str, **fields: object) -> Response:
    return client.post(path, data={"csrf": "csrf", **fields})


def partners(page: str) -> list[str]:
    return [words.strip() for words in re.findall(r"<h3>([^<]+)", page)]


def decisions(installation: Installation, plan: int) -> list[tuple[str, str, int, bool]]:
    named = run_matches.c
    columns = (named.offer_id, named.decision, named.slots, named.locked)
    query = select(*columns).where(named.plan == plan).order_by(named.number)
    with installation.database.reading() as connection:
        return [(row.offer_id, row.decision, row.slots, row.locked) for row in connection.execute(query)]


def running(installation: Installation) -> dict[tuple[str, str], int]:
    rows = DISTRICT_TABLES["partnerships"].c
    query = select(rows.need_id, rows.offer_id, rows.slots).where(
        rows.status == "active", rows.district_id == 2
    )
    with installation.database.reading() as connection:
        return {(row.need_id, row.offer_id): row.slots for row in connection.execute(query)}


@pytest.mark.parametrize("moves", [0, 1, 2, None])
def test_plan_that_is_published_is_the_one_that_was_chosen(
    installation: Installation, client: TestClient, curve: str, moves: int | None
) -> None:
    plan = 3 if moves is None else moves
    page = post(client, f"{curve}/publish", plan=plan, rest="true")
    chosen = rematch(midyear(), max_moves=moves, run=Run(on=ON), encoder=WordHashEncoder())
    matches = chosen.matching.allocation.matches
    wanted = {(row.need_id, row.offer_id): row.slots for row in matches.itertuples()}
    assert running(installation) == wanted
    post(client, f"{page.url.path}/undo")
    assert running(installation) == {("n1", "o0"): 4, ("n2", "o1"): 2, ("n3", "o2"): 3}


def test_decisions_are_about_the_plan_that_was_chosen(
    installation: Installation, client: TestClient, curve: str
) -> None:
    page = post(client, f"{curve}/review?plan=1", do="accept", left="true")
    assert "4 matches are accepted." in page.text
    assert {word for _, word, *_ in decisions(installation, 1)} == {"accepted"}
    assert {word for _, word, *_ in decisions(installation, PLAN)} == {"proposed"}
    assert "At most 1 move" in page.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("partner=alg", ["Algebra Club"]),
        ("level=mentoring-1", ["Readers"]),
        ("kind=program", ["Robots"]),
        ("school=s0", ["Readers"]),
        ("changes=1&school=s1", ["Readers", "Robots"]),
        ("changes=1&kind=mentoring", ["Readers"]),
    ],
)
def test_matches_are_found_by_what_they_are(
    client: TestClient, curve: str, query: str, shown: list[str]
) -> None:
    assert partners(client.get(f"{curve}/review?plan={PLAN}&{query}").text) == shown


def test_matches_are_sorted_under_their_schools_or_their_partners(client: TestClient, curve: str) -> None:
    post(client, f"{curve}/review?plan={PLAN}", do="accept", left_at="s0")
    page = client.get(f"{curve}/review?plan={PLAN}&order=open").text
    assert re.findall(r'<h2 id="s\d">([^<]+)', page) == ["Birch", "Alder"]
    page = client.get(f"{curve}/review?plan={PLAN}&order=partner").text
    assert re.findall(r'<h2 id="s\d">([^<]+)', page) == ["Algebra Club", "Readers", "Robots"]


def test_review_says_how_far_it_is_and_leads_to_the_next(client: TestClient, curve: str) -> None:
    page = post(client, f"{curve}/review?plan={PLAN}", do="accept", number=1).text
    assert "1 of 4 matches are decided." in page
    following = re.search(r'id="next" href="([^"]+)"', page)
    assert following
    assert following[1].startswith(f"{curve}/review?plan={PLAN}#m")


def test_undo_brings_back_what_was_decided_before(
    installation: Installation, client: TestClient, curve: str
) -> None:
    address = f"{curve}/review?plan={PLAN}"
    post(client, address, do="change", number=1, slots=1)
    before = decisions(installation, PLAN)
    page = post(client, address, do="lock", number=[1, 2])
    was = re.search(r'name="was" value="([^"]+)"', page.text)
    assert was
    assert "2 matches are as they were before." in post(client, address, do="undo", was=was[1]).text
    assert decisions(installation, PLAN) == before


def test_running_match_that_is_unlocked_is_unlocked_once_published_and_locked_again_by_the_undo(
    installation: Installation, client: TestClient
) -> None:
    row = {"need_id": "n0", "offer_id": "o0", "slots": 5, "status": "active", "locked": "yes"}
    locked = installation.add_district(
        "locked", make_district([make_need()], [make_offer()], partnerships=[row])
    )
    run = f"/districts/locked/runs/{add_plan(installation.database, ('n0', 'o0', 5), district_id=locked)}"
    assert "Accept and unlock" in client.get(f"{run}/review").text
    post(client, f"{run}/review", do="unlock", number=1)
    preview = client.get(f"{run}/publish").text
    assert "no longer locked" in preview
    post(client, f"{run}/review", do="undo", number=1)
    assert decisions(installation, 0) == [("o0", "proposed", 5, True)]


def test_match_that_ends_says_so_once(client: TestClient, curve: str) -> None:
    page = client.get(f"{curve}/review?plan={PLAN}&kind=program").text
    assert page.count("the plan ends it") == 1


def test_board_reads_the_review_and_can_do_nothing(
    installation: Installation, calder: int, curve: str
) -> None:
    page = installation.client(Role.BOARD, calder).get(
        f"{curve}/review?plan={PLAN}", headers={"Accept": "text/html"}
    )
    assert "How the review stands" in page.text
    assert partners(page.text)
    assert (' name="do"' in page.text, "Mark " in page.text, "Rosa" in page.text) == (False, False, False)


def test_preview_tells_who_has_to_be_told_of_what(client: TestClient, curve: str) -> None:
    page = client.get(f"{curve}/publish?plan={PLAN}&rest=true").text
    told = page[page.index("Who has to be told") : page.index("Match by match")]
    named = re.findall(r"<li><strong>([^<]+)</strong>", told)
    assert named == ["Alder", "Birch", "Readers", "Robots"]  # Not the Algebra Club, which goes on.
    assert "Rosa Reader, 555-0100" in told


def test_match_is_added_by_hand_to_the_plan_that_was_chosen(
    installation: Installation, client: TestClient, curve: str
) -> None:
    post(client, f"{curve}/review?plan=0", do="decline", reason="They stop", number=1)
    chosen = {"plan": "0", "school": "s0", "need": "n0", "offer": "o0", "slots": "1"}
    assert "If the rest makes the best of it" in client.get(f"{curve}/add", params=chosen).text
    page = post(client, f"{curve}/add", **chosen)
    assert "The match is added to this plan." in page.text
    assert decisions(installation, 0)[-1] == ("o0", "accepted", 1, False)
    assert "accepted" not in {word for _, word, *_ in decisions(installation, PLAN)}
