"""What is open in each district, kept for as long as nothing changes."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from threading import Lock

import pandas as pd
from sqlalchemy import Connection, select

from embeddings import Encoder, Search
from matching.overview import Overview, overview_of
from matching.policy import policy_from_toml
from matching.texts import need_texts
from service.storage.again import Loaded, load_again
from service.storage.tables import districts

#: Districts whose overviews are kept.
MOST_DISTRICTS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A version of a district, without contacts, and what is open in it on a day."""

    loaded: Loaded
    policy: str
    today: date
    overview: Overview


class Overviews:
    """The standing of any district, as of the version that the asking transaction sees.

    Parameters
    ----------
    today
        Gives the date that all rules see.
    """

    def __init__(self, encoder: Encoder, *, today: Callable[[], date] = date.today) -> None:
        self._encoder, self._today = encoder, today
        self._kept: OrderedDict[int, Standing] = OrderedDict()
        self._searches: dict[int, tuple[pd.DataFrame, Search]] = {}
        self._arranging = Lock()
        # Neither models nor stemmers read for several threads at a time.
        self._reading = Lock()

    def of(self, connection: Connection, district_id: int) -> Standing:
        """Return the standing of a district."""
        asked = select(districts.c.version, districts.c.policy).where(districts.c.id == district_id)
        version, policy = connection.execute(asked).one()
        with self._arranging:
            kept = self._kept.get(district_id)
        is_same = kept and (kept.loaded.version, kept.policy, kept.today) == (version, policy, self._today())
        if kept and is_same:
            return kept
        loaded = load_again(connection, district_id, version, kept.loaded if kept else None)
        today = self._today()
        overview = overview_of(loaded.district, policy_from_toml(policy), on=today)
        made = Standing(loaded, policy, today, overview)
        with self._arranging:
            self._kept[district_id] = made
            self._kept.move_to_end(district_id)
            while len(self._kept) > MOST_DISTRICTS:
                self._searches.pop(self._kept.popitem(last=False)[0], None)
        return made

    def similar_needs(
        self, district_id: int, standing: Standing, text: str, least: float
    ) -> tuple[list[str], int]:
        """Return the ids of needs, the most similar to a text first, and how many of these say what it says.

        Parameters
        ----------
        least
            The least similarity, 0 to 1.
        """
        needs = standing.loaded.district.needs
        if needs.empty:
            return [], 0
        with self._reading:
            known, search = self._searches.get(district_id, (None, None))
            if search is None or known is not needs:
                search = Search(need_texts(needs), self._encoder)
                self._searches[district_id] = needs, search
            (rows,), (scores,) = search.top([text], len(needs))
        found: list[str] = needs["need_id"].iloc[rows[scores > 0]].tolist()
        return found, int((scores >= least).sum())
