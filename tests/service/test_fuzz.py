"""The whole API and all pages, asked at random as every role: no fault, no breach of the document, no disorder.

A long run, by its seconds and the number it begins with: PARTNERMATCH_FUZZ_SECONDS=900 PARTNERMATCH_FUZZ_SEED=1
.venv/bin/pytest tests/service/test_fuzz.py -k "deep and sqlite" --log-cli-level WARNING
"""

import logging
import os
import time

import pytest

from service.storage.database import Database
from tests.service.fuzz.pages import play_pages
from tests.service.fuzz.play import Found, play
from tests.service.fuzz.world import World

SECONDS = float(os.environ.get("PARTNERMATCH_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("PARTNERMATCH_FUZZ_SEED", "1"))
log = logging.getLogger(__name__)


@pytest.mark.filterwarnings("default")
def test_whatever_is_asked_is_answered_as_the_document_says(database: Database) -> None:
    found = Found()
    with World(database).open() as world:
        play(world, SEED, 2, found)
        play_pages(world, SEED, 2, found)
    assert not found.wrong, f"\n{found}"


@pytest.mark.skipif(not SECONDS, reason="PARTNERMATCH_FUZZ_SECONDS is not set.")
@pytest.mark.filterwarnings("default")
def test_deep(database: Database) -> None:
    end, found, number = time.monotonic() + SECONDS, Found(), SEED
    with World(database).open() as world:
        while time.monotonic() < end:
            play(world, number, 12, found, until=lambda: time.monotonic() > end)
            play_pages(world, number, 12, found)
            number += 1
    log.warning("%d rounds, answers by status: %s", number - SEED, sorted(world.answers.items()))
    assert not found.wrong, f"\n{found}"
