"""One run on a scenario of regions; compiled once, in a process before the runs."""

from __future__ import annotations

import math
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.bench.areas_count import AreaCount, count_plan
from planner.bench.areas_peers import ask_peer, import_peer, why_not
from planner.bench.child import Job, Tell
from planner.bench.question import ROUNDING
from planner.bench.roads import PLANNER
from planner.compile import Compiled, compile_problem
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.oversize import set_apart
from planner.scenario import Scenario, read_scenario
from planner.solution import Solution
from planner.solvers.areas.adapter import OnMap, on_map
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Status, Watch
from planner.solving import solve_compiled
from planner.tables import Tables, load_tables
from planner.words import _

LATE = "no plan within the time limit"

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Case:
    """A compiled scenario of regions, and its question in dense arrays."""

    scenario: Scenario
    tables: Tables
    compiled: Compiled
    on_map: OnMap

    @property
    def model(self) -> AreaModel:
        """The question that every solver gets."""
        assert self.on_map.model is not None
        return self.on_map.model

    @property
    def measures(self) -> list[str]:
        """Names of the model's measures: those that a rule counts."""
        problem = self.compiled.problem
        used = sorted({row.measure for row in problem.rows})
        return [problem.measures[measure] for measure in used]

    @property
    def main(self) -> int:
        """For solvers that take one measure: that of compactness, else the first."""
        compactness = self.scenario.areas.compactness
        if compactness is not None and compactness.measure in self.measures:
            return self.measures.index(compactness.measure)
        return 0

    def currency(self, cost: float) -> float:
        """Return what the model's cost and that of settled units come to."""
        return (cost + self.on_map.constant) / self.compiled.problem.cost_scale


def compile_case(job: Job, _tell: Tell) -> Job:
    """
    Read and compile a scenario, and keep it for the runs.

    Parameters
    ----------
    job
        scenario (file), case (file to write).

    Returns
    -------
    units, reps, measures, edges, compile_s; or error: a sentence for the user.
    """
    began = time.perf_counter()
    try:
        case = read_case(Path(job["scenario"]))
    except PlannerError as error:
        return {"status": "failed", "error": str(error)}
    with Path(job["case"]).open("wb") as file:
        pickle.dump(case, file)
    return {
        "status": "compiled",
        "units": case.model.n,
        "reps": case.model.k,
        "edges": len(case.model.edges),
        "measures": case.measures,
        "compile_s": time.perf_counter() - began,
    }


def read_case(path: Path) -> Case:
    """
    Read and compile a scenario of regions.

    Raises
    ------
    PlannerError
        If tables or scenario have faults, or leave nothing to divide.
    """
    scenario = read_scenario(path)
    tables = load_tables(scenario, scenario.base)
    tables, scenario = set_apart(tables, scenario)
    compiled = compile_problem(tables, scenario)
    if compiled.problem.areas is None or compiled.impossible:
        raise PlannerError(
            _(
                '{path} has no map to divide: unit = "region", and regions that each '
                "some rep may have, are needed. See planner check."
            ).format(path=path)
        )
    question = on_map(compiled.problem)
    if question.model is None:
        raise PlannerError(
            _("{path} leaves only one plan. Give it two reps or more.").format(
                path=path
            )
        )
    return Case(scenario, tables, compiled, question)


def solve_on_map(job: Job, tell: Tell) -> Job:
    """
    Ask one solver for a plan, and count it.

    Parameters
    ----------
    job
        case (file of `compile_case`), solver, seed, threads, time_limit (seconds from
        the compiled model to the plan), plan (folder that the planner's plan goes to).

    Returns
    -------
    status, method, seconds, cost and bound in currency, and `figures`; `value` instead
    of the cost where hard rules are broken.
    """
    with Path(job["case"]).open("rb") as file:
        case: Case = pickle.load(file)
    if job["solver"] == PLANNER:
        return _plan(job, case, tell)
    if reason := why_not(job["solver"], case.model, case.main):
        return {"status": reason, "method": job["solver"]}
    import_peer(job["solver"])
    began = time.perf_counter()
    watch = Watch(job["time_limit"], tell=tell, began=began)
    seed, threads = job["seed"], job["threads"]
    answer: Job = {"method": job["solver"]}
    try:
        label = ask_peer(
            job["solver"],
            case.model,
            watch,
            seed=seed,
            threads=threads,
            main=case.main,
        )
    except Exception as error:  # whatever a peer raises is its answer
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return answer | {"status": f"failed: {said}"}
    answer["seconds"] = time.perf_counter() - began
    if label is None:
        return answer | {"status": LATE}
    count = count_plan(case.model, label)
    answer |= figures(case, count)
    value = case.currency(count.cost)
    if count.breaks:
        return answer | {"status": f"breaks: {_listed(count)}", "value": value}
    return answer | {"status": str(Status.FEASIBLE), "cost": value}


def _listed(count: AreaCount) -> str:
    return ", ".join(count.breaks)


def figures(case: Case, count: AreaCount) -> Job:
    """Return a count as columns of the table, deviations as fractions of the mean."""
    found: Job = {
        "territories": count.territories,
        "pieces": count.pieces,
        "outside": count.outside,
        "spread_km2": count.spread_km2,
        "cut_edges": count.cut_edges,
        "breaks": _listed(count),
    }
    for name, low, high in zip(case.measures, count.low, count.high, strict=True):
        found |= {f"low_{name}": float(low), f"high_{name}": float(high)}
    return found


def _plan(job: Job, case: Case, tell: Tell) -> Job:
    """Solve by the planner, count, write the plan folder and have it judged."""
    from planner.solvers.areas.warm import warm_up_areas
    from planner.solvers.warm import warm_up

    warm_up_areas()
    warm_up()
    settings = {key: job[key] for key in ("time_limit", "seed", "threads")}
    began = time.perf_counter()
    scenario = case.scenario.with_solve(**settings)
    solution = solve_compiled(scenario, case.tables, case.compiled, tell=tell)
    answer: Job = {
        "seconds": time.perf_counter() - began,
        "status": str(solution.status),
        "method": solution.result.method,
        "bound": float(solution.bound) if solution.result.bound > 0 else None,
        "reasons": " ".join(solution.reasons),
    }
    if solution.plan is None:
        return answer
    count = _recounted(case, solution)
    answer |= figures(case, count)
    value, claimed = case.currency(count.cost), float(solution.cost)
    if count.breaks:
        return answer | {"status": f"wrong: {_listed(count)}", "value": value}
    if not math.isclose(value, claimed, rel_tol=ROUNDING, abs_tol=case.model.k / 2):
        said = f"wrong: costs {value:.2f}, not {claimed:.2f}"
        return answer | {"status": said, "value": value}
    return answer | {"cost": claimed} | _judged(Path(job["plan"]), solution)


def _recounted(case: Case, solution: Solution) -> AreaCount:
    problem, arcs = solution.compiled.problem, solution.result.arcs
    assert arcs is not None
    label = case.on_map.label_of(problem.rep[arcs].astype(np.intp))
    return count_plan(case.model, label)


def _judged(folder: Path, solution: Solution) -> Job:
    """Write the plan folder, without drawings, and judge it from the folder alone."""
    begin = time.perf_counter()
    solution.save(folder, drawings=False)
    written = time.perf_counter()
    verdict = verify(folder)
    answer: Job = {
        "write_s": written - begin,
        "verify_s": time.perf_counter() - written,
        "verified": "yes" if verdict.ok else "no",
    }
    if not verdict.ok:
        bad = next(check for check in verdict.checks if not check.ok)
        answer |= {"status": f"wrong: {bad}", "cost": None}
    return answer
