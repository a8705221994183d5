"""The decorator of hot loops, where the solvers look for it."""

from planner.compiled import compiled

__all__ = ["compiled"]
