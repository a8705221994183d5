"""k-means: with limits on the number of members, or with weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BAND = 0.1
"""Members of a cluster may differ from the mean by so much."""
WIDTH = 1000.0
"""
Places are scaled to this width: the package holds a thousand times the squared
distances in 32 bits, and never ends where they overflow.
"""


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
    size = float(np.ptp(place, axis=0).max()) or 1.0
    search = KMeansConstrained(
        n_clusters=k,
        size_min=int(mean * (1 - BAND)),
        size_max=int(-(-mean * (1 + BAND) // 1)),
        random_state=seed,
        n_jobs=threads,
    )
    return np.asarray(search.fit_predict(place * (WIDTH / size)), dtype=np.int64)


def weighted_clusters(
    place: NDArray[np.float64], weight: NDArray[np.float64], k: int, *, seed: int
) -> NDArray[np.int64]:
    """
    Return the cluster of each unit by scikit-learn's weighted k-means: no limits.

    Parameters
    ----------
    place, weight
        Projected places, shape (n, 2), and weights, shape (n,).
    """
    from sklearn.cluster import KMeans

    search = KMeans(n_clusters=k, n_init=10, random_state=seed)
    return np.asarray(search.fit_predict(place, sample_weight=weight), dtype=np.int64)
