"""Plan folders: the one place that writes and reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.briefing import PLAN, briefing
from planner.certificate import certificate_of, seal
from planner.decisions import DECISIONS, write_decisions
from planner.errors import PlannerError
from planner.folders import CERTIFICATE, all_or_nothing
from planner.reporting import PlanView
from planner.scenario import read_scenario
from planner.tables import (
    PREFIX,
    is_pool,
    planning_rows,
    read_clean,
    safe_series,
    write_clean,
)
from planner.words import _, language

if TYPE_CHECKING:
    from planner.solution import Solution

REGIONS = "regions.csv"
BASES = "bases.csv"


def write_plan_folder(
    folder: Path, solution: Solution, *, drawings: bool = True
) -> list[str]:
    """
    Write a plan folder: all of it, or nothing.

    Everything is written and synced in a new folder beside the target, the
    certificate last; then the folders change places. An existing plan folder is
    replaced; any other folder that is not empty is refused.

    Parameters
    ----------
    drawings
        False leaves out map, territories and report; they can be drawn later.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.

    Raises
    ------
    PlannerError
        No plan to write, or the target is something else.
    """
    if solution.plan is None:
        raise PlannerError(
            _("There is no plan to write: {status}.").format(status=solution.status)
        )
    return all_or_nothing(folder, lambda fresh: _fill(fresh, solution, drawings))


def adopt_plan_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """
    Write a plan folder that was made elsewhere: all of it, or nothing.

    Parameters
    ----------
    folder
        As for `write_plan_folder`.
    files
        Path within the folder, with ``/``, -> bytes.

    Raises
    ------
    PlannerError
        If the target is something else, or a path leads out of it.
    """

    def fill(fresh: Path) -> list[str]:
        for name, data in files.items():
            parts = PurePosixPath(name).parts
            if not parts or ".." in parts or PurePosixPath(name).is_absolute():
                raise PlannerError(
                    _("{name} is no file of a plan folder.").format(name=name)
                )
            path = fresh.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return []

    all_or_nothing(folder, fill)


def _fill(folder: Path, solution: Solution, drawings: bool) -> list[str]:
    _write_plan(folder / PLAN, solution)
    if solution.scenario.unit == "region":
        _write_regions(folder / REGIONS, solution)
    _write_reps(folder / "reps.csv", solution)
    if solution.tables.bases is not None:
        _write_bases(folder / BASES, solution)
    if solution.decisions is not None and len(solution.decisions):
        write_decisions(folder / DECISIONS, solution.decisions)
    inputs = folder / "inputs"
    inputs.mkdir()
    (inputs / "scenario.toml").write_text(solution.scenario.to_toml(), "utf-8")
    write_clean(solution.tables, inputs)
    certificate = certificate_of(solution)
    messages = _draw(folder, solution, certificate) if drawings else []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    certificate["files"] = {
        path.relative_to(folder).as_posix(): _sha256(path) for path in files
    }
    certificate["seal"] = seal(certificate)
    text = json.dumps(certificate, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / CERTIFICATE).write_text(text + "\n", "utf-8")
    return messages


def _draw(folder: Path, solution: Solution, certificate: dict[str, Any]) -> list[str]:
    """Write territories, map and report; returns messages."""
    from planner.maps import write_map
    from planner.report import write_report

    view = view_of(solution, certificate)
    layers = view.layers()
    messages: list[str] = []
    if layers is not None:
        shapes = layers["territories"].to_json(drop_id=False, ensure_ascii=False)
        (folder / "territories.geojson").write_text(shapes, "utf-8")
        messages = write_map(folder, **layers)
    said = briefing(view, layers, language(), folder=folder)
    write_report(folder / "report.html", said)
    return messages


def _write_plan(path: Path, solution: Solution) -> None:
    assert solution.plan is not None
    frame = solution.plan.to_frame()
    frame["name"] = safe_series(frame["name"].astype(str))
    frame["previous_rep_id"] = safe_series(frame["previous_rep_id"].astype(str))
    digits = len(str(solution.compiled.problem.cost_scale)) - 1
    for column in frame.columns:
        if column.startswith("cost_"):
            frame[column] = frame[column].map(f"{{:.{digits}f}}".format)
    km = frame["distance_km"]
    frame["distance_km"] = km.map("{:.3f}".format).where(km.notna(), "")
    reasons = solution.reasons_by_account().reindex(frame["account_id"])
    frame["reason"] = safe_series(reasons).to_numpy()
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_regions(path: Path, solution: Solution) -> None:
    assert solution.plan is not None
    frame = solution.plan.regions.reset_index()
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_reps(path: Path, solution: Solution) -> None:
    assert solution.plan is not None
    reps, measured = solution.tables.reps, solution.metrics.reps
    frame = pd.DataFrame(
        {
            "rep_id": reps.index,
            "name": safe_series(reps["name"].astype(str)).to_numpy(),
            "team": safe_series(reps["team"].astype(str)).to_numpy(),
        }
    )
    if solution.scenario.pools:
        pooled = is_pool(reps, solution.scenario)
        frame["pool"] = np.where(pooled, "yes", "no")
    if len(solution.plan.centres):
        frame["centre"] = solution.plan.centres.to_numpy()
    loads = load_by_rep(solution)
    frame = frame.join(loads, on="rep_id")
    extra = measured.drop(columns=[c for c in measured if c in frame])
    frame = frame.join(extra.round(4), on="rep_id")
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _write_bases(path: Path, solution: Solution) -> None:
    """Write every base that might have been open, and whether it is."""
    bases, reps = solution.tables.bases, solution.tables.reps
    assert bases is not None
    frame = pd.DataFrame(
        {
            "base_id": bases.index,
            "name": safe_series(bases["name"].astype(str)).to_numpy(),
            "latitude": bases["latitude"].to_numpy(),
            "longitude": bases["longitude"].to_numpy(),
            "cost": bases["cost"].to_numpy(),
            "kept": np.where(bases["kept"].to_numpy(bool), "yes", "no"),
            "open": np.where(bases.index.isin(reps.index), "yes", "no"),
        }
    )
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def load_by_rep(solution: Solution) -> pd.DataFrame:
    """Accounts and the load of every measure per rep, exact in the measure's unit."""
    plan, problem = solution.plan, solution.compiled.problem
    assert plan is not None
    assert solution.result.arcs is not None
    m = problem.m
    is_region = solution.compiled.pairs.is_region
    served = pd.Series(plan.rep_of[~is_region])
    loads = {"accounts": served.value_counts().reindex(range(m))}
    arcs = solution.result.arcs
    for name, scale, demand in zip(
        problem.measures, problem.scales, problem.demand, strict=True
    ):
        if name in solution.scenario.measures_used() and name != "accounts":
            total = pd.Series(demand[arcs]).groupby(problem.rep[arcs]).sum()
            loads[name] = total.reindex(range(m)) / scale
    frame = pd.DataFrame(loads).fillna(0).set_axis(list(problem.rep_ids))
    return frame.astype({"accounts": int})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def view_of(solution: Solution, certificate: dict[str, Any]) -> PlanView:
    """Return the view of a plan that was just found."""
    assert solution.plan is not None
    return PlanView(
        solution.scenario,
        solution.tables,
        solution.plan.owner,
        certificate,
        solution.plan.centres,
    )


def read_plan_folder(folder: Path) -> PlanView:
    """
    Read a plan folder back.

    Raises
    ------
    PlannerError
        If it is not complete. Whether it is right, `verify` says.
    """
    try:
        certificate = json.loads((folder / CERTIFICATE).read_text("utf-8"))
        plan = pd.read_csv(folder / PLAN, dtype=str, keep_default_na=False)
        owner = plan.set_index("account_id")["rep_id"]
        if (folder / REGIONS).is_file():
            regions = pd.read_csv(folder / REGIONS, dtype=str, keep_default_na=False)
            own = regions.set_index(PREFIX + regions["region_id"])["rep_id"]
            owner = pd.concat([own, owner])
    except (OSError, ValueError, KeyError) as error:
        raise PlannerError(
            _(
                "{folder} is not a complete plan folder ({error}). Solve again, or "
                "name another folder."
            ).format(folder=folder, error=error)
        ) from error
    scenario = read_scenario(folder / "inputs" / "scenario.toml")
    tables = read_clean(folder / "inputs")
    rows = planning_rows(tables, scenario).index
    return PlanView(
        scenario, tables, owner.reindex(rows), certificate, _read_centres(folder)
    )


def _read_centres(folder: Path) -> pd.Series | None:
    """Best region of each territory, where the plan has them."""
    reps = pd.read_csv(folder / "reps.csv", dtype=str, keep_default_na=False)
    return reps.set_index("rep_id")["centre"] if "centre" in reps else None
