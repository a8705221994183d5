"""Planning by areas: what the units are, what is near, what a good shape is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from planner.scenario.tables import Condition, Model

PREFIX = "region:"
"""Before the id of a region where it stands among accounts."""


class Carve(Model):
    """Accounts that leave their region and go to a rep of their own, wherever it is."""

    accounts: list[str] | None = None
    where: list[Condition] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Carve:
        if (self.accounts is None) == (self.where is None):
            raise ValueError("needs either accounts or where")
        return self


class Compactness(Model):
    """
    A price on distance within a territory, as the crow flies.

    measure x km^power x price, summed over accounts and regions. To the "centre" (the
    territory's mean place, weighted by the measure), to the "region" among its own for
    which this is least, or to the "base" of its rep.
    """

    to: Literal["centre", "region", "base"] = "centre"
    measure: str = Field("value", description="The weight of a place.")
    price: float = Field(gt=0, description="Currency per unit of measure x km^power.")
    power: Literal[1, 2] = Field(
        2, description="Of the distance; 1 only to a region or the base."
    )

    @model_validator(mode="after")
    def _centre_is_squared(self) -> Compactness:
        if self.to == "centre" and self.power == 1:
            raise ValueError("power = 1 is only for to = 'region' or 'base'")
        return self


class CutEdges(Model):
    """A price on the border between territories."""

    price: float = Field(gt=0, description="Currency per pair of neighbours, or km.")
    by: Literal["edge", "km"] = "edge"


class Areas(Model):
    """How regions make up territories; for unit = "region"."""

    level: str | None = Field(
        None, description="Regions of this level are the units; default: the leaves."
    )
    contiguous: bool = Field(True, description="Each territory must hang together.")
    locate: Literal["auto", "column", "place"] = Field(
        "auto",
        description="Region of an account: its region_id, the region that its place "
        "lies in, or (auto) the former where there is one.",
    )
    within_km: float = Field(
        5.0,
        ge=0,
        description="An account outside all regions belongs to the nearest one, up to "
        "this far: simplified coasts cut off harbours.",
    )
    cells: bool = Field(
        False, description="Regions are points; their Voronoi cells are the areas."
    )
    outline: str | None = Field(
        None, description="File of shapes that the cells are cut to."
    )
    tolerance_m: float = Field(
        50.0, ge=0, description="Slivers and gaps up to this are no gap in a border."
    )
    islands: Literal["nearest", "none"] = Field(
        "nearest", description="Join separate parts of the map to the nearest region."
    )
    links: list[tuple[str, str]] = Field([], description="Also neighbours.")
    cuts: list[tuple[str, str]] = Field([], description="No neighbours.")
    barriers: str | None = Field(
        None, description="File of lines that part neighbours (rivers, ridges)."
    )
    carve: list[Carve] = Field([], description="Accounts taken out of their regions.")
    locked_reps: list[str] = Field(
        [], description="These reps keep exactly today's regions."
    )
    set_apart: bool | dict[str, str] = Field(
        False,
        description="Give a region that is too large for every hard band a rep of its "
        "own: true, or region_id -> rep_id. Such a rep takes no part in balance.",
    )
    compactness: Compactness | None = None
    cut_edges: CutEdges | None = None

    @model_validator(mode="after")
    def _outline_is_for_cells(self) -> Areas:
        if self.outline is not None and not self.cells:
            raise ValueError("outline is only for cells = true")
        return self

    @property
    def apart(self) -> dict[str, str]:
        """Region -> rep, of the regions that are set apart by name."""
        return self.set_apart if isinstance(self.set_apart, dict) else {}
