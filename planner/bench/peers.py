"""
What a user would pick instead: free packages for regions and sites.

They take fewer rules than the question has. So their plans are counted like all others,
and listed with what they break.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch
from planner.words import _

NEEDS = {
    "spopt": ("spopt", "libpysal", "pulp"),
    "gerrychain": ("gerrychain", "networkx"),
    "k-means-constrained": ("k_means_constrained",),
}
"""Packages to import; HiGHS and CP-SAT come with the planner."""
MODULES = {
    "highs": ("planner.bench.whole", "planner.solvers.highs"),
    "cp-sat": ("planner.bench.whole", "planner.solvers.exact"),
    "spopt": ("libpysal.weights", "pulp", "spopt.locate", "spopt.region"),
    "gerrychain": ("gerrychain.partition", "gerrychain.proposals", "networkx"),
    "k-means-constrained": ("k_means_constrained",),
}
MOST_PAIRS = 300_000
"""Above so many pairs of unit and centre or site the whole model is not handed over."""
TIMELESS = ("spopt", "k-means-constrained")
"""These take no time limit; they are ended soon after it."""

Ints = NDArray[np.int64]


def present(peers: Sequence[str]) -> list[str]:
    """Return the peers whose packages are installed."""
    return [peer for peer in peers if not _missing(NEEDS.get(peer, ()))]


def _missing(packages: Sequence[str]) -> list[str]:
    return [name for name in packages if find_spec(name) is None]


def import_peer(peer: str) -> None:
    """Import what a peer needs, before the clock starts."""
    for module in MODULES[peer]:
        import_module(module)


def notes(family: str) -> list[str]:
    """Say of every peer how it was asked, or why it was not."""
    said = []
    if family != "gap":
        said.append(
            _(
                "Above {pairs:,} pairs of unit and centre or label no solver is given "
                "the whole model (too large)."
            ).format(pairs=MOST_PAIRS)
        )
    for peer, packages in NEEDS.items():
        told = _apart(family, peer)
        if told is None:
            told = _asked(family, peer)
            if missing := _missing(packages):
                told = _(
                    "{peer} was not asked: {packages} is not installed (pip install "
                    "territory-planner[peers])."
                ).format(peer=peer, packages=", ".join(missing))
        said.append(told)
    return said


def _apart(family: str, peer: str) -> str | None:
    """Why a peer has no answer to a family's question; None where it has."""
    if family == "gap":
        return _("{peer} does not apply: it assigns nothing to given agents.").format(
            peer=peer
        )
    if family == "cpmp" and peer == "gerrychain":
        return _("gerrychain does not apply: there is no map of neighbours.")
    return None


def _asked(family: str, peer: str) -> str:
    if peer == "spopt" and family == "cpmp":
        return _("spopt is asked for its capacitated p-median, solved by CBC.")
    return {
        "spopt": _(
            "spopt is asked for its k-means of neighbours: connected, but without "
            "limits on what a region holds."
        ),
        "gerrychain": _(
            "gerrychain is asked for ReCom that refuses what is worse: connected, with "
            "limits on the first measure alone."
        ),
        "k-means-constrained": _(
            "k-means-constrained is asked for clusters with a number of units within "
            "10 % of the mean: no limits on amounts, no neighbours."
        ),
    }[peer]


def ask_for_regions(
    peer: str, model: AreaModel, watch: Watch, *, seed: int, threads: int
) -> Ints | None:
    """Return a peer's territory of each unit; None where it has found none."""
    if peer == "gerrychain":
        from planner.bench.gerrychain_peer import recombined

        return recombined(model, watch, seed=seed)
    assert model.place is not None
    if peer == "spopt":
        from planner.bench.spopt_peer import regions

        return regions(model.place, model.edges, model.k, seed=seed)
    from planner.bench.kmeans_peer import even_clusters

    return even_clusters(model.place, model.k, seed=seed, threads=threads)
