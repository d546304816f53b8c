"""What the curve of a mid-year plan says: where levels gain, where that ends, and what is advised."""

from matching.curve import Curve, Gain, Point

LEVELS = ("mentoring-1", "mentoring-2", "other-1")


def curve(*filled: tuple[int, ...]) -> Curve:
    return Curve(LEVELS, [Point(moves, moves, slots) for moves, slots in enumerate(filled)])


def test_a_point_tells_what_each_level_gains_and_loses_beside_the_point_before() -> None:
    found = curve((4, 2, 9), (5, 1, 9))
    assert found.gains(0) == ()
    assert found.gains(1) == (Gain("mentoring-1", 1), Gain("mentoring-2", -1))


def test_advice_is_the_last_point_that_still_gains_a_mentoring_slot() -> None:
    found = curve((4, 2, 9), (5, 2, 9), (5, 3, 8), (5, 3, 12))
    assert (found.advised, found.best) == (2, 3)


def test_mentoring_that_goes_to_an_earlier_level_is_a_gain_too() -> None:
    assert curve((4, 2, 9), (5, 1, 9)).advised == 1


def test_no_move_is_advised_where_none_gains_a_mentoring_slot() -> None:
    found = curve((4, 2, 9), (4, 2, 11), (4, 2, 11))
    assert (found.advised, found.best) == (0, 1)


def test_mentoring_is_counted_apart_from_all_else() -> None:
    found = curve((4, 2, 9))
    assert (found.filled(0, is_mentoring=True), found.filled(0, is_mentoring=False)) == (6, 9)
