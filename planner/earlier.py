"""Earlier plans as a place to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from planner.arcs import reps_of_units
from planner.compile import Compiled
from planner.errors import PlannerError
from planner.evaluate.folder import CERTIFICATE, read_certificate, read_csv
from planner.solvers.result import Prices
from planner.solvers.start import WarmStart
from planner.tables import PREFIX
from planner.words import _

if TYPE_CHECKING:
    from planner.solution import Solution


def read_start(
    given: Solution | str | Path | pd.Series, compiled: Compiled
) -> WarmStart:
    """
    Turn an earlier plan into a start for another solve.

    Parameters
    ----------
    given
        A solution, a plan folder, a CSV file with ``account_id,rep_id`` (and beside
        it, by regions, regions.csv), or a series of rep ids by account id (or
        ``region:<id>``). What is gone is passed over.

    Raises
    ------
    PlannerError
        If the file cannot be read as such, or no account of it is in the tables.
    """
    prices = Prices({}, 1, 0)
    if isinstance(given, str | Path):
        path = Path(given)
        owner, prices = read_owner(path), _read_prices(path)
    elif isinstance(given, pd.Series):
        owner = given
    else:
        if given.plan is None:
            raise PlannerError(_("The earlier solution has no plan to start from."))
        owner, prices = given.plan.owner, given.result.row_prices
    return WarmStart(reps_of_units(owner, compiled.pairs, compiled.unit_of), prices)


def _read_prices(path: Path) -> Prices:
    """Prices of a plan folder; of a file: none."""
    if not (path / CERTIFICATE).is_file():
        return Prices({}, 1, 0)
    dual = read_certificate(path)[1].dual
    if dual.kind == "knapsacks":
        return Prices(dual.row_prices, max(dual.row_price_scale, 1), 0)
    return Prices(dual.prices, max(dual.price_scale, 1), 0)


def read_owner(path: Path) -> pd.Series:
    """
    Read the owners of a plan folder, or of a CSV file.

    Returns
    -------
    ``rep_id`` by ``account_id`` (and ``region:<id>``), "" = left out.

    Raises
    ------
    PlannerError
        If there is no such file, or it lacks these columns.
    """
    if path.is_dir():
        path = path / "plan.csv"
    if not path.is_file():
        raise PlannerError(
            _(
                "{path} is no file. Name a plan folder, or a CSV file with the columns "
                "account_id and rep_id."
            ).format(path=path)
        )
    cells = read_csv(path, ("account_id", "rep_id"))
    ids, reps = cells["account_id"], cells["rep_id"]
    if (regions := path.with_name("regions.csv")).is_file():
        cells = read_csv(regions, ("region_id", "rep_id"))
        ids = [PREFIX + region for region in cells["region_id"]] + ids
        reps = cells["rep_id"] + reps
    return pd.Series(reps, index=ids, dtype=str)
