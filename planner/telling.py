"""What a terminal says: how a solve ended, the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planner.decisions import no_decisions
from planner.evaluate.labels import not_compared
from planner.reporting import baseline_label, term_label
from planner.solvers.result import Status
from planner.tables import PREFIX, FieldInfo
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
    lines += not_compared(
        [{"kind": b.kind} for b in solution.baselines], solution.scenario.unit
    )
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
    if solution.scenario.relaxed:
        lines.insert(
            1,
            _("This plan rests on {n:,} changed rule(s): {changes}").format(
                n=len(solution.scenario.relaxed),
                changes="; ".join(x.says for x in solution.scenario.relaxed),
            ),
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


def wave_lines(waves: pd.DataFrame, currency: str, unit: str) -> list[str]:
    """Say in a line for each wave what changes in it."""
    words = _(
        "{wave}: {accounts:,} accounts worth {value:,.0f} {currency} a year, {reps:,} "
        "reps concerned."
    )
    if unit == "region":
        words = _(
            "{wave}: {regions:,} regions and {accounts:,} accounts worth {value:,.0f} "
            "{currency} a year, {reps:,} reps concerned."
        )
    lines = []
    for number, row in waves.iterrows():
        about = ", ".join(filter(None, (row["name"], row["date"])))
        wave = _("Wave {n}").format(n=number) + (f" ({about})" if about else "")
        told = {name: row[name] for name in ("accounts", "regions", "value", "reps")}
        lines.append(words.format(wave=wave, currency=currency, **told))
    return lines


def decision_lines(before: Solution, after: Solution) -> list[str]:
    """Say how many decisions there are, and what changed between two plans."""
    kept = no_decisions() if after.decisions is None else after.decisions
    said = kept["decision"].tolist()
    lines = [
        _("Decisions: {accepted:,} accepted, {rejected:,} rejected.").format(
            accepted=said.count("accept"), rejected=said.count("reject")
        )
    ]
    if before.plan is None or after.plan is None:
        return lines
    moved = after.plan.owner.index[before.plan.owner != after.plan.owner]
    regions = int(moved.str.startswith(PREFIX).sum())
    words = _(
        "{n:,} accounts have another rep than in the plan before, {others:,} of them "
        "not decided on. Cost {change:+,.2f} {currency} a year."
    )
    if after.scenario.unit == "region":
        words = _(
            "{regions:,} regions and {n:,} accounts have another rep than in the plan "
            "before, {others:,} of them not decided on. Cost {change:+,.2f} {currency} "
            "a year."
        )
    else:
        regions = 0
    lines.append(
        words.format(
            n=len(moved) - regions,
            regions=regions,
            others=int((~moved.isin(kept.index)).sum()),
            change=after.cost - before.cost,
            currency=after.scenario.currency,
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
