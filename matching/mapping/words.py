"""What people call tables and columns in their own spreadsheets, in English and Spanish, and words for kinds of things.

Drawn from public templates of volunteer requests, partner profiles and needs surveys. A phrase names one column; how
near a header is to it is worked out in `matching.mapping.guessing`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SHEETS: Final = {
    "schools": "schools, school list, school directory, campuses, sites, escuelas, planteles, centros escolares",
    "needs": "needs, school needs, needs survey, asks, requests, wish list, volunteer requests, help wanted, "
    "needs assessment, necesidades, solicitudes, peticiones",
    "partners": "partners, community partners, partner list, partner directory, organizations, agencies, "
    "sponsors, aliados, organizaciones, socios",
    "offers": "offers, services, what partners offer, volunteer offers, pledges, commitments, capacity, "
    "partner programs, partner interest form, ofertas, servicios, ofrecimientos",
    "partnerships": "partnerships, current matches, matches, placements, assignments, active partnerships, "
    "asignaciones, colaboraciones",
    "evidence": "evidence, data, indicators, test scores, school data, accountability, indicadores, datos, "
    "resultados",
    "evaluations": "evaluations, partner evaluation, feedback, ratings, end of year survey, evaluaciones",
    "comments": "comments, survey comments, open responses, family survey, comentarios, opiniones",
    "convenings": "convenings, meetings, calendar, events calendar, reuniones, juntas, calendario",
    "decisions": "decisions, match decisions, decisiones",
}

_CONTACTS: Final = {
    "contact_name": "contact name, contact person, contact, primary contact, point of contact, liaison, "
    "coordinator, principal, principal name, site coordinator, who to contact, submitted by, your name, "
    "contacto, persona de contacto, nombre del contacto, responsable, director, directora, enlace",
    "contact_email": "contact email, email, e-mail, email address, e-mail address, principal email, correo, "
    "correo electronico, username",
    "contact_phone": "contact phone, phone, phone number, telephone, cell, mobile, office phone, telefono, "
    "numero de telefono, celular",
}
_PLACE: Final = {
    "latitude": "latitude, lat, y coordinate, latitud",
    "longitude": "longitude, lon, lng, long, x coordinate, longitud",
}
_SCHOOL: Final = (
    "school, school name, name of school, campus, campus name, site, site name, building, "
    "escuela, nombre de la escuela, plantel, nombre del plantel, centro, colegio"
)
_SCHOOL_ID: Final = (
    "school id, school number, school code, site code, site number, campus id, campus number, building number, dbn, "
    "loc code, location code, clave de la escuela, numero de escuela, clave del plantel"
)
_PARTNER: Final = (
    "partner, partner name, organization, organization name, name of organization, agency, agency name, company, "
    "company name, business name, group name, community partner, provider, sponsor, organizacion, nombre de la "
    "organizacion, aliado, socio, empresa, institucion"
)
_PARTNER_ID: Final = (
    "partner id, organization id, agency id, partner number, partner code, "
    "id del aliado, numero de organizacion"
)
_NEED_ID: Final = (
    "need id, request id, request number, ask number, ticket, id de la necesidad, numero de solicitud"
)
_OFFER_ID: Final = "offer id, service id, offer number, pledge number, program id, id de la oferta"
_GRADES: Final = (
    "grades, grade, grade levels, grade level, grade span, grade range, which grades, grados, grado, niveles"
)
_SCHEDULE: Final = (
    "schedule, times, day and time, days and times, when, availability, available times, day of week, meeting time, "
    "preferred times, when do you need help, hours, horario, dias y horas, disponibilidad, cuando"
)
_TERM: Final = (
    "term, school year, year, semester, season, period, quarter, survey date, "
    "ciclo escolar, periodo, semestre, ano escolar"
)
_RESPONDENTS: Final = (
    "respondents, number of responses, responses, n, sample size, students tested, number tested, "
    "encuestados, respuestas"
)

#: Phrases of each column by table; several in one text are split by commas.
_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "schools": {
        "school_id": f"{_SCHOOL_ID}, id, number, code",
        "name": f"{_SCHOOL}, name, nombre",
        "grades": f"{_GRADES}, grades served, grades offered, grades taught, grados que atiende",
        **_PLACE,
        "enrollment": "enrollment, enrolment, total enrollment, students enrolled, number of students, student count, "
        "total students, student population, adm, headcount, matricula, alumnos inscritos, numero de alumnos",
        "title_i": "title i, title 1, title one, title i status, title i school, titulo i, titulo 1",
        "languages": "languages, home languages, languages spoken, languages spoken at home, family languages, "
        "idiomas, lenguas, idiomas en casa",
        "max_partners": "max partners, maximum partners, most partners at once, how many partners can you host, "
        "maximo de aliados",
        "nces_id": "nces id, nces school id, nces, ncessch, federal id, federal school id",
        **_CONTACTS,
    },
    "needs": {
        "need_id": f"{_NEED_ID}, id, number",
        "school_id": _SCHOOL_ID,
        "statement": "need, what do you need, statement, description of need, describe the need, need description, "
        "request, what help do you need, how can partners help, what is needed, details, ask, description, "
        "describe your request, support needed, what would volunteers do, necesidad, que necesita, "
        "que necesitan, descripcion, descripcion de la necesidad, apoyo que requiere",
        "kind": "kind, type of need, type, need type, kind of help, category, type of support, type of help, "
        "request type, help type, tipo, tipo de apoyo, tipo de ayuda, categoria, tipo de necesidad",
        "slots": "slots, number needed, how many, how many needed, number of mentors needed, mentors needed, "
        "number of volunteers needed, volunteers needed, tutors needed, number of students to be served, "
        "students to serve, quantity, qty, count, number of students, cupos, plazas, cuantos, cuantos necesita, "
        "cantidad, numero de voluntarios, numero de mentores",
        "priority": "priority, urgency, priority level, how urgent, rank, importance, prioridad, urgencia",
        "grades": f"{_GRADES}, target grades, grades of students, for which grades, student grade level",
        "schedule": _SCHEDULE,
        "languages": "languages, language needed, language, preferred language, language requirements, idiomas, idioma",
        "min_slots": "min slots, minimum, minimum needed, at least, minimum number, minimo, al menos",
        "max_partners": "max partners, maximum partners, most partners, maximo de aliados",
        "focus_area": "focus area, area, subject, subject area, content area, focus, topic, plan area, "
        "area de enfoque, materia, asignatura, area",
        "goal": "goal, improvement goal, sip goal, plan goal, school goal, objective, target outcome, meta, objetivo",
        "in_improvement_plan": "in improvement plan, in school improvement plan, in sip, part of the sip, "
        "in the plan, en el plan de mejora",
        "budget": "budget, funds available, max cost, amount available, presupuesto",
        "title": "title, short title, need title, request title, project name, headline, titulo, nombre del proyecto",
    },
    "partners": {
        "partner_id": f"{_PARTNER_ID}, id, number, code",
        "name": f"{_PARTNER}, name, nombre",
        "kind": "kind, type, partner type, organization type, type of organization, sector, category, "
        "kind of partner, tipo, tipo de organizacion, sector",
        "description": "description, about, about us, mission, who we are, mission statement, overview, "
        "tell us about your organization, what do you do, descripcion, mision, acerca de",
        **_PLACE,
        "radius_km": "radius km, radius, travel radius, travel distance, how far can you travel, max distance, "
        "service radius, miles, distancia maxima, radio",
        "max_schools": "max schools, maximum schools, number of schools, how many schools, schools you can serve, "
        "maximo de escuelas, cuantas escuelas",
        "languages": "languages, languages spoken, staff languages, idiomas, idiomas que hablan",
        "priorities": "priorities, interests, areas of interest, focus areas, what matters most, causes, "
        "funding priorities, prioridades, intereses, areas de interes",
        "years_committed": "years committed, commitment, length of commitment, years, commitment years, "
        "anos de compromiso, compromiso",
        "agreement_expires": "agreement expires, mou expires, mou expiration, mou end date, agreement end date, "
        "contract end, expiration date, mou date, vence el convenio, vigencia del convenio, vencimiento",
        "not_schools": "not schools, excluded schools, schools to avoid, do not match, do not place at, "
        "escuelas excluidas",
        **_CONTACTS,
    },
    "offers": {
        "offer_id": f"{_OFFER_ID}, id, number",
        "partner_id": _PARTNER_ID,
        "focus": "focus, offer, what can you offer, what we offer, description of service, service description, "
        "service, services offered, program, program name, program description, how would you like to help, "
        "description, what will volunteers do, oferta, que ofrece, que puede ofrecer, descripcion, "
        "descripcion del servicio, programa, servicio",
        "kinds": "kinds, kind, type, type of service, type of help, service type, kind of help, category, "
        "how would you help, ways to help, tipo, tipo de servicio, tipo de apoyo, categoria",
        "slots": "slots, capacity, how many, number of volunteers, volunteers available, number of mentors, mentors "
        "available, tutors available, number of students you can serve, students served, spots, openings, "
        "quantity, qty, total capacity, cupos, plazas, capacidad, cuantos, voluntarios disponibles, cantidad",
        "min_slots": "min slots, minimum, minimum group size, minimum per school, at least, minimo",
        "trained_slots": "trained slots, trained, trained volunteers, cleared volunteers, background checked, "
        "number trained, number cleared, trained and cleared, capacitados, voluntarios capacitados",
        "cleared_until": "cleared until, clearance expires, background check expires, background check date, "
        "clearance date, livescan expires, vigencia de antecedentes, antecedentes hasta",
        "grades": f"{_GRADES}, grades served, preferred grades, which grades can you serve, grados que atiende",
        "schedule": _SCHEDULE,
        "languages": "languages, languages offered, language, languages spoken, idiomas, idioma",
        "cost_to_school": "cost to school, cost, fee, price, cost per school, charge, costo, costo para la escuela, "
        "precio, tarifa",
    },
    "partnerships": {
        "need_id": _NEED_ID,
        "offer_id": _OFFER_ID,
        "slots": "slots, number placed, volunteers placed, students matched, how many, cupos, plazas",
        "status": "status, match status, state, stage, estado, estatus",
        "since": "since, start date, started, began, match date, desde, fecha de inicio",
        "locked": "locked, keep, do not change, fixed, fijo",
    },
    "evidence": {
        "school_id": _SCHOOL_ID,
        "need_id": _NEED_ID,
        "source": "source, data source, source of data, assessment, instrument, fuente",
        "measure": "measure, indicator, metric, what is measured, subject, test, indicador, medida",
        "value": "value, result, score, percent, rate, percentage, valor, resultado, porcentaje",
        "benchmark": "benchmark, target, goal, district average, state average, meta, promedio del distrito",
        "respondents": _RESPONDENTS,
        "term": _TERM,
    },
    "evaluations": {
        "partner_id": _PARTNER_ID,
        "school_id": _SCHOOL_ID,
        "need_id": _NEED_ID,
        "term": _TERM,
        "rating": "rating, overall rating, score, stars, satisfaction, how would you rate, calificacion, "
        "valoracion, puntuacion",
        "outcome_before": "outcome before, before, pre, pre score, baseline, pretest, fall score, antes, previo",
        "outcome_after": "outcome after, after, post, post score, posttest, spring score, despues, final",
        "students": "students, students served, number served, number of students, alumnos, alumnos atendidos",
        "respondents": _RESPONDENTS,
    },
    "comments": {
        "school_id": _SCHOOL_ID,
        "respondent": "respondent, role, respondent type, who said it, who are you, i am a, rol, soy, quien responde",
        "text": "text, comment, comments, response, answer, feedback, anything else, open response, "
        "comentario, comentarios, respuesta, opinion",
        "term": _TERM,
    },
    "convenings": {
        "convening_id": "convening id, meeting id, event id, id, id de la reunion",
        "date": "date, day, meeting date, event date, fecha, dia",
        "kind": "kind, type, meeting, meeting type, which meeting, event, tipo, reunion",
        "place": "place, location, where, venue, room, lugar, sede, donde",
    },
    "decisions": {
        "need_id": _NEED_ID,
        "offer_id": _OFFER_ID,
        "decision": "decision, accepted or declined, outcome, answer, decision tomada",
        "reason": "reason, why, comment, notes, motivo, razon",
        "date": "date, decided on, fecha",
    },
}
#: A need's sheet may tell of its school, and an offer's of its partner; elsewhere a name alone stands for the id.
OWNERS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "needs": {
        "schools": (
            "name",
            "grades",
            "enrollment",
            "title_i",
            "contact_name",
            "contact_email",
            "contact_phone",
        )
    },
    "offers": {
        "partners": (
            "name",
            "kind",
            "description",
            "radius_km",
            "max_schools",
            "agreement_expires",
            "contact_name",
            "contact_email",
            "contact_phone",
        )
    },
    "evidence": {"schools": ("name",)},
    "evaluations": {"schools": ("name",), "partners": ("name",)},
    "comments": {"schools": ("name",)},
}
_OF_OWNER: Final = {"schools": _SCHOOL, "partners": _PARTNER}
_OWNERS_OWN: Final = {
    ("schools", "grades"): "school grades, grades taught, grades at the school",
    (
        "partners",
        "kind",
    ): "partner type, organization type, type of organization, sector, tipo de organizacion",
    ("partners", "description"): "about your organization, organization description, mission, mision",
}


def phrases_of(table: str, column: str, within: str | None = None) -> tuple[str, ...]:
    """Return what people call a column, in the sheet of its own table or ``within`` that of another."""
    if within is None or within == table:
        return _split(_COLUMNS[table][column])
    if column == "name":
        return _split(_OF_OWNER[table])
    return _split(_OWNERS_OWN.get((table, column)) or _COLUMNS[table][column])


def sheet_phrases(table: str) -> tuple[str, ...]:
    """Return what people call the sheet of a table."""
    return _split(_SHEETS[table])


def plain_words(text: str) -> list[str]:
    """Return the words of a header in lower case, without accents; # and No. are ``number``."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"#|\bno\.|\bnum\b\.?|\bnbr\b", " number ", text)
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=\w)['\N{RIGHT SINGLE QUOTATION MARK}]s\b", "", text))


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrase.strip() for phrase in text.split(",") if phrase.strip()))


ALL_PHRASES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(dict(_COLUMNS))
