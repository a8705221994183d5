"""Run as a main file: the server's pages under a simulated browser, see conftest."""

from __future__ import annotations

import os
from pathlib import Path


def main() -> None:
    """Build the pages over the workspace that the test names."""
    from nicegui import ui

    from planner.library import Library
    from planner.web.auth import Door
    from planner.web.server import build
    from planner.web.shell import Desk, set_desk
    from planner.web.solves import Solves

    workspace = Path(os.environ["PLANNER_TEST_WORKSPACE"])
    door = Door(workspace / ".planner" / "sessions.json", None, None)
    set_desk(Desk(Library(workspace), door, Solves()))
    build(door)
    ui.run(storage_secret="simulated")


if __name__ == "__main__":
    main()
