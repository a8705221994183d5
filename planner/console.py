"""What every command says on the terminal: words, progress, and heed of Ctrl-C."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from planner.words import _

FAULTS_SHOWN = 20

if TYPE_CHECKING:
    import pandas as pd

    from planner.errors import Fault
    from planner.solvers.result import Progress
    from planner.tables import FieldInfo


def talk(text: str) -> None:
    """Speak on stderr; stdout is for data."""
    click.echo(text, err=True)


def say(text: str) -> None:
    """Speak to people only: nothing where stderr is a file or a pipe."""
    if sys.stderr.isatty():
        talk(text)


def list_faults(head: str, found: list[Fault]) -> None:
    """Print the first of them under a head with their number, and count the rest."""
    if not found:
        return
    click.echo(head.format(n=len(found)) + ":")
    for one in found[:FAULTS_SHOWN]:
        click.echo(f"  {one}")
    hidden = len(found) - FAULTS_SHOWN
    if hidden > 0:
        click.echo(_("  ... and {n:,} more; --faults FILE writes all").format(n=hidden))


@contextmanager
def heeding_ctrl_c() -> Iterator[Callable[[], bool]]:
    """First Ctrl-C (or SIGTERM) asks to stop, a second one stops at once."""
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        words = _(
            "Stopping; the best plan so far will be written. "
            "Press Ctrl-C again to give up."
        )
        # Past Python's buffer, which the interrupted code may just be writing to.
        os.write(2, f"{words}\n".encode())

    before = {s: signal.signal(s, ask) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """One live line on a terminal, a line every ten seconds elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    told = {"at": -math.inf}
    pause = 0.2 if console.is_terminal else 10.0

    if not console.is_terminal:

        def tell(moment: Progress) -> None:
            if moment.seconds >= 2 and moment.seconds - told["at"] >= pause:
                told["at"] = moment.seconds
                talk(progress_line(moment))

        yield tell
        return
    with console.status("") as status:

        def show(moment: Progress) -> None:
            if moment.seconds - told["at"] >= pause:
                told["at"] = moment.seconds
                status.update(progress_line(moment))

        yield show


def progress_line(moment: Progress) -> str:
    """Seconds, phase, incumbent, bound, gap; a dash where there is none yet."""
    cost = f"{moment.cost:,.0f}" if math.isfinite(moment.cost) else "-"
    gap = f"{moment.gap:.2%}" if math.isfinite(moment.gap) else "-"
    return _(
        "{seconds:5.0f} s  {phase:<8} incumbent {cost}  bound {bound:,.0f}  gap {gap}"
    ).format(
        seconds=moment.seconds,
        phase=_(moment.phase),
        cost=cost,
        bound=moment.bound,
        gap=gap,
    )


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
