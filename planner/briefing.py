"""What the report says of a plan: its view turned into rows, sentences and labels."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.evaluate.labels import not_compared
from planner.reporting import PlanView, baseline_label, row_label, term_label
from planner.tables import planning_rows
from planner.words import _

if TYPE_CHECKING:
    from planner.report import ReportData

SHOWN_MOVES = 100
"""Moves handed to the report, largest value first."""

_CHANGES = ("moved", "moved_share", "vacant", "value_at_risk")
"""Ends of the names of figures about changes against today."""

PLAN, REASON = "plan.csv", "reason"
"""The table of a plan, and its column that says why each account has its rep."""


def briefing(
    view: PlanView,
    layers: dict[str, Any] | None,
    language: str,
    *,
    folder: Path | None = None,
    frontier: Path | None = None,
    headcount: Path | None = None,
) -> ReportData:
    """
    Gather everything that the report says.

    Parameters
    ----------
    view
        The plan.
    layers
        Of its map (`PlanView.layers`); None: there is none.
    language
        Locale of numbers.
    folder
        The plan folder, for the fingerprint of its plan and the reasons in it.
    frontier, headcount
        Folders with ``frontier.csv`` and ``curve.csv``, to be shown as well.

    Raises
    ------
    PlannerError
        If one of these folders does not hold what it should.
    """
    from planner.report import ReportData, read_frontier, read_headcount

    certificate, money, drawn = view.certificate, view.money, layers or {}
    moved = moves(view)
    if folder is not None:
        moved = _with_reasons(moved, folder / PLAN)
    return ReportData(
        name=view.scenario.name,
        currency=view.scenario.currency,
        cost=certificate["cost"] / money,
        bound=certificate["bound"] / money,
        terms=_terms(view),
        loads=view.loads,
        pools=view.pools,
        measures=_measures(view),
        relaxed=[str(one["says"]) for one in certificate.get("relaxed") or ()],
        baselines=_baselines(view),
        binding=_binding(view),
        moves=moved.head(SHOWN_MOVES),
        moved=len(moved),
        figures=_figures(view),
        defaults=certificate["defaults"],
        certificate=_proof(view),
        proof=certificate["bound_by"],
        unseen=[_(name) for name in _unseen(view)],
        fingerprint="" if folder is None else _sha256(folder / PLAN),
        notes=[
            *view.tables.notes,
            *not_compared(certificate["baselines"], view.scenario.unit),
        ],
        warnings=[str(warning) for warning in view.tables.warnings],
        territories=drawn.get("territories"),
        accounts=drawn.get("accounts"),
        outline=drawn.get("outline"),
        areas=drawn.get("areas"),
        before=view.territories_today() if drawn and len(moved) else None,
        frontier=None if frontier is None else read_frontier(frontier, folder),
        headcount=None if headcount is None else read_headcount(headcount),
        language=language,
    )


def moves(view: PlanView) -> pd.DataFrame:
    """
    List what leaves a known owner, largest value first: accounts, or regions.

    Returns
    -------
    Columns ``account_id`` (by regions the ``region_id``), ``name``, ``from_rep``,
    ``to_rep`` ("" = left out) and ``value`` (of a region: with all accounts in it).
    """
    rows = planning_rows(view.tables, view.scenario)
    value = rows["value"]
    ids = rows.index
    if view.by_region:
        of_area = rows.groupby("area")["value"].sum()
        rows = rows[rows["is_region"].astype(bool)]
        ids = pd.Index(rows["region_id"])
        value = rows["area"].map(of_area)
    known = rows["owner"].isin(view.tables.reps.index)
    to_rep = view.owner.reindex(rows.index)
    moved = (known & (rows["owner"] != to_rep)).to_numpy(bool)
    frame = pd.DataFrame(
        {
            "account_id": ids[moved],
            "name": rows["name"].to_numpy()[moved],
            "from_rep": rows["owner"].to_numpy()[moved],
            "to_rep": to_rep.to_numpy()[moved],
            "value": value.to_numpy()[moved],
        }
    )
    return frame.sort_values("value", ascending=False, ignore_index=True)


def _is_owned(view: PlanView) -> bool:
    """Whether anything has an owner today."""
    rows = planning_rows(view.tables, view.scenario)
    return bool(rows["owner"].isin(view.tables.reps.index).any())


def _figures(view: PlanView) -> dict[str, float | None]:
    """Key figures; none about changes where nothing has an owner today."""
    totals = view.metrics.totals
    if _is_owned(view):
        return totals
    return {
        key: x for key, x in totals.items() if key.partition("_")[2] not in _CHANGES
    }


def _with_reasons(moved: pd.DataFrame, plan_csv: Path) -> pd.DataFrame:
    """Add the reasons that plan.csv states, if it does."""
    plan = pd.read_csv(plan_csv, dtype=str, keep_default_na=False)
    if REASON not in plan or not plan[REASON].ne("").any():
        return moved
    reasons = plan.set_index("account_id")[REASON]
    said = moved["account_id"].map(reasons).fillna("")
    return moved.assign(reason=said) if said.ne("").any() else moved


def _terms(view: PlanView) -> dict[str, float]:
    """Cost by term, rows of the scenario by what they balance or hold together."""
    return {
        term_label(term, view.scenario): cost / view.money
        for term, cost in view.certificate["terms"].items()
    }


def _measures(view: PlanView) -> pd.DataFrame:
    """What is spread over the reps, and the band of each where there is one."""
    loads, rows = view.loads, {}
    bands = {b.measure: b.tolerance for b in view.scenario.balance if b.per == "rep"}
    if "capacity" in loads:
        rows["hours"] = (_("Hours"), "capacity", np.nan, 1.0)
    if "value" in loads:
        reference = "target" if "target" in loads else ""
        width = bands.get("value", np.nan)
        rows["value"] = (_("Value"), reference, 1 - width, 1 + width)
    for name, width in bands.items():
        if f"{name}_target" in loads and name in loads and name not in rows:
            rows[name] = (_(name), f"{name}_target", 1 - width, 1 + width)
    if "accounts" in loads and "accounts" not in rows:
        rows["accounts"] = (_("Accounts"), "", np.nan, np.nan)
    if "travel_km" in loads and loads["travel_km"].fillna(0).sum() > 0:
        rows["travel_km"] = (_("Travel"), "", np.nan, np.nan)
    columns = ["label", "reference", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _baselines(view: PlanView) -> pd.DataFrame:
    """Rule-keeping ways first, cheapest first: those a plan must beat."""
    told = view.certificate["baselines"]
    good_as_they_are = {
        (way["name"], way["cost"])
        for way in told
        if way["feasible"] and way["kind"] == "raw"
    }
    rows = [
        {
            "label": baseline_label(way["name"], way["kind"]),
            "cost": way["cost"] / view.money,
            "breaches": len(way["breaches"]),
            "note": _some(list(way["breaches"])),
            "today": way["name"] == "today" and way["kind"] == "raw",
            "order": (not way["feasible"], way["cost"]),
        }
        for way in told
        if way["kind"] == "raw" or (way["name"], way["cost"]) not in good_as_they_are
    ]
    rows.sort(key=lambda row: row["order"])
    columns = ["label", "cost", "breaches", "note", "today"]
    return pd.DataFrame(rows, columns=columns).set_index("label")


def _some(texts: list[str], most: int = 3) -> str:
    """Join the first of them; dots stand for the others."""
    return "; ".join([*texts[:most], *(["…"] if len(texts) > most else [])])


def _binding(view: PlanView) -> pd.DataFrame:
    """Hard rows with a price: what one more unit of each would save."""
    certificate = view.certificate
    scales, dual = certificate["measures"], certificate["dual"]
    prices = dual.get("row_prices", dual["prices"])
    price_scale = dual.get("row_price_scale", dual["price_scale"])
    rows = []
    for row in certificate["limits"]:
        price = prices.get(row["row"], 0)
        at_cap = row["high"] is not None and row["load"] == row["high"]
        if row["price"] is not None or not (price or at_cap):
            continue
        scale = scales.get(row["measure"], 1)
        if row["measure"] == "moved_value":
            scale = certificate["value_scale"]
        end = row["high"] if price >= 0 else row["low"]
        each = abs(price) / price_scale * scale / view.money
        rule, who = row_label(row["row"], view.scenario)
        kind = "cap" if price >= 0 else "floor"
        kind = "budget" if row["row"].startswith("budgets") else kind
        rows.append((rule, who, row["load"] / scale, end / scale, each, kind))
    columns = ["rule", "who", "load", "limit", "price", "kind"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values("price", ascending=False, ignore_index=True)


def _unseen(view: PlanView) -> list[str]:
    """Name what the bound by prices does not see."""
    if view.certificate["bound_by"] != "dual":
        return []
    proven = view.certificate.get("bases") or view.certificate["dual"]
    return list(proven["dropped"])


def _proof(view: PlanView) -> dict[str, Any]:
    """How it was proved, in reading order."""
    told = view.certificate
    proven = told.get("bases") or told["dual"]
    proof = {
        _("Status"): _(told["status"]),
        _("Bound rests on"): _(told["bound_by"]),
        _("Bound does not see"): ", ".join(map(_, proven["dropped"])) or _("nothing"),
        _("Method"): _(told["method"]),
        _("Why this method"): told["why"],
        _("Stopped by"): _(told["stopped_by"]),
        _("Seconds"): told["seconds"],
        _("Seed"): told["seed"],
    }
    version = _("version {name}")
    proof |= {version.format(name=name): no for name, no in told["versions"].items()}
    return proof | {f"sha256 {name}": hash_ for name, hash_ in told["sources"].items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
