"""Pieces of a set of units on the map, and what separates two of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def pieces(start: Ints, near: Ints, units: NDArray[np.integer]) -> list[Ints]:
    """Return the connected pieces of a set of units, each in rising order."""
    left, found = set(units.tolist()), []
    while left:
        wave = [left.pop()]
        piece = []
        while wave:
            u = wave.pop()
            piece.append(u)
            for v in near[start[u] : start[u + 1]].tolist():
                if v in left:
                    left.remove(v)
                    wave.append(v)
        found.append(np.array(sorted(piece), dtype=np.int64))
    return found


def separator(
    start: Ints,
    near: Ints,
    piece: Ints,
    target: int,
    allowed: NDArray[np.bool_] | None = None,
) -> Ints:
    """
    Return the units around a piece that a flood from a unit outside meets first.

    Whoever goes from the piece to the target passes one of them.

    Parameters
    ----------
    allowed
        Units that the flood may enter, shape (n,); None: all.
    """
    members = set(piece.tolist())
    around = {
        v for u in members for v in near[start[u] : start[u + 1]].tolist()
    } - members
    seen, wave, met = {target}, [target], set()
    if target in around:
        return np.array([], dtype=np.int64)
    while wave:
        u = wave.pop()
        for v in near[start[u] : start[u + 1]].tolist():
            if v in seen or (allowed is not None and not allowed[v]):
                continue
            seen.add(v)
            if v in around:
                met.add(v)
            else:
                wave.append(v)
    return np.array(sorted(met), dtype=np.int64)
