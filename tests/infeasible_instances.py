"""
Questions without a plan: ``python tests/infeasible_instances.py [N N N [SECONDS]]``,
with N of each size (100, 70, 30), and so many seconds for each diagnosis.

Each has some twenty rules, and one to three conflicts planted among them (`conflicts`).
A question passes where each named set of rules is infeasible and every proper subset of
it is feasible; where each option's plan keeps all rules of the option's scenario, read
back from its file; where options come cheapest first; and, on the small ones, where the
cheapest is the least change over all plans. A plan under some rules is one under fewer,
so subsets that lack one member speak for all the smaller ones.

The truth comes from elsewhere than the diagnosis: on the small ones every plan is
tried; on the others CP-SAT is asked about the compiled problem, which knows nothing of
rules that can be switched off. Plans are judged by the judge's own numbers everywhere.
Prints what is wrong, and a line for each size.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from bending import cheapest_change
from conflicts import Frames, under, without_plan
from instances import brute_force

import planner
from planner.compile import compile_problem
from planner.diagnosis import Diagnosis
from planner.scenario import Scenario, parse_scenario
from planner.solvers.exact import solve_exact
from planner.solvers.result import Watch
from planner.tables import load_tables

SIZES = {
    "small": ((5, 7), (3, 4)),
    "mid": ((20, 60), (4, 8)),
    "large": ((60, 300), (8, 20)),
}
"""Accounts and reps: from, and below."""
COUNTS = (100, 70, 30)
SECONDS = 60.0
"""For one diagnosis."""
TRUTH_SECONDS = 300.0
"""For CP-SAT to say whether there is a plan."""


@dataclass(frozen=True)
class Checked:
    """A diagnosis, and what is wrong with it."""

    told: Diagnosis
    wrong: tuple[str, ...]


def case(size: str, seed: int) -> tuple[Scenario, Frames]:
    """Return a question of a size."""
    accounts, reps = SIZES[size]
    rng = np.random.default_rng([seed, *accounts])
    scenario, frames, _planted = without_plan(
        seed, int(rng.integers(*accounts)), int(rng.integers(*reps))
    )
    return scenario, frames


def exists(scenario: Scenario, frames: Frames, small: bool) -> bool:
    """Whether any plan keeps all rules."""
    tables = load_tables(scenario, scenario.base, **frames)
    if small:
        return brute_force(scenario, tables) is not None
    compiled = compile_problem(tables, scenario)
    problem = compiled.problem
    if compiled.impossible or (np.diff(problem.start) == 0).any():
        return False
    free = replace(problem, cost=problem.cost * 0, splits=())
    found = solve_exact(free, Watch(TRUTH_SECONDS), gap=1.0)
    if found.arcs is None:
        assert found.infeasible, "the truth was not found in time"
        return False
    rep_of = problem.rep[found.arcs][compiled.unit_of]
    return brute_force(scenario, tables, rep_of[None]) is not None


def keeps_all(scenario: Scenario, frames: Frames, owner: pd.Series) -> bool:
    """Whether a plan keeps all rules, by the judge's numbers."""
    tables = load_tables(scenario, scenario.base, **frames)
    rep_of = tables.reps.index.get_indexer(owner.reindex(tables.accounts.index))
    return brute_force(scenario, tables, rep_of[None]) is not None


def faults(
    scenario: Scenario, frames: Frames, told: Diagnosis, small: bool
) -> Iterator[str]:
    """Say what is wrong with a diagnosis."""
    if told.status != "infeasible" or not told.conflict or not told.options:
        yield f"{told.status}, {len(told.conflicts)} conflicts, no option: {told.notes}"
    for conflict in told.conflicts:
        named = {member.rule for member in conflict.members}
        if not conflict.minimal:
            yield f"not proven minimal: {sorted(named)}"
        if exists(*under(scenario, frames, named), small):
            yield f"feasible: {sorted(named)}"
        for rule in sorted(named):
            if not exists(*under(scenario, frames, named - {rule}), small):
                yield f"infeasible: {sorted(named)} without {rule}"
    for option in told.options:
        if not keeps_all(
            parse_scenario(option.scenario.to_toml()), frames, option.owner
        ):
            yield f"not enough: {option.changes}"
    prices = [option.price for option in told.options]
    if prices != sorted(prices):
        yield f"not the cheapest first: {prices}"
    if small and prices:
        asked = {rule: price.price for rule, price in told.prices.items()}
        tables = load_tables(scenario, scenario.base, **frames)
        least = cheapest_change(scenario, tables, asked)
        if not math.isclose(prices[0], least, rel_tol=1e-9, abs_tol=1e-6):
            yield f"not the least: {prices[0]}, {least} is"


def checked(size: str, count: int, seconds: float) -> Iterator[Checked]:
    """Diagnose so many questions without a plan; planted rules may happen to agree."""
    small, seed, done = size == "small", 0, 0
    while done < count:
        scenario, frames = case(size, seed)
        told = planner.diagnose(scenario, time_limit_s=seconds, **frames)
        if told.status == "feasible":
            assert exists(scenario, frames, small), seed
        else:
            wrong = tuple(faults(scenario, frames, told, small))
            for text in wrong:
                print(f"{size} {seed}: {text}", flush=True)
            done += 1
            if done % 10 == 0:
                print(f"{size} {done}", file=sys.stderr, flush=True)
            yield Checked(told, wrong)
        seed += 1


def summary(found: list[Checked]) -> str:
    """Say how many are wrong, how large the sets are, and how long it took."""
    told = [one.told for one in found]
    sizes = Counter(len(c.members) for one in told for c in one.conflicts)
    seconds = np.array([one.seconds for one in told])
    return (
        f"{len(found)} without a plan, {sum(bool(one.wrong) for one in found)} wrong; "
        f"{sum(sizes.values())} minimal sets of sizes {dict(sorted(sizes.items()))}; "
        f"{sum(len(one.options) for one in told)} options, the cheapest proven the "
        f"least in {sum(one.options[0].least for one in told if one.options)}; "
        f"seconds median {np.median(seconds):.1f}, worst {seconds.max():.1f}"
    )


def main() -> None:
    """Ask all questions and sum up."""
    counts = [int(one) for one in sys.argv[1:4]] or COUNTS
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else SECONDS
    everything: list[Checked] = []
    for size, count in zip(SIZES, counts, strict=True):
        found = list(checked(size, count, seconds))
        everything += found
        if found:
            print(f"{size:<6}{summary(found)}", flush=True)
    print(f"all   {summary(everything)}")


if __name__ == "__main__":
    main()
