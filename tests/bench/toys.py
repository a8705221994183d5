"""
Instances of every family that can be solved with a pencil, and solvers that try all.

`line`: four counties of ten people on the equator, a degree apart; two districts of
twenty must be the first two and the last two. `six`: six units in a row, a territory of
three is the first half or the second, around units 1 and 4. `pairs`: two pairs of
points; each median has room for two.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from planner.solvers.areas.model import AreaModel, AreaOutcome
from planner.solvers.siting.model import SitingModel, SitingOutcome

LINE = """\
4 3
01001 10 0 0
01003 10 1 0
01005 10 2 0
01007 10 3 0
0 1
1 2
2 3
"""
LINE_INERTIA = 2 * 10 * (math.radians(1) * 6371.0088) ** 2 / 1e6
LINE_KNOWN = f"""\
objective,instance,n,k,population_low,population_high,best_known_value,proved_optimal
inertia,line,4,2,20,20,{LINE_INERTIA:.2f},yes
cut_edges,line,4,2,20,20,1,yes
"""
SIX = """\
6 5 2 0.0
0 0 1 2.5 1
1 0 1 2.5 1
2 0 1 2.5 1
3 0 1 2.5 1
4 0 1 2.5 1
5 0 1 2.5 1
0 1
1 2
2 3
3 4
4 5
"""
PAIRS = """\
4 2
 0 0.5 2 1
 1 0.0 2 1
 9 0.0 2 1
10 0.5 2 1
"""


def write(folder: Path, name: str, text: str, known: str = "") -> Path:
    """Write an instance, and a table of best-known values where there is one."""
    path = folder / name
    path.write_text(text, "utf-8")
    if known:
        (folder / "best_known.csv").write_text(known, "utf-8")
    return path


def write_line(folder: Path) -> Path:
    """Write `line` with its table."""
    return write(folder, "line.txt", LINE, LINE_KNOWN)


def in_one_piece(model: AreaModel, members: set[int]) -> bool:
    """Whether some units hang together."""
    reached = {min(members)}
    for _ in members:
        for u, v in model.edges.tolist():
            if {u, v} <= members and {u, v} & reached:
                reached |= {u, v}
    return reached == members


def plans(model: AreaModel) -> Iterator[np.ndarray]:
    """Every connected plan of like territories within its hard bands."""
    for labels in itertools.product(range(model.k), repeat=model.n):
        label = np.array(labels)
        members = [np.flatnonzero(label == t) for t in range(model.k)]
        if any(len(one) == 0 for one in members):
            continue
        loads = [
            model.load[b.measure][label == b.member.argmax(), 0].sum()
            for b in model.bands
        ]
        within = (b.low <= x <= b.high for b, x in zip(model.bands, loads, strict=True))
        if all(within) and all(in_one_piece(model, set(m.tolist())) for m in members):
            yield label


def cost_of(model: AreaModel, label: np.ndarray) -> float:
    """Cost of a plan, counted plainly."""
    if model.centre is None:
        return float(sum(label[u] != label[v] for u, v in model.edges))
    total = 0.0
    for t in range(model.k):
        members = np.flatnonzero(label == t)
        total += min(model.centre[members, c].sum() for c in members)
    return total


def try_all(model: AreaModel, *_watch: object, **_settings: object) -> AreaOutcome:
    """Solve a small map by looking at every plan; a larger one not at all."""
    if model.n > 8:
        return AreaOutcome(None, math.inf, -math.inf)
    best = min(plans(model), key=lambda label: cost_of(model, label), default=None)
    if best is None:
        return AreaOutcome(None, math.inf, math.inf, infeasible=True)
    return AreaOutcome(best, cost_of(model, best), cost_of(model, best))


def try_all_sites(
    model: SitingModel, *_watch: object, **_settings: object
) -> SitingOutcome:
    """Solve a small p-median by looking at every plan; a larger one not at all."""
    n, high = model.n, model.high[0]
    if n > 6:
        return SitingOutcome(None, math.inf, 0.0, False, 0)
    good = []
    for labels in itertools.product(range(n), repeat=n):
        site = np.array(labels)
        medians = np.unique(site)
        load = np.bincount(site, model.demand[0], minlength=n)
        served = len(medians) == model.p and (site[medians] == medians).all()
        if served and (load <= high).all():
            good.append((float(model.cost[np.arange(n), site].sum()), labels))
    cost, labels = min(good)
    return SitingOutcome(np.array(labels), cost, cost, False, 0)


@pytest.fixture
def trying_all(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Put the solvers that try all in the place of the planner's."""
    areas, siting = ModuleType("areas"), ModuleType("siting")
    areas.solve_areas = try_all
    siting.solve_siting = try_all_sites
    monkeypatch.setitem(sys.modules, "planner.solvers.areas.solve", areas)
    monkeypatch.setitem(sys.modules, "planner.solvers.siting.solve", siting)
    return {"areas": areas, "siting": siting}
