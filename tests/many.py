"""Random questions of the whole algebra with more accounts and reps than by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
from instances import random_question

from planner.scenario import Scenario
from planner.tables import Tables, load_tables

REPS = 9


def question(seed: int) -> tuple[Scenario, Tables]:
    """Return a random question of the whole algebra with 30 accounts and 9 reps."""
    rng = np.random.default_rng(seed)
    scenario, frames = random_question(seed)
    accounts = pd.concat([frames["accounts"]] * 30, ignore_index=True)[:30]
    accounts["account_id"] = [f"A{i}" for i in range(30)]
    accounts["latitude"] = rng.uniform(40, 45, 30).round(3)
    accounts["longitude"] = rng.uniform(5, 12, 30).round(3)
    accounts["owner"] = rng.choice([f"R{r}" for r in range(REPS)] + [""], 30)
    accounts["country"] = rng.choice(["FR", "IT"], 30)
    reps = pd.concat([frames["reps"]] * REPS, ignore_index=True)[:REPS]
    reps["rep_id"] = [f"R{r}" for r in range(REPS)]
    reps["latitude"] = rng.uniform(40, 45, REPS).round(3)
    reps["longitude"] = rng.uniform(5, 12, REPS).round(3)
    lost = seed % 15 == 0  # without places, and so in the table of roads
    if lost:
        reps.loc[0, ["latitude", "longitude"]] = np.nan
        accounts.loc[0, ["latitude", "longitude"]] = np.nan
    frames = {"accounts": accounts, "reps": reps}
    if seed % 3 == 0:
        listed = [
            (f"A{i}", f"R{r}", f"{rng.uniform(0, 300):.1f}", "")
            for i in range(30)
            for r in range(REPS)
            if rng.random() < 0.2 or (lost and 0 in (i, r))
        ]
        columns = ["account_id", "rep_id", "km", "hours"]
        frames["distances"] = pd.DataFrame(listed, columns=columns)
    travel = scenario.travel.model_copy(update={"circuity_by": {"IT": 1.7}})
    scenario = scenario.model_copy(update={"travel": travel})
    return scenario, load_tables(scenario, scenario.base, **frames)
