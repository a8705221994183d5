"""Plan folders: the one place that writes and reads them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.briefing import PLAN, briefing
from planner.certificate import FORMAT, certificate_of, seal
from planner.decisions import DECISIONS, write_decisions
from planner.errors import PlannerError
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
    from matplotlib.axes import Axes

    from planner.solution import Solution

CERTIFICATE = "certificate.json"
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
    return _all_or_nothing(folder, lambda fresh: _fill(fresh, solution, drawings))


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

    _all_or_nothing(folder, fill)


def _all_or_nothing(folder: Path, fill: Callable[[Path], list[str]]) -> list[str]:
    """Fill a new folder beside the target, then let them change places."""
    folder = folder.resolve()  # a link keeps pointing at the folder
    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        messages = fill(fresh)
        fresh.chmod(0o755)
        _sync(fresh)
        _change_places(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return messages


def check_target(folder: Path) -> None:
    """
    Refuse a target that is neither new, nor empty, nor a plan folder, or not writable.

    Raises
    ------
    PlannerError
        With the way out.
    """
    if folder.is_file():
        raise PlannerError(
            _("{folder} is a file. Name a folder with -o.").format(folder=folder)
        )
    parent = next(path for path in folder.resolve().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise PlannerError(
            _(
                "{folder} cannot be written: {parent} is not a folder, or not yours to "
                "write in. Name another folder with -o."
            ).format(folder=folder, parent=parent)
        )
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    certificate = folder / CERTIFICATE
    if certificate.is_file() and FORMAT in certificate.read_text("utf-8", "replace"):
        if own := _files_of_others(folder, certificate):
            raise PlannerError(
                _(
                    "{folder} holds files that are not the planner's ({files}); "
                    "replacing the plan would lose them. Move them elsewhere, or name "
                    "another folder with -o."
                ).format(folder=folder, files=", ".join(own[:5]))
            )
        return
    raise PlannerError(
        _(
            "{folder} is not empty and not a plan folder, so it is left alone. Name a "
            "new folder with -o."
        ).format(folder=folder)
    )


def _files_of_others(folder: Path, certificate: Path) -> list[str]:
    """Files in a plan folder that its certificate does not list."""
    try:
        listed = set(json.loads(certificate.read_text("utf-8"))["files"])
    except (ValueError, KeyError, TypeError):
        return []
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return sorted(found - listed - {CERTIFICATE})


def _change_places(fresh: Path, folder: Path) -> None:
    if not folder.is_dir():
        os.rename(fresh, folder)
        return
    old = fresh.with_name(fresh.name + ".old")
    os.rename(folder, old)
    try:
        os.rename(fresh, folder)
    except BaseException:
        if not folder.exists():
            os.rename(old, folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


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
    reasons = solution.reasons_by_region().reindex(PREFIX + frame["region_id"])
    frame["reason"] = safe_series(reasons).to_numpy()
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


def redraw_map(folder: Path, output: Path) -> list[str]:
    """
    Draw map.png and map.svg of a plan folder into another folder.

    Returns
    -------
    Messages for the user.

    Raises
    ------
    PlannerError
        If nothing has a place, or `output` is the sealed plan folder or within it.
    """
    from planner.maps import write_map

    sealed = folder.resolve()
    if sealed in (output.resolve(), *output.resolve().parents):
        raise PlannerError(
            _(
                "{folder} is sealed by its certificate. Name another folder with -o."
            ).format(folder=folder)
        )
    layers = _layers_or_raise(read_plan_folder(folder))
    output.mkdir(parents=True, exist_ok=True)
    return write_map(output, **layers)


def redraw_report(
    folder: Path,
    output: Path,
    *,
    frontier: Path | None = None,
    headcount: Path | None = None,
) -> list[str]:
    """
    Write the report of a plan folder, in the chosen language, to another file.

    Parameters
    ----------
    output
        ``.pdf`` for a PDF, anything else is HTML.
    frontier, headcount
        Folders with ``frontier.csv`` and ``curve.csv``, to be shown as well.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.

    Raises
    ------
    PlannerError
        If the file lies in the sealed plan folder, one of the other folders does not
        hold what it should, or what writes PDF is not installed.
    """
    from planner.report import write_report
    from planner.report.pdf import check_pdf, write_pdf

    if folder.resolve() in output.resolve().parents:
        raise PlannerError(
            _(
                "{folder} is sealed by its certificate. Name a file elsewhere with -o."
            ).format(folder=folder)
        )
    as_pdf = output.suffix.lower() == ".pdf"
    if as_pdf:
        check_pdf()  # before the work, not after it
    view = read_plan_folder(folder)
    said = briefing(
        view,
        view.layers(),
        language(),
        folder=folder,
        frontier=frontier,
        headcount=headcount,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    if as_pdf:
        return write_pdf(output, said)
    write_report(output, said)
    return []


def plot_plan(solution: Solution, ax: Axes | None = None) -> Axes:
    """
    Draw a solution's territories.

    Raises
    ------
    PlannerError
        When there is no plan, or no account has a place.
    """
    from planner.maps import plot_territories

    if solution.plan is None:
        raise PlannerError(_("There is no plan to draw."))
    layers = _layers_or_raise(view_of(solution, certificate_of(solution)))
    layers.pop("subtitle")
    return plot_territories(**layers, ax=ax)


def card_of(solution: Solution) -> str:
    """Return what a notebook shows of a solution: key figures and a small map."""
    from planner.report import card, card_without_plan

    if solution.plan is None:
        ended = _("No plan: {status}.").format(status=_(solution.status))
        return card_without_plan(solution.scenario.name, ended, solution.reasons)
    view = view_of(solution, certificate_of(solution))
    return card(briefing(view, view.layers(), language()))


def _layers_or_raise(view: PlanView) -> dict[str, Any]:
    layers = view.layers()
    if layers is None:
        raise PlannerError(
            _(
                "No account with a rep has a place, so there is no map. Fill latitude "
                "and longitude."
            )
        )
    return layers
