"""Where to put reps: choose bases, give them the accounts, and choose again."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.compile import Compiled, compile_opening, compile_problem
from planner.geo.planar import planar_metres
from planner.problem import Problem, Row, evaluate
from planner.rounding import to_integers
from planner.scenario import Scenario
from planner.solvers.result import Prices, Result, Status, Watch
from planner.solvers.siting.adapter import rows_of_sites
from planner.solvers.siting.choose import Choice, choose_sites, relocated
from planner.solvers.siting.halves import fair_parts, grown, sites_of_parts
from planner.solvers.siting.prices import SitePrices
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart
from planner.tables import Tables
from planner.words import _

Bools = NDArray[np.bool_]
Positions = NDArray[np.intp]

SITES_SHARE, TRY_SHARE = 0.5, 0.06
"""Shares of the time: for choosing bases; for accounts at one set of them."""
ROUNDS = 4
"""Times that the bases are moved to where their accounts want them, at most."""
CLOSER = 0.8
"""A bound by search alone is taken where it leaves this share of the gap, or less."""


@dataclass(frozen=True, eq=False)
class OpenBases:
    """
    What was chosen, and what is proven about the choice.

    Attributes
    ----------
    opened
        Whether each of `Tables.bases` is open, shape (m,).
    unit_ids
        Labels of the units that the prices are of.
    prices
        See `SitePrices`.
    bound, bound_by
        Lower limit over all choices, in steps of cost: "dual", by the prices, or
        "solver", by a search that is not checked again.
    """

    opened: Bools
    unit_ids: tuple[str, ...]
    prices: SitePrices
    bound: int
    bound_by: str


@dataclass(frozen=True, eq=False)
class Found:
    """Bases chosen and the best plan with them; without a plan, why."""

    bases: OpenBases | None
    tables: Tables
    compiled: Compiled
    result: Result | None
    reasons: tuple[str, ...]
    infeasible: bool


def opened_tables(tables: Tables, opened: Bools) -> Tables:
    """Return tables whose reps are the open bases; `bases` and distances keep all."""
    return replace(tables, reps=tables.reps[opened])


def opening_cost(tables: Tables, scale: int) -> int:
    """Cost of the bases that are open and not kept, in steps; 0 without bases."""
    if tables.bases is None:
        return 0
    steps = to_integers(tables.bases["cost"].to_numpy(float), scale)
    return int(steps[tables.bases.index.isin(tables.reps.index)].sum())


def find_bases(
    scenario: Scenario,
    tables: Tables,
    near: Collection[str],
    watch: Watch,
) -> Found:
    """
    Choose bases, within most of the time.

    Parameters
    ----------
    tables
        As read: with every base among the reps.
    near
        Ids of bases that are tried, with more of them where that is too few.
    watch
        Of the whole solve.
    """
    compiled = compile_opening(tables, scenario)
    problem, settings, bases = compiled.problem, scenario.solve, scenario.bases
    assert bases is not None
    if compiled.impossible or not_enough(problem):
        why = _reasons(compiled)
        return Found(None, tables, compiled, None, why, True)
    first = _first_sites(compiled)
    known = tables.reps.index.isin(list(near))
    assert problem.opening is not None
    if 0 < known.sum() <= problem.opening.count:
        first = grown(problem, known)
    part = watch.part(SITES_SHARE)
    # What a search for sites alone calls its cost is not that of a plan.
    part.tell = lambda moment: watch.tell(moment._replace(cost=math.inf))
    choice = choose_sites(
        problem,
        first,
        part,
        gap=settings.gap,
        seed=settings.seed,
        threads=settings.threads,
    )
    if choice.infeasible:
        return Found(None, tables, compiled, None, _reasons(compiled), True)
    if near and not any((one == first).all() for one in choice.sets):
        choice = replace(choice, sets=(*choice.sets, first))
    return _Trial(scenario, tables, compiled, watch).run(choice)


def _first_sites(compiled: Compiled) -> Bools:
    """Sites of fair parts of the map, by what the rows of single reps count first."""
    problem, pairs = compiled.problem, compiled.pairs
    assert problem.opening is not None
    places, place = pairs.account_places, np.zeros((len(pairs.account_places), 2))
    if np.isfinite(places).all(axis=1).any():
        place = planar_metres(places[:, 1], places[:, 0])
    rows, load = rows_of_sites(problem)[0], np.ones(len(place))
    for index in (*rows.hard, *rows.priced)[:1]:
        load = pairs.own.get(problem.measures[problem.rows[index].measure], load)
    loads = np.bincount(compiled.unit_of, load, problem.n).astype(float)
    first = np.unique(compiled.unit_of, return_index=True)[1]
    parts = fair_parts(place[first], loads, problem.opening.count)
    return sites_of_parts(problem, parts)


class _Trial:
    """Gives accounts to sets of bases, and bases to sets of accounts."""

    def __init__(
        self,
        scenario: Scenario,
        tables: Tables,
        compiled: Compiled,
        watch: Watch,
    ) -> None:
        self.scenario, self.tables, self.compiled = scenario, tables, compiled
        self.watch = watch
        self.seconds = max(1e-3, watch.time_limit * TRY_SHARE)
        self.cost, self.opened = math.inf, np.zeros(compiled.problem.m, dtype=bool)
        self.result: Result | None = None
        self.known: set[bytes] = set()
        self.lowest = 0

    def run(self, choice: Choice) -> Found:
        """Try the sets of a choice, then move the bases of the best."""
        self.lowest = lowest = max(choice.bound, choice.prices.bound)
        self.opened = choice.sets[0]
        for opened in choice.sets:
            if self.cost > lowest and (self.watch.left > 0 or self.result is None):
                self._assign(opened)
        for _round in range(ROUNDS):
            if self.result is None or self.cost <= lowest or self.watch.left <= 0:
                break
            cost = self.cost
            self._assign(self._moved())
            if self.cost >= cost:
                break
        return self._found(choice)

    def _moved(self) -> Bools:
        assert self.result is not None
        number = np.append(np.flatnonzero(self.opened), self.compiled.problem.m)
        rep_of = number[_rep_of(self.result)]
        return relocated(self.compiled.problem, self.opened, rep_of)

    def _assign(self, opened: Bools) -> None:
        """Solve with these bases for a while; keep the plan if it is the best."""
        if opened.tobytes() in self.known:
            return
        self.known.add(opened.tobytes())
        tables = opened_tables(self.tables, opened)
        compiled = compile_problem(tables, self.scenario)
        limit = min(self.seconds, max(self.watch.left, 1e-3))
        result = solve_problem(
            compiled.problem,
            self.scenario.with_solve(time_limit=limit).solve,
            impossible=compiled.impossible,
            interrupted=self.watch.interrupted,
        )
        if result.arcs is None:
            return
        cost = evaluate(result.problem, result.arcs).cost
        cost += opening_cost(tables, compiled.problem.cost_scale)
        self.watch.report("bases", float(cost), self.lowest)
        if cost < self.cost:
            self.cost, self.opened = cost, opened
            self.result = result

    def _found(self, choice: Choice) -> Found:
        problem = self.compiled.problem
        prices = replace(choice.prices, dropped=self._dropped(choice.prices.dropped))
        bound, by = prices.bound, "dual"
        closer = self.cost - choice.bound <= CLOSER * (self.cost - bound)
        if choice.bound > bound and (closer or self.result is None):
            bound, by = choice.bound, "solver"
        if bound <= 0:
            bound, by = 0, "trivial"
        chosen = OpenBases(self.opened, problem.unit_ids, prices, bound, by)
        tables = opened_tables(self.tables, self.opened)
        compiled = compile_problem(tables, self.scenario)
        return Found(chosen, tables, compiled, self.result, (), False)

    def _dropped(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Add what the problem of opening leaves out already."""
        scenario, rows = self.scenario, self.compiled.problem.rows
        held = {row.id.partition("/")[0] for row in rows}
        keys = [f"balance[{index}]" for index in range(len(scenario.balance))]
        more = [key for key in keys if key not in held]
        if scenario.unit == "region":
            areas = scenario.areas
            if areas.contiguous:
                more.append("contiguity")
            if areas.compactness is not None and areas.compactness.to != "base":
                more.append("compactness")
            if areas.cut_edges is not None:
                more.append("cut_edges")
        if "handover" in self.compiled.problem.terms and self._owners_may_return():
            more.append("handover")
        return tuple(dict.fromkeys([*names, *more]))

    def _owners_may_return(self) -> bool:
        """Whether a candidate that is not kept owns accounts today."""
        bases, owners = self.tables.bases, self.tables.accounts["owner"]
        assert bases is not None
        free = bases.index[~bases["kept"].to_numpy(bool)]
        return bool(owners.isin(free).any())


def with_bases(result: Result, bases: OpenBases) -> Result:
    """Put the bound over all choices of bases in the place of that with these."""
    if result.cost < math.inf and result.cost <= bases.bound:
        status = Status.OPTIMAL
    else:
        status = result.status if result.arcs is None else Status.FEASIBLE
    return replace(result, status=status, bound=bases.bound, bound_by=bases.bound_by)


def with_opening(result: Result, cost: int) -> Result:
    """Add what the open bases cost to cost and bound."""
    return replace(result, cost=result.cost + cost, bound=result.bound + cost)


def without_plan(found: Found, scenario: Scenario, seconds: float) -> Result:
    """Return the result of a choice that no plan goes with."""
    none = Prices({}, 1, 0)
    return Result(
        status=Status.INFEASIBLE,
        problem=found.compiled.problem,
        arcs=None,
        cost=math.inf,
        bound=0,
        bound_by="trivial",
        prices=none,
        row_prices=none,
        method="bases",
        why=_("proven before any account was given"),
        seed=scenario.solve.seed,
        seconds=seconds,
        stopped_by="proof",
    )


def start_of(found: Found) -> WarmStart | None:
    """Return the plan found while choosing, to go on from."""
    return None if found.result is None else WarmStart(_rep_of(found.result))


def _rep_of(result: Result) -> Positions:
    """Rep of each unit (m: nobody), shape (n,)."""
    assert result.arcs is not None
    return result.problem.rep[result.arcs].astype(np.intp)


def not_enough(problem: Problem) -> list[tuple[str, int, int]]:
    """Measures of which all bases together can take too little: name, need, room."""
    assert problem.opening is not None
    opening, found = problem.opening, []
    served = problem.rep < problem.m
    stays = np.ones(problem.n, dtype=bool)
    stays[problem.unit[~served]] = False
    for measure, name in enumerate(problem.measures):
        highs = np.full(problem.m, np.inf)
        for site, own in enumerate(rows_of_sites(problem)):
            for index in own.hard:
                row: Row = problem.rows[index]
                if row.measure == measure and row.high is not None:
                    highs[site] = min(highs[site], row.high)
        least = np.full(problem.n, np.inf)
        np.minimum.at(least, problem.unit[served], problem.demand[measure][served])
        # Units without any arc are told of by themselves.
        need = float(least[stays & np.isfinite(least)].sum())
        free = np.sort(highs[~opening.kept])[::-1]
        room = highs[opening.kept].sum()
        room += free[: opening.count - int(opening.kept.sum())].sum()
        if need > room:
            found.append((name, int(need), int(room)))
    return found


def _reasons(compiled: Compiled) -> tuple[str, ...]:
    """Say why no choice of bases can serve all accounts."""
    problem = compiled.problem
    assert problem.opening is not None
    lines = []
    for name, need, room in not_enough(problem):
        scale = problem.scales[problem.measures.index(name)]
        lines.append(
            _(
                "{n:,} open bases can take {room:,.10g} {measure} at most, and "
                "{need:,.10g} are needed. Open more, raise the limit, or offer "
                "candidates that can take more."
            ).format(
                n=problem.opening.count,
                room=room / scale,
                measure=name,
                need=need / scale,
            )
        )
    if compiled.impossible:
        names = list(compiled.impossible)
        lines.append(
            _(
                "No candidate base may serve {ids} ({n:,} in all). Look at skills, "
                "fit, pins, travel.max_km and the limits of a single rep."
            ).format(ids=", ".join(names[:5]), n=len(names))
        )
    if not lines:
        lines.append(
            _(
                "No {n:,} of the {m:,} bases can serve all accounts within the limits "
                "of single reps. Open more, or relax the limits."
            ).format(n=problem.opening.count, m=problem.m)
        )
    return tuple(lines)
