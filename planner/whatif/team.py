"""One rep fewer, or one more: whom, where, and what the prices say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.compile import Compiled, compile_problem
from planner.errors import PlannerError
from planner.oversize import set_apart
from planner.scenario import Scenario
from planner.scenario.model import MOVED
from planner.solvers.dual import Dual, solve_dual
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import linear_rows
from planner.solvers.start import WarmStart
from planner.tables import Tables
from planner.whatif.places import NewRep, best_places, with_reps_at
from planner.words import _

Floats = NDArray[np.float64]

LOOKED_AT = 4
"""Reps, or places, of the best by fixed prices for which the prices are found anew."""
SECONDS = 30.0
"""Longest time for one set of prices."""


@dataclass(frozen=True, eq=False)
class Team:
    """
    Some reps, and the prices of the question with them.

    Attributes
    ----------
    tables
        The clean tables with these reps.
    compiled, dual
        The question with them, and its prices.
    changed
        What was changed against the team before: ``-R07``, ``+N01``; "" for the first.
    why
        The same in a sentence, with what the prices say.
    at_risk
        Handover of all accounts whose rep was removed, in currency: such accounts
        count as vacant, so no cost of a plan has it.
    """

    scenario: Scenario
    tables: Tables
    compiled: Compiled
    dual: Dual
    changed: str = ""
    why: str = ""
    at_risk: float = 0.0

    @property
    def size(self) -> int:
        """How many reps there are."""
        return len(self.tables.reps)

    @property
    def prices(self) -> Prices:
        """Prices from which a solve can start."""
        return self.dual.certificate

    @cached_property
    def worth(self) -> float:
        """What any plan costs at least by the prices, with the handover at risk."""
        return self.prices.bound / self.compiled.problem.cost_scale + self.at_risk


def team_of(
    scenario: Scenario,
    tables: Tables,
    *,
    start: Prices | None = None,
    at_risk: float = 0.0,
    threads: int = 2,
) -> Team:
    """Compile the question with the reps of the tables, and find its prices."""
    laid_out, asked = set_apart(tables, scenario)
    compiled = compile_problem(laid_out, asked)
    rows, first = linear_rows(compiled.problem), None
    if start is not None:
        nobody = np.full(compiled.problem.n, -1, dtype=np.intp)
        first = WarmStart(nobody, start).row_prices(rows)
    if (compiled.problem.start[:-1] == compiled.problem.start[1:]).any():
        raise PlannerError(
            _(
                "With {n:,} reps some accounts may go to nobody, so prices say "
                "nothing. planner solve names them."
            ).format(n=len(tables.reps))
        )
    dual = solve_dual(
        compiled.problem, rows, Watch(SECONDS), start=first, threads=threads
    )
    return Team(scenario, tables, compiled, dual, at_risk=at_risk)


def one_fewer(team: Team) -> Team:
    """
    Take away the rep without whom a plan costs least, by the prices.

    All are judged at the prices as they are; for the best few the prices are found
    anew, which decides. Reps whom a pin, a limit or the map names by id stay.

    Raises
    ------
    PlannerError
        If nobody may be taken away.
    """
    scores = _losses(team)
    named = _named(team.scenario)
    reps = team.tables.reps.index
    order = [at for at in np.argsort(scores, kind="stable") if reps[at] not in named]
    if not order or team.size < 2:
        raise PlannerError(
            _("No rep can be taken away: rules name each of the {n:,} left.").format(
                n=team.size
            )
        )
    tried = [_without(team, int(at)) for at in order[:LOOKED_AT]]
    found = [one for one in tried if one is not None]
    if not found:
        raise PlannerError(
            _(
                "Without any of the reps {names} some accounts may go to nobody. Add "
                "reps with their skills first."
            ).format(names=", ".join(str(reps[at]) for at in order[:LOOKED_AT]))
        )
    return min(found, key=lambda one: one.worth)


def _without(team: Team, at: int) -> Team | None:
    """The team without one rep; None where accounts are left that nobody may serve."""
    tables, rep = team.tables, str(team.tables.reps.index[at])
    distances = tables.distances
    if distances is not None:
        distances = distances[distances["rep_id"] != rep]
    fewer = replace(tables, reps=tables.reps.drop(rep), distances=distances)
    pairs = team.compiled.pairs
    at_risk = float(pairs.handover[pairs.owner == at].sum()) / pairs.cost_scale
    try:
        left = team_of(
            team.scenario,
            fewer,
            start=team.prices,
            at_risk=team.at_risk + at_risk,
        )
    except PlannerError:
        return None
    why = _(
        "{k} reps: without {rep} ({name}); by the prices a plan costs {cost:,.0f} "
        "{currency} a year more, {at_risk:,.0f} of it handover of the accounts that "
        "become vacant."
    ).format(
        k=left.size,
        rep=rep,
        name=tables.reps.loc[rep, "name"] or rep,
        cost=left.worth - team.worth,
        currency=team.scenario.currency,
        at_risk=at_risk,
    )
    return replace(left, changed=f"-{rep}", why=why)


def _losses(team: Team) -> Floats:
    """What a plan costs more without each rep, at the prices as they are; (m,)."""
    dual, pairs = team.dual, team.compiled.pairs
    problem, rows = dual.problem, dual.rows
    named = {row.id: row for row in problem.rows}
    banded = [(named[row], dual.prices[k]) for k, row in enumerate(rows.ids)]
    priced = rows.cost + rows.matrix @ dual.prices
    moved = np.zeros(len(priced))  # accounts of a rep who is gone do not count as moved
    for row, price in banded:
        if problem.measures[row.measure] in MOVED:
            moved += price * problem.demand[row.measure]
    best = np.minimum.reduceat(priced, problem.start[:-1])
    is_best = priced == best[problem.unit]
    at = np.flatnonzero(is_best)
    first = at[np.searchsorted(at, problem.start[:-1])]
    others = priced.copy()
    others[first] = np.inf
    owner = np.full(problem.n, -1)
    owner[team.compiled.unit_of[::-1]] = pairs.owner[::-1]
    rep = problem.rep[first]
    others -= np.where(owner == rep, 1.0, 0.0)[problem.unit] * moved
    loss = np.minimum.reduceat(others, problem.start[:-1]) - best
    lost = np.bincount(rep, np.minimum(loss, 1e15), minlength=problem.m + 1)[:-1]
    for row, price in banded:  # what the rep's own rows pay back
        if len(row.reps) == 1 and row.reps[0] < problem.m:
            paid = (row.high or 0) * max(price, 0.0) - row.low * max(-price, 0.0)
            lost[row.reps[0]] += paid
    return np.asarray(lost, dtype=float)


def _named(scenario: Scenario) -> set[str]:
    """Ids of reps whom a rule needs."""
    named = {rep for pin in scenario.pins for rep in pin.reps or ()}
    named |= {rep for limit in scenario.limits for rep in limit.reps or ()}
    return named | {*scenario.areas.locked_reps, *scenario.areas.apart.values()}


def one_more(team: Team, like: NewRep, taken: set[str]) -> Team:
    """
    Put one more rep where a plan then costs least, by the prices.

    Parameters
    ----------
    like
        What the rep is like.
    taken
        Ids that are in use; the new one is the first free of N01, N02, ...
    """
    number = 1
    while (new := f"N{number:02d}") in taken | set(team.tables.reps.index):
        number += 1
    rows = best_places(
        team.scenario, team.tables, team.compiled, team.dual, like, LOOKED_AT
    )
    accounts = team.compiled.pairs.accounts
    tried = []
    for row in rows:
        place = accounts.iloc[[row]]
        tables = with_reps_at(team.tables, like, place, [new])
        tried.append(
            team_of(team.scenario, tables, start=team.prices, at_risk=team.at_risk)
        )
    best = min(tried, key=lambda one: one.worth)
    here = best.tables.reps.loc[new]
    why = _(
        "{k} reps: with {rep}, {name} ({latitude:.4f}, {longitude:.4f}); by the prices "
        "a plan costs {cost:,.0f} {currency} a year less."
    ).format(
        k=best.size,
        rep=new,
        name=here["name"],
        latitude=here["latitude"],
        longitude=here["longitude"],
        cost=team.worth - best.worth,
        currency=team.scenario.currency,
    )
    return replace(best, changed=f"+{new}", why=why)
