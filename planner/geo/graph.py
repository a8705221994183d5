"""Territories as parts of the graph of neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.geo.bridges import parts_of


def pieces(edges: pd.DataFrame, label: pd.Series) -> pd.Series:
    """
    Number the connected pieces of each territory.

    Parameters
    ----------
    edges
        Columns ``region_id``, ``neighbour_id``; regions without a label are ignored.
    label
        Label per ``region_id``; "" or missing: in no territory, left out.

    Returns
    -------
    Piece, 0, 1, ..., per labelled ``region_id``, by falling number of regions within
    its territory (then by first region).
    """
    given = label[label.notna() & (label.astype(str) != "")]
    codes, _names = pd.factorize(given)
    ends = _ends(edges, given.index)
    inside = (ends >= 0).all(axis=1) & (codes[ends[:, 0]] == codes[ends[:, 1]])
    part = parts_of(ends[inside], len(given))
    size = np.bincount(part, minlength=1)
    first = pd.DataFrame({"label": codes, "part": part}).drop_duplicates("part")
    first["size"] = -size[first["part"]]
    first = first.sort_values(["label", "size", "part"])
    rank = first.groupby("label").cumcount().set_axis(first["part"])
    return pd.Series(rank.reindex(part).to_numpy(), index=given.index, name="piece")


def components(edges: pd.DataFrame, label: pd.Series) -> pd.Series:
    """
    Count the connected pieces of each territory: 1 where it hangs together.

    Parameters
    ----------
    edges, label
        As for `pieces`.

    Returns
    -------
    Number of pieces, index: the labels, sorted.
    """
    found = pieces(edges, label)
    counts = found.groupby(label.loc[found.index]).max() + 1
    return counts.astype(int).rename("components").rename_axis(None)


def cut_edges(edges: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """
    Return the edges between two territories, with their columns kept.

    Added are ``label`` and ``neighbour_label``, "" where a region has none. Edges
    between two regions without a territory are no cut.
    """
    both = [
        edges[end].map(label).fillna("").to_numpy(object)
        for end in ("region_id", "neighbour_id")
    ]
    found = edges.assign(label=both[0], neighbour_label=both[1])
    return found[both[0] != both[1]]


def _ends(edges: pd.DataFrame, index: pd.Index) -> np.ndarray:
    """Positions of both ends, shape (e, 2); -1: not in the index."""
    return np.column_stack(
        [
            index.get_indexer(pd.Index(edges[end]))
            for end in ("region_id", "neighbour_id")
        ]
    )
