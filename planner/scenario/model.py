"""
What is allowed and what is wanted: the scenario, as one validated model.

Every money amount is in the scenario's currency per year. A default that was used is
listed by `Scenario.defaults_used`, and printed with every result.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import tomli_w
from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from planner.scenario.areas import PREFIX, Areas
from planner.scenario.bases import Bases
from planner.scenario.kinds import Price, counts_of
from planner.scenario.pools import Pool
from planner.scenario.relax import Relax, Relaxed
from planner.scenario.rules import (
    Apart,
    Balance,
    Budget,
    Decision,
    Forbid,
    Handover,
    LeaveOut,
    Limit,
    Measure,
    Pin,
    Priority,
    Protect,
    Skills,
    Together,
    Travel,
)
from planner.scenario.tables import NO_REPS, Condition, Model, RepTable, Table
from planner.scenario.waves import Wave, check_waves


class Solve(Model):
    """How long and how hard to look."""

    time_limit: float = Field(60.0, gt=0, description="Seconds for the solve.")
    gap: float = Field(0.0, ge=0, description="Stop at this proven gap (a fraction).")
    seed: int = Field(1, ge=0, le=2**31 - 1)
    threads: int = Field(2, ge=1, description="Threads of the solvers.")
    method: Literal["auto", "search", "exact", "cp-sat", "highs"] = Field(
        "auto",
        description="search: dual bound and local search; cp-sat or highs: the whole "
        "model in one solver; exact: cp-sat; auto: by size and time.",
    )
    iterations: int | None = Field(
        None,
        ge=1,
        description="Stop the search after this many moves: reproducible, "
        "which a time limit is not.",
    )


class Baselines(Model):
    """Today's ways, to be compared with the plan."""

    rules: str | None = Field(
        None,
        description="CSV: priority, condition (e.g. state=CA & grade=A), rep "
        "or team; the first match wins.",
    )
    performance: str | None = Field(
        None,
        description="Numeric field of the reps: each gets accounts in "
        "proportion to it.",
    )


class Drawing(Model):
    """What the map shows besides territories."""

    title: str | None = None
    specialists: bool = Field(
        True, description="Dots for accounts that need a skill not all reps have."
    )
    level: str | None = Field(None, description="Level of the regions to fill.")


def _with_keys_of_files(schema: dict[str, Any]) -> None:
    """Add what a file may say of another: see `planner.scenario.extend`."""
    schema["properties"] |= {
        "extends": {
            "type": "string",
            "description": "Scenario file that this one changes; relative to this one.",
        },
        "drop": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Dotted keys of that file to leave out.",
        },
    }


class Scenario(Model):
    """One planning question: tables, rules, prices."""

    model_config = ConfigDict(json_schema_extra=_with_keys_of_files)

    name: str = Field("plan", description="Shown on map and report.")
    currency: str = Field("USD", description="ISO 4217 code, for display.")
    unit: Literal["account", "region"] = Field(
        "account", description="What a rep gets: accounts, or regions with all in them."
    )
    accounts: Table | None = Field(None, validate_default=True)
    bases: Bases | None = None
    reps: RepTable = Field(None, validate_default=True)
    pools: list[Pool] = Field([], description="Pooled or digital teams: also reps.")
    regions: Table | None = None
    areas: Areas = Areas()
    distances: Table | None = Field(
        None, description="Columns account_id, rep_id, km (one way), hours (optional)."
    )
    travel: Travel = Travel()
    measures: dict[str, Measure] = Field(
        {}, description="Besides the built-in 'accounts', 'hours' and 'value'."
    )
    limits: list[Limit] = []
    balance: list[Balance] = []
    skills: Skills = Skills()
    fit: dict[str, dict[str, Price | Literal["never"]]] = Field(
        {},
        description="Account grade -> rep grade -> currency per account, or "
        "'never'. Pairs not named cost 0.",
    )
    pins: list[Pin] = []
    forbid: list[Forbid] = []
    protect: Protect = Protect()
    together: list[Together] = []
    apart: list[Apart] = []
    handover: Handover = Handover()
    budgets: list[Budget] = []
    leave_out: LeaveOut | None = None
    relax: Relax = Relax()
    relaxed: list[Relaxed] = Field(
        [], description="Rules that were bent so that there is a plan; for the record."
    )
    waves: list[Wave] = []
    priorities: list[Priority] = []
    solve: Solve = Solve()
    baselines: Baselines = Baselines()
    map: Drawing = Drawing()
    _base: Path = PrivateAttr(default_factory=Path)
    _text: str | None = PrivateAttr(default=None)

    @property
    def base(self) -> Path:
        """Folder that the scenario's file names are relative to."""
        return self._base

    def to_toml(self) -> str:
        """Return the scenario as a file: as it was read, or written from its values."""
        if self._text is not None:
            return self._text
        given = self.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
        return tomli_w.dumps(given)

    def with_solve(self, **settings: Any) -> Scenario:
        """Return a copy with other solver settings; None leaves one as it is."""
        given = {key: value for key, value in settings.items() if value is not None}
        if not given:
            return self
        chosen = self.solve.model_dump(exclude_unset=True) | given
        return self._changed({"solve": Solve.model_validate(chosen)})

    @property
    def counts(self) -> list[int]:
        """How many reps each solve has, where the scenario says so; else nothing."""
        if self.bases is not None:
            return counts_of(self.bases.open)
        return [] if self.reps.count is None else counts_of(self.reps.count)

    def with_count(self, count: int) -> Scenario:
        """Return a copy that asks for one number of reps, or of open bases."""
        if self.bases is not None:
            given = self.bases.model_dump(exclude_unset=True, by_alias=True)
            return self._changed(
                {"bases": Bases.model_validate(given | {"open": count})}
            )
        given = self.reps.model_dump(exclude_unset=True, by_alias=True)
        return self._changed(
            {"reps": RepTable.model_validate(given | {"count": count})}
        )

    def with_regions_apart(self, rep_of: Mapping[str, str]) -> Scenario:
        """Return a copy in which these regions have a rep of their own, by name."""
        given = self.areas.model_dump(exclude_unset=True, by_alias=True)
        areas = Areas.model_validate(given | {"set_apart": dict(rep_of)})
        return self._changed({"areas": areas})

    def with_pins(self, pins: Mapping[str, str]) -> Scenario:
        """
        Return a copy in which more is pinned: account_id or region:<id> -> rep_id.
        """
        accounts_of: dict[str, list[str]] = {}
        regions_of: dict[str, list[str]] = {}
        for one, rep in pins.items():
            if self.unit == "region" and one.startswith(PREFIX):
                regions_of.setdefault(rep, []).append(one.removeprefix(PREFIX))
            else:
                accounts_of.setdefault(rep, []).append(one)
        added = [Pin(accounts=a, reps=[rep]) for rep, a in accounts_of.items()]
        added += [Pin(regions=r, reps=[rep]) for rep, r in regions_of.items()]
        return self._changed({"pins": [*self.pins, *added]})

    def with_decisions(self, decided: Mapping[str, tuple[Decision, str]]) -> Scenario:
        """
        Return a copy whose pins by decisions are these, and no earlier ones.

        Parameters
        ----------
        decided
            account_id or region:<id> -> decision, and the rep_id that it fixes ("":
            left out).
        """
        ids_of: dict[tuple[bool, Decision, str], list[str]] = {}
        for one, (decision, rep) in sorted(decided.items()):
            on_map = self.unit == "region" and one.startswith(PREFIX)
            key = (on_map, decision, rep)
            ids_of.setdefault(key, []).append(one.removeprefix(PREFIX * on_map))
        pins = [pin for pin in self.pins if pin.decision is None]
        for (on_map, decision, rep), ids in sorted(ids_of.items()):
            reps = [rep] if rep else []
            which = {"regions": ids} if on_map else {"accounts": ids}
            pins.append(Pin(**which, reps=reps, decision=decision))  # type: ignore[arg-type]
        return self if pins == self.pins else self._changed({"pins": pins})

    def _changed(self, update: dict[str, Any]) -> Scenario:
        return self.model_copy(update=update).beside(self)

    def with_parts(self, **parts: Any) -> Scenario:
        """Return a copy with other parts, which must fit: nothing is checked."""
        return self._changed(parts)

    def beside(self, other: Scenario) -> Scenario:
        """Take files from where the other scenario has its; returns itself."""
        self._base, self._text = other._base, None
        return self

    def measure(self, name: str) -> Measure:
        """Return a measure by name; 'accounts', 'hours' and 'value' are built in."""
        return self.measures.get(name) or Measure(of=name)

    @property
    def capacity_measure(self) -> str:
        """Measure that limits per rep hold against `capacity`; else "hours"."""
        held = [x for x in self.limits if x.per == "rep" and x.high == "capacity"]
        return held[0].measure if held else "hours"

    def measures_used(self) -> list[str]:
        """Names of the declared measures and of those that rows refer to, sorted."""
        names = {*self.measures, *(x.measure for x in self.limits)}
        if any(pool.capacity is not None for pool in self.pools):
            names.add(self.capacity_measure)
        if any(pool.max_accounts is not None for pool in self.pools):
            names.add("accounts")
        names |= {x.measure for x in self.balance}
        names |= {b.of for b in self.budgets if b.of not in BUDGET_TERMS}
        if self.areas.compactness is not None:
            names.add(self.areas.compactness.measure)
        return sorted(names)

    def defaults_used(self) -> dict[str, Any]:
        """Dotted key -> value of every default that this scenario relies on."""
        return dict(_defaults(self, ""))

    @field_validator("accounts")
    @classmethod
    def _accounts_or_regions(
        cls, table: Table | None, info: ValidationInfo
    ) -> Table | None:
        if table is None and info.data.get("unit") == "account":
            raise PydanticCustomError("missing", "Field required")
        return table

    @field_validator("reps", mode="wrap")
    @classmethod
    def _reps_or_bases(cls, given: Any, handler: Any, info: ValidationInfo) -> RepTable:
        if given is not None and not (isinstance(given, RepTable) and given.nobody):
            return cast(RepTable, handler(given))
        if info.data.get("bases", "faulty") is None:
            raise PydanticCustomError("missing", "Field required")
        return NO_REPS

    @model_validator(mode="after")
    def _bases_fit(self) -> Scenario:
        bases = self.bases
        if bases is None:
            return self
        if self.reps.count is not None:
            raise ValueError(
                "reps.count and bases.open both say how many reps there are; drop one"
            )
        if bases.candidates == "regions" and self.regions is None:
            raise ValueError("bases.candidates = 'regions' needs a table of regions")
        if bases.candidates == "accounts" and self.accounts is None:
            raise ValueError("bases.candidates = 'accounts' needs a table of accounts")
        return self

    @model_validator(mode="after")
    def _areas_fit(self) -> Scenario:
        if self.unit == "account":
            if "areas" in self.model_fields_set:
                raise ValueError("areas is only for unit = 'region'")
            if any(pin.regions is not None for pin in (*self.pins, *self.forbid)):
                raise ValueError("pins of regions are only for unit = 'region'")
            return self
        if self.leave_out is not None:
            raise ValueError("leave_out is only for unit = 'account'")
        if self.apart:
            raise ValueError("apart is only for unit = 'account'")
        compact = self.areas.compactness
        by_base = compact is not None and compact.to == "base"
        if not by_base and any(budget.of == "compactness" for budget in self.budgets):
            raise ValueError(
                "a budget of compactness needs areas.compactness with to = 'base'"
            )
        return self

    @model_validator(mode="after")
    def _pools_differ(self) -> Scenario:
        ids = [pool.id for pool in self.pools]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"two pools have the id {twice!r}; rename one of them")
        return self

    @model_validator(mode="after")
    def _waves_fit(self) -> Scenario:
        check_waves(self.waves)
        return self

    @model_validator(mode="after")
    def _priorities_fit(self) -> Scenario:
        rules = [f"balance[{i}]" for i, b in enumerate(self.balance) if not b.hard]
        rules += [f"together[{i}]" for i, t in enumerate(self.together) if t.price]
        known = [*TERMS, *rules]
        named = [one.term for one in self.priorities]
        for term in named:
            if term not in known:
                raise ValueError(
                    f"no priority of {term!r}; there are: {', '.join(known)}"
                )
        if len(set(named)) < len(named):
            raise ValueError("a term has one priority, not several")
        if named and (self.bases is not None or self.unit == "region"):
            raise ValueError("priorities are for accounts and reps who are known")
        return self

    @model_validator(mode="after")
    def _names_resolve(self) -> Scenario:
        for table in (self.regions, self.distances):
            if table is not None and table.geocode:
                raise ValueError("geocode is only for accounts and reps")
            if table is not None and table.profile is not None:
                raise ValueError("profile is only for accounts and reps")
        builtin = {"accounts", "hours", "value"}
        for name in sorted({*self.measures} & {*BUDGET_TERMS}):
            raise ValueError(f"measure {name!r} has the name of a term; rename it")
        asked = [x.measure for x in self.limits] + [x.measure for x in self.balance]
        if self.areas.compactness is not None:
            asked.append(self.areas.compactness.measure)
        for name in asked:
            if name not in self.measures and name not in builtin:
                known = ", ".join(sorted({*self.measures, *builtin}))
                raise ValueError(f"no measure {name!r}; there are: {known}")
        for budget in self.budgets:
            known_terms = {*BUDGET_TERMS, *self.measures, *builtin}
            if self.unit == "account":
                known_terms -= {"moved_regions", "compactness"}
            if budget.of not in known_terms:
                raise ValueError(
                    f"no budget of {budget.of!r}; there are: "
                    + ", ".join(sorted(known_terms))
                )
        return self


MOVED = ("moved_accounts", "moved_value", "moved_regions")
OPENING = "opening"
"""Term of the objective: the cost of open bases that are not kept."""
TERMS = ("travel", "pool", "skill", "fit", "handover", "leave_out", "compactness")
"""
Terms of the objective that are priced pair by pair; compactness is where it goes by
the distance to the base.
"""
BUDGET_TERMS = (*MOVED, *TERMS)


def _defaults(model: Model, prefix: str) -> list[tuple[str, Any]]:
    """List the defaults of a part and of the parts within that were given."""
    found: list[tuple[str, Any]] = []
    for name in type(model).model_fields:
        value, key = getattr(model, name), f"{prefix}{name}"
        if isinstance(model, Scenario) and name == "relax":
            continue  # no plan rests on these prices
        if isinstance(value, Model):
            by_region = isinstance(model, Scenario) and model.unit == "region"
            used = name in _ALWAYS_USED or (name == "areas" and by_region)
            if name in model.model_fields_set or used:
                found += _defaults(value, f"{key}.")
        elif isinstance(model, Scenario) and name in ("unit", "relaxed"):
            continue  # what the tables are about is no choice of a price
        elif name in model.model_fields_set:
            if isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, Model) and not isinstance(item, Condition):
                        found += _defaults(item, f"{key}[{index}].")
        elif value not in (None, [], {}) and not isinstance(model, Table):
            unused = isinstance(model, Balance) and model.hard and name == "price"
            if not unused:
                found.append((key, value))
    return found


_ALWAYS_USED = ("travel", "solve", "protect", "skills", "handover")
