"""Plans of runs taken up again to be asked about: each once, the last ones kept."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Final

from service.runs.job import Job, district_of, encoder_of

if TYPE_CHECKING:
    import pandas as pd

    from matching.pipeline import Basis

MOST_KEPT: Final = 3
Key = tuple[str, int]
"""A run and one of its plans, which never change once the run is done."""


class Plans:
    """The plans that were asked about last; who asks while one is taken up waits for it."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[Key, Future[Basis]] = {}

    def basis(self, key: Key, take_up: "Callable[[], Basis]") -> "Basis":
        """Return what a plan was made of; ``take_up`` makes it where it is not kept."""
        with self._lock:
            kept = self._kept.pop(key, None)
            found = self._kept[key] = kept or Future()
            for oldest in list(self._kept)[: -self._most]:
                del self._kept[oldest]
        if kept is None:
            try:
                found.set_result(take_up())
            except BaseException as error:
                found.set_exception(error)
                with self._lock:
                    self._kept.pop(key, None)
        return found.result()


def take_up(job: Job, matches: "pd.DataFrame") -> "Basis":
    """Return what a plan of a job was made of.

    Parameters
    ----------
    matches
        The plan: need_id, offer_id and slots of each match.
    """
    from matching.consequences import standing_plan
    from matching.policy import policy_from_toml
    from matching.rematching import standing_rematch

    policy, encoder = policy_from_toml(job.policy), encoder_of(job.model)
    with TemporaryDirectory() as folder:
        district = district_of(job, Path(folder))
    if job.kind == "match":
        return standing_plan(district, matches, policy, on=job.on, encoder=encoder)
    return standing_rematch(district, matches, policy, on=job.on, released=job.released, encoder=encoder)
