"""
How fast the page is: ``python tests/page_speed.py FOLDER [CASE ...]``.

FOLDER is a workspace for these measurements; plans that are not there yet are made
first, which takes some minutes. Then each case (all of `CASES` unless named) is served
in a process of its own and used in Chromium without a GPU, and each figure is printed
beside its bar. Run it on a machine that does nothing else.

Cases: `demo` (7,555 places: server, first page, 20 moves and locks and a solve around
them, both right after the page is there), `20k` (lasso of 1,000 of 20,000 accounts),
`drawn` (100,000 accounts over 3,108 counties), `planned` (the counties are what is
planned, with 100,000 accounts in them), `compare` (two plans of the demo), `cold` (as
`demo`, as after the installation: nothing is compiled yet, and, where the system lets
us, no file is in its cache).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from playwright.sync_api import Page, sync_playwright

import planner
from planner.bench.generate import generate, write_territory
from planner.embedded import data_folder, demo_scenario
from planner.evaluate.verify import verify
from planner.reopen import view_plan

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web.test_browser import CHROMIUM, served

CASES = ("demo", "20k", "drawn", "planned", "compare")
SEED, LOADS, MOVES = 1, 2, 5
REPS = 100
AWAY = ("02", "15", "60", "66", "69", "72", "78")
"""States and areas that no land border joins to the 48 others."""
COUNTIES = """
[regions]
file = "counties.parquet"

[areas]
level = "county"
within_km = 300

[areas.compactness]
to = "base"
measure = "value"
price = 0.0001

"""


# ---- plans ---------------------------------------------------------------------------


def make(root: Path, case: str) -> str:
    """Return the id of the plan of a case; made now if it is not there."""
    name = {"compare": "demo", "cold": "demo"}.get(case, case)
    plan = root / "plans" / name
    if not (plan / "certificate.json").is_file():
        print(f"making {plan} ...", flush=True)
        seconds = 45 if name == "demo" else 20
        solution = planner.solve(_scenario(root, name), time_limit_s=seconds, seed=SEED)
        solution.save(plan, drawings=False)
        print(f"  {solution}", flush=True)
    return f"plans/{name}"


def _scenario(root: Path, name: str) -> Path:
    if name == "demo":
        return demo_scenario()
    accounts = 20_000 if name == "20k" else 100_000
    made = generate(accounts, REPS, seed=SEED)
    if name == "planned":  # no rep has all the skills that a county asks for
        made = replace(made, accounts=made.accounts.drop(columns="skills"))
    folder = root / name
    about = {"name": name, "time_limit": 20, "seed": SEED, "threads": 2}
    path = write_territory(folder, made, **about)
    if name == "20k":
        return path
    counties = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    ours = ~counties["region_id"].str[:2].isin(AWAY)  # 3,108, and 49 states
    counties[ours].to_parquet(folder / "counties.parquet")
    text = path.read_text("utf-8")
    if name == "planned":
        text = text.replace("[travel]", COUNTIES + "[travel]")
        text = text.replace("[[limits]]", "[[balance]]").replace(
            'high = "capacity"', 'target = "equal"\ntolerance = 0.2\nprice = 10'
        )
        text = 'unit = "region"\n' + text
    else:
        shown = COUNTIES.partition("[areas]")[0] + '[map]\nlevel = "county"\n\n'
        text = text.replace("[travel]", shown + "[travel]")
    path.write_text(text, "utf-8")
    return path


# ---- the page ------------------------------------------------------------------------


class Figures:
    """Prints what was measured, beside its bar."""

    def __init__(self, case: str) -> None:
        self.case = case

    def tell(self, what: str, value: float, bar: float = 0, most: bool = True) -> None:
        """Print one figure, and whether it keeps its bar."""
        told = f"{self.case:<8} {what:<52} {value:8.2f}"
        if bar:
            kept = value <= bar if most else value >= bar
            told += f"  {'<=' if most else '>='} {bar:g}  {'' if kept else 'MISSED'}"
        print(told, flush=True)


@contextmanager
def browser_on(link: str) -> Iterator[tuple[Page, str]]:
    """Yield a tab that the link has let in, and the server's address."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = running.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(120_000)
        began = time.perf_counter()
        page.goto(link)
        page.wait_for_selector("table.plans")
        page.evaluate("() => 0")
        page.first_s = time.perf_counter() - began
        yield page, link.partition("/enter")[0]
        running.close()


DRAWN = """() => {
  const map = document.querySelector('.territory-map')?.map;
  return map?.frames > 1 && map.colours.length && document.querySelector('.kpi');
}"""


def load(page: Page, address: str) -> float:
    """Open a plan; returns seconds until figures are there and owners are drawn."""
    began = time.perf_counter()
    page.goto(address)
    page.wait_for_function(DRAWN)
    return time.perf_counter() - began


def choose(page: Page, want: int) -> tuple[int, float]:
    """Lasso so many; returns how many there are, and seconds from the mouse's up."""
    corners = page.evaluate(
        """want => {
          const map = document.querySelector('.territory-map').map;
          const of = map.accounts || map.regions, middle = (values) => {
            const all = [...values].filter((v) => v === v).sort((p, q) => p - q);
            return all[all.length >> 1];
          };
          const x = middle(of.x), y = middle(of.y);
          const far = [...of.x.keys()].map((i) =>
            Math.max(Math.abs(of.x[i] - x), Math.abs(of.y[i] - y)));
          const r = far.sort((p, q) => p - q)[want - 1];
          return [[-r, r], [r, r], [r, -r], [-r, -r], [-r, r]].map(([a, b]) =>
            map.toScreen(x + a, y + b));
        }""",
        want,
    )
    box = page.locator(".territory-map").bounding_box()
    page.get_by_role("button", name="Lasso", exact=True).click()
    places = [(box["x"] + x, box["y"] + y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    began = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(r"/\d/.test(document.querySelector('.count').innerText)")
    seconds = time.perf_counter() - began
    found = page.evaluate(
        """() => {
          const chosen = document.querySelector('.territory-map').map.selected();
          return chosen.accounts.length + chosen.regions.length;
        }"""
    )
    return int(found), seconds


MOVE = """() => new Promise((done) => {
  const shown = document.querySelector('.kpis'), before = shown.innerHTML;
  const button = [...document.querySelectorAll('button')].find(
    (one) => one.innerText.trim() === 'Move');
  const began = performance.now();
  new MutationObserver((_all, watcher) => {
    if (document.querySelector('.kpis').innerHTML === before) return;
    watcher.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }).observe(shown.parentElement, {subtree: true, childList: true});
  button.click();
})"""


def moves(page: Page) -> list[float]:
    """Give what is chosen to one rep after the other; seconds until new figures."""
    found = []
    for turn in range(MOVES):
        page.locator(".to-rep input").click()
        page.locator(".q-menu .q-item").nth(turn + 1).click()
        page.wait_for_timeout(600)
        found.append(page.evaluate(MOVE) / 1000)
        page.wait_for_timeout(2500)
    return found


PAN = """async (whole) => {
  const map = document.querySelector('.territory-map').map, top = map.layers[2];
  const box = top.getBoundingClientRect();
  map.setMode('pan');
  top.setPointerCapture = () => {};
  const send = (kind, dx) => top.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, clientX: box.x + 300 + dx, clientY: box.y + 200 + dx / 3,
    bubbles: true }));
  const began = performance.now(), turns = whole ? 10 : 60;
  send('pointerdown', 0);
  for (let turn = 1; turn <= turns; turn++) {
    send('pointermove', 3 * turn);
    if (whole) map.paint();
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  send('pointerup', 3 * turns);
  return turns / ((performance.now() - began) / 1000);
}"""


def hands(page: Page, told: Figures, want: int, bar: float) -> None:
    """Measure lasso, moves and pan on a page that is there."""
    page.wait_for_timeout(6000)  # the rest of the page, and the child that waits
    told.tell("frames a second while panning", page.evaluate(PAN, False), 3, False)
    whole = page.evaluate(PAN, True)
    told.tell("  the same, the whole scene painted each time", whole)
    found, seconds = choose(page, want)
    told.tell(f"lasso of {found:,}, s to the count", seconds)
    times = moves(page)
    told.tell("move to figures, s, median", float(np.median(times)))
    told.tell("  worst", max(times))
    told.tell("lasso and move to figures, s, worst", seconds + max(times), bar)


# ---- cases ---------------------------------------------------------------------------


def large(root: Path, case: str, told: Figures) -> None:
    """Load, pan, lasso, move."""
    plan = make(root, case)
    want, bar = {"20k": (1000, 0.3)}.get(case, (1000, 0.5))
    want = 200 if case == "planned" else want
    with served(root) as link, browser_on(link) as (page, base):
        time.sleep(1)
        for turn in range(LOADS):
            told.tell(
                f"load, turn {turn + 1}, s", load(page, f"{base}/plan/{plan}"), 10
            )
        hands(page, told, want, bar)
    with served(root) as link, browser_on(link) as (page, base):
        told.tell("load, another server, s", load(page, f"{base}/plan/{plan}"), 10)


def demo(root: Path, case: str, told: Figures) -> None:
    """Server, first page, edit page, and a solve around edits at once."""
    plan = make(root, case)
    if case == "cold":
        os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp()
        os.sync()
        with suppress(OSError):
            Path("/proc/sys/vm/drop_caches").write_text("3")
    began = time.perf_counter()
    with served(root) as link:
        told.tell("server ready, s", time.perf_counter() - began, 4)
        with browser_on(link) as (page, base):
            told.tell("first page, s", page.first_s, 4)
            told.tell("edit page, s", load(page, f"{base}/plan/{plan}"), 4)
            redo(page, told, root / plan, "right after loading")
            page.wait_for_timeout(15_000)
            redo(page, told, root / plan, "a while after")
            told.tell("edit page again, s", load(page, f"{base}/plan/{plan}"), 4)


def edits(plan: Path, rep: int) -> tuple[list[int], list[int]]:
    """Ten accounts near a rep's base who may go there and are not, and ten others."""
    view = view_plan(plan)
    pairs, owner = view.compiled.pairs, view.plan.rep_of
    every = np.arange(len(owner))
    block = pairs.price(every, np.full(len(owner), rep))
    near = np.argsort(np.where(block.eligible & (owner != rep), block.km, np.inf))
    return near[:30:3].tolist(), near[1:31:3].tolist()


def redo(page: Page, told: Figures, plan: Path, when: str) -> None:
    """Move and lock ten each, then solve around them."""
    rep = 7
    page.locator(".to-rep input").click()
    page.locator(".q-menu .q-item").nth(rep).click()
    pick = "at => document.querySelector('.territory-map').map.choose([at], [], false)"
    for pair in zip(*edits(plan, rep), strict=True):
        for deed, at in zip(("Move", "Lock"), pair, strict=True):
            page.evaluate(pick, at)
            page.get_by_role("button", name=deed, exact=True).click()
    page.locator("input[type=number]").fill("10")
    began = time.perf_counter()
    page.get_by_role("button", name="Solve around the edits").click()
    page.locator("[role=status]").filter(has_text="best").first.wait_for()
    told.tell(f"solve {when}: first progress, s", time.perf_counter() - began, 3)
    page.get_by_text("Verified and saved as").wait_for()
    told.tell(f"solve {when}: verified plan, s", time.perf_counter() - began, 15)
    href = page.locator("a", has_text="Open plans/").first.get_attribute("href")
    assert verify(plan.parents[1] / str(href).removeprefix("/plan/")).ok


def compare(root: Path, case: str, told: Figures) -> None:
    """Two plans side by side, twice, and the first page with all plans."""
    plan = make(root, case)
    others = sorted(p.parent for p in (root / "plans").glob("demo-*/certificate.json"))
    other = f"plans/{others[0].name}" if others else plan
    with served(root) as link, browser_on(link) as (page, base):
        told.tell("first page, s", page.first_s)
        for turn in range(2):
            began = time.perf_counter()
            page.goto(f"{base}/compare?plan={plan}&plan={other}")
            page.locator("table.figures").first.wait_for()
            told.tell(
                f"figures of two plans, turn {turn + 1}, s",
                time.perf_counter() - began,
            )


def main() -> None:
    """Measure the cases that are named."""
    root, wanted = Path(sys.argv[1]), sys.argv[2:] or CASES
    root.mkdir(parents=True, exist_ok=True)
    how: dict[str, Callable[[Path, str, Figures], Any]] = {
        "demo": demo,
        "cold": demo,
        "compare": compare,
    }
    for case in wanted:
        how.get(case, large)(root, case, Figures(case))


if __name__ == "__main__":
    main()
