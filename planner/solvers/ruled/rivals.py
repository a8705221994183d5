"""
Units that must have different reps, and fewer reps open to them: Hall, by matching.

Each unit of a set needs a rep of its own. Where no matching serves all of them, the
units reached by alternating paths from one that is left over may only go to the reps
on these paths, one fewer than they are. A solver of whole numbers sees this pigeonhole
only by trying.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

from planner.ruled import Bools, Positions, View


def crowded_sets(
    seen: View, allowed: Bools
) -> Iterator[tuple[int, Positions, Positions]]:
    """
    Yield sets of rivals that no plan can keep apart.

    Parameters
    ----------
    allowed
        Pairs that are open, shape (units, m + 1).

    Yields
    ------
    Number of the set in `View.apart`; units of it; all reps that these may go to, who
    are fewer.
    """
    for number, units in enumerate(seen.apart):
        served = units[~allowed[units, -1]]
        found = _left_over(allowed[served][:, :-1])
        if found is not None:
            among, reps = found
            yield number, served[among], reps


def _left_over(open_to: Bools) -> tuple[Positions, Positions] | None:
    """Rows that are more than the columns open to them; None: each may have its own."""
    if not open_to.size:
        return None
    column = maximum_bipartite_matching(csr_matrix(open_to), perm_type="column")
    alone = np.flatnonzero(column < 0)
    if not len(alone):
        return None
    row_of = np.full(open_to.shape[1], -1)
    row_of[column[column >= 0]] = np.flatnonzero(column >= 0)
    rows, reps = {int(alone[0])}, set()
    waiting = [int(alone[0])]
    while waiting:
        for rep in np.flatnonzero(open_to[waiting.pop()]).tolist():
            if rep not in reps:
                reps.add(rep)
                row = int(row_of[rep])
                if row not in rows:
                    rows.add(row)
                    waiting.append(row)
    return np.array(sorted(rows), dtype=np.intp), np.array(sorted(reps), dtype=np.intp)
