"""The comparison for a terminal, from its plain data."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from planner.words import _

BEST = "*"
SHOWN_FLOWS, SHOWN_RULES = 3, 3
_NAMED = "accounts_changed", "regions_changed", "value_changed"


def text_of(data: dict[str, Any]) -> str:
    """
    Lay out figures, differences and moves.

    Parameters
    ----------
    data
        See `planner.comparison.content.Content.to_dict`.
    """
    names = [plan["name"] for plan in data["plans"]]
    broken = {plan["name"] for plan in data["plans"] if plan["breaches"]}
    heads = [name + " !" * (name in broken) for name in names]
    figures = data["figures"]
    currencies = {plan["currency"] for plan in data["plans"]}
    unit_of = {"currency": currencies.pop()} if len(currencies) == 1 else {}
    rows = [["", *(f"{head} " for head in heads)]]
    for key, row in figures.items():
        if key in data["alike"]:
            continue
        marks = [BEST if row["best"] == name else " " for name in names]
        cells = [number(row[name], row["unit"]) for name in names]
        label = _label(row, unit_of)
        rows.append([label, *map("".join, zip(cells, marks, strict=True))])
    alike = [figures[key] for key in data["alike"]]
    same = [
        f"{_label(row, unit_of)} {number(row[names[0]], row['unit'])}" for row in alike
    ]
    parts = [_table(rows)]
    if same:
        parts.append(_("The same for all:") + " " + "; ".join(same) + ".")
    parts.append(_legend(data, broken))
    rows = [[_("Against {first}").format(first=names[0]), *heads[1:]]]
    for key, row in figures.items():
        deltas = [row[f"delta {name}"] for name in names[1:]]
        if key not in _NAMED and any(deltas):
            label = _label(row, unit_of)
            rows.append([label, *(signed(d, row["unit"]) for d in deltas)])
    parts.append(_table(rows))
    moved = [pair for pair in data["moved"] if pair["a"] == names[0]]
    parts.append("\n".join(map(_moved, moved)))
    return "\n\n".join(part for part in parts if part)


def number(value: float | None, unit: str) -> str:
    """Write a figure by its unit; "" where there is none."""
    if value is None:
        return ""
    if unit == "share":
        return f"{value:,.2%}"
    if abs(value) < 10 and value != int(value):
        return f"{value:,.4f}"
    return (
        f"{value:,.0f}"
        if abs(value) >= 1000 or value == int(value)
        else f"{value:,.1f}"
    )


def signed(value: float | None, unit: str) -> str:
    """Write a difference with its sign; "=" where there is none to see."""
    text = number(value, unit)
    if value is None or not text:
        return ""
    if value == 0 or text.strip("-0.,%") == "":
        return "="
    return f"+{text}" if value > 0 else text


def _label(row: dict[str, Any], unit_of: dict[str, str]) -> str:
    """Name a figure, with its unit where that is not plain from name or cells."""
    unit = row["unit"]
    if unit in ("", "share", "accounts", "regions", "reps", "pairs", "value"):
        return str(row["label"])
    shown = unit_of.get(unit) or _(unit)
    return f"{row['label']} [{shown}]"


def _legend(data: dict[str, Any], broken: set[str]) -> str:
    lines = [
        _("{mark} best; in cost only where it lies below the bounds of the others.")
        .format(mark=BEST)
    ]  # fmt: skip
    if data["figures"]["cost"]["best"] == "tied":
        lines.append(_("Cost: tied, the bounds do not separate the cheapest."))
    for plan in data["plans"]:
        if plan["name"] in broken:
            rules = "; ".join(list(plan["breaches"])[:SHOWN_RULES])
            if (hidden := len(plan["breaches"]) - SHOWN_RULES) > 0:
                rules += _("; and {n:,} more").format(n=hidden)
            lines.append(
                _("! {name} breaks: {rules}").format(name=plan["name"], rules=rules)
            )
    return "\n".join(lines)


def _moved(pair: dict[str, Any]) -> str:
    """Say how much two sides differ, and the largest flows."""
    flows = [
        _("{a} to {b}: {n:,}").format(
            a=flow["from_rep"] or _("nobody"),
            b=flow["to_rep"] or _("nobody"),
            n=flow.get("regions", 0) or flow["accounts"],
        )
        for flow in pair["flows"][:SHOWN_FLOWS]
    ]
    if "regions" in pair:
        text = _("{a} > {b}: {n:,} regions with {m:,} accounts get another rep")
    else:
        text = _("{a} > {b}: {m:,} accounts, {value:,.0f} of value, get another rep")
    told = text.format(
        a=pair["a"],
        b=pair["b"],
        n=pair.get("regions", 0),
        m=pair["accounts"],
        value=pair["value"],
    )
    return f"{told} ({'; '.join(flows)})" if flows else told


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells: the first column to the left, numbers to the right."""
    widths = [max(map(_wide, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [first + " " * (widths[0] - _wide(first))]
        cells += [
            " " * (width - _wide(cell)) + cell
            for cell, width in zip(rest, widths[1:], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _wide(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
