"""The landscape as tables to take along: a sheet a subject, a row a heading."""

from collections.abc import Collection, Mapping
from dataclasses import asdict

import pandas as pd

from matching.areas import focus_areas
from matching.landscape.connections import overlaps, spread_thin
from matching.landscape.equity import schools_helped
from matching.landscape.supply import BANDS, Ground, balances
from matching.landscape.town import NOWHERE
from matching.vocabulary import KINDS

_Words = Mapping[str | int, str]
_SLOTS = ["needed", "filled", "open", "offered", "free"]


def landscape_tables(ground: Ground, schools: Collection[str] | None = None) -> dict[str, pd.DataFrame]:
    """Return the tables by the names of their sheets.

    Parameters
    ----------
    schools
        Rows of these schools alone, and none of partners; by default of all.
    """
    areas: _Words = _area_names()
    towns: _Words = {number: f"Around {name}" for number, name in enumerate(ground.town.names)}
    towns = {**towns, NOWHERE: "Place not known"}
    kinds: _Words = {kind: kind for kind in KINDS}
    bands: _Words = {band: band for band in BANDS}
    tables = {
        "kinds": _sheet(ground, {"kind": kinds}),
        "grades": _sheet(ground, {"band": bands}),
        "focus areas": _sheet(ground, {"area": areas}),
        "areas and kinds": _sheet(ground, {"area": areas, "kind": kinds}),
        "parts of town": _sheet(ground, {"town": towns, "kind": kinds}),
        "schools": _schools(ground, schools),
        "overlaps": _overlaps(ground, schools),
    }
    if schools is None:
        columns = ["partner_id", "name", "num_schools", "slots"]
        tables["spread thin"] = pd.DataFrame([asdict(one) for one in spread_thin(ground)], columns=columns)
    return tables


def _sheet(ground: Ground, headings: Mapping[str, _Words]) -> pd.DataFrame:
    """Return a row a heading that has anything, in the order of the words of each."""
    found = balances(ground.cells, *headings)
    order = [list(words) for words in headings.values()]
    keys = sorted(found, key=lambda key: [places.index(one) for places, one in zip(order, key, strict=True)])
    rows = [
        [words[one] for words, one in zip(headings.values(), key, strict=True)]
        + [getattr(found[key], name) for name in _SLOTS]
        for key in keys
    ]
    return pd.DataFrame(rows, columns=[*headings, *_SLOTS])


def _schools(ground: Ground, schools: Collection[str] | None) -> pd.DataFrame:
    rows = [
        asdict(one)
        | {"open": one.open, "share": one.share if one.needed else None, "per_hundred": one.per_hundred}
        for one in schools_helped(ground)
        if schools is None or one.school_id in schools
    ]
    names = [
        "school_id",
        "name",
        "grades",
        "title_i",
        "enrollment",
        "num_partners",
        "needed",
        "filled",
        "open",
    ]
    table = pd.DataFrame(rows, columns=[*names, "share", "per_hundred"])
    return table.astype({"enrollment": "Int64", "title_i": bool, "share": float, "per_hundred": float})


def _overlaps(ground: Ground, schools: Collection[str] | None) -> pd.DataFrame:
    areas = _area_names()
    rows = [
        (one.school_id, one.school, one.kind, areas[one.area], party.partner_id, party.name, party.slots)
        for one in overlaps(ground)
        if schools is None or one.school_id in schools
        for party in one.parties
    ]
    return pd.DataFrame(
        rows, columns=["school_id", "school", "kind", "area", "partner_id", "partner", "slots"]
    )


def _area_names() -> _Words:
    names: _Words = {area.key: area.title for area in focus_areas()}
    return {**names, "": "No clear area"}
