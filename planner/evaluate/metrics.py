"""
How good a plan is, in figures that a planner reads: balance, travel, disruption.

With loads x_1..x_m of the m reps (also of those without any account), mean x:

    max relative imbalance  max_r |x_r - x| / x    0: all equal
    coefficient of          sqrt(sum_r (x_r - x)^2 / m) / x
      variation (CV)                               0: all equal
    Gini coefficient        sum_r sum_s |x_r - x_s| / (2 m^2 x)
                                                   0: all equal; (m - 1) / m: one has all

References
----------
Pearson (1896), Phil. Trans. R. Soc. A 187, 253-318: coefficient of variation.
Gini (1912), Variabilita e mutabilita; the sorted form used here: Damgaard and Weiner
(2000), Ecology 81, 1139-1142.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planner.errors import PlannerError
from planner.evaluate.labels import LABELS, label_of
from planner.pairs import Pairs
from planner.scenario import Scenario
from planner.tables import Tables, parse_skills
from planner.words import _

__all__ = ["LABELS", "Metrics", "label_of", "metrics"]

PAIRS_AT_ONCE = 2_000_000
ALWAYS = ("accounts", "hours", "value")
"""Measures that are counted whether or not the scenario uses them."""

Bools = NDArray[np.bool_]
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


def max_relative_imbalance(loads: ArrayLike) -> float:
    """
    Largest distance from the mean, as a share of the mean; NaN where that is 0.

    >>> max_relative_imbalance([50, 100, 150])
    0.5
    """
    x = np.asarray(loads, dtype=float)
    mean = x.mean() if x.size else 0.0
    return float(np.abs(x - mean).max() / mean) if mean > 0 else np.nan


def coefficient_of_variation(loads: ArrayLike) -> float:
    """
    Population standard deviation over mean; NaN where the mean is 0.

    >>> coefficient_of_variation([50, 150])
    0.5
    """
    x = np.asarray(loads, dtype=float)
    mean = x.mean() if x.size else 0.0
    return float(x.std() / mean) if mean > 0 else np.nan


def gini(loads: ArrayLike) -> float:
    """
    Gini coefficient of loads >= 0; NaN where all are 0.

    With x sorted upwards: 2 sum_i i x_(i) / (m sum x) - (m + 1) / m.

    >>> gini([0, 0, 0, 100])
    0.75
    """
    x = np.sort(np.asarray(loads, dtype=float))
    if not x.sum() > 0:
        return np.nan
    rank, m = np.arange(1, len(x) + 1), len(x)
    return float(max(0.0, 2 * (rank @ x) / (m * x.sum()) - (m + 1) / m))


def metrics(tables: Tables, scenario: Scenario, owner: pd.Series) -> Metrics:
    """
    Measure a plan, or any other assignment: rules need not hold.

    Parameters
    ----------
    tables, scenario
        The question that the assignment answers.
    owner
        ``account_id`` -> ``rep_id`` for every account, in any order; "" = left out.

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
        100 x load / mean load of all reps.
    target_<q>, pct_of_target_<q>
        Of the first balance entry of the measure that is per rep: total own demand x
        weight / all weights; 100 x load / target.
    capacity_use
        Load of hours / capacity. Hours: the measure that a limit per rep holds
        against `capacity`; without such a limit, "hours".
    travel_km, travel_hours
        On the road in a year: sum of visits x 2 x one-way km (hours).
    mean_km, p95_km, radius_km
        Mean, 95th percentile (linear) and maximum over accounts of one-way km.
    mean_squared_km2
        sum(visits x km^2) / sum(visits).
    accounts_gained, accounts_lost, value_gained, value_lost
        Served now but not today, and today but not now.
    skill_match
        Of the accounts that ask for skills, required or preferred, the share whose
        rep holds all of them at the level asked.

    In `Metrics.totals` the same over all reps; for each measure the max_relative_imbalance_<q>, cv_<q>, gini_<q> (see the module). Moved accounts leave
    a known owner, for another rep or for nobody; handover_value_at_risk is the
    scenario's handover term, unrounded to its cost scale and in currency.

    Raises
    ------
    PlannerError
        If `owner` lacks an account, has one twice, or names unknown accounts or reps.
    """
    return _Count(tables, scenario, _chosen(tables, owner)).metrics()


def _chosen(tables: Tables, owner: pd.Series) -> Positions:
    """Rep index of each account in table order, m for nobody."""
    accounts, reps = tables.accounts.index, tables.reps.index
    ids = pd.Index(owner.index)
    twice = ids[ids.duplicated()]
    extra, lacking = ids.difference(accounts), accounts.difference(ids)
    for wrong, words in (
        (twice, _("the assignment has {ids} more than once; keep one row each")),
        (extra, _("the assignment names {ids}, which the accounts lack; remove them")),
        (lacking, _('the assignment lacks {ids}; add them, with "" where left out')),
    ):
        if len(wrong):
            raise PlannerError(words.format(ids=_some(wrong)))
    names = owner.reindex(accounts)
    chosen = reps.get_indexer(names)
    unknown = names[(chosen < 0) & (names != "")]
    if len(unknown):
        raise PlannerError(
            _(
                "the assignment gives {ids} to reps that do not exist ({reps}); correct "
                'them, or write "" to leave an account out'
            ).format(ids=_some(unknown.index), reps=_some(pd.Index(unknown.unique())))
        )
    return np.where(chosen < 0, len(reps), chosen).astype(np.intp)


def _some(ids: pd.Index) -> str:
    shown = ", ".join(str(one) for one in ids[:3])
    more = len(ids) - 3
    return shown + (_(" and {n:,} more").format(n=more) if more > 0 else "")


class _Count:
    """One assignment, account by account, and its sums by rep."""

    def __init__(self, tables: Tables, scenario: Scenario, chosen: Positions) -> None:
        always = {name: scenario.measure(name) for name in ALWAYS}
        scenario = scenario.model_copy(
            update={"measures": {**always, **scenario.measures}}
        )
        self.tables, self.scenario, self.chosen = tables, scenario, chosen
        self.pairs = Pairs(tables, scenario)
        self.m = self.pairs.m
        self.served = chosen < self.m
        self.visits = tables.accounts["visits"].to_numpy(float)
        self.value = tables.accounts["value"].to_numpy(float)
        self._survey()

    def _survey(self) -> None:
        """Distance, load and handover of every account with its own rep."""
        n, pairs = len(self.chosen), self.pairs
        self.km, self.hours = np.full(n, np.nan), np.full(n, np.nan)
        loads = np.zeros((len(pairs.measures), self.m + 1), dtype=np.int64)
        at_risk = 0
        step = max(1, PAIRS_AT_ONCE // (self.m + 1))
        for first in range(0, n, step):
            at = np.arange(first, min(n, first + step))
            to, line = self.chosen[at], np.arange(len(at))
            block = pairs.block(at)
            for load, demand in zip(loads, block.demand, strict=True):
                np.add.at(load, to, demand[line, to])
            if "handover" in pairs.terms:
                cost = block.cost[pairs.terms.index("handover")]
                at_risk += int(cost[line, to].sum())
            km, hours, _usable = pairs.distances(at)
            inside = np.minimum(to, self.m - 1)
            self.km[at], self.hours[at] = km[line, inside], hours[line, inside]
        known = self.served & self._has_distance()
        self.km[~known] = self.hours[~known] = np.nan
        self.at_risk = at_risk / pairs.cost_scale
        self.loads = {
            name: loads[at, :-1] / pairs.scales[at]
            for at, name in enumerate(pairs.measures)
            if name in self.scenario.measures_used()
        }

    def _has_distance(self) -> Bools:
        """Whether both have a place, or the table has the pair; shape (accounts,)."""
        accounts, reps = self.tables.accounts, self.tables.reps
        inside = np.minimum(self.chosen, self.m - 1)
        places = ["latitude", "longitude"]
        known = accounts[places].notna().all(axis=1).to_numpy(bool)
        known = known & reps[places].notna().all(axis=1).to_numpy(bool)[inside]
        if self.tables.distances is not None:
            table = self.tables.distances
            listed = pd.MultiIndex.from_frame(table[["account_id", "rep_id"]])
            own = pd.MultiIndex.from_arrays([accounts.index, reps.index[inside]])
            known |= own.isin(listed)
        return np.asarray(known)

    def metrics(self) -> Metrics:
        reps = self._reps()
        totals = {**self._sums(reps), **self._disruption(), **self._balance()}
        return Metrics(
            reps, {k: float(v) if np.isfinite(v) else None for k, v in totals.items()}
        )

    # ---- per rep -----------------------------------------------------------------

    def _per_rep(self, amounts: ArrayLike, rep: Positions) -> Floats:
        """Sum of amounts by rep; amounts of nobody (m, or -1) drop out."""
        to = np.where(rep < 0, self.m, rep)
        return np.bincount(to, np.asarray(amounts, float), self.m + 1)[: self.m]

    def _reps(self) -> pd.DataFrame:
        ones = np.ones(len(self.chosen))
        columns: dict[str, ArrayLike] = {
            "accounts": self._per_rep(ones, self.chosen).astype(int)
        }
        for name, load in self.loads.items():
            columns[f"load_{name}"] = load
            columns[f"pct_of_average_{name}"] = _share(100 * load, load.mean())
            if (target := self._target(name)) is not None:
                columns[f"target_{name}"] = target
                columns[f"pct_of_target_{name}"] = _share(100 * load, target)
        columns["capacity_use"] = _share(self._worked(), self._capacity())
        columns |= self._travel()
        owner = self.pairs.owner
        moved = self.chosen != np.where(owner < 0, self.m, owner)
        for what, amount in (("accounts", ones), ("value", self.value)):
            columns[f"{what}_gained"] = self._per_rep(amount * moved, self.chosen)
            columns[f"{what}_lost"] = self._per_rep(amount * moved, owner)
        asked, matched = self._skills()
        columns["skill_match"] = _share(
            self._per_rep(matched, self.chosen), self._per_rep(asked, self.chosen)
        )
        return pd.DataFrame(columns, index=self.tables.reps.index)

    def _travel(self) -> dict[str, ArrayLike]:
        known = pd.DataFrame(
            {
                "rep": self.chosen,
                "km": self.km,
                "travel_km": self.visits * 2 * self.km,
                "travel_hours": self.visits * 2 * self.hours,
                "visits": self.visits,
                "squared": self.visits * self.km**2,
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
            b for b in self.scenario.balance if b.measure == name and b.per == "rep"
        ]
        if not entries:
            return None
        weight = np.ones(self.m)
        if entries[0].target != "equal":
            weight = np.nan_to_num(self.tables.reps[entries[0].target].to_numpy(float))
        return np.asarray(_share(self.pairs.own_total[name] * weight, weight.sum()))

    def _worked(self) -> Floats:
        capped = [
            limit.measure
            for limit in self.scenario.limits
            if limit.per == "rep" and limit.high == "capacity"
        ]
        return self.loads[capped[0] if capped else "hours"]

    def _capacity(self) -> Floats:
        return self.tables.reps["capacity"].to_numpy(float)

    def _skills(self) -> tuple[Bools, Bools]:
        """Whether each served account asks for skills, and whether its rep has them."""
        accounts = self.tables.accounts
        wanted = [
            {**parse_skills(prefers), **parse_skills(required)}
            for required, prefers in zip(
                accounts["skills"], accounts["prefers"], strict=True
            )
        ]
        held = [*(parse_skills(text) for text in self.tables.reps["skills"]), {}]
        asked = self.served & np.array([bool(skills) for skills in wanted], dtype=bool)
        matched = [
            all(held[to].get(skill, 0) >= level for skill, level in skills.items())
            for skills, to in zip(wanted, self.chosen.tolist(), strict=True)
        ]
        return asked, asked & np.array(matched, dtype=bool)

    # ---- over all reps -----------------------------------------------------------

    def _sums(self, reps: pd.DataFrame) -> dict[str, float]:
        known = self.km[~np.isnan(self.km)]
        given = ~np.isnan(self._capacity())
        asked, matched = self._skills()
        visits = self.visits[~np.isnan(self.km)]
        return {
            "accounts": float(len(self.chosen)),
            "accounts_left_out": float((~self.served).sum()),
            "value_left_out": float(self.value[~self.served].sum()),
            "reps": float(self.m),
            "reps_without_accounts": float((reps["accounts"] == 0).sum()),
            "travel_km": float(visits @ known * 2) if len(known) else np.nan,
            "travel_hours": float(np.nansum(self.visits * 2 * self.hours))
            if len(known)
            else np.nan,
            "mean_km": float(known.mean()) if len(known) else np.nan,
            "p95_km": float(np.percentile(known, 95)) if len(known) else np.nan,
            "mean_squared_km2": _ratio(visits @ known**2, visits.sum()),
            "capacity_use": _ratio(
                self._worked()[given].sum(), self._capacity()[given].sum()
            ),
            "skill_match": _ratio(matched.sum(), asked.sum()),
        }

    def _disruption(self) -> dict[str, float]:
        owner = self.pairs.owner
        moved = (owner >= 0) & (self.chosen != owner)
        return {
            "accounts_vacant": float((owner < 0).sum()),
            "accounts_moved": float(moved.sum()),
            "value_moved": float(self.value[moved].sum()),
            "value_moved_share": _ratio(self.value[moved].sum(), self.value.sum()),
            "handover_value_at_risk": self.at_risk,
        }

    def _balance(self) -> dict[str, float]:
        figures = {
            "max_relative_imbalance": max_relative_imbalance,
            "cv": coefficient_of_variation,
            "gini": gini,
        }
        return {
            f"{key}_{name}": figure(load)
            for name, load in self.loads.items()
            for key, figure in figures.items()
        }


def _share(part: Floats, whole: ArrayLike) -> Floats:
    """Part over whole, NaN where the whole is 0 or not known."""
    bottom = np.broadcast_to(np.asarray(whole, dtype=float), part.shape)
    return np.divide(part, bottom, out=np.full(part.shape, np.nan), where=bottom > 0)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else np.nan
