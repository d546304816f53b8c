"""Who meets whom at a convening: short talks of schools and partners in rounds, nobody at two tables at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from matching.district import District
from matching.policy import Policy
from matching.standing import RUNNING, running_matches
from matching.vocabulary import KINDS, MENTORING

Index = NDArray[np.int64]
Floats = NDArray[np.float64]
PAUSED: Final = "paused"


@dataclass(frozen=True, slots=True)
class Talk:
    """A school and a partner that help runs between.

    Parameters
    ----------
    kinds
        The kinds of help, mentoring first.
    slots
        Slots that run between them.
    is_new
        Whether some of it began since the last convening.
    question
        What is to be settled: a `matching.standing.Cause` for which a match cannot go on as it is, "paused", or "".
    """

    school_id: str
    partner_id: str
    kinds: tuple[str, ...]
    slots: int
    is_new: bool = False
    question: str = ""

    @property
    def is_mentoring(self) -> bool:
        """Whether mentoring is among the help."""
        return KINDS[MENTORING] in self.kinds

    @property
    def weight(self) -> int:
        """How much it matters that they talk: mentoring before an open question, that before what is new."""
        return 1 + 8 * self.is_mentoring + 4 * bool(self.question) + 2 * self.is_new


@dataclass(frozen=True, slots=True)
class Rounds:
    """Talks in rounds, each round by school; ``left_out`` are those for which there is no time, heaviest first."""

    rounds: tuple[tuple[Talk, ...], ...]
    left_out: tuple[Talk, ...] = ()

    @property
    def num_talks(self) -> int:
        """How many talks take place."""
        return sum(map(len, self.rounds))


def talks_of(district: District, policy: Policy, on: date, since: date | None = None) -> tuple[Talk, ...]:
    """Return a talk for each school and partner that something runs between, by school and partner.

    Parameters
    ----------
    since
        What began on or after this day is new; None: nothing is.
    """
    rows = district.partnerships[district.partnerships["status"].isin(RUNNING)].reset_index(drop=True)
    cause = running_matches(district, policy, on)["cause"].to_numpy(object)
    is_paused = (rows["status"] == PAUSED).to_numpy()
    is_new = (rows["since"] >= pd.Timestamp(since)).to_numpy() if since else np.zeros(len(rows), dtype=bool)
    needs = district.needs.set_index("need_id")[["school_id", "kind"]].loc[rows["need_id"]]
    columns = (
        needs["school_id"],
        district.offers.set_index("offer_id")["partner_id"].loc[rows["offer_id"]],
        needs["kind"].map(KINDS.index),
        rows["slots"],
        pd.Series(is_new),
        pd.Series(np.where((cause == "") & is_paused, PAUSED, cause), dtype=object),
    )
    found: dict[tuple[str, str], Talk] = {}
    for school_id, partner_id, kind, slots, new, question in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        known = found.get((school_id, partner_id), Talk(school_id, partner_id, (), 0))
        found[school_id, partner_id] = Talk(
            school_id,
            partner_id,
            tuple(word for word in KINDS if word in (*known.kinds, KINDS[kind])),
            known.slots + slots,
            known.is_new or new,
            known.question or question,
        )
    return tuple(found[pair] for pair in sorted(found))


def in_rounds(talks: Sequence[Talk], most: int) -> Rounds:
    """Return the talks in the fewest rounds, the weightiest in the first; of more than fit, those that weigh most.

    Schools and partners are the two sides of a graph, talks its edges. As many rounds as its busiest vertex has talks
    suffice: a matching that covers all its busiest vertices exists and leaves a graph with one round less (Koenig).
    Which talks take place, and which of them in a round, is a linear program over the incidence matrix of a bipartite
    graph; that matrix is totally unimodular, so the program is whole and solved as soon as it is relaxed.

    Parameters
    ----------
    most
        Rounds that there is time for, 0 or more.

    References
    ----------
    D. Koenig, "Ueber Graphen und ihre Anwendung auf Determinantentheorie und Mengenlehre", Mathematische Annalen 77
    (1916). A. Schrijver, Combinatorial Optimization (2003), chapters 18 and 20.
    """
    talks = sorted(talks, key=lambda talk: (talk.school_id, talk.partner_id))
    tables = _incidence(talks)
    weight = np.array([talk.weight for talk in talks], dtype=np.float64)
    left = _heaviest(weight, tables, np.full(tables.shape[0], float(most)))
    out = np.setdiff1d(np.arange(len(talks)), left)
    rounds = []
    for num_left in range(int(tables[:, left].sum(axis=1).max(initial=0)), 0, -1):
        of_left = tables[:, left]
        is_busiest = of_left.sum(axis=1) == num_left
        chosen = _heaviest(weight[left], of_left, np.ones(len(is_busiest)), is_busiest.astype(np.float64))
        rounds.append(tuple(talks[talk] for talk in left[chosen]))
        left = np.delete(left, chosen)
    heaviest_first = sorted((talks[talk] for talk in out), key=lambda talk: -talk.weight)
    return Rounds(tuple(rounds), tuple(heaviest_first))


def _incidence(talks: Sequence[Talk]) -> csr_array:
    """Return which table or partner, a row each, sits in which talk."""
    schools = {name: row for row, name in enumerate(dict.fromkeys(talk.school_id for talk in talks))}
    partners = {name: row for row, name in enumerate(dict.fromkeys(talk.partner_id for talk in talks))}
    rows = [schools[talk.school_id] for talk in talks]
    rows += [len(schools) + partners[talk.partner_id] for talk in talks]
    columns = np.tile(np.arange(len(talks)), 2)
    shape = (len(schools) + len(partners), len(talks))
    return csr_array((np.ones(2 * len(talks)), (rows, columns)), shape=shape)


def _heaviest(weight: Floats, tables: csr_array, most: Floats, least: Floats | float = 0.0) -> Index:
    """Return the talks of the greatest weight with so many in each row of ``tables``."""
    if not len(weight):
        return np.zeros(0, dtype=np.int64)
    rows = LinearConstraint(tables, least, most)
    found = milp(
        -weight, constraints=rows, bounds=Bounds(0, 1), integrality=np.ones(len(weight), dtype=np.int64)
    )
    return np.flatnonzero(np.asarray(found.x) > 0.5)  # noqa: PLR2004  # there is nothing but 0 and 1
