"""How hot loops are compiled: once per machine where the result can be kept."""

from __future__ import annotations

import os
from pathlib import Path

import numba


def _can_keep() -> bool:
    """Whether machine code can be written beside the package, or below home."""
    home = Path(os.path.expanduser("~"))
    return any(os.access(place, os.W_OK) for place in (Path(__file__).parent, home))


compiled = numba.njit(cache=_can_keep(), nogil=True, error_model="numpy")
"""Decorator of a hot loop; it lets other Python threads run meanwhile."""

compiled_plain = numba.njit(  # type: ignore[call-overload]
    cache=_can_keep(), nogil=True, error_model="numpy", _nrt=False
)
"""
The same for functions that make no arrays: their arguments are not counted as in use.

With some thirty arrays in two tuples that counting takes microseconds a call.
"""

compiled_within = numba.njit(  # type: ignore[call-overload]
    cache=_can_keep(), nogil=True, error_model="numpy", _nrt=False, forceinline=True
)
"""
The same for small functions called millions of times: put into those that call them.

A tuple of ten arrays is passed as seventy words; a call that reads three of them spends
most of its time on that.
"""
