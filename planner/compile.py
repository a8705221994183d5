"""Tables + scenario -> Problem: the only bridge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.arcs import Arcs, arcs_of_plan, in_rows
from planner.compile_areas import areas_of
from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.problem import Opening, Problem, Row, Split
from planner.rounding import highest, lowest, to_integers
from planner.scenario import Condition, Scenario
from planner.scenario.rules import Balance, Limit
from planner.source import ArcSource
from planner.tables import Tables, matches
from planner.words import _

PAIRS_PER_BLOCK = 2_000_000
"""Pairs priced at once: some 100 MB, whatever the size of the tables."""

SPARSE_PAIRS = 20_000_000
"""Tables with more account-rep pairs hold only promising arcs, and an `ArcSource`."""
HELD = 16
"""Arcs held of each unit to begin with; the dual chooses again by its prices."""

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Compiled:
    """
    A Problem and how it hangs together with the tables.

    Attributes
    ----------
    problem
        The canonical question.
    pairs
        Prices single accounts with single reps.
    unit_of
        Unit of each row of `pairs.accounts`, shape (rows,).
    impossible
        Labels of units that no rep may serve, with the reason.
    """

    problem: Problem
    pairs: Pairs
    unit_of: Positions
    impossible: dict[str, str]


def compile_problem(tables: Tables, scenario: Scenario) -> Compiled:
    """
    Turn clean tables and a scenario into the canonical problem.

    Raises
    ------
    PlannerError
        If totals are too large to be added exactly.
    """
    return _compiled(Pairs(tables, scenario), scenario, None)


def compile_plan(tables: Tables, scenario: Scenario, owner: pd.Series) -> Compiled:
    """
    Compile a plan to be counted, not to be solved again: only its own pairs are held.

    Parameters
    ----------
    owner
        ``rep_id`` by ``account_id``, "" = left out; see `reps_of_units`.
    """
    return _compiled(Pairs(tables, scenario), scenario, None, owner)


def compile_opening(tables: Tables, scenario: Scenario) -> Compiled:
    """
    Return the problem over all candidate bases, of which some are to be opened.

    Of balance it has what does not depend on which are open: equal bands per rep, where
    exactly so many are. Contiguity and all other rules of a map are not in it.

    Parameters
    ----------
    tables
        As read: with every base among the reps.
    scenario
        With one number in ``bases.open``.

    Raises
    ------
    PlannerError
        If there are too many pairs of accounts and candidates to compare all.
    """
    bases, every = scenario.bases, tables.bases
    assert bases is not None
    assert every is not None
    pairs = Pairs(vacant(tables), scenario)
    units = len(units_of(pairs.accounts, scenario)[1])
    if units * pairs.m > SPARSE_PAIRS:
        raise PlannerError(
            _(
                "{n:,} accounts or regions x {m:,} candidate bases are more than "
                "{most:,} pairs. Take fewer candidates: a shorter table, or "
                "bases.where."
            ).format(n=units, m=pairs.m, most=SPARSE_PAIRS)
        )
    pools = int(pairs.is_pool.sum())  # they stand last, and are open in any case
    cost = to_integers(every["cost"].to_numpy(float), pairs.cost_scale)
    opening = Opening(
        bases.count + pools,
        bases.exactly,
        np.append(cost, np.zeros(pools, dtype=np.int64)),
        np.append(every["kept"].to_numpy(bool), np.ones(pools, dtype=bool)),
    )
    return _compiled(pairs, scenario, opening)


def vacant(tables: Tables) -> Tables:
    """
    Return tables in which only pools and reps with kept bases own anything today.

    Whether another base is that of an owner depends on what is opened.
    """
    assert tables.bases is not None
    stay = tables.bases.index[tables.bases["kept"].to_numpy(bool)]
    stay = stay.union(tables.reps.index.difference(tables.bases.index))
    frames: dict[str, Any] = {"accounts": tables.accounts, "regions": tables.regions}
    for name, frame in frames.items():
        if frame is not None and "owner" in frame:
            owner = frame["owner"].where(frame["owner"].isin(stay), "")
            frames[name] = frame.assign(owner=owner)
    return replace(tables, accounts=frames["accounts"], regions=frames["regions"])


def _compiled(
    pairs: Pairs,
    scenario: Scenario,
    opening: Opening | None,
    owner: pd.Series | None = None,
) -> Compiled:
    unit_of, labels = units_of(pairs.accounts, scenario)
    rows = tuple(rows_of(pairs, scenario, opening))
    splits = tuple(_splits(pairs, scenario, unit_of))
    apart = tuple(_apart(pairs.accounts, scenario, unit_of))
    caps, source = largest_demands(pairs, rows), None
    dropped: dict[int, str] = {}
    chosen = np.arange(len(labels))
    if _is_large(pairs) and opening is None and owner is None:
        complete = np.bincount(unit_of) > 1
        for units in (*(split.units for split in splits), *apart):
            complete[units] = True
        source = ArcSource(pairs, unit_of, caps, complete)
        chosen = np.flatnonzero(complete)
    if owner is None:
        parts = list(_arcs(pairs, unit_of, chosen, caps, dropped))
    else:
        parts = [arcs_of_plan(owner, pairs, unit_of, caps)]
    if source is not None:
        each = np.zeros((len(pairs.measures), pairs.m + 1))
        parts += source.cheapest(each, HELD)
    start, arcs = in_rows(parts, len(labels))
    areas = None
    if scenario.unit == "region" and opening is None:
        may = _may_have_regions(pairs, unit_of, [arcs])
        if owner is not None and not may.all():  # of the others no pair is held
            others = np.flatnonzero(~may)
            priced = _arcs(pairs, unit_of, chosen, caps, dropped, others)
            may |= _may_have_regions(pairs, unit_of, priced)
        areas = areas_of(pairs, unit_of, may)
    problem = Problem(
        unit_ids=labels,
        rep_ids=tuple(pairs.reps.index),
        start=start,
        rep=arcs.rep,
        terms=pairs.terms,
        cost=arcs.cost,
        measures=pairs.measures,
        scales=pairs.scales,
        demand=arcs.demand,
        rows=rows,
        splits=splits,
        apart=apart,
        cost_scale=pairs.cost_scale,
        source=source,
        areas=areas,
        opening=opening,
    )
    empty = np.flatnonzero(np.diff(start) == 0)
    impossible = {labels[u]: dropped.get(int(u), "rules") for u in empty}
    return Compiled(problem, pairs, unit_of, impossible)


def _may_have_regions(
    pairs: Pairs, unit_of: Positions, parts: Iterable[Arcs]
) -> NDArray[np.bool_]:
    """Whether each rep may have a region, by some eligible pairs, shape (m,)."""
    on_map = np.zeros(int(unit_of.max(initial=-1)) + 1, dtype=bool)
    on_map[unit_of[pairs.is_region]] = True
    found = np.zeros(pairs.m + 1, dtype=bool)
    for part in parts:
        found[part.rep[on_map[part.unit]]] = True
    return found[: pairs.m]


def units_of(
    accounts: pd.DataFrame, scenario: Scenario
) -> tuple[Positions, tuple[str, ...]]:
    """
    Join accounts that must stay together; units keep the order of the table.

    By regions, a region and the accounts in it are one.
    """
    n = len(accounts)
    sets = [
        members
        for one in scenario.together
        if one.price is None
        for _label, members in groups_of(accounts, one.column, one.where)
    ]
    if scenario.unit == "region":
        sets += [members for _label, members in groups_of(accounts, "area")]
    ends: list[Positions] = [np.empty(0, dtype=np.intp)]
    heads: list[Positions] = [np.empty(0, dtype=np.intp)]
    for members in sets:
        ends.append(members[1:])
        heads.append(np.repeat(members[:1], len(members) - 1))
    i, j = np.concatenate(heads), np.concatenate(ends)
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    _, first, unit_of = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    labels = tuple(accounts.index[np.sort(first)])
    return rank[unit_of], labels


def groups_of(
    accounts: pd.DataFrame, column: str, where: Sequence[Condition] = ()
) -> Iterator[tuple[str, Positions]]:
    """
    Yield each nonblank label, in order, and the positions of its accounts: two or more.

    Only accounts for which the conditions hold count.
    """
    text = accounts[column].astype(str)
    if where:
        text = text.where(matches(accounts, where), "")
    for label, members in text.groupby(text).indices.items():
        if str(label).strip() and len(members) > 1:
            yield str(label), np.sort(np.asarray(members, dtype=np.intp))


def _is_large(pairs: Pairs) -> bool:
    """Whether not all arcs are held: only a distance table names all that count."""
    only_listed = pairs.scenario.travel.missing_pairs == "forbid" and len(pairs.listed)
    by_region = pairs.scenario.unit == "region"  # connected plans need every arc
    many = len(pairs.accounts) * pairs.m > SPARSE_PAIRS
    return many and not only_listed and not by_region


def _arcs(
    pairs: Pairs,
    unit_of: Positions,
    chosen: Positions,
    caps: NDArray[np.int64],
    dropped: dict[int, str],
    reps: Positions | None = None,
) -> Iterator[Arcs]:
    """
    Price all pairs of some units in blocks of whole units; yield what is eligible.

    With all reps and nobody, or with some reps.

    Units whom only a hard high bars from every rep are noted in `dropped`.
    """
    reps = np.arange(pairs.m + 1) if reps is None else reps
    order = np.argsort(unit_of, kind="stable")
    begins = np.searchsorted(unit_of[order], np.arange(unit_of.max(initial=-1) + 2))
    rows_of_unit = -(-len(unit_of) // max(1, len(begins) - 1))
    units_at_once = max(1, PAIRS_PER_BLOCK // (len(reps) * max(1, rows_of_unit)))
    for first in range(0, max(len(chosen), 1), units_at_once):
        units = chosen[first : first + units_at_once]
        size = begins[units + 1] - begins[units]
        edges = np.cumsum(size) - size
        lines = np.repeat(begins[units] - edges, size) + np.arange(size.sum())
        block = pairs.price(order[lines][:, None], reps[None])
        cost, demand, ruled = block.cost, block.demand, block.eligible
        if len(lines) > len(units):
            cost = np.add.reduceat(cost, edges, axis=1)
            demand = np.add.reduceat(demand, edges, axis=1)
            ruled = np.logical_and.reduceat(ruled, edges, axis=0)
        eligible = ruled & (demand <= caps[:, reps][:, None]).all(axis=0)
        for u in np.flatnonzero(ruled.any(axis=1) & ~eligible.any(axis=1)):
            dropped[int(units[u])] = "size"
        at = np.flatnonzero(eligible)
        unit, rep = np.divmod(at, len(reps))
        cost, demand = (
            each.reshape(len(each), eligible.size) for each in (cost, demand)
        )
        if len(at) < eligible.size:
            cost, demand = cost[:, at], demand[:, at]
        yield Arcs(units[unit], reps.astype(np.int32)[rep], cost, demand)


def largest_demands(pairs: Pairs, rows: tuple[Row, ...]) -> NDArray[np.int64]:
    """Largest demand per measure and rep that a hard row leaves any room for."""
    caps = np.full((len(pairs.measures), pairs.m + 1), np.iinfo(np.int64).max)
    for row in rows:
        if row.price is None and row.high is not None:
            caps[row.measure, row.reps] = np.minimum(
                caps[row.measure, row.reps], row.high
            )
    return caps


def rows_of(
    pairs: Pairs, scenario: Scenario, opening: Opening | None = None
) -> Iterator[Row]:
    """Yield every limit, balance band and budget, as a row each per set of reps."""
    everyone = np.arange(pairs.m + 1)
    yield from _pool_rows(pairs, scenario)
    for index, limit in enumerate(scenario.limits):
        for label, reps in _rep_sets(pairs, limit):
            yield _limit_row(pairs, limit, f"limits[{index}]/{label}", reps)
    for index, balance in enumerate(scenario.balance):
        known = balance.target == "equal" and balance.per == "rep"
        if opening is None:
            yield from _balance_rows(pairs, balance, f"balance[{index}]", 0)
        elif known and opening.exactly and not scenario.areas.set_apart:
            closed = pairs.m - opening.count
            yield from _balance_rows(pairs, balance, f"balance[{index}]", closed)
    for index, budget in enumerate(scenario.budgets):
        scale = pairs.scale_of(budget.of)
        amount = budget.amount
        if budget.share is not None:
            whole = {
                "moved_accounts": float((~pairs.is_region).sum()),
                "moved_regions": float(pairs.is_region.sum()),
                "moved_value": float(pairs.accounts["value"].sum()),
            }
            amount = budget.share * whole[budget.of]
        assert amount is not None
        measure = pairs.measures.index(budget.of)
        high = highest(amount, scale)
        yield Row(f"budgets[{index}]", measure, everyone, 0, high, None)


def _pool_rows(pairs: Pairs, scenario: Scenario) -> Iterator[Row]:
    """Caps of the pools themselves."""
    for index, pool in enumerate(scenario.pools):
        at = np.flatnonzero(pairs.reps.index == pool.id)
        caps = ((scenario.capacity_measure, pool.capacity),)
        for measure, most in (*caps, ("accounts", pool.max_accounts)):
            if most is not None:
                high = highest(float(most), pairs.scale_of(measure))
                row_id = f"pools[{index}]/{measure}"
                yield Row(row_id, pairs.measures.index(measure), at, 0, high, None)


def _rep_sets(pairs: Pairs, rule: Limit | Balance) -> Iterator[tuple[str, Positions]]:
    """Label and reps of each set that a limit or a balance speaks of."""
    chosen = ~pairs.is_pool[:-1]  # a pool counts where it is named, or its team
    if isinstance(rule, Limit):
        if rule.reps is not None or rule.teams is not None:
            chosen = np.ones(pairs.m, dtype=bool)
        if rule.reps is not None:
            chosen &= pairs.reps.index.isin(rule.reps)
        if rule.teams is not None:
            chosen &= pairs.reps["team"].isin(rule.teams).to_numpy(bool)
    at = np.flatnonzero(chosen)
    if rule.per == "all":
        yield "all", at
    elif rule.per == "rep":
        for r in at:
            yield str(pairs.reps.index[int(r)]), np.array([r])
    else:
        teams = pairs.reps["team"].iloc[at]
        for team, members in teams.groupby(teams).indices.items():
            if team:
                yield f"team:{team}", at[members]


def _limit_row(pairs: Pairs, limit: Limit, row_id: str, reps: Positions) -> Row:
    scale = pairs.scale_of(limit.measure)
    ends = [_end(pairs, end, reps) for end in (limit.low, limit.high)]
    low = 0 if ends[0] is None else lowest(ends[0], scale)
    high = None if ends[1] is None else highest(ends[1], scale)
    return Row(row_id, pairs.measures.index(limit.measure), reps, low, high, None)


def _end(pairs: Pairs, end: float | str | None, reps: Positions) -> float | None:
    if end is None or isinstance(end, (int, float)):
        return end
    values = pairs.reps[end].to_numpy(float)[reps]
    if len(reps) == 1 and np.isnan(values[0]):
        return None
    return float(np.nansum(values))


def balance_targets(
    pairs: Pairs, balance: Balance, key: str, closed: int = 0
) -> Iterator[tuple[str, Positions, float]]:
    """
    Yield label, reps and target of each rep (or team) that a balance looks at.

    Parameters
    ----------
    key
        Of the rule, as messages name it: ``balance[0]``.
    closed
        So many of the reps have no part in the target.

    Raises
    ------
    PlannerError
        If the reps' weights add up to nothing.
    """
    weights = np.ones(pairs.m)
    if balance.target != "equal":
        weights = np.nan_to_num(pairs.reps[balance.target].to_numpy(float))
    weights[pairs.is_pool[:-1]] = 0.0
    if pairs.is_pool[:-1].all():
        return
    if not weights.sum() > 0:
        raise PlannerError(
            _(
                "{key}: the reps' {field!r} add up to 0, so there is no target. Fill "
                'the column, or use target = "equal".'
            ).format(key=key, field=balance.target)
        )
    weights[pairs.is_apart[:-1]] = 0.0  # what is set apart takes no part in balance
    total = float(pairs.own[balance.measure][pairs.apart_rep < 0].sum()) * balance.part
    whole = weights.sum() - closed
    for label, reps in _rep_sets(pairs, balance):
        reps = reps[~pairs.is_apart[reps]]
        if len(reps):
            yield label, reps, float(total * weights[reps].sum() / whole)


def _balance_rows(
    pairs: Pairs, balance: Balance, prefix: str, closed: int
) -> Iterator[Row]:
    """Bands around the target, which `closed` of the reps have no part in."""
    scale = pairs.scale_of(balance.measure)
    measure = pairs.measures.index(balance.measure)
    for label, reps, target in balance_targets(pairs, balance, prefix, closed):
        ends = (target * (1 - balance.tolerance), target * (1 + balance.tolerance))
        price = None
        if balance.hard:
            low, high = lowest(ends[0], scale), highest(ends[1], scale)
        else:
            low, high = (int(end) for end in to_integers(ends, scale))
            price = int(to_integers(balance.price / scale, pairs.cost_scale))
        yield Row(f"{prefix}/{label}", measure, reps, max(0, low), high, price)


def _splits(pairs: Pairs, scenario: Scenario, unit_of: Positions) -> Iterator[Split]:
    for index, together in enumerate(scenario.together):
        if together.price is None:
            continue
        labels = np.arange(pairs.m)
        if together.label == "team":
            team = pairs.reps["team"]
            own = team.where(team != "", "\0" + team.index.astype(str))
            labels = pd.factorize(own)[0]
        price = int(to_integers(together.price, pairs.cost_scale))
        groups = groups_of(pairs.accounts, together.column, together.where)
        for _label, members in groups:
            units = np.unique(unit_of[members])
            if len(units) > 1:
                yield Split(f"together[{index}]", units, labels, price)


def _apart(
    accounts: pd.DataFrame, scenario: Scenario, unit_of: Positions
) -> Iterator[Positions]:
    """Units that must not share a rep; a unit twice in a set can never be placed."""
    for apart in scenario.apart:
        for _label, members in groups_of(accounts, apart.column, apart.where):
            yield unit_of[members]
