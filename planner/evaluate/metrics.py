"""How good a plan is, in figures that a planner reads: balance, travel, disruption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planner.evaluate.evenness import (
    coefficient_of_variation,
    gini,
    max_relative_imbalance,
)
from planner.evaluate.labels import LABELS, label_of
from planner.evaluate.shape import shape_figures
from planner.evaluate.survey import Survey
from planner.scenario import Scenario
from planner.tables import Tables

__all__ = ["LABELS", "Metrics", "label_of", "metrics"]

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Metrics:
    """
    Figures of one plan; see `metrics` for the definitions.

    Attributes
    ----------
    reps
        Index ``rep_id``, every rep of the tables; NaN where there is no figure.
    totals
        Key -> figure, None where there is none; `planner.evaluate.labels` names them.
    """

    reps: pd.DataFrame
    totals: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, None in place of NaN."""
        by_rep = {
            str(rep_id): {
                str(key): None if pd.isna(value) else float(value)
                for key, value in row.items()
            }
            for rep_id, row in self.reps.to_dict("index").items()
        }
        return {"totals": self.totals, "reps": by_rep}


def metrics(tables: Tables, scenario: Scenario, owner: pd.Series) -> Metrics:
    """
    Measure a plan, or any other assignment: rules need not hold.

    Parameters
    ----------
    tables, scenario
        The question that the assignment answers.
    owner
        ``account_id`` -> ``rep_id`` for every account, in any order; "" = left out. By
        regions also for each of these, as ``region:<id>``.

    Returns
    -------
    In `Metrics.reps`, <q> being each measure that the scenario uses, and always
    accounts, hours and value:

    accounts
        Accounts served.
    load_<q>
        Load in units of the measure, as in the plan's own rows (with travel and
        factors by grade where the measure has them).
    pct_of_average_<q>
        100 x load / mean load of all reps; pools take no part in this, in targets, and
        in the totals of reps and of balance.
    target_<q>, pct_of_target_<q>
        Of the first balance entry of the measure that is per rep: total own demand x
        weight / all weights; 100 x load / target. Regions set apart and their reps
        take no part.
    capacity_use
        Load of hours / capacity. Hours: the measure that a limit per rep holds
        against `capacity`; without such a limit, "hours".
    travel_km, travel_hours
        On the road in a year: sum of round trips x 2 x one-way km (hours).
    mean_km, p95_km, radius_km
        Mean, 95th percentile (linear) and maximum over accounts of one-way km.
    mean_squared_km2
        sum(visits x km^2) / sum(visits).
    accounts_gained, accounts_lost, value_gained, value_lost
        Served now but not today, and today but not now.
    skill_match
        Of the accounts that ask for skills, required or preferred, the share whose
        rep holds all of them at the level asked.

    With unit = "region" also the shapes of the territories, see
    `planner.evaluate.shape.shape_figures`.

    In `Metrics.totals` the same over all reps; for each measure the
    max_relative_imbalance_<q>, cv_<q> and gini_<q> of `planner.evaluate.evenness`.
    Moved accounts leave a known owner, for another rep or for nobody; vacant ones have
    none today. handover_value_at_risk is the scenario's handover term, in currency.

    Raises
    ------
    PlannerError
        If `owner` lacks an account, has one twice, or names unknown accounts or reps.
    """
    return _Count(Survey(tables, scenario, owner)).metrics()


class _Count:
    """Sums of a survey by rep, and over all reps."""

    def __init__(self, survey: Survey) -> None:
        self.survey, self.m = survey, survey.m
        self.capacity = survey.tables.reps["capacity"].to_numpy(float)
        self.worked = survey.loads[survey.scenario.capacity_measure]
        self.is_pool = survey.pairs.is_pool[:-1]

    def metrics(self) -> Metrics:
        reps = self._reps()
        totals = {**self._sums(reps), **self._disruption(), **self._evenness()}
        if self.survey.scenario.unit == "region":
            shapes, figures = shape_figures(self.survey)
            reps = reps.join(shapes)
            totals |= figures
        return Metrics(
            reps, {k: float(v) if np.isfinite(v) else None for k, v in totals.items()}
        )

    # ---- per rep -----------------------------------------------------------------

    def _per_rep(self, amounts: ArrayLike, rep: Positions) -> Floats:
        """Sum of amounts by rep; those of nobody drop out."""
        sums = np.bincount(rep, np.asarray(amounts, float), self.m + 1)
        return np.asarray(sums[: self.m], dtype=float)

    def _reps(self) -> pd.DataFrame:
        survey = self.survey
        ones = survey.is_account.astype(float)
        columns: dict[str, ArrayLike] = {
            "accounts": self._per_rep(ones, survey.chosen).astype(int)
        }
        for name, load in survey.loads.items():
            columns[f"load_{name}"] = load
            own = np.where(self.is_pool, np.nan, load)
            mean = load[~self.is_pool].mean() if not self.is_pool.all() else np.nan
            columns[f"pct_of_average_{name}"] = _share(100 * own, mean)
            if (target := self._target(name)) is not None:
                columns[f"target_{name}"] = target
                columns[f"pct_of_target_{name}"] = _share(100 * load, target)
        columns["capacity_use"] = _share(self.worked, self.capacity)
        columns |= self._travel()
        changed = survey.chosen != survey.before
        for what, amount in (("accounts", ones), ("value", survey.value)):
            columns[f"{what}_gained"] = self._per_rep(amount * changed, survey.chosen)
            columns[f"{what}_lost"] = self._per_rep(amount * changed, survey.before)
        asked, matched = (self._per_rep(x, survey.chosen) for x in survey.skills)
        columns["skill_match"] = _share(matched, asked)
        return pd.DataFrame(columns, index=survey.tables.reps.index)

    def _travel(self) -> dict[str, ArrayLike]:
        survey = self.survey
        known = pd.DataFrame(
            {
                "rep": survey.chosen,
                "km": survey.km,
                "travel_km": survey.trips * 2 * survey.km,
                "travel_hours": survey.trips * 2 * survey.hours,
                "visits": survey.visits,
                "squared": survey.visits * survey.km**2,
            }
        ).dropna()
        groups, everyone = known.groupby("rep"), range(self.m)
        sums = groups[["travel_km", "travel_hours", "visits", "squared"]].sum()
        sums = sums.reindex(everyone)
        km = groups["km"]
        spread = {"mean_km": km.mean(), "p95_km": km.quantile(0.95)}
        spread["radius_km"] = km.max()
        return {
            "travel_km": sums["travel_km"].to_numpy(),
            "travel_hours": sums["travel_hours"].to_numpy(),
            **{key: x.reindex(everyone).to_numpy() for key, x in spread.items()},
            "mean_squared_km2": _share(
                sums["squared"].to_numpy(), sums["visits"].to_numpy()
            ),
        }

    def _target(self, name: str) -> Floats | None:
        entries = [
            b
            for b in self.survey.scenario.balance
            if b.measure == name and b.per == "rep"
        ]
        if not entries:
            return None
        weight = np.ones(self.m)
        if entries[0].target != "equal":
            field = self.survey.tables.reps[entries[0].target]
            weight = np.nan_to_num(field.to_numpy(float))
        pairs = self.survey.pairs
        # A region set apart is no part of balance, nor is a pool.
        aside = pairs.is_apart[:-1] | self.is_pool
        weight[aside] = 0.0
        total = float(pairs.own[name][pairs.apart_rep < 0].sum()) * entries[0].part
        target = _share(total * weight, weight.sum())
        return np.where(aside, np.nan, target)

    # ---- over all reps -----------------------------------------------------------

    def _sums(self, reps: pd.DataFrame) -> dict[str, float]:
        survey = self.survey
        known = ~np.isnan(survey.km)
        km, visits = survey.km[known], survey.visits[known]
        trips = survey.trips[known]
        given = ~np.isnan(self.capacity) & ~self.is_pool
        asked, matched = survey.skills
        nothing = len(km) == 0
        idle = reps["accounts"].eq(0) & ~self.is_pool
        return {
            "accounts": survey.is_account.sum(),
            "accounts_left_out": (~survey.served).sum(),
            "value_left_out": survey.value[~survey.served].sum(),
            "reps": (~self.is_pool).sum(),
            "reps_without_accounts": idle.sum() if survey.is_account.any() else np.nan,
            **self._in_pools(reps),
            "travel_km": np.nan if nothing else 2 * trips @ km,
            "travel_hours": np.nan if nothing else 2 * trips @ survey.hours[known],
            "mean_km": np.nan if nothing else km.mean(),
            "p95_km": np.nan if nothing else np.percentile(km, 95),
            "mean_squared_km2": _ratio(visits @ km**2, visits.sum()),
            "capacity_use": _ratio(
                self.worked[given].sum(), self.capacity[given].sum()
            ),
            "skill_match": _ratio(matched.sum(), asked.sum()),
        }

    def _in_pools(self, reps: pd.DataFrame) -> dict[str, float]:
        """What pools serve, where there are any."""
        if not self.is_pool.any():
            return {}
        survey = self.survey
        value = survey.value[survey.pairs.is_pool[survey.chosen]].sum()
        return {
            "accounts_in_pools": reps["accounts"][self.is_pool].sum(),
            "value_in_pools": value,
            "value_in_pools_share": _ratio(value, survey.value.sum()),
        }

    def _disruption(self) -> dict[str, float]:
        survey = self.survey
        value_moved = survey.value[survey.moved].sum()
        return {
            "accounts_vacant": (survey.is_account & (survey.before == self.m)).sum(),
            "accounts_moved": (survey.is_account & survey.moved).sum(),
            "value_moved": value_moved,
            "value_moved_share": _ratio(value_moved, survey.value.sum()),
            "handover_value_at_risk": survey.at_risk,
        }

    def _evenness(self) -> dict[str, float]:
        figures = {
            "max_relative_imbalance": max_relative_imbalance,
            "cv": coefficient_of_variation,
            "gini": gini,
        }
        balanced = ~self.survey.pairs.is_apart[:-1] & ~self.is_pool
        return {
            f"{key}_{name}": figure(load[balanced])
            for name, load in self.survey.loads.items()
            for key, figure in figures.items()
        }


def _share(part: Floats, whole: ArrayLike) -> Floats:
    """Part over whole, NaN where the whole is 0 or not known."""
    bottom = np.broadcast_to(np.asarray(whole, dtype=float), part.shape)
    return np.divide(part, bottom, out=np.full(part.shape, np.nan), where=bottom > 0)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan
