"""Which changed account changes hands in which wave."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.scenario import Scenario
from planner.scenario.waves import in_order
from planner.tables import PREFIX, matches
from planner.words import _


class InWaves(NamedTuple):
    """
    Accounts laid into waves.

    Attributes
    ----------
    number
        Wave of each row, from 1 up in the order of dates, shape (rows,).
    dates
        ISO date of each wave; "" where the scenario gives none.
    names
        Name of each wave, "" where it has none.
    left
        How many rows no wave took, so that the last one has them.
    """

    number: NDArray[np.int64]
    dates: list[str]
    names: list[str]
    left: int


def lay_into_waves(scenario: Scenario, rows: pd.DataFrame) -> InWaves:
    """
    Give every row one wave.

    Waves with conditions are asked first, in the order of the scenario; waves without
    share the rest; what then is left goes into the last.

    Parameters
    ----------
    scenario
        With ``[[waves]]``; without, the first of two waves takes what is neither
        protected nor has open pipeline, the second the rest.
    rows
        Accounts (and regions) with the fields of the clean tables.
    """
    waves = in_order(scenario.waves)
    number = np.zeros(len(rows), dtype=np.int64)
    place = {id(wave): at for at, wave in enumerate(waves, start=1)}
    for wave in scenario.waves:
        if wave.where:
            number[(number == 0) & matches(rows, wave.where)] = place[id(wave)]
    general = [place[id(wave)] for wave in waves if not wave.where]
    if len(general) == 2:
        number[(number == 0) & is_ready(scenario, rows)] = general[0]
    left = 0
    if general:
        number[number == 0] = general[-1]
    else:
        left = int((number == 0).sum())
        number[number == 0] = len(waves)
    dates = [wave.date.isoformat() if wave.date else "" for wave in waves]
    return InWaves(number, dates, [wave.name or "" for wave in waves], left)


def is_ready(scenario: Scenario, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether nothing is in the way of a change: no protection, no open pipeline."""
    waits = rows["pipeline"].to_numpy(float) > 0
    if scenario.protect.field:
        waits |= rows["protected"].to_numpy(bool)
    for conditions in scenario.protect.where:
        waits |= matches(rows, conditions)
    return np.asarray(~waits)


def sum_up_waves(changes: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """
    Count what changes in each wave.

    Parameters
    ----------
    changes
        As `planner.changes.change_list` returns them.
    scenario
        Of the same plan.

    Returns
    -------
    Index ``wave``, from 1 up; columns ``name``, ``date``, ``accounts``, ``regions``,
    ``value`` (currency per year) and ``reps`` (who lose or gain something).
    """
    waves, lines = in_order(scenario.waves), []
    is_region = changes.index.str.startswith(PREFIX)
    if scenario.unit == "account":
        is_region = np.zeros(len(changes), dtype=bool)
    for number, wave in enumerate(waves, start=1):
        inside = (changes["wave"] == number).to_numpy(bool)
        here = changes[inside]
        reps = {*here["from_rep"], *here["to_rep"]} - {""}
        lines.append(
            {
                "wave": number,
                "name": wave.name or "",
                "date": wave.date.isoformat() if wave.date else "",
                "accounts": int((inside & ~is_region).sum()),
                "regions": int((inside & is_region).sum()),
                "value": float(here["value"].sum()),
                "reps": len(reps),
            }
        )
    return pd.DataFrame(lines).set_index("wave")


def check_wave(scenario: Scenario, number: int) -> None:
    """
    Refuse the number of a wave that is not there.

    Raises
    ------
    PlannerError
        Naming those that are.
    """
    count = len(in_order(scenario.waves))
    if not 1 <= number <= count:
        raise PlannerError(
            _("There is no wave {n}; the scenario has waves 1 to {count}.").format(
                n=number, count=count
            )
        )
