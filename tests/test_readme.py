"""The README's examples that are no Python are checked as well."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from planner.cli import main
from planner.scenario import parse_scenario, read_scenario

README = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")


def test_the_scenario_of_the_readme_is_valid():
    """Every key that the README explains exists; one example of each kind of unit."""
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    account, region, bases = [text for text in blocks if "extends" not in text]
    scenario = parse_scenario(account)
    assert scenario.limits[0].measure == "workload"
    assert set(type(scenario).model_fields) - scenario.model_fields_set <= {
        "areas",
        "bases",
        "distances",
        "map",
        "regions",
        "relaxed",
        "unit",
    }
    areas = parse_scenario(region).areas
    assert set(type(areas).model_fields) - areas.model_fields_set == {
        "cells",
        "outline",
    }
    asked = parse_scenario('accounts = {file = "a.csv"}\n' + bases).bases
    assert set(type(asked).model_fields) == asked.model_fields_set


def test_the_scenario_that_extends_another_is_valid(tmp_path: Path) -> None:
    """What the README changes is there to be changed."""
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "base.toml").write_text(blocks[0], "utf-8")
    (change,) = [text for text in blocks if "extends" in text]
    (tmp_path / "change.toml").write_text(change, "utf-8")
    scenario = read_scenario(tmp_path / "change.toml")
    assert scenario.leave_out is None
    assert scenario.travel.max_km != 400
    assert scenario.balance[0].tolerance == 0.05
    assert scenario.budgets[0].share == 0.25


def test_every_command_of_the_readme_exists():
    """And every command is in the README."""
    named = set(re.findall(r"planner ([a-z]+)", README)) & set(main.commands)
    assert named == set(main.commands)
    for command in named:
        result = CliRunner().invoke(main, [command, "--help"])
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_ci_uses_the_readmes_own_test_line():
    """`.ci/run` finds the line by this pattern."""
    lines = re.findall(r"^python3 -m venv .*pytest -n 2$", README, re.MULTILINE)
    assert len(lines) == 1
