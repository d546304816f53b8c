"""The fit of a pair: how good the match would be, made of parts that a coordinator can read."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from matching import policy
from matching.district import District
from matching.evaluation import partner_quality, partner_ratings, partner_return
from matching.facts import Facts
from matching.kept import Columns, Kept
from matching.rules import distance_km
from matching.schemas import EVALUATIONS
from matching.texts import PairTexts
from matching.values import ALL_GRADES

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

MILLION = 1_000_000
UNKNOWN = 0.5
"""What a part is worth where the tables are blank: blank cells are the normal case, not a fault."""


@dataclass(frozen=True, slots=True, eq=False)
class FitParts:
    """The parts of the fit of each pair, each 0 to 1, shape ``(num_pairs,)``; their names are the weights'."""

    similarity: Floats
    grades: Floats
    distance: Floats
    schedule: Floats
    languages: Floats
    priorities: Floats
    quality: Floats
    commitment: Floats

    def total(self, weights: policy.Weights) -> Index:
        """Return the weighted mean in whole millionths: the only place where scores become integers."""
        by_name = weights.as_dict()
        weighted = sum(by_name[part.name] * getattr(self, part.name) for part in fields(self))
        return np.rint(np.asarray(weighted) / sum(by_name.values()) * MILLION).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Partnership:
    """What is known of each offer's partner beyond its texts, shape ``(num_offers,)``.

    ``rating`` is the mean of all ratings, each counting its respondents, NaN without any; ``schools`` counts the
    schools that gave them, ``is_published`` says whether enough people answered to show it; ``quality`` and
    ``commitment`` are parts of the fit.
    """

    rating: Floats
    schools: Index
    is_published: NDArray[np.bool_]
    quality: Floats
    years: Floats
    commitment: Floats


_PARTNERS: Columns = {
    "partners": ("partner_id", "years_committed"),
    "evaluations": tuple(EVALUATIONS.columns_by_name),
    "partnerships": ("need_id", "offer_id", "status"),
    "needs": ("need_id", "school_id"),
    "offers": ("offer_id", "partner_id"),
}


def partnership_of(
    district: District, facts: Facts, settings: policy.Fit, kept: Kept | None = None
) -> Partnership:
    """Return each partner's evaluated quality and commitment, by offer.

    Commitment is the mean of the years that the partner has promised, as a share of the policy's
    ``full_commitment_years``, and of how often it came back so far, where the district knows.
    """
    by_partner = (kept or Kept(district)).of(_by_partner, _PARTNERS, settings)
    of_offers = {
        part.name: getattr(by_partner, part.name)[facts.offers.partner] for part in fields(Partnership)
    }
    return Partnership(**of_offers)


def _by_partner(district: District, settings: policy.Fit) -> Partnership:
    """Return the same by partner."""
    ratings = partner_ratings(district, settings)
    rated = district.evaluations[
        district.evaluations["rating"].notna() & (district.evaluations["school_id"] != "")
    ]
    schools = rated.groupby("partner_id")["school_id"].nunique()
    years = district.partners["years_committed"].fillna(1).to_numpy(dtype=np.float64)
    commitment = np.minimum(years / settings.full_commitment_years, 1.0)
    returning = partner_return(district, settings)
    if returning.respondents.any():
        commitment = (commitment + returning.drawn) / 2
    return Partnership(
        rating=ratings.mean,
        schools=np.asarray(district.partners["partner_id"].map(schools).fillna(0), dtype=np.int64),
        is_published=ratings.respondents >= settings.published_from,
        quality=partner_quality(district, settings),
        years=years,
        commitment=commitment,
    )


def fit_parts(
    facts: Facts, partnership: Partnership, texts: PairTexts, need: Index, offer: Index, settings: policy.Fit
) -> FitParts:
    """Return the parts of the fit of each pair; `texts` and the indices have shape ``(num_pairs,)``."""
    return FitParts(
        similarity=texts.similarity.astype(np.float64),
        grades=_grades_part(facts, need, offer),
        distance=_distance_part(facts, need, offer, settings.half_distance_km),
        schedule=_schedule_part(facts, need, offer),
        languages=_languages_part(facts, need, offer),
        priorities=_priorities_part(texts.priorities),
        quality=partnership.quality[offer],
        commitment=partnership.commitment[offer],
    )


def _grades_part(facts: Facts, need: Index, offer: Index) -> Floats:
    """Return the share of the need's grades that the offer serves; a need of no school may be of any grade."""
    shared = np.bitwise_count(facts.needs.grades[need] & facts.offers.grades[offer])
    part = shared / np.maximum(np.bitwise_count(facts.needs.grades[need]), 1)
    return np.where(facts.needs.grades[need] == ALL_GRADES, UNKNOWN, part)


def _distance_part(facts: Facts, need: Index, offer: Index, half_km: float) -> Floats:
    """Return 1 at the school's door, one half at `half_km`, falling on; unknown places count half."""
    part = half_km / (half_km + distance_km(facts, need, offer))
    return np.where(np.isnan(part), UNKNOWN, part)


def _schedule_part(facts: Facts, need: Index, offer: Index) -> Floats:
    """Return the share of the need's weekly minutes that the offer covers."""
    known = facts.shared_minutes.are_known(need, offer)
    part = np.full(len(need), UNKNOWN)
    stated = facts.shared_minutes.need_minutes[need[known]]
    part[known] = facts.shared_minutes.of_pairs(need[known], offer[known]) / np.maximum(stated, 1)
    return part


def _priorities_part(similarity: NDArray[np.float32]) -> Floats:
    """Return how near the need is to what the partner wants to be there for."""
    part = similarity.astype(np.float64)
    return np.where(np.isnan(part), UNKNOWN, part)


def _languages_part(facts: Facts, need: Index, offer: Index) -> Floats:
    """Return the share of the asked languages, else of the school's, that the offer speaks."""
    num_wanted = facts.needs.num_wanted_languages[need]
    shared = np.bitwise_count(facts.needs.wanted_languages[need] & facts.offers.languages[offer])
    shared = shared.sum(axis=1, dtype=np.int64)
    return np.where(num_wanted > 0, shared / np.maximum(num_wanted, 1), UNKNOWN)
