"""One question over a range of values, or of headcounts: a plan for each, a curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import pandas as pd

from planner.errors import PlannerError
from planner.scenario import Scenario, Setting, read_setting, with_settings
from planner.scenario.kinds import counts_of
from planner.sizing import CURVE, FILES, best_of_curve, curve_of
from planner.whatif.headcount import over_counts
from planner.whatif.run import Run, answer_line, scenario_for_many
from planner.whatif.shelf import Kept, Shelf, write_table
from planner.whatif.turns import Turns
from planner.whatif.values import over_values
from planner.words import _

GAP = 0.005
"""Each plan is solved until it is proven to this, where nothing else is said."""


def sweep(
    scenario: Scenario | str | Path,
    output: str | Path,
    *,
    reps: str | int | None = None,
    settings: Sequence[Setting | str] = (),
    rep_cost: float | None = None,
    new_rep: Mapping[str, str] | None = None,
    time_limit_s: float | None = None,
    gap: float | None = None,
    seed: int | None = None,
    run: Run | None = None,
) -> pd.DataFrame:
    """
    Solve a scenario for each number of reps, or for each combination of settings.

    Each plan is solved from that of its neighbour and written to a plan folder, which
    is verified. What `output` holds for the same inputs is not solved again.

    Parameters
    ----------
    output
        Folder for the plan folders, ``curve.csv`` and its chart.
    reps
        ``"50:70"``, or one number. With ``[bases]`` or ``reps.count`` in the scenario
        each number is asked for as such; else the least useful reps of the table are
        taken away, or new ones put at the best places, one by one by the prices.
    settings
        Keys with the values to try, such as ``"balance.value.tolerance=0.05,0.1"``;
        several make a grid. Together with `reps` of one value each.
    rep_cost
        Currency a year of each rep, in the curve's ``total``.
    new_rep
        Field -> text of new reps; else numbers are the median of the reps', text is
        the commonest.
    time_limit_s, gap, seed
        Of each solve.

    Returns
    -------
    The curve, see `planner.sizing.curve_of`, with a column ``plan`` that names the
    folder; also written as ``curve.csv``. By headcount also:

    changed
        Who is not in the table's team any more (``-R07``), and who is new (``+N01``).
    handover_at_risk
        Handover of the accounts of reps taken away. These accounts count as vacant, so
        ``cost`` has nothing of it.
    rep_cost, total
        Of all reps; cost + handover_at_risk + rep_cost. marginal_value is about it.
    bound_by_prices, marginal_by_prices
        What any plan costs at least by the dual prices with these reps, with
        handover_at_risk; and how much lower that is for each rep more.
    one_more_by_prices
        Of the largest number: what the prices say one rep more would save.

    With settings a column for each key stands in place of ``k``.

    Raises
    ------
    ScenarioError, TableError, PlannerError
        Naming every fault. A number of reps without a plan is a row of the curve.
    """
    run, output = run or Run(), Path(output)
    scenario = scenario_for_many(
        scenario, time_limit_s=time_limit_s, gap=gap, usual_gap=GAP, seed=seed
    )
    read = [read_setting(scenario, x) if isinstance(x, str) else x for x in settings]
    scenario, free = _fixed(scenario, read, reps)
    if (reps is None) == (not free):
        raise PlannerError(
            _(
                "A sweep is over numbers of reps (--reps 50:70) or over values of keys "
                "(--set key=value,value): one of the two."
            )
        )
    turns = Turns(Shelf(output, FILES), run)
    if reps is None:
        answers = over_values(scenario, free, turns)
    else:
        answers = over_counts(scenario, counts_of(reps), turns, new_rep)
    rows = _rows(answers, turns)
    if not rows:
        raise PlannerError(_("Nothing was solved, so there is no curve."))
    curve = _by_count(rows, rep_cost) if reps else _by_value(rows, free)
    output.mkdir(parents=True, exist_ok=True)
    write_table(output / CURVE, curve)
    for message in _draw(output, curve, scenario, free):
        run.told(message)
    return curve


def _rows(answers: Iterator[Kept], turns: Turns) -> list[dict[str, Any]]:
    """Solve all, then what is not proven again; one row for each."""
    rows: dict[str, dict[str, Any]] = {}
    for kept in chain(answers, turns.again()):
        row = kept.row
        head = _("{k} reps").format(k=row["k"]) if "k" in row else row["plan"]
        turns.run.told(answer_line(head, kept))
        rows[kept.name] = row
    return list(rows.values())


def _fixed(
    scenario: Scenario, settings: list[Setting], reps: str | int | None
) -> tuple[Scenario, list[Setting]]:
    """Apply what has one value, where something else is swept over."""
    free = [one for one in settings if len(one.values) > 1]
    if reps is None and not free:
        return scenario, settings
    fixed = {one.key: one.values[0] for one in settings if len(one.values) == 1}
    return (with_settings(scenario, fixed) if fixed else scenario), free


def _by_count(rows: list[dict[str, Any]], rep_cost: float | None) -> pd.DataFrame:
    """Return the curve over numbers of reps."""
    told = []
    for row in sorted(rows, key=lambda row: row["k"]):
        row = dict(row)
        if row.get("cost") is not None:
            row["rep_cost"] = round((rep_cost or 0.0) * row["k"], 2)
            total = row["cost"] + row.get("handover_at_risk", 0.0) + row["rep_cost"]
            row["total"] = round(total, 2)
        told.append(row)
    curve = curve_of(told)
    if "bound_by_prices" in curve:
        worth = pd.to_numeric(curve["bound_by_prices"])
        saved = -worth.diff() / curve["k"].diff() - (rep_cost or 0.0)
        curve["marginal_by_prices"] = saved.round(2)
    return curve


def _by_value(rows: list[dict[str, Any]], settings: list[Setting]) -> pd.DataFrame:
    """Return the table over combinations of values, in their order."""
    keys = [one.key for one in settings]
    place = {
        repr(values): at
        for at, values in enumerate(product(*(x.values for x in settings)))
    }
    at = [place[repr(tuple(row[key] for key in keys))] for row in rows]
    told = [
        {**row, "k": at} for at, row in sorted(zip(at, rows, strict=True), key=_first)
    ]
    curve = curve_of(told)
    others = [
        name for name in curve if name not in {"k", "marginal_value", "plan", *keys}
    ]
    return curve[["plan", *keys, *others]]


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]


def _draw(
    output: Path, curve: pd.DataFrame, scenario: Scenario, free: list[Setting]
) -> list[str]:
    """Draw the curve; returns messages, such as a font to install."""
    from planner.maps.curve import write_curve_chart

    if curve["cost"].isna().all():
        return []
    labels, what = None, None
    if free:
        keys = [one.key for one in free]
        labels = curve[keys].astype(str).agg(" | ".join, axis=1).tolist()
        what = " | ".join(keys)
        curve = curve.assign(k=range(len(curve)))
    return write_curve_chart(
        output,
        curve,
        title=scenario.name,
        currency=scenario.currency,
        labels=labels,
        what=what,
    )


def curve_in_words(curve: pd.DataFrame) -> list[str]:
    """Say which number of reps costs least, and what one more would save."""
    lines = [best_of_curve(curve)]
    top = curve.iloc[-1]
    more = top.get("one_more_by_prices")
    if more is not None and more == more:
        lines.append(
            _(
                "One rep more than {k} would save about {saved:,.0f} a year, by the "
                "dual prices alone."
            ).format(k=top["k"], saved=more)
        )
    return lines
