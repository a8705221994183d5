"""Why no plan by areas can exist: arithmetic on the map, each sentence a proof."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planner.areas import Areas
from planner.problem import Problem, Row
from planner.tables import PREFIX
from planner.words import _

Positions = NDArray[np.intp]


def reasons_on_the_map(problem: Problem) -> list[str]:
    """
    Sentences that each prove that no plan exists; may be empty although none does.

    Fewer units than reps; separate parts of the map that cannot share the reps, or
    whose loads fit no whole number of bands; territories that are decided already and
    do not hang together. Every unit must have an arc.
    """
    areas = problem.areas
    if areas is None:
        return []
    units, reps = int(areas.on_map.sum()), int(areas.needed.sum())
    if units < reps:
        return [
            _(
                "{units:,} regions (or groups that stay together) for {reps:,} reps, "
                "who each need one. Take fewer reps, or smaller regions."
            ).format(units=units, reps=reps)
        ]
    found = []
    if areas.contiguous:
        part = _parts(areas)
        found += _too_many_parts(problem, areas, part)
        found += _bands_by_part(problem, areas, part)
        found += _torn(problem, areas)
    return found


def _parts(areas: Areas) -> NDArray[np.intp]:
    """Number of the separate part of the map that each unit lies in; -1: none."""
    everyone = np.where(areas.on_map, 0, np.arange(len(areas.on_map)) + 1)
    label = areas.pieces(everyone.astype(np.intp))
    part = np.full(len(label), -1, dtype=np.intp)
    part[areas.on_map] = np.unique(label[areas.on_map], return_inverse=True)[1]
    return part


def _too_many_parts(problem: Problem, areas: Areas, part: Positions) -> list[str]:
    count, reps = int(part.max(initial=-1)) + 1, int(areas.needed.sum())
    if count <= reps:
        return []
    sizes = np.bincount(part[areas.on_map])
    small = [_name(problem, part, p) for p in np.argsort(sizes, kind="stable")[:3]]
    return [
        _(
            "The map has {count:,} separate parts for {reps:,} reps, whose territories "
            "must hang together; the smallest are around {names}. Join them: "
            '[areas] islands = "nearest", or links = [...].'
        ).format(count=count, reps=reps, names=", ".join(small))
    ]


def _name(problem: Problem, part: Positions, number: int) -> str:
    first = int(np.flatnonzero(part == number)[0])
    return problem.unit_ids[first].removeprefix(PREFIX)


def _bands_by_part(problem: Problem, areas: Areas, part: Positions) -> Iterator[str]:
    """Loads of a part of the map that no whole number of territories can share."""
    count = int(part.max(initial=-1)) + 1
    if count < 2:
        return
    begin = problem.start[:-1]
    for rows in _rows_of_each_rep(problem, areas):
        measure = rows[0].measure
        least = np.minimum.reduceat(problem.demand[measure], begin)
        most = np.maximum.reduceat(problem.demand[measure], begin)
        highs = [row.high for row in rows]
        high = None if None in highs else max(h for h in highs if h is not None)
        low = min(row.low for row in rows)
        away = int(most[part < 0].sum())
        scale = problem.scales[measure]
        for p in range(count):
            total, upper = int(least[part == p].sum()), int(most[part == p].sum())
            fewest = 1 if not high else max(1, math.ceil(total / high))
            if low * fewest > upper + away:
                if fewest == 1:
                    text = _(
                        "The part of the map around {name} has {load:,.10g} {measure}: "
                        "too little for a territory of its own. Widen the band, or "
                        "join it to the rest: [areas] links = [...]."
                    )
                else:
                    text = _(
                        "The part of the map around {name} has {load:,.10g} {measure}: "
                        "more than {less:,} territories may have and less than "
                        "{more:,} must have. Widen the band, or join it to the rest: "
                        "[areas] links = [...]."
                    )
                yield text.format(
                    name=_name(problem, part, p),
                    load=total / scale,
                    measure=problem.measures[measure],
                    less=fewest - 1,
                    more=fewest,
                )


def _rows_of_each_rep(problem: Problem, areas: Areas) -> list[list[Row]]:
    """Hard rows of one rep each, by rule, where all who need a region have one."""
    found: dict[str, dict[int, Row]] = {}
    for row in problem.rows:
        if row.price is None and len(row.reps) == 1:
            family = found.setdefault(row.id.split("/")[0], {})
            family[int(row.reps[0])] = row
    needed = set(np.flatnonzero(areas.needed).tolist())
    return [list(rows.values()) for rows in found.values() if needed <= rows.keys()]


def _torn(problem: Problem, areas: Areas) -> Iterator[str]:
    """Territories that are decided by the rules, and do not hang together."""
    options = np.diff(problem.start)
    only = (options[problem.unit] == 1) & areas.on_map[problem.unit]
    rep_of = np.full(problem.n, problem.m, dtype=np.intp)
    rep_of[problem.unit[only]] = problem.rep[only]
    open_ = np.zeros(problem.m + 1, dtype=bool)
    open_[problem.rep[~only & areas.on_map[problem.unit]]] = True
    label = areas.pieces(rep_of)
    for rep in np.flatnonzero(areas.needed & ~open_[:-1]).tolist():
        mine = (rep_of == rep) & areas.on_map
        pieces = len(np.unique(label[mine]))
        if pieces > 1:
            yield _(
                "{rep} must keep {n:,} regions that lie in {pieces:,} separate pieces. "
                "Unlock some, or join them: [areas] links = [...]."
            ).format(rep=problem.rep_ids[rep], n=int(mine.sum()), pieces=pieces)
