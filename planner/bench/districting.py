"""The family `districting`: counties and tracts into districts of like population."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.bench.instance_file import (
    BEST_KNOWN,
    UNKNOWN,
    BestKnown,
    Row,
    best_known,
    instance_name,
    known_rows,
    number_up_to,
    read_map_file,
    whole_number,
)
from planner.bench.map_count import best_centres, what_breaks
from planner.bench.map_roads import area_model, ask_about_map
from planner.bench.question import Answer, Count
from planner.errors import Fault
from planner.geo.distance import haversine_km
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch
from planner.words import _

INERTIA, CUT_EDGES = "inertia", "cut_edges"
OBJECTIVES = (INERTIA, CUT_EDGES)
MILLION, KM_PER_DEGREE = 1e6, 111.195

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Districting:
    """
    Connected districts with a population between two ends.

    Attributes
    ----------
    name
        Objective and name of the file.
    objective
        "inertia": population x squared great-circle km to the best centre unit, in
        million person-km2; or "cut_edges".
    population, latitude, longitude
        Of each unit, shapes (n,); places in degrees.
    edges
        Pairs of neighbours, shape (edges, 2).
    k
        Number of districts.
    low, high
        Population of a district.
    best
        Published value and bound.
    """

    name: str
    objective: str
    population: Ints
    latitude: Floats
    longitude: Floats
    edges: Ints
    k: int
    low: int
    high: int
    best: BestKnown = UNKNOWN

    @property
    def kind(self) -> str:
        """Return the name without the state."""
        return self.name.rpartition("-")[0]

    @property
    def units(self) -> int:
        """Number of counties or tracts."""
        return len(self.population)

    @property
    def reps(self) -> int:
        """Number of districts."""
        return self.k

    @property
    def whole(self) -> bool:
        """Whether every cost is a whole number."""
        return self.objective == CUT_EDGES

    @cached_property
    def moment(self) -> Floats:
        """Cost of unit u with centre c, shape (n, n), in million person-km2."""
        here = self.latitude[:, None], self.longitude[:, None]
        km = haversine_km(*here, self.latitude, self.longitude)
        return self.population[:, None] * km**2 / MILLION

    def model(self) -> AreaModel:
        """Return the question of like territories; places in km about the mean."""
        north = self.latitude - self.latitude.mean()
        east = self.longitude - self.longitude.mean()
        narrower = np.cos(np.radians(self.latitude.mean()))
        place = KM_PER_DEGREE * np.stack([east * narrower, north], axis=1)
        inertia = self.objective == INERTIA
        return area_model(
            self.k,
            self.edges,
            self.population[None],
            [self.low],
            [self.high],
            place,
            centre=self.moment if inertia else None,
            edge_price=None if inertia else np.ones(len(self.edges)),
        )

    def ask(self, solver: str, watch: Watch, *, seed: int, threads: int) -> Answer:
        """Return what a solver says: the district of each unit."""
        model = self.model()
        return ask_about_map(
            solver, model, watch, seed=seed, threads=threads, whole=self.whole
        )

    def recount(self, label: NDArray[np.intp]) -> Count:
        """Count a solution again, from the file's numbers alone."""
        amount = self.population[None].astype(float)
        ends = np.array([self.low]), np.array([self.high])
        breaks = what_breaks(self.edges, label, self.k, amount, *ends)
        if self.objective == CUT_EDGES:
            u, v = self.edges.T
            return Count(float((label[u] != label[v]).sum()), breaks)
        centre = best_centres(self.moment, label)
        value = self.moment[np.arange(self.units), centre].sum()
        return Count(float(value), breaks)


def read_districting(
    path: Path, objective: str, faults: list[Fault]
) -> list[Districting]:
    """
    Read one file: n m, n lines of id population longitude latitude, m lines of u v.

    The number of districts, and the ends of their population, come from the rows of
    the table of best-known values for this instance (columns objective, k,
    population_low, population_high).
    """
    before = len(faults)
    head = {"n": whole_number(1), "m": whole_number()}
    columns = {
        "geoid": None,
        "population": whole_number(),
        "lon": number_up_to(180),
        "lat": number_up_to(90),
    }
    found = read_map_file(path, head, columns, faults)
    cases = _cases(path, objective, faults)
    if found is not None:
        _refuse_repeated(str(path), found.columns[0], faults)
    if found is None or len(faults) > before:
        return []
    population, lon, lat = (np.array(each, dtype=float) for each in found.columns[1:])
    return [
        Districting(
            name=f"{row['objective']}-{instance_name(path)}",
            objective=row["objective"],
            population=population.astype(np.int64),
            latitude=lat,
            longitude=lon,
            edges=found.edges,
            k=int(float(row["k"])),
            low=int(float(row["population_low"])),
            high=int(float(row["population_high"])),
            best=best_known(row),
        )
        for row in cases
    ]


def _refuse_repeated(file: str, ids: list[str], faults: list[Fault]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            why, remedy = _("two units have this id"), _("Give each unit once.")
            faults.append(Fault(file, 0, "geoid", one, why, remedy))
        seen.add(one)


def _cases(path: Path, objective: str, faults: list[Fault]) -> list[Row]:
    """Return the rows of the table for a file; a fault for each that is wrong."""
    wanted = (objective,) if objective else OBJECTIVES
    rows = [row for row in known_rows(path) if row.get("objective") in wanted]
    table, name = str(path.parent / BEST_KNOWN), instance_name(path)
    if not rows:
        why = _("there is no row with instance {name} and objective {wanted}").format(
            name=name, wanted=_(" or ").join(wanted)
        )
        remedy = _("Add one, with k, population_low and population_high.")
        faults.append(Fault(table, 0, "", name, why, remedy))
    checks = {
        "k": whole_number(1),
        "population_low": whole_number(),
        "population_high": whole_number(),
    }
    for row in rows:
        for column, check in checks.items():
            word = row.get(column, "")
            if not check.of(word):
                where = f"{name} {row['objective']}: {word}"
                faults.append(Fault(table, 0, column, where, check.rule, check.remedy))
    return rows
