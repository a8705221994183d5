"""Maps of a plan: matplotlib figures and files."""

from planner.maps.draw import plot_territories
from planner.maps.page import write_map

__all__ = ["plot_territories", "write_map"]
