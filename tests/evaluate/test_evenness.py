"""Balance figures against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.evaluate.evenness import (
    coefficient_of_variation,
    gini,
    max_relative_imbalance,
)

LOADS = st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any)


def test_by_hand() -> None:
    """Loads 1, 2, 6: mean 3, squares 4 + 1 + 9; pairs differ by 1, 5, 4, each twice."""
    loads = [6, 1, 2]
    assert max_relative_imbalance(loads) == pytest.approx(1.0)
    assert coefficient_of_variation(loads) == pytest.approx(np.sqrt(14 / 3) / 3)
    assert gini(loads) == pytest.approx(20 / (2 * 9 * 3))


@given(LOADS)
def test_gini_is_the_double_sum(loads: list[int]) -> None:
    """The sorted form is an identity, not an approximation."""
    x = np.array(loads, dtype=float)
    double = np.abs(x[:, None] - x).sum() / (2 * len(x) ** 2 * x.mean())
    assert gini(loads) == pytest.approx(double, abs=1e-12)


@given(LOADS, st.integers(1, 50))
def test_unit_and_order_do_not_matter(loads: list[int], factor: int) -> None:
    """Hours or minutes, this rep first or that: the same figure."""
    other = [factor * x for x in reversed(loads)]
    for figure in (max_relative_imbalance, coefficient_of_variation, gini):
        assert figure(other) == pytest.approx(figure(loads), abs=1e-9)


@pytest.mark.parametrize("loads", [[], [0, 0]])
def test_without_any_load_there_is_no_figure(loads: list[float]) -> None:
    """0 / 0 is not "perfectly balanced"."""
    for figure in (max_relative_imbalance, coefficient_of_variation, gini):
        assert np.isnan(figure(loads))
