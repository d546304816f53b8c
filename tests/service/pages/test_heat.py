"""The colours of a heat map."""

import pytest

from matching.landscape.supply import Balance
from service.pages.landscape.heat import scale_of


@pytest.mark.parametrize(
    ("open_slots", "free", "step"),
    [(0, 0, ""), (7, 7, ""), (1, 0, "lack-1"), (10, 0, "lack-2"), (90, 60, "lack-3"), (0, 9, "idle-1")],
)
def test_step_grows_with_the_difference(open_slots: int, free: int, step: str) -> None:
    # The largest difference is 90: steps begin at 1, at 10 and at 30.
    scale = scale_of([Balance(0, 90, 0), Balance(0, 5, 10)])
    assert scale.least == (1, 10, 30)
    assert scale.step(Balance(3, open_slots, free)) == step


def test_nothing_has_no_colour() -> None:
    assert scale_of([]).step(None) == ""
