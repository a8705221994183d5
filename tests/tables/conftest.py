"""Small tables for the tests of planner.tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.errors import Fault
from planner.scenario import parse_scenario
from planner.tables import Tables, check_tables

REPS = "rep_id,latitude,longitude,capacity\nR1,50,10,100\nR2,51,11,100\n"
Judge = Callable[..., tuple[Tables | None, list[Fault]]]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """
    Return a function that checks tables given as text or bytes.

    `accounts_keys` and `reps_keys` are TOML for the table, `toml` for the scenario.
    """

    def run(
        accounts: str | bytes,
        reps: str | bytes = REPS,
        /,
        *,
        toml: str = "",
        accounts_keys: str = "",
        reps_keys: str = "",
        file: str = "accounts.csv",
        others: dict[str, str] | None = None,
        **frames: object,
    ) -> tuple[Tables | None, list[Fault]]:
        for name, content in {
            file: accounts,
            "reps.csv": reps,
            **(others or {}),
        }.items():
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / name).write_bytes(data)
        scenario = parse_scenario(
            f'name = "case"\n{toml}\n'
            f'[accounts]\nfile = "{file}"\n{accounts_keys}\n'
            f'[reps]\nfile = "reps.csv"\n{reps_keys}\n'
        )
        return check_tables(scenario, tmp_path, **frames)[:2]

    return run


@pytest.fixture
def reference() -> Path:
    """Return the folder of real sample files, or skip."""
    folder = os.environ.get("PLANNER_REFERENCE")
    if not folder:
        pytest.skip("PLANNER_REFERENCE names no folder of real sample files")
    return Path(folder)
