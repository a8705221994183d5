"""Plans side by side, from their folders."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.folder import Certificate, read_certificate, read_csv
from planner.evaluate.metrics import label_of, metrics
from planner.scenario import Scenario, read_scenario
from planner.tables import PREFIX, Tables, planning_rows, read_clean
from planner.words import _

_NOT_THE_QUESTION = {"name", "solve", "baselines", "map", "waves"}
"""Parts of a scenario that change neither what is allowed nor what it costs."""


@dataclass(frozen=True, eq=False)
class _Folder:
    """
    A plan folder as read: its claims, its question, and ``account_id`` -> rep.

    By regions, these are among the accounts, as ``region:<id>``; so in `rows`.
    """

    name: str
    certificate: Certificate
    scenario: Scenario
    tables: Tables
    owner: pd.Series
    rows: pd.DataFrame


def compare(folders: Sequence[Path]) -> pd.DataFrame:
    """
    Put the figures of two or more plan folders side by side.

    Parameters
    ----------
    folders
        Plan folders; the others are compared with the first.

    Returns
    -------
    Index: key of the figure (cost, bound, gap, ``term_<name>``, then those of
    `Metrics.totals`, accounts_changed and value_changed against the first plan).
    Columns: ``label``, ``unit``, ``better`` (see `Label`; "" = neither), one per plan
    by its folder's name, and ``delta <name>``, that plan less the first. Money in
    currency a year. NaN where there is no figure, or no meaning in a difference.
    ``attrs["notes"]`` lists what a reader must know: other accounts, other prices.

    Plans of different accounts are measured on the accounts that all of them have;
    cost, bound, gap and terms remain those of each whole plan, without differences.

    Raises
    ------
    PlannerError
        For fewer than two folders, one that is no whole plan folder, or plans that
        have no account in common.
    """
    if len(folders) < 2:
        raise PlannerError(_("A comparison needs two plan folders or more."))
    plans = _read_all(folders)
    common, notes = _common(plans)
    whole = all(len(plan.owner) == len(common) for plan in plans)
    costs = pd.DataFrame({plan.name: _costs(plan) for plan in plans}, dtype=float)
    counted = pd.DataFrame(
        {plan.name: _figures(plan, plans[0], common) for plan in plans}, dtype=float
    )
    table = pd.concat([costs, counted])
    labels = {str(key): label_of(str(key)) for key in table.index}
    about = pd.DataFrame(
        {
            "label": {key: label.label for key, label in labels.items()},
            "unit": {key: label.unit for key, label in labels.items()},
            "better": {key: label.better or "" for key, label in labels.items()},
        }
    )
    deltas = table.iloc[:, 1:].sub(table.iloc[:, 0], axis=0)
    if not whole:
        deltas.loc[costs.index] = float("nan")
    if len({plan.certificate.currency for plan in plans}) > 1:
        deltas.loc[about["unit"] == "currency"] = float("nan")
    result = pd.concat([about, table, deltas.add_prefix("delta ")], axis=1)
    result.index.name = "figure"
    result.attrs["notes"] = notes
    return result


def moved_between(a: Path, b: Path) -> pd.DataFrame:
    """
    Accounts (and regions) that two plans give to different reps.

    Returns
    -------
    Index ``account_id``; columns ``name`` and ``value`` (of the first plan's tables),
    ``from_rep`` (in plan a) and ``to_rep`` (in plan b), "" = left out. The largest
    value first. Only accounts that both plans have; ``attrs["notes"]`` counts others.

    Raises
    ------
    PlannerError
        If one is no whole plan folder, or they have no account in common.
    """
    first, second = plans = _read_all([a, b])
    common, notes = _common(plans)
    accounts = first.rows.loc[common]
    frame = pd.DataFrame(
        {
            "name": accounts["name"],
            "value": accounts["value"],
            "from_rep": first.owner.loc[common],
            "to_rep": second.owner.loc[common],
        }
    )
    moved = frame[frame["from_rep"] != frame["to_rep"]]
    moved = moved.sort_index().sort_values("value", ascending=False, kind="stable")
    moved.attrs["notes"] = [note for note in notes if note != _other_prices()]
    return moved


def _read_all(folders: Sequence[Path]) -> list[_Folder]:
    plans: list[_Folder] = []
    for folder in map(Path, folders):
        name = folder.resolve().name
        same = sum(plan.name.partition(" (")[0] == name for plan in plans)
        plans.append(_read(folder, f"{name} ({same + 1})" if same else name))
    return plans


def _read(folder: Path, name: str) -> _Folder:
    _raw, certificate = read_certificate(folder)
    try:
        plan = read_csv(folder / "plan.csv", ("account_id", "rep_id"))
        scenario = read_scenario(folder / "inputs" / "scenario.toml")
        tables = read_clean(folder / "inputs")
        ids, reps, rows = plan["account_id"], plan["rep_id"], tables.accounts
        if scenario.unit == "region":
            regions = read_csv(folder / "regions.csv", ("region_id", "rep_id"))
            ids = [PREFIX + one for one in regions["region_id"]] + ids
            reps, rows = regions["rep_id"] + reps, planning_rows(tables, scenario)
        index = pd.Index(ids, name="account_id", dtype="str")
        owner = pd.Series(reps, index=index, dtype="str")
        _check(tables, rows, owner)
    except (PlannerError, OSError, csv.Error, UnicodeDecodeError) as error:
        raise PlannerError(
            _(
                "{folder} is not a whole plan folder: {why} Solve again, or run "
                "planner verify to see all that is wrong."
            ).format(folder=folder, why=_sentence(str(error)))
        ) from error
    return _Folder(name, certificate, scenario, tables, owner, rows)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."


def _check(tables: Tables, rows: pd.DataFrame, owner: pd.Series) -> None:
    """Each account (and region) must stand in the plan once, and only those."""
    if not owner.index.is_unique or set(owner.index) != set(rows.index):
        raise PlannerError(
            _("plan.csv does not hold every account of inputs/accounts.csv once.")
        )
    if unknown := set(owner) - set(tables.reps.index) - {""}:
        raise PlannerError(
            _("plan.csv names a rep that inputs/reps.csv lacks: {rep}.").format(
                rep=min(unknown)
            )
        )


def _common(plans: Sequence[_Folder]) -> tuple[pd.Index, list[str]]:
    """Accounts that all plans have, and what a reader must know."""
    first = plans[0]
    common = first.owner.index
    if len({_regions_of(plan) for plan in plans}) > 1:
        raise PlannerError(
            _(
                "Plans by regions can be compared only with plans by the same regions. "
                "Compare plans of one unit and level."
            )
        )
    for plan in plans[1:]:
        common = common[common.isin(plan.owner.index)]
    if not len(common):
        raise PlannerError(
            _(
                "{names} have no account in common, so there is nothing to compare. "
                "Compare plans of the same account_id column."
            ).format(names=", ".join(plan.name for plan in plans))
        )
    notes = [
        _(
            "{name} has {n:,} accounts, {rest:,} of them not in every plan: figures "
            "are of the {common:,} in common, costs of each whole plan."
        ).format(
            name=plan.name,
            n=len(plan.owner),
            rest=len(plan.owner) - len(common),
            common=len(common),
        )
        for plan in plans
        if len(plan.owner) > len(common)
    ]
    currencies = sorted({plan.certificate.currency for plan in plans})
    if len(currencies) > 1:
        notes.append(
            _("Costs are in different currencies ({names}); none is converted.").format(
                names=", ".join(currencies)
            )
        )
    asked = [plan.scenario.model_dump(exclude=_NOT_THE_QUESTION) for plan in plans]
    if any(one != asked[0] for one in asked[1:]):
        notes.append(_other_prices())
    return common, notes


def _regions_of(plan: _Folder) -> frozenset[str]:
    return frozenset(one for one in plan.owner.index if one.startswith(PREFIX))


def _other_prices() -> str:
    return _(
        "The scenarios differ in rules or prices; each plan is measured by its own."
    )


def _costs(plan: _Folder) -> dict[str, float]:
    claims, scale = plan.certificate, plan.certificate.cost_scale
    return {
        "cost": claims.cost / scale,
        "bound": claims.bound / scale,
        "gap": claims.gap,
        **{f"term_{name}": cost / scale for name, cost in claims.terms.items()},
    }


def _figures(
    plan: _Folder, first: _Folder, common: pd.Index
) -> dict[str, float | None]:
    """Metrics on the common accounts, and what differs from the first plan."""
    kept = plan.tables.accounts.index.isin(common)
    tables = replace(plan.tables, accounts=plan.tables.accounts[kept])
    owner = plan.owner.loc[common]
    changed = (owner != first.owner.loc[common]).to_numpy(bool)
    value = first.rows.loc[common, "value"].to_numpy(float)
    is_region = common.str.startswith(PREFIX)
    return {
        **metrics(tables, plan.scenario, owner).totals,
        "accounts_changed": float(changed[~is_region].sum()),
        **(
            {"regions_changed": float(changed[is_region].sum())}
            if is_region.any()
            else {}
        ),
        "value_changed": float(value[changed].sum()),
    }
