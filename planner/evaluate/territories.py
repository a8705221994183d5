"""Are the territories what a plan by regions promises: whole, connected, as priced?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.case import Case
from planner.evaluate.centres import Ways
from planner.evaluate.pairs import Ints
from planner.evaluate.recount import Recount
from planner.evaluate.verdict import SHOWN, Check, checked
from planner.geo.adjacency import neighbours
from planner.geo.planar import planar_metres
from planner.rounding import to_integers
from planner.words import _

REGION_COLUMNS = ("region_id", "rep_id")


def place_regions(
    table: dict[str, list[str]], recount: Recount, chosen: Ints
) -> list[str]:
    """Write the reps of regions.csv into `chosen`; return what is wrong with it."""
    ids, faults = table["region_id"], []
    regions = np.flatnonzero(recount.ground.is_region)
    at = {
        str(recount.accounts["region_id"].iloc[row]): int(row)
        for row in regions.tolist()
    }
    column = {str(rep): j for j, rep in enumerate(recount.reps.index)}
    seen: set[str] = set()
    for region, rep in zip(ids, table["rep_id"], strict=True):
        if region not in at:
            faults.append(_("{id} is no region of the plan").format(id=region))
        elif region in seen:
            faults.append(_("{id} occurs more than once").format(id=region))
        elif rep not in column:
            faults.append(
                _("{id} goes to {rep!r}, who is no rep").format(id=region, rep=rep)
            )
        else:
            chosen[at[region]] = column[rep]
        seen.add(region)
    faults += [_("{id} is missing").format(id=x) for x in at if x not in seen]
    if ids != sorted(ids):
        faults.append(_("the rows are not sorted by region_id"))
    return faults


def accounts_in_regions(case: Case) -> Check:
    """Check that each account goes with its region, unless it is carved out."""
    rows, ground, faults = case.recount.accounts, case.recount.ground, []
    rep_of = dict(
        zip(
            rows["region_id"][ground.is_region],
            case.chosen[ground.is_region].tolist(),
            strict=True,
        )
    )
    count = 0
    inside = ~ground.is_region & (rows["area"] != "").to_numpy(bool)
    for at in np.flatnonzero(inside).tolist():
        area = rows["area"].iloc[at]
        if case.chosen[at] >= 0 and case.chosen[at] != rep_of[area]:
            count += 1
            if count <= SHOWN:
                faults.append(
                    _("{id} does not go with its region {region}").format(
                        id=case.account(at), region=area
                    )
                )
    fine = _("{n:,} accounts go with their regions").format(n=inside.sum())
    return checked("accounts in regions", faults, fine, count)


def connected(case: Case) -> Check:
    """
    Check by a flood from one region of each rep that it reaches all of them.

    Regions that must stay together (a group without a price) count as joined.
    """
    recount = case.recount
    ground, rows = recount.ground, recount.accounts
    regions = np.flatnonzero(ground.is_region).tolist()
    names = {str(rows["region_id"].iloc[at]): at for at in regions}
    beside: dict[int, set[int]] = {at: set() for at in regions}
    table = recount.adjacency
    for one, other in zip(table["region_id"], table["neighbour_id"], strict=True):
        beside[names[one]].add(names[other])
        beside[names[other]].add(names[one])
    leader: dict[int, int] = {}
    for at in regions:
        first = leader.setdefault(int(recount.unit[at]), at)
        beside[at].add(first)
        beside[first].add(at)
    faults = []
    for rep in range(recount.nobody):
        own = {at for at in regions if case.chosen[at] == rep}
        name = str(recount.reps.index[rep])
        if not own and rep in case.may_have_regions:
            faults.append(_("{rep} has no region").format(rep=name))
        if own and recount.scenario.areas.contiguous:
            faults += _cut_off(case, name, own, beside)
    fine = _("{n:,} regions, every territory in one piece").format(n=len(regions))
    if not recount.scenario.areas.contiguous:
        fine = _("not asked for; every rep has a region")
    return checked("contiguity", faults, fine)


def _cut_off(
    case: Case, name: str, own: set[int], beside: dict[int, set[int]]
) -> list[str]:
    """Regions of a rep that a flood does not reach, in words."""
    reached, queue = set(), [min(own)]
    while queue:
        at = queue.pop()
        if at not in reached:
            reached.add(at)
            queue += beside[at] & own
    lost = sorted(own - reached)
    if not lost:
        return []
    ids = case.recount.accounts["region_id"]
    return [
        _("{rep}: {n:,} of {all:,} regions are cut off, such as {id}").format(
            rep=name, n=len(lost), all=len(own), id=ids.iloc[lost[0]]
        )
    ]


def adjacency_as_drawn(recount: Recount) -> Check:
    """
    Derive the neighbours again from the shapes, and compare with adjacency.csv.

    Shapes are those of regions and of barriers, as they stand in the folder.
    """
    areas, units = recount.scenario.areas, recount.units
    barriers = recount.tables.barriers
    if (areas.barriers is None) != (barriers is None):
        fault = _("inputs/ and the scenario do not agree on whether there are barriers")
        return Check("adjacency", False, fault)
    try:
        drawn = neighbours(
            units.geometry,
            tolerance_m=areas.tolerance_m,
            barriers=barriers,
            links=areas.links,
            cuts=areas.cuts,
            islands=areas.islands,
        ).edges
    except PlannerError as error:
        return Check("adjacency", False, str(error))
    told, true = _pairs(recount.adjacency), _pairs(drawn)
    faults = [
        _("{one} and {other} are no neighbours ({kind})").format(
            one=min(pair), other=max(pair), kind=told[pair][0]
        )
        for pair in sorted(told.keys() - true.keys(), key=sorted)
    ]
    faults += [
        _("{one} and {other} are neighbours, and not listed").format(
            one=min(pair), other=max(pair)
        )
        for pair in sorted(true.keys() - told.keys(), key=sorted)
    ]
    faults += [
        _("{one} and {other}: the border is told as {told} km, drawn {true} km").format(
            one=min(pair), other=max(pair), told=told[pair][1], true=true[pair][1]
        )
        for pair in sorted(told.keys() & true.keys(), key=sorted)
        if abs(told[pair][1] - true[pair][1]) > 1e-6 * max(1.0, true[pair][1])
    ]
    fine = _("{n:,} pairs of neighbours, as the shapes say").format(n=len(told))
    return checked("adjacency", faults, fine)


def _pairs(table: pd.DataFrame) -> dict[frozenset[str], tuple[str, float]]:
    columns = (table[name] for name in ("region_id", "neighbour_id"))
    kinds = zip(table["kind"], table["border_km"].astype(float), strict=True)
    ends = zip(*(column.astype(str) for column in columns), strict=True)
    return {frozenset(pair): kind for pair, kind in zip(ends, kinds, strict=True)}


def counted_shapes(case: Case) -> dict[str, int]:
    """Count compactness and cut edges again, in cost units."""
    areas, terms = case.recount.scenario.areas, {}
    if areas.compactness is not None and areas.compactness.to == "centre":
        terms["compactness"] = _spread(case)
    if areas.compactness is not None and areas.compactness.to == "region":
        ways = Ways(case.recount)
        terms["compactness"] = sum(
            ways.of_territory(np.flatnonzero(case.chosen == rep))[1]
            for rep in range(case.recount.nobody)
        )
    if areas.cut_edges is not None:
        terms["cut_edges"] = _cut(case)
    return terms


def _spread(case: Case) -> int:
    """Sum over reps of the weighted squared distance to their own mean place."""
    recount = case.recount
    compact = recount.scenario.areas.compactness
    assert compact is not None
    scale = recount.scales[compact.measure]
    weights = recount.steps(recount.own[compact.measure], scale, "compactness")
    rows = recount.accounts
    x, y = to_integers(planar_metres(rows["longitude"], rows["latitude"])).T
    price = Fraction(str(compact.price)) * recount.cost_scale / (scale * 10**6)
    total = 0
    for rep in range(recount.nobody):
        at = np.flatnonzero((case.chosen == rep) & (weights > 0))
        places = list(
            zip(weights[at].tolist(), x[at].tolist(), y[at].tolist(), strict=True)
        )
        weight = sum(w for w, _x, _y in places)
        if weight:
            mean = [Fraction(sum(w * p[i] for w, *p in places), weight) for i in (0, 1)]
            # Integers times the common denominator, so that the sum is quick and exact.
            far = sum(
                w * ((px * weight - mx) ** 2 + (py * weight - my) ** 2)
                for mx, my in [(int(mean[0] * weight), int(mean[1] * weight))]
                for w, px, py in places
            )
            total += round(price * Fraction(far, weight * weight))
    return total


def _cut(case: Case) -> int:
    """Price of every pair of neighbours with different reps."""
    recount = case.recount
    cut, ground = recount.scenario.areas.cut_edges, recount.ground
    assert cut is not None
    rep = pd.Series(
        case.chosen[ground.is_region],
        index=recount.accounts["region_id"][ground.is_region],
    )
    table = recount.adjacency
    parted = rep[table["region_id"]].to_numpy() != rep[table["neighbour_id"]].to_numpy()
    each = np.ones(len(table)) if cut.by == "edge" else table["border_km"].to_numpy()
    steps = recount.steps(cut.price * each, recount.cost_scale, "cut_edges")
    return int(steps[parted].sum())
