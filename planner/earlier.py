"""Earlier plans as a place to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

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
        owner, prices = _read(Path(given))
    elif isinstance(given, pd.Series):
        owner = given
    else:
        if given.plan is None:
            raise PlannerError(_("The earlier solution has no plan to start from."))
        owner, prices = given.plan.owner, given.result.row_prices
    return WarmStart(_rep_of_unit(owner, compiled), prices)


def _read(path: Path) -> tuple[pd.Series, Prices]:
    prices = Prices({}, 1, 0)
    if path.is_dir():
        if (path / CERTIFICATE).is_file():
            dual = read_certificate(path)[1].dual
            prices = Prices(dual.prices, max(dual.price_scale, 1), 0)
            if dual.kind == "knapsacks":
                prices = Prices(dual.row_prices, max(dual.row_price_scale, 1), 0)
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
    return pd.Series(reps, index=ids, dtype=str), prices


def _rep_of_unit(owner: pd.Series, compiled: Compiled) -> np.ndarray:
    """Rep of each unit's first account that the plan knows; -1 where it knows none."""
    pairs, problem = compiled.pairs, compiled.problem
    owner = owner[~owner.index.duplicated()]
    known = owner.reindex(pairs.accounts.index)
    if known.isna().all():
        raise PlannerError(
            _("The earlier plan has none of the accounts of these tables.")
        )
    rep = pairs.reps.index.get_indexer(pd.Index(known.fillna("")))
    rep = np.where(known.eq("").to_numpy(bool), problem.nobody, rep)
    at = np.flatnonzero(rep >= 0)[::-1]  # the first account of a unit is written last
    rep_of = np.full(problem.n, -1, dtype=np.intp)
    rep_of[compiled.unit_of[at]] = rep[at]
    return rep_of
