"""Tables + scenario -> the question with its rules apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from planner.areas import Areas
from planner.compile import (
    PAIRS_PER_BLOCK,
    balance_targets,
    groups_of,
    rows_of,
    units_of,
)
from planner.compile_areas import areas_of
from planner.pairs import Pairs
from planner.problem import Row
from planner.ruled import (
    BandRule,
    Bools,
    MapRule,
    PairRule,
    Positions,
    Rule,
    Ruled,
    SetRule,
)
from planner.scenario import Condition, Scenario
from planner.scenario.rules import Balance, Budget, Limit, Pin
from planner.tables import matches, parse_skills
from planner.words import _

MOST_PAIRS = 4_000_000
"""Pairs of rows and reps up to which rules are taken apart."""


def ruled_of(pairs: Pairs, needed: Bools | None = None) -> Ruled:
    """
    Take the rules of a question apart.

    Parameters
    ----------
    pairs
        Of at most `MOST_PAIRS` rows x reps.
    needed
        By regions: who needs a region, with all rules in force, shape (m,). It stays
        so when rules are switched off, so that fewer rules never allow fewer plans.
    """
    scenario, n = pairs.scenario, len(pairs.accounts)
    unit_of, _labels = units_of(pairs.accounts, _without_groups(scenario))
    demand = np.zeros((len(pairs.measures), n, pairs.m + 1), dtype=np.int64)
    cost = np.zeros((n, pairs.m + 1), dtype=np.int64)
    km = np.zeros((n, pairs.m + 1))
    usable = np.ones((n, pairs.m + 1), dtype=bool)
    at_once = max(1, PAIRS_PER_BLOCK // (pairs.m + 1))
    for first in range(0, n, at_once):
        at = np.arange(first, min(n, first + at_once))
        block = pairs.block(at)
        demand[:, at], cost[at] = block.demand, block.cost.sum(axis=0)
        km[at], _hours, usable[at] = pairs.distances(
            at[:, None], np.arange(pairs.m + 1)[None]
        )
    km[:, -1], usable[:, -1] = 0.0, True
    free = np.ones((n, pairs.m + 1), dtype=bool)
    free[:, -1] = scenario.leave_out is not None and matches(
        pairs.accounts, scenario.leave_out.where
    )
    free[:, :-1] &= ~(pairs.is_region[:, None] & pairs.is_pool[:-1])
    areas = None
    if scenario.unit == "region":
        areas = areas_of(pairs, unit_of, np.ones(pairs.m, dtype=bool))
        if needed is not None:
            areas = replace(areas, needed=needed)
    rules = tuple(_rules(pairs, km, usable, areas, unit_of))
    return Ruled(pairs, unit_of, demand, free, km, cost, rules, areas)


def _without_groups(scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"together": []})


def _rules(
    pairs: Pairs, km: np.ndarray, usable: Bools, areas: Areas | None, unit_of: Positions
) -> Iterator[Rule]:
    """Every rule that bars anything, in the order of the keys in the README."""
    scenario = pairs.scenario
    found = [
        *_distance_rules(pairs, km, usable),
        *_band_rules(pairs),
        *_skill_rule(pairs),
        *_fit_rules(pairs),
        *_named_rules(pairs),
        *_protect_rules(pairs),
        *_pool_rules(pairs),
        *_map_rules(pairs),
    ]
    for one in found:
        if not isinstance(one, PairRule) or len(one.row):
            yield one
    for kind in ("together", "apart"):
        for index, entry in enumerate(getattr(scenario, kind)):
            if kind == "together" and entry.price is not None:
                continue
            groups = [
                (label, _one_per_unit(rows, unit_of))
                for label, rows in groups_of(pairs.accounts, entry.column, entry.where)
            ]
            if kind == "together":
                groups = [(label, rows) for label, rows in groups if len(rows) > 1]
            if groups:
                yield SetRule(
                    path=f"{kind}[{index}]",
                    kind=kind,
                    says=_same_label(kind, entry.column),
                    labels=tuple(label for label, _rows in groups),
                    sets=tuple(rows for _label, rows in groups),
                )
    if areas is not None:
        yield MapRule(
            path="reps",
            kind="needed",
            says=_("each rep has a region, where rules leave one"),
            labels=("",),
        )
    if areas is not None and areas.contiguous:
        yield MapRule(
            path="areas.contiguous",
            kind="contiguous",
            says=_("each territory hangs together"),
            labels=("",),
        )


def _one_per_unit(rows: Positions, unit_of: Positions) -> Positions:
    """First row of each unit: a region stands for the accounts in it."""
    return np.sort(rows[np.unique(unit_of[rows], return_index=True)[1]])


def _same_label(kind: str, column: str) -> str:
    if kind == "together":
        return _("same {column}, same rep").format(column=column)
    return _("same {column}, different reps").format(column=column)


# ---- loads ---------------------------------------------------------------------------


def _band_rules(pairs: Pairs) -> Iterator[Rule]:
    scenario = pairs.scenario
    rows: dict[str, list[Row]] = {}
    for row in rows_of(pairs, scenario):
        if row.price is None:
            rows.setdefault(row.id.split("/")[0], []).append(row)
    for path, bands in rows.items():
        kind, _bracket, index = path.rstrip("]").partition("[")
        if kind == "pools":
            yield from (_pool_cap(pairs, int(index), row) for row in bands)
            continue
        entry = getattr(scenario, kind)[int(index)]
        targets: list[float] = []
        if isinstance(entry, Balance):
            found = balance_targets(pairs, entry, path)
            targets = [target for _label, _reps, target in found]
        yield BandRule(
            path=path,
            kind=kind,
            says=_says_band(entry),
            labels=tuple(row.id.partition("/")[2] for row in bands),
            bands=tuple(bands),
            targets=tuple(targets),
            tolerance=entry.tolerance if isinstance(entry, Balance) else 0.0,
        )


def _pool_cap(pairs: Pairs, index: int, row: Row) -> BandRule:
    """Return a cap of a pool: each is a rule, since each has a measure of its own."""
    pool, measure = pairs.scenario.pools[index], pairs.measures[row.measure]
    end, key = pool.capacity, "capacity"
    if measure == "accounts" and pool.max_accounts is not None:
        end, key = pool.max_accounts, "max_accounts"
    return BandRule(
        path=f"pools[{index}].{key}",
        kind="pools",
        says=f"{pool.shown}: {measure} <= {_plain(end)}",
        labels=(pool.id,),
        bands=(row,),
    )


def _pool_rules(pairs: Pairs) -> Iterator[Rule]:
    """What each pool may not take, an instance for each account."""
    for index, pool in enumerate(pairs.scenario.pools):
        rows = np.flatnonzero(~pairs.pools.takes[:, index] & ~pairs.is_region)
        its = np.append(pairs.reps.index == pool.id, False)
        says = _("{who} takes only accounts with {where}").format(
            who=pool.shown, where=_where(pool.where)
        )
        path = f"pools[{index}].where"
        yield _per_row(path, "pool_where", says, pairs, its[None], rows)


def _says_band(entry: Limit | Balance | Budget) -> str:
    if isinstance(entry, Budget):
        end = f"{entry.share:.4g}" if entry.share is not None else _plain(entry.amount)
        return f"{entry.of} <= {end}" + (" x all" if entry.share is not None else "")
    if isinstance(entry, Balance):
        return _("{measure} within {width:.4g} % of {target} per {per}").format(
            measure=entry.measure,
            width=100 * entry.tolerance,
            target=entry.target,
            per=entry.per,
        )
    text = entry.measure
    if entry.low is not None:
        text = f"{_plain(entry.low)} <= {text}"
    if entry.high is not None:
        text = f"{text} <= {_plain(entry.high)}"
    return _("{rule} per {per}").format(rule=text, per=entry.per)


def _plain(end: float | str | None) -> str:
    return end if isinstance(end, str) else f"{end:,.10g}"


# ---- pairs ---------------------------------------------------------------------------


def _per_row(
    path: str, kind: str, says: str, pairs: Pairs, barred: Bools, rows: Positions
) -> PairRule:
    """Return a rule with an instance for each row; `barred` is (k or 1, m + 1)."""
    shape = (len(rows), pairs.m + 1)
    return PairRule(
        path=path,
        kind=kind,
        says=says,
        labels=tuple(map(str, pairs.accounts.index[rows])),
        row=rows,
        barred=np.broadcast_to(barred, shape),
        member=np.arange(len(rows)),
    )


def _distance_rules(pairs: Pairs, km: np.ndarray, usable: Bools) -> Iterator[Rule]:
    travel = pairs.scenario.travel
    if travel.max_km is not None:
        far = km > travel.max_km
        for covered, chosen in pairs.pins:  # a pin names who may serve however far
            far &= ~(covered[:, None] & chosen[None])
        yield _bars(
            "travel.max_km",
            "max_km",
            _("at most {km:,.10g} km one way").format(km=travel.max_km),
            pairs,
            far,
        )
    if not usable.all():
        yield _bars(
            "travel.missing_pairs",
            "missing_pairs",
            _("only pairs in the distance table"),
            pairs,
            ~usable,
        )


def _bars(path: str, kind: str, says: str, pairs: Pairs, barred: Bools) -> PairRule:
    rows = np.flatnonzero(barred.any(axis=1))
    return _per_row(path, kind, says, pairs, barred[rows], rows)


def _skill_rule(pairs: Pairs) -> Iterator[Rule]:
    """One rule, an instance for each skill at each level that accounts require."""
    held = [parse_skills(text) for text in pairs.reps["skills"]]
    rows_of_skill: dict[tuple[str, int], list[int]] = {}
    column = pairs.accounts["skills"].astype(str)
    for text, rows in column.groupby(column).indices.items():
        for skill, level in parse_skills(str(text)).items():
            rows_of_skill.setdefault((skill, level), []).extend(map(int, rows))
    row: list[int] = []
    member: list[int] = []
    labels: list[str] = []
    barred: list[Bools] = []
    for (skill, level), rows in sorted(rows_of_skill.items()):
        lacks = np.array([have.get(skill, 0) < level for have in held] + [False])
        if not lacks.any():
            continue
        row += rows
        member += [len(labels)] * len(rows)
        barred += [np.broadcast_to(lacks, (len(rows), len(lacks)))]
        labels.append(skill if level == 1 else f"{skill}:{level}")
    if labels:
        yield PairRule(
            path="skills",
            kind="skills",
            says=_("reps have the skills that accounts require"),
            labels=tuple(labels),
            row=np.array(row, dtype=np.intp),
            barred=np.concatenate(barred),
            member=np.array(member, dtype=np.intp),
        )


def _fit_rules(pairs: Pairs) -> Iterator[Rule]:
    grades = pairs.accounts["grade"].to_numpy(object)
    for grade, prices in pairs.scenario.fit.items():
        for rep_grade, price in prices.items():
            if price != "never":
                continue
            with_it = (pairs.reps["grade"] == rep_grade).to_numpy(bool)
            says = _("accounts of grade {grade} never to reps of grade {rep_grade}")
            rows = np.flatnonzero(grades == grade)
            yield _per_row(
                f"fit.{grade}.{rep_grade}",
                "fit",
                says.format(grade=grade, rep_grade=rep_grade),
                pairs,
                np.append(with_it, False)[None],
                rows if with_it.any() else rows[:0],
            )


def _named_rules(pairs: Pairs) -> Iterator[Rule]:
    scenario = pairs.scenario
    only = _("{who} only to {reps}")
    never = _("{who} never to {reps}")
    kinds: tuple[tuple[str, str, list, Sequence[Pin], Callable[[Bools], Bools]], ...]
    kinds = (
        ("pins", only, pairs.pins, scenario.pins, np.logical_not),
        ("forbid", never, pairs.forbids, scenario.forbid, np.asarray),
    )
    for kind, text, masks, entries, bars in kinds:
        for index, ((covered, chosen), entry) in enumerate(
            zip(masks, entries, strict=True)
        ):
            rows = np.flatnonzero(covered)
            says = text.format(
                who=_who(entry, len(rows)), reps=_few(entry.reps or entry.teams or [])
            )
            path = f"{kind}[{index}]"
            yield _per_row(path, kind, says, pairs, bars(chosen)[None], rows)


def _who(entry: Pin, count: int) -> str:
    listed = entry.accounts or entry.regions
    if listed:
        return _few(listed)
    if entry.where:
        return _where(entry.where)
    return _("{n:,} account(s)").format(n=count)


def _where(conditions: Sequence[Condition]) -> str:
    """Conditions as a rulebook writes them."""
    parts = []
    for one in conditions:
        if one.any_of is not None:
            parts.append(f"{one.column} in {_few(list(map(str, one.any_of)))}")
        if one.none_of is not None:
            parts.append(f"{one.column} not in {_few(list(map(str, one.none_of)))}")
        if one.at_least is not None:
            parts.append(f"{one.column} >= {one.at_least:,.10g}")
        if one.at_most is not None:
            parts.append(f"{one.column} <= {one.at_most:,.10g}")
    return " & ".join(parts)


def _few(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _protect_rules(pairs: Pairs) -> Iterator[Rule]:
    protect, known = pairs.scenario.protect, pairs.owner >= 0
    parts: list[tuple[str, str, Bools]] = []
    if protect.field:
        says = _("protected accounts stay with their owner")
        covered = pairs.accounts["protected"].to_numpy(bool)
        parts.append(("protect.field", says, covered))
    for index, conditions in enumerate(protect.where):
        says = _("{who} stay with their owner").format(who=_where(conditions))
        covered = matches(pairs.accounts, conditions)
        parts.append((f"protect.where[{index}]", says, covered))
    for path, says, covered in parts:
        rows = np.flatnonzero(covered & known)
        other = pairs.owner[rows, None] != np.arange(pairs.m + 1)
        yield _per_row(path, "protect", says, pairs, other, rows)


def _map_rules(pairs: Pairs) -> Iterator[Rule]:
    """Locked maps, an instance per rep; regions set apart, an instance per region."""
    regions = np.flatnonzero(pairs.is_region)
    ids = np.arange(pairs.m + 1)
    locked = np.flatnonzero(pairs.keeps_map)
    if len(locked) and len(regions):
        owner = pairs.owner[regions, None]
        barred = [(owner == rep) != (ids == rep)[None] for rep in locked]
        yield PairRule(
            path="areas.locked_reps",
            kind="locked_reps",
            says=_("these reps keep exactly today's regions"),
            labels=tuple(map(str, pairs.reps.index[locked])),
            row=np.tile(regions, len(locked)),
            barred=np.concatenate(barred),
            member=np.repeat(np.arange(len(locked)), len(regions)),
        )
    if pairs.is_apart.any() and len(regions):
        own = pairs.apart_rep[regions, None]
        barred_apart = ((own >= 0) | pairs.is_apart[None]) & (own != ids)
        rows = regions[barred_apart.any(axis=1)]
        yield _per_row(
            "areas.set_apart",
            "set_apart",
            _("regions set apart and their reps have no other"),
            pairs,
            barred_apart[barred_apart.any(axis=1)],
            rows,
        )
