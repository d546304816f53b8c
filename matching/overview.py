"""What is open in a district today: slots that run against slots that are needed, and the gaps, most urgent first."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from matching.district import District
from matching.policy import Policy
from matching.priority import priorities_of
from matching.standing import running_matches
from matching.vocabulary import KINDS, MENTORING

GAP_COLUMNS = (
    "need_id",
    "school_id",
    "school",
    "statement",
    "kind",
    "priority",
    "priority_reason",
    "level",
    "slots",
    "filled",
    "open",
)


@dataclass(frozen=True, slots=True)
class LevelToday:
    """Slots needed and running at a slot level."""

    name: str
    needed: int
    filled: int

    @property
    def open(self) -> int:
        """Slots that nobody fills."""
        return self.needed - self.filled


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """What runs in a district on a date.

    Parameters
    ----------
    levels
        All slot levels in the policy's order.
    needs
        A row a need with slots, with the columns `GAP_COLUMNS`: by level, most open slots first, then by id.
    """

    levels: tuple[LevelToday, ...]
    needs: pd.DataFrame

    @property
    def gaps(self) -> pd.DataFrame:
        """The needs with open slots."""
        return self.needs[self.needs["open"] > 0]


def overview_of(district: District, policy: Policy | None = None, *, on: date | None = None) -> Overview:
    """Return what runs in a district, without what the world has ended: a partner's leave, a clearance run out.

    Parameters
    ----------
    on
        By default today.
    """
    policy = policy or Policy()
    running = running_matches(district, policy, on or date.today())
    ran = running[running["cause"] == ""].groupby("need_id")["slots"].sum()
    priorities = priorities_of(district, policy.priority)
    names = district.schools.set_index("school_id")["name"]
    needs = district.needs[["need_id", "school_id", "statement", "kind", "slots"]].assign(
        school=district.needs["school_id"].map(names),
        priority=priorities["priority"].to_numpy(),
        priority_reason=priorities["priority_reason"].to_numpy(),
    )
    needs = needs[needs["slots"] > 0]
    line = needs["kind"].eq(KINDS[MENTORING]).map({True: "mentoring-", False: "other-"})
    needs["level"] = line + needs["priority"].astype(str)
    filled = needs["need_id"].map(ran).fillna(0).astype(np.int64)
    needs["filled"] = np.minimum(filled, needs["slots"])
    needs["open"] = needs["slots"] - needs["filled"]
    order = {name: place for place, name in enumerate(policy.objective.levels)}
    rank = np.lexsort((needs["need_id"], -needs["open"], needs["level"].map(order)))
    needs = needs.iloc[rank][list(GAP_COLUMNS)].reset_index(drop=True)
    sums = needs.groupby("level")[["slots", "filled"]].sum().reindex(list(order), fill_value=0)
    levels = tuple(
        LevelToday(name, int(needed), int(ran_there))
        for name, needed, ran_there in sums.itertuples(name=None)
    )
    return Overview(levels, needs)
