"""Where the map puts places, and that its numbers can be told apart."""

from itertools import combinations
from math import cos, hypot, nan, radians
from random import Random

import pytest

from service.pages.maps import DISC, HEIGHT, WIDTH, Map, Place, km_between, map_of, place_of


def school(latitude: float = 40.0, longitude: float = -75.0) -> Place:
    return Place("Alder", True, latitude, longitude)


def partner(latitude: float = 40.0, longitude: float = -75.0, radius_km: float = nan) -> Place:
    return Place("Rotary", False, latitude, longitude, radius_km)


def discs_overlap(drawn: Map) -> bool:
    return any(
        hypot(one.disc_x - other.disc_x, one.disc_y - other.disc_y) < 2 * DISC - 0.2
        for one, other in combinations(drawn.marks, 2)
    )


def test_north_is_up_and_east_is_right() -> None:
    here, north, east = map_of(school(), [partner(40.1), partner(longitude=-74.9)]).marks
    assert (here.x, north.y < here.y) == (north.x, True)
    assert (here.y, east.x > here.x) == (east.y, True)


def test_degree_of_longitude_counts_as_long_as_it_is_there() -> None:
    here, north, east = map_of(school(60.0), [partner(60.1), partner(60.0, -74.9)]).marks
    assert (east.x - here.x) / (here.y - north.y) == pytest.approx(cos(radians(60.033)), abs=0.01)


def test_scale_is_the_distance_that_it_says() -> None:
    drawn = map_of(school(), [partner(40.1)])
    here, north = drawn.marks
    km_a_unit = km_between(here.place, north.place) / (here.y - north.y)
    assert drawn.scale * km_a_unit == pytest.approx(drawn.scale_km, rel=0.01)


def test_circle_has_the_radius_that_the_partner_comes() -> None:
    # At 10 km to the north with a radius of 10 km the circle passes through the school.
    north = partner(40.0 + 10 / 111.195, radius_km=10.0)
    here, there = map_of(school(), [north]).marks
    assert there.radius == pytest.approx(here.y - there.y, rel=0.01)
    assert there.y + there.radius <= HEIGHT


def test_circle_around_the_whole_picture_is_not_drawn() -> None:
    drawn = map_of(school(), [partner(40.01, radius_km=900.0)])
    assert drawn.marks[1].radius == 0.0
    assert drawn.marks[1].y > 0


@pytest.mark.parametrize("spread", [0.0, 0.001, 0.1])
def test_numbers_never_overlap_and_stay_on_the_picture(spread: float) -> None:
    random = Random(1)
    others = [partner(40 + random.gauss(0, spread), -75 + random.gauss(0, spread)) for _ in range(20)]
    drawn = map_of(school(), others)
    assert not discs_overlap(drawn)
    assert all(0 <= mark.disc_x <= WIDTH and 0 <= mark.disc_y <= HEIGHT for mark in drawn.marks)


def test_all_at_one_place_have_a_scale_and_no_distance() -> None:
    drawn = map_of(school(), [partner(), partner()])
    assert drawn.scale_km > 0
    assert [row.km for row in drawn.rows] == [0.0, 0.0]


def test_one_place_alone_stands_in_the_middle() -> None:
    (mark,) = map_of(school(), []).marks
    assert (mark.x, mark.y, mark.is_aside) == (WIDTH / 2, HEIGHT / 2, False)


def test_place_that_nobody_knows_stands_in_the_list_alone() -> None:
    drawn = map_of(school(), [partner(nan), partner(40.1)])
    assert [row.number for row in drawn.rows] == [None, 1]
    assert len(drawn.marks) == 2


def test_without_its_own_place_there_is_no_picture() -> None:
    drawn = map_of(school(nan), [partner()])
    assert drawn.marks == ()
    assert [row.km for row in drawn.rows] == [None]


def test_places_on_both_sides_of_the_date_line_are_near() -> None:
    drawn = map_of(school(52.0, 179.99), [partner(52.0, -179.99)])
    # 0.02 degrees of longitude at 52 degrees north: 0.02 * 111.195 * 0.616 = 1.37 km.
    assert drawn.rows[0].km == pytest.approx(1.37, abs=0.01)
    assert drawn.marks[1].x > drawn.marks[0].x
    assert drawn.scale_km < 1


def test_who_does_not_come_so_far_is_told() -> None:
    near, far, anywhere = map_of(
        school(), [partner(40.01, radius_km=5), partner(40.1, radius_km=5), partner(41)]
    ).rows
    assert (near.reaches, far.reaches, anywhere.reaches) == (True, False, True)


def test_blank_cells_are_unknown() -> None:
    place = place_of({"name": "Alder", "latitude": None, "longitude": -75.0}, is_school=True)
    assert not place.is_known
