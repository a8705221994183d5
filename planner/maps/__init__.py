"""Maps of a plan: matplotlib axes and files."""

from planner.maps.areas import AreaLayer, area_territories
from planner.maps.draw import plot_territories, territory_colours
from planner.maps.page import write_map

__all__ = [
    "AreaLayer",
    "area_territories",
    "plot_territories",
    "territory_colours",
    "write_map",
]
