"""The files of a plan folder, read with suspicion."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from planner.errors import PlannerError
from planner.evaluate.recount import Recount
from planner.evaluate.verdict import SHOWN, Check, checked
from planner.scenario import read_scenario
from planner.tables import read_clean
from planner.words import _

CERTIFICATE = "certificate.json"

NEEDED = (
    "plan.csv",
    "reps.csv",
    "inputs/scenario.toml",
    "inputs/accounts.csv",
    "inputs/reps.csv",
)

STANDARD = (
    "plan.csv",
    "regions.csv",
    "bases.csv",
    "decisions.csv",
    "reps.csv",
    "territories.geojson",
    "map.png",
    "map.svg",
    "report.html",
)


class _Part(BaseModel):
    """Strict: text is no number, yes is not 1, NaN is nothing."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, frozen=True)


class DualClaim(_Part):
    """Prices of rows, and with knapsacks also of accounts."""

    bound: int
    price_scale: int
    prices: dict[str, int]
    kind: Literal["rows", "knapsacks"] = "rows"
    knapsacks: list[str] = []
    units: dict[str, int] = {}
    row_prices: dict[str, int] = {}
    row_price_scale: int = 1


class BasesClaim(_Part):
    """Prices behind a bound over all choices of bases."""

    bound: int
    price_scale: int
    units: dict[str, int]
    prices: dict[str, int]
    dropped: list[str]


class _Load(_Part):
    row: str
    load: int
    low: int | None
    high: int | None
    price: int | None


class _Moved(_Part):
    accounts: int
    regions: int = 0
    value: float


class StageClaim(_Part):
    """What a priority came to, in currency a year."""

    term: str
    slack: float
    absolute: float
    value: float
    bound: float
    cap: float
    weight: float


class Certificate(_Part):
    format: Literal["planner-certificate/1"]
    status: Literal["optimal", "feasible"]
    cost: int
    bound: int
    gap: float
    cost_scale: int
    currency: str
    bound_by: Literal["dual", "solver", "trivial"]
    terms: dict[str, int]
    dual: DualClaim
    bases: BasesClaim | None = None
    priorities: list[StageClaim] = []
    measures: dict[str, int]
    limits: list[_Load]
    moved: _Moved
    files: dict[str, str]
    seal: str


def read_certificate(folder: Path) -> tuple[dict[str, Any], Certificate]:
    """Return the certificate as plain data and as checked claims."""
    path = folder / CERTIFICATE
    if not path.is_file():
        raise PlannerError(
            _(
                "{folder} holds no {name}: the plan was not written to the end, or "
                "this is no plan folder. Solve again."
            ).format(folder=folder, name=CERTIFICATE)
        )
    try:
        raw = json.loads(
            path.read_bytes().decode("utf-8"),
            parse_constant=_no_constant,
            object_pairs_hook=_each_key_once,
        )
        return raw, Certificate.model_validate(raw)
    except ValidationError as error:
        faults = [
            ".".join(map(str, e["loc"])) + f": {e['msg']}" for e in error.errors()
        ]
        why = "; ".join(faults[:SHOWN])
    except (ValueError, RecursionError) as error:
        why = str(error)
    raise PlannerError(
        _("{name} is not a certificate: {why}").format(name=CERTIFICATE, why=why)
    )


def _no_constant(name: str) -> float:
    raise ValueError(_("{name} is no number of JSON").format(name=name))


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(_("a key occurs twice among {keys}").format(keys=list(found)))
    return found


def complete(folder: Path, files: dict[str, str]) -> Check:
    """Check that every listed file is there, unchanged, and none beside."""
    faults = [
        _("{name} is not listed in the certificate").format(name=name)
        for name in sorted(_present(folder) | set(NEEDED))
        if name not in files
    ]
    for name, digest in sorted(files.items()):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            faults.append(_("{name!r} lies outside the folder").format(name=name))
            continue
        try:
            with (folder / path).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except (OSError, ValueError):
            faults.append(_("{name} is missing or unreadable").format(name=name))
            continue
        if found != digest:
            faults.append(_("{name} was changed after the solve").format(name=name))
    return checked(
        "complete", faults, _("{n} files, none changed").format(n=len(files))
    )


def _present(folder: Path) -> set[str]:
    inputs = {
        path.relative_to(folder).as_posix()
        for path in (folder / "inputs").rglob("*")
        if path.is_file()
    }
    return inputs | {name for name in STANDARD if (folder / name).exists()}


def sealed(raw: dict[str, Any]) -> Check:
    """Check that the certificate is as it was sealed."""
    text = json.dumps(
        {key: value for key, value in raw.items() if key != "seal"},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    whole = hashlib.sha256(text.encode("utf-8")).hexdigest() == raw["seal"]
    fault = _("the certificate was edited after it was sealed")
    return checked("seal", [] if whole else [fault], _("the certificate is as sealed"))


def read_inputs(folder: Path) -> Recount:
    """Read scenario and clean tables and count everything again."""
    scenario = read_scenario(folder / "inputs" / "scenario.toml")
    return Recount(scenario, read_clean(folder / "inputs"))


def read_csv(path: Path, needed: Sequence[str]) -> dict[str, list[str]]:
    """Read a table of text, column -> cells."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        header, lines = next(reader, []), list(reader)
    if missing := [name for name in needed if name not in header]:
        raise PlannerError(
            _("{file} lacks the columns: {names}").format(
                file=path.name, names=", ".join(missing)
            )
        )
    if len(set(header)) < len(header):
        raise PlannerError(_("{file} names a column twice").format(file=path.name))
    widths = list(map(len, lines))
    if wrong := [at for at, width in enumerate(widths) if width != len(header)][:1]:
        raise PlannerError(
            _("{file}, row {row}: {found} cells, the header has {wanted}").format(
                file=path.name,
                row=wrong[0] + 2,
                found=widths[wrong[0]],
                wanted=len(header),
            )
        )
    columns = list(map(list, zip(*lines, strict=True))) or [[] for _name in header]
    return dict(zip(header, columns, strict=True))
