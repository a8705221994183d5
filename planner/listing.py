"""Scenarios and plans below one folder, and which plans still hold."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from planner.errors import PlannerError
from planner.folders import CERTIFICATE
from planner.intake import chain_of, read_inside
from planner.scenario import Scenario, parse_scenario
from planner.scenario.extend import EXTENDS, parse, read_text
from planner.scenario.rules import Pin
from planner.words import _, language

DEPTH = 4
"""Folders are looked through so deep."""
MOST_FILES = 20_000
"""So many files are looked at: more is no folder of plans."""
_OF_A_SCENARIO = {"accounts", "reps", "bases", "regions", EXTENDS}
_CURVES = ("frontier.csv", "curve.csv")
"""Beside plans of changed scenarios, which no file of its own says."""
_NOT_THE_QUESTION = {"name", "solve", "baselines", "map", "pins"}
State = tuple[int, int, int]


@dataclass(frozen=True)
class ScenarioFile:
    """
    A scenario of the workspace.

    Attributes
    ----------
    id
        Path of its file, from the workspace.
    name
        As it calls itself.
    fault
        Why it cannot be read; "" = it can.
    """

    id: str
    name: str
    fault: str = ""


@dataclass(frozen=True)
class PlanFolder:
    """
    A plan of the workspace.

    Attributes
    ----------
    id
        Path of its folder, from the workspace.
    name
        Of its scenario.
    scenario
        Id of the file with that scenario; "" = none is here, as for the changed
        scenarios of a curve.
    status
        How the solve ended.
    stale
        Why the plan no longer answers its scenario; "" = it does, or none is here.
    cost, gap, currency, accounts, reps, moved_share
        Key figures; None where there is none.
    written
        When, UTC.
    fault
        What is wrong with the folder; "" = it can be read.
    """

    id: str
    name: str
    scenario: str = ""
    status: str = ""
    stale: str = ""
    cost: float | None = None
    gap: float | None = None
    currency: str = ""
    accounts: int | None = None
    reps: int | None = None
    moved_share: float | None = None
    written: datetime | None = None
    fault: str = ""


@dataclass(frozen=True)
class _Question:
    """A scenario file that can be read, as plans are held against it."""

    id: str
    scenario: Scenario


class Listing:
    """
    What is in a folder now; what has not changed is not read again.

    Parameters
    ----------
    root
        The folder, resolved.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[tuple[str, Path], tuple[Any, Any]] = {}
        self._lock = Lock()

    def scenarios(self) -> list[ScenarioFile]:
        """Every scenario file, by id."""
        return [one for one, _scenario in self._scenarios()]

    def plans(self, by_hand: Set[str] = frozenset()) -> list[PlanFolder]:
        """
        Every plan folder, the newest first.

        Parameters
        ----------
        by_hand
            Ids of plans that people have made from others on the page, where they may
            also lift what a scenario keeps with one rep.
        """
        by_name: dict[str, list[_Question]] = {}
        for one, scenario in self._scenarios():
            if scenario is not None:
                question = _Question(one.id, scenario)
                by_name.setdefault(scenario.name, []).append(question)
        found = [
            self._plan(folder, by_name, self.id_of(folder) in by_hand)
            for folder in self._folders()
        ]
        oldest = datetime.min.replace(tzinfo=UTC)
        return sorted(found, key=lambda p: p.written or oldest, reverse=True)

    def id_of(self, path: Path) -> str:
        """Return a path as it is called in the workspace."""
        return path.relative_to(self.root).as_posix()

    # ---- looking ---------------------------------------------------------------------

    def _scenarios(self) -> list[tuple[ScenarioFile, Scenario | None]]:
        found = []
        for path in walk(self.root):
            if path.suffix == ".toml":
                one = self._once("scenario", path, self._states_of, self._scenario)
                if one is not None:
                    found.append(one)
        return sorted(found, key=lambda pair: pair[0].id)

    def _folders(self) -> list[Path]:
        return [p.parent for p in walk(self.root) if p.name == CERTIFICATE]

    def _once(
        self,
        kind: str,
        path: Path,
        state: Callable[[Path], Any],
        read: Callable[[Path], Any],
    ) -> Any:
        """Read what stands at a path, unless it is known in this state already."""
        key, now = (kind, path), (state(path), language())
        with self._lock:
            known = self._known.get(key)
        if known is None or known[0] != now:
            known = now, read(path)
            with self._lock:
                self._known[key] = known
        return known[1]

    def _states_of(self, path: Path) -> tuple[State | None, ...]:
        """State of a scenario and of the files that it extends."""
        states = []
        try:
            for file in chain_of(self.root, path):
                states.append(state_of(file))
        except PlannerError:
            states.append(None)
        return tuple(states)

    def _scenario(self, path: Path) -> tuple[ScenarioFile, Scenario | None] | None:
        """Read a file; None where it is TOML of another kind."""
        try:
            raw = parse(read_text(path), path.name)
            if not _OF_A_SCENARIO & set(raw):
                return None
            scenario = read_inside(self.root, path)
        except PlannerError as error:
            return ScenarioFile(self.id_of(path), path.stem, str(error)), None
        return ScenarioFile(self.id_of(path), scenario.name), scenario

    def _plan(
        self, folder: Path, by_name: dict[str, list[_Question]], by_hand: bool
    ) -> PlanFolder:
        plan, sources, asked = self._once(
            "plan", folder / CERTIFICATE, state_of, self._told
        )
        questions = by_name.get(plan.name, [])
        if plan.fault or asked is None or not questions:
            return plan
        at_hand = [one for one in questions if _same(one.scenario, asked, by_hand)]
        beside_curve = any((folder.parent / name).is_file() for name in _CURVES)
        question = at_hand[0] if at_hand else questions[0]
        stale = "" if at_hand or beside_curve else _("the scenario has changed")
        stale = stale or self._changed(question.scenario, sources)
        asks = "" if beside_curve and not at_hand else question.id
        return replace_plan(plan, scenario=asks, stale=stale)

    def _told(self, path: Path) -> tuple[PlanFolder, dict[str, str], Scenario | None]:
        """Read what a certificate says, its sources, and the question it answers."""
        folder = path.parent
        try:
            raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
            kpis = raw["kpis"]
            plan = PlanFolder(
                id=self.id_of(folder),
                name=str(raw["name"]),
                status=str(raw["status"]),
                cost=raw["cost"] / raw["cost_scale"],
                gap=float(raw["gap"]),
                currency=str(raw["currency"]),
                accounts=int(kpis["accounts"]),
                reps=int(kpis["reps"]),
                moved_share=kpis.get("value_moved_share"),
                written=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            )
            sources = {str(k): str(v) for k, v in raw["sources"].items()}
            text = (folder / "inputs" / "scenario.toml").read_text("utf-8")
            return plan, sources, parse_scenario(text, folder.name)
        except (
            OSError, ValueError, KeyError, TypeError, ArithmeticError, AttributeError,
            RecursionError, PlannerError,
        ) as error:  # fmt: skip
            why = _(
                "its certificate or inputs are damaged. Solve again, or move the "
                "folder away."
            )
            if isinstance(error, OSError | PlannerError):
                why = str(error).splitlines()[0][:200]
            return PlanFolder(self.id_of(folder), folder.name, fault=why), {}, None

    def _changed(self, scenario: Scenario, sources: dict[str, str]) -> str:
        """Name the first table that is no longer the one a plan was made from."""
        for name, digest in sources.items():
            path = scenario.base / _without_sheet(name)
            if path.is_dir():
                continue
            if not path.is_file():
                return _("{file} is gone").format(file=_without_sheet(name))
            if self._once("digest", path, state_of, _sha256) != digest:
                return _("{file} has changed").format(file=path.name)
        return ""


def replace_plan(plan: PlanFolder, **changes: str) -> PlanFolder:
    """Return a plan with some attributes changed."""
    return PlanFolder(**{**vars(plan), **changes})


def walk(root: Path, depth: int = DEPTH) -> Iterator[Path]:
    """
    Yield the files below a folder, of a plan folder its certificate alone.

    Links and what is hidden are passed over, and so are folders that may not be read.
    """
    left = MOST_FILES
    folders = [(root, depth)]
    while folders and left > 0:
        folder, deep = folders.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        left -= len(found)
        names = {entry.name for entry in found}
        if CERTIFICATE in names and folder != root:
            yield folder / CERTIFICATE
            continue
        for entry in found:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_file():
                yield Path(entry.path)
            elif deep > 1 and entry.is_dir():
                folders.append((Path(entry.path), deep - 1))


def state_of(path: Path) -> State | None:
    """Return what changes when a file does; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _same(file: Scenario, asked: Scenario, by_hand: bool) -> bool:
    """
    Whether a plan's scenario is that of a file.

    Edits by hand add pins, which are not a change of the question; neither is what
    the planner itself has chosen where the file leaves a choice.
    """
    mine, theirs = _comparable(file, file), _comparable(asked, file)
    if mine != theirs or _rules(file) - _rules(asked):
        return False
    return by_hand or not _locks(file) - _locks(asked)


def _comparable(scenario: Scenario, file: Scenario) -> dict[str, Any]:
    exclude = set(_NOT_THE_QUESTION)
    if file.priorities:  # earlier terms become budgets, and prices weights
        exclude |= {"budgets", "balance", "together"}
    told = scenario.model_dump(mode="json", exclude=exclude)
    if file.areas.set_apart is True:
        told["areas"].pop("set_apart", None)
    if isinstance(file.reps.count, str) and told.get("reps"):
        told["reps"].pop("count", None)
    if file.bases is not None and isinstance(file.bases.open, str) and told["bases"]:
        told["bases"].pop("open", None)
    return told


def _rules(scenario: Scenario) -> Counter[str]:
    """Pins that are rules of the scenario: neither locks nor decisions."""
    return Counter(
        one.model_dump_json()
        for one in scenario.pins
        if one.decision is None and not _is_lock(one)
    )


def _locks(scenario: Scenario) -> set[tuple[str, str, str]]:
    """Each account or region that is kept with one rep, and that rep."""
    return {
        (kind, one, str(pin.reps[0]))
        for pin in scenario.pins
        if _is_lock(pin) and pin.reps
        for kind, ids in (("account", pin.accounts), ("region", pin.regions))
        for one in ids or ()
    }


def _is_lock(pin: Pin) -> bool:
    one_rep = pin.reps is not None and len(pin.reps) == 1
    return one_rep and pin.where is None and pin.decision is None


def _without_sheet(name: str) -> str:
    """Return the file of a source: ``book.xlsx [Sheet 1]`` is in book.xlsx."""
    return name.rsplit(" [", 1)[0] if name.endswith("]") else name


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
