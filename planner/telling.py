"""What a terminal says: how a solve ended, the contracts, a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planner.evaluate.labels import not_compared
from planner.reporting import baseline_label, term_label
from planner.solvers.result import Status
from planner.tables import FieldInfo
from planner.words import _

if TYPE_CHECKING:
    from planner.solution import Solution


def _what_to_try(solution: Solution) -> list[str]:
    """Say what helps where a search ended without a plan, and without a proof."""
    if solution.status is not Status.NO_PLAN_FOUND:
        return []
    return [
        _(
            "Nothing proves that there is none. Give it more time or another seed, or "
            "give bands a price instead of hard = true: that yields the plan that "
            "comes nearest."
        )
    ]


def _stages(solution: Solution) -> list[str]:
    """Say what each priority came to."""
    scenario, lines = solution.scenario, []
    for number, stage in enumerate(solution.stages, start=1):
        line = _(
            "Priority {n}, {term}: at least {bound:,.2f}, found {value:,.2f}, held at "
            "{cap:,.2f}"
        ).format(
            n=number,
            term=term_label(stage.term, scenario),
            bound=stage.bound,
            value=stage.value,
            cap=stage.cap,
        )
        if stage.weight != 1:
            line += _(" by {weight:g} times its price").format(weight=stage.weight)
        lines.append(line + ".")
    return lines


def outcome_lines(solution: Solution) -> list[str]:
    """Say what a solve came to, in a few sentences."""
    result, currency = solution.result, solution.scenario.currency
    lines = [
        _("Method: {method} ({why}); stopped by {what} after {seconds:.1f} s.").format(
            method=result.method,
            why=result.why,
            what=_(result.stopped_by),
            seconds=result.seconds,
        )
    ]
    if solution.plan is None:
        lines.append(_("No plan: {status}.").format(status=_(result.status)))
        return [*lines, *(solution.reasons or _what_to_try(solution))]
    lines.append(
        _(
            "Cost {cost:,.2f} {currency} a year, bound {bound:,.2f}, proven gap "
            "{gap:.3%} ({status})."
        ).format(
            cost=solution.cost,
            currency=currency,
            bound=solution.bound,
            gap=solution.gap,
            status=_(result.status),
        )
    )
    lines += _stages(solution)
    dropped = result.prices.dropped
    if solution.bases is not None:
        dropped = solution.bases.prices.dropped
    if result.gap > 0 and result.bound_by == "dual" and dropped:
        lines.append(
            _(
                "The bound does not see: {names}. It holds without them, so the true "
                "gap may be much smaller."
            ).format(names=", ".join(map(_, dropped)))
        )
    lines += not_compared([{"kind": b.kind} for b in solution.baselines])
    feasible = [b for b in solution.baselines if b.feasible]
    if feasible:
        best = min(feasible, key=lambda b: b.cost)
        scale = solution.compiled.problem.cost_scale
        lines.append(
            _(
                "Best simple way that keeps every rule: {name}, {cost:,.2f} "
                "{currency}; the plan saves {saved:,.2f}."
            ).format(
                name=baseline_label(best.name, best.kind),
                cost=best.cost / scale,
                currency=currency,
                saved=best.cost / scale - solution.cost,
            )
        )
        if (open_share := solution.stake()) is not None:
            lines.append(
                _("(cost - bound) / (best simple way - bound): {share:.2%}.").format(
                    share=open_share
                )
            )
    if apart := solution.scenario.areas.apart:
        lines.append(
            _("Set apart, and no part of balance: {pairs}.").format(
                pairs=", ".join(f"{region} ({rep})" for region, rep in apart.items())
            )
        )
    defaults = solution.defaults_used()
    shown = ", ".join(f"{key} = {value}" for key, value in defaults.items())
    lines.append(_("Defaults used: {defaults}").format(defaults=shown or _("none")))
    return lines


def contract_text(contracts: Mapping[str, Sequence[FieldInfo]]) -> str:
    """Lay out the contracts of all tables, one field a line."""
    lines = []
    for table, infos in contracts.items():
        lines.append(f"[{table}]")
        for info in infos:
            kind = ", ".join(dict.fromkeys(filter(None, (_(info.type), info.unit))))
            if info.required:
                default = _("required")
            elif info.default:
                default = _("without it: {default}").format(default=info.default)
            else:
                default = ""
            blank = _("a blank cell: {blank}").format(blank=info.blank)
            notes = [default, blank if info.blank else ""]
            tail = "; ".join(filter(None, notes))
            lines.append(f"  {info.field:<16} ({kind})  {info.meaning} {tail}".rstrip())
        lines.append("")
    return "\n".join(lines).rstrip()


def table_text(table: pd.DataFrame) -> str:
    """Lay out what `planner.compare.compare` returns for a terminal."""
    figures = table.drop(columns=["label", "unit", "better"])
    plans = (len(figures.columns) + 1) // 2  # then the change against the first
    units = table["unit"].map(lambda unit: " [" + _(unit) + "]" if unit else "")
    named = figures.set_axis(list(table["label"] + units))
    change = _("delta {name}")
    named.columns = [
        change.format(name=name.removeprefix("delta ")) if at >= plans else name
        for at, name in enumerate(named.columns)
    ]
    return named.to_string(na_rep="", float_format=_number)


def _number(value: float) -> str:
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.1f}"
