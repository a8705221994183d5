"""Random questions without a plan: some twenty rules, a few conflicts planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from planner.scenario import Scenario

Frames = dict[str, pd.DataFrame]


def without_plan(seed: int, n: int, m: int) -> tuple[Scenario, Frames, int]:
    """
    Return a scenario, its frames, and how many conflicts were planted.

    All other rules are kept by a plan that the generator knows and nobody else.
    """
    rng = np.random.default_rng(seed)
    hidden = rng.permutation(np.arange(n) % m)
    frames = {"accounts": _accounts(rng, hidden, m), "reps": _reps(rng, m)}
    rules = _kept_rules(rng, hidden, frames, m)
    planted = int(rng.integers(1, 4))
    kinds = rng.choice(len(_PLANTED), planted, replace=False)
    for kind in sorted(kinds, key=lambda one: _PLANTED[one] is _too_far):
        _PLANTED[kind](rng, hidden, frames, rules, m)
    tables = {"accounts": {"file": "accounts"}, "reps": {"file": "reps"}}
    scenario = Scenario.model_validate(tables | rules)
    return scenario, frames, planted


def _accounts(rng: np.random.Generator, hidden: np.ndarray, m: int) -> pd.DataFrame:
    n = len(hidden)
    owner = np.where(rng.random(n) < 0.6, hidden, rng.integers(0, m, n))
    return pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in range(n)],
            "latitude": rng.uniform(46, 49, n).round(3),
            "longitude": rng.uniform(5, 10, n).round(3),
            "owner": [f"R{r}" for r in owner],
            "visits": rng.integers(1, 4, n),
            "hours": rng.integers(1, 9, n).astype(float),
            "value": rng.integers(1, 40, n) * 10.0,
            "skills": [""] * n,
            "grade": rng.choice(["A", "B", "C"], n),
            "protected": np.where(
                (owner == hidden) & (rng.random(n) < 0.1), "yes", "no"
            ),
            "parent": [""] * n,
            "rival": [""] * n,
        }
    )


def _reps(rng: np.random.Generator, m: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": [f"R{r}" for r in range(m)],
            "latitude": rng.uniform(46, 49, m).round(3),
            "longitude": rng.uniform(5, 10, m).round(3),
            "skills": rng.choice(["x", "x;y", "y", "z"], m),
            "grade": rng.choice(["senior", "junior"], m),
            "team": rng.choice(["N", "S"], m),
            "capacity": 0.0,
        }
    )


def _loads(values: Any, hidden: np.ndarray, m: int) -> np.ndarray:
    return np.bincount(hidden, np.asarray(values, dtype=float), minlength=m)


def _kept_rules(
    rng: np.random.Generator, hidden: np.ndarray, frames: Frames, m: int
) -> dict[str, Any]:
    """About twenty rules that the hidden plan keeps, some of them barely."""
    accounts, reps = frames["accounts"], frames["reps"]
    n = len(hidden)
    hours, value = (_loads(accounts[c], hidden, m) for c in ("hours", "value"))
    counts = _loads(np.ones(n), hidden, m)
    reps["capacity"] = np.ceil(hours * rng.uniform(1.0, 1.3, m))
    ids, names = accounts["account_id"].to_numpy(), reps["rep_id"].to_numpy()
    held = [set(str(text).split(";")) for text in reps["skills"]]
    for at in rng.choice(n, max(1, n // 6), replace=False):
        accounts.loc[at, "skills"] = sorted(held[hidden[at]])[0]
    members = np.flatnonzero(hidden == hidden[0])
    accounts.loc[members[: rng.integers(1, 4)], "parent"] = "P"
    accounts.loc[[np.flatnonzero(hidden == r)[-1] for r in range(m)][:3], "rival"] = "V"
    moved = accounts["owner"].to_numpy() != names[hidden]
    spare = [
        {"measure": "hours", "high": "capacity"},
        {"measure": "accounts", "high": float(counts.max() + rng.integers(0, 2))},
        {"measure": "accounts", "low": float(counts.min())},
        {"measure": "value", "high": float(value.max()), "reps": [str(names[0])]},
        {"measure": "hours", "per": "all", "high": float(hours.sum() + 3)},
    ]
    width = np.abs(value / value.mean() - 1).max() + 0.01
    fit: dict[str, dict[str, Any]] = {}
    for grade in ("A", "B", "C"):
        for rep_grade in ("senior", "junior"):
            used = (accounts["grade"] == grade) & (
                reps["grade"].to_numpy()[hidden] == rep_grade
            )
            if not used.any():
                fit.setdefault(grade, {})[rep_grade] = "never"
    pins, forbid = [], []
    for at in rng.choice(n, min(4, n), replace=False):
        some = {str(names[hidden[at]]), str(names[rng.integers(m)])}
        pins.append({"accounts": [str(ids[at])], "reps": sorted(some)})
    for at in rng.choice(n, min(4, n), replace=False):
        other = int(rng.integers(m))
        if other != hidden[at]:
            forbid.append({"accounts": [str(ids[at])], "reps": [str(names[other])]})
    return {
        "limits": spare,
        "balance": [
            {"measure": "value", "tolerance": round(float(width), 3), "hard": True}
        ],
        "budgets": [
            {"of": "moved_accounts", "amount": float(moved.sum())},
            {"of": "moved_value", "amount": float(accounts["value"][moved].sum())},
        ],
        "fit": fit,
        "pins": pins,
        "forbid": forbid,
        "together": [{"column": "parent"}],
        "apart": [{"column": "rival"}],
        "travel": {"max_km": 600.0},
    }


# ---- conflicts ----------------------------------------------------------------------


def _pin_and_forbid(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    at, rep = int(rng.integers(len(hidden))), int(rng.integers(m))
    who = [str(frames["accounts"]["account_id"][at])]
    rules["pins"].append({"accounts": who, "reps": [f"R{rep}"]})
    rules["forbid"].append({"accounts": who, "reps": [f"R{rep}"]})


def _two_pins(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    at = int(rng.integers(len(hidden)))
    who = [str(frames["accounts"]["account_id"][at])]
    first, second = rng.choice(m, 2, replace=False)
    rules["pins"].append({"accounts": who, "reps": [f"R{first}"]})
    rules["pins"].append({"accounts": who, "reps": [f"R{second}"]})


def _unknown_skill(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    at = int(rng.integers(len(hidden)))
    frames["accounts"].loc[at, "skills"] = "cardiology"


def _skill_and_pin(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    at, rep = int(rng.integers(len(hidden))), int(rng.integers(m))
    frames["accounts"].loc[at, "skills"] = "y:3"
    frames["reps"].loc[(rep + 1) % m, "skills"] = "x;y:3;z"
    who = [str(frames["accounts"]["account_id"][at])]
    rules["pins"].append({"accounts": who, "reps": [f"R{rep}"]})


def _short_capacity(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    total = float(frames["accounts"]["hours"].sum())
    rules["limits"].append({"measure": "hours", "high": np.floor((total - 3) / m)})


def _forced_load(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    rep = int(rng.integers(m))
    mine = np.flatnonzero(hidden == rep)[:3]
    ids = [str(x) for x in frames["accounts"]["account_id"].iloc[mine]]
    rules["pins"].append({"accounts": ids, "reps": [f"R{rep}"]})
    load = float(frames["accounts"]["hours"].iloc[mine].sum())
    cap = {"measure": "hours", "high": max(0.0, load - 1), "reps": [f"R{rep}"]}
    rules["limits"].append(cap)


def _group_too_large(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    frames["accounts"]["holding"] = ""
    some = rng.choice(len(hidden), min(3, len(hidden)), replace=False)
    frames["accounts"].loc[some, "holding"] = "G7"
    rules["together"].append({"column": "holding"})
    load = float(frames["accounts"]["value"].iloc[some].sum())
    rules["limits"].append({"measure": "value", "high": load - 5})


def _together_and_apart(
    rng: Any, hidden: Any, frames: Frames, rules: Any, m: int
) -> None:
    frames["accounts"]["club"] = ""
    some = rng.choice(len(hidden), 2, replace=False)
    frames["accounts"].loc[some, "club"] = "K"
    rules["together"].append({"column": "club"})
    rules["apart"].append({"column": "club"})


def _protect_and_forbid(
    rng: Any, hidden: Any, frames: Frames, rules: Any, m: int
) -> None:
    at = int(rng.integers(len(hidden)))
    accounts = frames["accounts"]
    rules["protect"] = {
        "where": [[{"column": "account_id", "in": [str(accounts["account_id"][at])]}]]
    }
    rules["forbid"].append(
        {
            "accounts": [str(accounts["account_id"][at])],
            "reps": [str(accounts["owner"][at])],
        }
    )


def _no_moves(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    accounts = frames["accounts"]
    some = rng.choice(len(hidden), min(2, len(hidden)), replace=False)
    for at in some:
        who, owner = str(accounts["account_id"][at]), str(accounts["owner"][at])
        rules["forbid"].append({"accounts": [who], "reps": [owner]})
    rules["budgets"].append({"of": "moved_accounts", "amount": len(some) - 1})


def _too_far(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    pinned = {one for pin in rules["pins"] for one in pin["accounts"]}
    free = ~frames["accounts"]["account_id"].isin(pinned)  # pins are exempt from max_km
    at = int(rng.choice(np.flatnonzero(free) if free.any() else len(hidden)))
    frames["accounts"].loc[at, ["latitude", "longitude"]] = [58.0, 5.0]


def _low_too_high(rng: Any, hidden: Any, frames: Frames, rules: Any, m: int) -> None:
    total = float(frames["accounts"]["value"].sum())
    rules["limits"].append({"measure": "value", "low": np.ceil(total / m + 5)})


_PLANTED = (
    _pin_and_forbid,
    _two_pins,
    _unknown_skill,
    _skill_and_pin,
    _short_capacity,
    _forced_load,
    _group_too_large,
    _together_and_apart,
    _protect_and_forbid,
    _no_moves,
    _too_far,
    _low_too_high,
)


def under(
    scenario: Scenario, frames: Frames, paths: set[str]
) -> tuple[Scenario, Frames]:
    """Return the question with only some of its rules, by dropping the others' keys."""
    given = scenario.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    for kind in ("limits", "budgets", "pins", "forbid", "together", "apart"):
        listed = given.get(kind, [])
        given[kind] = [x for i, x in enumerate(listed) if f"{kind}[{i}]" in paths]
    given["balance"] = [
        entry
        for index, entry in enumerate(given.get("balance", []))
        if not entry.get("hard") or f"balance[{index}]" in paths
    ]
    given["fit"] = {
        grade: {
            other: price
            for other, price in row.items()
            if price != "never" or f"fit.{grade}.{other}" in paths
        }
        for grade, row in given.get("fit", {}).items()
    }
    protect = given.get("protect", {})
    given["protect"] = {
        "field": "protect.field" in paths,
        "where": [
            conditions
            for index, conditions in enumerate(protect.get("where", []))
            if f"protect.where[{index}]" in paths
        ],
    }
    if "travel.max_km" not in paths:
        given.get("travel", {}).pop("max_km", None)
    accounts = frames["accounts"]
    if "skills" not in paths:
        accounts = accounts.assign(skills="")
    return Scenario.model_validate(given), {**frames, "accounts": accounts}
