"""How partnerships went, term by term: ratings, and outcomes before and after."""

from typing import Final

import pandas as pd

from matching.priority import term_order

TERM_COLUMNS: Final = ("term", "rating", "respondents", "ratings")


def ratings_by_term(evaluations: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return a row a term, in their order: the mean rating by respondent, how many there were, how many ratings.

    Parameters
    ----------
    least
        Ratings by fewer people are left out: they are shown to nobody.
    """
    rows = published(evaluations, least)
    weight = rows["respondents"].astype("float64")
    groups = pd.DataFrame(
        {
            "term": rows["term"],
            "sum": rows["rating"].astype("float64") * weight,
            "respondents": weight,
            "ratings": 1,
        }
    ).groupby("term", as_index=False)
    found = groups.sum().astype({"respondents": "int64", "ratings": "int64"})
    found["rating"] = found["sum"] / found["respondents"]
    return in_order(found[list(TERM_COLUMNS)])


def published(evaluations: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return the rows whose rating rests on enough people to be shown."""
    return evaluations[evaluations["rating"].notna() & (evaluations["respondents"].fillna(0) >= least)]


def outcomes(evaluations: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return the rows with an outcome before and after of at least so many students, by term, with their ``change``."""
    is_known = evaluations["outcome_before"].notna() & evaluations["outcome_after"].notna()
    rows = evaluations[is_known & (evaluations["students"].fillna(0) >= least)]
    return in_order(rows.assign(change=rows["outcome_after"] - rows["outcome_before"]))


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows by their terms, those without a year first."""
    order = [(term_order(term), term) for term in rows["term"]]
    return rows.iloc[sorted(range(len(rows)), key=lambda row: order[row])].reset_index(drop=True)
