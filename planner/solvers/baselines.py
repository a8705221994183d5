"""Today's ways of assigning accounts, priced like a plan, to compare a plan with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import Compiled
from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.scenario.model import MOVED
from planner.solvers.dealing import LAST, NOBODY, Rooms, improve, place, repair
from planner.solvers.price import blocks, price, price_all
from planner.solvers.rulebook import Rule, read_rules
from planner.tables import matches
from planner.words import _

__all__ = ["Baseline", "Rule", "baselines", "price", "read_rules"]

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]
Kind = Literal["raw", "rule_keeping"]


@dataclass(frozen=True, eq=False)
class Baseline:
    """
    One of today's ways.

    Attributes
    ----------
    name
        "today", "nearest", "round_robin", "random", "performance" or "rules".
    kind
        "raw": as it comes, whatever it breaks. "rule_keeping": past reps who may not
        serve or are full.
    rep_of
        Rep index of each account in table order, -1 for nobody, shape (accounts,).
    terms
        Term -> cost in steps of 1 / cost_scale, by the same terms as a plan.
    breaches
        What it breaks, in words -> by how much (see `price`).
    """

    name: str
    kind: Kind
    rep_of: Positions
    terms: dict[str, int]
    breaches: dict[str, int]

    @property
    def cost(self) -> int:
        """Sum of all terms, in steps of 1 / cost_scale."""
        return sum(self.terms.values())

    @property
    def feasible(self) -> bool:
        """Whether no rule of the scenario is broken and nobody is left behind."""
        return not self.breaches


def baselines(
    compiled: Compiled,
    *,
    rules: list[Rule] | None,
    performance: str | None,
    seed: int,
) -> list[Baseline]:
    """
    Assign all accounts in each of today's ways, raw and rule-keeping.

    today: the owners of the table, where it has any. nearest: the rep of the shortest
    road, ties by rep order. round_robin: dealt in turn in table order. random: any
    rep, equally likely. performance: dealt in turn in proportion to a field of the
    reps. rules: the first rule that matches; a team, or several, take turns; no match,
    no rep.

    A rule-keeping way has the same preferences, and passes over reps who may not
    serve the unit or have no room below a hard high (of rep, team, everybody, or a
    budget). Where a budget caps what changes hands it starts from today's owners and
    moves one unit after the other while the budget lasts; else it starts from
    nothing. Largest first for today and nearest, table order for the others. Low ends
    of limits and bands are not looked at; they show among the breaches.

    Large tables, of which not all eligible pairs are held, have today, round_robin and
    random only, raw: the others need every pair.

    Pools take what is theirs today or by a rule; else the rule-keeping ways give them
    what no rep has room for.

    By regions there are today and (where reps have bases) nearest only, raw: each
    region with all in it to its owner, or to the rep nearest to it.

    Parameters
    ----------
    compiled
        The question.
    rules
        From `read_rules`; None: no such baseline.
    performance
        Numeric field of the reps; None: no such baseline.
    seed
        Of the random baseline.

    Raises
    ------
    PlannerError
        If the field of performance is missing, negative, or adds up to nothing.
    """
    if not len(field_reps(compiled.pairs)):  # no base is open, pools have all
        return []
    if compiled.problem.areas is not None:
        ways = _by_regions(compiled)
    elif compiled.problem.source is not None:
        ways = _without_rules(compiled, seed)
    else:
        ways = _by_accounts(compiled, rules, performance, seed)
    if (compiled.pairs.owner >= 0).any():
        return ways
    return [way for way in ways if way.name != "today"]  # nobody has an owner


def _by_accounts(
    compiled: Compiled, rules: list[Rule] | None, performance: str | None, seed: int
) -> list[Baseline]:
    """All ways, raw and rule-keeping."""
    ways = _Ways(compiled, seed)
    likings = {
        "today": (ways.today, ways.like_today),
        "nearest": (ways.nearest, ways.like_nearest),
        "round_robin": ways.rotation(dealt(compiled.pairs)),
        "random": ways.random(),
    }
    if performance is not None:
        likings["performance"] = ways.rotation(ways.by_performance(performance))
    if rules is not None:
        likings["rules"] = ways.by_rules(rules)
    dealer = _Dealer(ways)
    named: list[tuple[str, Kind, Positions]] = []
    for name, (raw, liking) in likings.items():
        named.append((name, "raw", raw))
        named.append((name, "rule_keeping", dealer.keep(name, liking())))
    priced = price_all(compiled, [rep_of for _name, _kind, rep_of in named])
    return [
        Baseline(*way, *outcome) for way, outcome in zip(named, priced, strict=True)
    ]


def field_reps(pairs: Pairs) -> Positions:
    """Indices of the reps who are no pools."""
    return np.flatnonzero(~pairs.is_pool[:-1])


def dealt(pairs: Pairs) -> Positions:
    """Rep of each account when reps take turns, shape (accounts,)."""
    reps = field_reps(pairs)
    return reps[np.arange(len(pairs.accounts)) % len(reps)]


def _by_regions(compiled: Compiled) -> list[Baseline]:
    """Today's map, and the nearest base of each region."""
    pairs = compiled.pairs
    first = np.unique(compiled.unit_of, return_index=True)[1].astype(np.intp)
    rep_of_unit = {"today": pairs.owner[first].astype(np.intp)}
    reps = field_reps(pairs)
    if np.isfinite(pairs.rep_places[reps]).all():
        km = pairs.distances(first[:, None], reps[None])[0]
        rep_of_unit["nearest"] = reps[km.argmin(axis=1)]
    ways = {name: rep[compiled.unit_of] for name, rep in rep_of_unit.items()}
    priced = price_all(compiled, list(ways.values()))
    return [
        Baseline(name, "raw", rep_of, *outcome)
        for (name, rep_of), outcome in zip(ways.items(), priced, strict=True)
    ]


def _without_rules(compiled: Compiled, seed: int) -> list[Baseline]:
    """Return the ways that need no other pairs than their own, raw."""
    pairs = compiled.pairs
    n, reps = len(pairs.accounts), field_reps(pairs)
    ways = {
        "today": pairs.owner.astype(np.intp),
        "round_robin": dealt(pairs),
        "random": reps[np.random.default_rng(seed).integers(len(reps), size=n)],
    }
    priced = price_all(compiled, list(ways.values()))
    return [
        Baseline(name, "raw", rep_of, *outcome)
        for (name, rep_of), outcome in zip(ways.items(), priced, strict=True)
    ]


Way = tuple[Positions, Callable[[], Floats]]


class _Ways:
    """
    What each way would do if no rule stood against it.

    A way is a rep per account (accounts,), and a function that gives the liking of
    each arc (arcs,), the least first. Of several accounts in a unit the first one
    speaks where they may differ.
    """

    def __init__(self, compiled: Compiled, seed: int) -> None:
        self.compiled, self.pairs = compiled, compiled.pairs
        self.problem, self.m = compiled.problem, compiled.pairs.m
        self.rng = np.random.default_rng(seed)
        self.nobody = self.problem.rep == self.problem.nobody
        self.pooled = self.pairs.is_pool[self.problem.rep]
        first = np.unique(compiled.unit_of, return_index=True)[1]
        self.first: Positions = first.astype(np.intp)
        self.today: Positions = self.pairs.owner.astype(np.intp)
        self.nearest, self.km = self._distances()
        self.owner_arc = self._owner_arc()

    def _distances(self) -> tuple[Positions, Floats]:
        """Nearest rep of each account, and one-way km of each arc (sum over a unit)."""
        unit_of, start = self.compiled.unit_of, self.problem.start
        nearest = np.empty(len(unit_of), dtype=np.intp)
        km_of_arc = np.zeros(len(self.problem.rep))
        counts = np.diff(start)
        for at in blocks(self.pairs):
            km = self.pairs.distances(at[:, None], np.arange(self.pairs.m))[0]
            nearest[at] = np.where(self.pairs.is_pool[:-1], np.inf, km).argmin(axis=1)
            padded = np.hstack([km, np.zeros((len(at), 1))])
            unit = unit_of[at]
            line = np.repeat(np.arange(len(at)), counts[unit])
            offset = np.arange(len(line)) - np.repeat(
                np.cumsum(counts[unit]) - counts[unit], counts[unit]
            )
            arc = np.repeat(start[unit], counts[unit]) + offset
            np.add.at(km_of_arc, arc, padded[line, self.problem.rep[arc]])
        return nearest, km_of_arc

    def _owner_arc(self) -> NDArray[np.bool_]:
        """Arcs to the rep who owns most accounts of the unit, ties by rep order."""
        known = self.today >= 0
        pairs = pd.DataFrame(
            {"unit": self.compiled.unit_of[known], "rep": self.today[known]}
        )
        count = pairs.value_counts(sort=False).reset_index(name="count")
        count = count.sort_values(["count", "rep"], ascending=[False, True])
        main = count.drop_duplicates("unit")
        owner = np.full(self.problem.n, -1, dtype=np.intp)
        owner[main["unit"].to_numpy()] = main["rep"].to_numpy()
        return np.asarray(self.problem.rep == owner[self.problem.unit])

    def _reps_first(self, liking: Floats) -> Floats:
        """Pools after all reps, nobody last."""
        return np.where(self.nobody, LAST, np.where(self.pooled, LAST / 2, liking))

    def like_nearest(self) -> Floats:
        return self._reps_first(self.km)

    def like_today(self) -> Floats:
        return np.where(self.owner_arc, -1.0, self.like_nearest())

    def rotation(self, turn: Positions) -> Way:
        """Deal accounts to the reps of `turn` (accounts,), past them in rep order."""

        def liking() -> Floats:
            begin = turn[self.first][self.problem.unit]
            after = (self.problem.rep - begin) % self.m
            return self._reps_first(after.astype(float))

        return turn, liking

    def random(self) -> Way:
        reps = field_reps(self.pairs)
        picks = reps[self.rng.integers(len(reps), size=len(self.today))]

        def liking() -> Floats:
            chance = self.rng.random(len(self.problem.rep))
            picked = picks[self.first][self.problem.unit] == self.problem.rep
            return self._reps_first(np.where(picked, -1.0, chance))

        return picks, liking

    def by_performance(self, field: str) -> Positions:
        """Turns in proportion to a field: shares by largest remainder, spread out."""
        if field not in self.pairs.reps:
            raise PlannerError(
                _(
                    "baselines.performance: the reps have no field {field!r}. Name a "
                    "numeric field of the reps."
                ).format(field=field)
            )
        weight = np.nan_to_num(self.pairs.reps[field].to_numpy(float))
        weight[self.pairs.is_pool[:-1]] = 0.0
        if (weight < 0).any() or not weight.sum() > 0:
            raise PlannerError(
                _(
                    "baselines.performance: the reps' {field!r} must be 0 or more and "
                    "not all 0. Correct the column, or name another field."
                ).format(field=field)
            )
        share = len(self.today) * weight / weight.sum()
        count = np.floor(share).astype(np.intp)
        rest = len(self.today) - int(count.sum())
        count[np.argsort(count - share, kind="stable")[:rest]] += 1
        rep = np.repeat(np.arange(self.m), count)
        nth = np.arange(len(rep)) - np.repeat(np.cumsum(count) - count, count)
        return rep[np.argsort((nth + 0.5) / count[rep], kind="stable")]

    def by_rules(self, rules: Sequence[Rule]) -> Way:
        """Deal by the first rule that matches; when its reps are full, by the next."""
        covered = [matches(self.pairs.accounts, list(r.conditions)) for r in rules]
        raw = np.full(len(self.today), -1, dtype=np.intp)
        turns = []
        for rule, hit in zip(rules, covered, strict=True):
            first = hit & (raw < 0)
            turns.append(np.cumsum(first) - 1)
            raw[first] = rule.reps[turns[-1][first] % len(rule.reps)]

        def liking() -> Floats:
            found = np.full(len(self.problem.rep), np.inf)
            unit, rep = self.problem.unit, self.problem.rep
            for index, rule in enumerate(rules):
                place_of = np.full(self.m + 1, -1)
                place_of[rule.reps] = np.arange(len(rule.reps))
                at = np.flatnonzero(
                    covered[index][self.first][unit]
                    & (place_of[rep] >= 0)
                    & np.isinf(found)
                )
                turn = turns[index][self.first][unit[at]]
                after = (place_of[rep[at]] - turn) % len(rule.reps)
                found[at] = index * self.m + after
            return np.where(self.nobody, LAST, found)

        return raw, liking


class _Dealer:
    """Turns likings into rule-keeping assignments."""

    def __init__(self, ways: _Ways) -> None:
        self.ways, self.problem = ways, ways.problem
        caps_moves = {*MOVED, "handover"}
        self.from_today = any(
            row.id.startswith("budgets")
            and self.problem.measures[row.measure] in caps_moves
            for row in self.problem.rows
        )
        self.empty = Rooms(self.problem)
        options = np.diff(self.problem.start)
        self.order = np.lexsort((-self.empty.size, options))
        self.in_turn = np.argsort(options > 1, kind="stable")
        self.today = self._keep_owners()

    def keep(self, name: str, liking: Floats) -> Positions:
        """Rep of each account, -1 for nobody, shape (accounts,)."""
        order = self.order if name == "nearest" else self.in_turn
        rooms = self.today
        if name != "today" and self.from_today:
            rooms = self.today.copy()
            improve(rooms, order.tolist(), liking)
        elif name != "today":
            rooms = self.empty.copy()
            repair(rooms, place(rooms, order.tolist(), liking), liking)
        rep = np.append(self.problem.rep, self.problem.nobody)[rooms.arc_of]
        rep = np.where(rep == self.problem.nobody, -1, rep).astype(np.intp)
        return np.asarray(rep[self.ways.compiled.unit_of], dtype=np.intp)

    def _keep_owners(self) -> Rooms:
        """Everybody with the owner where allowed and room, else with the nearest."""
        rooms, liking = self.empty.copy(), self.ways.like_today()
        own = np.where(self.ways.owner_arc, liking, np.inf)
        place(rooms, self.order.tolist(), own)
        rest = self.order[rooms.arc_of[self.order] == NOBODY].tolist()
        repair(rooms, place(rooms, rest, liking), liking)
        return rooms
