"""Connected territories in CP-SAT: a tree over the units of each, from a root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from ortools.sat.python import cp_model

from planner.areas import Areas
from planner.ruled import Ruled, View
from planner.solvers.ruled.choice import Choice


def units_map(ruled: Ruled, seen: View) -> Areas:
    """Return the map of the units of a view: rows joined by its rules are one."""
    areas = ruled.areas
    assert areas is not None
    to = np.zeros(len(areas.on_map), dtype=np.intp)
    to[ruled.unit_of] = seen.unit_of
    on_map = np.zeros(seen.n, dtype=bool)
    np.logical_or.at(on_map, to, areas.on_map)
    edges = np.sort(to[areas.edges], axis=1)
    edges = np.unique(edges[edges[:, 0] < edges[:, 1]], axis=0).reshape(-1, 2)
    count = np.maximum(np.bincount(to, minlength=seen.n), 1)
    place = [np.bincount(to, axis, seen.n) / count for axis in areas.place.T]
    return replace(
        areas,
        edges=edges.astype(np.int64),
        on_map=on_map,
        contiguous=seen.contiguous,
        needed=areas.needed & seen.filled,
        place=np.stack(place, axis=1),
        cut=None,
        inertia=None,
    )


def hang_together(choice: Choice, areas: Areas) -> None:
    """
    Let the units of each rep on the map hang together; each kind is one unit.

    Every unit has a parent beside it in its territory, one step nearer to the root,
    or is a root; a territory has one root.
    """
    model, m = choice.model, len(areas.needed)
    kind_of = choice.kinds.of_unit
    on_map = kind_of[np.flatnonzero(areas.on_map)].tolist()
    depth = {kind: model.new_int_var(0, len(on_map) - 1, "") for kind in on_map}
    parents: dict[int, list[cp_model.IntVar]] = {kind: [] for kind in on_map}
    for a, b in kind_of[areas.edges].tolist():
        for child, parent in ((a, b), (b, a)):
            step = model.new_bool_var("")
            parents[child].append(step)
            model.add(depth[child] == depth[parent] + 1).only_enforce_if(step)
            for rep, variable in choice.of_kind[child]:
                if (parent, rep) in choice.count:
                    model.add(depth[child] <= depth[parent] + 1).only_enforce_if(
                        variable, choice.count[parent, rep]
                    )
                other = choice.count.get((parent, rep))
                if other is None:
                    model.add_implication(step, variable.negated())
                else:
                    model.add_bool_or(step.negated(), variable.negated(), other)
    only = {
        options[0][0]: kind
        for kind in reversed(on_map)
        if len(options := choice.of_kind[kind]) == 1
    }
    roots: list[list[cp_model.IntVar]] = [[] for _rep in range(m)]
    for kind in on_map:
        own = []
        for rep, variable in choice.of_kind[kind]:
            if rep < m and only.get(rep, kind) == kind:  # who has one may begin there
                root = model.new_bool_var("")
                model.add_implication(root, variable)
                roots[rep].append(root)
                own.append(root)
        model.add_exactly_one([*parents[kind], *own])
    for some in roots:
        model.add_at_most_one(some)
