"""Spreadsheets as schools and partners really send them, each with another trouble, and what is to come of it."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import openpyxl

from matching.district import District
from tests.districts import make_district, make_need, make_offer, make_partner, make_school

Cells = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Messy:
    """A file, and how many rows of each table it adds to the district of `calder`."""

    name: str
    file_name: str
    body: bytes
    added: dict[str, int]


def calder() -> District:
    """Return a district with two schools, a partner, a need and an offer."""
    return make_district(
        [make_need("n0", school_id="0101")],
        [make_offer("o0", partner_id="P1")],
        schools=[
            make_school("0101", name="Lincoln Elementary", grades="K-5"),
            make_school("0102", name="Grant Middle School", grades="6-8"),
        ],
        partners=[make_partner("P1", name="Calder Rotary Club", kind="civic_club")],
    )


def workbook(**sheets: Cells) -> bytes:
    """Return a workbook; underscores in the names of sheets stand for spaces."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """Return a workbook's bytes."""
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(**files: str) -> bytes:
    """Return CSV files in a zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


def merged_title() -> bytes:
    """Return a sheet with a merged title, a blank row, and a school that stands once for two needs."""
    book = openpyxl.load_workbook(
        io.BytesIO(
            workbook(
                Fall_asks=[
                    ["Calder Unified: Fall asks 2026"],
                    [],
                    ["School Name", "What do you need?", "Type of support", "# of volunteers needed"],
                    ["Lincoln Elementary", "Reading tutors for third grade", "Tutor", "12"],
                    [None, "A caring adult for fifth graders", "one on one mentoring", "8 students"],
                    ["Grant Middle School", "Science fair judges", "Event", 6],
                    ["Total", None, None, 26],
                ]
            )
        )
    )
    sheet = book.worksheets[0]
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A4:A5")
    return saved(book)


SPANISH = """Nombre de la escuela;¿Qué necesita?;Tipo de apoyo;¿Cuántos?;Grados;Presupuesto
Lincoln Elementary;Tutores de lectura;Tutoría;10;3º a 5º;37,5
Grant Middle School;Útiles escolares para niños;Recursos;25;6;0
"""
TWO_HEADERS: Cells = (
    ("School", "", "What they need", "", "", "Contact", ""),
    ("Name", "Grades", "Need description", "Kind of help", "How many", "Contact person", "Email"),
    ("Lincoln Elementary", "K-5", "Garden club", "After-school program", 9, "Ana Ruiz", "ana@example.org"),
)
OFFERS: Cells = (
    (
        *("Timestamp", "Name of your organization", "Type of organization", "How would you like to help?"),
        *("Tell us what you would do", "How many students can you serve?", "Days and times", "Languages"),
    ),
    (
        *("9/1/2026 14:03", "Reading Friends", "Non-profit", "Tutoring, Mentoring"),
        *("Read with second graders", "24", "3:00-4:30 pm Mon/Wed", "Spanish, English"),
    ),
    (
        *("9/2/2026 9:12", "Calder Rotary Club", "Civic club", "Event"),
        *("Judge the science fair", "10", "flexible", "English"),
    ),
)
MENTOR_LIST = """Campus,Students to be matched with a mentor,Description of need,Type,Student Name,DOB,Lunch Status
Lincoln Elem.,15,Mentors for fifth grade girls,1:1 mentoring,Joe Doe,1/2/2015,Free
"""
NEW_SCHOOL = """School,Grade span,Total Enrollment,Title I
Lincoln Elementary,K thru 5,"1,020",Yes
Roosevelt High,9th-12th,880,No

Prepared by the district office
"""
DATA = """School\tData source\tIndicator\tResult\tSchool year
Lincoln Elementary\tState test\treading_proficient_pct\t34%\t2025-26
Grant Middle School\tAttendance\tchronic_absent_pct\t21.5\t2025-26
"""


def all_messy() -> list[Messy]:
    """Return all of them."""
    return [
        Messy("a merged title, a school for two rows, a total", "asks.xlsx", merged_title(), {"needs": 3}),
        Messy(
            "Spanish headers, cp1252 and semicolons",
            "Solicitudes.csv",
            SPANISH.encode("cp1252"),
            {"needs": 2},
        ),
        Messy("two header rows", "two.xlsx", workbook(Requests=TWO_HEADERS), {"needs": 1}),
        Messy(
            "a form's answers, with a partner that is new",
            "Partner interest form.xlsx",
            workbook(Form_Responses_1=OFFERS),
            {"partners": 1, "offers": 2},
        ),
        Messy(
            "records of students, a name spelled otherwise",
            "Mentor requests.csv",
            MENTOR_LIST.encode(),
            {"needs": 1},
        ),
        Messy("a school without an id, a note below", "Schools.csv", NEW_SCHOOL.encode(), {"schools": 1}),
        Messy("tabs and percents", "Indicators.tsv", DATA.encode("utf-16"), {"evidence": 2}),
        Messy(
            "several files in a zip, one with blank rows",
            "all.zip",
            zipped(
                Schools=NEW_SCHOOL,
                Requests="\n\nSchool,Need,Type,Qty\n\nRoosevelt High,Books,Supplies,40\n\n",
            ),
            {"schools": 1, "needs": 1},
        ),
        Messy(
            "a formula, which is no text",
            "f.csv",
            b"School,Need,Type,Qty\nLincoln Elementary,=1+1,Event,3\n",
            {"needs": 1},
        ),
    ]
