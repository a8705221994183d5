"""The one place where money and measures become whole numbers."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.rounding import cost_scale, decimals_scale, highest, lowest, to_integers

cents = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("value", "scale", "steps"),
    [
        (0.5, 1, 0),
        (1.5, 1, 2),
        (2.5, 1, 2),
        (-2.5, 1, -2),
        (1.005, 100, 100),  # 100.49999999999999 in doubles, a tie in decimals
        (1.015, 100, 102),
        (2.675, 100, 268),
        (0.1 + 0.2, 10, 3),
        (0.1 * 3 * 5, 1, 2),  # 1.5000000000000002
    ],
)
def test_ties_are_those_of_the_decimals(value: float, scale: int, steps: int) -> None:
    """A tie is one that a person sees, not one that the last bit decides."""
    assert to_integers(value, scale) == steps


@given(cents)
def test_rounding_is_that_of_decimals(thousandths: int) -> None:
    """Half to even, as an accountant's decimals do."""
    exact = Decimal(thousandths) / 10
    wanted = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
    assert to_integers(thousandths / 1000, 100) == wanted


def test_order_of_factors_does_not_matter() -> None:
    """Compile and judge multiply in different orders."""
    a, b, c = 0.35, 1.3, 110.0
    assert (
        len({int(to_integers(x, 100)) for x in (a * b * c, c * b * a, a * c * b)}) == 1
    )


@pytest.mark.parametrize(
    ("limit", "scale", "low", "high"),
    [
        (2.5, 10, 25, 25),
        (2.55, 10, 26, 25),
        (0.1 + 0.2, 10, 3, 3),  # 0.30000000000000004 is 0.3
        (0.7 * 3, 10, 21, 21),  # 2.0999999999999996 is 2.1
        (-0.5, 1, 0, -1),
    ],
)
def test_hard_limits_round_inward(
    limit: float, scale: int, low: int, high: int
) -> None:
    """No plan may break a limit by a rounding, and none may be lost by the last bit."""
    assert lowest(limit, scale) == low
    assert highest(limit, scale) == high


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(0, 4))
def test_scale_of_decimals_is_exact_and_smallest(steps: list[int], power: int) -> None:
    """All values become whole, and a tenth of the scale would not do."""
    values = np.array([float(Decimal(x).scaleb(-power)) for x in steps])
    scale = decimals_scale(values)
    assert scale <= 10**power
    assert np.array_equal(to_integers(values, scale) * 10**power // scale, steps)
    if scale > 1:
        coarse = [Decimal(x) * scale / 10 / 10**power for x in steps]
        assert any(x != int(x) for x in coarse)


def test_scale_of_decimals_has_an_end() -> None:
    """A third has no last decimal."""
    assert decimals_scale([1 / 3]) == 10**6
    assert decimals_scale([1 / 3], most=2) == 100
    assert decimals_scale([]) == 1
    assert decimals_scale([-1.25]) == 100


@pytest.mark.parametrize(
    ("prices", "scale"),
    [
        ([], 100),
        ([1.0, 0.25], 100),
        ([0.005], 1000),
        ([12.345, 1], 1000),
        ([0.005 / 10], 10_000),
        ([1 / 3], 10**9),
    ],
)
def test_cost_scale_makes_prices_whole(prices: list[float], scale: int) -> None:
    """Cents, unless a price per step needs finer steps."""
    assert cost_scale(prices) == scale
