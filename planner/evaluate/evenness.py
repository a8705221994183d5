"""
How evenly loads are spread.

With loads x_1..x_m of the m reps (also of those without any account) and their mean x:

- max relative imbalance, max_r |x_r - x| / x;
- coefficient of variation (CV), sqrt(sum_r (x_r - x)^2 / m) / x;
- Gini coefficient, sum_r sum_s |x_r - x_s| / (2 m^2 x): (m - 1) / m if one has all.

Each is 0 where all loads are equal, and NaN where there is no load at all.

References
----------
Pearson (1896), Phil. Trans. R. Soc. A 187, 253-318: coefficient of variation.
Gini (1912), Variabilita e mutabilita; the sorted form used here: Damgaard and Weiner
(2000), Ecology 81, 1139-1142.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def max_relative_imbalance(loads: ArrayLike) -> float:
    """
    Largest distance from the mean, as a share of the mean; NaN where that is 0.

    >>> max_relative_imbalance([50, 100, 150])
    0.5
    """
    x = np.asarray(loads, dtype=float)
    mean = x.mean() if x.size else 0.0
    return float(np.abs(x - mean).max() / mean) if mean > 0 else np.nan


def coefficient_of_variation(loads: ArrayLike) -> float:
    """
    Population standard deviation over mean; NaN where the mean is 0.

    >>> coefficient_of_variation([50, 150])
    0.5
    """
    x = np.asarray(loads, dtype=float)
    mean = x.mean() if x.size else 0.0
    return float(x.std() / mean) if mean > 0 else np.nan


def gini(loads: ArrayLike) -> float:
    """
    Gini coefficient of loads >= 0; NaN where all are 0.

    With x sorted upwards: 2 sum_i i x_(i) / (m sum x) - (m + 1) / m.

    >>> gini([0, 0, 0, 100])
    0.75
    """
    x = np.sort(np.asarray(loads, dtype=float))
    if not x.sum() > 0:
        return np.nan
    rank, m = np.arange(1, len(x) + 1), len(x)
    return float(max(0.0, 2 * (rank @ x) / (m * x.sum()) - (m + 1) / m))
