"""
Minimal sets of rules that contradict each other.

QuickXplain (Junker 2004) asks whether a plan exists under parts of the rules and halves
what is left; then every member of the set is taken out once more, and a plan under the
others is the witness that it is needed. Plans found on the way answer later questions
for free: a set of rules that a known plan keeps needs no solver.

References
----------
U. Junker, QuickXplain: preferred explanations and relaxations for over-constrained
problems, AAAI 2004, 167-172.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.ruled import Active, Positions, Ruled
from planner.solvers.result import Watch
from planner.solvers.ruled.broken import broken
from planner.solvers.ruled.feasible import Verdict, find_plan

Atom = tuple[int, int]
"""A rule and one of its instances, by their numbers; instance -1: all of them."""
ORDERS = 2
"""Orders of the rules that are tried for a small set."""


@dataclass(eq=False)
class Prober:
    """
    Says whether a plan exists under some rules, and remembers what it found.

    Attributes
    ----------
    seconds
        For one question, at most.
    asked, unknown
        How many questions went to a solver; how many of them stayed open.
    """

    ruled: Ruled
    watch: Watch
    seconds: float
    seed: int = 1
    threads: int = 2
    asked: int = 0
    unknown: int = 0
    plans: list[Positions] = field(default_factory=list)
    kept: list[Active] = field(default_factory=list)
    known: dict[bytes, Verdict] = field(default_factory=dict)

    def verdict(self, active: Active) -> Verdict:
        """Return a plan under the rules in force, or the proof that there is none."""
        key = np.concatenate([*active, np.zeros(1, dtype=bool)]).tobytes()
        if key in self.known:
            return self.known[key]
        for plan, breaks in zip(self.plans, self.kept, strict=True):
            if not any(
                (on & bad).any() for on, bad in zip(active, breaks, strict=True)
            ):
                return Verdict(plan, False)
        watch = self.watch
        limit = min(self.seconds, max(watch.left, 0.0))
        inner = Watch(watch.seconds + limit, watch.interrupted, began=watch.began)
        if limit <= 0:
            found = Verdict(None, False)
        else:
            found = find_plan(
                self.ruled, active, inner, seed=self.seed, threads=self.threads
            )
            self.asked += 1
        if found.rep_of is not None:
            self.plans.append(found.rep_of)
            self.kept.append(broken(self.ruled, found.rep_of))
        elif not found.infeasible:
            self.unknown += 1
            return found
        self.known[key] = found
        return found

    def infeasible(self, active: Active) -> bool:
        """Whether it is proven that no plan exists; False also where that is open."""
        return self.verdict(active).infeasible


@dataclass(frozen=True)
class Core:
    """
    Rules that cannot all be kept.

    Attributes
    ----------
    atoms
        Its members.
    minimal
        Proven: without any one of them there is a plan.
    """

    atoms: tuple[Atom, ...]
    minimal: bool


def conflict_of_rules(prober: Prober, among: Sequence[int]) -> Core | None:
    """
    Find a minimal set of rules, out of some, that no plan keeps.

    Returns
    -------
    None where it is not proven that these rules contradict each other.
    """
    atoms = [(rule, -1) for rule in among]
    if not prober.infeasible(_in_force(prober.ruled, atoms)):
        return None
    best: Core | None = None
    for order in (atoms, atoms[::-1])[:ORDERS]:
        core = _minimal(prober, order)
        if best is None or _worth(core) < _worth(best):
            best = core
        if len(best.atoms) == 1 or prober.watch.left <= 0:
            break
    return best


def _worth(core: Core) -> tuple[bool, int]:
    return not core.minimal, len(core.atoms)


def refine(prober: Prober, core: Core) -> Core:
    """Find a minimal set of the instances of a core's rules that no plan keeps."""
    rules = sorted({rule for rule, _instance in core.atoms})
    atoms = [
        (rule, instance)
        for rule in rules
        for instance in range(len(prober.ruled.rules[rule].labels))
    ]
    return _minimal(prober, atoms)


def _minimal(prober: Prober, atoms: Sequence[Atom]) -> Core:
    """Shrink a set that is proven infeasible, and check every member that is left."""
    ruled = prober.ruled
    kept = list(_explain(prober, [], list(atoms), asked=True))
    if not prober.infeasible(_in_force(ruled, kept)):
        kept = list(atoms)  # the time ran out on the way
    minimal = True
    for atom in list(kept):
        rest = [other for other in kept if other != atom]
        found = prober.verdict(_in_force(ruled, rest))
        if found.infeasible:
            kept = rest
        elif found.rep_of is None:
            minimal = False
    return Core(tuple(sorted(kept)), minimal)


def _explain(
    prober: Prober, base: list[Atom], atoms: list[Atom], asked: bool
) -> list[Atom]:
    """Members of `atoms` that a minimal conflict needs besides `base`."""
    if asked and base and prober.infeasible(_in_force(prober.ruled, base)):
        return []
    if len(atoms) <= 1 or prober.watch.left <= 0:
        return atoms
    half = len(atoms) // 2
    first, second = atoms[:half], atoms[half:]
    more = _explain(prober, base + first, second, bool(first))
    less = _explain(prober, base + more, first, bool(more))
    return less + more


def _in_force(ruled: Ruled, atoms: Sequence[Atom]) -> Active:
    active = ruled.only(())
    for rule, instance in atoms:
        if instance < 0:
            active[rule][:] = True
        else:
            active[rule][instance] = True
    return active


def apart_from(prober: Prober, most: int) -> list[Core]:
    """Conflicts that share no rule, at most so many."""
    found: list[Core] = []
    left = list(range(len(prober.ruled.rules)))
    while len(found) < most and prober.watch.left > 0:
        core = conflict_of_rules(prober, left)
        if core is None:
            break
        found.append(core)
        used = {rule for rule, _instance in core.atoms}
        left = [rule for rule in left if rule not in used]
    return found
