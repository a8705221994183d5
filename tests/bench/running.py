"""How tests run `planner bench` and read what it wrote."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import CliRunner, Result

from planner.cli import main


def run(*args: object) -> Result:
    """Run a command in this process; its runs are processes of their own."""
    return CliRunner().invoke(main, ["bench", *map(str, args)])


def table(folder: Path) -> list[dict[str, str]]:
    """Rows of results.csv."""
    with (folder / "results.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
