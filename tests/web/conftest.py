"""Workspaces and simulated visitors for the tests of the page."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.web_case import write_workspace

MAIN = Path(__file__).with_name("served.py")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that nobody changes."""
    folder = tmp_path_factory.mktemp("workspace")
    write_workspace(folder)
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the workspace."""
    return shutil.copytree(made, tmp_path / "workspace")


@pytest.fixture
def visit(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractAsyncContextManager[Any]]:
    """Return what lets a visitor in, without a browser."""
    testing = pytest.importorskip("nicegui.testing")
    monkeypatch.setenv("PLANNER_TEST_WORKSPACE", str(workspace))

    @asynccontextmanager
    async def visiting() -> AsyncIterator[Any]:
        from planner.web import edit
        from planner.web.shell import the_desk

        edit._open.clear()
        async with testing.user_simulation(main_file=MAIN) as user:
            ticket = the_desk().door.ticket()
            await user.http_client.get(f"/enter?ticket={ticket}")
            user.open = _waiting(user)
            try:
                yield user
            finally:
                the_desk().solves.close()

    return visiting


def _waiting(user: Any) -> Callable[..., Awaitable[Any]]:
    """Open pages as a person does, who waits until they are there."""
    opened = user.open

    async def wait(path: str, **how: Any) -> Any:
        client = await opened(path, **how)
        for _turn in range(600):
            await asyncio.sleep(0.05)
            kinds = [type(one).__name__ for one in client.elements.values()]
            marks = [mark for one in client.elements.values() for mark in one._markers]
            if "opening" not in marks and "Header" in kinds:
                return client
        raise AssertionError(f"{path} was not shown in time")

    return wait
