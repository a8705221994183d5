"""What moves between two plans: account by account, and from whom to whom."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.comparison.sides import Side, in_common, other_prices, read_sides
from planner.tables import PREFIX


def moved_between(a: Path, b: Path) -> pd.DataFrame:
    """
    Accounts (and regions) that two plans give to different reps.

    Returns
    -------
    Index ``account_id``; columns ``name`` and ``value`` (of the first plan's tables),
    ``from_rep`` (in plan a) and ``to_rep`` (in plan b), "" = left out. The largest
    value first. Only accounts that both plans have; ``attrs["notes"]`` counts others.

    Raises
    ------
    PlannerError
        If one is no whole plan folder, or they have no account in common.
    """
    return moves_of(*read_sides([a, b]))


def moves_of(first: Side, second: Side) -> pd.DataFrame:
    """Return what `moved_between` does, of two sides."""
    common, notes = in_common([first, second])
    accounts = first.rows.loc[common]
    frame = pd.DataFrame(
        {
            "name": accounts["name"],
            "value": accounts["value"],
            "from_rep": first.owner.loc[common],
            "to_rep": second.owner.loc[common],
        }
    )
    moved = frame[frame["from_rep"] != frame["to_rep"]]
    moved = moved.sort_index().sort_values("value", ascending=False, kind="stable")
    moved.attrs["notes"] = [note for note in notes if note != other_prices()]
    return moved


def flows_of(moved: pd.DataFrame) -> pd.DataFrame:
    """
    Sum up what moves by the reps that give and take.

    Parameters
    ----------
    moved
        See `moved_between`.

    Returns
    -------
    Columns ``from_rep``, ``to_rep``, ``accounts``, ``value``; by regions, ``regions``
    stands before the accounts. The largest value first.
    """
    is_region = moved.index.astype(str).str.startswith(PREFIX)
    counted = moved.assign(regions=is_region.astype(int), accounts=(~is_region) * 1)
    groups = counted.groupby(["from_rep", "to_rep"], sort=True)
    flows = groups[["regions", "accounts", "value"]].sum().reset_index()
    if not is_region.any():
        flows = flows.drop(columns="regions")
    return flows.sort_values("value", ascending=False, kind="stable", ignore_index=True)
