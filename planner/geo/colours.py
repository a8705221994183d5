"""Colours for territories: neighbours distinct, also for colour-blind readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PALETTE = (
    "#84b0dc",
    "#b4e1f5",
    "#70c2a9",
    "#cfd97c",
    "#b6b06a",
    "#f5e8b8",
    "#eea086",
    "#f6bdc9",
    "#dcdcde",
)
"""Fills that dark text can be read on, after Paul Tol's "light" scheme; `difference`
tells how far apart they are."""

VISION = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""Linear RGB as seen without red or green cones: Machado et al. 2009, severity 1
(doi:10.1109/TVCG.2009.113)."""

_CLEAR = 10.0
"""A difference beyond this makes no map clearer."""

_EVEN = 1.5
"""Weight of using the colours evenly, in units of `difference`."""

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear red, green and blue."""

_DEEP = 0.115
"""Luminance of `deep` colours: at least 2.7 : 1 against every fill of the palette."""

_VIVID = 1.7
"""Power on linear channels that makes a pale hue plain."""


def difference(colours: Sequence[str]) -> Floats:
    """
    How different each pair of colours looks to the reader who sees it worst.

    Parameters
    ----------
    colours
        ``#rrggbb``, n of them.

    Returns
    -------
    100 x the least Oklab distance over normal, protan and deutan vision, shape
    (n, n); about 2 is just noticeable side by side.
    """
    channels = np.array([_channels(colour) for colour in colours]).reshape(-1, 3)
    linear = _linear(channels)
    seen = [np.clip(linear @ matrix.T, 0, 1) for matrix in VISION.values()]
    lab = [np.cbrt(rgb @ _TO_CONES.T) @ _TO_OKLAB.T for rgb in seen]
    apart = [np.linalg.norm(x[:, None] - x[None], axis=2) for x in lab]
    return np.asarray(100 * np.min(apart, axis=0))


def colours(pairs: ArrayLike, n: int) -> list[str]:
    """
    Colour a map: neighbours get colours of `PALETTE` that are easy to tell apart.

    Parameters
    ----------
    pairs
        Positions of territories that share a border, shape (k, 2).
    n
        Number of territories.

    Returns
    -------
    One ``#rrggbb`` per territory. The most constrained territory is coloured first
    (DSATUR); of the colours that no neighbour has, it takes the one that differs
    most from its neighbours', then from those two steps away, then the least used.
    """
    near = _neighbour_sets(np.asarray(pairs, int).reshape(-1, 2), n)
    apart, chosen = difference(PALETTE), np.full(n, -1)
    used = np.zeros(len(PALETTE))
    for _step in range(n):
        open_ = np.flatnonzero(chosen < 0)
        unit = max(open_.tolist(), key=lambda i: _urgency(i, near, chosen))
        close = {int(chosen[j]) for j in near[unit]} - {-1}
        second = {int(chosen[k]) for j in near[unit] for k in near[j]} - {-1}
        score = (
            np.minimum(_least(apart, close), _CLEAR)
            + 0.3 * np.minimum(_least(apart, second), _CLEAR)
            - _EVEN * used / (1 + used.sum() / len(PALETTE))
        )
        chosen[unit] = int(np.argmax(score))
        used[chosen[unit]] += 1
    return [PALETTE[colour] for colour in chosen]


def darker(colour: str, share: float = 0.45) -> str:
    """Return the colour mixed with that share of near-black, as ``#rrggbb``."""
    mixed = (1 - share) * np.array(_channels(colour)) + share * 0.08
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in mixed)


def deep(colour: str) -> str:
    """
    Return the same hue, plain and dark, as ``#rrggbb``.

    Unlike `darker` all results have one luminance, so that lines in them stand out
    from every fill, also in print without colour.
    """
    plain = _linear(np.array(_channels(colour))) ** _VIVID
    light = np.clip(plain * _DEEP / max(float(plain @ _LUMINANCE), 1e-6), 0, 1)
    shown = np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055
    )
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in shown)


def _linear(channels: Floats) -> Floats:
    """Return linear light of sRGB channels 0 .. 1."""
    return np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _neighbour_sets(pairs: NDArray[np.int_], n: int) -> list[set[int]]:
    near: list[set[int]] = [set() for _ in range(n)]
    for one, other in pairs.tolist():
        near[one].add(other)
        near[other].add(one)
    return near


def _urgency(
    unit: int, near: list[set[int]], chosen: NDArray[np.int_]
) -> tuple[int, int, int]:
    """Distinct colours around, then neighbours, then file order."""
    around = {int(chosen[j]) for j in near[unit]} - {-1}
    return len(around), len(near[unit]), -unit


def _least(apart: Floats, others: Iterable[int]) -> Floats:
    """Difference of each colour of the palette from the most similar of others."""
    chosen = list(others)
    if not chosen:
        return np.full(len(apart), 100.0)
    return np.asarray(apart[:, chosen].min(axis=1))
