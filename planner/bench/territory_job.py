"""One run on a generated case, in two child processes: make the tables, then solve."""

from __future__ import annotations

import time
from pathlib import Path

from planner.bench.child import Job, Tell
from planner.bench.roads import PLANNER, prepare, solve_with
from planner.compile import Compiled, compile_problem
from planner.evaluate.verify import verify
from planner.scenario import Scenario, read_scenario
from planner.solution import Solution
from planner.solvers.result import Progress, Result, Watch
from planner.solving import solve_compiled
from planner.tables import Tables, load_tables

PEER_ARCS = 1_000_000
"""Above this many eligible pairs the whole model is not handed to a peer."""
GOOD_GAP = 0.01
AFTER, AFTER_EACH, AFTER_PAIR = 0.8, 5e-5, 3e-8
"""
Seconds that baselines, writing and judging take after the search: at all, per account,
and per pair of account and rep; measured at 100,000 x 1,000 (4.6 s) and 1,000,000 x
5,000 (69 s), with some room. They are kept free of the time limit, up to a share of it.
"""
AFTER_MOST = 0.3


def generate_tables(job: Job, _tell: Tell) -> Job:
    """
    Generate a case and write its tables.

    Parameters
    ----------
    job
        units, reps, fill, seed, name, threads, time_limit, folder.

    Returns
    -------
    generate_s: seconds, writing the tables included.
    """
    from planner.bench.generate import generate, write_territory

    began = time.perf_counter()
    case = generate(job["units"], job["reps"], fill=job["fill"], seed=job["seed"])
    settings = {key: job[key] for key in ("name", "time_limit", "seed", "threads")}
    write_territory(Path(job["folder"]), case, **settings)
    return {"status": "written", "generate_s": time.perf_counter() - began}


def solve_territory(job: Job, tell: Tell) -> Job:
    """
    Go from the tables to a verified plan.

    Parameters
    ----------
    job
        scenario (file), solver, seed, threads, time_limit (seconds from reading the
        tables to the verified plan), plan (folder to write).

    Returns
    -------
    status, method, cost and bound in currency, seconds, seconds of each stage, arcs.
    """
    prepare(job["solver"])
    began = time.perf_counter()
    scenario = read_scenario(job["scenario"])
    tables = load_tables(scenario, scenario.base)
    read = time.perf_counter()
    compiled = compile_problem(tables, scenario)
    ready = time.perf_counter()
    answer: Job = {"read_s": read - began, "compile_s": ready - read}
    if job["solver"] == PLANNER:
        answer |= _plan(job, scenario, tables, compiled, began, tell)
    else:
        answer |= _ask_peer(job, compiled, began, tell)
    return answer | {"seconds": time.perf_counter() - began}


def _plan(
    job: Job,
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    began: float,
    tell: Tell,
) -> Job:
    """Solve, write the plan folder without drawings, and have it judged."""
    begin = time.perf_counter()
    before = begin - began
    limit = job["time_limit"]
    left = max(0.01, limit - before - _time_after(tables, limit))
    settings = {"time_limit": left, "seed": job["seed"], "threads": job["threads"]}
    solution = solve_compiled(
        scenario.with_solve(**settings), tables, compiled, tell=tell
    )
    solved = time.perf_counter()
    answer = _figures(solution) | {"solve_s": solved - begin}
    if (first := _first_good(solution.result)) is not None:
        answer["seconds_to_1pct"] = before + first.seconds
    if solution.plan is None:
        return answer
    solution.save(job["plan"], drawings=False)
    written = time.perf_counter()
    verdict = verify(Path(job["plan"]))
    answer |= {
        "write_s": written - solved,
        "verify_s": time.perf_counter() - written,
        "verified": "yes" if verdict.ok else "no",
    }
    if not verdict.ok:
        bad = next(check for check in verdict.checks if not check.ok)
        answer["status"] = f"wrong: {bad}"
        answer["cost"] = None
    return answer


def _time_after(tables: Tables, limit: float) -> float:
    """Seconds to keep for what follows the search."""
    units, reps = len(tables.accounts), len(tables.reps)
    expected = AFTER + AFTER_EACH * units + AFTER_PAIR * units * reps
    return min(AFTER_MOST * limit, expected)


def _figures(solution: Solution) -> Job:
    result = solution.result
    return {
        "status": str(result.status),
        "method": result.method,
        "cost": None if solution.plan is None else float(solution.cost),
        "bound": float(solution.bound) if result.bound > 0 else None,
        "arcs": len(solution.compiled.problem.rep),
    }


def _first_good(result: Result) -> Progress | None:
    """First moment with a proven gap of 1 % or less."""
    return next((moment for moment in result.trace if moment.gap <= GOOD_GAP), None)


def _ask_peer(job: Job, compiled: Compiled, began: float, tell: Tell) -> Job:
    problem = compiled.problem
    arcs, scale = len(problem.rep), problem.cost_scale
    if arcs > PEER_ARCS or getattr(problem, "source", None) is not None:
        return {"status": "too large", "method": job["solver"], "arcs": arcs}
    begin = time.perf_counter()
    found = solve_with(
        job["solver"],
        problem,
        Watch(job["time_limit"], tell=tell, began=began),
        seed=job["seed"],
        threads=job["threads"],
    )
    return {
        "status": found.status,
        "method": found.method,
        "cost": None if found.label is None else float(found.cost) / scale,
        "bound": float(found.bound) / scale if found.bound > 0 else None,
        "solve_s": time.perf_counter() - begin,
        "arcs": arcs,
    }
