"""How partnerships went: ratings and outcomes drawn to the district's mean as far as few respondents say little."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.district import District
from matching.facts import positions
from matching.policy import Fit
from matching.priority import term_order

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

MIDDLE_RATING = 3.0
FEWEST_TO_ESTIMATE = 10
"""With fewer rated partners, or fewer repeated ratings, how far ratings vary cannot be told."""
OUTCOME_SHARE = 1 / 3
"""What outcomes count in the quality beside ratings: a measured change says more, but rests on other help too."""

NO_YEAR = 0
SCHOOL_YEAR = 0.5
"""A term that ends by the middle of a year belongs to the school year that ends then, a later one to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """Group means drawn to the mean of all, arrays of shape ``(num_groups,)``.

    ``mean`` is the plain mean weighted by respondents (NaN without any), ``drawn`` the estimate, ``respondents`` how
    many people it rests on; ``center`` is the mean of all, ``prior`` the respondents that it counts for.
    """

    mean: Floats
    drawn: Floats
    respondents: Floats
    center: float
    prior: float


def shrink(group: Index, value: Floats, respondents: Floats, num_groups: int, least_prior: float) -> Shrunk:
    """Return each group's mean, drawn to the mean of all by empirical Bayes.

    A row is the mean answer of ``n`` respondents. With answers that vary by sigma within a group and by tau between
    groups, the best estimate of a group with ``N`` respondents is ``(sum of n * value + k * mean) / (N + k)`` with
    ``k = sigma^2 / tau^2``; both variances are estimated from the rows by moments. ``k`` is never below
    ``least_prior``: raters who agree too well would otherwise let two of them outweigh forty.

    References
    ----------
    B. Efron and C. Morris, "Stein's Paradox in Statistics", Scientific American 236 (1977). C. Morris, "Parametric
    Empirical Bayes Inference", Journal of the American Statistical Association 78 (1983). For the variances by
    moments with unequal rows: R. DerSimonian and N. Laird, Controlled Clinical Trials 7 (1986).
    """
    total: Floats = np.bincount(group, weights=respondents, minlength=num_groups).astype(np.float64)
    weighted = np.bincount(group, weights=respondents * value, minlength=num_groups)
    mean = np.divide(weighted, total, out=np.full(num_groups, np.nan), where=total > 0)
    center = float(weighted.sum() / total.sum()) if total.sum() else np.nan
    prior = _prior(group, value, respondents, mean, center, least_prior)
    strength = total + prior
    drawn = np.divide(
        weighted + prior * center, strength, out=np.full(num_groups, center), where=strength > 0
    )
    return Shrunk(mean, drawn, total, center, prior)


def _prior(
    group: Index, value: Floats, respondents: Floats, mean: Floats, center: float, least: float
) -> float:
    """Return sigma^2 / tau^2, in respondents, where the rows tell them apart; at least ``least``."""
    rows = np.bincount(group, minlength=len(mean))
    rated, repeats = int((rows > 0).sum()), int(np.maximum(rows - 1, 0).sum())
    if least == 0 or rated < FEWEST_TO_ESTIMATE or repeats < FEWEST_TO_ESTIMATE:
        return least
    within = float((respondents * (value - mean[group]) ** 2).sum()) / repeats
    between = float((respondents * (mean[group] - center) ** 2).sum())
    total, squares = float(respondents.sum()), float((np.bincount(group, weights=respondents) ** 2).sum())
    variance = (between - (rated - 1) * within) / (total - squares / total)
    if within <= 0 or variance <= 0:
        return least
    return max(float(within / variance), least)


def partner_ratings(district: District, settings: Fit) -> Shrunk:
    """Return each partner's rating, 1 to 5, in the order of the partners table."""
    rows = district.evaluations[district.evaluations["rating"].notna()]
    partner = positions(rows["partner_id"], district.partners["partner_id"])
    ratings = rows["rating"].to_numpy(np.float64)
    return shrink(partner, ratings, _respondents(rows), len(district.partners), settings.rating_prior)


def partner_quality(district: District, settings: Fit) -> Floats:
    """Return each partner's quality, 0 to 1: the drawn rating, and the drawn change of outcomes where any is known.

    A change counts in standard deviations of all changes in the district: 0.5 is the mean, two of them up is 1.
    """
    ratings = partner_ratings(district, settings)
    rating = np.nan_to_num((ratings.drawn - 1) / 4, nan=(MIDDLE_RATING - 1) / 4)
    rows = district.evaluations
    rows = rows[rows["outcome_before"].notna() & rows["outcome_after"].notna()]
    change = (rows["outcome_after"] - rows["outcome_before"]).to_numpy(np.float64)
    if len(change) < FEWEST_TO_ESTIMATE or change.std() == 0:
        return rating
    partner = positions(rows["partner_id"], district.partners["partner_id"])
    drawn = shrink(partner, change, _respondents(rows), len(rating), settings.rating_prior)
    outcome = np.clip(0.5 + (drawn.drawn - drawn.center) / change.std() / 4, 0.0, 1.0)
    quality: Floats = (1 - OUTCOME_SHARE) * rating + OUTCOME_SHARE * outcome
    return quality


def partner_return(district: District, settings: Fit) -> Shrunk:
    """Return how often each partner comes back, 0 to 1: the share of schools it goes on with a year later.

    A partner was at a school in the years in which it was evaluated there; where a partnership runs, it is there
    now. A year of which the next is not known says nothing.
    """
    rows = district.evaluations[district.evaluations["school_id"] != ""]
    years = school_years(rows["term"])
    seen = pd.DataFrame({"partner_id": rows["partner_id"], "school_id": rows["school_id"], "year": years})
    seen = seen[seen["year"] > NO_YEAR].drop_duplicates()
    runs = district.partnerships[district.partnerships["status"].isin(["active", "paused"])]
    now = pd.DataFrame(
        {
            "partner_id": runs["offer_id"].map(district.offers.set_index("offer_id")["partner_id"]),
            "school_id": runs["need_id"].map(district.needs.set_index("need_id")["school_id"]),
        }
    ).drop_duplicates()
    last = int(seen["year"].max()) if len(seen) else 0
    earlier = seen[seen["year"] < last] if now.empty else seen[seen["year"] <= last]
    later = pd.concat([seen.assign(year=seen["year"] - 1), now.assign(year=last)]).drop_duplicates()
    found = earlier.merge(later, on=["partner_id", "school_id", "year"], how="left", indicator=True)
    came_back = np.asarray(found["_merge"] == "both", dtype=np.float64)
    partner = positions(found["partner_id"], district.partners["partner_id"])
    return shrink(
        partner, came_back, np.ones(len(found)), len(district.partners), max(settings.rating_prior, 1.0)
    )


def match_ratings(district: District, settings: Fit, matches: pd.DataFrame) -> pd.DataFrame:
    """Return how the school rates each match (need_id, offer_id): rating (1 to 5, drawn; NaN if none), respondents.

    What counts are the school's ratings of the partner for this need and those for all the partner does there, drawn
    to all ratings of the district that name a school; of these the two latest school years alone.
    """
    rows = district.evaluations
    rows = rows[rows["rating"].notna() & (rows["school_id"] != "")]
    years = school_years(rows["term"])
    rows = rows[(years >= years.max(initial=0) - 1) | (years == NO_YEAR)]
    judged = pd.DataFrame(
        {
            "school_id": rows["school_id"],
            "partner_id": rows["partner_id"],
            "judged_need": rows["need_id"],
            "rating": rows["rating"].astype(np.float64),
            "respondents": _respondents(rows),
        }
    )
    groups = judged.groupby(["partner_id", "school_id", "judged_need"])
    number, ratings, people = groups.ngroup(), judged["rating"].to_numpy(), judged["respondents"].to_numpy()
    whole = shrink(np.asarray(number, dtype=np.int64), ratings, people, groups.ngroups, settings.rating_prior)
    school = district.needs.set_index("need_id")["school_id"].reindex(matches["need_id"]).to_numpy()
    partner = district.offers.set_index("offer_id")["partner_id"].reindex(matches["offer_id"]).to_numpy()
    keys = pd.DataFrame({"row": np.arange(len(matches)), "need_id": matches["need_id"].to_numpy()}).assign(
        school_id=school, partner_id=partner
    )
    found = keys.merge(judged, on=["school_id", "partner_id"])
    found = found[(found["judged_need"] == "") | (found["judged_need"] == found["need_id"])]
    weighted = (found["rating"] * found["respondents"]).groupby(found["row"]).sum()
    total = found["respondents"].groupby(found["row"]).sum()
    drawn = (weighted + whole.prior * whole.center) / (total + whole.prior)
    every = pd.RangeIndex(len(matches))
    return pd.DataFrame(
        {"rating": drawn.reindex(every), "respondents": total.reindex(every).fillna(0)}, index=every
    )


def school_years(terms: pd.Series) -> Index:
    """Return the year in which the school year of each term ends, `NO_YEAR` where the term does not tell."""
    rows, distinct = pd.factorize(terms.to_numpy(dtype=object))
    ends = np.array([np.ceil(term_order(term) - SCHOOL_YEAR) for term in distinct], dtype=np.float64)
    return np.maximum(ends, NO_YEAR).astype(np.int64)[rows]


def _respondents(rows: pd.DataFrame) -> Floats:
    """Return how many people stand behind each row; blank counts as one, nobody as none."""
    people: Floats = rows["respondents"].fillna(1).to_numpy(dtype=np.float64)
    return people
