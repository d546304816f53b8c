"""Events of a generated year: each leaves a district that keeps every rule of its tables."""

import numpy as np
import pandas as pd
import pytest

from matching.generate import generate_district
from matching.generate.midyear import HAPPENINGS, MIDYEAR, until_midyear
from matching.tables import district_from_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def autumn() -> Tables:
    return generate_district(12, seed=0)


@pytest.mark.parametrize("name", sorted(HAPPENINGS))
def test_every_event_changes_the_tables_and_leaves_them_sound(autumn: Tables, name: str) -> None:
    before = {table: frame.copy() for table, frame in autumn.items()}
    changed, said = HAPPENINGS[name](np.random.default_rng(0), autumn, MIDYEAR)
    assert said.endswith(".")
    assert any(not changed[table].equals(autumn[table]) for table in autumn)
    assert all(before[table].equals(autumn[table]) for table in autumn)
    district_from_tables(changed, name="after")


def test_the_same_seed_tells_the_same_year(autumn: Tables) -> None:
    first, second = (until_midyear(autumn, num_events=12, seed=4) for _ in range(2))
    assert all(first[table].equals(second[table]) for table in first)
    assert not first["events"].equals(until_midyear(autumn, num_events=12, seed=5)["events"])


def test_events_are_told_in_the_order_of_their_days(autumn: Tables) -> None:
    events = until_midyear(autumn, num_events=20, seed=1)["events"]
    assert len(events) == 20
    assert events["date"].is_monotonic_increasing
    assert events["date"].max() < MIDYEAR.isoformat()


def test_an_event_that_finds_nothing_to_happen_to_says_so(autumn: Tables) -> None:
    quiet = autumn | {"partnerships": autumn["partnerships"].head(0)}
    assert HAPPENINGS["goes_badly"](np.random.default_rng(0), quiet, MIDYEAR) == (quiet, "")
