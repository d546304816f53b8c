"""What rules and fit look at, as arrays: one entry a need, an offer, a school or a partner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.district import District
from matching.kept import Columns, Kept
from matching.policy import Rules
from matching.schedules import SharedMinutes
from matching.values import grade_bits, split_list
from matching.vocabulary import KINDS, MENTORING

Index = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NO_LIMIT = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, eq=False)
class NeedFacts:
    """Arrays of shape ``(num_needs,)``; languages are ``(num_needs, num_bytes)``.

    ``wanted_languages`` are those that a need asks for, or else its school's. ``place`` is the point on the unit
    sphere, shape ``(num_needs, 3)``, NaN where it is not known.
    """

    school: Index
    kind: Index
    slots: Index
    grades: NDArray[np.uint32]
    place: Floats
    languages: NDArray[np.uint8]
    asks_languages: Bools
    wanted_languages: NDArray[np.uint8]
    num_wanted_languages: Index
    budget: Floats
    min_slots: Index
    max_partners: Index


@dataclass(frozen=True, slots=True, eq=False)
class OfferFacts:
    """Arrays of shape ``(num_offers,)``; ``kinds`` has one bit a kind, ``trained`` counts cleared slots.

    ``place`` is the partner's point on the unit sphere, shape ``(num_offers, 3)``, NaN where it is not known.
    """

    partner: Index
    kinds: NDArray[np.uint8]
    slots: Index
    trained: Index
    grades: NDArray[np.uint32]
    place: Floats
    radius: Floats
    languages: NDArray[np.uint8]
    cost: Floats
    min_slots: Index
    is_cleared: Bools
    is_agreed: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """All arrays of a district on one date, and the pairs that it excludes or locks.

    ``excluded`` and ``declined`` are sorted keys: school x partner and need x offer, see `pair_key`.
    """

    needs: NeedFacts
    offers: OfferFacts
    shared_minutes: SharedMinutes
    num_schools: int
    num_partners: int
    excluded: Index
    declined: Index
    school_max_partners: Index
    partner_max_schools: Index

    @property
    def num_needs(self) -> int:
        """The number of needs."""
        return len(self.needs.slots)

    @property
    def num_offers(self) -> int:
        """The number of offers."""
        return len(self.offers.slots)


def facts_of(district: District, rules: Rules, on: date, kept: Kept | None = None) -> Facts:
    """Return the arrays of `district` as they stand on the date `on`.

    Parameters
    ----------
    kept
        What is kept of an earlier version of the district.
    """
    kept = kept or Kept(district)
    codes = kept.of(_language_codes, _LANGUAGES)
    return Facts(
        needs=kept.of(_need_facts, _NEEDS, codes),
        offers=kept.of(_offer_facts, _OFFERS, codes, rules, on),
        shared_minutes=kept.of(_shared_minutes, {"needs": ("schedule",), "offers": ("schedule",)}),
        num_schools=len(district.schools),
        num_partners=len(district.partners),
        excluded=kept.of(
            _excluded_keys, {"partners": ("partner_id", "not_schools"), "schools": ("school_id",)}
        ),
        declined=kept.of(_declined_keys, _DECLINED, rules, on),
        school_max_partners=_counts(district.schools["max_partners"], NO_LIMIT),
        partner_max_schools=_counts(district.partners["max_schools"], NO_LIMIT),
    )


_LANGUAGES: Columns = {
    "schools": ("languages",),
    "needs": ("languages",),
    "partners": ("partner_id", "languages"),
    "offers": ("partner_id", "languages"),
}
_NEEDS: Columns = {
    "schools": ("school_id", "grades", "languages", "latitude", "longitude"),
    "needs": ("school_id", "kind", "slots", "grades", "languages", "budget", "min_slots", "max_partners"),
}
_OFFERS: Columns = {
    "partners": ("partner_id", "languages", "latitude", "longitude", "radius_km", "agreement_expires"),
    "offers": (
        "partner_id",
        "kinds",
        "slots",
        "trained_slots",
        "cleared_until",
        "grades",
        "languages",
        "cost_to_school",
        "min_slots",
    ),
}
_DECLINED: Columns = {
    "partnerships": ("need_id", "offer_id", "status", "since"),
    "needs": ("need_id",),
    "offers": ("offer_id",),
}


def pair_key(left: Index, right: Index, num_right: int) -> Index:
    """Return one number a pair, unique for ``right < num_right``."""
    key: Index = left * max(num_right, 1) + right
    return key


def contains(keys: Index, wanted: Index) -> Bools:
    """Whether each wanted key is among sorted keys."""
    if len(keys) == 0:
        return np.zeros(wanted.shape, dtype=bool)
    found: Bools = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found


def positions(ids: pd.Series, table_ids: pd.Series) -> Index:
    """Return the row of each id in `table_ids`, -1 where it is not there."""
    rows: Index = pd.Index(table_ids).get_indexer(pd.Index(ids)).astype(np.int64)
    return rows


def offered_languages(district: District) -> list[str]:
    """Return the languages of each offer: its own, else its partner's, else English."""
    partner = positions(district.offers["partner_id"], district.partners["partner_id"])
    of_partner = district.partners["languages"].to_numpy(object)[partner].tolist()
    own = district.offers["languages"].tolist()
    return [mine or theirs or "English" for mine, theirs in zip(own, of_partner, strict=True)]


def school_year_start(on: date, first_month: int) -> date:
    """Return the first day of the school year that `on` lies in."""
    return date(on.year if on.month >= first_month else on.year - 1, first_month, 1)


def _need_facts(district: District, codes: dict[str, int]) -> NeedFacts:
    needs, schools = district.needs, district.schools
    school = positions(needs["school_id"], schools["school_id"])
    grades = needs["grades"].where(needs["grades"] != "", schools["grades"].to_numpy(object)[school])
    languages = _language_bits(needs["languages"].tolist(), codes)
    asks: Bools = np.any(languages, axis=1)
    wanted = np.where(
        asks[:, np.newaxis], languages, _language_bits(schools["languages"].tolist(), codes)[school]
    )
    return NeedFacts(
        school=school,
        kind=np.array([KINDS.index(kind) for kind in needs["kind"].tolist()], dtype=np.int64),
        slots=_counts(needs["slots"], 0),
        grades=grade_bits(grades.tolist()),
        place=_places(schools)[school],
        languages=languages,
        asks_languages=asks,
        wanted_languages=wanted,
        num_wanted_languages=np.bitwise_count(wanted).sum(axis=1, dtype=np.int64),
        budget=_floats(needs["budget"], np.inf),
        min_slots=_counts(needs["min_slots"], 1),
        max_partners=_counts(needs["max_partners"], NO_LIMIT),
    )


def _offer_facts(district: District, codes: dict[str, int], rules: Rules, on: date) -> OfferFacts:
    offers, partners, today = district.offers, district.partners, pd.Timestamp(on)
    partner = positions(offers["partner_id"], partners["partner_id"])
    slots = _counts(offers["slots"], 0)
    if rules.require_clearance:
        trained = _counts(offers["trained_slots"], 0)
        is_cleared = offers["cleared_until"].notna() & (offers["cleared_until"] >= today)
    else:
        trained = np.where(offers["trained_slots"].isna(), slots, _counts(offers["trained_slots"], 0))
        is_cleared = offers["cleared_until"].isna() | (offers["cleared_until"] >= today)
    expires = partners["agreement_expires"]
    return OfferFacts(
        partner=partner,
        kinds=_kind_bits(offers["kinds"].tolist()),
        slots=slots,
        trained=np.minimum(trained, slots),
        grades=grade_bits(offers["grades"].tolist()),
        place=_places(partners)[partner],
        radius=_floats(partners["radius_km"], np.inf)[partner],
        languages=_language_bits(offered_languages(district), codes),
        cost=_floats(offers["cost_to_school"], 0.0),
        min_slots=_counts(offers["min_slots"], 1),
        is_cleared=is_cleared.to_numpy(dtype=bool),
        is_agreed=(expires.isna() | (expires >= today)).to_numpy(dtype=bool)[partner],
    )


def _shared_minutes(district: District) -> SharedMinutes:
    return SharedMinutes(district.needs["schedule"].tolist(), district.offers["schedule"].tolist())


def _places(table: pd.DataFrame) -> Floats:
    """Return the points of a table's rows on the unit sphere, shape ``(num_rows, 3)``."""
    north, east = np.radians(_floats(table["latitude"])), np.radians(_floats(table["longitude"]))
    return np.stack((np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)), axis=1)


def _kind_bits(kinds: Iterable[str]) -> NDArray[np.uint8]:
    cells = list(kinds)
    bits = {cell: sum(1 << KINDS.index(kind) for kind in split_list(cell)) for cell in set(cells)}
    return np.array([bits[cell] for cell in cells], dtype=np.uint8)


def _language_codes(district: District) -> dict[str, int]:
    tables = (district.schools, district.needs)
    cells = {"English"}.union(*(table["languages"].tolist() for table in tables), offered_languages(district))
    spoken = {language.casefold() for cell in cells for language in split_list(cell)}
    return {language: code for code, language in enumerate(sorted(spoken))}


def _language_bits(cells: Iterable[str], codes: dict[str, int]) -> NDArray[np.uint8]:
    """Return one bit a language, packed: shape ``(len(cells), ceil(num_languages / 8))``."""
    rows, distinct = pd.factorize(np.array(list(cells), dtype=object))
    table = np.zeros((len(distinct), len(codes)), dtype=bool)
    for row, cell in enumerate(distinct):
        table[row, [codes[language.casefold()] for language in split_list(cell)]] = True
    return np.packbits(table, axis=1)[rows]


def _excluded_keys(district: District) -> Index:
    partners = district.partners.loc[district.partners["not_schools"] != "", "not_schools"]
    schools = partners.map(split_list).explode().astype(str)
    school = positions(schools, district.schools["school_id"])
    return np.unique(pair_key(school, schools.index.to_numpy(np.int64), len(district.partners)))


def _declined_keys(district: District, rules: Rules, on: date) -> Index:
    rows = district.partnerships
    start = pd.Timestamp(school_year_start(on, rules.school_year_starts))
    rows = rows[(rows["status"] == "declined") & (rows["since"].isna() | (rows["since"] >= start))]
    need = positions(rows["need_id"], district.needs["need_id"])
    offer = positions(rows["offer_id"], district.offers["offer_id"])
    return np.unique(pair_key(need, offer, len(district.offers)))


def _counts(column: pd.Series, blank: int) -> Index:
    return column.fillna(blank).to_numpy(dtype=np.int64)


def _floats(column: pd.Series, blank: float = np.nan) -> Floats:
    return column.fillna(blank).to_numpy(dtype=np.float64)


def uses_trained(needs: NeedFacts) -> Bools:
    """Whether a need takes trained and cleared slots, shape ``(num_needs,)``."""
    is_mentoring: Bools = needs.kind == MENTORING
    return is_mentoring
