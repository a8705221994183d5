"""Strips: every rep is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.charts import strip


def test_no_dot_of_a_strip_hides_another() -> None:
    """Equal shares are common; each rep must be seen."""
    shares = pd.Series([1.0] * 12 + [1.2], index=[f"R{i}" for i in range(13)])
    chart = strip(shares, 0.9, 1.1)
    dots = chart.dots
    spots = np.array([(dot.x, dot.y) for dot in dots])
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=2)
    assert apart[np.triu_indices(13, 1)].min() > 1.8 * chart.radius
    assert spots[:, 1].min() > 0
    assert spots[:, 1].max() < 2 * chart.middle
    assert [dot.rep for dot in dots if dot.outside] == ["R12"]
    assert chart.piles == []


def test_a_pile_too_high_is_counted() -> None:
    """51 reps at 100 % of capacity look like one line: a number says how many."""
    shares = pd.Series([1.0] * 51 + [0.4, 0.7], index=[f"R{i}" for i in range(53)])
    ((_x, _y, count),) = strip(shares, None, 1.0).piles
    assert count == 51


def test_strip_of_one_rep_has_an_axis() -> None:
    """One rep at exactly 100 % leaves no extent to divide by."""
    chart = strip(pd.Series([1.0], index=["R1"]), None, None)
    assert len(chart.ticks) >= 2
    assert chart.band is None
