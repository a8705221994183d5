"""
Override questions: ``python tests/override_questions.py [SECONDS [N [SIZES]]]``, so
many seconds for each, N of them about each plan, of sizes such as 200,500.

Plans of 200 to 2,000 accounts with tight hours, skills, handovers, and by kind: priced
value bands (around real cities, or anywhere), groups, groups with a price, rivals kept
apart, hard value bands, hours at 99 % of the caps, road hours in the caps, a budget on
moves with a maximum distance and leaving out. Of each plan some
accounts are given to random reps that may serve them. A question passes where the
truth lies in the stated bracket: on plans of up to 300 accounts the exact cost, by
CP-SAT or HiGHS on the whole model where they finish; else no bound and no plan of a
longer search may contradict it. Prints a line for each plan, and at the end sums by
kind and by size: contradicted, without an upper end, worst and median width.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

import planner
from planner.bench.generate import generate
from planner.explanation.known import Known
from planner.explanation.override import Override, override_of
from planner.problem import evaluate
from planner.solvers.highs import solve_highs
from planner.solvers.result import Watch

KINDS = (
    "cities",
    "groups",
    "hard bands",
    "road hours",
    "budget",
    "plain",
    "priced groups",
    "apart",
    "tight",
)
SIZES = ((200, 6), (300, 10), (500, 10), (1000, 20), (2000, 40))
EXACT_UP_TO = 300
QUESTIONS = 7
"""Of each plan; 9 kinds x 5 sizes x 7."""
FULL = {"tight": 0.99}
"""Share of the capacity that the hours take; else 0.95."""


@dataclass(frozen=True)
class Answered:
    """One question, its answer, and whether the truth contradicts it."""

    kind: str
    size: int
    answer: Override
    contradicted: bool
    exact: bool


def case(
    kind: str, n: int, m: int, seed: int
) -> tuple[planner.Scenario, pd.DataFrame, pd.DataFrame]:
    """Return scenario and tables of one plan to be made."""
    rules: dict = {
        "accounts": {"file": "accounts"},
        "reps": {"file": "reps"},
        "travel": {"visits_per_trip": 3},
        "limits": [{"measure": "hours", "high": "capacity"}],
        "handover": {"value_share": 0.02},
    }
    if kind == "cities":
        made = generate(n, m, seed=seed)
        rules["balance"] = [{"measure": "value", "tolerance": 0.1, "price": 0.02}]
        return planner.Scenario.model_validate(rules), made.accounts, made.reps
    rng = np.random.default_rng([seed, n, m])
    accounts, reps = tables(rng, n, m, FULL.get(kind, 0.95))
    if kind in ("groups", "priced groups", "apart"):
        rules["balance"] = [{"measure": "value", "tolerance": 0.1, "price": 3}]
    if kind == "groups":
        rules["together"] = [{"column": "parent"}]
    elif kind == "priced groups":
        rules["together"] = [{"column": "parent", "price": 400}]
    elif kind == "apart":
        rules["apart"] = [{"column": "parent"}]
    elif kind == "hard bands":
        rules["balance"] = [{"measure": "value", "tolerance": 0.1, "hard": True}]
    elif kind == "road hours":
        rules["measures"] = {"work": {"of": "hours", "travel": True}}
        high = float(np.ceil((accounts["hours"].sum() + 14 * n) / m))
        rules["limits"] = [{"measure": "work", "high": high}]
        rules["balance"] = [{"measure": "value", "tolerance": 0.1, "price": 1}]
    elif kind == "budget":
        rules["budgets"] = [{"of": "moved_value", "share": 0.35}]
        rules["leave_out"] = {"price": 300, "by_priority": {"high": 20_000}}
        rules["travel"]["max_km"] = 450
    return planner.Scenario.model_validate(rules), accounts, reps


def tables(
    rng: np.random.Generator, n: int, m: int, full: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts and reps scattered over some 500 x 300 km, hours at a share of caps."""
    places = rng.uniform((45, 5), (48, 12), (n, 2))
    bases = rng.uniform((45, 5), (48, 12), (m, 2))
    hours = rng.integers(2, 40, n)
    value = np.ceil(20 * hours * np.exp(rng.normal(0, 0.6, n))).astype(int)
    near = ((places[:, None] - bases[None]) ** 2).sum(axis=2).argsort(axis=1)
    owner = near[np.arange(n), np.minimum(rng.choice([0, 0, 0, 1, 2], n), m - 1)]
    rep_ids = np.array([f"R{j:02}" for j in range(m)])
    known = rng.random(n) < 0.9
    accounts = pd.DataFrame(
        {
            "account_id": [f"A{i:04}" for i in range(n)],
            "latitude": places[:, 0],
            "longitude": places[:, 1],
            "visits": rng.integers(2, 12, n),
            "hours": hours,
            "value": value,
            "skills": rng.choice(["", "", "", "imaging", "imaging;robotics"], n),
            "owner": np.where(known, rep_ids[owner], ""),
            "parent": np.where(
                rng.random(n) < 0.15, np.char.mod("P%d", rng.integers(0, n // 8, n)), ""
            ),
            "priority": rng.choice(["", "", "high"], n),
        }
    )
    skills = ["imaging;robotics", "imaging", "robotics;imaging:2"]
    reps = pd.DataFrame(
        {
            "rep_id": rep_ids,
            "latitude": bases[:, 0],
            "longitude": bases[:, 1],
            "skills": [skills[j % 3] for j in range(m)],
            "capacity": int(np.ceil(hours.sum() / m / full)),
        }
    )
    return accounts, reps


def questions(known: Known, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Random accounts and reps that may serve them, other than their own."""
    rng, problem = np.random.default_rng(seed), known.problem
    asked = 0
    while asked < count:
        unit = int(rng.integers(problem.n))
        reps = problem.rep[problem.start[unit] : problem.start[unit + 1]]
        reps = reps[(reps < problem.m) & (reps != known.rep_of[unit])]
        if len(reps):
            asked += 1
            yield problem.unit_ids[unit], problem.rep_ids[int(rng.choice(reps))]


def answered(
    known: Known, kind: str, size: int, account: str, rep: str, seconds: float
) -> Answered:
    """Ask, and look whether a longer solve contradicts the answer."""
    answer = override_of(known, account, rep, seconds)
    exact = size <= EXACT_UP_TO
    pins = {account: rep}
    longer = planner.resolve(
        known.solution, pins=pins, time_limit_s=1.5 * seconds, seed=2
    )
    low, high = longer.bound, longer.cost
    if exact and low < high < math.inf:
        watch = Watch(2.5 * seconds)
        problem = longer.compiled.problem
        proof = solve_highs(problem, watch, hint=longer.result.arcs, bound=0)
        low = max(low, proof.bound / known.scale)
        if proof.arcs is not None:
            high = min(high, evaluate(problem, proof.arcs).cost / known.scale)
    wrong = answer.lower > high + 1e-6 or low > answer.upper + 1e-6
    if low == high:
        wrong |= not answer.lower - 1e-6 <= high <= answer.upper + 1e-6
    return Answered(kind, size, answer, wrong, low == high)


def main() -> None:
    """Ask all questions and sum up."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    every = int(sys.argv[2]) if len(sys.argv) > 2 else QUESTIONS
    sizes = [int(n) for n in sys.argv[3].split(",")] if len(sys.argv) > 3 else None
    found: list[Answered] = []
    for n, m in SIZES:
        if sizes is not None and n not in sizes:
            continue
        for number, kind in enumerate(KINDS):
            solution = plan_of(kind, n, m, number)
            head = f"{kind:<13} {n:>5} x {m:<3} gap {solution.gap:.3%}"
            if solution.plan is None:
                print(head, solution.status, *solution.reasons, flush=True)
                continue
            known = Known(solution)
            some = [
                answered(known, kind, n, account, rep, seconds)
                for account, rep in questions(known, every, n)
            ]
            found += some
            print(head, summary(some), flush=True)
    for kind in KINDS:
        print(f"{kind:<13}", summary([one for one in found if one.kind == kind]))
    for size in sorted({one.size for one in found}):
        print(f"{size:>13}", summary([one for one in found if one.size == size]))
    print(f"{'all':<13}", summary(found))


def plan_of(kind: str, n: int, m: int, seed: int) -> planner.Solution:
    """Solve one plan."""
    scenario, accounts, reps = case(kind, n, m, seed)
    limit = 20 if n <= 500 else 40
    return planner.solve(scenario, accounts=accounts, reps=reps, time_limit_s=limit)


def summary(found: list[Answered]) -> str:
    """Say how wide the brackets are, and whether all hold."""
    if not found:
        return "nothing"
    widths = np.array([one.answer.width for one in found])
    seconds = np.array([one.answer.seconds for one in found])
    wrong = [one.answer for one in found if one.contradicted]
    open_ = [one.answer for one in found if math.isinf(one.answer.width)]
    closed = widths[np.isfinite(widths)]
    told = (
        f"{len(found)} questions, {sum(one.exact for one in found)} with the exact "
        f"truth; width median {np.median(widths):.3%}, worst "
        f"{closed.max(initial=0.0):.3%}; seconds mean {seconds.mean():.1f}, worst "
        f"{seconds.max():.1f}; no upper end {len(open_)}, contradicted {len(wrong)}"
    )
    return told + "".join(f"\n  {one.account} {one.rep}" for one in [*open_, *wrong])


if __name__ == "__main__":
    main()
