"""The page in Chromium: hands on the map, a solve, two plans side by side, offline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from planner.evaluate.verify import verify
from planner.library import Library
from tests.web_case import HOSTILE, write_curves

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PLAN = "/plan/plans/first"
AT_REST = (
    "document.getAnimations().every(one => one.playState !== 'running' || "
    "one.effect.getTiming().iterations === Infinity)"
)
"""Nothing fades in or out: what is half transparent has no contrast to judge."""
SCREENS = os.environ.get("PLANNER_SCREENSHOTS")
"""Folder for pictures of every view; unset: none are taken."""
WORDS = {
    "en": {
        "lasso": "Lasso",
        "move": "Move",
        "undo": "Undo",
        "solve": "Solve around the edits",
        "report": "Report of the first",
        "chosen": r"(\d+) chosen",
        "saved": "Verified and saved",
        "both": "Compare both",
    },
    "zh": {
        "lasso": "套索",
        "move": "移动",
        "undo": "撤销",
        "solve": "按修改重新求解",
        "report": "第一个方案的报告",
        "chosen": r"已选 (\d+) 个",
        "saved": "已核验并保存",
        "both": "比较两者",
    },
}


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """Serve a workspace in a process of its own; yields the link that opens it."""
    settings = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    root = str(Path(__file__).parents[2])
    server = subprocess.Popen(
        [sys.executable, "-m", "planner.cli", "serve", str(workspace)],
        stderr=subprocess.PIPE,
        text=True,
        env=settings | {"PYTHONPATH": root},
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.search(r"http://\S+", line):
                yield found.group()
                return
        raise AssertionError(f"the server ended with {server.wait()}")
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, or no test."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def link(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server over a copy of the workspace; the link works once."""
    folder = tmp_path_factory.mktemp("served") / "workspace"
    write_curves(shutil.copytree(made, folder) / "plans")
    with served(folder) as address:
        yield f"{address}#{folder}"


@pytest.fixture(scope="module")
def state(browser: Any, link: str) -> Any:
    """Cookies of a visitor whom the link has let in."""
    context = browser.new_context()
    context.new_page().goto(link)
    kept = context.storage_state()
    context.close()
    return kept


class Tab:
    """A page of the browser that lets nothing out of the machine, and keeps count."""

    def __init__(
        self, browser: Any, link: str, state: Any, *, language: str, narrow: bool
    ) -> None:
        parts = urlsplit(link)
        self.base = f"http://{parts.netloc}"
        self.folder = Path(parts.fragment)
        size = (
            {"width": 390, "height": 844} if narrow else {"width": 1280, "height": 800}
        )
        self.context = browser.new_context(
            storage_state=state,
            viewport=size,
            locale={"en": "en-US", "zh": "zh-CN"}[language],
            accept_downloads=True,
        )
        self.tried: list[str] = []
        self.faults: list[str] = []
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.words = WORDS[language]

    def _route(self, route: Any) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost", None):
            route.continue_()
        else:
            self.tried.append(route.request.url)
            route.abort()

    def open_plan(self) -> None:
        """Open the edit page, and wait until the map is drawn."""
        self.page.goto(self.base + PLAN)
        self.page.wait_for_function(
            "document.querySelector('.territory-map')?.map?.frames > 1"
        )
        self.page.wait_for_timeout(400)

    def lasso(self, share: float) -> int:
        """Draw a loop around the middle of the map; returns how many it holds."""
        page = self.page
        page.get_by_role("button", name=self.words["lasso"], exact=True).click()
        box = page.locator(".territory-map").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        wide, high = box["width"] * share / 2, box["height"] * share / 2
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -0.9)]
        places = [(middle[0] + a * wide, middle[1] + b * high) for a, b in corners]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
        count = page.locator(".count")
        pattern = re.compile(self.words["chosen"])
        count.filter(has_text=pattern).wait_for()
        found = pattern.search(count.inner_text())
        assert found is not None
        return int(found.group(1))

    def cost(self) -> str:
        """First of the key figures, as it is shown."""
        return str(self.page.locator(".kpi b").first.inner_text())

    def click(self, word: str) -> None:
        """Press a button by its name."""
        self.page.get_by_role("button", name=self.words[word], exact=True).click()

    def picture(self, name: str) -> None:
        """Keep a picture where somebody wants them."""
        if SCREENS:
            Path(SCREENS).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(SCREENS) / f"{name}.png"))

    def close(self) -> None:
        """No fault was thrown, and nothing was asked of another machine."""
        self.context.close()
        assert self.faults == []
        assert self.tried == []


@pytest.mark.parametrize(
    ("language", "narrow"), [("en", False), ("zh", False), ("en", True)]
)
def test_lasso_move_and_undo(
    browser: Any, link: str, state: Any, language: str, narrow: bool
) -> None:
    """Accounts in a loop go to a rep, the cost follows; undone, it is as before."""
    tab = Tab(browser, link, state, language=language, narrow=narrow)
    tab.open_plan()
    before = tab.cost()
    assert tab.lasso(0.5) > 5
    chosen = "document.querySelector('.territory-map').map.selected().accounts.length"
    assert tab.page.evaluate(chosen) > 5
    _give(tab, "r3 · Rep 3")
    tab.page.wait_for_function(
        "cost => document.querySelector('.kpi b').innerText !== cost", arg=before
    )
    tab.picture(f"edit-{language}-{'narrow' if narrow else 'wide'}")
    tab.click("undo")
    tab.page.wait_for_function(
        "cost => document.querySelector('.kpi b').innerText === cost", arg=before
    )
    assert tab.page.title() != "1", "markup of a table's making ran"
    tab.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_solve_compare_and_report(
    browser: Any, link: str, state: Any, language: str
) -> None:
    """A lock and a solve around it: a verified plan; two side by side; a report."""
    tab = Tab(browser, link, state, language=language, narrow=False)
    tab.open_plan()
    page = tab.page
    assert tab.lasso(0.2) > 0
    page.get_by_role("button", name={"en": "Lock", "zh": "锁定"}[language]).click()
    page.locator("input[type=number]").fill("2")
    tab.click("solve")
    page.get_by_text(tab.words["saved"]).wait_for(timeout=60_000)
    link_to = page.get_by_role("link", name=tab.words["both"])
    plans = re.findall(r"plan=([^&]+)", link_to.get_attribute("href"))
    assert verify(tab.folder / plans[1]).ok
    link_to.click()
    page.wait_for_function("document.querySelectorAll('.maps .box').length === 2")
    page.locator("table.figures").first.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('.territory-map')].length === 2 &&"
        "[...document.querySelectorAll('.territory-map')].every(e => e.map?.frames > 1)"
    )
    _linked(page)
    tab.picture(f"compare-{language}")
    with page.expect_download(timeout=60_000) as coming:
        tab.click("report")
    text = Path(coming.value.path()).read_text("utf-8")
    assert "<svg" in text
    assert HOSTILE not in text
    tab.close()


def _linked(page: Any) -> None:
    """One map is moved by the keyboard: the other one follows."""
    page.locator(".territory-map canvas[tabindex]").first.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    views = page.evaluate(
        "[...document.querySelectorAll('.territory-map')].map(e => e.map.view)"
    )
    assert views[0] == pytest.approx(views[1])


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(
    browser: Any, link: str, state: Any, language: str, narrow: bool
) -> None:
    """No violation of the rules for accessible pages, whatever is open on them."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = Tab(browser, link, state, language=language, narrow=narrow)
    page, size = tab.page, "narrow" if narrow else "wide"

    def look(name: str) -> None:
        page.wait_for_timeout(150)
        page.wait_for_function(AT_REST)
        tab.picture(f"{name}-{language}-{size}")
        rules = {
            one["id"]: [
                (node["html"][:200], node["failureSummary"])
                for node in one["nodes"][:3]
            ]
            for one in axe.run(page).response["violations"]
        }
        assert rules == {}, name
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= page.viewport_size["width"], name

    tab.open_plan()
    page.locator("header button").last.click()
    look("menu")
    page.keyboard.press("Escape")
    tab.click("move")
    page.locator(".q-notification").wait_for()
    look("told")
    page.locator(".q-notification button").click()
    page.locator(".q-notification").wait_for(state="detached")
    assert tab.lasso(0.3) > 1
    tabs, ask = page.get_by_role("tab"), page.locator(".side-panels button")
    tabs.nth(1).click()
    ask.nth(1).click()
    page.locator(".suggestion").first.wait_for()
    look("receivers")
    page.evaluate(
        "document.querySelector('.territory-map').map.choose([20], [], false)"
    )
    ask.nth(0).click()
    page.locator(".told p").nth(2).wait_for()
    look("why")
    _give(tab, "r3 · Rep 3")
    tabs.nth(2).click()
    page.locator(".planner-edits tbody tr").first.wait_for()
    page.locator(".toggle button").nth(1).click()
    page.locator(".ag-row-selected").first.wait_for()
    look("table")
    page.locator("input[type=number]").fill("2")
    tab.click("solve")
    look("solving")
    page.get_by_text(tab.words["saved"]).wait_for(timeout=60_000)
    look("solved")
    library = Library(tab.folder)
    library.record_saved("plans/first", "plans/other", HOSTILE)
    page.locator(".actions button").nth(2).click()
    page.locator("[role=dialog]").wait_for()
    look("rival")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.closest('.actions') !== null")
    page.goto(f"{tab.base}/compare?plan=plans/first&plan=plans/first")
    page.locator("svg.chart").nth(1).wait_for()
    look("compare")
    assert page.locator("img").count() == 0
    tab.close()


def _give(tab: Tab, rep: str) -> None:
    """Move what is chosen to a rep."""
    tab.page.locator(".to-rep input").click()
    tab.page.get_by_role("option", name=rep).click()
    tab.click("move")


def test_hands_off_the_mouse(browser: Any, link: str, state: Any) -> None:
    """Chosen in the table and moved, with the keyboard alone."""
    tab = Tab(browser, link, state, language="en", narrow=False)
    tab.open_plan()
    page, before = tab.page, tab.cost()
    page.locator(".territory-map canvas[tabindex]").focus()
    map_ = "document.querySelector('.territory-map').map"
    middle = (
        f"(m => ([m.view.x, m.view.y] = [m.accounts.x[9], m.accounts.y[9]]))({map_})"
    )
    page.evaluate(middle)
    page.keyboard.press("Enter")
    page.locator(".count").filter(has_text="1 chosen").wait_for()
    assert page.evaluate(f"{map_}.selected().accounts") == [9]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    page.locator(".count").filter(has_text="Nothing chosen").wait_for()
    page.get_by_role("button", name="Table", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator(".ag-row").first.wait_for()
    page.locator(".ag-cell").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.locator(".count").filter(has_text="1 chosen").wait_for()
    page.locator(".to-rep input").focus()
    page.keyboard.type("r5")
    page.get_by_role("option", name="r5 · Rep 5").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Move", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "cost => document.querySelector('.kpi b').innerText !== cost", arg=before
    )
    page.get_by_role("button", name="Undo", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "cost => document.querySelector('.kpi b').innerText === cost", arg=before
    )
    assert tab.cost() == before
    tab.close()
