"""Maps of a plan: matplotlib axes and files."""

from planner.maps.areas import AreaLayer, area_territories
from planner.maps.draw import plot_territories, territory_colours
from planner.maps.multiples import plot_multiples, write_multiples
from planner.maps.page import write_map

__all__ = [
    "AreaLayer",
    "area_territories",
    "plot_multiples",
    "plot_territories",
    "territory_colours",
    "write_map",
    "write_multiples",
]
