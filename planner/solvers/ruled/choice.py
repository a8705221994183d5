"""Variables of a CP-SAT model: how many units of each kind go to each rep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from planner.areas import Areas
from planner.problem import Row
from planner.ruled import Bools, Positions, View


class Kinds(NamedTuple):
    """Units that are alike: kind of each unit (n,), and first unit of each kind."""

    of_unit: Positions
    first: Positions


def kinds_of(
    seen: View,
    allowed: Bools,
    bands: Sequence[Row],
    alone: Bools,
    more: Sequence[NDArray[np.int64]] = (),
) -> Kinds:
    """
    Tell units apart by where they may go, what they take, and what else is given.

    Parameters
    ----------
    alone
        Units that are like no other, shape (n,).
    more
        Further tables to tell them apart by, shape (n, any).
    """
    numbers = np.where(alone, np.arange(seen.n) + 1, 0)
    parts: list[NDArray] = [allowed, numbers[:, None], *more]
    for measure in sorted({band.measure for band in bands}):
        parts.append(np.where(allowed, seen.demand[measure], 0))
    table = np.ascontiguousarray(np.concatenate(parts, axis=1).astype(np.int64))
    key = table.view([("", np.int64)] * table.shape[1]).ravel()
    _values, first, of_unit = np.unique(key, return_index=True, return_inverse=True)
    return Kinds(of_unit.ravel().astype(np.intp), first.astype(np.intp))


class Choice:
    """
    A model and its main variables.

    Attributes
    ----------
    count
        Kind and rep (m: nobody) -> how many units of the kind go there.
    of_kind
        The same by kind: rep and variable.
    size
        Units of each kind, shape (kinds,).
    """

    def __init__(self, allowed: Bools, kinds: Kinds) -> None:
        self.model, self.kinds = cp_model.CpModel(), kinds
        self.size = np.bincount(kinds.of_unit, minlength=len(kinds.first))
        self.count: dict[tuple[int, int], cp_model.IntVar] = {}
        self.of_kind: list[list[tuple[int, cp_model.IntVar]]] = []
        for kind, unit in enumerate(kinds.first.tolist()):
            most, options = int(self.size[kind]), []
            for rep in np.flatnonzero(allowed[unit]).tolist():
                variable = self.model.new_int_var(0, most, "")
                self.count[kind, rep] = variable
                options.append((rep, variable))
            self.of_kind.append(options)
            self.model.add(sum(variable for _rep, variable in options) == most)

    def load(self, seen: View, band: Row) -> cp_model.LinearExpr:
        """Load of a band."""
        inside, demand = set(band.reps.tolist()), seen.demand[band.measure]
        demand = demand[self.kinds.first]
        keys = [key for key in self.count if key[1] in inside and demand[key]]
        return cp_model.LinearExpr.weighted_sum(
            [self.count[key] for key in keys], [int(demand[key]) for key in keys]
        )

    def keep(self, seen: View, band: Row) -> None:
        """Keep the load of a band within its ends."""
        load = self.load(seen, band)
        if band.high is not None:
            self.model.add(load <= band.high)
        if band.low > 0:
            self.model.add(load >= band.low)

    def keep_apart(self, units: Positions, m: int) -> None:
        """Let no rep serve two units of a set; a unit twice in it goes to no rep."""
        kinds = self.kinds.of_unit[units].tolist()
        for rep in range(m):
            some = [self.count[k, rep] for k in kinds if (k, rep) in self.count]
            if len(some) > 1:
                self.model.add(sum(some) <= 1)

    def fill(self, areas: Areas) -> None:
        """Give each rep who needs one a unit on the map."""
        on_map = np.zeros(len(self.size), dtype=bool)
        on_map[self.kinds.of_unit[areas.on_map]] = True
        for rep in np.flatnonzero(areas.needed).tolist():
            some = [
                v for (kind, r), v in self.count.items() if r == rep and on_map[kind]
            ]
            self.model.add(sum(some) >= 1)

    def hint(self, rep_of: Positions) -> None:
        """Begin with a plan: rep of each unit, shape (n,)."""
        number: dict[tuple[int, int], int] = {}
        for key in zip(self.kinds.of_unit.tolist(), rep_of.tolist(), strict=True):
            number[key] = number.get(key, 0) + 1
        for key, variable in self.count.items():
            self.model.add_hint(variable, number.get(key, 0))

    def rep_of(self, solver: cp_model.CpSolver) -> Positions:
        """Deal the units of each kind out by the numbers found; rep of each unit."""
        of_unit, first = self.kinds
        found = np.zeros(len(of_unit), dtype=np.intp)
        order = np.argsort(of_unit, kind="stable")
        at = np.searchsorted(of_unit[order], np.arange(len(first)))
        for (kind, rep), variable in self.count.items():
            number = int(solver.value(variable))
            found[order[at[kind] : at[kind] + number]] = rep
            at[kind] += number
        return found
