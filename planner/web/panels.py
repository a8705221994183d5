"""Figures as HTML; every text from tables is escaped."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import pandas as pd

from planner.draft import Action, Figures
from planner.web.numbers import number, percent
from planner.words import _

SHOWN = 150
"""Reps that the table of loads shows: those outside their bands first."""
BROKEN = 60
"""Broken rules that are listed."""
TINY = 1e-9
WIDE = 56
"""Pixels of the bar of a load: twice the average."""


def delta(value: float, digits: int = 0, *, less_is_better: bool = True) -> str:
    """Return a signed difference, marked good or bad; nothing for none."""
    if abs(value) < 0.5 * 10**-digits:
        return '<span class="quiet">±0</span>'
    kind = "good" if (value < 0) == less_is_better else "bad"
    return f'<span class="{kind}">{value:+,.{digits}f}</span>'


def cards(now: Figures, plan: Figures, currency: str) -> str:
    """Return the key figures of a draft, each with its difference to the plan."""
    shown = [
        (
            _("Cost a year"),
            f"{number(now.cost)} {currency}",
            delta(now.cost - plan.cost),
        ),
    ]
    if plan.travel_km:
        km = delta(now.travel_km - plan.travel_km)
        shown.append((_("Travel a year"), f"{number(now.travel_km)} km", km))
    for measure in banded(now.loads):
        head = _("{measure}, % of average").format(measure=_(measure))
        shown.append((head, spread(now.loads, measure), _outside_words(now, measure)))
    moved = _("Moved against today")
    shown.append((moved, number(now.moved), delta(now.moved - plan.moved)))
    worth = _("value {value:,.0f}").format(value=now.changed_value)
    shown.append((_("Changed here"), number(now.changed), _quiet(worth)))
    broken = len(now.breaches)
    state = f'<span class="{"bad" if broken else "good"}">{number(broken)}</span>'
    word = _("listed under Loads") if broken else _("all rules hold")
    shown.append((_("Broken rules"), state, _quiet(word)))
    parts = [
        f'<div class="kpi"><span>{escape(label)}</span> <b>{_safe(value)}</b> '
        f"{change}</div>"
        for label, value, change in shown
    ]
    return f'<div class="kpis">{"".join(parts)}</div>'


def _quiet(text: str) -> str:
    return f'<span class="quiet">{escape(text)}</span>'


def spread(loads: pd.DataFrame, measure: str) -> str:
    """Return the least and the largest load, in % of the average."""
    load = loads[measure].to_numpy(float)
    mean = load.mean()
    if not mean:
        return "–"
    low, high = f"{load.min() / mean:.0%}", f"{load.max() / mean:.0%}"
    return low if low == high else f"{low} – {high}"


def _outside_words(now: Figures, measure: str) -> str:
    """Say how many reps are outside their bands."""
    count = int((outside(now.loads, measure) > TINY).sum())
    if not count:
        text = _("all in band")
        return f'<span class="good">{escape(text)}</span>'
    text = _("{n:,} off band").format(n=count)
    return f'<span class="bad">{escape(text)}</span>'


def _safe(value: str) -> str:
    """Escape a figure, unless it is markup of our own."""
    return value if value.startswith("<span class=") else escape(value)


def banded(loads: pd.DataFrame) -> list[str]:
    """Measures that some rule holds, and that reps have any of."""
    return [
        str(name)
        for name in loads
        if f"low {name}" in loads and float(loads[name].sum()) > 0
    ]


def counted(loads: pd.DataFrame) -> str:
    """Return what reps have a number of: regions by regions, else accounts."""
    return "regions" if "regions" in loads else "accounts"


def load_table(now: Figures, plan: Figures, names: Sequence[str]) -> str:
    """Return loads by rep, in % of average, with bands; the worst first."""
    loads, unit = now.loads, counted(now.loads)
    measures = banded(loads) or [unit]
    over = np.zeros(len(loads))
    for measure in measures:
        over = np.maximum(over, outside(loads, measure))
    far = np.abs(loads[measures[0]] / max(loads[measures[0]].mean(), 1e-9) - 1)
    order = np.lexsort((-far.to_numpy(), -over))[:SHOWN]
    words = [escape(_(measure)) for measure in measures]
    head = "".join(f'<th scope="col" class="n load">{one}</th>' for one in words)
    cells = [_cells(loads, measure) for measure in measures]
    counts = loads[unit].to_numpy(float)
    changes = counts - plan.loads[unit].to_numpy(float)
    body = []
    for at in order:
        key, name = escape(str(loads.index[at])), escape(names[at])
        count = number(counts[at])
        if changes[at]:
            count += f' <span class="quiet">({changes[at]:+,.0f})</span>'
        body.append(
            f'<tr><th scope="row"><button class="rep" data-rep="{key}" '
            f'title="{key} · {name}">{name}</button></th>'
            f'<td class="n">{count}</td>{"".join(column[at] for column in cells)}</tr>'
        )
    more = ""
    if left := len(loads) - len(order):
        rest = _("and {n:,} more reps").format(n=left)
        more = f'<p class="quiet">{escape(rest)}</p>'
    units = _("Regions") if unit == "regions" else _("Accounts")
    rep = escape(_("Rep"))
    return (
        f'<table class="figures loads"><thead><tr><th scope="col">{rep}</th>'
        f'<th scope="col" class="n">{escape(units)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>{more}"
    )


def outside(loads: pd.DataFrame, measure: str) -> np.ndarray:
    """How far each load lies outside its band, as a share of the average."""
    if f"low {measure}" not in loads:
        return np.zeros(len(loads))
    load = loads[measure].to_numpy(float)
    low = np.nan_to_num(loads[f"low {measure}"].to_numpy(float), nan=-np.inf)
    high = np.nan_to_num(loads[f"high {measure}"].to_numpy(float), nan=np.inf)
    over = np.maximum(load - high, 0) + np.maximum(low - load, 0)
    return over / max(load.mean(), 1e-9)


def _cells(loads: pd.DataFrame, measure: str) -> list[str]:
    """Return a cell for each rep: the share, and its bar up to twice the average."""
    load = loads[measure].to_numpy(float)
    mean, half = float(load.mean()), WIDE / 2
    scale = half / max(mean, TINY)
    wide = np.clip(load * scale, 0, WIDE)
    low, high = np.zeros(len(load)), np.zeros(len(load))
    if f"low {measure}" in loads:
        ends = loads[[f"low {measure}", f"high {measure}"]].to_numpy(float).T * scale
        low = np.clip(np.nan_to_num(ends[0], nan=0.0), 0, WIDE)
        high = np.clip(np.nan_to_num(ends[1], nan=WIDE), 0, WIDE)
        high = np.maximum(high, low + 1)
    wrong = outside(loads, measure) > TINY
    shares = load / mean if mean else np.full(len(load), math.nan)
    columns = (wide, low, high, wrong, shares)
    return [
        f'<td class="n load{" bad" * bad}">{percent(share, 0)}'
        f'<svg width="{WIDE}" height="10" aria-hidden="true">'
        f'<rect x="{x0:.1f}" width="{x1 - x0:.1f}" height="10" fill="#cfdff0"/>'
        f'<rect y="3" width="{x:.1f}" height="4" fill="{_COLOURS[bad]}"/>'
        f'<line x1="{half}" x2="{half}" y1="0" y2="10" stroke="#1c2733"/></svg></td>'
        for x, x0, x1, bad, share in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


_COLOURS = ("#1f5fa8", "#b3392b")
"""Of a load within its band, and of one outside."""


def breach_list(now: Figures) -> str:
    """Return the broken rules, each with the size of the breach."""
    if not now.breaches:
        text = _("Every hard rule holds.")
        return f'<p class="good">{escape(text)}</p>'
    rows = []
    for one in now.breaches[:BROKEN]:
        size = number(one.amount, 0 if one.amount == int(one.amount) else 1)
        ids = ", ".join(name.removeprefix("region:") for name in one.ids[:5])
        ids += ", ..." if len(one.ids) > 5 else ""
        what = " ".join(part for part in (size, one.unit) if part)
        who = f"<b>{escape(one.who)}</b> " if one.who else ""
        rows.append(
            f'<li>{escape(one.rule)}: {who}<span class="bad">{escape(what)}</span>'
            + (f"<br>{_quiet(ids)}" if ids else "")
            + "</li>"
        )
    more = len(now.breaches) - BROKEN
    tail = _("and {n:,} more").format(n=more) if more > 0 else ""
    return f'<ul class="plain">{"".join(rows)}</ul>{escape(tail)}'


def edit_list(actions: Sequence[Action], most: int) -> str:
    """Return the last edits, the latest first."""
    words = {
        "move": _("moved to {rep}"),
        "lock": _("locked"),
        "protect": _("protected"),
        "free": _("freed"),
    }
    rows = []
    for action in list(reversed(actions))[:most]:
        ids = ", ".join(one.removeprefix("region:") for one in action.ids[:4])
        if len(action.ids) > 4:
            ids += _(" and {n:,} more").format(n=len(action.ids) - 4)
        what = words[action.do].format(rep=action.rep or _("nobody"))
        rows.append((ids, what, action.by, action.at[11:16]))
    if rows:
        return table((_("What"), _("Edit"), _("By whom"), _("Time (UTC)")), rows)
    hint = _("No edits yet: choose accounts on the map, a rep, then Move.")
    return f'<p class="quiet">{escape(hint)}</p>'


def links(found: Sequence[tuple[str, str]]) -> str:
    """Return links side by side: text and address."""
    each = (f'<a href="{escape(to)}">{escape(text)}</a>' for text, to in found)
    return f'<p class="card">{" · ".join(each)}</p>'


def sentences(lines: Sequence[str]) -> str:
    """Return sentences one by one; those that begin with a dash are a list."""
    found = "".join(
        f'<p class="item">{escape(line[2:])}</p>'
        if line.startswith("- ")
        else f"<p>{escape(line)}</p>"
        for line in lines
    )
    return f'<div class="told">{found}</div>'


def table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a plain table: cells are escaped, columns of figures end in line."""
    rows, head = list(rows), list(head)
    kinds = [
        " class=n" if at and all(_FIGURE.fullmatch(row[at]) for row in rows) else ""
        for at in range(len(head))
    ]
    top = "".join(
        f"<th scope=col{k}>{escape(h)}</th>" for h, k in zip(head, kinds, strict=True)
    )
    body = "".join(
        f"<tr><th scope=row>{escape(row[0])}</th>"
        + "".join(
            f"<td{k}>{escape(c)}</td>" for c, k in zip(row[1:], kinds[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="figures"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


_FIGURE = re.compile(r"\W{0,3}|(?:\W{0,3}|[A-Z]{1,3}\W{0,2})\d[\d,.\s]*\W{0,2}")
"""A number for people with its sign, currency or percent; a dash; or nothing."""


def legend(by_region: bool, with_nobody: bool) -> str:
    """Return what the signs of the map mean, each drawn beside its word."""
    kept = _("kept")
    shown = [
        ("fill" if by_region else "dot", _("colour: rep")),
        *([("blank" if by_region else "hollow", _("nobody"))] if with_nobody else []),
        ("stripes" if by_region else "ring", _("changed")),
        ("square", kept),
        ("around" if by_region else "halo", _("chosen")),
        ("triangle", _("base")),
    ]
    return "".join(
        f'<span class="sign"><svg width="16" height="16" aria-hidden="true">'
        f"{_SIGNS[sign]}</svg>{escape(word)}</span>"
        for sign, word in shown
    )


_SIGNS = {
    "dot": '<circle cx="8" cy="8" r="4" fill="#5b8fc7"/>',
    "fill": '<rect x="1" y="2" width="14" height="12" fill="#84b0dc"/>',
    "hollow": '<circle cx="8" cy="8" r="4" fill="#fff" stroke="#1c2733"/>',
    "blank": '<rect x="1.5" y="2.5" width="13" height="11" fill="#fff" '
    'stroke="#1c2733"/>',
    "halo": '<circle cx="8" cy="8" r="3" fill="#5b8fc7"/>'
    '<circle cx="8" cy="8" r="6.5" fill="#1f5fa838" stroke="#1f5fa8" '
    'stroke-width="2"/>',
    "around": '<rect x="1.5" y="2.5" width="13" height="11" fill="#6a9bc9" '
    'stroke="#1f5fa8" stroke-width="3"/>',
    "ring": '<circle cx="8" cy="8" r="3.5" fill="#5b8fc7"/>'
    '<circle cx="8" cy="8" r="6" fill="none" stroke="#1c2733" stroke-width="2"/>',
    "stripes": '<rect x="1.5" y="2.5" width="13" height="11" fill="#84b0dc" '
    'stroke="#1c2733" stroke-width="2"/>'
    '<path d="M3 13L10 3M7 13L14 3" stroke="#eea086" stroke-width="2"/>',
    "square": '<circle cx="8" cy="8" r="3" fill="#5b8fc7"/>'
    '<rect x="2.5" y="2.5" width="11" height="11" fill="none" stroke="#0b1016" '
    'stroke-width="1.5"/>',
    "triangle": '<path d="M8 3L13.5 13H2.5Z" fill="#5b8fc7" stroke="#1c2733"/>',
}
