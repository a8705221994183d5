"""Where one more rep would help most: candidate places, judged by the prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import Compiled
from planner.errors import PlannerError
from planner.geo.distance import haversine_km
from planner.pairs import Pairs
from planner.scenario import Scenario
from planner.solvers.dual import Dual
from planner.tables import Tables
from planner.words import _

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

CELL = 0.5
"""Degrees: of the accounts in a square of this size one stands for all at first."""
PLACES = 300
"""Squares looked at, those where serving is dearest at the prices."""
PAIRS = 20_000_000
"""Pairs of accounts and places priced in all, at most."""
ROWS = 200_000
"""Pairs priced at once, over the number of places."""
NEAR = 60
"""Accounts near the best place looked at one by one."""


@dataclass(frozen=True)
class NewRep:
    """
    What a rep who does not exist yet is like, but for id and place.

    Attributes
    ----------
    fields
        Column of the reps -> value.
    given
        Columns that the user set; the others are as is usual among the reps.
    """

    fields: dict[str, Any]
    given: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Say what each of them is like."""
        parts = []
        for name, value in self.fields.items():
            shown = f"{value:,.10g}" if isinstance(value, float) else value or _("none")
            how = _("median")
            if not isinstance(value, float):
                how = _("the commonest")
            if name in self.given:
                how = _("given")
            parts.append(f"{name} {shown} ({how})")
        return _("A new rep has {fields}; the team is that of the nearest rep.").format(
            fields=", ".join(parts)
        )


_PLACE = ("name", "latitude", "longitude", "region_id", "team")


def usual_rep(reps: pd.DataFrame, given: Mapping[str, str] | None = None) -> NewRep:
    """
    Return a rep as is usual: numbers are the median, text is the commonest.

    Parameters
    ----------
    given
        Column -> text of what to take instead.

    Raises
    ------
    PlannerError
        If a column is not one of the reps', or a number is none.
    """
    given = given or {}
    fields: dict[str, Any] = {}
    for name in reps.columns:
        column = reps[name]
        if name in _PLACE:
            continue
        if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
            fields[name] = float(column.median())
        else:
            fields[name] = column.mode().iloc[0]
    for name, text in given.items():
        if name not in fields:
            raise PlannerError(
                _(
                    "A new rep has no field {name!r}; there are: {known}. Place and "
                    "team follow from where the rep is put."
                ).format(name=name, known=", ".join(fields))
            )
        fields[name] = text
        if isinstance(reps[name].iloc[0], float):
            fields[name] = _number(name, text)
    known = {n: x for n, x in fields.items() if x == x}  # NaN: no rep has any
    told = {n: x for n, x in known.items() if x != "" or n == "skills"}
    return NewRep(told, tuple(given))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise PlannerError(
            _("{name} of a new rep is {text!r}; it must be a number.").format(
                name=name, text=text
            )
        ) from error


def with_reps_at(
    tables: Tables, like: NewRep, places: pd.DataFrame, ids: list[str]
) -> Tables:
    """
    Return tables with more reps.

    Parameters
    ----------
    places
        Rows of accounts (or regions): the new reps live there.
    ids
        Of the new reps, as many as places.
    """
    reps = tables.reps
    added = pd.DataFrame(
        index=pd.Index(ids, name=reps.index.name), columns=reps.columns
    )
    for name in reps.columns:
        numeric = pd.api.types.is_numeric_dtype(reps[name]) and reps[name].dtype != bool
        added[name] = like.fields.get(name, np.nan if numeric else "")
    added["latitude"] = places["latitude"].to_numpy(float)
    added["longitude"] = places["longitude"].to_numpy(float)
    added["name"] = [_("New rep in {place}").format(place=x) for x in places["name"]]
    if "region_id" in places and "region_id" in reps:
        added["region_id"] = places["region_id"].astype(str).to_numpy()
    added["team"] = _teams_near(reps, added)
    added = added.astype(reps.dtypes.to_dict())
    return replace(tables, reps=pd.concat([reps, added]))


def _teams_near(reps: pd.DataFrame, added: pd.DataFrame) -> list[str]:
    place = reps[["latitude", "longitude"]].to_numpy(float)
    here = added[["latitude", "longitude"]].to_numpy(float)
    km = haversine_km(here[:, :1], here[:, 1:], place[:, 0], place[:, 1])
    nearest = np.nan_to_num(km, nan=np.inf).argmin(axis=1)
    return [str(team) for team in reps["team"].to_numpy(object)[nearest]]


def best_places(
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    dual: Dual,
    like: NewRep,
    count: int,
) -> list[int]:
    """
    Choose the places where one more rep would save most at the prices.

    With the prices of the rows fixed, a rep at a place takes from the others what is
    cheaper there, as much as fits below the hard limits per rep (a fractional
    knapsack). First one account per square of the map, then accounts near the best.

    Parameters
    ----------
    compiled, dual
        The question with the present reps, and its prices.
    count
        Places wanted.

    Returns
    -------
    Rows of `compiled.pairs.accounts`, the best first.

    Raises
    ------
    PlannerError
        If no account has a place.
    """
    looked = _Look(scenario, tables, compiled, dual, like)
    chosen = looked.by_square()
    gains = looked.gains(chosen)
    order = np.argsort(-gains, kind="stable")
    near = looked.near(int(chosen[order[0]]))
    around = looked.gains(near)
    best = int(near[around.argmax()])
    others = [int(at) for at in chosen[order] if int(at) != best]
    if around.max() < gains[order[0]]:
        others, best = (
            [x for x in others if x != chosen[order[0]]],
            int(chosen[order[0]]),
        )
    return [best, *others[: count - 1]]


class _Look:
    """Places judged at fixed prices."""

    def __init__(
        self,
        scenario: Scenario,
        tables: Tables,
        compiled: Compiled,
        dual: Dual,
        like: NewRep,
    ) -> None:
        self.scenario, self.tables, self.like = scenario, tables, like
        self.compiled, self.problem = compiled, dual.problem
        rows = dual.rows
        priced = rows.cost + rows.matrix @ dual.prices
        self.least = np.minimum.reduceat(priced, self.problem.start[:-1])
        self.price_of = dict(zip(rows.ids, dual.prices.tolist(), strict=True))
        self.accounts = compiled.pairs.accounts
        placed = self.accounts[["latitude", "longitude"]].notna().all(axis=1)
        self.placed = np.flatnonzero(placed.to_numpy(bool))
        if not len(self.placed):
            raise PlannerError(
                _(
                    "No account has a place, so there is none for another rep. Fill "
                    "latitude and longitude, or count reps down only."
                )
            )

    def by_square(self) -> Positions:
        """Return the dearest account of each square, of the dearest squares."""
        size = np.bincount(self.compiled.unit_of)
        dear = self.least[self.compiled.unit_of] / size[self.compiled.unit_of]
        frame = self.accounts.iloc[self.placed]
        squares = pd.DataFrame(
            {
                "row": self.placed,
                "dear": dear[self.placed],
                "lat": np.floor(frame["latitude"].to_numpy(float) / CELL),
                "lon": np.floor(frame["longitude"].to_numpy(float) / CELL),
            }
        )
        squares = squares.sort_values(["dear", "row"], ascending=[False, True])
        groups = squares.groupby(["lat", "lon"], sort=False)
        table = groups.agg(row=("row", "first"), total=("dear", "sum"))
        most = max(10, min(PLACES, PAIRS // max(1, len(self.accounts))))
        table = table.sort_values(["total", "row"], ascending=[False, True]).head(most)
        return table["row"].to_numpy(np.intp)

    def near(self, row: int) -> Positions:
        """Return the accounts next to one, itself among them."""
        lat = self.accounts["latitude"].to_numpy(float)[self.placed]
        lon = self.accounts["longitude"].to_numpy(float)[self.placed]
        here = self.accounts.iloc[row]
        km = haversine_km(lat, lon, float(here["latitude"]), float(here["longitude"]))
        return self.placed[np.argsort(km, kind="stable")[:NEAR]]

    def gains(self, places: Positions) -> Floats:
        """What a rep at each place would save at the prices, in steps of cost."""
        m, n = self.problem.m, self.problem.n
        ids = [f"\0{at}" for at in range(len(places))]
        tables = with_reps_at(self.tables, self.like, self.accounts.iloc[places], ids)
        pairs = Pairs(tables, self.scenario)
        columns = np.arange(m, m + len(places))
        wide = self._wide_prices(pairs)
        capped = self._caps(pairs, columns)
        saved = np.empty((n, len(places)))
        takes = {measure: np.empty((n, len(places))) for measure in capped}
        order = np.argsort(self.compiled.unit_of, kind="stable")
        edges = np.searchsorted(self.compiled.unit_of[order], np.arange(n + 1))
        at_once = max(1, ROWS // len(places))
        for first in range(0, n, at_once):
            last = min(n, first + at_once)
            lines = order[edges[first] : edges[last]]
            block = pairs.price(lines[:, None], columns[None])
            cost = block.cost.sum(axis=0) + np.tensordot(wide, block.demand, 1)
            starts = edges[first:last] - edges[first]
            cost = np.add.reduceat(cost, starts, axis=0)
            allowed = np.logical_and.reduceat(block.eligible, starts, axis=0)
            gain = self.least[first:last, None] - cost
            saved[first:last] = np.where(allowed, np.maximum(gain, 0.0), 0.0)
            for measure, amounts in takes.items():
                amounts[first:last] = np.add.reduceat(
                    block.demand[measure], starts, axis=0
                )
        gains = saved.sum(axis=0)
        for measure, cap in capped.items():
            gains = np.minimum(gains, _knapsacks(saved, takes[measure], cap))
        return gains

    def _wide_prices(self, pairs: Pairs) -> Floats:
        """Prices of rows that count every rep, so also a new one, by measure."""
        wide = np.zeros(len(pairs.measures))
        for row in self.problem.rows:
            if len(row.reps) >= self.problem.m > 1:
                wide[row.measure] += self.price_of.get(row.id, 0.0)
        return wide

    def _caps(self, pairs: Pairs, columns: Positions) -> dict[int, Floats]:
        """Hard highs of a new rep by measure, in steps, at each place."""
        caps: dict[int, Floats] = {}
        for limit in self.scenario.limits:
            if limit.per != "rep" or limit.reps is not None or limit.high is None:
                continue
            high = np.full(len(columns), np.nan)
            if isinstance(limit.high, str):
                high = pairs.reps[limit.high].to_numpy(float)[columns]
            else:
                high[:] = limit.high
            if limit.teams is not None:
                team = pairs.reps["team"].iloc[columns].isin(limit.teams)
                high = np.where(team.to_numpy(bool), high, np.nan)
            steps = np.nan_to_num(high * pairs.scale_of(limit.measure), nan=np.inf)
            at = pairs.measures.index(limit.measure)
            caps[at] = np.minimum(caps.get(at, np.inf), steps)
        return caps


def _knapsacks(saved: Floats, takes: Floats, caps: Floats) -> Floats:
    """Value of the fractional knapsack of each column: savings (n, C) below a cap."""
    values = np.empty(saved.shape[1])
    for column, cap in enumerate(caps.tolist()):
        worth = np.flatnonzero(saved[:, column] > 0)
        gain, amount = saved[worth, column], takes[worth, column]
        ratio = gain / np.maximum(amount, 1e-12)
        order = np.argsort(-ratio, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(amount[order])[:-1]])
        room = np.clip(cap - before, 0.0, amount[order])
        share = np.where(amount[order] > 0, room / np.maximum(amount[order], 1e-12), 1)
        values[column] = float(share @ gain[order])
    return values
