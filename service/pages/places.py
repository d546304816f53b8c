"""Schools and partners: the lists, and a page of each to read or to print and hand out."""

import json
from typing import Final

import pandas as pd
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from matching.policy import policy_from_toml
from matching.questions import Question
from matching.standing import RUNNING
from service.api.access import Context, Given, allow
from service.api.route import Route
from service.errors import NotFoundError
from service.overviews import Standing
from service.pages.frame import READERS, PageNumber, Records, a_page, own_needs, show, standing_of
from service.people.principal import Role
from service.people.reach import sees_contacts, within_reach
from service.storage import rows

router = APIRouter(prefix="/districts/{district}", route_class=Route, include_in_schema=False)

NUM_SUGGESTED: Final = 6
PARTNERS_A_PAGE: Final = 100


@router.get("/schools")
@allow(*READERS)
def show_schools(given: Given, request: Request) -> Response:
    """Show the schools, those with the most open mentoring slots first."""
    standing = standing_of(given)
    schools = _own_schools(given, standing.loaded.district.schools)
    needs = own_needs(given, standing.overview.needs)
    sums = needs.groupby("school_id")[["slots", "filled", "open"]].sum()
    mentoring = needs[needs["kind"] == "mentoring"].groupby("school_id")["open"].sum()
    table = schools[["school_id", "name", "grades"]].assign(
        num_needs=schools["school_id"].map(needs.groupby("school_id").size()),
        num_partners=schools["school_id"].map(
            _running(standing).groupby("school_id")["partner_id"].nunique()
        ),
        mentoring_open=schools["school_id"].map(mentoring),
        slots=schools["school_id"].map(sums["slots"]),
        filled=schools["school_id"].map(sums["filled"]),
        open=schools["school_id"].map(sums["open"]),
    )
    numbers = ["num_needs", "num_partners", "mentoring_open", "slots", "filled", "open"]
    table[numbers] = table[numbers].fillna(0).astype(int)
    table = table.sort_values(["mentoring_open", "open", "name"], ascending=[False, False, True])
    return show(given, "schools.html", schools=table.to_dict("records"))


@router.get("/schools/{school_id:path}")
@allow(*READERS)
def show_school(given: Given, request: Request, school_id: str) -> Response:
    """Show what a school has, lacks and said; to a leader, their own."""
    standing = standing_of(given)
    district = standing.loaded.district
    if school_id not in set(_own_schools(given, district.schools)["school_id"]):
        raise NotFoundError(f"School {school_id}: expected one of this district, found none.")
    needs, running = standing.overview.needs, _running(standing)
    return show(
        given,
        "school.html",
        school=_row(given, "schools", school_id),
        needs=_of(needs, school_id=school_id),
        total={
            name: int(needs.loc[needs["school_id"] == school_id, name].sum()) for name in ("slots", "filled")
        },
        matches=_of(running, school_id=school_id),
        evidence=_of(district.evidence, school_id=school_id),
        evaluations=_rated(standing, _named(standing, district.evaluations), school_id=school_id),
        comments=_of(district.comments, school_id=school_id),
    )


@router.get("/partners")
@allow(*READERS)
def show_partners(given: Given, request: Request, page: PageNumber = 1) -> Response:
    """Show the partners, those with the most free slots first."""
    standing = standing_of(given)
    partners, offers = standing.loaded.district.partners, standing.loaded.district.offers
    running = _running(standing)
    given_slots = running.groupby("partner_id")["slots"].sum()
    table = partners[["partner_id", "name", "kind"]].assign(
        offered=partners["partner_id"].map(offers.groupby("partner_id")["slots"].sum()),
        ran=partners["partner_id"].map(given_slots),
        num_schools=partners["partner_id"].map(running.groupby("partner_id")["school_id"].nunique()),
    )
    numbers = ["offered", "ran", "num_schools"]
    table[numbers] = table[numbers].fillna(0).astype(int)
    table["free"] = (table["offered"] - table["ran"]).clip(lower=0)
    table = table.sort_values(["free", "name"], ascending=[False, True])
    shown, before, after = a_page(table, page, PARTNERS_A_PAGE)
    return show(given, "partners.html", partners=shown, before=before, after=after)


@router.get("/partners/{partner_id:path}")
@allow(*READERS, Role.PARTNER)
def show_partner(given: Given, request: Request, partner_id: str) -> Response:
    """Show what a partner gives, to whom, how that went, and what else it could help with; to a partner, its own."""
    partner = _row(given, "partners", partner_id)
    standing = standing_of(given)
    running = _running(standing)
    offers = standing.loaded.district.offers
    offers = offers[offers["partner_id"] == partner_id]
    taken = offers["offer_id"].map(running.groupby("offer_id")["slots"].sum()).fillna(0).astype(int)
    question = Question(partner_id=partner_id, limit=NUM_SUGGESTED)
    answer = request.app.state.recommenders.answer(given.connection, given.district_id, question)
    evaluations = standing.loaded.district.evaluations
    return show(
        given,
        "partner.html",
        partner=partner,
        offers=offers.assign(ran=taken, free=(offers["slots"] - taken).clip(lower=0)).to_dict("records"),
        matches=_of(running, partner_id=partner_id),
        evaluations=_rated(standing, _named(standing, evaluations), partner_id=partner_id),
        answer=json.loads(answer),
    )


def _row(given: Context, table: str, key: str) -> rows.Row:
    """Return a school or a partner, with the contacts that whoever asks may see."""
    where = within_reach(given.place, table)
    contacts = sees_contacts(given.place, table)
    return rows.get(given.connection, given.district_id, table, key, where=where, contacts=contacts)


def _own_schools(given: Context, schools: pd.DataFrame) -> pd.DataFrame:
    return schools[schools["school_id"].isin(given.place.of)] if given.role is Role.LEADER else schools


def _running(standing: Standing) -> pd.DataFrame:
    """Return the partnerships that run, with their school, partner, kind and statement."""
    district = standing.loaded.district
    running = district.partnerships[district.partnerships["status"].isin(RUNNING)]
    needs = district.needs[["need_id", "school_id", "statement", "kind"]]
    found = running.merge(needs, on="need_id").merge(
        district.offers[["offer_id", "partner_id", "focus"]], on="offer_id"
    )
    return _named(standing, found)


def _named(standing: Standing, table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the names of their school and their partner."""
    district = standing.loaded.district
    return table.assign(
        school=table["school_id"].map(district.schools.set_index("school_id")["name"]).fillna(""),
        partner=table["partner_id"].map(district.partners.set_index("partner_id")["name"]).fillna(""),
    )


def _of(table: pd.DataFrame, **ids: str) -> Records:
    for column, wanted in ids.items():
        table = table[table[column] == wanted]
    return table.to_dict("records")


def _rated(standing: Standing, evaluations: pd.DataFrame, **ids: str) -> Records:
    """Return the ratings of a school or a partner; those by fewer people than the policy says are shown to nobody."""
    least = policy_from_toml(standing.policy).fit.published_from
    known = evaluations[evaluations["rating"].notna() & (evaluations["respondents"].fillna(0) >= least)]
    return _of(known, **ids)
