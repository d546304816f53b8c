"""What forms call the tables and columns of a district; what a column means stands in `matching.schemas`."""

from collections.abc import Mapping
from typing import Final

from matching.columns import Cell, Column
from matching.errors import Problem
from service.pages.reader import Reader

#: By column what its field is called; a table's own word goes before that of all tables.
LABELS: Final[Mapping[str, str]] = {
    "school_id": "School",
    "need_id": "Need",
    "partner_id": "Partner",
    "offer_id": "Offer",
    "convening_id": "Id of the meeting",
    "name": "Name",
    "grades": "Grades",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "enrollment": "Students",
    "title_i": "Title I school",
    "languages": "Languages",
    "max_partners": "Most partners at one time",
    "nces_id": "NCES number",
    "contact_name": "Contact person",
    "contact_email": "E-mail",
    "contact_phone": "Telephone",
    "statement": "What is lacking",
    "kind": "Kind",
    "kinds": "Kinds of help",
    "slots": "Slots",
    "priority": "Priority",
    "schedule": "Times",
    "min_slots": "Fewest slots",
    "focus_area": "Focus area",
    "goal": "Goal",
    "in_improvement_plan": "In the improvement plan",
    "budget": "Budget",
    "title": "Short title",
    "description": "Who they are",
    "radius_km": "Farthest distance",
    "max_schools": "Most schools at one time",
    "priorities": "What they care for most",
    "years_committed": "Years promised",
    "agreement_expires": "Agreement until",
    "not_schools": "Schools to leave out",
    "focus": "What is given",
    "trained_slots": "Slots cleared for mentoring",
    "cleared_until": "Cleared until",
    "cost_to_school": "Cost to the school",
    "status": "Status",
    "since": "Since",
    "locked": "Locked",
    "source": "Source",
    "measure": "Measure",
    "value": "Figure",
    "benchmark": "To reach",
    "respondents": "People asked",
    "term": "When",
    "rating": "Rating, 1 to 5",
    "outcome_before": "Outcome before",
    "outcome_after": "Outcome after",
    "students": "Students served",
    "respondent": "Who said it",
    "text": "What was said",
    "date": "Day",
    "place": "Place",
    "decision": "Decision",
    "reason": "Reason",
}
OWN_LABELS: Final[Mapping[tuple[str, str], str]] = {
    ("schools", "school_id"): "Id of the school",
    ("needs", "need_id"): "Id of the need",
    ("partners", "partner_id"): "Id of the partner",
    ("offers", "offer_id"): "Id of the offer",
    ("decisions", "need_id"): "Id of the need",
    ("decisions", "offer_id"): "Id of the offer",
}
#: What is typed into fields that ask for more than a word.
EXAMPLES: Final[Mapping[str, str]] = {
    "grades": "PK-5",
    "schedule": "Mon 15:00-16:30",
    "languages": "Spanish",
    "priorities": "early literacy",
    "measure": "reading_proficient_pct",
}
#: By table: what adding one is called, what changing one, what all of them are called.
THINGS: Final[Mapping[str, tuple[str, str, str]]] = {
    "schools": ("Add a school", "Change a school", "Schools"),
    "needs": ("Add a need", "Change a need", "Needs"),
    "partners": ("Add a partner", "Change a partner", "Partners"),
    "offers": ("Add an offer", "Change an offer", "Offers"),
    "partnerships": ("Add a partnership", "Change a partnership", "Partnerships"),
    "evidence": ("Add a figure", "Change a figure", "What the data say"),
    "evaluations": ("Add an evaluation", "Change an evaluation", "How it went"),
    "comments": ("Add a comment", "Change a comment", "What people said"),
    "convenings": ("Add a convening", "Change a convening", "Convenings"),
    "decisions": ("Add a decision", "Change a decision", "Decisions about recommendations"),
}
#: By table: the columns by which a list tells its rows apart.
TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "schools": ("name", "grades"),
    "needs": ("statement", "school_id", "kind", "slots"),
    "partners": ("name", "kind"),
    "offers": ("focus", "partner_id", "slots"),
    "partnerships": ("need_id", "offer_id", "slots", "status", "since"),
    "evidence": ("measure", "school_id", "value", "term"),
    "evaluations": ("term", "partner_id", "school_id", "rating", "respondents"),
    "comments": ("text", "school_id", "respondent", "term"),
    "convenings": ("date", "kind", "place"),
    "decisions": ("need_id", "offer_id", "decision", "date"),
}


def label_of(table: str, column: str) -> str:
    """Return what the field of a column is called."""
    return OWN_LABELS.get((table, column), LABELS[column])


#: What a label says as well, or a blank field.
_PLAIN: Final = frozenset(
    {"none", "not known", "not set", "kind of help", "short title", "what was said", "who said it", "the day"}
    | {"goal of the improvement plan", "name of the school", "name of the partner", "kind of partner"}
    | {"who they are and what they do", "students enrolled", "what the partner cares for most"}
    | {"where the figure comes from", "the figure to reach", "1 (worst) to 5 (best)", "where it stands"}
    | {"the school", "the partner", "the need", "where"}
)


def hint_of(reader: Reader, column: Column) -> str:
    """Return what a column means, what stands in it for example, and what a blank field says."""
    meaning = reader.say(column.meaning)
    said = [] if column.meaning in _PLAIN else [f"{meaning[:1].upper()}{meaning[1:]}."]
    if column.name in EXAMPLES:
        said.append(reader.say("Such as {example}.", example=EXAMPLES[column.name]))
    if column.cell is Cell.SCHEDULE or (column.cell is Cell.LIST and not column.refers):
        said.append(reader.say("Each on a line of its own."))
    if column.blank and column.blank not in _PLAIN and column.cell is not Cell.FLAG:
        said.append(reader.say("Blank: {blank}.", blank=reader.say(column.blank)))
    return " ".join(said)


def fault_of(reader: Reader, column: Column, problem: Problem) -> str:
    """Return what is wrong with a field, and what would be right."""
    if column.is_required and problem.found in ("", "a blank cell"):
        return reader.say("This has to be filled in.")
    if problem.expected != column.expected:
        return reader.say("Expected: {what}.", what=reader.say(problem.expected))
    if column.cell in (Cell.WHOLE, Cell.NUMBER):
        return _number_asked(reader, column)
    return reader.say(ASKED.get(column.cell, "This cannot stand here; see what is asked for above."))


#: By what a column holds, what to write.
ASKED: Final[Mapping[Cell, str]] = {
    Cell.DATE: "Write a day such as 2026-09-14.",
    Cell.GRADES: "Write grades such as PK-5 or K|3-5; they go PK, TK, K, 1 to 13.",
    Cell.SCHEDULE: "Write times such as Mon 15:00-16:30, each on a line of its own.",
    Cell.WORD: "Choose one of the list.",
    Cell.WORDS: "Choose at least one.",
}


def _number_asked(reader: Reader, column: Column) -> str:
    least, most = column.at_least, column.at_most
    if least is not None and most is not None:
        return reader.say(
            "Write a number from {least} to {most}.", least=reader.number(least), most=reader.number(most)
        )
    if column.above is not None:
        return reader.say("Write a number above {least}.", least=reader.number(column.above))
    if least is not None:
        return reader.say("Write a number of {least} or more.", least=reader.number(least))
    return reader.say("Write a number.")


#: What the domain says of rows that do not fit with others.
RELATIONS: Final = (
    "at most the row's slots",
    "a number, for there is a latitude",
    "a number, for there is a longitude",
    "a need of the row's school",
    "an id that no other row has",
    "a pair of need and offer that stands in no earlier row, unless one of them is ended or declined",
)
