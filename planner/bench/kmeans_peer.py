"""k-means-constrained: k-means with limits on the number of members."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BAND = 0.1
"""Members of a cluster may differ from the mean by so much."""


def even_clusters(
    place: NDArray[np.float64], k: int, *, seed: int, threads: int
) -> NDArray[np.int64]:
    """
    Return the cluster of each unit.

    Parameters
    ----------
    place
        Projected places, shape (n, 2).
    """
    from k_means_constrained import KMeansConstrained

    mean = len(place) / k
    search = KMeansConstrained(
        n_clusters=k,
        size_min=int(mean * (1 - BAND)),
        size_max=int(-(-mean * (1 + BAND) // 1)),
        random_state=seed,
        n_jobs=threads,
    )
    return np.asarray(search.fit_predict(place), dtype=np.int64)
