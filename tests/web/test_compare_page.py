"""The page of plans side by side without a browser: loads, moves, curves, languages."""

from __future__ import annotations

import asyncio
import csv
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.web_case import HOSTILE, write_curves

Visit = Callable[[], AbstractAsyncContextManager[Any]]
PAGE = "/compare?plan=plans/first&plan=plans/second"


@pytest.fixture
def two_plans(workspace: Path) -> Path:
    """Return a workspace with a second plan and curves beside them."""
    shutil.copytree(workspace / "plans" / "first", workspace / "plans" / "second")
    write_curves(workspace / "plans")
    return workspace


def _shown(visit: Visit, language: str) -> dict[str, list[str]]:
    """Return the HTML of the parts of the page by their marks."""
    found: dict[str, list[str]] = {}

    async def visiting() -> None:
        async with visit() as user:
            user.http_client.headers.update({"accept-language": language})
            client = await user.open(PAGE)
            for _turn in range(200):
                found.clear()
                for element in client.elements.values():
                    for mark in element._markers:
                        found.setdefault(mark, []).append(
                            getattr(element, "content", "")
                        )
                if found.get("curve"):
                    break
                await asyncio.sleep(0.05)

    asyncio.run(visiting())
    return found


@pytest.mark.parametrize(
    ("language", "frontier", "curve"),
    [
        ("en", "From first to second", "Least cost"),
        ("zh-CN", "从 first 到 second", "成本最低"),
    ],
)
def test_curves_are_told_in_the_readers_language(
    visit: Visit, two_plans: Path, language: str, frontier: str, curve: str
) -> None:
    """Drawn and told as in the report, the first plan marked, whoever solved it."""
    told = _shown(visit, language)["curve"]
    assert len(told) == 2
    assert all('<svg class="chart"' in one for one in told)
    assert frontier in told[0]
    assert curve in told[1]
    marked = "first (this plan)" if language == "en" else "first"
    assert marked in told[0]


def test_other_curves_are_shown_as_they_are(visit: Visit, two_plans: Path) -> None:
    """A sweep of keys is no curve of headcounts; text is text, zeros are left out."""
    (two_plans / "plans" / "frontier.csv").unlink()
    with (two_plans / "plans" / "curve.csv").open("w", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["a.tolerance", "cost", "skill"], [HOSTILE, "1234.6", 0], ["2", "inf", 0]]
        )
    (told,) = _shown(visit, "en")["curve"]
    assert "<td>1,235</td>" in told
    assert "<img" not in told
    assert "skill" not in told


def test_loads_name_reps_and_figures_leave_out_what_is_not_there(
    visit: Visit, two_plans: Path
) -> None:
    """A row in which no plan has a figure says nothing; names are text."""
    found = _shown(visit, "en")
    (loads,), (figures,) = found["loads"], found["figures"]
    assert "Rep 3" in loads
    assert "&lt;img" in loads
    assert "<img" not in loads
    rows = figures.split("<tr>")[2:]
    assert rows
    assert not any(row.count('<td class="n">–</td>') == 2 for row in rows)
