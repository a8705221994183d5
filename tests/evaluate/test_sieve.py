"""The sieve lets no cheapest pair slip: the bound is that of counting all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from many import question

from planner.evaluate import sieve
from planner.evaluate.bound import DualBound
from planner.evaluate.recount import Recount
from planner.evaluate.sieve import Sieve


@pytest.mark.parametrize("seed", range(60))
def test_sieved_bound_is_the_bound(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any prices, with guesses that are good, bad or not allowed at all."""
    monkeypatch.setattr(sieve, "PAIRS_AT_ONCE", 40)
    monkeypatch.setattr(sieve, "ROWS_AT_ONCE", 11)
    scenario, tables = question(seed)
    recount = Recount(scenario, tables)
    rng = np.random.default_rng(seed)
    scale = 1024
    prices = {}
    for row in recount.rows:
        most = scale * min(row.price or 10**6, int(rng.choice([1, 30, 1000])))
        low = -most if row.low else 0
        prices[row.id] = int(
            rng.integers(low, (most if row.high is not None else 0) + 1)
        )
    dense, sieved = (DualBound(recount, prices, scale) for _ in range(2))
    assert not dense.faults
    rows = np.arange(len(tables.accounts))
    alone = rows[np.bincount(recount.unit)[recount.unit] == 1]
    guess = rng.integers(-1, recount.nobody + 1, len(rows))
    if len(alone):
        dense.add(recount.pairs(alone), alone)
        Sieve(recount, sieved).add_to_bound(alone, guess)
    assert sieved.value() == dense.value()
    assert sorted(sieved.stuck) == sorted(dense.stuck)
