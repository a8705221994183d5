"""Plan folders side by side: what is solved for the same inputs is not solved again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.scenario import Scenario
from planner.solution import Solution
from planner.tables import Tables, write_atomic
from planner.words import _

SOLVED = "solved.json"
"""Which question each plan folder answers, and its key figures."""
_CERTIFICATE = "certificate.json"


def fingerprint(scenario: Scenario, tables: Tables, *more: object) -> str:
    """
    Return the sha256 of a question: scenario, clean tables, and whatever else counts.

    The name of the scenario and what is drawn on the map do not count.
    """
    asked = scenario.model_dump(mode="json", by_alias=True, exclude={"name", "map"})
    digest = hashlib.sha256(json.dumps([asked, more], sort_keys=True).encode())
    frames = (tables.accounts, tables.reps, tables.distances, tables.bases)
    for frame in (*frames, tables.adjacency):
        digest.update(b"-" if frame is None else _bytes_of(frame))
    if scenario.unit == "region" and tables.regions is not None:
        digest.update(_bytes_of(pd.DataFrame(tables.regions.drop(columns="geometry"))))
        digest.update(b"".join(tables.regions.geometry.to_wkb()))
    return digest.hexdigest()


def _bytes_of(frame: pd.DataFrame) -> bytes:
    names = "\0".join(map(str, frame.columns)).encode()
    return names + pd.util.hash_pandas_object(frame).to_numpy().tobytes()


@dataclass(frozen=True)
class Kept:
    """
    An answer on the shelf.

    Attributes
    ----------
    name
        Of the answer, and of its folder.
    row
        Key figures, as they were counted when it was solved.
    folder
        Its plan folder; None where there is no plan.
    fresh
        Whether it was solved just now.
    verified
        Whether `planner verify` confirms the folder; None: it was so before.
    """

    name: str
    row: dict[str, Any]
    folder: Path | None
    fresh: bool
    verified: bool | None = None


class Shelf:
    """
    A folder of plan folders.

    Parameters
    ----------
    output
        The folder; made when something is put there.
    files
        Names of further files that belong there, such as a table and a chart.

    Raises
    ------
    PlannerError
        If the folder holds anything that is not from such a run.
    """

    def __init__(self, output: Path, files: Collection[str]) -> None:
        self.output = output
        self.solved = _read(output / SOLVED)
        self._refuse_others({SOLVED, *files, *self.solved})

    def _refuse_others(self, known: set[str]) -> None:
        from planner.folders import check_target

        if not self.output.is_dir():
            check_target(self.output)
            return
        there = sorted(path.name for path in self.output.iterdir())
        # What begins with a dot may be left from a run that was killed.
        if others := [n for n in there if n not in known and not n.startswith(".")]:
            raise PlannerError(
                _(
                    "{folder} holds other files ({files}), so it is left alone. Name a "
                    "new folder with -o."
                ).format(folder=self.output, files=", ".join(others[:5]))
            )

    def find(self, name: str, question: str) -> Kept | None:
        """Return the answer of this name, if it is one to this question and whole."""
        entry = self.solved.get(name)
        if entry is None or entry["question"] != question:
            return None
        if entry["seal"] is None:
            return Kept(name, entry["row"], None, fresh=False)
        folder = self.output / name
        if entry["seal"] != _seal_of(folder):
            return None
        return Kept(name, entry["row"], folder, fresh=False)

    def answer_to(self, question: str) -> Kept | None:
        """Return the answer to a question, whatever its name."""
        named = (name for name, x in self.solved.items() if x["question"] == question)
        return next((kept for n in named if (kept := self.find(n, question))), None)

    def put(
        self,
        name: str,
        question: str,
        solution: Solution,
        row: dict[str, Any],
        *,
        finished: bool = True,
        drawings: bool = False,
    ) -> Kept:
        """
        Write a plan folder, have it verified, and note what it answers.

        Parameters
        ----------
        finished
            False: the solve was interrupted, so another run shall solve it again.
        """
        folder = self.output / name
        if solution.plan is None:
            if finished:
                self._note(name, question, None, row)
            return Kept(name, row, None, fresh=True)
        solution.save(folder, drawings=drawings)
        self._note(name, question if finished else "", _seal_of(folder), row)
        return Kept(name, row, folder, fresh=True, verified=verify(folder).ok)

    def _note(
        self, name: str, question: str, seal: str | None, row: dict[str, Any]
    ) -> None:
        self.solved[name] = {"question": question, "seal": seal, "row": row}
        self._write()

    def keep_only(self, names: dict[str, str]) -> None:
        """
        Give some plan folders other names, and throw the others away.

        Parameters
        ----------
        names
            Old name -> new name. Of the others it stays noted what they answered.
        """
        before, self.solved = self.solved, {}
        hidden = {}
        for old, entry in before.items():
            folder = self.output / old
            if old in names:
                hidden[old] = folder.rename(self.output / f".{old}")
            elif entry["question"]:
                shutil.rmtree(folder, ignore_errors=True)
                self.solved[f"x{entry['question'][:12]}"] = {**entry, "seal": None}
            else:
                shutil.rmtree(folder, ignore_errors=True)
        for old, new in names.items():
            hidden[old].rename(self.output / new)
            self.solved[new] = before[old]
        self._write()

    def _write(self) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.solved, indent=1, ensure_ascii=False)
        write_atomic(self.output / SOLVED, text.encode())


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of answers as CSV, whole or not at all."""
    text = table.to_csv(index=False, lineterminator="\n")
    write_atomic(path, text.encode())


def _seal_of(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / _CERTIFICATE).read_text("utf-8"))["seal"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Read what is solved; a file that is not as we write it counts as nothing."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return {
            str(name): {key: entry[key] for key in ("question", "seal", "row")}
            for name, entry in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
