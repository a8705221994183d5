"""A plan under edit: moves and locks by hand, what they cost, and what they break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.deeds import Action, action_of, append, now
from planner.errors import PlannerError
from planner.locks import freely, locks_of, with_locks, with_owners
from planner.problem import Evaluation, tally
from planner.reporting import row_label
from planner.solution import Solution
from planner.words import _

Positions = NDArray[np.intp]

FREE, LOCKED, PROTECTED = 0, 1, 2
"""A unit may move when solved again; stays with its rep; stays with today's owner."""
BY_HAND = ", by hand"
NAMED = 20
"""Ids that a breach lists."""


@dataclass(frozen=True)
class Breach:
    """A hard rule that the draft breaks: which, whose, and by how much."""

    rule: str
    who: str
    amount: float
    unit: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Figures:
    """
    What a draft amounts to.

    Attributes
    ----------
    cost, terms
        Currency a year, in all and by term.
    travel_km
        On the road in a year.
    loads
        Index ``rep_id``; ``accounts``, by regions ``regions``, and for each measure
        with a rule ``<measure>``, ``low <measure>`` and ``high <measure>`` (NaN: no
        end), in its unit.
    changed, changed_value
        Accounts (or regions) with another rep than in the plan, and their value.
    moved, moved_value
        The same against today's known owners.
    breaches
        Hard rules that are broken; empty: the draft is a plan.
    """

    cost: float
    terms: dict[str, float]
    travel_km: float
    loads: pd.DataFrame
    changed: int
    changed_value: float
    moved: int
    moved_value: float
    breaches: tuple[Breach, ...]


@dataclass
class _Step:
    """What an action changed, to be taken back."""

    action: Action
    units: Positions
    reps: Positions
    marks: NDArray[np.int8]
    after: tuple[Positions, NDArray[np.int8]] = field(init=False)


class Draft:
    """
    A plan that is changed by hand.

    Accounts that must stay together move together. Moves may break rules; `figures`
    says which. With a log, each action is on the disk before it counts.

    Parameters
    ----------
    solution
        The plan as it was.
    log
        File of actions, one JSON line each; what it holds is done again. A last line
        that was cut off was never confirmed, and is dropped.
    whole
        Returns the same plan with every pair that may be chosen, for questions and new
        plans; None: `solution` has them (see `planner.reopen.view_plan`).

    Raises
    ------
    PlannerError
        If there is no plan, or the log is not one of this plan.
    """

    def __init__(
        self,
        solution: Solution,
        log: Path | None = None,
        whole: Callable[[], Solution] | None = None,
    ) -> None:
        if solution.plan is None or solution.result.arcs is None:
            raise PlannerError(_("There is no plan to edit; solve first."))
        self.solution, self.log = solution, log
        self.whole = whole or (lambda: solution)
        self.problem = problem = solution.compiled.problem
        self.pairs = freely(solution.compiled.pairs)
        self.unit_of = solution.compiled.unit_of
        order = np.argsort(self.unit_of, kind="stable")
        ends = np.cumsum(np.bincount(self.unit_of, minlength=problem.n))
        self._rows = np.split(order, ends[:-1])
        self._ids = self.pairs.accounts.index
        arcs = solution.result.arcs
        self.before: Positions = problem.rep[arcs].astype(np.intp)
        self.rep_of = self.before.copy()
        self._kept_before = self._locked_before()
        self.marks = np.where(self._kept_before < 0, FREE, LOCKED).astype(np.int8)
        self._cost = problem.cost[:, arcs].astype(np.int64)
        self._demand = problem.demand[:, arcs].astype(np.int64)
        self._eligible = np.ones(problem.n, dtype=bool)
        self._km = np.zeros(len(self._ids))
        self._price(np.arange(problem.n), only_km=True)
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.version = 0
        if log is not None and log.is_file():
            self._replay(log)

    def _locked_before(self) -> Positions:
        """Rep that the plan's locks keep each unit with; -1: none."""
        locks, kept = locks_of(self.solution.scenario), np.full(self.problem.n, -1)
        rows = self._ids.get_indexer(pd.Index(list(locks), dtype=object))
        reps = self.pairs.reps.index.get_indexer(pd.Index(list(locks.values())))
        kept[self.unit_of[rows[rows >= 0]]] = reps[rows >= 0]
        return kept

    # ---- deeds -----------------------------------------------------------------------

    def move(self, ids: Sequence[str], rep: str, *, by: str = "") -> int:
        """
        Give accounts (or ``region:<id>``) to a rep; "" leaves them out.

        Returns
        -------
        How many accounts and regions went, those that stay together included.
        """
        self._rep(rep)
        return self._do(Action("move", self._known(ids), rep, by, now()))

    def mark(
        self,
        ids: Sequence[str],
        do: Literal["lock", "protect", "free"],
        *,
        by: str = "",
    ) -> int:
        """Lock, protect or free accounts (`LOCKED`, `PROTECTED`); counts them."""
        return self._do(Action(do, self._known(ids), "", by, now()))

    def undo(self, *, by: str = "") -> bool:
        """Take the last action back; False where there is none."""
        return self._done != [] and self._do(Action("undo", by=by, at=now())) >= 0

    def redo(self, *, by: str = "") -> bool:
        """Do again what was last taken back; False where there is nothing."""
        return self._undone != [] and self._do(Action("redo", by=by, at=now())) >= 0

    @property
    def can_undo(self) -> bool:
        """Whether there is an action to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an action to do again."""
        return bool(self._undone)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What was done and not taken back, in order."""
        return tuple(step.action for step in self._done)

    def _do(self, action: Action) -> int:
        """Write an action down, then count it."""
        if self.log is not None:
            append(self.log, action.to_line())
        return self._apply(action)

    def _apply(self, action: Action) -> int:
        self.version += 1
        if action.do == "undo":
            step = self._done.pop()
            self._undone.append(step)
            self._set(step.units, step.reps, step.marks)
            return len(step.units)
        if action.do == "redo":
            step = self._undone.pop()
            self._done.append(step)
            self._set(step.units, *step.after)
            return len(step.units)
        units = np.unique(self.unit_of[self._ids.get_indexer(pd.Index(action.ids))])
        reps, marks = self.rep_of[units].copy(), self.marks[units].copy()
        step = _Step(action, units, reps, marks)
        if action.do == "move":
            reps = np.full(len(units), self._rep(action.rep), dtype=np.intp)
        elif action.do == "protect":
            reps = self._owner(units, reps)
        if action.do != "move":
            marks = np.full(len(units), _MARK[action.do], dtype=np.int8)
        step.after = reps, marks
        self._set(units, reps, marks)
        self._done.append(step)
        self._undone.clear()
        return int(sum(len(self._rows[unit]) for unit in units))

    def _set(self, units: Positions, reps: Positions, marks: NDArray[np.int8]) -> None:
        other = units[self.rep_of[units] != reps]
        self.rep_of[units], self.marks[units] = reps, marks
        self._price(other)

    def _owner(self, units: Positions, otherwise: Positions) -> Positions:
        """Today's owner of each unit, where it has a known one."""
        first = np.array([self._rows[unit][0] for unit in units], dtype=np.intp)
        owner = self.pairs.owner[first]
        return np.where(owner >= 0, owner, otherwise)

    def _price(self, units: Positions, *, only_km: bool = False) -> None:
        """Price units anew with the reps that they have now."""
        if not len(units):
            return
        rows = np.concatenate([self._rows[unit] for unit in units])
        rep = self.rep_of[self.unit_of[rows]]
        block = self.pairs.price(rows, rep)
        self._km[rows] = np.where(rep < self.pairs.m, block.km, 0.0)
        if only_km:
            return
        starts = np.cumsum([0, *(len(self._rows[unit]) for unit in units[:-1])])
        self._cost[:, units] = np.add.reduceat(block.cost, starts, axis=1)
        self._demand[:, units] = np.add.reduceat(block.demand, starts, axis=1)
        self._eligible[units] = np.logical_and.reduceat(block.eligible, starts)

    # ---- the log -------------------------------------------------------------------

    def _replay(self, log: Path) -> None:
        text = log.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            with log.open("r+b") as stream:
                stream.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                action = action_of(json.loads(line))
                if action.do in ("undo", "redo"):
                    if not (self._done if action.do == "undo" else self._undone):
                        raise ValueError(action.do)
                else:
                    self._known(action.ids)
                    self._rep(action.rep)
            except (ValueError, KeyError, TypeError, PlannerError) as error:
                raise PlannerError(
                    _(
                        "{file}, line {line}: is no edit of this plan ({why}). Move "
                        "the file away to begin anew."
                    ).format(file=log, line=number, why=error)
                ) from error
            self._apply(action)

    def _known(self, ids: Iterable[str]) -> tuple[str, ...]:
        wanted = tuple(ids)
        at = self._ids.get_indexer(pd.Index(wanted, dtype=object))
        if (at < 0).any():
            missing = [one for one, i in zip(wanted, at, strict=True) if i < 0]
            raise PlannerError(
                _("The plan has no account {names}.").format(
                    names=", ".join(missing[:5])
                )
            )
        return wanted

    def _rep(self, rep: str) -> int:
        if rep == "":
            return self.problem.nobody
        at = int(self.pairs.reps.index.get_indexer(pd.Index([rep]))[0])
        if at < 0:
            raise PlannerError(_("The plan has no rep {rep}.").format(rep=rep))
        return at

    # ---- what it amounts to --------------------------------------------------------

    @property
    def owner(self) -> pd.Series:
        """``rep_id`` by ``account_id`` (and ``region:<id>``); "" where left out."""
        ids = np.append(self.pairs.reps.index.to_numpy(dtype=object), "")
        return pd.Series(ids[self.rep_of[self.unit_of]], index=self._ids, dtype=str)

    @property
    def pins(self) -> dict[str, str]:
        """What must hold when solved again: moved, locked and protected units."""
        held = np.flatnonzero((self.rep_of != self.before) | (self.marks != FREE))
        return self._by_first_id(held[self.rep_of[held] < self.problem.m])

    @property
    def barred(self) -> list[str]:
        """Units, by their first account, whose rep no rule allows them."""
        wrong = np.flatnonzero(~self._eligible)
        return [str(self._ids[self._rows[unit][0]]) for unit in wrong]

    def figures(self) -> Figures:
        """Count cost, loads, changes and broken rules."""
        counted = tally(self.problem, self.rep_of, self._cost, self._demand)
        scale = self.problem.cost_scale
        terms = {name: cost / scale for name, cost in counted.terms.items()}
        if self.solution.tables.bases is not None:
            terms["opening"] = self.solution.opening / scale
        rows_rep = self.rep_of[self.unit_of]
        counts = self._counted()
        changed = counts & (rows_rep != self.before[self.unit_of])
        moved = counts & (self.pairs.owner >= 0) & (rows_rep != self.pairs.owner)
        value = self.pairs.accounts["value"].to_numpy(float)
        return Figures(
            cost=sum(terms.values()),
            terms=terms,
            travel_km=float(2 * self.pairs.trips @ self._km),
            loads=self._loads(rows_rep),
            changed=int(changed.sum()),
            changed_value=float(value[changed].sum()),
            moved=int(moved.sum()),
            moved_value=float(value[moved].sum()),
            breaches=tuple(self._breaches(counted)),
        )

    def tried(self, ids: Sequence[str], rep: str) -> Figures:
        """Count what a move would amount to; the draft itself stays as it is."""
        other = copy(self)
        other.log, other._done, other._undone = None, [], []
        for name in ("rep_of", "marks", "_cost", "_demand", "_eligible", "_km"):
            setattr(other, name, getattr(self, name).copy())
        other.move(ids, rep)
        return other.figures()

    def in_hand(self) -> Solution | None:
        """
        Return the plan as it now is, for questions: broken rules are broken there too.

        None where a unit is with a rep whom no rule allows it.
        """
        whole = self.whole()
        try:
            return with_owners(whole, whole.scenario, self.rep_of)
        except PlannerError:
            return None

    def to_solution(self) -> Solution:
        """
        Return the plan as it now is; locks become pins of its scenario.

        Its bound is the one that it had, unless locks have changed.

        Raises
        ------
        PlannerError
            If a hard rule is broken; the first few are named.
        """
        figures = self.figures()
        if figures.breaches:
            broken = "; ".join(
                f"{one.rule} ({one.who})" if one.who else one.rule
                for one in figures.breaches[:3]
            )
            raise PlannerError(
                _(
                    "The draft breaks {n:,} rule(s): {broken}. Take the moves back, or "
                    "solve again around them."
                ).format(n=len(figures.breaches), broken=broken)
            )
        kept, whole = self._kept(), self.whole()
        if (kept == self._kept_before).all():
            found = with_owners(whole, whole.scenario, self.rep_of)
        else:
            locks = self._by_first_id(np.flatnonzero(kept >= 0))
            found = with_locks(whole, self.rep_of, locks)
        method = f"{self.solution.result.method.removesuffix(BY_HAND)}{BY_HAND}"
        return replace(found, result=replace(found.result, method=method))

    def _kept(self) -> Positions:
        """Rep that each unit is kept with; those too far away need a pin to stay."""
        kept, most = self.marks != FREE, self.solution.scenario.travel.max_km
        if most is not None:
            kept = kept.copy()
            far = self._km > most
            for covered, _reps in self.pairs.pins:
                far &= ~covered
            kept[self.unit_of[far]] = True
        kept = kept & (self.rep_of < self.problem.m)
        return np.where(kept, self.rep_of, -1)

    def _by_first_id(self, units: Positions) -> dict[str, str]:
        """First account (or region) of each unit -> its rep."""
        reps = self.pairs.reps.index
        return {
            str(self._ids[self._rows[unit][0]]): str(reps[self.rep_of[unit]])
            for unit in units
        }

    def _counted(self) -> NDArray[np.bool_]:
        """Rows that are counted as changes: regions by regions, else accounts."""
        return (
            self.pairs.is_region
            if self.pairs.is_region.any()
            else ~self.pairs.is_region
        )

    def _loads(self, rows_rep: Positions) -> pd.DataFrame:
        problem, m = self.problem, self.problem.m
        accounts = rows_rep[~self.pairs.is_region]
        found = {"accounts": np.bincount(accounts, minlength=m + 1)[:m].astype(float)}
        if self.pairs.is_region.any():
            regions = rows_rep[self.pairs.is_region]
            found["regions"] = np.bincount(regions, minlength=m + 1)[:m].astype(float)
        for row in problem.rows:
            name, scale = problem.measures[row.measure], problem.scales[row.measure]
            if len(row.reps) != 1 or row.reps[0] >= m or name in ("moved_value",):
                continue
            if name not in found or f"low {name}" not in found:
                load = np.bincount(
                    self.rep_of, self._demand[row.measure], minlength=m + 1
                )
                found[name] = load[:m] / scale
                found[f"low {name}"] = np.full(m, np.nan)
                found[f"high {name}"] = np.full(m, np.nan)
            rep = int(row.reps[0])
            low, high = found[f"low {name}"], found[f"high {name}"]
            low[rep] = np.nanmax([low[rep], row.low / scale]) if row.low else low[rep]
            if row.high is not None:
                high[rep] = np.nanmin([high[rep], row.high / scale])
        return pd.DataFrame(found, index=self.pairs.reps.index)

    def _breaches(self, counted: Evaluation) -> Iterable[Breach]:
        rows = {row.id: row for row in self.problem.rows}
        if barred := self.barred:
            who = self._names(np.unique(self.rep_of[~self._eligible]))
            yield Breach(
                _("Not allowed with this rep"),
                who,
                float(len(barred)),
                "",
                tuple(barred[:NAMED]),
            )
        for name, amount in counted.breaches.items():
            if name in rows:
                row = rows[name]
                rule, who = row_label(name, self.solution.scenario)
                measure = self.problem.measures[row.measure]
                size = amount / self.problem.scales[row.measure]
                yield Breach(rule, who, size, _(measure))
            elif name.startswith("apart set"):
                yield Breach(_("Kept apart, yet together"), "", float(amount), "")
            elif name == "contiguity":
                yield Breach(
                    _("Territories in pieces"), self._torn(), float(amount), ""
                )
            else:
                yield Breach(_("Reps without a territory"), "", float(amount), "")

    def _torn(self) -> str:
        """Reps whose territory is in pieces."""
        areas = self.problem.areas
        assert areas is not None
        on_map = areas.on_map & (self.rep_of < self.problem.m)
        piece, rep = areas.pieces(self.rep_of)[on_map], self.rep_of[on_map]
        each = pd.DataFrame({"rep": rep, "piece": piece}).drop_duplicates()
        count = each["rep"].value_counts()
        return self._names(np.sort(count.index[count > 1].to_numpy()))

    def _names(self, reps: NDArray[np.integer]) -> str:
        ids = np.append(self.pairs.reps.index.to_numpy(dtype=object), _("nobody"))
        shown = [str(ids[rep]) for rep in reps[:5]]
        return ", ".join(shown) + (", ..." if len(reps) > len(shown) else "")


_MARK = {"lock": LOCKED, "protect": PROTECTED, "free": FREE}
