"""Generated districts of any size, with texts, places, schedules and a history that hang together.

What a school asks for and what a partner gives are written from one grammar of topics (``topics.toml``), in different
words on each side. A need and an offer of the same topic are relevant to each other: ``with_topics`` tells which.
"""

from datetime import date

import numpy as np
import pandas as pd

from matching.generate.evidence import make_evidence
from matching.generate.grammar import load_grammar
from matching.generate.history import (
    known_pairs,
    make_comments,
    make_convenings,
    make_evaluations,
    make_partnerships,
)
from matching.generate.needs import make_needs
from matching.generate.places import make_neighborhoods
from matching.generate.schools import make_schools
from matching.generate.supply import make_supply
from matching.schemas import TABLES

__all__ = ["generate_district"]

MIN_SCHOOLS = 3
OFFERS_PER_NEED = 0.95
START_OF_SCHOOL = date(2026, 9, 14)


def generate_district(  # noqa: PLR0913 - each is one plain option of what is generated
    num_schools: int,
    *,
    seed: int,
    needs_per_school: float = 4.5,
    num_needs: int | None = None,
    num_offers: int | None = None,
    on: date = START_OF_SCHOOL,
    with_topics: bool = False,
) -> dict[str, pd.DataFrame]:
    """Return the tables of an invented district, all but decisions, typed as `matching.schemas` documents them.

    The same arguments give the same tables, byte for byte once written. Offers add up to 1 / 1.2 of the slots that
    the needs ask for, for mentoring to 0.6; what is active or paused breaks no rule on the day `on`.

    Parameters
    ----------
    num_schools
        At least 3: one elementary, one middle and one high school.
    seed
        Any whole number from 0.
    needs_per_school
        Mean number of needs a school, where `num_needs` is not given.
    num_needs, num_offers
        Exact numbers of rows, for benchmarks.
    on
        The day that all dates lie around.
    with_topics
        Whether needs and offers get an extra column ``topic``: rows of the same topic are relevant to each other.

    Raises
    ------
    ValueError
        If a number is too small.
    """
    num_needs = round(num_schools * needs_per_school) if num_needs is None else num_needs
    num_offers = round(num_needs * OFFERS_PER_NEED) if num_offers is None else num_offers
    _check_sizes(num_schools, num_needs, num_offers)
    grammar, year = load_grammar(), on.year - (on.month < 7) - 1  # noqa: PLR2004 - a school year begins in July
    rng = [np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(seed).spawn(9)]
    neighborhoods = make_neighborhoods(rng[0], num_schools, grammar)
    schools = make_schools(rng[1], num_schools, neighborhoods, grammar)
    needs = make_needs(rng[2], num_needs, schools, neighborhoods, grammar)
    supply = make_supply(rng[3], num_offers, needs, neighborhoods, grammar, np.datetime64(on))
    tables = {"schools": schools.table, "needs": needs.table}
    tables |= {"partners": supply.partners, "offers": supply.offers}
    facts, pairs = known_pairs(tables, needs, supply, on)
    partnerships, running = make_partnerships(rng[4], facts, pairs, tables, on)
    tables |= {
        "partnerships": partnerships,
        "evidence": make_evidence(rng[5], schools, needs, grammar.topics, year),
        "evaluations": make_evaluations(rng[6], facts, running, pairs, tables, year),
        "comments": make_comments(rng[7], needs, grammar, year),
        "convenings": make_convenings(rng[8], on, neighborhoods.names),
    }
    if with_topics:
        names = np.array([topic.name for topic in grammar.topics])
        tables["needs"] = tables["needs"].assign(topic=names[needs.topic])
        tables["offers"] = tables["offers"].assign(topic=names[supply.topic])
    return {name: tables[name] for name in TABLES if name in tables}


def _check_sizes(num_schools: int, num_needs: int, num_offers: int) -> None:
    for name, number, least in (
        ("num_schools", num_schools, MIN_SCHOOLS),
        ("num_needs", num_needs, 0),
        ("num_offers", num_offers, 0),
    ):
        if number < least:
            raise ValueError(f"Generated district: {name} must be >= {least}, got {number}.")
