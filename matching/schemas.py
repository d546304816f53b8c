"""The ten tables of a district: every column with its type, its meaning and what a blank cell means.

This is the one place that says what a district holds; reading, checking and the documentation follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from matching.columns import Cell, Column, Table
from matching.vocabulary import KINDS

PARTNER_KINDS: Final = (
    "business",
    "parent_group",
    "faith",
    "civic_club",
    "higher_education",
    "government",
    "nonprofit",
    "charity",
    "individual",
)
STATUSES: Final = ("proposed", "active", "paused", "ended", "declined")
SOURCES: Final = ("survey", "diagnostic", "state_test", "attendance", "enrollment")
RESPONDENTS: Final = ("family", "staff", "student", "community")
DECISIONS_MADE: Final = ("accepted", "declined")
CONVENING_KINDS: Final = ("beginning", "midyear", "end", "other")

_UNKNOWN = "not known"
MOST_SLOTS: Final = 1_000_000


def _id(name: str, meaning: str, *, refers: str = "", blank: str = "") -> Column:
    return Column(name=name, cell=Cell.ID, meaning=meaning, refers=refers, blank=blank)


def _text(name: str, meaning: str, blank: str = "") -> Column:
    return Column(name=name, cell=Cell.TEXT, meaning=meaning, blank=blank)


def _word(name: str, meaning: str, words: tuple[str, ...]) -> Column:
    return Column(name=name, cell=Cell.WORD, meaning=meaning, words=words)


def _whole(name: str, meaning: str, blank: str = "", *, least: int = 0, most: int | None = None) -> Column:
    return Column(name=name, cell=Cell.WHOLE, meaning=meaning, blank=blank, at_least=least, at_most=most)


def _number(
    name: str, meaning: str, blank: str = "", *, least: int | None = None, most: int | None = None
) -> Column:
    return Column(name=name, cell=Cell.NUMBER, meaning=meaning, blank=blank, at_least=least, at_most=most)


def _date(name: str, meaning: str, blank: str = "") -> Column:
    return Column(name=name, cell=Cell.DATE, meaning=meaning, blank=blank)


def _flag(name: str, meaning: str) -> Column:
    return Column(name=name, cell=Cell.FLAG, meaning=meaning, blank="no")


def _list(name: str, meaning: str, blank: str, *, refers: str = "", separators: str = "|") -> Column:
    return Column(
        name=name, cell=Cell.LIST, meaning=meaning, blank=blank, refers=refers, separators=separators
    )


def _languages(meaning: str, blank: str) -> Column:
    return _list("languages", meaning, blank, separators="|,;")


def _grades(meaning: str, blank: str = "") -> Column:
    return Column(name="grades", cell=Cell.GRADES, meaning=meaning, blank=blank)


def _schedule(meaning: str) -> Column:
    return Column(name="schedule", cell=Cell.SCHEDULE, meaning=meaning, blank="any time")


_PLACE: Final = (
    _number("latitude", "degrees north; only together with longitude", "place not known", least=-90, most=90),
    _number(
        "longitude", "degrees east; only together with latitude", "place not known", least=-180, most=180
    ),
)
_CONTACTS: Final = tuple(
    Column(
        name=f"contact_{part}", cell=Cell.CONTACT, meaning=f"{meaning}; kept out of all results", blank="none"
    )
    for part, meaning in (("name", "whom to ask"), ("email", "e-mail address"), ("phone", "telephone number"))
)

SCHOOLS: Final = Table(
    "schools",
    "The schools of the district.",
    (
        _id("school_id", "the school"),
        _text("name", "name of the school"),
        _grades("grades taught"),
        *_PLACE,
        _whole("enrollment", "students enrolled", _UNKNOWN),
        _flag("title_i", "whether it is a Title I school"),
        _languages("languages spoken by families; they count only in the fit", _UNKNOWN),
        _whole("max_partners", "most distinct partners at one time", "no limit"),
        _id("nces_id", "number in the national directory of schools", blank="none"),
        *_CONTACTS,
    ),
    key="school_id",
    is_required=True,
)
NEEDS: Final = Table(
    "needs",
    "What the schools lack, one need a row.",
    (
        _id("need_id", "the need"),
        _id("school_id", "the school that has it", refers="schools"),
        _text("statement", "what is lacking, in the school's words"),
        _word("kind", "kind of help", KINDS),
        _whole(
            "slots",
            "students at one time; volunteers for an event; packages for resources; 0 closes the need",
            most=MOST_SLOTS,
        ),
        _whole("priority", "1 (most urgent) to 5", "computed from the evidence", least=1, most=5),
        _grades("grades of the students", "the school's grades"),
        _schedule("when help can take place"),
        _languages("languages of which a partner must offer one", "asks for none"),
        _whole("min_slots", "least worth filling: below it the need is left unmet", "1", least=1),
        _whole("max_partners", "most distinct partners at one time", "no limit", least=1),
        _text("focus_area", "area of the improvement plan", "none"),
        _text("goal", "goal of the improvement plan", "none"),
        _flag("in_improvement_plan", "whether the improvement plan names it"),
        _number("budget", "most the school can pay, in dollars", "no limit", least=0),
        _text("title", "short title", "none"),
    ),
    key="need_id",
    is_required=True,
)
PARTNERS: Final = Table(
    "partners",
    "Who gives help.",
    (
        _id("partner_id", "the partner"),
        _text("name", "name of the partner"),
        _word("kind", "kind of partner", PARTNER_KINDS),
        _text("description", "who they are and what they do", "none"),
        *_PLACE,
        Column(
            name="radius_km",
            cell=Cell.NUMBER,
            meaning="farthest school served, in kilometres",
            blank="no limit",
            above=0,
        ),
        _whole("max_schools", "most distinct schools at one time", "no limit"),
        _languages("languages spoken, of offers that name none", "English"),
        _list("priorities", "what the partner cares for most", "none"),
        _number("years_committed", "years the partner has promised to stay", _UNKNOWN, least=0),
        _date("agreement_expires", "last day of the agreement with the district", "no expiry"),
        _list("not_schools", "schools never to be matched with", "none", refers="schools"),
        *_CONTACTS,
    ),
    key="partner_id",
    is_required=True,
)
OFFERS: Final = Table(
    "offers",
    "What the partners give, one offer a row.",
    (
        _id("offer_id", "the offer"),
        _id("partner_id", "the partner who makes it", refers="partners"),
        _text("focus", "what is given, in the partner's words"),
        Column(
            name="kinds", cell=Cell.WORDS, meaning="kinds that share its slots", words=KINDS, separators="|,;"
        ),
        _whole(
            "slots", "students at one time; volunteers for an event; packages for resources", most=MOST_SLOTS
        ),
        _whole("min_slots", "least worth doing in one match", "1", least=1),
        _whole("trained_slots", "slots trained and cleared for mentoring, at most slots", "all slots"),
        _date("cleared_until", "last day of the clearance for mentoring", "no expiry"),
        _grades("grades served", "all grades"),
        _schedule("when help can take place"),
        _languages("languages in which help is given", "the partner's languages"),
        _number("cost_to_school", "what the school pays, in dollars", "0", least=0),
    ),
    key="offer_id",
    is_required=True,
)
PARTNERSHIPS: Final = Table(
    "partnerships",
    "Matches of this school year so far: running, proposed, ended or declined.",
    (
        _id("need_id", "the need", refers="needs"),
        _id("offer_id", "the offer", refers="offers"),
        _whole("slots", "slots given"),
        _word("status", "where it stands", STATUSES),
        _date("since", "first day", _UNKNOWN),
        _flag("locked", "whether it must stay as it is or grow"),
    ),
)
EVIDENCE: Final = Table(
    "evidence",
    "Figures that say how urgent a school's or a need's gap is; a blank priority is computed from them.",
    (
        _id("school_id", "the school", refers="schools"),
        _id("need_id", "the need", refers="needs", blank="all needs of the school"),
        _word("source", "where the figure comes from", SOURCES),
        _text("measure", "what is measured, such as reading_proficient_pct"),
        _number("value", "the figure; a share is in percent, 45 or 45%"),
        _number("benchmark", "the figure to reach", "the district's own figures"),
        _whole("respondents", "how many students or people it stands for", _UNKNOWN),
        _text("term", "when, such as fall 2026", _UNKNOWN),
    ),
)
EVALUATIONS: Final = Table(
    "evaluations",
    "How partnerships went.",
    (
        _id("partner_id", "the partner", refers="partners"),
        _id("school_id", "the school that judges", refers="schools", blank=_UNKNOWN),
        _id("need_id", "the need it was for", refers="needs", blank="all the partner did there"),
        _text("term", "when, such as fall 2026"),
        _number("rating", "1 (worst) to 5 (best)", "not rated", least=1, most=5),
        _number("outcome_before", "measure before", _UNKNOWN),
        _number("outcome_after", "the same measure after", _UNKNOWN),
        _whole("students", "how many students were served", _UNKNOWN),
        _whole("respondents", "how many people judged", _UNKNOWN),
    ),
)
COMMENTS: Final = Table(
    "comments",
    "What families, staff, students and the community said.",
    (
        _id("school_id", "the school", refers="schools"),
        _word("respondent", "who said it", RESPONDENTS),
        _text("text", "what was said"),
        _text("term", "when, such as fall 2026", _UNKNOWN),
    ),
)
CONVENINGS: Final = Table(
    "convenings",
    "The meetings of schools and partners through the year.",
    (
        _id("convening_id", "the meeting"),
        _date("date", "the day"),
        _word("kind", "which of the year", CONVENING_KINDS),
        _text("place", "where", "not set"),
    ),
    key="convening_id",
)

DECISIONS: Final = Table(
    "decisions",
    "What coordinators said to recommendations, also in earlier years: the fit learns from it, no rule reads it.",
    (
        _id("need_id", "the need; a row teaches nothing once the need is closed or gone"),
        _id("offer_id", "the offer that was recommended; likewise"),
        _word(
            "decision", "what became of it; of several rows of a pair the last by date counts", DECISIONS_MADE
        ),
        _text("reason", "why, in the coordinator's words; nothing reads it", "none"),
        _date("date", "the day", _UNKNOWN),
    ),
)

MATCHES: Final = Table(
    "matches",
    "An allocation, as ``match`` writes it or as someone types it: no table of a district, but what `audit` checks.",
    (
        _id("need_id", "the need"),
        _id("offer_id", "the offer"),
        _whole("slots", "slots of the match", least=1),
        _id("school_id", "the need's school", blank="not compared"),
        _id("partner_id", "the offer's partner", blank="not compared"),
        _number("fit", "fit of the pair, 0 to 1", "not compared"),
        _number("similarity", "similarity of the pair, 0 to 1", "not compared"),
        _text("reason", "why this match", "none"),
    ),
)

TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        table.name: table
        for table in (
            SCHOOLS,
            NEEDS,
            PARTNERS,
            OFFERS,
            PARTNERSHIPS,
            EVIDENCE,
            EVALUATIONS,
            COMMENTS,
            CONVENINGS,
            DECISIONS,
        )
    }
)


def describe_tables() -> str:
    """Return the documentation of all tables in Markdown, a section a table."""
    return "\n\n".join(_describe(table) for table in TABLES.values()) + "\n"


def _describe(table: Table) -> str:
    lines = [
        f"### {table.name}",
        "",
        table.meaning,
        "",
        "| column | holds | meaning | blank |",
        "|---|---|---|---|",
    ]
    lines += [_describe_column(column) for column in table.columns]
    return "\n".join(lines)


def _describe_column(column: Column) -> str:
    name = f"**{column.name}**" if column.is_required else column.name
    holds = column.expected.removesuffix(", or blank").replace("|", "\\|")
    refers = f" of {column.refers}" if column.refers else ""
    return f"| {name} | {holds}{refers} | {column.meaning} | {column.blank or 'not allowed'} |"
