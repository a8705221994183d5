"""What every command says on the terminal: words, progress, and heed of Ctrl-C."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from planner.words import _

FAULTS_SHOWN = 20

if TYPE_CHECKING:
    from rich.table import Table

    from planner.errors import Fault
    from planner.solvers.result import Progress


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


@contextmanager
def progress_table() -> Iterator[Callable[[str, str, Progress | None], None]]:
    """
    One live line for each of several solves; elsewhere a line at each turn.

    Yields
    ------
    Receives name, state, and while it is solved a moment of the solve.
    """
    states: dict[str, tuple[str, Progress | None]] = {}
    if not sys.stderr.isatty():
        told: dict[str, float] = {}

        def tell(name: str, state: str, moment: Progress | None) -> None:
            if moment is None:
                if state not in ("waiting", "known"):
                    talk(name + ": " + _(state))
            elif moment.seconds - told.get(name, 0.0) >= 10:
                told[name] = moment.seconds
                talk(f"{name}: {progress_line(moment)}")

        yield tell
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=5) as live:

        def show(name: str, state: str, moment: Progress | None) -> None:
            last = states.get(name, ("", None))[1]
            states[name] = (state, last if moment is None else moment)
            live.update(_table_of(states))

        yield show


def _table_of(states: dict[str, tuple[str, Progress | None]]) -> Table:
    """Lay out what each of several solves is doing."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for head in (_("Plan"), _("State")):
        table.add_column(Text(head))
    for head in (_("Seconds"), _("Cost"), _("Bound"), _("Gap")):
        table.add_column(Text(head), justify="right")
    for name, (state, moment) in states.items():
        cells = ["", "", "", ""]
        if moment is not None:
            cost = f"{moment.cost:,.0f}" if math.isfinite(moment.cost) else "-"
            gap = f"{moment.gap:.2%}" if math.isfinite(moment.gap) else "-"
            cells = [f"{moment.seconds:.0f}", cost, f"{moment.bound:,.0f}", gap]
        table.add_row(Text(name), Text(_(state)), *cells)
    return table


@contextmanager
def live_line() -> Iterator[Callable[[object], Callable[[list], None]]]:
    """Show the run in hand on a terminal; elsewhere stay silent until it is done."""
    from rich.console import Console
    from rich.markup import escape

    from planner.solvers.result import Progress

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda run: lambda moment: None
        return
    with console.status("") as status:

        def tell(run: object) -> Callable[[list], None]:
            status.update(escape(str(run)))
            return lambda moment: status.update(
                escape(f"{run}  {progress_line(Progress(*moment))}")
            )

        yield tell
