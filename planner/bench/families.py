"""The families of published instances: how each is read, warmed up, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from planner.bench.cpmp import read_cpmp
from planner.bench.districting import OBJECTIVES, read_districting
from planner.bench.gap_file import read_gap
from planner.bench.instance_file import distinct, refuse
from planner.bench.peers import import_peer
from planner.bench.question import Instance
from planner.bench.roads import PEERS as WHOLE
from planner.bench.roads import PLANNER
from planner.bench.tdp import read_tdp
from planner.errors import Fault

ONE = ("",)
MAPS = (*WHOLE, "spopt", "gerrychain", "k-means-constrained")
SITES = (*WHOLE, "spopt", "k-means-constrained")


@dataclass(frozen=True)
class Family:
    """
    One format of instances.

    Attributes
    ----------
    read
        Path, objective and faults -> instances of that file (none where it has faults);
        objective "": each that is known for it.
    warm
        Module whose `warm_up()` imports and compiles what the planner needs.
    peers
        Other solvers that can be asked.
    objectives
        What can be minimised; ("",) where there is no choice.
    """

    read: Callable[[Path, str, list[Fault]], Sequence[Instance]]
    warm: str
    peers: tuple[str, ...]
    objectives: tuple[str, ...] = ONE

    def prepare(self, solver: str) -> None:
        """Import and compile what a solver needs, before the clock starts."""
        if solver == PLANNER:
            import_module(self.warm).warm_up()
        else:
            import_peer(solver)


FAMILIES = {
    "gap": Family(read_gap, "planner.solvers.warm", WHOLE),
    "districting": Family(
        read_districting, "planner.bench.map_roads", MAPS, OBJECTIVES
    ),
    "tdp": Family(read_tdp, "planner.bench.map_roads", MAPS),
    "cpmp": Family(read_cpmp, "planner.bench.site_roads", SITES),
}


def read_instances(
    family: str, paths: Sequence[Path], objective: str = ""
) -> list[tuple[Path, Instance]]:
    """
    Read instance files of a family: one instance for each file and objective.

    Raises
    ------
    PlannerError
        Naming every fault of every file with its line.
    """
    faults: list[Fault] = []
    read = FAMILIES[family].read
    found = [
        (path, instance)
        for path in distinct(paths, faults)
        for instance in read(path, objective, faults)
    ]
    refuse(faults)
    return found
