"""What a terminal says: how a solve ended, the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from planner.evaluate.labels import not_compared
from planner.reporting import baseline_label
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
    lines += _of_pools(solution)
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


def _of_pools(solution: Solution) -> list[str]:
    """Say what pools serve, and which targets that leaves out of place."""
    scenario, reps = solution.scenario, solution.metrics.reps
    lines, ids = [], [pool.id for pool in scenario.pools]
    value = reps["load_value"]
    for pool in scenario.pools:
        share = value[pool.id] / value.sum() if value.sum() > 0 else 0.0
        lines.append(
            _("{name}: {n:,} accounts, {share:.1%} of the value.").format(
                name=pool.shown, n=reps["accounts"][pool.id], share=share
            )
        )
    for index, entry in enumerate(scenario.balance if ids else ()):
        load = reps[f"load_{entry.measure}"]
        left = 1.0 - load[ids].sum() / load.sum() if load.sum() > 0 else 1.0
        if abs(entry.part - left) > entry.tolerance / 2:
            lines.append(
                _(
                    "The reps have {left:.1%} of {measure}, their targets add up to "
                    "{part:.1%}: balance[{index}].of_total = {wanted:.2f} would put "
                    "the bands around what they have."
                ).format(
                    left=left,
                    measure=_(entry.measure),
                    part=entry.part,
                    index=index,
                    wanted=left,
                )
            )
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
