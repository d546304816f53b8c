"""Who helps where: partnerships and evaluations with names, those that run and those that are over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, select

from matching.history import in_order, outcomes, published, ratings_by_term
from matching.policy import policy_from_toml
from matching.standing import RUNNING
from service.api.access import Context
from service.overviews import Standing
from service.pages.frame import Records, standing_of
from service.people.principal import Role
from service.storage.tables import publications

#: Publications that are looked through for what they changed at a school or a partner.
MOST_PUBLICATIONS: Final = 40
#: The picture of ratings: its size, and where 1 and 5 stand in it.
WIDTH, HEIGHT, LOW, HIGH = 480, 150, 122, 18


@dataclass(frozen=True, slots=True)
class Dot:
    """A term in the picture of ratings: where its mean stands, and what it says."""

    x: float
    y: float
    term: str
    rating: float
    respondents: int


def partnerships_of(standing: Standing) -> pd.DataFrame:
    """Return all partnerships with their school, partner, kind, statement, goal and focus."""
    district = standing.loaded.district
    needs = district.needs[["need_id", "school_id", "statement", "kind", "goal"]]
    offers = district.offers[["offer_id", "partner_id", "focus"]]
    return with_names(standing, district.partnerships.merge(needs, on="need_id").merge(offers, on="offer_id"))


def partnerships_seen(given: Context) -> pd.DataFrame:
    """Return those that whoever asks may read."""
    return seen_by(given, partnerships_of(standing_of(given)))


def runs(partnerships: pd.DataFrame) -> pd.DataFrame:
    """Return those that run, paused ones too."""
    return partnerships[partnerships["status"].isin(RUNNING)]


def is_over(partnerships: pd.DataFrame) -> pd.DataFrame:
    """Return those that ended, were declined, or are proposed, the latest first."""
    rest = partnerships[~partnerships["status"].isin(RUNNING)]
    return rest.sort_values("since", ascending=False, na_position="last", kind="stable")


def with_names(standing: Standing, table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the names of their school and their partner."""
    district = standing.loaded.district
    return table.assign(
        school=table["school_id"].map(district.schools.set_index("school_id")["name"]).fillna(""),
        partner=table["partner_id"].map(district.partners.set_index("partner_id")["name"]).fillna(""),
    )


def rows_of(table: pd.DataFrame, **ids: str) -> Records:
    """Return the rows with these ids."""
    for column, wanted in ids.items():
        table = table[table[column] == wanted]
    return table.to_dict("records")


def seen_by(given: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows about schools of which whoever asks may read: a leader of their own alone."""
    return rows[rows["school_id"].isin(given.place.of)] if given.role is Role.LEADER else rows


def how_it_went(given: Context, **ids: str) -> dict[str, Any]:  # Any: what a template shows
    """Return the ratings and the outcomes of a school or a partner that rest on enough people to be shown."""
    standing = standing_of(given)
    least = policy_from_toml(standing.policy).fit.published_from
    rows = seen_by(given, standing.loaded.district.evaluations)
    for column, wanted in ids.items():
        rows = rows[rows[column] == wanted]
    rows = with_names(standing, rows)
    shown, dots = published(rows, least), _dots(ratings_by_term(rows, least))
    x_of = {dot.term: dot.x for dot in dots}
    return {
        "evaluations": in_order(shown)[::-1].to_dict("records"),
        "outcomes": outcomes(rows, least)[::-1].to_dict("records"),
        "dots": dots,
        "points": [(x_of[row["term"]], _height(row["rating"])) for row in shown.to_dict("records")],
        "num_hidden": len(rows[rows["rating"].notna()]) - len(shown),
        "least": least,
    }


def changed_by_publications(
    connection: Connection, district_id: int, column: str, ids: frozenset[str]
) -> list[dict[str, Any]]:  # Any: likewise
    """Return the publications that stand and changed partnerships of these needs or offers, the latest first.

    Parameters
    ----------
    column
        ``need_id`` or ``offer_id``.
    """
    asked = select(publications.c.number, publications.c.published_at, publications.c.changes).where(
        publications.c.district_id == district_id, publications.c.undone_at.is_(None)
    )
    rows = connection.execute(asked.order_by(publications.c.number.desc()).limit(MOST_PUBLICATIONS))
    found = [(row.number, row.published_at, _counted(row.changes["rows"], column, ids)) for row in rows]
    return [{"number": number, "at": at, "counts": counts} for number, at, counts in found if counts]


def _counted(
    changes: list[Mapping[str, Any]], column: str, ids: frozenset[str]
) -> dict[str, int]:  # Any: JSON
    counts: dict[str, int] = {}
    for change in changes:
        if change[column] in ids:
            counts[change["done"]] = counts.get(change["done"], 0) + 1
    return counts


def _dots(terms: pd.DataFrame) -> list[Dot]:
    """Return where the terms stand in the picture, from left to right."""
    step = (WIDTH - 120) / max(len(terms) - 1, 1)
    start = 60 if len(terms) > 1 else WIDTH / 2
    return [
        Dot(
            round(start + place * step, 1),
            _height(rating),
            str(term),
            float(rating),
            int(people),
        )
        for place, (term, rating, people, _) in enumerate(terms.itertuples(index=False, name=None))
    ]


def _height(rating: float) -> float:
    """Return where a rating, 1 to 5, stands in the picture."""
    return round(LOW - (float(rating) - 1) / 4 * (LOW - HIGH), 1)
