"""Every view of the desk in Chromium: hostile names are text, nothing leaves, axe."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.toml_text import with_value
from tests.web.test_browser import SCREENS, Tab, browser, served, state
from tests.web_case import HOSTILE

__all__ = ["browser", "state"]

VIEWS = ("/", "/scenario/small.toml", "/scenario/faulty.toml", "/login", "/plan/none")
BREAKS = "${document.title=1}`</script><script>document.title=1</script>"
"""A name that breaks out of where a page keeps its data, if it can."""


@pytest.fixture(scope="module")
def link(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server over a workspace whose every name is hostile."""
    folder = tmp_path_factory.mktemp("views") / "workspace"
    shutil.copytree(made, folder)
    text = (folder / "small.toml").read_text("utf-8")
    (folder / "small.toml").write_text(with_value(text, "name", HOSTILE), "utf-8")
    other = with_value(text, "name", BREAKS)
    (folder / "other.toml").write_text(other, "utf-8")
    (folder / "faulty.toml").write_text(text + f"\n'{HOSTILE}' = 1\n", "utf-8")
    (folder / "plans" / BREAKS.replace("/", "")).mkdir()
    (folder / "plans" / BREAKS.replace("/", "") / "certificate.json").write_text(
        HOSTILE
    )
    with served(folder) as address:
        yield f"{address}#{folder}"


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_views(
    browser: Any, link: str, state: Any, language: str, narrow: bool
) -> None:
    """No markup of a name becomes markup, axe finds nothing, nothing is cut off."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = Tab(browser, link, state, language=language, narrow=narrow)
    page = tab.page
    for view in VIEWS:
        page.goto(tab.base + view)
        page.wait_for_selector("table.plans, .cm-content, main h1, .bad")
        page.wait_for_timeout(700)
        found = axe.run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.locator("img").count() == 0
        assert page.title() != "1"
        wide = "document.documentElement.scrollWidth"
        assert page.evaluate(wide) <= page.viewport_size["width"]
        if SCREENS:
            size = "narrow" if narrow else "wide"
            name = view.strip("/").replace("/", "-") or "home"
            tab.picture(f"{name}-{language}-{size}")
    tab.close()


def test_names_in_what_is_told(browser: Any, link: str, state: Any) -> None:
    """Notifications, dialogs and the faults of a table show markup as text."""
    tab = Tab(browser, link, state, language="en", narrow=False)
    page = tab.page
    page.goto(tab.base + "/")
    page.get_by_role("button", name=f"New from this: {HOSTILE}", exact=True).click()
    page.get_by_text(f"New scenario from {HOSTILE}").wait_for()
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/scenario/**")
    page.goto(tab.base + "/")
    page.get_by_role("button", name=f"New from this: {HOSTILE}", exact=True).click()
    page.get_by_role("button", name="Create").click()
    page.get_by_text("is there already").wait_for()
    page.goto(tab.base + "/scenario/small.toml")
    table = f"account_id,{HOSTILE}\n{HOSTILE},1\n"
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a file").click()
    upload = {"name": f"{HOSTILE}.csv", "mimeType": "text/csv"}
    chosen.value.set_files({**upload, "buffer": table.encode()})
    page.get_by_text("fault(s)").wait_for()
    assert page.locator("img").count() == 0
    assert page.title() != "1"
    tab.close()


def test_leaving_ends_other_tabs(browser: Any, link: str, state: Any) -> None:
    """A tab that was open hears nothing more, and asks to log in when loaded anew."""
    tab = Tab(browser, link, state, language="en", narrow=False)
    other = tab.context.new_page()
    other.goto(tab.base + "/scenario/small.toml")
    other.wait_for_selector(".cm-content")
    before = (tab.folder / "small.toml").read_text("utf-8")
    tab.page.goto(tab.base + "/")
    tab.page.get_by_role("button", name="You").click()
    tab.page.get_by_role("button", name="Leave").click()
    tab.page.wait_for_url("**/login")
    other.locator(".cm-content").click()
    other.keyboard.type("# after\n")
    other.wait_for_timeout(400)
    other.get_by_role("button", name="Save").click(force=True)
    other.wait_for_timeout(800)
    assert (tab.folder / "small.toml").read_text("utf-8") == before
    other.goto(tab.base + "/")
    assert other.url.endswith("/login")
    tab.close()
