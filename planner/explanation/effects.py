"""What a single move does by itself, and how the limits of a rep stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.explanation.known import Known
from planner.problem import Row, evaluate


@dataclass(frozen=True)
class Standing:
    """
    How a limit, band or budget stands in the plan; amounts in the measure's unit.

    Attributes
    ----------
    row
        Where it comes from, e.g. ``limits[0]/R07``.
    measure, load
        What it counts, and how much of it there is.
    low, high
        Its ends; None where there is none.
    price
        Currency per unit outside; None: it is hard.
    worth
        Currency a year that one unit more of load here costs the whole plan (below 0:
        saves), by the prices behind the bound; 0: it does not bind.
    """

    row: str
    measure: str
    load: float
    low: float | None
    high: float | None
    price: float | None
    worth: float

    @property
    def binds(self) -> bool:
        """Whether it has a price, or the load is at an end."""
        ends = [end for end in (self.low, self.high) if end is not None]
        full = self.high is not None and self.load >= self.high
        return bool(ends) and (self.worth != 0 or full or self.load < (self.low or 0))


@dataclass(frozen=True)
class Breach:
    """A hard rule that a move breaks: which, of what, by how much more than before."""

    row: str
    measure: str
    by: float


@dataclass(frozen=True)
class Alone:
    """
    What giving a unit to a rep does while all others stay where they are.

    Attributes
    ----------
    change
        Change of the plan's cost in currency.
    terms
        The same by term; terms that do not change are left out.
    breaks
        Hard rules that the plan then breaks; empty: it may be done as it is.
    """

    change: float
    terms: dict[str, float]
    breaks: tuple[Breach, ...]


def standings(known: Known, rep: int) -> list[Standing]:
    """Say how every row of a rep stands, budgets and rows of its team among them."""
    found = []
    for index, row in enumerate(known.standing.rows):
        if rep in row.reps:
            found.append(_standing(known, row, index))
    return found


def _standing(known: Known, row: Row, index: int) -> Standing:
    scale, problem = known.problem.scales[row.measure], known.problem
    return Standing(
        row=row.id,
        measure=problem.measures[row.measure],
        load=int(known.standing.load[index]) / scale,
        low=row.low / scale if row.low > 0 else None,
        high=None if row.high is None else row.high / scale,
        price=None if row.price is None else known.money(row.price * scale),
        worth=known.money(float(known.standing.worth[index]) * scale),
    )


def alone(known: Known, unit: int, rep: int) -> Alone | None:
    """
    Give a unit to a rep, move nobody else, and count the plan again.

    Returns
    -------
    None where the rules do not allow the pair.
    """
    problem = known.problem
    rep_of = known.rep_of.copy()
    rep_of[unit] = rep
    if problem.source is not None:
        problem = problem.source.with_plan(problem, rep_of)
    arcs = problem.arcs_of_or_none(rep_of)
    if arcs is None:
        return None
    before, after = evaluate(known.problem, known.arcs), evaluate(problem, arcs)
    names = dict.fromkeys([*before.terms, *after.terms])
    change = {n: after.terms.get(n, 0) - before.terms.get(n, 0) for n in names}
    rows = {row.id: row for row in problem.rows}
    breaks = []
    for name, steps in after.breaches.items():
        more = steps - before.breaches.get(name, 0)
        if more <= 0:
            continue
        row, scale, measure = rows.get(name), 1, ""
        if row is not None:
            scale, measure = problem.scales[row.measure], problem.measures[row.measure]
        breaks.append(Breach(name, measure, more / scale))
    return Alone(
        known.money(sum(change.values())),
        {name: known.money(steps) for name, steps in change.items() if steps},
        tuple(breaks),
    )


def terms_of(known: Known, unit: int, cost: np.ndarray) -> dict[str, float]:
    """Own cost of a pair by term, in currency; cost in steps, shape (terms,)."""
    return {
        name: known.money(int(steps))
        for name, steps in zip(known.problem.terms, cost, strict=True)
    }
