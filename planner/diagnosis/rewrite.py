"""From changes of rules to the scenario that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from planner.diagnosis.prices import BendPrice
from planner.ruled import BandRule, Rule, Ruled
from planner.scenario import Scenario
from planner.solvers.ruled.bends import TOLERANCE_STEP, Bend, wider
from planner.tables import PREFIX, Tables, fields_of
from planner.tables.skills import with_also

Given = dict[str, Any]
"""A scenario as plain data: what its file gives."""


def bent_scenario(
    ruled: Ruled,
    bends: Sequence[Bend],
    prices: Sequence[BendPrice],
    says: Sequence[str],
) -> Scenario:
    """
    Return the scenario with its rules changed, and a record of the changes.

    Keys that no change concerns are as they were; new entries stand at the end of
    their lists, so that every other rule keeps its place.

    Parameters
    ----------
    says
        Each change in words, for the record.
    """
    scenario = ruled.pairs.scenario
    given = scenario.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    by_rule: dict[int, list[Bend]] = {}
    for bend in bends:
        by_rule.setdefault(bend.rule, []).append(bend)
    for number, some in by_rule.items():
        rule = ruled.rules[number]
        _CHANGES[rule.kind](given, ruled, rule, some, prices[number])
    given["relaxed"] = [
        *given.get("relaxed", []),
        *(
            _record(ruled, bend, prices[bend.rule], text)
            for bend, text in zip(bends, says, strict=True)
        ),
    ]
    changed = Scenario.model_validate(given)
    changed._base = scenario.base
    return changed


def bent_tables(tables: Tables, scenario: Scenario) -> Tables:
    """Return the tables as they are read under a scenario that was changed."""
    also, levels = scenario.skills.also, scenario.skills.levels
    if not also and not scenario.pools:
        return tables
    reps = tables.reps
    skills = with_also(reps["skills"], reps.index, also, levels)
    reps = reps.assign(skills=skills)
    for pool in scenario.pools:
        fields = fields_of(pool, scenario)
        reps.loc[pool.id, list(fields)] = list(fields.values())
    return replace(tables, reps=reps)


def label_of(ruled: Ruled, bend: Bend) -> str:
    """Whom or what a change is about, as in the tables; "" for the rule as a whole."""
    if bend.rep >= 0:
        return str(ruled.pairs.reps.index[bend.rep])
    if bend.instance < 0:
        return ""
    return ruled.rules[bend.rule].labels[bend.instance]


def _record(ruled: Ruled, bend: Bend, price: BendPrice, text: str) -> Given:
    return {
        "rule": ruled.rules[bend.rule].path,
        "label": label_of(ruled, bend),
        "amount": bend.amount,
        "unit": price.unit,
        "says": text,
    }


def _entry(given: Given, rule: Rule) -> Given:
    """Return the entry of a list that a rule is, such as ``limits[0]``."""
    name, _bracket, index = rule.path.rstrip("]").partition("[")
    found: Given = given[name][int(index)]
    return found


def _limits(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    """Other ends for some reps (or teams): in an entry of their own."""
    assert isinstance(rule, BandRule)
    entry = _entry(given, rule)
    ends: dict[int, Given] = {}
    for bend in bends:
        _old, new = ends_of(ruled, bend)
        ends.setdefault(bend.instance, {})[bend.side] = new
    first, *others = ends
    if len(ends) == len(rule.labels) and (
        len(ends) == 1 or _alike(entry, [ends[i] for i in ends])
    ):
        entry.update(ends[first])
        return
    left = [i for i in range(len(rule.labels)) if i not in ends]
    template = dict(entry)
    if left:
        others = list(ends)
        entry.update(_scope(entry, [rule.labels[i] for i in left]))
    else:
        entry.update(ends[first] | _scope(template, [rule.labels[first]]))
    for instance in others:
        scope = _scope(template, [rule.labels[instance]])
        given["limits"].append(template | scope | ends[instance])


def _alike(entry: Given, ends: list[Given]) -> bool:
    """Whether one number for all says the same as a number for each."""
    numbers = all(not isinstance(entry.get(side), str) for side in ends[0])
    return numbers and all(one == ends[0] for one in ends)


def _scope(entry: Given, labels: list[str]) -> Given:
    """Return the keys that narrow a limit to some reps or teams."""
    if entry.get("per", "rep") == "team":
        return {"teams": [label.removeprefix("team:") for label in labels]}
    return {"reps": labels}


def ends_of(ruled: Ruled, bend: Bend) -> tuple[float, float]:
    """Old and new end of a limit or a budget, in units of the measure."""
    rule = ruled.rules[bend.rule]
    assert isinstance(rule, BandRule)
    band = rule.bands[bend.instance]
    scale = ruled.pairs.scales[band.measure]
    steps = round(bend.amount * scale)
    if bend.side == "low":
        return band.low / scale, (band.low - steps) / scale
    assert band.high is not None
    return band.high / scale, (band.high + steps) / scale


def _budgets(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    entry = _entry(given, rule)
    entry.pop("share", None)
    entry["amount"] = ends_of(ruled, bends[0])[1]


def _pools(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    list_, _dot, key = rule.path.partition(".")
    end = ends_of(ruled, bends[0])[1]
    entry = given["pools"][int(list_.removeprefix("pools[").removesuffix("]"))]
    entry[key] = int(end) if key == "max_accounts" else end


def _balance(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    assert isinstance(rule, BandRule)
    steps = round(bends[0].amount / 100 / TOLERANCE_STEP)
    _entry(given, rule)["tolerance"] = wider(rule.tolerance, steps)


def _freed(ruled: Ruled, bends: list[Bend]) -> list[str]:
    """Ids of the rows that are freed of a rule, each once."""
    rows = dict.fromkeys(row for bend in bends for row in bend.rows)
    return [str(ruled.pairs.accounts.index[row]) for row in rows]


def _but(ids: list[str], regions_whole: bool = False) -> list[Given]:
    """Conditions that leave out some rows; a region with all in it, if asked."""
    regions = [one.removeprefix(PREFIX) for one in ids if one.startswith(PREFIX)]
    if not (regions_whole and regions):
        return [{"column": "account_id", "not_in": ids}]
    accounts = [one for one in ids if not one.startswith(PREFIX)]
    found = [{"column": "region_id", "not_in": regions}]
    return found + (_but(accounts) if accounts else [])


def _named(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    """Free rows of a pin or of a forbid entry."""
    entry, ids = _entry(given, rule), _freed(ruled, bends)
    if "accounts" in entry:
        entry["accounts"] = [one for one in entry["accounts"] if one not in ids]
    elif "regions" in entry:
        gone = {one.removeprefix(PREFIX) for one in ids}
        entry["regions"] = [one for one in entry["regions"] if one not in gone]
    else:
        entry["where"] = [*entry["where"], *_but(ids)]


def _sets(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    entry = _entry(given, rule)
    more = _but(_freed(ruled, bends), regions_whole=True)
    entry["where"] = [*entry.get("where", []), *more]


def _protect(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    part, ids = given.setdefault("protect", {}), _freed(ruled, bends)
    lists = part.setdefault("where", [])
    if rule.path == "protect.field":
        part["field"] = False
        lists.append([{"column": "protected", "in": ["yes"]}, *_but(ids)])
        return
    index = int(rule.path.rstrip("]").rpartition("[")[2])
    lists[index] = [*lists[index], *_but(ids)]


def _skills(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    pools = {pool["id"]: pool for pool in given.get("pools", ())}
    for bend in bends:
        rep = str(ruled.pairs.reps.index[bend.rep])
        skill = rule.labels[bend.instance]
        if rep in pools:
            held, key = pools[rep], "skills"
        else:
            held, key = given.setdefault("skills", {}).setdefault("also", {}), rep
        held[key] = "; ".join(filter(None, (held.get(key), skill)))


def _fit(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    """A price in place of "never", so that no more pairs are used than need be."""
    for grade, others in given["fit"].items():
        for rep_grade in others:
            if rule.path == f"fit.{grade}.{rep_grade}":
                others[rep_grade] = price.price


def _travel(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    part = given.setdefault("travel", {})
    if rule.kind == "max_km":
        part["max_km"] = round(part["max_km"] + bends[0].amount, 3)
    else:
        part["missing_pairs"] = "estimate"


def _areas(
    given: Given, ruled: Ruled, rule: Rule, bends: list[Bend], price: BendPrice
) -> None:
    part = given.setdefault("areas", {})
    if rule.kind == "contiguous":
        part["contiguous"] = False
        return
    freed = {rule.labels[bend.instance] for bend in bends}
    part["locked_reps"] = [rep for rep in part["locked_reps"] if rep not in freed]


Change = Callable[[Given, Ruled, Rule, list[Bend], BendPrice], None]
_CHANGES: dict[str, Change] = {
    "limits": _limits,
    "budgets": _budgets,
    "pools": _pools,
    "balance": _balance,
    "pins": _named,
    "forbid": _named,
    "together": _sets,
    "apart": _sets,
    "protect": _protect,
    "skills": _skills,
    "fit": _fit,
    "max_km": _travel,
    "missing_pairs": _travel,
    "contiguous": _areas,
    "locked_reps": _areas,
}
