"""What stands against what in each district, worked out once for each version."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from matching.landscape.supply import Ground, ground_of
from matching.policy import policy_from_toml
from service.overviews import Standing
from service.recommending import Recommenders

#: Districts whose grounds are kept.
MOST_DISTRICTS: Final = 32


class Landscapes:
    """The ground of any district as it stands; the focus areas are those that the recommenders have read."""

    def __init__(self, recommenders: Recommenders) -> None:
        self._recommenders = recommenders
        self._kept: OrderedDict[int, tuple[Standing, Ground]] = OrderedDict()
        self._arranging = Lock()

    def of(self, connection: Connection, district_id: int, standing: Standing) -> Ground:
        """Return the ground of a standing.

        Raises
        ------
        NotReadyError
            Where the district's texts are still being read.
        """
        with self._arranging:
            kept = self._kept.get(district_id)
        if kept and kept[0] is standing:
            return kept[1]
        areas = self._recommenders.areas(connection, district_id)
        made = ground_of(standing.loaded.district, policy_from_toml(standing.policy), standing.today, areas)
        with self._arranging:
            self._kept[district_id] = standing, made
            self._kept.move_to_end(district_id)
            while len(self._kept) > MOST_DISTRICTS:
                self._kept.popitem(last=False)
        return made
