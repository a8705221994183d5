"""A rep's best set within cap and band: both codes against every set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.evaluate.banded import PRICES, Items, _limit, _limit_at, most_within
from planner.solvers.banding import NOTHING, fill_band

Ints = np.ndarray
EFFORT = {"complete": (1_000, 1_000), "halves only": (2, 10_000), "cut off": (2, 3)}


def question(seed: int) -> tuple[Items, int, int, int, int]:
    """Items, cap, low, high and price; some amounts nearly fill the band."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 10))
    amount = rng.integers(0, 12, count)
    amount[rng.random(count) < 0.2] *= 8
    items = Items(rng.integers(-40, 90, count), rng.integers(0, 15, count), amount)
    low = int(rng.integers(0, 60))
    high = low + int(rng.integers(0, 25))
    return items, int(rng.integers(0, 60)), low, high, int(rng.integers(1, 12))


def value_of(
    items: Items, chosen: Ints, cap: int, low: int, high: int, price: int
) -> int | None:
    """Sum of a set, None where it does not fit."""
    profit, weight, amount = (int(values[chosen].sum()) for values in items)
    if weight > cap:
        return None
    return profit - price * max(0, amount - high, low - amount)


def every_set(seed: int) -> list[tuple[Ints, int]]:
    """All sets that fit, and what they come to."""
    items, cap, low, high, price = question(seed)
    found = []
    for bits in itertools.product([False, True], repeat=len(items.profit)):
        chosen = np.array(bits, dtype=bool)
        value = value_of(items, chosen, cap, low, high, price)
        if value is not None:
            found.append((chosen, value))
    return found


@pytest.mark.parametrize("effort", EFFORT)
def test_solver_against_every_set(effort: str) -> None:
    """The best set where complete; never a limit below a set; limits per item."""
    gave_up = 0
    for seed in range(300):
        items, cap, low, high, price = question(seed)
        taken = np.ones(len(items.profit), dtype=bool)
        inside, outside = np.empty(len(taken)), np.empty(len(taken))
        best, limit, *_start = fill_band(
            *items, cap, low, high, price, 0.0, 1.0, *EFFORT[effort],
            taken, inside, outside,
        )  # fmt: skip
        sets = every_set(seed)
        truth = max(value for _chosen, value in sets)
        assert best == value_of(items, taken, cap, low, high, price), seed
        assert best <= truth <= limit, seed
        if effort != "cut off":
            assert best == limit, seed
        gave_up += best < limit
        for item in range(len(taken)):
            for part, told in ((True, inside[item]), (False, outside[item])):
                values = [v for chosen, v in sets if chosen[item] == part]
                assert max(values, default=NOTHING) <= max(told, NOTHING), seed
    assert (gave_up > 0) == (effort == "cut off")


def test_rep_without_a_cap() -> None:
    """A negative cap holds everything."""
    for seed in range(100):
        items, _cap, low, high, price = question(seed)
        taken, none = np.ones(len(items.profit), dtype=bool), np.empty(0)
        best, limit, *_start = fill_band(
            *items, -1, low, high, price, 0.0, 1.0, 1_000, 1_000, taken, none, none
        )
        assert best == limit == most_within(items, 10**6, low, high, price), seed


def test_judge_against_every_set() -> None:
    """The judge's own search finds the same best sum."""
    for seed in range(300):
        truth = max(value for _chosen, value in every_set(seed))
        assert most_within(*question(seed)) == truth, seed


@pytest.mark.parametrize("seed", range(10))
def test_the_limit_of_the_judge_is_the_best_of_all_prices(seed: int) -> None:
    """
    Prices of weight and amount found by turns got stuck at a kink, far from the best.

    Then the judge gave up on a rep of 1,000 accounts and called a true bound wrong.
    """
    rng = np.random.default_rng(seed)
    weight = np.rint(np.exp(rng.normal(5, 1, 250))).astype(np.int64)
    amount = np.rint(weight * np.exp(rng.normal(1, 0.8, 250))).astype(np.int64)
    profit = 3 * weight - amount + rng.normal(0, 400, 250).astype(np.int64)
    items, price = Items(profit, weight, amount), 4
    room, high = int(weight.sum() * 0.4), int(amount.sum() * 0.5)
    ends = int(high * 0.8), high
    found = _limit(items, room, ends, price).value
    grid = [_limit_at(items, room, ends, p).value for p in np.linspace(-4, 4, 2001)]
    steepest = int(amount.sum()) + high
    assert found <= min(grid) + steepest * 2 * price * (2 / 3) ** PRICES
