"""Options as scenario files, and the plans that prove them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from planner.diagnosis.result import Diagnosis, Option
from planner.scenario import Scenario
from planner.words import _

TABLES = ("accounts", "reps", "regions", "distances")
FILES = (("areas", "outline"), ("areas", "barriers"), ("baselines", "rules"))
"""Keys that name a file, besides those of the tables."""


def write_options(diagnosis: Diagnosis, folder: Path) -> list[Path]:
    """Write ``option-1.toml`` and ``option-1.csv`` (a plan for it), and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, option in enumerate(diagnosis.options, start=1):
        path = folder / f"option-{number}.toml"
        path.write_text(_text(option, folder), "utf-8")
        plan = path.with_suffix(".csv")
        option.owner.rename("rep_id").rename_axis("account_id").to_csv(
            plan, lineterminator="\n", encoding="utf-8"
        )
        written += [path, plan]
    return written


def _text(option: Option, folder: Path) -> str:
    head = [_("Changed so that there is a plan, by planner diagnose:")]
    head += [one.says for one in option.relaxed]
    comments = "".join(f"# {line}\n" for line in head)
    return f"{comments}\n{moved(option.scenario, folder).to_toml()}"


def moved(scenario: Scenario, folder: Path) -> Scenario:
    """Return the scenario as it must be written in another folder to find its files."""
    given = scenario.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)

    def relative(part: dict[str, Any], key: str) -> None:
        name = part.get(key)
        if name and not Path(name).is_absolute():
            part[key] = Path(
                os.path.relpath((scenario.base / name).resolve(), folder.resolve())
            ).as_posix()

    for table in TABLES:
        if isinstance(given.get(table), dict):
            relative(given[table], "file")
    for part, key in FILES:
        if isinstance(given.get(part), dict):
            relative(given[part], key)
    found = Scenario.model_validate(given)
    found._base = folder
    return found
