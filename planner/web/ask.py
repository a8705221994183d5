"""Questions to the plan: why here, who could take these, what could a rep take."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import pandas as pd
from nicegui import ui

from planner.errors import PlannerError
from planner.reasons import money
from planner.reporting import row_label
from planner.solution import Solution
from planner.web import panels
from planner.web.solves import Solve, progress_text
from planner.words import _

if TYPE_CHECKING:
    from planner.web.edit import EditPage

T = TypeVar("T")

MOST = 200
"""Accounts of a choice for which receivers are priced: those of most value."""
LISTED = 8
"""Rows of an answer."""
SECONDS = 8.0
"""For the price of giving one account to one rep."""


class AskPanel:
    """
    The questions of one tab, and their answers.

    Parameters
    ----------
    page
        Whose draft and selection is asked about.
    """

    def __init__(self, page: EditPage) -> None:
        self.page = page
        self.currency = page.solution.scenario.currency
        self._asked: Solve | None = None
        with ui.row().classes("items-center gap-1 w-full"):
            page.button(_("Why here?"), self.why, "why")
            page.button(_("Best receivers"), self.receivers, "suggest")
        with ui.row().classes("items-end gap-1 w-full no-wrap"):
            self.rep = ui.select(page.rep_options, label=_("Rep"), with_input=True)
            self.rep.props("dense options-dense").classes("col").mark("ask-rep")
            page.button(_("What could it take?"), self.takers, "takers")
            page.button(_("Why these?"), self.about, "about")
        self.busy = ui.label("").classes("quiet").mark("busy")
        self.busy.props("role=status aria-live=polite")
        self.body = ui.column().classes("w-full gap-1").mark("answers")
        with self.body:
            hint = _("Choose accounts on the map or in the table, then ask.")
            ui.label(hint).classes("quiet")

    # ---- questions -------------------------------------------------------------------

    async def why(self) -> None:
        """Say why one account, or region, is where it is."""
        ids = self.page.ids()
        if len(ids) > 1:
            raise PlannerError(
                _("{n:,} are chosen. Choose one to ask why it is here.").format(
                    n=len(ids)
                )
            )
        lines = await self._while_asking(asyncio.to_thread(self._account_lines, ids[0]))
        self.body.clear()
        with self.body:
            with ui.row().classes("items-end gap-1 w-full no-wrap"):
                to = ui.select(self.page.rep_options, label=_("To"), with_input=True)
                to.props("dense options-dense").classes("col").mark("price-to")
                to.set_value(self.page.to.value)
                self.page.button(
                    _("What would that cost?"),
                    lambda: self._price(ids[0], to.value),
                    "price",
                )
            self.price = ui.html("", sanitize=False).classes("w-full").mark("priced")
            self.price.props("role=status aria-live=polite")
            ui.html(panels.sentences(lines), sanitize=False).classes("w-full")

    def _account_lines(self, account: str) -> list[str]:
        from planner.explanation import explain
        from planner.explanation.account import AccountExplanation
        from planner.explanation.telling import account_lines

        told = explain(self.page.draft.whole(), account, ask=0)
        assert isinstance(told, AccountExplanation)
        lines = self._plainly(account_lines(told, self.page.plan, self.currency))
        now = str(self.page.draft.owner[account])
        if now != told.rep:
            moved = _("You moved it to {rep}; below, the plan as it was.")
            lines.insert(0, moved.format(rep=now or _("nobody")))
        return lines

    def _price(self, account: str, rep: str | None) -> None:
        """Let a child say what it costs to give an account to a rep, all counted."""
        if not rep:
            raise PlannerError(_("Choose the rep first."))
        page = self.page
        folder = page.desk.library.inside(page.plan)
        job = {
            "ask": account,
            "to": rep,
            "plan": page.plan,
            "time_limit": SECONDS,
            "language": page.visitor.language,
        }
        key = f"{page.solve_key}\n?"
        self._asked = page.desk.solves.redo(key, account, folder, job, lambda _s: None)

    def poll(self) -> None:
        """Show how far the child is, and its answer."""
        asked = self._asked
        if asked is None:
            return
        if asked.running:
            self.price.set_content(panels.sentences([progress_text(asked)]))
            return
        self._asked = None
        self.price.set_content(panels.sentences(asked.lines or asked.reasons))

    async def receivers(self) -> None:
        """Say which reps could take the chosen accounts, together and one by one."""
        ids = self.page.ids()
        note = ""
        if len(ids) > MOST:
            value = self.page.draft.pairs.accounts["value"]
            ids = list(value.loc[ids].sort_values(ascending=False).index[:MOST])
            note = _("Asked for the {n:,} of most value.").format(n=len(ids))
        told = self._while_asking(asyncio.to_thread(self._receivers, ids))
        found, together, who = await told
        self.body.clear()
        with self.body:
            self._notes(note, who)
            if not len(found):
                ui.label(_("No other rep may serve any of these."))
                return
            if together:
                ui.label(_("All to one rep")).classes("sub")
            for rep, mine, text in together:
                self._row(text, mine, rep)
            best = found.drop_duplicates("account")
            head = _("One by one, the cheapest first")
            self._list(head, best.sort_values("estimate").head(LISTED))

    def _receivers(
        self, ids: list[str]
    ) -> tuple[pd.DataFrame, list[tuple[str, list[str], str]], str]:
        from planner.explanation import best_receivers

        solution, note = self._asked_of()
        each = len(self.page.reps) if len(ids) > 1 else LISTED
        found = best_receivers(solution, ids, each=each)
        together = self._together(found, ids) if len(ids) > 1 and len(found) else []
        return found, together, note

    def _together(
        self, found: pd.DataFrame, ids: list[str]
    ) -> list[tuple[str, list[str], str]]:
        """Return reps who could take all that are chosen: rep, accounts, what then."""
        units = found["account"].nunique()
        sums = found.groupby("to_rep").agg(
            n=("account", "size"), estimate=("estimate", "sum")
        )
        top = sums.sort_values(["n", "estimate"], ascending=[False, True]).head(5)
        now, told = self.page.draft.figures(), []
        for rep, n, estimate in top.itertuples():
            mine = ids
            if n < units:
                mine = [str(a) for a in found.loc[found["to_rep"] == rep, "account"]]
            then = self.page.draft.tried(mine, str(rep))
            text = _("{rep}: {change} as it stands").format(
                rep=self._name(str(rep)), change=self._signed(then.cost - now.cost)
            )
            known = {(one.rule, one.who): one.amount for one in now.breaches}
            worse = [
                one
                for one in then.breaches
                if one.amount > known.get((one.rule, one.who), 0)
            ]
            if worse:
                first = worse[0]
                text += _("; it breaks {rule} by {by:,.10g}").format(
                    rule=f"{first.rule} {first.who}".strip(), by=first.amount
                )
                if len(worse) > 1:
                    text += _(" and {n:,} more").format(n=len(worse) - 1)
                text += _("; about {change} once repaired").format(
                    change=self._signed(float(estimate))
                )
            if n < units:
                text += _("; may take {n:,} of {all:,}").format(n=n, all=units)
            told.append((str(rep), mine, text))
        return told

    async def takers(self) -> None:
        """Say which accounts a rep could take in most cheaply."""
        rep = self._wanted()
        found, note = await self._while_asking(asyncio.to_thread(self._takers, rep))
        self.body.clear()
        with self.body:
            self._notes(note)
            if not len(found):
                ui.label(_("No other account may go to {rep}.").format(rep=rep))
                return
            head = _("{rep} could take in, the cheapest first")
            self._list(head.format(rep=self._name(rep)), found)

    def _takers(self, rep: str) -> tuple[pd.DataFrame, str]:
        from planner.explanation import best_accounts_for

        solution, note = self._asked_of()
        return best_accounts_for(solution, rep, most=LISTED), note

    async def about(self) -> None:
        """Say why a rep has this portfolio."""
        lines = await self._while_asking(
            asyncio.to_thread(self._rep_lines, self._wanted())
        )
        self.body.clear()
        with self.body:
            ui.html(panels.sentences(lines), sanitize=False).classes("w-full")

    def _rep_lines(self, rep: str) -> list[str]:
        from planner.explanation import explain
        from planner.explanation.rep import RepExplanation
        from planner.explanation.telling_rep import rep_lines

        told = explain(self.page.draft.whole(), rep=rep)
        assert isinstance(told, RepExplanation)
        return self._plainly(rep_lines(told, self.page.plan, self.currency))

    def _plainly(self, lines: list[str]) -> list[str]:
        """Name rules as people do, where the command line names their place."""
        solution = self.page.solution
        names = {
            row.id: " ".join(filter(None, row_label(row.id, solution.scenario)))
            for row in solution.compiled.problem.rows
        }
        if not names:
            return lines
        longest = sorted(names, key=len, reverse=True)
        place = re.compile("|".join(map(re.escape, longest)))
        return [place.sub(lambda found: names[found[0]], line) for line in lines]

    # ---- answers ---------------------------------------------------------------------

    async def _while_asking(self, answer: Awaitable[T]) -> T:
        self.busy.set_text(_("Looking at the plan ..."))
        try:
            return await answer
        finally:
            self.busy.set_text("")

    def _asked_of(self) -> tuple[Solution, str]:
        """Return what is asked about: the draft, where it is one that can be priced."""
        solution = self.page.draft.in_hand()
        if solution is not None:
            return solution, ""
        return self.page.draft.whole(), _(
            "Some edits give accounts to reps who may not have them: this is told of "
            "the plan before the edits."
        )

    def _wanted(self) -> str:
        if not self.rep.value:
            raise PlannerError(_("Choose the rep first."))
        return str(self.rep.value)

    def _notes(self, *notes: str) -> None:
        for note in notes:
            if note:
                ui.label(note).classes("quiet")

    def _list(self, head: str, moves: pd.DataFrame) -> None:
        ui.label(head).classes("sub")
        for one in moves.itertuples():
            account = str(one.account).removeprefix("region:")
            name = f"{account} {one.name}" if one.name != account else account
            text = _("{name}, {old} → {new}: about {change}").format(
                name=name,
                old=one.from_rep or "–",
                new=one.to_rep,
                change=self._signed(float(str(one.estimate))),
            )
            if one.breaks:
                rule, who = row_label(str(one.breaks), self.page.solution.scenario)
                text += _("; alone it breaks {rule} by {by:,.10g}").format(
                    rule=f"{rule} {who}".strip(), by=one.by
                )
            self._row(text, [str(one.account)], str(one.to_rep))
        hint = _("Estimates by the prices of the limits, knock-on moves included.")
        ui.label(hint).classes("quiet")

    def _row(self, text: str, ids: list[str], rep: str) -> None:
        with ui.row().classes("suggestion items-center no-wrap w-full"):
            ui.label(text).classes("col")
            button = self.page.button(
                _("Move"), lambda: self.page.give(ids, rep), "one-move"
            )
            button.props["aria-label"] = _("Move to {rep}").format(rep=rep)

    def _name(self, rep: str) -> str:
        return self.page.rep_options.get(rep, rep)

    def _signed(self, amount: float) -> str:
        return ("+" if amount > 0 else "") + money(amount, self.currency)
