"""The import's pages, as a browser without JavaScript gets them: sent once, looked at, taken in and undone."""

import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from zlib import decompress

import pytest
from httpx2 import Response
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from matching.files import read_upload
from matching.schemas import TABLES
from service.people.principal import Role
from service.storage.districts import load_district
from service.storage.tables import sheet_readings, uploads
from service.storage.uploads import KEPT_FOR, MOST_KEPT
from tests.messy import MENTOR_LIST, calder, workbook
from tests.service.installation import Installation

HERE = "/districts/calder/import"
ASKS = b"School Name,What do you need?,Type of support,# of volunteers needed\nLincoln Elementary,Books,Supplies,5\n"
BAD = ASKS + b"Grant Middle School,Tutors,Tutor,lots\n"
SAN_FRANCISCO = Path(__file__).parents[4] / "shared" / "data" / "san-francisco"


@pytest.fixture
def district_id(installation: Installation) -> int:
    return installation.add_district("calder", calder())


@pytest.fixture
def client(installation: Installation, district_id: int) -> TestClient:
    """Give the browser of an admin, who sends forms with their csrf alone."""
    return installation.admin_browser()


def send(client: TestClient, body: bytes, name: str = "asks.csv") -> Response:
    return client.post(HERE, data={"csrf": "csrf"}, files={"file": (name, body)})


def submit(client: TestClient, page: Response, action: str, **changed: str) -> Response:
    """Send the form of a page whose address ends so, its fields as they stand but for those changed."""
    form = re.search(rf'<form method="post" action="([^"]*{action})"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    assert form is not None
    return client.post(unescape(form[1]), data={**fields_of(form[2]), **changed})


def fields_of(form: str) -> Mapping[str, str]:
    fields = re.findall(r'<input[^>]* name="([^"]*)" value="([^"]*)"', form)
    for name, options in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        fields.append((name, chosen[1] if chosen else ""))
    return {unescape(name): unescape(value) for name, value in fields}


def path_of(page: Response) -> str:
    return re.sub("[0-9a-f]{24}", "KEY", page.url.path.removeprefix(HERE))


def needs_of(installation: Installation, district_id: int) -> list[str]:
    with installation.database.reading() as connection:
        return list(load_district(connection, district_id).needs["statement"])


def test_spreadsheet_is_sent_looked_at_taken_in_and_undone(
    client: TestClient, installation: Installation, district_id: int
) -> None:
    preview = send(client, ASKS)
    assert path_of(preview) == "/files/KEY/preview"
    assert "Nothing has been changed yet." in preview.text
    assert needs_of(installation, district_id) == ["Help with reading"]
    done = submit(client, preview, "/take")
    assert path_of(done) == "/1"
    assert needs_of(installation, district_id) == ["Help with reading", "Books"]
    assert "Undone by Admin" in submit(client, done, "/undo").text
    assert needs_of(installation, district_id) == ["Help with reading"]
    assert "undone" in client.get(HERE).text


def test_preview_tells_what_was_read_as_what_and_each_new_row(client: TestClient) -> None:
    page = send(client, ASKS).text
    assert re.search(r"<td>Supplies</td><td>resources</td>", page)
    assert "statement: Books" in page


def test_changed_cell_stands_before_and_after(client: TestClient) -> None:
    page = send(client, b"School,Total Enrollment\nLincoln Elementary,99\n", "Schools.csv").text
    assert "enrollment: <del>blank</del> → <ins>99</ins>" in page


def test_bad_cell_is_told_and_its_row_left_out_only_when_asked(client: TestClient) -> None:
    page = send(client, BAD)
    assert "1 thing can&#39;t be read." in page.text
    assert re.search(r'asks</th><td class="n">3</td><td># of volunteers needed', page.text)
    assert "“lots”" in page.text
    assert "/take" not in page.text
    left = client.get(f"{page.url.path}?without_bad=true")
    assert "1 row is left out" in left.text
    assert path_of(submit(client, left, "/take")) == "/1"


def test_mended_file_is_read_as_it_was_said_for_the_first(client: TestClient) -> None:
    body = b"Campus,Zzz,Kind,Qty\nLincoln Elementary,Books,Supplies,lots\n"
    sheet = send(client, body)
    assert "please check" in sheet.text
    preview = submit(client, sheet, "/files/[0-9a-f]{24}", **{"column-1": "needs.statement"})
    assert "“lots”" in preview.text
    assert path_of(send(client, body.replace(b"lots", b"4"))) == "/files/KEY/preview"


def test_guess_that_is_corrected_is_remembered_for_the_district(
    client: TestClient, installation: Installation, district_id: int
) -> None:
    body = b"Campus,Zzz,Kind,Qty\nLincoln Elementary,Books,Supplies,4\n"
    preview = submit(client, send(client, body), "/files/[0-9a-f]{24}", **{"column-1": "needs.statement"})
    submit(client, preview, "/take")
    again = send(client, body.replace(b"Books", b"Pens"))
    assert path_of(again) == "/files/KEY/preview"
    assert "statement: Pens" in again.text
    other = installation.add_district("other", calder())
    assert other != district_id
    address = "/districts/other/import"
    page = client.post(address, data={"csrf": "csrf"}, files={"file": ("asks.csv", body)})
    assert "/preview" not in page.url.path


def test_column_chosen_twice_or_missing_is_told_and_nothing_is_lost(client: TestClient) -> None:
    sheet = send(client, b"Campus,Zzz,Qty\nLincoln Elementary,Books,4\n")
    page = submit(client, sheet, "/files/[0-9a-f]{24}", **{"column-1": "needs.slots", "table": "needs"})
    if page.status_code == 200:  # The sheet was none of needs before: now it is, and is sent again.
        page = submit(client, page, "/files/[0-9a-f]{24}", **{"column-1": "needs.slots"})
    assert page.status_code == 422
    assert "is chosen for two columns" in page.text
    assert "Each row needs “kind”" in page.text
    assert '<option value="needs.slots" selected>' in page.text


def test_kind_for_all_rows_stands_in_for_a_column(client: TestClient) -> None:
    sheet = send(
        client,
        b"School,What do you need?,# of mentors needed\nLincoln Elementary,A caring adult for fifth graders,4\n",
        "Needs.csv",
    )
    page = submit(client, sheet, "/files/[0-9a-f]{24}", **{"all-needs.kind": "mentoring"})
    assert "kind: mentoring" in page.text


def test_name_that_is_nearly_known_is_asked_about_once(
    client: TestClient, installation: Installation, district_id: int
) -> None:
    asked = send(client, MENTOR_LIST.encode(), "Mentor requests.csv")
    if path_of(asked) == "/files/KEY":
        asked = submit(client, asked, "/files/[0-9a-f]{24}")
    assert path_of(asked) == "/files/KEY/names"
    assert "is Lincoln Elementary" in asked.text
    preview = submit(client, asked, "/names")
    submit(client, preview, "/take")
    with installation.database.reading() as connection:
        assert list(load_district(connection, district_id).needs["school_id"]) == ["0101", "0101"]
    assert path_of(send(client, MENTOR_LIST.encode(), "Mentor requests.csv")) == "/files/KEY/preview"


def test_no_word_about_a_student_reaches_the_database_or_a_page(
    client: TestClient, installation: Installation, district_id: int
) -> None:
    body = ASKS.replace(b"School Name", b"Student Name,School Name").replace(b"Lincoln", b"Zebediah,Lincoln")
    page = send(client, body)
    sheet = client.get(page.url.path.removesuffix("/preview") + "?sheet=0")
    assert "look like records of single students" in sheet.text
    assert "Zebediah" not in page.text + sheet.text
    with installation.database.reading() as connection:
        assert b"Zebediah" not in decompress(connection.execute(select(uploads.c.sheets)).scalar_one())


def test_district_that_changed_meanwhile_is_looked_at_anew(
    client: TestClient, installation: Installation
) -> None:
    first, second = send(client, ASKS), send(client, ASKS.replace(b"Books", b"Pens"), "pens.csv")
    submit(client, first, "/take")
    page = submit(client, second, "/take")
    assert page.status_code == 409
    assert "The district was changed meanwhile." in page.text
    assert path_of(submit(client, page, "/take")) == "/2"


def test_import_whose_rows_were_changed_again_is_not_undone(client: TestClient) -> None:
    done = submit(client, send(client, ASKS), "/take")
    submit(client, send(client, ASKS.replace(b",5", b",6"), "asks.csv"), "/take")
    page = submit(client, done, "/undo")
    assert page.status_code == 409
    assert "It can&#39;t be undone any more" in page.text


def test_file_is_its_senders_alone_and_goes_after_a_day(
    client: TestClient, installation: Installation, district_id: int
) -> None:
    page = send(client, ASKS)
    other = installation.client(Role.COORDINATOR, district_id)
    assert other.get(page.url.path).status_code == 404
    past = datetime.now(UTC) - timedelta(minutes=1)
    with installation.database.writing() as connection:
        connection.execute(update(uploads).values(expires_at=past))
    assert client.get(page.url.path).status_code == 404
    send(client, ASKS)
    with installation.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(uploads)).scalar_one() == 1
    assert timedelta(hours=1) < KEPT_FOR <= timedelta(days=1)


def test_only_the_latest_files_of_a_person_are_kept(client: TestClient, installation: Installation) -> None:
    pages = [send(client, ASKS, f"{i}.csv") for i in range(MOST_KEPT + 2)]
    with installation.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(uploads)).scalar_one() == MOST_KEPT
    assert client.get(pages[-1].url.path).status_code == 200


def test_file_that_is_dropped_is_forgotten(client: TestClient, installation: Installation) -> None:
    assert path_of(submit(client, send(client, ASKS), "/drop")) == ""
    with installation.database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(uploads)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(sheet_readings)).scalar_one() == 0


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [("", b"", "Choose a file first."), ("x.pdf", b"%PDF", "x.pdf"), ("x.xlsx", b"PK\x03\x04 bad", "whole")],
)
def test_what_is_no_spreadsheet_is_refused_on_the_same_page(
    client: TestClient, name: str, body: bytes, said: str
) -> None:
    page = send(client, body, name)
    assert page.status_code == 422
    assert said in page.text
    assert 'role="alert"' in page.text


def test_several_files_are_read_together(client: TestClient) -> None:
    files = [
        ("file", ("Schools.csv", b"School,Grades\nTaft,K-5\n")),
        ("file", ("Asks.csv", ASKS.replace(b"Lincoln Elementary", b"Taft"))),
    ]
    page = client.post(HERE, data={"csrf": "csrf"}, files=files)
    assert "school id: taft" in page.text


def test_sheet_can_be_left_out(client: TestClient) -> None:
    sheet = send(client, b"School,Zzz\nLincoln Elementary,Books\n", "Odd.csv")
    page = submit(client, sheet, "/files/[0-9a-f]{24}", table="")
    assert "at least one of" in page.text


def test_empty_workbook_tells_of_every_column_and_reads_back(client: TestClient) -> None:
    body = client.get(f"{HERE}/workbook").content
    sheets = read_upload(io.BytesIO(body), "w.xlsx")
    assert list(sheets.by_table) == list(TABLES)
    assert [list(sheet.cells) for sheet in sheets.by_table.values()] == [
        [column.name for column in table.columns] for table in TABLES.values()
    ]


@pytest.mark.parametrize("kind", ["xlsx", "zip"])
def test_export_sent_back_changes_nothing(client: TestClient, kind: str) -> None:
    body = client.get(f"{HERE}/export?format={kind}").content
    page = send(client, body, f"x.{kind}")
    assert "Nothing: all of it is there already." in page.text


def test_rows_of_a_large_import_are_told_page_by_page(client: TestClient) -> None:
    rows = [["School", "What do you need?", "Type of support", "Qty"]]
    rows += [["Lincoln Elementary", f"Books {i}", "Supplies", "3"] for i in range(150)]
    page = send(client, workbook(Asks=rows), "x.xlsx")
    assert page.text.count("statement: Books") == 100
    assert client.get(f"{page.url.path}?page=2").text.count("statement: Books") == 50


@pytest.mark.skipif(not SAN_FRANCISCO.is_dir(), reason="The real data is not here.")
def test_real_district_comes_in_through_the_page(installation: Installation, client: TestClient) -> None:
    district_id = installation.add_district("city")
    files = [("file", (path.name, path.read_bytes())) for path in sorted(SAN_FRANCISCO.glob("*.csv"))]
    page = client.post("/districts/city/import", data={"csrf": "csrf"}, files=files)
    while not page.url.path.endswith("/preview"):
        action = "/names" if page.url.path.endswith("/names") else "/files/[0-9a-f]{24}"
        page = submit(client, page, action)
    submit(client, page, "/take")
    with installation.database.reading() as connection:
        found = load_district(connection, district_id)
    assert [
        len(found.schools),
        len(found.needs),
        len(found.partners),
        len(found.offers),
        len(found.evidence),
    ] == [
        127,
        300,
        269,
        469,
        530,
    ]


def test_pages_are_the_coordinators(installation: Installation, district_id: int) -> None:
    for role in (Role.LEADER, Role.PARTNER, Role.BOARD):
        of = {Role.LEADER: "0101", Role.PARTNER: "P1"}.get(role, "")
        assert installation.client(role, district_id, of).get(HERE).status_code == 403
