"""Imports point one way, and the judge stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import planner

PACKAGE = Path(planner.__file__).parent
RANKS = (
    ("words", "processes"),
    ("errors", "rounding", "compiled"),
    ("scenario", "embedded"),
    ("intake", "toml_text", "folders"),
    ("listing",),
    ("geo",),
    ("tables",),
    ("scan",),
    ("areas", "by_text", "pool_prices"),
    ("pairs", "problem"),
    ("arcs", "oversize", "ruled", "barred", "waves"),
    ("source", "compile_areas"),
    ("compile",),
    ("plan", "maps", "charts", "ruling", "changes"),
    ("report",),
    ("solvers", "evaluate"),
    ("decisions",),
    ("greenfield", "reasons", "priorities", "finishing"),
    ("reporting", "certificate"),
    ("briefing",),
    ("workspace", "earlier", "telling"),
    ("solution",),
    ("solving",),
    ("reopen", "redraw", "console", "helptexts", "deeds", "locks"),
    ("edits", "sizing", "owners", "executor", "diagnosis", "draft"),
    ("explanation", "whatif", "comparison", "library"),
    ("bench", "web"),
    ("commands",),
    ("cli",),
)
"""A module may import from earlier lines and from its own folder, nothing else."""

UPWARD = {
    ("workspace", "solution"),  # a type only
    ("telling", "solution"),  # a type only
    ("certificate", "solution"),  # a type only
    ("earlier", "solution"),  # a type only
    ("changes", "solution"),  # a type only
    ("problem", "source"),  # a type only
    ("solution", "workspace"),
    ("solution", "redraw"),
}
"""Both sides of `Solution.save`: the types point up, the call points down."""

ALONE = (
    "areas",
    "by_text",
    "compile",
    "compile_areas",
    "oversize",
    "reasons",
    "problem",
    "plan",
    "pairs",
    "pool_prices",
    "scan",
    "arcs",
    "source",
    "solvers",
    "briefing",
    "certificate",
    "workspace",
    "redraw",
    "earlier",
    "solution",
    "solving",
    "draft",
    "locks",
    "intake",
    "library",
    "listing",
    "web",
    "edits",
    "executor",
    "comparison",
    "explanation",
    "reopen",
    "finishing",
    "greenfield",
    "priorities",
    "sizing",
    "ruled",
    "ruling",
    "diagnosis",
    "whatif",
    "bench",
)
"""What the judge must never see: it recounts what these have computed."""

ONLY_IN = {
    "click": ("cli", "commands", "console", "helptexts"),
    "rich": ("console",),
    "numba": ("compiled",),
    "distributed": ("executor",),
    "ortools": ("solvers",),
    "matplotlib": ("maps", "redraw", "solution"),
    "weasyprint": ("report",),
    "jinja2": ("report",),
    "xlsxwriter": ("comparison",),
    "tomllib": ("scenario",),
    "tomlkit": ("toml_text",),
    "nicegui": ("web",),
    "fastapi": ("web",),
    "tomli_w": ("scenario",),
    "pandera": ("tables",),
    "pyogrio": ("tables",),
}
"""Package -> the only parts that may import it; types of `ax` included."""


def modules() -> list[Path]:
    """All source files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """Name of a module, ``planner.evaluate.verify``."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part(name: str) -> str:
    """Return the part of the package that a module belongs to, "" for its root."""
    return (*name.split("."), "")[1]


@cache
def imports(path: Path, *, types: bool = True) -> frozenset[str]:
    """Names of all modules that a file imports, at the top or inside functions."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped: set[ast.AST] = set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and not types and _is_for_types(node):
            skipped |= {inner for one in node.body for inner in ast.walk(one)}
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write imports in full"
            assert node.module is not None
            found.add(node.module)
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name for name in names if _file_of(name) is not None}
    return frozenset(found)


def _is_for_types(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _file_of(name: str) -> Path | None:
    if not name.startswith("planner"):
        return None
    base = PACKAGE.parent.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def reached(start: str) -> set[str]:
    """Modules of the package that a module imports, and those that these import."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None:
            continue
        found.add(name)
        waiting += imports(path, types=False)
        if path.name == "__init__.py" and name == "planner":
            raise AssertionError("import from the module itself, not from the package")
    return found


def test_every_part_has_a_rank() -> None:
    """A new part must find its place in the order."""
    ranked = [name for rank in RANKS for name in rank]
    assert len(ranked) == len(set(ranked))
    assert {part(dotted(path)) for path in modules()} - {""} == set(ranked)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_imports_point_one_way(path: Path) -> None:
    """What is found below must not know what stands above."""
    rank_of = {name: rank for rank, names in enumerate(RANKS) for name in names}
    own = part(dotted(path))
    if not own:
        return  # the package's root names everything, lazily
    for name in imports(path):
        target = part(name)
        if not name.startswith("planner") or target == own or (own, target) in UPWARD:
            continue
        assert target, f"{dotted(path)} imports from the package's root"
        assert rank_of[target] < rank_of[own], f"{dotted(path)} imports {name}"


def test_upward_imports_are_for_types_only() -> None:
    """The exceptions of the order are not needed to run."""
    for own, target in UPWARD:
        if own == "solution":
            continue
        needed = imports(PACKAGE / f"{own}.py", types=False)
        assert f"planner.{target}" not in needed


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_packages_stay_in_their_part(path: Path) -> None:
    """Only one part speaks each outside language, so it can be replaced."""
    for name in imports(path):
        allowed = ONLY_IN.get(name.partition(".")[0])
        if allowed is not None:
            assert part(dotted(path)) in allowed, f"{dotted(path)} imports {name}"


def test_judge_stands_alone() -> None:
    """A judge that shares code with the accused repeats its mistakes."""
    seen = reached("planner.evaluate.verify")
    assert "planner.evaluate.recount" in seen
    assert {name for name in seen if part(name) in ALONE} == set()


def test_judge_stands_alone_when_it_runs() -> None:
    """The same by loading it: no import hides in a string."""
    code = (
        "import sys, planner.evaluate.verify; "
        f"print([m for m in sys.modules if m.split('.')[1:2] and "
        f"m.split('.')[0] == 'planner' and m.split('.')[1] in {ALONE!r}], "
        "'ortools' in sys.modules, 'numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] False False"


def test_solvers_do_not_know_the_judge() -> None:
    """Nor does the accused use the judge's sums."""
    for path in (PACKAGE / "solvers").glob("*.py"):
        assert not any(part(name) == "evaluate" for name in imports(path)), path.name


def test_nothing_imports_the_command_line() -> None:
    """Commands are thin: whatever they can do, a notebook can."""
    for path in modules():
        assert "planner.cli" not in imports(path), dotted(path)


def test_plan_folders_are_written_in_one_place() -> None:
    """One place writes certificates, so one place can promise all or nothing."""
    for path in modules():
        text = path.read_text("utf-8")
        writes = "os.rename" in text or "mkdtemp" in text
        assert not writes or dotted(path) == "planner.folders", dotted(path)
        if "write_plan_folder" in text:
            assert part(dotted(path)) in {"workspace", "solution"}


def test_numbers_become_whole_in_one_place() -> None:
    """Half-even is decided in `rounding`; no other module rounds money to integers."""
    allowed = {"planner.rounding", "planner.geo.distance"}  # whole metres
    for path in modules():
        if part(dotted(path)) in {"compile", "pairs", "problem", "evaluate", "plan"}:
            assert "np.rint" not in path.read_text("utf-8"), dotted(path)
    assert all("np.rint" in _file_of(name).read_text("utf-8") for name in allowed)


def test_no_file_is_too_long_to_read() -> None:
    """300 lines are the aim, 500 the end."""
    long = {
        dotted(path): lines
        for path in modules()
        if (lines := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert long == {}


def test_public_names_exist() -> None:
    """Every lazily imported name is where the package says."""
    for name in planner.__all__:
        assert getattr(planner, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = planner.nothing
