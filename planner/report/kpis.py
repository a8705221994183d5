"""Key figures: a few tiles for all, and for each measure how evenly it is spread."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.charts import Strip, strip
from planner.report.data import ReportData
from planner.report.numbers import Numbers
from planner.words import _


@dataclass(frozen=True)
class Tile:
    """One key figure: what it is, how much, and a line that explains it."""

    label: str
    figure: str
    note: str = ""


@dataclass(frozen=True)
class Kpi:
    """How evenly one measure is spread over the reps."""

    name: str
    label: str
    against: str
    lowest: tuple[str, float]
    highest: tuple[str, float]
    band: tuple[float | None, float | None]
    within: int
    reps: int
    chart: Strip


def tiles(data: ReportData) -> list[Tile]:
    """Return the figures that a decision is made on, at most six."""
    numbers = Numbers(data.language, data.currency)
    found = [_cost(data, numbers), _gap(data, numbers), _moved(data, numbers)]
    found += [_travel(data, numbers), _capacity(data, numbers)]
    return [*(tile for tile in found if tile is not None), _size(data, numbers)]


def kpis(data: ReportData) -> list[Kpi]:
    """Return the spread of each measure that has one."""
    found = []
    for name, row in data.measures.iterrows():
        shares = shares_of(data, str(name)).dropna()
        if shares.empty:
            continue
        low, high = (
            None if pd.isna(row[side]) else row[side] for side in ("low", "high")
        )
        chart = strip(shares, low, high)
        found.append(
            Kpi(
                name=str(name),
                label=str(row["label"]),
                against=_against(str(row["reference"])),
                lowest=(str(shares.idxmin()), float(shares.min())),
                highest=(str(shares.idxmax()), float(shares.max())),
                band=(low, high),
                within=len(shares) - sum(dot.outside for dot in chart.dots),
                reps=len(shares),
                chart=chart,
            )
        )
    return found


def shares_of(data: ReportData, measure: str) -> pd.Series:
    """Load of each rep as a share of its reference; NaN where that is 0."""
    load = data.loads[measure].astype(float)
    reference = str(data.measures.loc[measure, "reference"])
    if reference:
        whole = data.loads[reference].astype(float)
    else:
        whole = pd.Series(load.mean(), index=load.index)
    return load / whole.where(whole > 0)


def _against(reference: str) -> str:
    """Name what a load is a share of."""
    if reference == "capacity":
        return _("capacity")
    return _("target") if reference else _("average")


def _cost(data: ReportData, numbers: Numbers) -> Tile:
    note = ""
    if data.bound is not None and data.gap is not None:
        note = _("no plan can cost less than {bound}").format(
            bound=numbers.money(data.bound)
        )
    return Tile(_("Cost a year"), numbers.money(data.cost), note)


def _gap(data: ReportData, numbers: Numbers) -> Tile:
    if data.gap is None or data.bound is None:
        return Tile(_("Proven gap"), "–", _("no bound was proven"))
    if data.gap == 0:
        return Tile(_("Proven gap"), numbers.gap(0.0), _("no plan costs less"))
    note = _("at most {rest} a year is left to save").format(
        rest=numbers.money(data.cost - data.bound)
    )
    return Tile(_("Proven gap"), numbers.gap(data.gap), note)


def _moved(data: ReportData, numbers: Numbers) -> Tile | None:
    by = "regions" if data.by_region else "accounts"
    moved, every = data.figure(f"{by}_moved"), data.figure(by)
    if moved is None or not every:
        return None
    label = _("Regions that change hands")
    if not data.by_region:
        label = _("Accounts that change hands")
    note = _("of {all}").format(all=numbers.count(every))
    if share := data.figure("value_moved_share"):
        note = _("of {all}; {share} of the value").format(
            all=numbers.count(every), share=numbers.percent(share, 1)
        )
    return Tile(label, numbers.count(moved), note)


def _travel(data: ReportData, numbers: Numbers) -> Tile | None:
    km, mean = data.figure("travel_km"), data.figure("mean_km")
    if not km or mean is None:
        return None
    return Tile(
        _("Travel a year"),
        _("{n} km").format(n=numbers.count(km)),
        _("an account is {n} km away on average").format(n=numbers.count(mean)),
    )


def _capacity(data: ReportData, numbers: Numbers) -> Tile | None:
    use = data.figure("capacity_use")
    if use is None or "hours" not in data.measures.index:
        return None
    full = (shares_of(data, "hours") > 1 - 5e-4).sum()
    return Tile(
        _("Capacity used"),
        numbers.percent(use),
        _("reps at full capacity: {n}").format(n=numbers.count(full)) if full else "",
    )


def _size(data: ReportData, numbers: Numbers) -> Tile:
    reps = numbers.count(len(data.loads))
    if data.by_region:
        regions = numbers.count(data.loads["regions"].sum())
        return Tile(_("Territories"), reps, _("{n} regions").format(n=regions))
    accounts = data.loads["accounts"].sum()
    if data.pools is not None and len(data.pools):
        pooled = numbers.count(data.pools["accounts"].sum())
        text = _("{n} accounts, and {pooled} in pools")
        note = text.format(n=numbers.count(accounts), pooled=pooled)
        return Tile(_("Reps"), reps, note)
    return Tile(_("Reps"), reps, _("{n} accounts").format(n=numbers.count(accounts)))
