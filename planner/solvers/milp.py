"""A Problem as a mixed-integer linear model, in the arrays that MathOpt reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt import model_pb2

from planner.problem import Problem, Row, Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def linear_model(problem: Problem) -> model_pb2.ModelProto:
    """
    Return the whole problem: its first columns are the arcs, 0 or 1 each.

    Further columns are what leaves priced bands and the labels used by each split
    set; they are whole by themselves as soon as the arcs are.
    """
    model = _Model(problem)
    for row in problem.rows:
        model.add_row(row)
    for units in problem.apart:
        arcs, labels = model.arcs_by_label(units, np.arange(problem.m))
        for members in _groups(labels, arcs):
            if len(members) > 1:
                model.constrain(members, np.ones(len(members)), -np.inf, 1)
    for split in problem.splits:
        model.add_split(split)
    return model.proto()


def _groups(labels: Ints, values: Ints) -> list[Ints]:
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(values[order], cuts) if len(values) else []


class _Model:
    """Columns and constraints as they are added."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.arcs = len(problem.rep)
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.low, self.high = [np.ones(problem.n)], [np.ones(problem.n)]
        self.columns = [np.arange(self.arcs)]
        self.values = [np.ones(self.arcs)]
        self.lengths = [np.diff(problem.start)]

    def column(self, cost: float, upper: float = np.inf) -> int:
        """Add a column 0 <= x <= upper and return its index."""
        self.cost.append(float(cost))
        self.upper.append(float(upper))
        return self.arcs + len(self.cost) - 1

    def constrain(self, columns: Ints, values: Floats, low: float, high: float) -> None:
        """Add low <= values @ x[columns] <= high; columns rise."""
        self.columns.append(np.asarray(columns))
        self.values.append(np.asarray(values, dtype=float))
        self.lengths.append(np.array([len(columns)]))
        self.low.append(np.array([low], dtype=float))
        self.high.append(np.array([high], dtype=float))

    def add_row(self, row: Row) -> None:
        """Add a band, with what leaves it as columns where that has a price."""
        demand = self.problem.demand[row.measure].astype(float)
        demand = demand * self.problem.in_set(row)[self.problem.rep]
        at = np.flatnonzero(demand)
        high = np.inf if row.high is None else float(row.high)
        low = float(row.low) if row.low > 0 else -np.inf
        if row.price is None:
            if np.isfinite(low) or np.isfinite(high):
                self.constrain(at, demand[at], low, high)
            return
        for sign, bounds in ((-1.0, (-np.inf, high)), (1.0, (low, np.inf))):
            if np.isfinite(bounds).any():
                out = self.column(row.price)
                self.constrain(np.append(at, out), np.append(demand[at], sign), *bounds)

    def add_split(self, split: Split) -> None:
        """Add a column per label, above every unit's share of it; one label is free."""
        arcs, labels = self.arcs_by_label(split.units, split.label_of_rep)
        used = []
        for members in _groups(labels, arcs):
            label = self.column(split.price, 1)
            used.append(label)
            for own in _groups(self.problem.unit[members].astype(np.int64), members):
                values = np.append(np.ones(len(own)), -1.0)
                self.constrain(np.append(own, label), values, -np.inf, 0)
        served = self.column(-split.price, 1)
        values = np.append(np.full(len(used), -1.0), 1.0)
        self.constrain(np.array([*used, served]), values, -np.inf, 0)

    def arcs_by_label(
        self, units: NDArray[np.intp], label_of_rep: NDArray[np.intp]
    ) -> tuple[Ints, Ints]:
        """Arcs of some units that lead to a rep, rising, and the label of each rep."""
        start, rep = self.problem.start, self.problem.rep
        arcs = np.concatenate([np.arange(start[u], start[u + 1]) for u in units])
        arcs = np.sort(arcs[rep[arcs] != self.problem.nobody])
        return arcs, label_of_rep[rep[arcs]].astype(np.int64)

    def proto(self) -> model_pb2.ModelProto:
        """Return the model as MathOpt's message."""
        extra = len(self.cost)
        low, high = np.concatenate(self.low), np.concatenate(self.high)
        return proto_of(
            cost=np.append(self.problem.total_cost.astype(float), self.cost),
            upper=np.append(np.ones(self.arcs), self.upper),
            integer=np.arange(self.arcs + extra) < self.arcs,
            low=low,
            high=high,
            row=np.repeat(np.arange(len(low)), np.concatenate(self.lengths)),
            column=np.concatenate(self.columns),
            value=np.concatenate(self.values),
        )


def proto_of(
    *,
    cost: Floats,
    upper: Floats,
    integer: NDArray[np.bool_],
    low: Floats,
    high: Floats,
    row: NDArray[np.integer],
    column: NDArray[np.integer],
    value: Floats,
) -> model_pb2.ModelProto:
    """
    Return the model: least cost @ x, low <= A @ x <= high, 0 <= x <= upper.

    Parameters
    ----------
    integer
        Which x are whole, shape (columns,).
    row, column, value
        Entries of A, row by row, columns rising.
    """
    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(len(cost)))
    model.variables.lower_bounds.extend([0.0] * len(cost))
    model.variables.upper_bounds.extend(upper.tolist())
    model.variables.integers.extend(integer.tolist())
    nonzero = np.flatnonzero(cost)
    model.objective.linear_coefficients.ids.extend(nonzero.tolist())
    model.objective.linear_coefficients.values.extend(cost[nonzero].tolist())
    model.linear_constraints.ids.extend(range(len(low)))
    model.linear_constraints.lower_bounds.extend(low.tolist())
    model.linear_constraints.upper_bounds.extend(high.tolist())
    matrix = model.linear_constraint_matrix
    matrix.row_ids.extend(row.tolist())
    matrix.column_ids.extend(column.tolist())
    matrix.coefficients.extend(value.tolist())
    return model
