"""The files of a comparison: page, workbook, moves, and all of it as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from planner.comparison.book import write_book
from planner.comparison.content import Content
from planner.comparison.page import write_page
from planner.comparison.run import EXCEL, HTML, JSON, MOVES
from planner.tables.safety import safe_series, write_atomic, write_csv
from planner.words import language


def write_files(output: Path, content: Content, data: dict[str, Any]) -> None:
    """
    Write the comparison's files; the data last, which says that all are there.

    Parameters
    ----------
    output
        Folder; made where it is not there.
    content
        The comparison.
    data
        Its plain data, with the key by which it is known again.
    """
    output.mkdir(parents=True, exist_ok=True)
    (output / JSON).unlink(missing_ok=True)
    write_page(output / HTML, content, language())
    write_book(output / EXCEL, content)
    write_csv(output / MOVES, all_moves(content, guarded=True))
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    write_atomic(output / JSON, text.encode())


def all_moves(content: Content, *, guarded: bool = False) -> pd.DataFrame:
    """
    Return every move between any two sides.

    Parameters
    ----------
    guarded
        Guard texts that a spreadsheet would take for formulas.

    Returns
    -------
    Columns ``plan_a``, ``plan_b``, ``account_id``, ``name``, ``value``, ``from_rep``,
    ``to_rep``.
    """
    frames = [
        moved.reset_index(names="account_id").assign(plan_a=a, plan_b=b)
        for (a, b), moved in content.moves.items()
    ]
    columns = ["plan_a", "plan_b", "account_id", "name", "value", "from_rep", "to_rep"]
    moves = pd.concat(frames, ignore_index=True)[columns]
    if guarded:
        for column in columns:
            if column != "value":
                moves[column] = safe_series(moves[column].astype("str"))
    return moves
