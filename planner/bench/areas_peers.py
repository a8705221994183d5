"""
Free packages asked for the territories of a scenario.

None takes all of its rules. Each gets the map without reps; its groups of units are
then matched with reps as well as can be, and counted like every plan.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.bench.areas_count import beyond, loads, spread_of, with_reps
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch
from planner.words import _

Ints = NDArray[np.int64]
Ask = Callable[[AreaModel, Watch, int, int], "Ints | None"]


@dataclass(frozen=True)
class Peer:
    """
    A package and one way to ask it.

    Attributes
    ----------
    packages
        What must be installed.
    modules
        What to import before the clock starts.
    ask
        Map, watch, seed, threads -> group of each unit, None where none is found.
    wants
        "band": a band on the first measure; "place": places of the units.
    """

    packages: tuple[str, ...]
    modules: tuple[str, ...]
    ask: Ask
    wants: tuple[str, ...]


def _recombined(model: AreaModel, watch: Watch, seed: int, _threads: int) -> Any:
    from planner.bench.gerrychain_peer import recombined

    return recombined(
        model, watch, seed=seed, score=lambda label: _borders(model, label)
    )


def _recombined_by_cost(
    model: AreaModel, watch: Watch, seed: int, _threads: int
) -> Any:
    from planner.bench.gerrychain_peer import recombined

    def score(label: Ints) -> tuple[float, ...]:
        return _worst(model, label), _shape(model, label)

    return recombined(model, watch, seed=seed, score=score)


def _borders(model: AreaModel, label: Ints) -> tuple[float, ...]:
    """Worst load off its band, then cut edges."""
    parted = label[model.edges[:, 0]] != label[model.edges[:, 1]]
    return _worst(model, label), float(parted.sum())


def _worst(model: AreaModel, label: Ints) -> float:
    """Greatest distance of a load from its band, by the mean load."""
    load = loads(model, label)
    mean = np.maximum(load.sum(axis=1) / model.k, 1.0)
    own = (band for band in model.bands if band.member.sum() == 1)
    return max((beyond(band, load) / mean[band.measure] for band in own), default=0.0)


def _shape(model: AreaModel, label: Ints) -> float:
    """Return what the scenario prices of the shape, or the spread if it does not."""
    cost = 0.0
    if model.edge_price is not None:
        parted = label[model.edges[:, 0]] != label[model.edges[:, 1]]
        cost += float(model.edge_price[parted].sum())
    if model.weight is not None:
        cost += (spread_of(model, label) or 0.0) * float(model.weight.sum()) * 1e6
    return cost or spread_of(model, label) or 0.0


def _trees(model: AreaModel, _watch: Watch, seed: int, _threads: int) -> Any:
    from planner.bench.gerrychain_peer import split_by_trees

    return split_by_trees(model, seed=seed)


def _regions(model: AreaModel, _watch: Watch, seed: int, _threads: int) -> Any:
    from planner.bench.spopt_peer import regions

    assert model.place is not None
    return regions(model.place, model.edges, model.k, seed=seed)


def _regions_by(kind: str) -> Ask:
    def ask(model: AreaModel, _watch: Watch, seed: int, _threads: int) -> Any:
        from planner.bench.spopt_peer import regions_by

        return regions_by(kind, model, seed=seed)

    return ask


def _even(model: AreaModel, _watch: Watch, seed: int, threads: int) -> Any:
    from planner.bench.kmeans_peer import even_clusters

    assert model.place is not None
    return even_clusters(model.place, model.k, seed=seed, threads=threads)


def _weighted(model: AreaModel, _watch: Watch, seed: int, _threads: int) -> Any:
    from planner.bench.kmeans_peer import weighted_clusters

    assert model.place is not None
    weight = model.load[0, :, 0].astype(float)
    return weighted_clusters(model.place, weight, model.k, seed=seed)


_CHAIN = ("gerrychain", "networkx"), ("gerrychain.partition", "gerrychain.proposals")
_SPOPT = ("spopt", "libpysal"), ("libpysal.weights", "spopt.region")

PEERS = {
    "gerrychain recom": Peer(*_CHAIN, _recombined, ("band",)),
    "gerrychain recom by cost": Peer(*_CHAIN, _recombined_by_cost, ("band", "place")),
    "gerrychain recursive tree": Peer(*_CHAIN, _trees, ("band",)),
    "spopt region k-means": Peer(*_SPOPT, _regions, ("place",)),
    "spopt ward": Peer(*_SPOPT, _regions_by("ward"), ("place",)),
    "spopt azp": Peer(*_SPOPT, _regions_by("azp"), ("place",)),
    "spopt skater": Peer(*_SPOPT, _regions_by("skater"), ("place",)),
    "spopt max-p": Peer(*_SPOPT, _regions_by("maxp"), ("band", "place")),
    "k-means-constrained": Peer(
        ("k_means_constrained",), ("k_means_constrained",), _even, ("place",)
    ),
    "weighted k-means": Peer(("sklearn",), ("sklearn.cluster",), _weighted, ("place",)),
}


def missing(peer: str) -> list[str]:
    """Return the packages of a peer that are not installed."""
    return [name for name in PEERS[peer].packages if find_spec(name) is None]


def present() -> list[str]:
    """Return the peers whose packages are installed."""
    return [peer for peer in PEERS if not missing(peer)]


def import_peer(peer: str) -> None:
    """Import what a peer needs, before the clock starts."""
    for module in PEERS[peer].modules:
        import_module(module)


def why_not(peer: str, model: AreaModel, main: int = 0) -> str:
    """Say why a peer has no answer to this question; "" where it has."""
    from planner.bench.gerrychain_peer import tolerance

    wants = PEERS[peer].wants
    if "band" in wants and tolerance(bare_map(model, main)[0]) is None:
        return "does not apply: no band on the main measure"
    if "place" in wants and model.place is None:
        return "does not apply: no places"
    return ""


def ask_peer(
    peer: str,
    model: AreaModel,
    watch: Watch,
    *,
    seed: int,
    threads: int,
    main: int = 0,
) -> Ints | None:
    """
    Return a peer's plan, its groups matched with reps; None where it found none.

    Most peers heed no clock. They run in a thread that is left behind when time is up.

    Parameters
    ----------
    main
        The measure that a peer gets who takes only one.

    Raises
    ------
    Exception
        Whatever the peer has raised.
    """
    bare, units = bare_map(model, main)
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(PEERS[peer].ask(bare, watch, seed, threads))
        except Exception as error:  # raised again below
            answer.append(error)

    asked = threading.Thread(target=ask, daemon=True)
    asked.start()
    asked.join(watch.left + 1.0)  # a chain needs a moment to hand over its best
    if not answer or answer[0] is None:
        return None
    if isinstance(answer[0], Exception):
        raise answer[0]
    return with_reps(model, units, np.asarray(answer[0], dtype=np.int64))


def bare_map(model: AreaModel, main: int = 0) -> tuple[AreaModel, NDArray[np.intp]]:
    """
    Return the map without pairs, fixed units and splits, and which units it holds.

    Parameters
    ----------
    main
        The measure that comes first in the map returned.
    """
    order = [main, *(q for q in range(len(model.load)) if q != main)]
    bands = tuple(replace(b, measure=order.index(b.measure)) for b in model.bands)
    here = np.ones(model.n, bool) if model.on_map is None else model.on_map
    units, at = np.flatnonzero(here), np.cumsum(here) - 1
    inside = here[model.edges].all(axis=1)

    def some(values: Any) -> Any:
        return None if values is None else values[units]

    bare = replace(
        model,
        edges=at[model.edges[inside]],
        edge_price=None if model.edge_price is None else model.edge_price[inside],
        load=model.load[order][:, units],
        bands=bands,
        splits=(),
        pair=None,
        weight=some(model.weight),
        x=some(model.x),
        y=some(model.y),
        place=some(model.place),
        fixed=None,
        on_map=None,
    )
    return bare, units


def notes() -> list[str]:
    """Say of every peer how it was asked, or why it was not."""
    said = [_asked()]
    for peer in PEERS:
        if lacking := missing(peer):
            said.append(
                _(
                    "{peer} was not asked: {packages} is not installed (pip install "
                    "territory-planner[peers])."
                ).format(peer=peer, packages=", ".join(lacking))
            )
    return said


def _asked() -> str:
    return _(
        "Peers get the map without reps, and their groups the reps that suit best. "
        "gerrychain keeps the band of one measure alone (that of compactness, else the "
        "first); its chains (ReCom) "
        "refuse what is worse in the worst band, then in cut edges or cost. spopt and "
        "k-means take no limits on amounts: spopt's regions are connected and alike in "
        "their places; max-p has a floor for that measure and chooses the number "
        "of regions; k-means-constrained holds 10 % on the number of units; weighted "
        "k-means weighs by that measure."
    )
