"""Neighbours must differ, also for readers without red or green cones."""

from __future__ import annotations

import numpy as np
import pytest

from planner.geo.colours import PALETTE, colours, darker, difference


def grid_pairs(n: int) -> np.ndarray:
    """Borders of an n x n chessboard, diagonals included: four colours needed."""
    cells = np.arange(n * n).reshape(n, n)
    steps = [
        (cells[:, :-1], cells[:, 1:]),
        (cells[:-1], cells[1:]),
        (cells[:-1, :-1], cells[1:, 1:]),
        (cells[1:, :-1], cells[:-1, 1:]),
    ]
    return np.vstack([np.column_stack([a.ravel(), b.ravel()]) for a, b in steps])


def test_neighbours_are_clearly_different_for_every_reader() -> None:
    """2 is just noticeable; 6 can be told apart at a glance on paper."""
    pairs = grid_pairs(9)
    chosen = colours(pairs, 81)
    apart = difference(chosen)[pairs[:, 0], pairs[:, 1]]
    assert apart.min() > 6


def test_colours_are_used_evenly() -> None:
    """Two colours for nearly all would make the map monotonous."""
    chosen = colours(grid_pairs(9), 81)
    counts = [chosen.count(colour) for colour in PALETTE]
    assert min(counts) >= 3
    assert max(counts) <= 18


def test_red_and_green_are_alike_without_red_cones() -> None:
    """The measure itself must see what a colour-blind reader does not."""
    close = difference(["#cc6677", "#8f8f70"])[0, 1]
    assert close < 8 < difference(["#2f6fb0", "#f0d060"])[0, 1]


def test_dark_text_can_be_read_on_every_fill() -> None:
    """WCAG asks for a contrast of 4.5 with the ink of the labels."""
    for fill in PALETTE:
        assert contrast(fill, "#22262b") > 4.5


@pytest.mark.parametrize("count", [0, 1, 3])
def test_territories_without_borders_get_colours_too(count: int) -> None:
    """Islands have no neighbours."""
    assert len(colours(np.empty((0, 2)), count)) == count


def test_darker_keeps_the_hue_order() -> None:
    """Dots take a darker tone of their territory."""
    assert contrast(darker("#84b0dc"), "#ffffff") > contrast("#84b0dc", "#ffffff")


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)
