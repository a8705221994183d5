"""Scenarios, plans and today's ways side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from planner.executor import Outcome, Tell
    from planner.scenario import Scenario

DEFAULT_OUTPUT = Path("comparison")
"""Where plans of scenarios go, unless told otherwise."""


def compare(
    plans: Sequence[str | Path | Scenario],
    *,
    output: str | Path | None = None,
    baselines: Sequence[str] | bool = (),
    time_limit_s: float | None = None,
    seed: int | None = None,
    at_once: int | None = None,
    cluster: str | None = None,
) -> pd.DataFrame:
    """
    Put the figures of two or more plans side by side.

    Parameters
    ----------
    plans
        Plan folders, and scenarios or paths of their files; the others are compared
        with the first. A scenario is solved in a child process, unless it is known
        from an earlier call (see `planner.solve_many`).
    output
        Folder for the plans of scenarios, ``compare.html``, ``compare.xlsx``,
        ``moves.csv`` and ``compare.json``. None: ``comparison`` where there are
        scenarios, else nothing is written.
    baselines
        Today's ways to stand beside the first plan: any of "today", "nearest",
        "rotation", "performance", "rules", "random" for both kinds, or
        "nearest:raw", "nearest:kept" (passing over reps who are full) for one; True
        for all.
    time_limit_s, seed
        Instead of those in the scenarios.
    at_once, cluster
        See `planner.solve_many`.

    Returns
    -------
    Index: key of the figure (cost, bound, gap, ``term_<name>``, then those of
    `Metrics.totals`, accounts_changed and value_changed against the first plan).
    Columns: ``label``, ``unit``, ``better`` (see `Label`; "" = neither), ``best`` (the
    column that wins, "tied", or ""), one per plan by its folder's or file's name, and
    ``delta <name>``, that plan less the first. Money in currency a year. NaN where
    there is no figure, or no meaning in a difference. ``attrs["notes"]`` lists what a
    reader must know: other accounts, other prices, scenarios without a plan.

    A plan costs least only where its cost lies below the bounds of all others; else
    they are "tied". One of today's ways that breaks rules wins nothing.

    Plans of different accounts are measured on the accounts that all of them have;
    cost, bound, gap and terms remain those of each whole plan, without differences.

    Raises
    ------
    PlannerError
        For fewer than two, a folder that is no whole plan folder, scenarios of which
        fewer than two have a plan, or plans that have no account in common.
    """
    import pandas as pd

    from planner.comparison.names import checked_ways
    from planner.comparison.run import entries_of, run_comparison, why_missing
    from planner.errors import PlannerError
    from planner.words import _

    folder = None if output is None else Path(output)
    entries = entries_of(
        plans, folder or DEFAULT_OUTPUT, time_limit=time_limit_s, seed=seed
    )
    if folder is None and any(entry.job is not None for entry in entries):
        folder = DEFAULT_OUTPUT
    words = [] if isinstance(baselines, bool) else list(baselines)
    ways = checked_ways(words, every=baselines is True)
    compared = run_comparison(
        entries, folder, ways=ways, at_once=at_once, cluster=cluster
    )
    if compared.data is None:
        why = "; ".join(
            f"{name}: {why_missing(outcome)}"
            for name, outcome in compared.outcomes.items()
            if not outcome.has_plan
        )
        raise PlannerError(
            _("Fewer than two plans to compare: {missing}").format(missing=why)
        )
    missing = [f"{name}: {why}" for name, why in compared.data["missing"].items()]
    table = pd.DataFrame.from_dict(compared.data["figures"], orient="index")
    told = ["label", "unit", "better", "best"]
    table = table.astype({name: float for name in table if name not in told})
    table.index.name = "figure"
    table.attrs["notes"] = [*missing, *compared.data["notes"]]
    return table


def moved_between(a: str | Path, b: str | Path) -> pd.DataFrame:
    """
    Accounts (and regions) that two plans give to different reps.

    Parameters
    ----------
    a, b
        Plan folders.

    Returns
    -------
    Index ``account_id``; columns ``name`` and ``value`` (of the first plan's tables),
    ``from_rep`` (in plan a) and ``to_rep`` (in plan b), "" = left out. The largest
    value first. Only accounts that both plans have; ``attrs["notes"]`` counts others.
    `planner.comparison.moves.flows_of` sums them up by rep.

    Raises
    ------
    PlannerError
        If one is no whole plan folder, or they have no account in common.
    """
    from planner.comparison.moves import moved_between as moved

    return moved(Path(a), Path(b))


def solve_many(
    scenarios: Sequence[str | Path | Scenario],
    output: str | Path,
    *,
    time_limit_s: float | None = None,
    seed: int | None = None,
    at_once: int | None = None,
    again: bool = False,
    cluster: str | None = None,
    tell: Tell = lambda name, state, moment: None,
) -> dict[str, Outcome]:
    """
    Solve several scenarios, each in a child process, several at once.

    What was solved before is not solved again: an answer is known by the bytes of all
    input files, by the scenario and by the planner's version. A plan folder is written
    the moment its plan is there; a process that dies costs only its own scenario, and
    a second call solves only that.

    Parameters
    ----------
    scenarios
        Scenarios, or paths of their files.
    output
        Plan folders go to its folder ``plans``, by the names of the files.
    time_limit_s, seed
        Instead of those in the scenarios.
    at_once
        Solves at a time; None: one for each core, or for each worker of the cluster.
    again
        Solve also what is known.
    cluster
        Address of a Dask scheduler, ``tcp://...`` (extra ``distributed``).
    tell
        Receives name, state and, while it is solved, `Progress`.

    Returns
    -------
    Name -> outcome: status, folder, cost, bound, gap; ``outcome.solution()`` opens it.

    Raises
    ------
    ScenarioError
        For a scenario that is not valid, before anything is solved.
    """
    from planner.comparison.run import entries_of
    from planner.executor import run_jobs

    entries = entries_of(
        scenarios, Path(output), time_limit=time_limit_s, seed=seed, folders=False
    )
    jobs = [entry.job for entry in entries if entry.job is not None]
    return run_jobs(jobs, at_once, again=again, cluster=cluster, tell=tell)
