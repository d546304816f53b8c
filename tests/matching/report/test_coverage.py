"""Coverage by kind and school, and how evenly the gaps are spread."""

from __future__ import annotations

import numpy as np
import pytest

from matching.report.coverage import (
    Coverage,
    coverage_by_kind,
    coverage_by_kind_of_school,
    coverage_by_school,
    evenness_of,
    gini,
)
from tests.matching.report.cases import make_matching


def test_gini_of_half_short_and_all_short() -> None:
    # Ordered pairs of 0, 1/2, 1 differ by 2 * (1/2 + 1 + 1/2) = 4; over 2 * 3^2 * mean 1/2 = 9.
    assert gini(np.array([0.5, 0.0, 1.0])) == pytest.approx(4 / 9)


def test_gini_of_equal_values_is_zero() -> None:
    assert gini(np.array([0.3, 0.3, 0.3])) == pytest.approx(0)


def test_gini_where_one_of_four_holds_all_is_three_quarters() -> None:
    assert gini(np.array([0.0, 0.0, 0.0, 0.7])) == pytest.approx(3 / 4)


@pytest.mark.parametrize("values", [[], [0.0], [0.0, 0.0]])
def test_gini_of_nothing_is_zero(values: list[float]) -> None:
    assert gini(np.array(values, dtype=np.float64)) == 0


def test_evenness_leaves_out_schools_without_needs() -> None:
    rows = [Coverage("A", 1, 4, 4), Coverage("B", 1, 4, 1), Coverage("without needs", 0, 0, 0)]
    evenness = evenness_of(rows)
    # Shares 0 and 3/4: the pairs differ by 2 * 3/4; over 2 * 2^2 * 3/8 = 3.
    assert (evenness.worst_share, evenness.gini) == (0.75, 0.5)


def test_coverage_adds_up_by_kind_and_by_school() -> None:
    matching = make_matching()
    assert coverage_by_kind(matching) == [Coverage("mentoring", 1, 5, 3), Coverage("tutoring", 1, 4, 0)]
    assert coverage_by_school(matching) == [Coverage("Elm Street", 1, 5, 3), Coverage("Oak Hill", 1, 4, 0)]


def test_coverage_by_school_and_kind_has_a_cell_for_each_kind_asked_for() -> None:
    rows = coverage_by_kind_of_school(make_matching())
    assert rows == [("Elm Street", [(3, 5), (0, 0)]), ("Oak Hill", [(0, 0), (0, 4)])]
