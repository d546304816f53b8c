"""Recommendations of all districts: a recommender for each, kept warm, and answers ready as bytes."""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from embeddings import Encoder
from matching.candidates import Scorer
from matching.policy import policy_from_toml
from matching.questions import Question
from matching.recommendation import Recommender, UnknownIdError
from service.errors import NotFoundError, NotReadyError
from service.storage.again import Loaded, load_again
from service.storage.database import Database
from service.storage.tables import districts
from service.suggesting import told_of

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

logger = logging.getLogger(__name__)

#: Districts whose recommenders are kept: of 10,000 offers each takes about 200 MiB.
MOST_DISTRICTS = 8
#: Answers of one district, at most some 10 kB each.
MOST_ANSWERS = 2000
#: Requests that wait for a recommender at one time: more would leave none for what is ready.
MOST_WAITING = 32
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class State:
    """What answers depend on: the district's version, which counts its policy's changes too, that policy, and today.

    ``created_at`` tells a district from an earlier one of the same number.
    """

    created_at: datetime
    version: int
    policy: str
    today: date

    def covers(self, asked: "State") -> bool:
        """Whether what holds of this state is at least as new as what is asked for."""
        is_newer = self.version > asked.version and self.today >= asked.today
        return self == asked or (is_newer and self.created_at == asked.created_at)


@dataclass(frozen=True, slots=True, eq=False)
class _Warm:
    """A recommender of one state of a district; ``answer`` remembers what it said, as JSON."""

    state: State
    loaded: Loaded
    recommender: Recommender
    answer: "_lru_cache_wrapper[bytes]"


@dataclass(slots=True, eq=False)
class _Place:
    """Where the recommender of a district stands; who holds ``building`` makes the next."""

    warm: _Warm | None = None
    building: Lock = field(default_factory=Lock)


class Recommenders:
    """Answers to questions about any district, as of the version that the asking transaction sees or a newer one.

    A recommender is made once however many ask at the same time, from the one before it, and outside all locks that
    others need: who asks about another district never waits for it.

    Parameters
    ----------
    most_districts
        How many districts are kept; the one not asked about for longest goes first.
    today
        Gives the date that all rules see.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        most_districts: int = MOST_DISTRICTS,
        patience: float = PATIENCE,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._encoder, self._most, self._patience, self._today = encoder, most_districts, patience, today
        self._places: OrderedDict[int, _Place] = OrderedDict()
        self._arranging = Lock()
        self._waiting = BoundedSemaphore(MOST_WAITING)

    def answer(self, connection: Connection, district_id: int, question: Question) -> bytes:
        """Return the answer as JSON.

        Raises
        ------
        NotFoundError
            Where there is no such district, need, partner, offer or school.
        NotReadyError
            Where the district's texts are still being read.
        ValueError
            Where the question makes no sense, by its kind, area or limit.
        """
        try:
            return self._warm(connection, district_id).answer(question)
        except UnknownIdError as error:
            raise NotFoundError(str(error)) from error

    def warm(self, connection: Connection, district_id: int) -> None:
        """Make the recommender of a district ready."""
        self._warm(connection, district_id)

    def areas(self, connection: Connection, district_id: int) -> tuple[dict[str, str], dict[str, str]]:
        """Return the focus area of each need and of each offer by id, as `Recommender.areas`, once they are read.

        Raises
        ------
        NotReadyError
            Where the district's texts are still being read.
        """
        return self._warm(connection, district_id).recommender.areas()

    def scorer(self, connection: Connection, district_id: int) -> Scorer:
        """Return what has read the texts of a district; errors as `answer` has them."""
        return self._warm(connection, district_id).recommender.scorer

    def known(self) -> dict[int, State | None]:
        """Return the districts that are kept, the state of each None while it is first made."""
        with self._arranging:
            places = list(self._places.items())
        return {key: place.warm.state if place.warm else None for key, place in places}

    def figures(self) -> dict[str, float]:
        """Return how many districts and answers are kept, and how often an answer was kept already or was not."""
        with self._arranging:
            kept = [place.warm.answer.cache_info() for place in self._places.values() if place.warm]
        return {
            "districts": float(len(kept)),
            "answers": float(sum(info.currsize for info in kept)),
            "hits": float(sum(info.hits for info in kept)),
            "misses": float(sum(info.misses for info in kept)),
        }

    def _warm(self, connection: Connection, district_id: int) -> _Warm:
        asked, place = self._state(connection, district_id), self._place(district_id)
        warm = place.warm
        if warm is None or not warm.state.covers(asked):
            with self._turn(place):
                warm = place.warm
                if warm is None or not warm.state.covers(asked):
                    warm = place.warm = self._made(connection, district_id, asked, warm)
        return warm

    def _state(self, connection: Connection, district_id: int) -> State:
        known = districts.c
        row = select(known.created_at, known.version, known.policy).where(known.id == district_id)
        found = connection.execute(row).one_or_none()
        if found is None:
            raise NotFoundError(f"District {district_id}: expected the number of a district, found none.")
        return State(*found, self._today())

    def _place(self, district_id: int) -> _Place:
        with self._arranging:
            place = self._places.setdefault(district_id, _Place())
            self._places.move_to_end(district_id)
            while len(self._places) > self._most:
                self._places.popitem(last=False)
        return place

    @contextmanager
    def _turn(self, place: _Place) -> Iterator[None]:
        """Wait until nobody else makes this district's recommender."""
        busy = NotReadyError("The texts of this district are being read; ask again shortly.", retry_after=2)
        if not self._waiting.acquire(blocking=False):
            raise busy
        try:
            if not place.building.acquire(timeout=self._patience):
                raise busy
            try:
                yield
            finally:
                place.building.release()
        finally:
            self._waiting.release()

    def _made(self, connection: Connection, district_id: int, state: State, before: _Warm | None) -> _Warm:
        if before and before.state.created_at != state.created_at:
            before = None
        loaded = load_again(connection, district_id, state.version, before.loaded if before else None)
        recommender = Recommender(
            loaded.district,
            policy_from_toml(state.policy),
            on=state.today,
            encoder=self._encoder,
            earlier=before.recommender if before else None,
        )
        return _Warm(state, loaded, recommender, lru_cache(MOST_ANSWERS)(_Answering(recommender)))


@dataclass(frozen=True, slots=True, eq=False)
class _Answering:
    recommender: Recommender

    def __call__(self, question: Question) -> bytes:
        answer = told_of(question.asked_of(self.recommender))
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


class Warming:
    """A thread that has all recommenders ready before someone asks: at the start, after changes and at midnight.

    It looks at the districts' versions, so it follows what other servers write to the same database too. A change is
    waited out until the version stands still from one look to the next.

    Parameters
    ----------
    seconds
        From one look to the next.
    """

    def __init__(self, database: Database, recommenders: Recommenders, *, seconds: float = 0.5) -> None:
        self._database, self._recommenders, self._seconds = database, recommenders, seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="warming", daemon=True)

    def start(self) -> None:
        """Begin with the districts that changed last, as many as are kept."""
        self._thread.start()

    def stop(self) -> None:
        """End; nobody waits for what takes long."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        seen: dict[int, int] = {}
        is_first = True
        while is_first or not self._stopping.wait(self._seconds):
            try:
                versions = self._versions()
                kept = versions if is_first else self._recommenders.known()
                for district_id in [key for key in versions if key in kept]:
                    if is_first or seen.get(district_id) == versions[district_id]:
                        self._warm(district_id)
                seen, is_first = versions, False
            except Exception:
                # The database may be away for a while; requests tell their callers so themselves.
                logger.exception("Recommenders could not be made ready.")
                is_first = False

    def _versions(self) -> dict[int, int]:
        last = select(districts.c.id, districts.c.version).order_by(districts.c.changed_at.desc())
        with self._database.reading() as connection:
            rows = connection.execute(last.limit(MOST_DISTRICTS)).all()
        return {row.id: row.version for row in rows}

    def _warm(self, district_id: int) -> None:
        with self._database.reading() as connection:
            self._recommenders.warm(connection, district_id)
