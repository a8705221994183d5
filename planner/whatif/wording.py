"""What a frontier says in sentences: the knee, and what the trade costs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from planner.whatif.frontier import Frontier
from planner.words import _


def in_words(found: Frontier) -> list[str]:
    """Say what was minimised, where the knee is, and what the trade costs."""
    lines = [
        _(
            "{n} plans, none dominated. Minimised at each: {terms}, {currency} a year, "
            "without the price of what is held."
        ).format(n=len(found.points), terms=found.minimised, currency=found.currency)
    ]
    if found.knee is not None:
        lines.append(
            _("The knee is {name}: beyond it less is won for more.").format(
                name=found.knee.name
            )
        )
    if len(found.trade.held) == 1:
        lines += _prices(found)
    return lines


def _prices(found: Frontier) -> Iterator[str]:
    """Say what the last points cost, and the step on each side of the knee."""
    points, axis = found.points, found.trade.held[0]
    if len(points) < 2 or points[0].values[0] <= points[-1].values[0]:
        return
    ends = [points[0], *([found.knee] if found.knee else []), points[-1]]
    for one, other in pairwise(dict.fromkeys(point.name for point in ends)):
        looser = next(p for p in points if p.name == one)
        tighter = next(p for p in points if p.name == other)
        yield _(
            "From {looser} to {tighter}, {axis} from {before:.1f} to {after:.1f} %: "
            "{price}."
        ).format(
            looser=one,
            tighter=other,
            axis=axis.short(),
            before=looser.values[0],
            after=tighter.values[0],
            price=_paid(found, looser.first, tighter.first, looser.cost, tighter.cost),
        )
    span = points[0].values[0] - points[-1].values[0]
    sizes = [5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]
    size = next((x for x in sizes if x <= span / 2), None)
    if size is None:
        return
    end = points[-1]
    value = [p.values[0] for p in reversed(points)]
    there = end.values[0] + size
    first = float(np.interp(there, value, [p.first for p in reversed(points)]))
    cost = float(np.interp(there, value, [p.cost for p in reversed(points)]))
    yield _("The last {size:g} points of {axis} cost {price}.").format(
        size=size,
        axis=axis.short(),
        price=_paid(found, first, end.first, cost, end.cost),
    )


def _paid(found: Frontier, first: float, then: float, cost: float, after: float) -> str:
    """Word a price: km a year and currency a year, or currency alone."""
    money = _("{cost:,.0f} {currency} a year").format(
        cost=after - cost, currency=found.currency
    )
    if found.trade.first == "travel" and then > first:
        return _("{km:,.0f} km a year ({money})").format(km=then - first, money=money)
    return money
