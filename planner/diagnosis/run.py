"""Why has a scenario no plan, and what is the least that would help?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.diagnosis.change import Question
from planner.diagnosis.conflict import Core, Prober, apart_from, refine
from planner.diagnosis.nearest import nearest_plan
from planner.diagnosis.options import keeps_all, options_of
from planner.diagnosis.prices import BendPrice, prices_of
from planner.diagnosis.result import Conflict, Diagnosis, Member, Option, Status
from planner.errors import PlannerError
from planner.oversize import set_apart
from planner.ruled import Positions, Ruled
from planner.ruling import MOST_PAIRS, ruled_of
from planner.scenario import Scenario, read_scenario
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress, Watch
from planner.solvers.result import Status as SolveStatus
from planner.solvers.ruled.engine import ANY_PLAN
from planner.solving import solve
from planner.tables import Tables, load_tables
from planner.words import _

MOST_CONFLICTS = 3
"""Conflicts that share no rule, at most."""
CONFLICT_SHARE, REFINE_SHARE = 0.4, 0.35
"""Shares of the time left: for the rules that conflict, then for their instances."""
PLANS_KEPT = 50
"""Plans from the search for conflicts that options may begin with."""
REFINE_SECONDS = 5.0
"""For the instances of all conflicts, at most."""
QUESTION_SHARE = 0.3
"""Share of that time for one question whether a plan exists."""


def diagnose(
    scenario: Scenario | str | Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    bases: pd.DataFrame | None = None,
    time_limit_s: float | None = None,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Diagnosis:
    """
    Say why a scenario has no plan, and what the least change is that gives it one.

    First sums that prove it; then a minimal set of rules that contradict each other
    (infeasible by itself, feasible without any one member); then changes of rules,
    each enough by itself, the cheapest first at the prices of ``[relax]``, each
    verified by a plan that keeps every rule of the changed scenario. With ``[bases]``
    only sums: rules are taken apart for one set of reps.

    Parameters
    ----------
    scenario
        A scenario, or the path of a scenario file.
    accounts, reps, regions, distances, bases
        Frames that stand in for the scenario's files.
    time_limit_s, seed
        Instead of those in the scenario. What was not proven in time is said.

    Raises
    ------
    ScenarioError, TableError
        Naming every fault.
    PlannerError
        Where several numbers of reps are asked for.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    if len(scenario.counts) > 1:
        raise PlannerError(
            _("A diagnosis is of one number of reps: give {key} one number.").format(
                key="bases.open" if scenario.bases else "reps.count"
            )
        )
    frames = {
        "accounts": accounts,
        "reps": reps,
        "regions": regions,
        "distances": distances,
        "bases": bases,
    }
    scenario = scenario.with_solve(time_limit=time_limit_s, seed=seed)
    if scenario.bases is not None:
        return _by_sums(scenario, frames, interrupted, tell)
    tables = load_tables(scenario, scenario.base, **frames)
    return diagnose_tables(scenario, tables, interrupted=interrupted, tell=tell)


def _by_sums(
    scenario: Scenario,
    frames: dict[str, pd.DataFrame | None],
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Diagnosis:
    """Say what sums tell where bases are chosen too; any plan will do."""
    found = solve(
        scenario.with_solve(gap=ANY_PLAN),
        interrupted=interrupted,
        tell=tell,
        **frames,  # type: ignore[arg-type]
    )
    status: Status = "unknown"
    if found.plan is not None:
        status = "feasible"
    elif found.status is SolveStatus.INFEASIBLE:
        status = "infeasible"
    note = _(
        "With [bases] only sums are looked at. Give the bases that may do as [reps], "
        "without [bases], to see which rules contradict each other and what helps."
    )
    return Diagnosis(
        scenario=scenario,
        status=status,
        arithmetic=found.reasons,
        conflicts=(),
        options=(),
        notes=() if status == "feasible" else (note,),
        owner=None if found.plan is None else found.plan.owner,
        seconds=found.result.seconds,
    )


def diagnose_tables(
    scenario: Scenario,
    tables: Tables,
    *,
    time_limit_s: float | None = None,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Diagnosis:
    """Do as `diagnose` with tables that are read already."""
    tables, scenario = set_apart(tables, scenario)
    limit = scenario.solve.time_limit if time_limit_s is None else time_limit_s
    watch = Watch(limit, interrupted, tell)
    compiled = compile_problem(tables, scenario)
    seed = scenario.solve.seed if seed is None else seed
    return _Run(scenario, tables, compiled, watch, seed).run()


@dataclass(eq=False)
class _Run:
    """One diagnosis: what is known so far."""

    scenario: Scenario
    tables: Tables
    compiled: Compiled
    watch: Watch
    seed: int
    notes: list[str] = field(default_factory=list)

    def run(self) -> Diagnosis:
        """Sums, conflicts, options."""
        arithmetic = reasons_why_not(self.compiled, self.scenario)
        if len(self.compiled.pairs.accounts) * self.compiled.pairs.m > MOST_PAIRS:
            self.notes.append(
                _(
                    "More than {most:,} pairs of accounts and reps: only sums were "
                    "looked at. Diagnose a part, such as one country or team."
                ).format(most=MOST_PAIRS)
            )
            return self._done("infeasible" if arithmetic else "unknown", arithmetic)
        areas = self.compiled.problem.areas
        ruled = ruled_of(self.compiled.pairs, None if areas is None else areas.needed)
        prober = Prober(
            ruled,
            self.watch.part(CONFLICT_SHARE),
            QUESTION_SHARE * CONFLICT_SHARE * self.watch.left,
            self.seed,
            self.scenario.solve.threads,
        )
        self.watch.report(_("conflict"))
        verdict = prober.verdict(ruled.all())
        if verdict.rep_of is not None and keeps_all(self.compiled, verdict.rep_of):
            return self._done("feasible", (), owner=_owner(ruled, verdict.rep_of))
        cores = apart_from(prober, MOST_CONFLICTS) if verdict.infeasible else []
        conflicts = self._conflicts(prober, cores)
        proven = bool(arithmetic) or verdict.infeasible
        self.watch.report(_("options"))
        prices = prices_of(ruled)
        question = Question(
            ruled,
            self.tables,
            prices,
            self.seed,
            self.scenario.solve.threads,
            tuple(prober.plans[-PLANS_KEPT:]),
            tuple(tuple(rule for rule, _all in core.atoms) for core in cores),
        )
        options = options_of(question, self.watch)
        self._remark(prober, proven, conflicts, options)
        return self._done(
            "infeasible" if proven else "unknown",
            arithmetic,
            conflicts,
            options,
            {r.path: p for r, p in zip(ruled.rules, prices, strict=True)},
        )

    def _conflicts(self, prober: Prober, cores: Sequence[Core]) -> list[Conflict]:
        """Name rules and instances of conflicts."""
        prober.watch = self.watch.part(REFINE_SHARE).at_most(REFINE_SECONDS)
        prober.seconds = QUESTION_SHARE * prober.watch.left
        return [_worded(prober, core) for core in cores]

    def _remark(
        self,
        prober: Prober,
        proven: bool,
        conflicts: Sequence[Conflict],
        options: Sequence[Option],
    ) -> None:
        if not proven:
            self.notes.append(
                _(
                    "Whether a plan exists stayed open within {seconds:.0f} s; more "
                    "time may tell (--time-limit)."
                ).format(seconds=self.watch.time_limit)
            )
        elif not conflicts:
            self.notes.append(
                _(
                    "No conflicting set of rules was proven within {seconds:.0f} s."
                ).format(seconds=self.watch.time_limit)
            )
        if not options:
            self.notes.append(
                _(
                    "No change of the rules that have a price was found to be enough; "
                    'see [relax], where "never" stands.'
                )
            )
        if self.compiled.problem.areas is not None:
            self.notes += nearest_plan(prober.ruled, options)

    def _done(
        self,
        status: Status,
        arithmetic: Sequence[str],
        conflicts: Sequence[Conflict] = (),
        options: Sequence[Option] = (),
        prices: dict[str, BendPrice] | None = None,
        owner: pd.Series | None = None,
    ) -> Diagnosis:
        return Diagnosis(
            scenario=self.scenario,
            status=status,
            arithmetic=tuple(arithmetic),
            conflicts=tuple(conflicts),
            options=tuple(options),
            prices=prices or {},
            notes=tuple(self.notes),
            owner=owner,
            seconds=self.watch.seconds,
        )


def _owner(ruled: Ruled, rep_of: Positions) -> pd.Series:
    ids = np.append(ruled.pairs.reps.index.to_numpy(object), "")
    return pd.Series(ids[rep_of], index=ruled.pairs.accounts.index, dtype=str)


def _worded(prober: Prober, core: Core) -> Conflict:
    """Name rules and, where the time allows, the instances that matter."""
    ruled = prober.ruled
    parts = refine(prober, core)
    instances: dict[int, list[str]] = {rule: [] for rule, _all in core.atoms}
    small = prober.watch.left > 0 or parts.minimal
    for rule, instance in parts.atoms if small else ():
        instances[rule].append(ruled.rules[rule].labels[instance])
    members = tuple(
        Member(
            ruled.rules[rule].path,
            ruled.rules[rule].kind,
            ruled.rules[rule].says,
            tuple(label for label in labels if label),
        )
        for rule, labels in instances.items()
    )
    return Conflict(members, core.minimal, parts.minimal)
