"""What the search for connected territories works on: the map, and the plan in hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.solvers.areas.model import FREE, AreaModel, Floats, Ints

NO_SHAPE, BY_CENTRE, BY_MEAN = 0, 1, 2
"""Kinds of shape: none, by the best centre unit, by the weighted mean."""
LOW, HIGH, PRICE, HARD, WEIGHT = 0, 1, 2, 3, 4
"""Fields of a band; `WEIGHT` turns steps outside a hard band into shares of it."""
COST, EXCESS, STEPS, BEST, LAMBDA, MOVES, STAMP, FEASIBLE = range(8)
"""
Slots of `State.tally`: cost; excess over hard bands, in shares and in steps; cost of
the best plan; price of an excess of 1; moves looked at; last mark given out; share
of the last moves without excess.
"""
TALLIES = 8
NONE = 1e18
"""Stands for a band's end that is not there, and for the cost of what is forbidden."""


class Map(NamedTuple):
    """
    What does not change during a search; n units, k territories.

    Attributes
    ----------
    start, near, edge
        Neighbours of unit u are ``near[start[u]:start[u + 1]]``; `edge` indexes edges.
    ends
        Pairs of neighbours, shape (edges, 2).
    edge_price
        Cost of an edge between territories, shape (edges,), or (0,): none.
    load
        Shape (n, 1 or k, q).
    pair
        Shape (n, 1 or k); `NONE`: not allowed.
    band, band_measure, member
        Fields of the bands, shape (bands, 5); measures; (bands, k).
    bands_start, bands_of
        Bands in which a territory counts, CSR over territories.
    shape
        `NO_SHAPE`, `BY_CENTRE` or `BY_MEAN`.
    centre
        Shape (n, n) under `BY_CENTRE`, else (0, 0).
    point
        Weight, x, y, weight x (x^2 + y^2) of each unit: the shape under `BY_MEAN`, else
        a likeness of it that recombination goes by; shape (n, 4).
    sets_start, sets_of, set_price, set_label
        Splits of a unit, CSR; price of each; its label of each territory (sets, k).
    fixed, on_map
        Units that may not move; units that take part in contiguity.
    """

    start: Ints
    near: Ints
    edge: Ints
    ends: Ints
    edge_price: Floats
    load: Floats
    pair: Floats
    band: Floats
    band_measure: Ints
    member: NDArray[np.bool_]
    bands_start: Ints
    bands_of: Ints
    shape: int
    centre: Floats
    point: Floats
    sets_start: Ints
    sets_of: Ints
    set_price: Floats
    set_label: Ints
    fixed: NDArray[np.bool_]
    on_map: NDArray[np.bool_]


class State(NamedTuple):
    """
    The plan in hand and what is derived from it.

    Attributes
    ----------
    label
        Territory of each unit.
    member, size, place
        Units of each territory, shape (k, n); how many; where each unit stands.
    load
        Load of each band.
    sums
        Under `BY_CENTRE`: cost of each territory's units from each centre, (k, n).
    moment
        Sums of `Map.point` by territory, shape (k, 4).
    shape_cost
        Of each territory.
    counted
        Units by set and label, shape (sets, k).
    tally
        See `COST` and its kin.
    best
        Labels of the best plan without excess.
    mark, stack
        Room for floods, shape (n,) each.
    random
        State of the generator.
    """

    label: Ints
    member: NDArray[np.int32]
    size: Ints
    place: Ints
    load: Floats
    sums: Floats
    moment: Floats
    shape_cost: Floats
    counted: Ints
    tally: Floats
    best: Ints
    mark: Ints
    stack: Ints
    random: NDArray[np.uint64]


def build_map(model: AreaModel) -> Map:
    """Lay out a model for the compiled loops."""
    start, near, edge = model.adjacency
    n, k = model.n, model.k
    fixed = np.zeros(n, dtype=bool) if model.fixed is None else model.fixed != FREE
    on_map = np.ones(n, dtype=bool) if model.on_map is None else model.on_map
    pair = np.zeros((n, 1)) if model.pair is None else model.pair
    sets = _csr([split.units for split in model.splits], n)
    band, bands = _bands(model), [b.member for b in model.bands]
    shape = BY_CENTRE if model.centre is not None else NO_SHAPE
    if model.weight is not None:
        shape = BY_MEAN
    return Map(
        start=start,
        near=near,
        edge=edge,
        ends=np.ascontiguousarray(model.edges, dtype=np.int64).reshape(-1, 2),
        edge_price=(
            np.zeros(0) if model.edge_price is None else model.edge_price.astype(float)
        ),
        load=_loads(model.load),
        pair=np.ascontiguousarray(np.where(np.isfinite(pair), pair, NONE)),
        band=band,
        band_measure=np.array([b.measure for b in model.bands], dtype=np.int64),
        member=np.array(bands, dtype=bool).reshape(len(bands), k),
        bands_start=np.concatenate(
            [[0], np.cumsum(np.sum(bands, axis=0, dtype=np.int64) * np.ones(k, int))]
        ).astype(np.int64),
        bands_of=np.nonzero(np.array(bands, dtype=bool).reshape(-1, k).T)[1].astype(
            np.int64
        ),
        shape=shape,
        centre=(
            np.zeros((0, 0))
            if model.centre is None
            else np.ascontiguousarray(model.centre, dtype=float)
        ),
        point=_points(model),
        sets_start=sets[0],
        sets_of=sets[1],
        set_price=np.array([split.price for split in model.splits], dtype=float),
        set_label=np.array(
            [split.label_of_territory for split in model.splits], dtype=np.int64
        ).reshape(-1, k),
        fixed=fixed,
        on_map=on_map,
    )


def _loads(load: Ints) -> Floats:
    """Return loads as (n, 1 or k, q): one column where no territory matters."""
    same = load.shape[2] == 1 or load.strides[2] == 0
    if not same:
        same = bool((load == load[:, :, :1]).all())
    kept = load[:, :, :1] if same else load
    return np.ascontiguousarray(np.moveaxis(kept, 0, 2), dtype=float)


def _bands(model: AreaModel) -> Floats:
    fields = np.zeros((len(model.bands), 5))
    for row, band in zip(fields, model.bands, strict=True):
        hard = band.price is None
        share = model.load[band.measure].max(axis=1).sum() / model.k
        row[:] = (
            band.low,
            NONE if band.high == FREE else band.high,
            0.0 if hard else band.price,
            hard,
            1.0 / max(1.0, share * band.member.sum()) if hard else 0.0,
        )
    return fields


def _csr(groups: list[NDArray[np.intp]], n: int) -> tuple[Ints, Ints]:
    """Groups of each unit, from the units of each group."""
    units = np.concatenate([np.asarray(g) for g in groups]) if groups else np.zeros(0)
    which = np.repeat(np.arange(len(groups)), [len(g) for g in groups])
    order = np.argsort(units, kind="stable")
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(units.astype(np.int64), minlength=n), out=start[1:])
    return start, which[order].astype(np.int64)


def _points(model: AreaModel) -> Floats:
    """Weights and places; with a centre matrix, weights in its likeness."""
    n = model.n
    if model.weight is not None:
        assert model.x is not None
        assert model.y is not None
        weight, x, y = model.weight, model.x, model.y
    elif model.place is not None:
        x, y = model.place.T
        weight = np.ones(n)
        if model.centre is not None and n > 1:
            squares = np.array(
                [((x - a) ** 2 + (y - b) ** 2).sum() for a, b in zip(x, y, strict=True)]
            )
            weight = model.centre.sum(axis=1) / np.maximum(squares, 1e-12)
    else:
        return np.zeros((n, 4))
    # Near the origin the sums of squares lose no digits.
    x, y = x - x.mean(), y - y.mean()
    return np.column_stack([weight, x, y, weight * (x**2 + y**2)]).astype(float)


def new_state(map_: Map, k: int, seed: int) -> State:
    """Return a state without a plan; `load_plan` gives it one."""
    n, sets = len(map_.fixed), len(map_.set_price)
    wide = n if map_.shape == BY_CENTRE else 0
    tally = np.zeros(TALLIES)
    tally[BEST] = np.inf
    return State(
        label=np.zeros(n, dtype=np.int64),
        member=np.zeros((k, n), dtype=np.int32),
        size=np.zeros(k, dtype=np.int64),
        place=np.zeros(n, dtype=np.int64),
        load=np.zeros(len(map_.band)),
        sums=np.zeros((k, wide)),
        moment=np.zeros((k, 4)),
        shape_cost=np.zeros(k),
        counted=np.zeros((sets, k), dtype=np.int64),
        tally=tally,
        best=np.full(n, -1, dtype=np.int64),
        mark=np.zeros(n, dtype=np.int64),
        stack=np.zeros(n, dtype=np.int64),
        random=np.array([seed * 2654435761 + 97], dtype=np.uint64),
    )
