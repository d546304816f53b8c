"""Warm recommenders: the right answer at every version, one build for a herd, and nobody waits for another district."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import delete, update

from embeddings import Encoder, WordHashEncoder
from matching.district import District
from matching.questions import Question
from matching.recommendation import Recommender
from service.errors import NotFoundError, NotReadyError
from service.recommending import Recommenders, Warming
from service.storage.database import Database
from service.storage.tables import districts
from service.suggesting import told_of
from tests.districts import make_district, make_need, make_offer
from tests.matching.cases import ON
from tests.service.recommended import add_district, change, small_district

ASKED = Question(need_id="n0")
TEXT = Question(text="someone who reads", kind="mentoring", school_id="s0")


class Halting:
    """A hashing encoder that halts at a text until it is let go on, and counts its readings."""

    name = "halting"

    def __init__(self, text: str | None = None) -> None:
        self.text, self.go_on, self.is_halted, self.count = text, Event(), Event(), 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.count += 1
        if self.text in texts:
            self.is_halted.set()
            assert self.go_on.wait(30)
        return WordHashEncoder().encode(texts)


def made(encoder: Encoder | None = None, **options: int | float) -> Recommenders:
    return Recommenders(encoder or WordHashEncoder(), today=lambda: ON, **options)  # type: ignore[arg-type]  # as named


def told(recommenders: Recommenders, database: Database, district_id: int, asked: Question = ASKED) -> bytes:
    with database.reading() as connection:
        return recommenders.answer(connection, district_id, asked)


def expected(district: District, asked: Question = ASKED) -> object:
    answer = asked.asked_of(Recommender(district, on=ON, encoder=WordHashEncoder()))
    return json.loads(json.dumps(told_of(answer)))


@pytest.mark.parametrize(
    "asked", [ASKED, TEXT, Question(partner_id="p0"), Question(offer_id="o1", limit=1, area="math")]
)
def test_an_answer_is_the_recommenders_own(database: Database, asked: Question) -> None:
    district_id = add_district(database, small_district())
    assert json.loads(told(made(), database, district_id, asked)) == expected(small_district(), asked)


def test_an_answer_is_kept_until_the_district_changes(database: Database) -> None:
    district_id, recommenders = add_district(database, small_district()), made()
    first = told(recommenders, database, district_id)
    assert told(recommenders, database, district_id) is first
    change(database, district_id, "offers", {"offer_id": "o0"}, slots=3)
    later = json.loads(told(recommenders, database, district_id))
    assert offered_slots(json.loads(first)) == {"o0": 5, "o1": 5}
    assert offered_slots(later) == {"o0": 3, "o1": 5}


def test_a_transaction_that_began_before_a_change_is_told_of_the_newer_version(database: Database) -> None:
    district_id, recommenders = add_district(database, small_district()), made()
    with database.reading() as connection:
        recommenders.answer(connection, district_id, ASKED)
        change(database, district_id, "offers", {"offer_id": "o0"}, slots=3)
        newer = told(recommenders, database, district_id)
        assert recommenders.answer(connection, district_id, ASKED) is newer


def test_a_new_policy_and_a_new_day_count_at_once(database: Database) -> None:
    district_id, days = add_district(database, small_district()), [ON]
    recommenders = Recommenders(WordHashEncoder(), today=lambda: days[-1])
    first = told(recommenders, database, district_id)
    with database.writing() as connection:
        connection.execute(update(districts).values(policy="[fit]\nfloor = 1.0\n"))
    strict = told(recommenders, database, district_id)
    assert (len(json.loads(first)["recommendations"]), json.loads(strict)["recommendations"]) == (2, [])
    days.append(date(2026, 9, 15))
    assert told(recommenders, database, district_id) is not strict


def test_a_district_is_not_taken_for_an_earlier_one_of_its_number(database: Database) -> None:
    district_id, recommenders = add_district(database, small_district()), made()
    change(database, district_id, "offers", {"offer_id": "o0"}, slots=3)
    told(recommenders, database, district_id)
    with database.writing() as connection:
        connection.execute(delete(districts))
    other = make_district([make_need(statement="coats")], [make_offer(focus="warm coats")])
    assert add_district(database, other, id=district_id) == district_id
    assert json.loads(told(recommenders, database, district_id)) == expected(other)


def test_many_at_once_wait_for_one_recommender(database: Database) -> None:
    district_id, encoder = add_district(database, small_district()), Halting()
    Recommender(small_district(), on=ON, encoder=encoder)
    once, encoder.count = encoder.count, 0
    recommenders = made(encoder)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: told(recommenders, database, district_id), range(12)))
    assert (len(set(answers)), encoder.count) == (1, once)


def test_nobody_waits_for_another_district(database: Database) -> None:
    encoder = Halting("unheard of")
    slow = add_district(database, make_district([make_need(statement="unheard of")]), "slow")
    quick = add_district(database, small_district(), "quick")
    recommenders = made(encoder, patience=0.05)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(told, recommenders, database, slow)
        assert encoder.is_halted.wait(30)
        assert json.loads(told(recommenders, database, quick))["need"]["need_id"] == "n0"
        with pytest.raises(NotReadyError):
            told(recommenders, database, slow)
        encoder.go_on.set()
        assert json.loads(waiting.result())["need"]["statement"] == "unheard of"


def test_the_district_not_asked_about_for_longest_goes_first(database: Database) -> None:
    ids = [add_district(database, small_district(), key) for key in ("one", "two", "three")]
    recommenders = made(most_districts=2)
    for district_id in (ids[0], ids[1], ids[0], ids[2]):
        told(recommenders, database, district_id)
    assert sorted(recommenders.known()) == [ids[0], ids[2]]


@pytest.mark.parametrize(
    "asked", [Question(need_id="n9"), Question(partner_id="p9"), Question(offer_id="o9")]
)
def test_what_is_not_there_is_not_found(database: Database, asked: Question) -> None:
    district_id = add_district(database, small_district())
    with pytest.raises(NotFoundError, match="expected the id of one of this district, found none"):
        told(made(), database, district_id, asked)
    with pytest.raises(NotFoundError, match="District 99"):
        told(made(), database, 99)


def test_recommenders_are_ready_at_the_start_and_follow_changes(database: Database) -> None:
    district_id, recommenders = add_district(database, small_district()), made()
    warming = Warming(database, recommenders, seconds=0.01)
    warming.start()
    try:
        wait_for(lambda: version_of(recommenders, district_id) == 1)
        change(database, district_id, "offers", {"offer_id": "o0"}, slots=3)
        wait_for(lambda: version_of(recommenders, district_id) == 2)
    finally:
        warming.stop()


def offered_slots(answer: dict[str, Any]) -> dict[str, int]:  # Any: JSON
    offers = [pair["offer"] for pair in answer["recommendations"]]
    return {offer["offer_id"]: offer["slots"] for offer in offers}


def version_of(recommenders: Recommenders, district_id: int) -> int:
    state = recommenders.known().get(district_id)
    return state.version if state else 0


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("It did not come to hold.")
