"""What a plan costs in changes of rules, counted from the judge's numbers alone."""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter

import numpy as np

from planner.evaluate.pairs import Pairs
from planner.evaluate.recount import Recount
from planner.rounding import highest, lowest
from planner.scenario import Scenario
from planner.tables import Tables, matches, parse_skills


def cheapest_change(
    scenario: Scenario, tables: Tables, price: dict[str, float | None]
) -> float:
    """
    Least price of changes over every plan; inf where no change is enough.

    Parameters
    ----------
    price
        Rule, such as ``limits[0]`` -> price of one unit of change; None: never.
    """
    count = Recount(scenario.model_copy(update={"together": []}), tables)
    m, n = count.nobody, len(count.accounts)
    pairs = count.pairs(np.arange(n))
    least = math.inf
    for one in itertools.product(range(m), repeat=n):
        plan = np.array(one)
        cost = _of_roads(scenario, count, pairs, price, plan)
        cost += _of_rows(scenario, count, pairs, price, plan)
        if cost < least:
            least = min(least, cost + _of_pairs(scenario, tables, price, plan))
    return least


def _of_pairs(
    scenario: Scenario,
    tables: Tables,
    price: dict[str, float | None],
    plan: np.ndarray,
) -> float:
    """Add up what one plan breaks of the rules on accounts and reps."""
    units: Counter[str] = Counter()
    accounts, reps = tables.accounts, tables.reps
    ids = accounts.index.to_numpy(object)
    rep_ids = reps.index.to_numpy(object)[plan]
    for name, forbids in (("pins", False), ("forbid", True)):
        for index, pin in enumerate(getattr(scenario, name)):
            covered = (
                np.isin(ids, pin.accounts)
                if pin.accounts is not None
                else matches(accounts, pin.where or [])
            )
            named = np.isin(rep_ids, pin.reps)
            units[f"{name}[{index}]"] += int((covered & (named == forbids)).sum())
    owner = accounts["owner"].to_numpy(object)
    away = np.isin(owner, reps.index) & (owner != rep_ids)
    if scenario.protect.field:
        units["protect.field"] += int(
            (accounts["protected"].to_numpy(bool) & away).sum()
        )
    for index, conditions in enumerate(scenario.protect.where):
        covered = matches(accounts, conditions)
        units[f"protect.where[{index}]"] += int((covered & away).sum())
    grade, rep_grade = accounts["grade"].to_numpy(), reps["grade"].to_numpy()[plan]
    for one, row in scenario.fit.items():
        for other, cost in row.items():
            if cost == "never":
                used = (grade == one) & (rep_grade == other)
                units[f"fit.{one}.{other}"] += int(used.sum())
    granted: dict[tuple[str, str], int] = {}
    for text, rep in zip(accounts["skills"], rep_ids, strict=True):
        held = parse_skills(reps.loc[rep, "skills"])
        for skill, level in parse_skills(text).items():
            if held.get(skill, 0) < level:
                granted[rep, skill] = max(level, granted.get((rep, skill), 0))
    units["skills"] += len(granted)
    for name in ("together", "apart"):
        for index, entry in enumerate(getattr(scenario, name)):
            labels = accounts[entry.column].to_numpy(object)
            for label in set(labels) - {""}:
                served = Counter(plan[labels == label].tolist())
                alone = max(served.values()) if name == "together" else len(served)
                units[f"{name}[{index}]"] += sum(served.values()) - alone
    return sum(_times(price[rule], amount) for rule, amount in units.items() if amount)


def _times(price: float | None, amount: float) -> float:
    return math.inf if price is None else price * amount


def _of_roads(
    scenario: Scenario,
    count: Recount,
    pairs: Pairs,
    price: dict[str, float | None],
    plan: np.ndarray,
) -> float:
    limit = scenario.travel.max_km
    if limit is None:
        return 0.0
    each = np.arange(len(plan))
    km = np.broadcast_to(pairs.km, pairs.eligible.shape)[each, plan]
    ids, reps = count.accounts.index, count.reps.index
    kept = np.zeros(
        len(plan), dtype=bool
    )  # still pinned to this rep: no matter how far
    for pin in scenario.pins:
        kept |= np.isin(ids, pin.accounts or []) & np.isin(reps[plan], pin.reps or [])
    over = np.where(kept, 0.0, km - limit).max(initial=0.0)
    return _times(price["travel.max_km"], over) if over > 0 else 0.0


def _of_rows(
    scenario: Scenario,
    count: Recount,
    pairs: Pairs,
    price: dict[str, float | None],
    plan: np.ndarray,
) -> float:
    total, widths = 0.0, Counter()
    each, shape = np.arange(len(plan)), pairs.eligible.shape
    for row in count.rows:
        if row.price is not None:
            continue
        amount = np.broadcast_to(pairs.amounts[row.quantity], shape)[each, plan]
        load = int(amount[np.isin(plan, row.reps)].sum())
        over = 0 if row.high is None else max(0, load - row.high)
        outside = over + max(0, row.low - load)
        if not outside:
            continue
        if row.family.startswith("balance"):
            entry = scenario.balance[int(row.family[8:-1])]
            scale = count.scales[entry.measure]
            target = float(count.own[entry.measure].sum()) / count.nobody
            steps = _steps(target, entry.tolerance, scale, load)
            widths[row.family] = max(widths[row.family], steps)
        else:
            scale = count.scales.get(row.quantity[1], 1)
            if row.quantity[1] == "moved_value":
                scale = count.value_scale
            total += _times(price[row.family], outside / scale)
    return total + sum(_times(price[rule], x / 10) for rule, x in widths.items())


def _steps(target: float, tolerance: float, scale: int, load: int) -> int:
    """Tenths of a percentage point by which a tolerance must be wider for a load."""

    def enough(steps: int) -> bool:
        width = tolerance + steps / 1000
        low, high = target * (1 - width), target * (1 + width)
        return lowest(low, scale) <= load <= highest(high, scale)

    most = 1
    while not enough(most):
        most *= 2
    return bisect.bisect_left(range(most), True, key=enough)
