"""The page of a school and that of a partner, and a page of each to print and hand out."""

import json
from collections.abc import Hashable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from matching.convenings.meetings import next_convening
from matching.questions import Question
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotFoundError
from service.overviews import Standing
from service.pages.frame import READERS, Records, address_of, own_needs, show, standing_of
from service.pages.maps import Map, map_of, place_of
from service.pages.naming import contacts_of
from service.pages.places import helping
from service.pages.places.helping import rows_of
from service.pages.places.next_steps import steps_of_partner, steps_of_school
from service.pages.reader import reader_of
from service.people.principal import Role
from service.people.reach import Rows, rows_within, sees_contacts, within_reach
from service.storage import rows

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

NUM_SUGGESTED: Final = 6
#: Needs among which those of a leader's own schools are sought.
MOST_RECOMMENDED: Final = 200
#: Needs, partners and offers that fit on a printed page.
MOST_PRINTED: Final = 7
Cells = Mapping[Hashable, Any]  # Any: cells of several types


@router.get("/schools/{school_id:path}")
@allow(*READERS)
def show_school(given: Given, request: Request, school_id: str) -> Response:
    """Show what a school has, lacks and said, who helps there and did; to a leader, their own."""
    standing = standing_of(given)
    district = standing.loaded.district
    school = _school(given, school_id)
    needs = rows_of(standing.overview.needs, school_id=school_id)
    all_needs = frozenset(district.needs.loc[district.needs["school_id"] == school_id, "need_id"])
    here, reader = address_of(given), reader_of(request)
    return show(
        given,
        "school.html",
        **_school_cells(standing, school, needs),
        closed=rows_of(district.needs[district.needs["slots"] == 0], school_id=school_id),
        over=rows_of(helping.is_over(helping.partnerships_of(standing)), school_id=school_id),
        published=helping.changed_by_publications(given.connection, given.district_id, "need_id", all_needs),
        went=helping.how_it_went(given, school_id=school_id),
        map=_map_of_school(standing, school_id, here),
        evidence=rows_of(district.evidence, school_id=school_id),
        comments=rows_of(district.comments, school_id=school_id),
        steps=steps_of_school(reader, standing, school, here) if given.role is Role.LEADER else [],
        of=urlencode({"school_id": school_id}),
        **_may(given),
    )


@router.get("/partners/{partner_id:path}")
@allow(*READERS, Role.PARTNER)
def show_partner(given: Given, request: Request, partner_id: str) -> Response:
    """Show what a partner gives, to whom, how that went, and what else it could help with; to a partner, its own.

    A leader is told of what it does at their own schools.
    """
    partner = _row(given, "partners", partner_id)
    standing = standing_of(given)
    offers = _offers(standing, partner_id)
    here, reader = address_of(given), reader_of(request)
    ids = frozenset(str(offer["offer_id"]) for offer in offers)
    return show(
        given,
        "partner.html",
        **_partner_cells(given, partner, offers),
        over=rows_of(helping.is_over(helping.partnerships_seen(given)), partner_id=partner_id),
        # Of a publication a leader is told on its own page, school by school.
        published=[]
        if given.role is Role.LEADER
        else helping.changed_by_publications(given.connection, given.district_id, "offer_id", ids),
        went=helping.how_it_went(given, partner_id=partner_id),
        map=_map_of_partner(given, partner_id, "" if given.role is Role.PARTNER else here),
        recommended=_recommended(given, partner_id),
        steps=steps_of_partner(reader, standing, partner, offers, here) if given.role is Role.PARTNER else [],
        of=urlencode({"partner_id": partner_id}),
        **_may(given),
    )


@router.get("/summary/schools/{school_id:path}")
@allow(*READERS)
def summarise_school(given: Given, request: Request, school_id: str) -> Response:
    """Show one page about a school to print for its principal: what it lacks, and who helps."""
    standing = standing_of(given)
    school = _school(given, school_id)
    needs = rows_of(standing.overview.needs, school_id=school_id)
    told = _school_cells(standing, school, needs)
    contacts = contacts_of(given, "partner", [match["partner_id"] for match in told["matches"]])
    return _summary(given, "summary_school.html", standing, school_id=school_id, contacts=contacts, **told)


@router.get("/summary/partners/{partner_id:path}")
@allow(*READERS, Role.PARTNER)
def summarise_partner(given: Given, request: Request, partner_id: str) -> Response:
    """Show one page about a partner to print for it: what it gives, and where it helps."""
    partner = _row(given, "partners", partner_id)
    standing = standing_of(given)
    told = _partner_cells(given, partner, _offers(standing, partner_id))
    contacts = contacts_of(given, "school", [match["school_id"] for match in told["matches"]])
    return _summary(given, "summary_partner.html", standing, partner_id=partner_id, contacts=contacts, **told)


def _summary(
    given: Context,
    template: str,
    standing: Standing,
    *,
    school_id: str = "",
    partner_id: str = "",
    **told: Any,
) -> Response:  # Any: what a template shows
    of = {"school_id": school_id} if school_id else {"partner_id": partner_id}
    return show(
        given,
        template,
        today=standing.today,
        went=helping.how_it_went(given, **of),
        convening=next_convening(standing.loaded.district, standing.today),
        most=MOST_PRINTED,
        **told,
    )


def _school_cells(standing: Standing, school: rows.Row, needs: Records) -> dict[str, Any]:  # Any: likewise
    """Return what all pages of a school tell: its cells, its needs with their times, and who helps."""
    stored = standing.loaded.district.needs.set_index("need_id")
    running = helping.runs(helping.partnerships_of(standing))
    for need in needs:
        need["times"] = [time for time in str(stored.at[need["need_id"], "schedule"]).split("|") if time]
    return {
        "cells": school.cells,
        "needs": needs,
        "total": {name: sum(int(need[name]) for need in needs) for name in ("slots", "filled")},
        "matches": rows_of(running, school_id=school.cells["school_id"]),
    }


def _partner_cells(given: Context, partner: rows.Row, offers: Records) -> dict[str, Any]:  # Any: likewise
    """Return what all pages of a partner tell: its cells, its offers and where it helps."""
    standing, running = standing_of(given), helping.runs(helping.partnerships_seen(given))
    expires = partner.cells["agreement_expires"]
    return {
        "cells": partner.cells,
        "offers": offers,
        "matches": rows_of(running, partner_id=partner.cells["partner_id"]),
        "expires": date.fromisoformat(expires) if expires else None,
        "is_expired": bool(expires) and date.fromisoformat(expires) < standing.today,
    }


def _offers(standing: Standing, partner_id: str) -> Records:
    """Return the offers of a partner with the slots that run and those that are free."""
    offers = standing.loaded.district.offers
    offers = offers[offers["partner_id"] == partner_id]
    running = helping.runs(standing.loaded.district.partnerships)
    taken = offers["offer_id"].map(running.groupby("offer_id")["slots"].sum()).fillna(0).astype(int)
    return offers.assign(ran=taken, free=(offers["slots"] - taken).clip(lower=0)).to_dict("records")


def _recommended(given: Context, partner_id: str) -> list[dict[str, Any]]:  # Any: JSON
    """Return what else a partner could help with, of the needs that whoever asks may read."""
    is_leader = given.role is Role.LEADER
    question = Question(partner_id=partner_id, limit=MOST_RECOMMENDED if is_leader else NUM_SUGGESTED)
    recommenders = given.request.app.state.recommenders
    answer = json.loads(recommenders.answer(given.connection, given.district_id, question))
    needs = set(own_needs(given, standing_of(given).loaded.district.needs)["need_id"])
    found = [pair for pair in answer["recommendations"] if pair["need"]["need_id"] in needs]
    return found[:NUM_SUGGESTED]


def _map_of_school(standing: Standing, school_id: str, here: str) -> Map:
    """Return where a school lies among the partners that help there."""
    running = helping.runs(helping.partnerships_of(standing))
    ids = running.loc[running["school_id"] == school_id, "partner_id"].drop_duplicates()
    district = standing.loaded.district
    partners = district.partners.set_index("partner_id", drop=False).loc[ids].to_dict("records")
    centre = rows_of(district.schools, school_id=school_id)[0]
    others = [
        place_of(one, is_school=False, href=f"{here}/partners/{quote(one['partner_id'], safe='')}")
        for one in partners
    ]
    return map_of(place_of(centre, is_school=True), others)


def _map_of_partner(given: Context, partner_id: str, here: str) -> Map:
    """Return where a partner lies among the schools it helps; their names lead there where ``here`` says so."""
    running = helping.runs(helping.partnerships_seen(given))
    ids = running.loc[running["partner_id"] == partner_id, "school_id"].drop_duplicates()
    district = standing_of(given).loaded.district
    schools = district.schools.set_index("school_id", drop=False).loc[ids].to_dict("records")
    centre = rows_of(district.partners, partner_id=partner_id)[0]
    others = [
        place_of(
            one, is_school=True, href=f"{here}/schools/{quote(one['school_id'], safe='')}" if here else ""
        )
        for one in schools
    ]
    return map_of(place_of(centre, is_school=False), others)


def _may(given: Context) -> dict[str, Any]:  # Any: likewise
    """Return which tables someone changes rows of, as the pages ask for it."""
    tables = ("schools", "needs", "partners", "offers", "partnerships", "evidence", "evaluations", "comments")
    changes = {name for name in tables if rows_within(given.place, name, to_change=True) is not Rows.NONE}
    return {"changes": changes}


def _school(given: Context, school_id: str) -> rows.Row:
    """Return a school; a leader is told of their own alone."""
    if given.role is Role.LEADER and school_id not in given.place.of:
        raise NotFoundError(f"School {school_id}: expected one of yours, found none.")
    return _row(given, "schools", school_id)


def _row(given: Context, table: str, key: str) -> rows.Row:
    """Return a school or a partner, with the contacts that whoever asks may see."""
    where = within_reach(given.place, table)
    contacts = sees_contacts(given.place, table)
    return rows.get(given.connection, given.district_id, table, key, where=where, contacts=contacts)
