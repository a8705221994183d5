"""A plan in figures and words: the one view that map, report and CLI draw from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.evaluate.metrics import Metrics, metrics
from planner.scenario import Scenario
from planner.scenario.model import OPENING
from planner.tables import (
    Tables,
    area_regions,
    is_pool,
    parse_skills,
    planning_rows,
)
from planner.words import _

if TYPE_CHECKING:
    import geopandas as gpd

MOST_TODAY = 100_000
"""Accounts; a map of today's owners of more takes too long beside that of the plan."""


@dataclass(frozen=True, eq=False)
class PlanView:
    """
    A plan as it stands in a plan folder; nothing of a solver is needed.

    Attributes
    ----------
    scenario, tables
        As used.
    owner
        ``rep_id`` by ``account_id``; "" where left out. By regions also by these, as
        ``region:<id>``.
    certificate
        The certificate, with or without file hashes.
    centres
        Best region by ``rep_id``, where compactness goes by it; else None or empty.
    """

    scenario: Scenario
    tables: Tables
    owner: pd.Series
    certificate: dict[str, Any]
    centres: pd.Series | None = None

    @cached_property
    def metrics(self) -> Metrics:
        """Figures recomputed from the tables."""
        return metrics(self.tables, self.scenario, self.owner)

    @property
    def money(self) -> float:
        """Steps of cost in one unit of currency."""
        return float(self.certificate["cost_scale"])

    @cached_property
    def loads(self) -> pd.DataFrame:
        """Per rep what map and report show; index ``rep_id``, without pools."""
        reps, measured = self.reps, self.metrics.reps.loc[self.reps.index]
        frame = pd.DataFrame(
            {
                "name": reps["name"],
                "accounts": measured["accounts"],
                "hours": measured["load_hours"],
                "value": measured["load_value"],
                "travel_km": measured["travel_km"],
                "km_mean": measured["mean_km"],
                "moved_in": measured["accounts_gained"],
                "moved_out": measured["accounts_lost"],
            }
        )
        if reps["capacity"].notna().any():
            frame["capacity"] = reps["capacity"]
            frame["hours"] = measured["capacity_use"] * reps["capacity"]
        if "target_value" in measured:
            frame["target"] = measured["target_value"]
        worthless = self.tables.accounts["value"].eq(0).all()
        if worthless and frame["value"].eq(0).all():
            frame = frame.drop(columns="value")
        frame = self._with_regions(frame) if self.by_region else frame
        return self._with_measures(frame)

    @cached_property
    def reps(self) -> pd.DataFrame:
        """Clean reps who may have a territory: all but pools."""
        return self.tables.reps[~is_pool(self.tables.reps, self.scenario)]

    @cached_property
    def pools(self) -> pd.DataFrame:
        """What each pool serves; index ``rep_id``, empty without pools."""
        reps, measured = self.tables.reps, self.metrics.reps
        frame = pd.DataFrame(
            {
                "name": reps["name"],
                "accounts": measured["accounts"],
                "hours": measured[f"load_{self.scenario.capacity_measure}"],
                "capacity": reps["capacity"],
                "value": measured["load_value"],
            }
        )
        return frame[is_pool(reps, self.scenario)]

    @property
    def by_region(self) -> bool:
        """Whether reps get regions."""
        return self.scenario.unit == "region"

    def _with_regions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Regions and balanced measures of each rep; without what nobody has."""
        measured = self.metrics.reps.loc[frame.index]
        frame.insert(1, "regions", measured["regions"].fillna(0).astype(int))
        unused = ["hours"] if "capacity" not in frame else []
        frame = frame.drop(columns=[c for c in unused if frame[c].eq(0).all()])
        if not len(self.tables.accounts):
            counts = ["accounts", "moved_in", "moved_out", "travel_km", "km_mean"]
            frame = frame.drop(columns=counts)
        return frame

    def _with_measures(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add what the scenario balances, and its targets."""
        measured = self.metrics.reps
        for measure in dict.fromkeys(b.measure for b in self.scenario.balance):
            if measure not in ("accounts", "hours", "value"):
                frame[measure] = measured[f"load_{measure}"]
            if measure != "value" and f"target_{measure}" in measured:
                frame[f"{measure}_target"] = measured[f"target_{measure}"]
        return frame

    @property
    def specialist(self) -> pd.Series | None:
        """Accounts that need a skill which not every rep has; None: there are none."""
        held = [parse_skills(text) for text in self.reps["skills"]]

        def rare(text: str) -> bool:
            return any(
                min(skills.get(skill, 0) for skills in held) < level
                for skill, level in parse_skills(text).items()
            )

        asked = self.tables.accounts["skills"]
        found = asked.map({text: rare(text) for text in asked.unique()}).astype(bool)
        return found if found.any() and self.scenario.map.specialists else None

    def layers(self) -> dict[str, Any] | None:
        """Arguments of `planner.maps.write_map`; None where nothing has a place."""
        from planner.geo.shapes import territories

        if self.by_region:
            return self.area_layers()
        accounts, regions = self.tables.accounts, self.tables.regions
        placed = accounts[["latitude", "longitude"]].notna().all(axis=1)
        visited = self.owner.where(self.owner.isin(self.reps.index), "")
        if not (placed & (visited != "")).any():
            return None
        fine, coarse = _levels(regions, self.scenario.map.level)
        shapes = territories(accounts, visited, self.reps, fine)
        return {
            "territories": shapes,
            "accounts": accounts,
            "owner": self.owner,
            "reps": self.reps,
            "loads": self.loads,
            "borders": fine,
            "outline": coarse,
            "specialist": self.specialist,
            "title": self.scenario.map.title or self.scenario.name,
            "subtitle": self.subtitle(),
        }

    def territories_today(self) -> gpd.GeoDataFrame | None:
        """
        Territories of today's owners, as those of `layers` are drawn.

        None by regions, where stripes show what changes, where nobody owns anything
        with a place, and for more accounts than are drawn in a moment.
        """
        from planner.geo.shapes import territories

        accounts = self.tables.accounts
        owner = accounts["owner"].where(accounts["owner"].isin(self.reps.index), "")
        placed = accounts[["latitude", "longitude"]].notna().all(axis=1)
        none = self.by_region or not (placed & (owner != "")).any()
        if none or len(accounts) > MOST_TODAY:
            return None
        fine, _coarse = _levels(self.tables.regions, self.scenario.map.level)
        return territories(accounts, owner, self.reps, fine)

    def area_layers(self) -> dict[str, Any]:
        """Layers of a plan by regions: today's map beside the new one."""
        from planner.maps import AreaLayer, area_territories

        tables, rows = self.tables, planning_rows(self.tables, self.scenario)
        assert tables.regions is not None
        units = area_regions(tables.regions, self.scenario.areas.level)
        is_region = rows["is_region"].to_numpy(bool)
        now = pd.Series(self.owner[is_region].to_numpy(), index=units.index)
        before = pd.Series(rows["owner"][is_region].to_numpy(), index=units.index)
        before = before.where(before.isin(tables.reps.index), "")
        marked = self.reps
        if centred := self.centres is not None and len(self.centres) > 0:
            marked = self._at_centres(rows[is_region])
        layer = AreaLayer(
            units, now, before if (before != "").any() else None, centred=centred
        )
        accounts = tables.accounts if len(tables.accounts) else None
        above = tables.regions.index.intersection(units["parent"].unique())
        return {
            "territories": area_territories(layer, tables.reps["name"]),
            "accounts": accounts,
            "owner": None if accounts is None else self.owner[~is_region],
            "reps": marked,
            "loads": self.loads,
            "borders": None,
            "outline": tables.regions.loc[above] if len(above) else None,
            "specialist": self.specialist,
            "areas": layer,
            "title": self.scenario.map.title or self.scenario.name,
            "subtitle": self.subtitle(),
        }

    def _at_centres(self, regions: pd.DataFrame) -> pd.DataFrame:
        """Reps with the place of their territory's best region in that of the base."""
        assert self.centres is not None
        place = regions.set_index("region_id")[["latitude", "longitude"]]
        found = place.reindex(self.centres.reindex(self.reps.index))
        return self.reps.assign(
            latitude=found["latitude"].to_numpy(),
            longitude=found["longitude"].to_numpy(),
        )

    def subtitle(self) -> str:
        """Proven gap, cost and changes in one line."""
        proven = _(
            "Proven within {gap:.2%} of the best possible; "
            "{cost:,.0f} {currency} a year"
        )
        if self.certificate["gap"] >= 1:  # the bound says nothing
            proven = _("{cost:,.0f} {currency} a year")
        text = proven.format(
            gap=math.ceil(self.certificate["gap"] * 1e4) / 1e4,  # never claim more
            cost=self.certificate["cost"] / self.money,
            currency=self.scenario.currency,
        )
        owned = self.tables.accounts["owner"].isin(self.tables.reps.index)
        if self.scenario.relaxed:
            text += _("; {n:,} rule(s) changed").format(n=len(self.scenario.relaxed))
        if self.by_region:
            if changed := self.metrics.totals["regions_moved"]:
                text += _("; {moved:,.0f} regions change hands").format(moved=changed)
        elif owned.any():
            text += _("; {moved:,.0f} accounts change hands").format(
                moved=self.metrics.totals["accounts_moved"]
            )
        for name, served in zip(
            self.pools["name"], self.pools["accounts"], strict=True
        ):
            text += _("; {name}: {n:,} accounts").format(name=name, n=served)
        return text


def _levels(
    regions: gpd.GeoDataFrame | None, level: str | None
) -> tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None]:
    """Regions to fill, and the coarser level above them, if there is one."""
    if regions is None:
        return None, None
    polygons = regions[regions.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    if polygons.empty:
        return None, None
    chosen = level or polygons["level"].value_counts().index[0]
    fine = polygons[polygons["level"] == chosen]
    coarse = polygons.loc[polygons.index.intersection(fine["parent"].unique())]
    return fine, None if coarse.empty else coarse


def term_label(term: str, scenario: Scenario) -> str:
    """Name a term of the objective for a reader."""
    names = {
        "travel": _("Travel"),
        "pool": _("Cost to serve of pools"),
        "skill": _("Preferred skills missing"),
        "fit": _("Grade fit"),
        "handover": _("Handover"),
        "leave_out": _("Left out"),
        "compactness": _("Compactness"),
        "cut_edges": _("Borders between territories"),
        OPENING: _("Opening bases"),
    }
    if term in names:
        return names[term]
    family, index = term.rstrip("]").split("[")
    if family == "balance":
        measure = scenario.balance[int(index)].measure
        return _("Imbalance of {measure}").format(measure=_(measure))
    column = scenario.together[int(index)].column
    return _("Split of {column}").format(column=column)


def row_label(row: str, scenario: Scenario) -> tuple[str, str]:
    """Name a row of the problem: the rule, and whom it concerns."""
    source, _slash, who = row.partition("/")
    family, index = source.rstrip("]").split("[")
    entry = getattr(scenario, family)[int(index)]
    if family == "pools":  # after the slash stands what is capped
        return _("Limit: {measure}").format(measure=_(who)), entry.id
    if family == "budgets":
        return _("Budget of {what}").format(what=amount_label(entry.of)), _("all")
    rule = _("Limit: {measure}") if family == "limits" else _("Band: {measure}")
    return rule.format(measure=amount_label(entry.measure)), who


def amount_label(code: str) -> str:
    """Name a measure, or what a budget caps, for a reader."""
    names = {
        "moved_accounts": _("accounts that change hands"),
        "moved_regions": _("regions that change hands"),
        "moved_value": _("value that changes hands"),
    }
    return names.get(code) or _(code)


def baseline_label(name: str, kind: str) -> str:
    """Name one of today's ways for a reader."""
    names = {
        "today": _("Today's owners"),
        "nearest": _("Nearest rep"),
        "round_robin": _("Rotation"),
        "random": _("Random"),
        "performance": _("By performance"),
        "rules": _("Rules with priorities"),
    }
    return names[name] + (_(", keeping the rules") if kind == "rule_keeping" else "")
