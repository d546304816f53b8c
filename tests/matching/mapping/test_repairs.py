"""What people write in cells, and what it is read as; anything uncertain stays."""

import pytest

from matching.mapping.repairs import repaired
from matching.schemas import TABLES


def read(column: str, text: str, **options: bool) -> str:
    table, _, name = column.partition(".")
    return repaired(text, TABLES[table].columns_by_name[name], **options)


@pytest.mark.parametrize(
    ("column", "text", "meant"),
    [
        ("needs.grades", "5th", "5"),
        ("needs.grades", "K thru 5", "K-5"),
        ("needs.grades", "3rd, 4th and 5th", "3-5"),
        ("needs.grades", "Kínder a 5º", "K-5"),
        ("needs.grades", "Middle School", "6-8"),
        ("offers.grades", "All grades", ""),
        ("schools.grades", "All", "PK-12"),
        ("needs.schedule", "3:00-4:30 pm Mon/Wed", "Mon 15:00-16:30|Wed 15:00-16:30"),
        ("needs.schedule", "Tue & Thu, 3:00 to 4:30 PM", "Tue 15:00-16:30|Thu 15:00-16:30"),
        ("needs.schedule", "MWF 8:00-9:00 am", "Mon 08:00-09:00|Wed 08:00-09:00|Fri 08:00-09:00"),
        ("needs.schedule", "lunes y miércoles 15:00 a 16:30", "Mon 15:00-16:30|Wed 15:00-16:30"),
        ("needs.schedule", "Mon 2:30-4:00", "Mon 14:30-16:00"),
        ("needs.schedule", "flexible", ""),
        ("needs.slots", "15 students", "15"),
        ("needs.slots", "~20", "20"),
        ("needs.in_improvement_plan", "Yes, goal 1", "yes"),
        ("needs.in_improvement_plan", "Sí", "yes"),
        ("needs.in_improvement_plan", "No", "no"),
        ("needs.priority", "High", "1"),
        ("needs.kind", "one on one mentoring", "mentoring"),
        ("needs.kind", "1:1 Mentoring", "mentoring"),
        ("needs.kind", "Útiles", "resources"),
        ("offers.kinds", "Mentoring, Tutoring", "mentoring|tutoring"),
        ("offers.kinds", "workshops and events", "program|event"),
        ("needs.languages", "Spanish, English", "Spanish|English"),
        ("needs.languages", "Español/Inglés", "Spanish|English"),
        ("partners.kind", "501(c)(3)", "nonprofit"),
        ("partners.kind", "Faith-based", "faith"),
        ("partners.radius_km", "5 miles", "8.047"),
        ("partners.agreement_expires", "9/1/2026", "2026-09-01"),
        ("partners.agreement_expires", "31/12/2026", "2026-12-31"),
        ("partners.agreement_expires", "1 de septiembre de 2026", "2026-09-01"),
        ("partners.agreement_expires", "N/A", ""),
        ("offers.cost_to_school", "Free", "0"),
        ("comments.respondent", "Padre", "family"),
        ("partnerships.status", "On hold", "paused"),
    ],
)
def test_cell_is_read_as_it_is_meant(column: str, text: str, meant: str) -> None:
    assert read(column, text) == meant


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("needs.slots", "10-15"),
        ("needs.slots", "lots"),
        ("needs.slots", "N/A"),
        ("needs.kind", "Mentoring / tutoring"),
        ("needs.kind", "other"),
        ("offers.kinds", "tutoring, stuff"),
        ("needs.schedule", "after school"),
        ("needs.schedule", "Mon 3-4 pm, Wed 2-3 pm"),
        ("partners.agreement_expires", "soon"),
        ("needs.grades", "some"),
        ("needs.statement", "N/A"),
        ("needs.school_id", "NA"),
    ],
)
def test_cell_that_is_not_certain_stays_as_it_is(column: str, text: str) -> None:
    assert read(column, text) == text


def test_header_may_say_that_a_distance_is_in_miles() -> None:
    assert read("partners.radius_km", "10", in_miles=True) == "16.09"


def test_comma_is_a_point_where_semicolons_split_columns() -> None:
    assert read("needs.budget", "1.037,5", decimal_comma=True) == "1037.5"


@pytest.mark.parametrize("table", list(TABLES))
def test_every_word_of_a_table_stays_itself(table: str) -> None:
    for column in TABLES[table].columns:
        for word in column.words:
            assert repaired(word, column) == word
