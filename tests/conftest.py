"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.words import set_language


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of real tables and published benchmarks that are not in the repository."""
    folder = os.environ.get("PLANNER_REFERENCE")
    if not folder:
        pytest.skip("PLANNER_REFERENCE names no folder with the reference tables")
    return Path(folder)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """No test leaves its language to the next."""
    yield
    set_language("en")
