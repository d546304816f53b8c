"""Killed at any moment, the service keeps every change it has acknowledged, and none by half.

PARTNERMATCH_KILLS sets how often it is killed on each database; 25 is what a release is held to (`make kill`).
"""

import os
from pathlib import Path

from service.storage.database import Database
from tests.service.killing import Story

KILLS = int(os.environ.get("PARTNERMATCH_KILLS", "5"))
SEED = int(os.environ.get("PARTNERMATCH_KILLS_SEED", "1"))
ACTIONS = ("import", "publish", "run")


def test_nothing_acknowledged_is_lost_however_often_the_server_is_killed(
    database: Database, tmp_path: Path
) -> None:
    story = Story(database, tmp_path, SEED)
    story.begin()
    for number in range(KILLS):
        story.kill_during(ACTIONS[number % len(ACTIONS)])
        story.check()
    story.end()
