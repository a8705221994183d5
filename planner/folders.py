"""Folders that appear whole or not at all, and sealed ones that stay as they are."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from planner.errors import PlannerError
from planner.words import _

CERTIFICATE = "certificate.json"
FORMAT = "planner-certificate/1"
"""Version of the certificate's layout; what makes a folder a plan folder."""


def all_or_nothing(folder: Path, fill: Callable[[Path], list[str]]) -> list[str]:
    """
    Fill a new folder beside the target, then let them change places.

    Parameters
    ----------
    folder
        New, empty, or a plan folder (see `check_target`).
    fill
        Writes all files into the folder that it is given; returns messages.

    Raises
    ------
    PlannerError
        If the target is something else; nothing is written.
    """
    folder = folder.resolve()  # a link keeps pointing at the folder
    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        messages = fill(fresh)
        fresh.chmod(0o755)
        _sync(fresh)
        _change_places(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return messages


def check_target(folder: Path) -> None:
    """
    Refuse a target that is neither new, nor empty, nor a plan folder, or not writable.

    Raises
    ------
    PlannerError
        With the way out.
    """
    if folder.is_file():
        raise PlannerError(
            _("{folder} is a file. Name a folder with -o.").format(folder=folder)
        )
    parent = next(path for path in folder.resolve().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise PlannerError(
            _(
                "{folder} cannot be written: {parent} is not a folder, or not yours to "
                "write in. Name another folder with -o."
            ).format(folder=folder, parent=parent)
        )
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    certificate = folder / CERTIFICATE
    if certificate.is_file() and FORMAT in certificate.read_text("utf-8", "replace"):
        if own := _files_of_others(folder, certificate):
            raise PlannerError(
                _(
                    "{folder} holds files that are not the planner's ({files}); "
                    "replacing the plan would lose them. Move them elsewhere, or name "
                    "another folder with -o."
                ).format(folder=folder, files=", ".join(own[:5]))
            )
        return
    raise PlannerError(
        _(
            "{folder} is not empty and not a plan folder, so it is left alone. Name a "
            "new folder with -o."
        ).format(folder=folder)
    )


def _files_of_others(folder: Path, certificate: Path) -> list[str]:
    """Files in a plan folder that its certificate does not list."""
    try:
        listed = set(json.loads(certificate.read_text("utf-8"))["files"])
    except (ValueError, KeyError, TypeError):
        return []
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return sorted(found - listed - {CERTIFICATE})


def _change_places(fresh: Path, folder: Path) -> None:
    if not folder.is_dir():
        os.rename(fresh, folder)
        return
    old = fresh.with_name(fresh.name + ".old")
    os.rename(folder, old)
    try:
        os.rename(fresh, folder)
    except BaseException:
        if not folder.exists():
            os.rename(old, folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def refuse_sealed(output: Path, folder: Path) -> None:
    """
    Refuse to write a file or folder that is, or lies in, a plan folder.

    Raises
    ------
    PlannerError
        With the way out.
    """
    if folder.resolve() in (output.resolve(), *output.resolve().parents):
        raise PlannerError(
            _(
                "{folder} is sealed by its certificate. Name another place with -o."
            ).format(folder=folder)
        )
