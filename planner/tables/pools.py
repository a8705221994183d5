"""Pools among the reps: rows of their own, without a place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.scenario import Scenario
from planner.scenario.pools import Pool
from planner.tables.fields import Parsed
from planner.tables.findings import Findings
from planner.tables.schema import UNSAFE_STARTS
from planner.tables.skills import normalise_skills
from planner.words import _

Mask = NDArray[np.bool_]


def is_pool(reps: pd.DataFrame, scenario: Scenario) -> Mask:
    """Whether each rep is a pool of the scenario, shape (m,)."""
    return np.asarray(reps.index.isin([pool.id for pool in scenario.pools]))


def with_pools(reps: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """
    Return reps, indexed by id, with a row more for each pool, last.

    What a pool has not (places, quota, columns of the table) is NaN or blank.
    """
    if not scenario.pools:
        return reps
    rows = [fields_of(pool, scenario) for pool in scenario.pools]
    ids = pd.Index([pool.id for pool in scenario.pools], dtype="str")
    columns: dict[str, pd.Series] = {}
    for name in map(str, reps):
        dtype = reps[name].dtype
        empty = np.nan if pd.api.types.is_numeric_dtype(dtype) else ""
        cells = [row.get(name, empty) for row in rows]
        columns[name] = pd.Series(cells, ids, dtype=dtype)
    found = pd.concat([reps, pd.DataFrame(columns)])
    found.index = found.index.astype("str").rename(reps.index.name)
    return found


def parsed_with_pools(reps: Parsed, scenario: Scenario) -> Parsed:
    """Return parsed reps and pools, for rules that name either; not for findings."""
    key = str(reps.frame.columns[0])
    rows = with_pools(reps.frame.set_index(key), scenario)
    return replace(reps, frame=rows.reset_index())


def fields_of(pool: Pool, scenario: Scenario) -> dict[str, str | float]:
    """Return what a pool has of the fields of reps."""
    skills, _bad = normalise_skills(pool.skills, scenario.skills.levels)
    capacity = np.nan if pool.capacity is None else pool.capacity
    return {
        "name": pool.shown,
        "team": pool.team,
        "grade": pool.grade,
        "skills": skills,
        "capacity": capacity,
    }


def check_pools(
    scenario: Scenario, reps: Parsed, bases: Parsed | None, named: Findings
) -> None:
    """Report ids that reps or candidate bases have, and skills that cannot be read."""
    tables = [table for table in (reps, bases) if table is not None]
    for index, pool in enumerate(scenario.pools):
        for table in tables:
            if (table.frame.iloc[:, 0] == pool.id).any():
                named.fault(
                    f"pools[{index}].id",
                    pool.id,
                    _("{file} has a row of this id").format(file=table.findings.file),
                    _("Rename the pool: a plan could not tell the two apart."),
                )
        if pool.id.startswith(tuple(UNSAFE_STARTS)) or pool.id.strip() != pool.id:
            named.fault(
                f"pools[{index}].id",
                pool.id,
                _("an id may not start with = + - @, TAB or a line break"),
                _("Rename it: spreadsheets take such a cell for a formula."),
            )
        _skills, bad = normalise_skills(pool.skills, scenario.skills.levels)
        if bad is not None:
            known = ", ".join(scenario.skills.levels) or _(
                "none named in skills.levels"
            )
            named.fault(
                f"pools[{index}].skills",
                pool.skills,
                _("{part!r} has no known level").format(part=bad),
                _(
                    "Write the level as a whole number from 1 up, or by name ({known})."
                ).format(known=known),
            )
