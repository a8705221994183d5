"""The report: one page for those who decide, self-contained and printable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import Environment, PackageLoader, StrictUndefined

from planner.charts import WIDTH as STRIP_WIDTH
from planner.charts import Strip, strip
from planner.errors import PlannerError
from planner.maps.draw import territory_colours
from planner.maps.svg import WIDTH as MAP_WIDTH
from planner.maps.svg import draw_svg
from planner.words import _

SHOWN_MOVES, SHOWN_NOTES, SHOWN_BINDING = 20, 40, 15
"""Longest lists; what is left out is counted."""


@dataclass(frozen=True)
class ReportData:
    """
    All that a report says, without any solver's types.

    Attributes
    ----------
    name
        Of the scenario.
    currency
        ISO 4217; amounts are in it, per year.
    cost, bound
        Of the plan, and the proven lower bound (None: none was proven).
    terms
        Cost by term of the objective; sums to `cost`.
    breaches
        Rules that the plan breaks, in words; empty = every rule holds.
    baselines
        Index: name of the baseline; columns ``cost``, ``breaches`` (count) and, if
        there, ``note``. The first is the one that the headline compares with.
    loads
        Index ``rep_id``; columns ``name``, ``accounts`` and any of ``hours``,
        ``capacity``, ``value``, ``target``, ``travel_km`` (a year), ``km_mean`` (one
        way), ``moved_in``, ``moved_out`` (accounts), and those that `measures` names.
        Every rep with a territory is in it.
    pools
        Index ``rep_id``; columns ``name``, ``accounts``, ``hours``, ``capacity`` (NaN:
        none) and ``value`` of the pools, which are not among `loads`; None = none.
    measures
        Index: column of `loads`; columns ``label``, ``reference`` (column of `loads`;
        "" = the mean of all reps) and the band ``low``, ``high`` as shares of the
        reference (NaN = open).
    binding
        Limits at their cap: ``rule``, ``who``, ``load``, ``limit`` and ``price`` (what
        one more unit would save; NaN = not known).
    moves
        Accounts that change hands: ``account_id``, ``name``, ``from_rep``,
        ``to_rep``, ``value``.
    defaults
        Every default that was relied on.
    certificate
        How it was proved: status, seed, versions, sha256, ... in reading order.
    notes, warnings
        About the data, in words.
    territories, accounts, outline
        For the map (see `planner.maps.plot_territories`); None = no map.
    language
        Locale of numbers.
    """

    name: str
    currency: str
    cost: float
    bound: float | None
    terms: Mapping[str, float]
    loads: pd.DataFrame
    measures: pd.DataFrame
    pools: pd.DataFrame | None = None
    breaches: Sequence[str] = ()
    baselines: pd.DataFrame | None = None
    binding: pd.DataFrame | None = None
    moves: pd.DataFrame | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    territories: gpd.GeoDataFrame | None = None
    accounts: pd.DataFrame | None = None
    outline: gpd.GeoDataFrame | None = None
    language: str = "en"

    @property
    def gap(self) -> float | None:
        """(cost - bound) / max(|cost|, 1), or None without a bound."""
        if self.bound is None or not math.isfinite(self.bound):
            return None
        return max(self.cost - self.bound, 0.0) / max(abs(self.cost), 1.0)


def locale_of(language: str) -> Locale:
    """
    Return the locale of a language code such as ``en``, ``zh`` or ``zh-CN``.

    Raises
    ------
    PlannerError
        If there is none.
    """
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError) as error:
        raise PlannerError(
            _("{language!r} is no known language. Use a code such as en or zh.").format(
                language=language
            )
        ) from error


class Numbers:
    """Numbers as the reader's language writes them."""

    def __init__(self, language: str, currency: str) -> None:
        self._locale, self._currency = locale_of(language), currency

    def money(self, amount: float) -> str:
        """Whole units of the currency."""
        return format_currency(
            amount, self._currency, "¤#,##0", locale=self._locale, currency_digits=False
        )

    def count(self, amount: float, digits: int = 0) -> str:
        """A number with at most so many decimals; "" when not known."""
        if pd.isna(amount):
            return ""
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return format_decimal(amount, pattern, locale=self._locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share in per cent; "" when not known."""
        if pd.isna(share):
            return ""
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
        return format_percent(share, pattern, locale=self._locale)


def write_report(path: Path, data: ReportData) -> None:
    """
    Write ``report.html``: one file, no script, nothing loaded from elsewhere.

    Parameters
    ----------
    path
        File to write; its folder exists.
    """
    environment = Environment(
        loader=PackageLoader("planner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = _
    page = environment.get_template("report.html.j2").render(_context(data))
    path.write_text(page, encoding="utf-8")


def headline(data: ReportData) -> str:
    """Say in one sentence how good the plan is and whether the rules hold."""
    if data.breaches:
        rules = _("{n} rule(s) broken").format(n=len(data.breaches))
    else:
        rules = _("every rule holds")
    if data.gap is None:
        return _("No bound was proven; {rules}.").format(rules=rules)
    if data.gap == 0:
        return _("Proven best: no plan within the rules costs less; {rules}.").format(
            rules=rules
        )
    # Rounded up: a report may not claim more than was proved.
    share = Numbers(data.language, data.currency).percent(
        math.ceil(data.gap * 1e4 - 1e-9) / 1e4, 2
    )
    return _("Within {gap} of the best possible; {rules}.").format(
        gap=share, rules=rules
    )


def comparison(data: ReportData) -> str:
    """Say what the plan saves against the first baseline; "" without one."""
    if data.baselines is None or data.baselines.empty:
        return ""
    numbers = Numbers(data.language, data.currency)
    base = data.baselines.iloc[0]
    saved = float(base["cost"]) - data.cost
    words = {
        "saved": numbers.money(abs(saved)),
        "share": numbers.percent(abs(saved) / max(abs(float(base["cost"])), 1.0), 1),
        "name": base.name,
        "n": numbers.count(base["breaches"]),
    }
    if saved >= 0:
        text = _("{saved} a year ({share}) less than “{name}”").format(**words)
    else:
        text = _("{saved} a year ({share}) more than “{name}”").format(**words)
    if base["breaches"]:
        return text + _(", which breaks {n} rule(s).").format(**words)
    return text + _(", which also keeps every rule.")


def _context(data: ReportData) -> dict[str, Any]:
    """Return everything that the template names."""
    drawing, fill = None, {}
    if data.territories is not None and len(data.territories):
        drawing = draw_svg(data.territories, data.accounts, data.outline)
        fill = territory_colours(data.territories)
    return {
        "data": data,
        "numbers": Numbers(data.language, data.currency),
        "headline": headline(data),
        "comparison": comparison(data),
        "map": drawing,
        "map_width": MAP_WIDTH,
        "strip_width": STRIP_WIDTH,
        "fill": fill,
        "kpis": _kpis(data),
        "loads": _rows(data.loads),
        "pools": _rows(data.pools),
        "shares": {name: _shares(data, name) for name in data.measures.index},
        "terms": sorted(data.terms.items(), key=lambda term: -term[1]),
        "baselines": _rows(data.baselines),
        "binding": _rows(_largest(data.binding, "price")),
        "moves": _rows(_largest(data.moves, "value")),
        "caps": (SHOWN_MOVES, SHOWN_NOTES, SHOWN_BINDING),
    }


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return rows as dicts; the index is under ``id``."""
    if table is None:
        return []
    rows = table.rename_axis(index="id").reset_index().to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def _largest(table: pd.DataFrame | None, column: str) -> pd.DataFrame | None:
    """Return the rows in falling order of a column."""
    if table is None:
        return None
    return table.sort_values(column, ascending=False, kind="stable")


@dataclass(frozen=True)
class Kpi:
    """How evenly one measure is spread over the reps."""

    label: str
    against: str
    lowest: tuple[str, float]
    highest: tuple[str, float]
    band: tuple[float | None, float | None]
    within: int
    reps: int
    chart: Strip


def _kpis(data: ReportData) -> list[Kpi]:
    found = []
    for name, row in data.measures.iterrows():
        shares = _shares(data, str(name)).dropna()
        if shares.empty:
            continue
        low, high = (
            None if pd.isna(row[side]) else row[side] for side in ("low", "high")
        )
        chart = strip(shares, low, high)
        found.append(
            Kpi(
                label=str(row["label"]),
                against=_(str(row["reference"])) or _("average"),
                lowest=(str(shares.idxmin()), float(shares.min())),
                highest=(str(shares.idxmax()), float(shares.max())),
                band=(low, high),
                within=len(shares) - sum(dot.outside for dot in chart.dots),
                reps=len(shares),
                chart=chart,
            )
        )
    return found


def _shares(data: ReportData, measure: str) -> pd.Series:
    """Load of each rep as a share of its reference; NaN where that is 0."""
    load = data.loads[measure].astype(float)
    reference = str(data.measures.loc[measure, "reference"])
    if reference:
        whole = data.loads[reference].astype(float)
    else:
        whole = pd.Series(load.mean(), index=load.index)
    return load / whole.where(whole > 0)
