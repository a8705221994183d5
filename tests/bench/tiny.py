"""
An instance of two agents and three jobs that can be counted with a pencil.

Each job takes 2; the first agent has room for two jobs, the second for one. The second
does job 0, 1 or 2 at a total cost of 12, 7 or 12: the best is 7.
"""

from __future__ import annotations

from pathlib import Path

TINY = """\
2 3
 1 5 4
 3 2 6
 2 2 2
 2 2 2
 4 2
"""
BEST = "0\n1\n0\n"
KNOWN = "instance,agents,jobs,best_known_bound,best_known_value\ntiny,2,3,7,7\n"


def write_tiny(folder: Path) -> Path:
    """Write the instance and its table of best-known values."""
    path = folder / "tiny"
    path.write_text(TINY, "utf-8")
    (folder / "best_known.csv").write_text(KNOWN, "utf-8")
    return path
