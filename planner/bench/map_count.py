"""Counts of territories on a map, from units, neighbours and amounts alone."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SMALLEST = 1e-9


def pieces_of(edges: Ints, label: NDArray[np.integer]) -> Ints:
    """Return the connected piece that each unit belongs to within its territory."""
    inner = edges[label[edges[:, 0]] == label[edges[:, 1]]]
    links = (np.ones(len(inner)), (inner[:, 0], inner[:, 1]))
    graph = sp.csr_array(links, shape=(len(label), len(label)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def what_breaks(
    edges: Ints,
    label: NDArray[np.integer],
    k: int,
    amount: Floats,
    low: Floats,
    high: Floats,
) -> tuple[str, ...]:
    """
    Say what a plan breaks: number of territories, amounts, contiguity.

    Parameters
    ----------
    label
        Territory of each unit, any numbers, shape (n,).
    amount
        Of each unit in each measure, shape (q, n).
    low, high
        Ends of the amount of a territory in each measure, shape (q,).
    """
    found, territory = np.unique(label, return_inverse=True)
    said = []
    if len(found) != k:
        said.append(f"{len(found)} territories instead of {k}")
    off: list[float] = []
    for each, least, most in zip(amount, low, high, strict=True):
        load = np.bincount(territory, each, minlength=len(found))
        mean = each.sum() / k
        out = load[(load < least) | (load > most)]
        off += (np.abs(out - mean) / max(mean, SMALLEST)).tolist()
    if off:
        said.append(f"off by {100 * max(off):.3g} %")
    pieces = len(np.unique(pieces_of(edges, label)))
    if pieces > len(found):
        said.append(f"{pieces} pieces for {len(found)} territories")
    return tuple(said)


def best_centres(cost: Floats, label: NDArray[np.integer]) -> Ints:
    """
    Return the centre of each unit's territory: its member of least cost in all.

    Parameters
    ----------
    cost
        ``cost[u, c]`` of unit u when unit c is its centre, shape (n, n).
    """
    centre = np.empty(len(label), dtype=np.int64)
    for each in np.unique(label):
        members = np.flatnonzero(label == each)
        total = cost[np.ix_(members, members)].sum(axis=0)
        centre[members] = members[total.argmin()]
    return centre
