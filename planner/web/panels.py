"""Figures as HTML; every text from tables is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import pandas as pd

from planner.draft import Action, Figures
from planner.web.numbers import number, percent
from planner.words import _

SHOWN = 150
"""Reps that the table of loads shows: those outside their bands first."""


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
        worst, who = deviation(now.loads, measure)
        before, _who = deviation(plan.loads, measure)
        text = _("{measure}: farthest from the average").format(measure=_(measure))
        shown.append(
            (
                text,
                f"{worst:+.1%} {who}",
                delta(abs(worst) * 100 - abs(before) * 100, 1),
            )
        )
    moved = _("Moved against today")
    shown.append((moved, number(now.moved), delta(now.moved - plan.moved)))
    shown.append((_("Changed in this draft"), number(now.changed), ""))
    broken = len(now.breaches)
    state = f'<span class="{"bad" if broken else "good"}">{number(broken)}</span>'
    shown.append((_("Broken rules"), state, ""))
    parts = [
        f'<div class="kpi"><span>{escape(label)}</span> <b>{_safe(value)}</b> '
        f"{change}</div>"
        for label, value, change in shown
    ]
    return f'<div class="kpis">{"".join(parts)}</div>'


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


def deviation(loads: pd.DataFrame, measure: str) -> tuple[float, str]:
    """Return the largest distance from the average, as a share, and whose it is."""
    load = loads[measure].to_numpy(float)
    mean = load.mean()
    if not mean:
        return 0.0, ""
    at = int(np.argmax(np.abs(load - mean)))
    return float(load[at] / mean - 1), str(loads.index[at])


def load_table(now: Figures, plan: Figures, names: Sequence[str]) -> str:
    """Return loads by rep, in % of average, with bands; the worst first."""
    loads, measures = now.loads, banded(now.loads)
    if not measures:
        measures = ["accounts"]
    outside = np.zeros(len(loads))
    for measure in measures:
        outside = np.maximum(outside, _outside(loads, measure))
    far = np.abs(loads[measures[0]] / max(loads[measures[0]].mean(), 1e-9) - 1)
    order = np.lexsort((-far.to_numpy(), -outside))[:SHOWN]
    label = dict(zip(loads.index, names, strict=True))
    head = "".join(f'<th colspan="2">{escape(_(m))}</th>' for m in measures)
    body = []
    for at in order:
        rep = loads.index[at]
        cells = "".join(_cells(now, plan, rep, at, measure) for measure in measures)
        name = escape(str(label[rep]) or str(rep))
        change = now.loads["accounts"].iloc[at] - plan.loads["accounts"].iloc[at]
        count = f"{number(now.loads['accounts'].iloc[at])}"
        if change:
            count += f' <span class="quiet">({change:+,.0f})</span>'
        body.append(
            f'<tr><th scope="row" title="{escape(str(rep))}">{name}</th>'
            f'<td class="n">{count}</td>{cells}</tr>'
        )
    more = ""
    if left := len(loads) - len(order):
        rest = _("and {n:,} more reps within their bands").format(n=left)
        more = f'<p class="quiet">{escape(rest)}</p>'
    return (
        f'<table class="figures"><thead><tr><th>{escape(_("Rep"))}</th>'
        f'<th class="n">{escape(_("Accounts"))}</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>{more}"
    )


def _outside(loads: pd.DataFrame, measure: str) -> np.ndarray:
    """How far each load lies outside its band, as a share of the average."""
    if f"low {measure}" not in loads:
        return np.zeros(len(loads))
    load = loads[measure].to_numpy(float)
    low = np.nan_to_num(loads[f"low {measure}"].to_numpy(float), nan=-np.inf)
    high = np.nan_to_num(loads[f"high {measure}"].to_numpy(float), nan=np.inf)
    over = np.maximum(load - high, 0) + np.maximum(low - load, 0)
    return over / max(load.mean(), 1e-9)


def _cells(now: Figures, plan: Figures, rep: str, at: int, measure: str) -> str:
    load, mean = now.loads[measure].iloc[at], now.loads[measure].mean()
    share = load / mean if mean else math.nan
    wrong = bool(_outside(now.loads, measure)[at] > 1e-9)
    bar = _bar(now.loads, measure, at, wrong)
    kind = "n bad" if wrong else "n"
    return f'<td class="bar-cell">{bar}</td><td class="{kind}">{percent(share, 0)}</td>'


def _bar(loads: pd.DataFrame, measure: str, at: int, wrong: bool) -> str:
    """Draw a load as a bar up to twice the average, its band behind it."""
    mean = max(float(loads[measure].mean()), 1e-9)
    scale = 35 / mean
    wide = min(float(loads[measure].iloc[at]) * scale, 70.0)
    band = ""
    if f"low {measure}" in loads:
        low, high = loads[f"low {measure}"].iloc[at], loads[f"high {measure}"].iloc[at]
        x0 = 0.0 if math.isnan(low) else min(low * scale, 70.0)
        x1 = 70.0 if math.isnan(high) else min(high * scale, 70.0)
        broad = max(x1 - x0, 1)
        band = f'<rect x="{x0:.1f}" width="{broad:.1f}" height="12" fill="#dfe9f4"/>'
    colour = "#b3392b" if wrong else "#1f5fa8"
    return (
        '<svg width="70" height="12" role="img" aria-hidden="true">'
        f'{band}<rect x="0" y="3" width="{wide:.1f}" height="6" fill="{colour}"/>'
        '<line x1="35" x2="35" y1="0" y2="12" stroke="#1c2733" stroke-width="1"/></svg>'
    )


def breach_list(now: Figures) -> str:
    """Return the broken rules, each with the size of the breach."""
    if not now.breaches:
        return f'<p class="good">{escape(_("Every hard rule holds."))}</p>'
    rows = []
    for one in now.breaches[:60]:
        size = number(one.amount, 0 if one.amount == int(one.amount) else 1)
        ids = ", ".join(one.ids[:5]) + (", ..." if len(one.ids) > 5 else "")
        what = f"{size} {one.unit}".strip()
        rows.append(
            f'<tr><th scope="row">{escape(one.rule)}</th><td>{escape(one.who)}</td>'
            f'<td class="n bad">{escape(what)}</td><td>{escape(ids)}</td></tr>'
        )
    more = len(now.breaches) - 60
    tail = _("and {n:,} more").format(n=more) if more > 0 else ""
    return (
        f'<table class="figures"><tbody>{"".join(rows)}</tbody></table>{escape(tail)}'
    )


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
        return table((_("What"), _("Edit"), _("Who"), _("Time (UTC)")), rows)
    hint = _("No edits yet: choose accounts on the map, a rep, then Move.")
    return f'<p class="quiet">{escape(hint)}</p>'


def links(found: Sequence[tuple[str, str]]) -> str:
    """Return links side by side: text and address."""
    each = (f'<a href="{escape(to)}">{escape(text)}</a>' for text, to in found)
    return f'<p class="card">{" · ".join(each)}</p>'


def table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a plain table; all cells are escaped, all but the first are figures."""
    top = "".join(
        f"<th{' class=n' if at else ''}>{escape(h)}</th>" for at, h in enumerate(head)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="n">{escape(c)}</td>'
            if at
            else f"<th scope=row>{escape(c)}</th>"
            for at, c in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="figures"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
