"""The map as an element of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments


class TerritoryMap(
    ui.element, component="territory_map.js", esm={"territory-map": "js"}
):
    """
    Regions and accounts of a plan, drawn in the browser.

    Parameters
    ----------
    url
        Where the browser fetches the shapes, see `planner.web.payload.geometry`.
    label
        For readers who do not see it.
    on_ready
        Called when shapes are there: then owners can be sent.
    on_select
        Receives an event with base64 of accounts and of regions, and how many.
    """

    def __init__(
        self,
        url: str,
        label: str,
        *,
        on_ready: Callable[[], Any],
        on_select: Callable[[GenericEventArguments], Any] | None = None,
    ) -> None:
        super().__init__()
        self._props.update(url=url, label=label)
        self.on("ready", on_ready)
        if on_select is not None:
            self.on("select", on_select)

    def call(self, name: str, *args: Any) -> None:
        """Call a method of the map in the browser."""
        self.run_method("call", name, *args)

    def link(self) -> None:
        """Let the view follow those of other linked maps, and lead them."""
        self.run_method("link")
