"""Which fields and columns of the tables a scenario names, and where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from planner.scenario import Condition, Scenario

_BUILT_IN = {"accounts", "hours"}


@dataclass(frozen=True)
class Use:
    """
    How the scenario uses a field or column.

    Attributes
    ----------
    key
        Where in the scenario, dotted; the first place.
    numeric
        Whether it must hold numbers.
    complete
        Whether each row needs one.
    optional
        Whether the table may lack it, since another one may have it.
    """

    key: str
    numeric: bool = False
    complete: bool = False
    optional: bool = False


_NAME_BEFORE_OPERATOR = re.compile(
    r"([^&,;|=<>!\s][^&,;|=<>!\n]*?)(?:\s*(?:[<>]=?|!?=)|\s+in\s)"
)
"""What a condition of a rulebook tests: ``state`` in ``state in CA,NV & value>=10``."""


def account_uses(scenario: Scenario, rules: str = "") -> dict[str, Use]:
    """
    Return field or column -> use, of all that the scenario asks of accounts.

    Parameters
    ----------
    scenario
        The scenario.
    rules
        Text of the conditions of `baselines.rules`, if any.
    """
    uses: dict[str, Use] = {}
    for name in scenario.measures_used():
        of = scenario.measure(name).of
        if of not in _BUILT_IN:
            _add(uses, of, Use(f"measures.{name}.of", numeric=True, complete=True))
    for key, condition in _conditions(scenario):
        ranged = condition.at_least is not None or condition.at_most is not None
        _add(uses, condition.column, Use(key, numeric=ranged))
    for index, together in enumerate(scenario.together):
        if scenario.unit == "region" and together.column.startswith("level:"):
            continue  # a level of the regions, not a column
        _add(uses, together.column, Use(f"together[{index}].column"))
    for index, apart in enumerate(scenario.apart):
        _add(uses, apart.column, Use(f"apart[{index}].column"))
    for name in _NAME_BEFORE_OPERATOR.findall(rules):
        _add(uses, name.strip().strip('"'), Use("baselines.rules"))
    return uses


def shared_uses(
    uses: Mapping[str, Use], regions: Collection[str] | None = None
) -> dict[str, Use]:
    """
    Return what the scenario asks of accounts or regions, when either may have it.

    Parameters
    ----------
    regions
        Columns of the regions as read; None: before they are. Accounts must have what
        these have not.
    """
    if regions is None:
        return {n: replace(u, complete=False, optional=True) for n, u in uses.items()}
    return {n: replace(u, optional=n in regions) for n, u in uses.items()}


def rep_uses(scenario: Scenario) -> dict[str, Use]:
    """Return field or column -> use, of all that is asked of reps."""
    uses = {"email": Use("reps.fields.email", optional=True)}  # an owner in some CRMs
    for index, limit in enumerate(scenario.limits):
        for side in ("low", "high"):
            value = getattr(limit, side)
            if isinstance(value, str):
                _add(uses, value, Use(f"limits[{index}].{side}", numeric=True))
    for index, balance in enumerate(scenario.balance):
        if balance.target != "equal":
            key = f"balance[{index}].target"
            _add(uses, balance.target, Use(key, numeric=True))
    if scenario.baselines.performance:
        key = "baselines.performance"
        _add(uses, scenario.baselines.performance, Use(key, numeric=True))
    return uses


def _conditions(scenario: Scenario) -> Iterator[tuple[str, Condition]]:
    """Yield every condition on accounts, and its key."""
    groups: list[tuple[str, list[Condition]]] = [
        (f"measures.{name}.where", measure.where)
        for name, measure in scenario.measures.items()
    ]
    for name in ("pins", "forbid"):
        for index, pin in enumerate(getattr(scenario, name)):
            groups.append((f"{name}[{index}].where", pin.where or []))
    for index, pool in enumerate(scenario.pools):
        groups.append((f"pools[{index}].where", pool.where))
    if scenario.bases is not None and scenario.bases.candidates == "accounts":
        groups.append(("bases.where", scenario.bases.where))
    for index, carve in enumerate(scenario.areas.carve):
        groups.append((f"areas.carve[{index}].where", carve.where or []))
    for index, conditions in enumerate(scenario.protect.where):
        groups.append((f"protect.where[{index}]", conditions))
    for name in ("together", "apart"):
        for index, entry in enumerate(getattr(scenario, name)):
            groups.append((f"{name}[{index}].where", entry.where))
    if scenario.leave_out:
        groups.append(("leave_out.where", scenario.leave_out.where))
    for index, wave in enumerate(scenario.waves):
        groups.append((f"waves[{index}].where", wave.where))
    for key, conditions in groups:
        for index, condition in enumerate(conditions):
            yield f"{key}[{index}].column", condition


def _add(uses: dict[str, Use], name: str, use: Use) -> None:
    """Keep the first key, and the strictest need."""
    old = uses.get(name, use)
    uses[name] = Use(old.key, old.numeric or use.numeric, old.complete or use.complete)
