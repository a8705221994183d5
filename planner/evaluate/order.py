"""Are the priorities of a plan kept as its certificate states them?"""

from __future__ import annotations

import math

from planner.evaluate.case import Case
from planner.evaluate.claims import counted_terms
from planner.evaluate.verdict import Check, checked
from planner.scenario.rules import Priority
from planner.words import _

CLOSE = 1e-6
"""Relative rounding of amounts in currency."""


def priorities_kept(case: Case, loads: dict[str, int]) -> Check:
    """
    Check each cap against its stage and its slack, and the plan's own term against it.

    Terms are counted again, at the price that the scenario had before its rule was
    given more weight. That no plan has less of a term at its stage rests on the solver,
    as far as the stated bound is below the value.
    """
    stages, asked = case.claims.priorities, case.recount.scenario.priorities
    told = [
        Priority(term=one.term, slack=one.slack, absolute=one.absolute)
        for one in stages
    ]
    if told != asked:
        fault = _("the certificate states other priorities than the scenario")
        return checked("priorities", [fault], "")
    terms, faults = counted_terms(case, loads), []
    for stage, priority in zip(stages, asked, strict=True):
        cap = priority.cap(stage.value)
        if not math.isclose(stage.cap, cap, rel_tol=CLOSE, abs_tol=CLOSE):
            faults.append(
                _(
                    "{term}: the cap is stated as {told}, value and slack give {cap}"
                ).format(term=stage.term, told=stage.cap, cap=cap)
            )
        if stage.weight < 1 or not 0 <= stage.bound <= stage.value * (1 + CLOSE):
            faults.append(
                _(
                    "{term}: bound {bound}, value {value}, weight {weight} do not fit"
                ).format(
                    term=stage.term,
                    bound=stage.bound,
                    value=stage.value,
                    weight=stage.weight,
                )
            )
            continue
        counted = terms.get(stage.term, 0) / case.recount.cost_scale / stage.weight
        room = max(1.0, cap) * CLOSE
        # a stage may have counted in finer steps than the plan, or in larger ones
        room += len(case.recount.accounts) / (2 * case.recount.cost_scale)
        if counted > cap + room or counted < stage.bound - room:
            faults.append(
                _(
                    "{term}: counted {counted:,.2f}, stated {bound:,.2f} to {cap:,.2f}"
                ).format(
                    term=stage.term, counted=counted, bound=stage.bound, cap=stage.cap
                )
            )
    fine = _("{n} terms within their caps; the stages rest on the solver")
    return checked("priorities", faults, fine.format(n=len(stages)))
