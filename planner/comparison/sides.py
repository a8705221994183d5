"""What stands in a comparison: plans from their folders, and today's ways."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from planner.comparison.names import unique_names
from planner.errors import PlannerError
from planner.evaluate.folder import read_certificate, read_csv
from planner.scenario import Scenario, read_scenario
from planner.tables import PREFIX, Tables, planning_rows, read_clean
from planner.words import _

_NOT_THE_QUESTION = {"name", "solve", "baselines", "map", "waves"}
"""Parts of a scenario that change neither what is allowed nor what it costs."""

KEPT = 6
"""Plans that are kept in memory: as many as a page compares."""


@dataclass(frozen=True, eq=False)
class Side:
    """
    One assignment with its question.

    Attributes
    ----------
    name
        Unique in the comparison.
    scenario, tables
        The question.
    owner
        ``account_id`` -> rep, "" = left out. By regions these are among the accounts,
        as ``region:<id>``; so in `rows`.
    rows
        The accounts (and regions) in table order.
    currency, cost, bound, gap, terms
        In the currency; of one of today's ways, bound and gap are None.
    seal
        Of the certificate.
    folder
        Plan folder; that of the plan it stands beside for one of today's ways.
    kind
        "plan", "raw" or "rule_keeping".
    breaches
        Rules that one of today's ways breaks, in words -> by how much.
    """

    name: str
    scenario: Scenario
    tables: Tables
    owner: pd.Series
    rows: pd.DataFrame
    currency: str
    cost: float
    bound: float | None
    gap: float | None
    terms: Mapping[str, float]
    seal: str
    folder: Path
    kind: str = "plan"
    breaches: Mapping[str, int] | None = None

    @property
    def is_plan(self) -> bool:
        """Whether it is a plan, not one of today's ways."""
        return self.kind == "plan"


def read_side(folder: Path, name: str) -> Side:
    """
    Read a plan folder.

    Raises
    ------
    PlannerError
        If it is no whole plan folder.
    """
    return replace(_read(folder, _state_of(folder)), name=name)


@lru_cache(maxsize=KEPT)
def _read(folder: Path, _state: tuple[object, ...]) -> Side:
    """Read a plan folder, once for as long as none of its files changes."""
    _raw, claims = read_certificate(folder)
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
    scale = claims.cost_scale
    return Side(
        folder.name,
        scenario,
        tables,
        owner,
        rows,
        claims.currency,
        claims.cost / scale,
        claims.bound / scale,
        claims.gap,
        {term: cost / scale for term, cost in claims.terms.items()},
        claims.seal,
        folder,
    )


def _state_of(folder: Path) -> tuple[object, ...]:
    """Return what changes when a table or the certificate of a folder does."""
    files = sorted(
        [*folder.glob("*.csv"), *folder.glob("*.json"), *folder.glob("inputs/*")]
    )
    found = [(path, path.stat()) for path in files]
    return tuple((path, s.st_mtime_ns, s.st_ino, s.st_size) for path, s in found)


def read_sides(folders: Sequence[Path]) -> list[Side]:
    """Read plan folders, each by its folder's name, made unique."""
    folders = [Path(folder) for folder in folders]
    names = unique_names([folder.resolve().name for folder in folders])
    return [read_side(*pair) for pair in zip(folders, names, strict=True)]


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


def in_common(sides: Sequence[Side]) -> tuple[pd.Index, list[str]]:
    """
    Return the accounts that all have, and what a reader must know.

    Raises
    ------
    PlannerError
        If there are none, or the sides are by different regions.
    """
    common = sides[0].owner.index
    if len({_regions_of(side) for side in sides}) > 1:
        raise PlannerError(
            _(
                "Plans by regions can be compared only with plans by the same regions. "
                "Compare plans of one unit and level."
            )
        )
    for side in sides[1:]:
        common = common[common.isin(side.owner.index)]
    if not len(common):
        raise PlannerError(
            _(
                "{names} have no account in common, so there is nothing to compare. "
                "Compare plans of the same account_id column."
            ).format(names=", ".join(side.name for side in sides))
        )
    notes = [
        _(
            "{name} has {n:,} accounts, {rest:,} of them not in every plan: figures "
            "are of the {common:,} in common, costs of each whole plan."
        ).format(
            name=side.name,
            n=len(side.owner),
            rest=len(side.owner) - len(common),
            common=len(common),
        )
        for side in sides
        if len(side.owner) > len(common) and side.is_plan
    ]
    currencies = sorted({side.currency for side in sides})
    if len(currencies) > 1:
        notes.append(
            _("Costs are in different currencies ({names}); none is converted.").format(
                names=", ".join(currencies)
            )
        )
    if len({question_of(side) for side in sides}) > 1:
        notes.append(other_prices())
    return common, notes


def question_of(side: Side) -> str:
    """Return what is allowed and what it costs, as text to be compared."""
    return side.scenario.model_dump_json(exclude=_NOT_THE_QUESTION)


def _regions_of(side: Side) -> frozenset[str]:
    return frozenset(one for one in side.owner.index if one.startswith(PREFIX))


def other_prices() -> str:
    """Say that the sides answer different questions."""
    return _(
        "The scenarios differ in rules or prices; each plan is measured by its own."
    )
