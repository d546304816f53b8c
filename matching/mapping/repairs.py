"""What people write in a cell, in the one way in which a table holds it: ``5th`` is 5, ``3-4 pm Mon/Wed`` two windows.

A text that may mean several things stays as it is and is told as a bad cell. Each repair is shown before it counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from matching.columns import Cell, Column
from matching.values import (
    format_grades,
    format_schedule,
    parse_date,
    parse_flag,
    parse_grades,
    parse_number,
    parse_schedule,
    parse_whole,
    split_list,
)

KM_A_MILE: Final = 1.609344

_NOTHING: Final = frozenset(
    {"n/a", "na", "none", "nil", "tbd", "tba", "unknown", "?", "-", "--", "ninguno", "ninguna", "no aplica"}
    | {"not applicable", "#n/a", "pendiente"}
)
_ANY_TIME: Final = frozenset({"any", "any time", "anytime", "flexible", "varies", "open", "cualquier hora"})
_ALL_GRADES: Final = frozenset({"all", "all grades", "any", "any grade", "todos", "todos los grados"})
_BANDS: Final = {
    r"(?:elementary|elem\.?|primaria)(?: schools?)?": "K-5",
    r"(?:middle|intermediate|secundaria)(?: schools?)?": "6-8",
    r"(?:high|preparatoria)(?: schools?)?": "9-12",
}
_DAYS: Final = {
    "Mon": r"mondays?|mon|m|lunes|lun",
    "Tue": r"tuesdays?|tues?|tu|t|martes|mar",
    "Wed": r"wednesdays?|weds?|w|miercoles|mie",
    "Thu": r"thursdays?|thurs?|thu|th|r|jueves|jue",
    "Fri": r"fridays?|fri|f|viernes|vie",
    "Sat": r"saturdays?|sat|sabados?|sab",
    "Sun": r"sundays?|sun|domingos?|dom",
}
_RUNS: Final = {
    "mwf": "Mon Wed Fri",
    "mw": "Mon Wed",
    "tth": "Tue Thu",
    "tr": "Tue Thu",
    "mtwthf": "Mon Tue Wed Thu Fri",
}
_HOURS: Final = re.compile(
    r"(\d{1,2}(?::\d{2})?)\s*([ap]\.?m\.?)?\s*(?:-|to|until|till|a|hasta)\s*(\d{1,2}(?::\d{2})?)\s*([ap]\.?m\.?)?"
)
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "mentoring": {
        "mentoring": r"mentor\w*|one (?:on|to) one academic\w*|big (?:brother|sister)s?",
        "tutoring": r"tutor\w*|homework\w*|reading (?:help|buddy|buddies)|math help|regularizacion|tareas",
        "program": r"programs?|programa|after ?school|workshops?|clubs?|classes|class|enrichment|taller\w*|clases",
        "event": r"events?|eventos?|one time|field (?:trip|day)s?|career day|volunteers? (?:for|at)|fair|chaperon\w*"
        r"|feria",
        "resources": r"resources?|recursos?|suppl\w+|donations?|donate|materials?|goods|funding|funds|money|grants?"
        r"|books|backpacks?|utiles|donativos?|donacion\w*|materiales|fondos",
    },
    "business": {
        "business": r"business(?:es)?|compan(?:y|ies)|corporat\w+|for profit|empresa\w*|negocio|employer|bank",
        "parent_group": r"pta|ptsa|pto|parent\w*|padres",
        "faith": r"faith\w*|church\w*|religi\w+|synagogue|mosque|temple|ministry|iglesia",
        "civic_club": r"civic\w*|rotary|lions|kiwanis|service clubs?|club|fraternal",
        "higher_education": r"higher ed\w*|universit\w+|college\w*|universidad",
        "government": r"government\w*|city|county|public agency|library|state|federal|gobierno|municipio",
        "nonprofit": r"non ?profits?|not for profit|501 ?c ?3|ngo|sin fines de lucro|cbo|community based organization",
        "charity": r"charit\w+|foundations?|fundacion|caridad",
        "individual": r"individual\w*|person|resident|volunteer|retiree|persona|particular",
    },
    "proposed": {
        "proposed": r"proposed|pending|suggested|potential|new|pendiente|propuest\w+",
        "active": r"active|current|ongoing|running|in progress|confirmed|activ[oa]|vigente",
        "paused": r"paused|on hold|hold|suspended|inactive|pausad[oa]",
        "ended": r"ended|complete\w*|finished|closed|done|terminad[oa]|concluid[oa]",
        "declined": r"declined|rejected|refused|no thanks|rechazad[oa]",
    },
    "survey": {
        "survey": r"surveys?|questionnaire|encuesta",
        "diagnostic": r"diagnostic\w*|i ?ready|map|star|dibels|benchmark|diagnostico",
        "state_test": r"state\w*|staar|caaspp|sbac|fsa|regents|standardi[sz]ed\w*|prueba estatal|parcc",
        "attendance": r"attendance|absen\w+|asistencia",
        "enrollment": r"enrol\w+|demographics?|matricula",
    },
    "family": {
        "family": r"famil\w+|parents?|guardians?|caregivers?|padres?|madres?",
        "staff": r"staff|teachers?|principals?|counselors?|employees?|maestr[oa]s?|docentes?|personal",
        "student": r"students?|pupils?|alumn[oa]s?|estudiantes?",
        "community": r"community\w*|residents?|neighbou?rs?|partners?|comunidad|vecin[oa]s?",
    },
    "accepted": {
        "accepted": r"accept\w*|yes|approved|confirmed|acept\w+|si",
        "declined": r"declin\w*|no|reject\w*|rechaz\w+",
    },
    "beginning": {
        "beginning": r"begin\w*|kick ?off|fall|start\w*|opening|back to school|inicio|otono",
        "midyear": r"mid ?year|middle|winter|mid|mitad|invierno",
        "end": r"end|spring|final|year end|closing|celebration|fin|primavera",
        "other": r"other|otro",
    },
}
"""By the first word of the column's list, in the order in which a text is asked whether it says one of them."""
_LANGUAGES: Final = {
    "ingles": "English",
    "espanol": "Spanish",
    "chino": "Chinese",
    "mandarin chino": "Mandarin",
    "vietnamita": "Vietnamese",
    "arabe": "Arabic",
    "frances": "French",
    "portugues": "Portuguese",
    "coreano": "Korean",
    "ruso": "Russian",
    "criollo haitiano": "Haitian Creole",
}
_MONTHS: Final = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_PRIORITIES: Final = {
    "urgent": "1", "highest": "1", "high": "1", "critical": "1", "alta": "1", "urgente": "1",
    "medium": "3", "moderate": "3", "normal": "3", "media": "3",
    "low": "5", "lowest": "5", "baja": "5",
}  # fmt: skip


def repaired(text: str, column: Column, *, decimal_comma: bool = False, in_miles: bool = False) -> str:
    """Return what a cell says, as the table holds it; the same text where that is certain already or not at all."""
    plain = _plain(text)
    if not plain:
        return ""
    if plain in _NOTHING and column.cell not in _FREE and not (column.is_required or column.words):
        return ""
    try:
        return _REPAIRS.get(column.cell, _as_it_is)(text, plain, column, decimal_comma, in_miles)
    except ValueError:
        return text


def _as_it_is(text: str, *_: object) -> str:
    return text


def _grades(text: str, plain: str, column: Column, *_: object) -> str:
    if plain in _ALL_GRADES:
        return "" if column.blank == "all grades" else "PK-12"
    for band, grades in _BANDS.items():
        if re.fullmatch(band, plain):
            return grades
    plain = re.sub(r"\bthru\b|\bhasta\b|(?<=[\dk.]) a (?=\d)|(?<=kinder) a ", " through ", plain)
    plain = re.sub(r"\bkinder(?:garden)?\b", "k", plain)
    plain = re.sub(r"\bgrados?\b|\by up\b", " ", plain)
    plain = re.sub(r"(?<=\d)\s*(?:\.?[oa]|º|ª|°)\b\.?|(?<=\d)[º°ª]", " ", plain)
    plain = re.sub(r"\bfreshm[ae]n\b", "9", plain)
    plain = re.sub(r"\s*(?:&|\band\b|\by\b|/|\+)\s*", ",", plain)
    plain = re.sub(r"\bgrades?\b", "", plain)
    return format_grades(parse_grades(" ".join(plain.split())))


def _schedule(text: str, plain: str, *_: object) -> str:
    if plain in _ANY_TIME:
        return ""
    if not re.search(r"\d\s*[ap]\.?m\b", plain):
        # No school helps at 3 in the morning.
        plain = text = re.sub(r"(?<![\d:])[1-6](?=:\d\d)", lambda hour: str(int(hour[0]) + 12), plain)
    try:
        return format_schedule(parse_schedule(text))
    except ValueError:
        parts = [_windows(part) for part in re.split(r"[;|\n]", plain) if part.strip()]
        return format_schedule(parse_schedule("|".join(parts)))


def _windows(part: str) -> str:
    """Return the windows of ``3:00-4:30 pm mon/wed``: each of its days at its one time."""
    hours = _HOURS.findall(part)
    if len(hours) != 1:
        raise ValueError(f'Expected days and one time, got "{part}".')
    days = _days(_HOURS.sub(" ", part))
    start, start_half, end, end_half = hours[0]
    return "|".join(f"{day} {start}{start_half}-{end} {end_half}" for day in days)


def _days(text: str) -> list[str]:
    """Return the days that a text names and nothing else.

    Raises
    ------
    ValueError
        When it holds any other word.
    """
    text = re.sub(r"\b(?:weekdays|school days|daily|every day|entre semana)\b", "mon-fri", text)
    text = re.sub(r"\b(?:from|de|at|on|los|every|each|:)\b|[:,.()]", " ", text)
    found: list[str] = []
    for word in re.split(
        r"\s*(?:/|&|\+|\band\b|\by\b|\s)\s*", re.sub(r"\s*(?:-|\bto\b|\ba\b)\s*", "-", text.strip())
    ):
        low, dash, high = word.partition("-")
        if word in _RUNS:
            found += _RUNS[word].split()
        elif dash:
            names = list(_DAYS)
            found += names[names.index(_day(low)) : names.index(_day(high)) + 1]
        elif word:
            found.append(_day(word))
    if not found:
        raise ValueError(f'Expected days, got "{text}".')
    return list(dict.fromkeys(found))


def _day(word: str) -> str:
    for day, names in _DAYS.items():
        if re.fullmatch(names, word):
            return day
    raise ValueError(f'Expected a day, got "{word}".')


def _whole(text: str, plain: str, column: Column, *_: object) -> str:
    if column.name == "priority" and plain in _PRIORITIES:
        return _PRIORITIES[plain]
    return str(parse_whole(_one_number(text)))


def _number(text: str, plain: str, column: Column, decimal_comma: bool, in_miles: bool) -> str:
    if plain in {"free", "no cost", "gratis", "gratuito"}:
        return "0"
    if decimal_comma and re.fullmatch(r"-?[\d.]*\d,\d+", text):
        text = text.replace(".", "").replace(",", ".")
    number = _one_number(text)
    if column.name == "radius_km" and (in_miles or re.search(r"\bmi(?:les?|llas?)?\b", plain)):
        return format(parse_number(number) * KM_A_MILE, ".4g")
    value = parse_number(number)
    return text if number == text else format(value, ".15g")


def _one_number(text: str) -> str:
    """Return the one number in a text such as ``about 15 students``; one with two numbers says nothing certain."""
    try:
        parse_number(text)
    except ValueError:
        numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", text)
        if len(numbers) != 1 or re.search(r"(?<=\d)\s*[-/:]|[-/:]\s*\d", text):
            raise
        return str(numbers[0])
    return text


def _date(text: str, plain: str, *_: object) -> str:
    if match := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", plain):
        day, month, year = match.groups()
        if int(day) > 12 or "." in plain:  # noqa: PLR2004 - months of a year
            return parse_date(f"{year}-{month}-{day}").isoformat()
    if match := re.fullmatch(r"(\d{1,2}) de ([a-z]+)(?: de(?:l)?)? (\d{4})", plain):
        return parse_date(f"{match[3]}-{_MONTHS.index(match[2]) + 1}-{match[1]}").isoformat()
    return parse_date(text).isoformat()


def _flag(text: str, plain: str, *_: object) -> str:
    if plain in {"si", "verdadero", "yes!", "checked", "schoolwide", "targeted"} or plain.startswith(
        ("yes,", "yes ")
    ):
        return "yes"
    if plain in {"falso", "not", "none", "n/a", "na"} or plain.startswith(("no,", "no ")):
        return "no"
    return "yes" if parse_flag(text) else "no"


def _word(text: str, plain: str, column: Column, *_: object) -> str:
    return _one_of(text, plain, column.words)


def _words(text: str, plain: str, column: Column, *_: object) -> str:
    parts = [part for part in re.split(r"[|,;/\n]|\band\b|&|\by\b", text) if part.strip()]
    found = [_one_of(part.strip(), _plain(part), column.words) for part in parts]
    known = sum(word in column.words for word in found)
    if not known:
        found = [_one_of(text, plain, column.words)]
    elif known < len(found):
        return text
    return "|".join(dict.fromkeys(found))


def _one_of(text: str, plain: str, words: Iterable[str]) -> str:
    """Return the one of a column's words that a text says; the text itself where it says none or several."""
    listed = list(words)
    simple = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    if simple.replace(" ", "_") in listed:
        return simple.replace(" ", "_")
    patterns = _WORDS.get(listed[0], {})
    said = [word for word in listed if re.search(rf"\b(?:{patterns.get(word, word)})\b", simple)]
    return said[0] if len(said) == 1 else text


def _list(text: str, plain: str, column: Column, *_: object) -> str:
    if column.name != "languages":
        return text
    parts = split_list(re.sub(r"\s+(?:and|y|e|or)\s+|\s*[/&\n]\s*", "|", text), "|,;")
    return "|".join(dict.fromkeys(_LANGUAGES.get(_plain(part), part) for part in parts))


def _plain(text: str) -> str:
    """Return a text in lower case, without accents, its spaces and dashes plain."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("º", "o.").replace("ª", "a."))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(re.sub("[\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{HYPHEN}]", "-", plain).split())


Repair = Callable[[str, str, Column, bool, bool], str]
_FREE: Final = frozenset({Cell.TEXT, Cell.ID, Cell.CONTACT})
_REPAIRS: Final[Mapping[Cell, Repair]] = {
    Cell.GRADES: _grades,
    Cell.SCHEDULE: _schedule,
    Cell.WHOLE: _whole,
    Cell.NUMBER: _number,
    Cell.DATE: _date,
    Cell.FLAG: _flag,
    Cell.WORD: _word,
    Cell.WORDS: _words,
    Cell.LIST: _list,
}
