"""A large realistic case with a plan planted in it, so that one is known to exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.embedded import data_folder
from planner.errors import PlannerError
from planner.tables.safety import write_csv
from planner.words import _

SKILLS = ("imaging", "robotics", "laboratory", "software", "training")
GRADES = ("A", "B", "C", "D")
GRADE_SHARE = (0.05, 0.15, 0.30, 0.50)
VISITS = (24.0, 12.0, 6.0, 3.0)
"""Median visits per year by grade, where a rep has some 120 accounts."""
VISIT_HOURS = (2.0, 1.6, 1.3, 1.0)
"""Median hours per visit by grade."""
USUAL_ACCOUNTS = 120
REPS_PER_AREA = 5
"""Reps whose planted accounts lie among each other."""
STEPS_PER_HOUR = 10
FAR_AWAY = ("AK", "HI", "PR", "")
"""States that no car from elsewhere reaches; they take no part."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Territory:
    """
    A generated case.

    Attributes
    ----------
    accounts, reps
        Tables by the contract of the planner.
    planted
        Rep of each account in a plan that keeps every hard rule, positions, shape (n,).
    """

    accounts: pd.DataFrame
    reps: pd.DataFrame
    planted: Ints


def generate(units: int, reps: int, *, fill: float = 0.9, seed: int = 1) -> Territory:
    """
    Scatter accounts around real cities and plant a plan that keeps caps and skills.

    Cities draw accounts in proportion to their people. Accounts are put in order along
    a Hilbert curve and cut into areas of equal hours, some five reps each; within an
    area they are dealt at random, in equal hours again: that is the planted plan. A rep
    lives in a city of the area, holds two to four of five skills, and has
    planted hours / `fill` as capacity; an account asks for none, one or two skills of
    its planted rep. So the planted plan keeps every cap and skill, and total hours are
    `fill` of total capacity to within 0.1 h. Visits and hours are log-normal by grade,
    value is log-normal and follows the hours; nine in ten have an owner today, mostly
    the nearest rep, whether or not that rep has the skills.

    Parameters
    ----------
    units, reps
        Numbers of accounts and reps; at least two accounts per rep.
    fill
        Total hours over total capacity.
    seed
        The same arguments give the same tables.

    Raises
    ------
    PlannerError
        If there are too few accounts for the reps.

    References
    ----------
    Order along the Hilbert curve: J. Skilling (2004), Programming the Hilbert curve,
    AIP Conference Proceedings 707, 381, https://doi.org/10.1063/1.1751381.
    """
    if units < 2 * reps:
        raise PlannerError(
            _(
                "{units:,} accounts are too few for {reps:,} reps. Take at least two "
                "accounts for each rep."
            ).format(units=units, reps=reps)
        )
    rng = np.random.default_rng([seed, units, reps])
    cities = _cities()
    people = cities["population"].to_numpy(float)
    city = rng.choice(len(cities), units, p=people / people.sum())
    places = _scatter(cities, city, rng)
    grade = rng.choice(len(GRADES), units, p=GRADE_SHARE)
    visits, tenths = _effort(grade, units / reps, rng)
    planted = _plant(visits * tenths, _along_hilbert_curve(places), reps, rng)
    held, skills = _rep_skills(reps, rng)
    home, bases = _homes(cities, city, planted, reps, rng)
    owner = _owners(places, bases, rng)
    load = np.bincount(planted, visits * tenths, minlength=reps).astype(np.int64)
    names = cities["name"].to_numpy()
    rep_ids = _ids("R", reps)
    accounts = pd.DataFrame(
        {
            "account_id": _ids("A", units),
            "city": names[city],
            "latitude": places[:, 0],
            "longitude": places[:, 1],
            "grade": np.array(GRADES)[grade],
            "visits": visits,
            "hours_per_visit": tenths / STEPS_PER_HOUR,
            "value": _value(visits * tenths, rng),
            "skills": _asked(held, planted, rng),
            "owner": np.where(owner < 0, "", rep_ids[owner]),
        }
    )
    team = pd.DataFrame(
        {
            "rep_id": rep_ids,
            "city": names[home],
            "latitude": bases[:, 0],
            "longitude": bases[:, 1],
            "skills": skills,
            "capacity": _caps(load, fill) / STEPS_PER_HOUR,
        }
    )
    return Territory(accounts, team, planted)


def write_territory(
    folder: Path,
    case: Territory,
    *,
    name: str,
    time_limit: float,
    seed: int,
    threads: int,
) -> Path:
    """
    Write accounts.csv, reps.csv and scenario.toml; return the scenario's path.

    A million accounts are read in 2.2 s, as CSV or as Parquet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "accounts.csv", case.accounts)
    write_csv(folder / "reps.csv", case.reps)
    path = folder / "scenario.toml"
    text = SCENARIO.format(
        name=name, time_limit=f"{time_limit:g}", seed=seed, threads=threads
    )
    path.write_text(text, encoding="utf-8")
    return path


SCENARIO = """\
# A generated case; its accounts lie around real cities (GeoNames, CC BY 4.0).
name = "{name}"
currency = "USD"

[accounts]
file = "accounts.csv"

[reps]
file = "reps.csv"

[travel]                            # round trips from the rep's base
visits_per_trip = 4
circuity = 1.3
cost_per_km = 0.35
cost_per_hour = 30

[[limits]]                          # hard: nobody works more than they can
measure = "hours"
high = "capacity"

[[balance]]                         # equal value within 10 %, else two cents a dollar
measure = "value"
target = "equal"
tolerance = 0.10
price = 0.02

[handover]                          # value at risk when a customer changes hands
value_share = 0.003

[solve]
time_limit = {time_limit}
seed = {seed}
threads = {threads}
"""


def _cities() -> pd.DataFrame:
    """Places of the embedded data that a car can reach from each other."""
    path = data_folder() / "us" / "accounts.csv"
    columns = ["name", "state", "latitude", "longitude", "population"]
    cities = pd.read_csv(path, usecols=columns, keep_default_na=False)
    return cities[~cities["state"].isin(FAR_AWAY)].reset_index(drop=True)


def _ids(letter: str, count: int) -> NDArray:
    return np.char.mod(f"{letter}%0{len(str(count))}d", np.arange(1, count + 1))


def _scatter(cities: pd.DataFrame, city: Ints, rng: np.random.Generator) -> Floats:
    """
    Places around the centres of cities, in degrees, shape (n, 2).

    The distance from the centre is log-normal: its median grows from 3 km in a town of
    10,000 with the square root of the people, so density stays alike.
    """
    people = cities["population"].to_numpy(float)[city]
    median_km = 3 * np.sqrt(np.maximum(people, 2_000) / 10_000).clip(None, 8)
    km = (median_km * np.exp(rng.normal(0, 0.7, len(city)))).clip(None, 150)
    return _moved(_centres(cities)[city], km, rng)


def _centres(cities: pd.DataFrame) -> Floats:
    return cities[["latitude", "longitude"]].to_numpy(float)


def _moved(places: Floats, km: Floats, rng: np.random.Generator) -> Floats:
    """Places so many km away in random directions, rounded to some ten metres."""
    angle = rng.uniform(0, 2 * np.pi, len(places))
    north = km * np.cos(angle) / 111.2
    east = km * np.sin(angle) / (111.2 * np.cos(np.radians(places[:, 0])))
    return np.round(places + np.column_stack([north, east]), 4)


def _along_hilbert_curve(places: Floats) -> Ints:
    """Position of each place on a Hilbert curve of order 16 over the bounding box."""
    low, high = places.min(axis=0), places.max(axis=0)
    share = (places - low) / np.maximum(high - low, 1e-9)
    x, y = (share * (2**16 - 1)).astype(np.int64).T
    key = np.zeros(len(places), dtype=np.int64)
    for level in range(15, -1, -1):
        half = 2**level
        right, up = (x & half) > 0, (y & half) > 0
        key = key * 4 + ((3 * right) ^ up)
        mirrored = right & ~up
        x, y = (np.where(mirrored, half - 1 - v % half, v % half) for v in (x, y))
        x, y = np.where(up, x, y), np.where(up, y, x)
    return key


def _effort(grade: Ints, per_rep: float, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """
    Visits per year, and hours per visit in steps of 0.1 h, log-normal by grade.

    Few accounts per rep are visited more often, so that capacities stay near what a
    person works in a year.
    """
    often = np.clip(USUAL_ACCOUNTS / per_rep, 0.25, 4)
    visits = np.array(VISITS)[grade] * often * np.exp(rng.normal(0, 0.4, len(grade)))
    hours = np.array(VISIT_HOURS)[grade] * np.exp(rng.normal(0, 0.35, len(grade)))
    tenths = np.maximum(np.rint(hours * STEPS_PER_HOUR), 2)
    return np.maximum(np.rint(visits), 1).astype(np.int64), tenths.astype(np.int64)


def _value(steps: Ints, rng: np.random.Generator) -> Ints:
    """Some 400 USD for each hour, log-normal around it, in tens of USD."""
    value = 400 * steps / STEPS_PER_HOUR * np.exp(rng.normal(0, 0.5, len(steps)))
    return np.maximum(np.rint(value / 10), 1).astype(np.int64) * 10


def _plant(steps: Ints, key: Ints, reps: int, rng: np.random.Generator) -> Ints:
    """Deal accounts, in the order of a key, in equal hours; nobody is left idle."""
    areas = max(1, round(reps / REPS_PER_AREA))
    order = np.argsort(key, kind="stable")
    area = np.empty(len(steps), dtype=np.int64)
    area[order] = (_middle(steps[order]) * areas / steps.sum()).astype(np.int64)
    dealt = np.lexsort((rng.random(len(steps)), area))
    rep = np.empty(len(steps), dtype=np.int64)
    rep[dealt] = (_middle(steps[dealt]) * reps / steps.sum()).astype(np.int64)
    for idle in np.setdiff1d(np.arange(reps), rep):  # where one account outweighs a rep
        giver = np.argmax(np.bincount(rep, minlength=reps))
        rep[np.flatnonzero(rep == giver)[0]] = idle
    return rep


def _middle(steps: Ints) -> Floats:
    """Middle of each account's stretch, when their hours are laid end to end."""
    return np.cumsum(steps) - steps / 2


def _rep_skills(reps: int, rng: np.random.Generator) -> tuple[NDArray, Sequence[str]]:
    """Two to four skills for each rep: as a mask (reps, skills), and as text."""
    count = rng.integers(2, 5, reps)
    rank = rng.random((reps, len(SKILLS))).argsort(axis=1).argsort(axis=1)
    held = rank < count[:, None]
    names = np.array(SKILLS)
    return held, [";".join(names[one]) for one in held]


def _asked(held: NDArray, planted: Ints, rng: np.random.Generator) -> NDArray:
    """Skills that each account asks for: none (55 %), one (35 %), or two (10 %)."""
    n = len(planted)
    count = rng.choice(3, n, p=(0.55, 0.35, 0.10))
    luck = np.where(held[planted], rng.random((n, len(SKILLS))), -1)
    first = luck.argmax(axis=1)
    luck[np.arange(n), first] = -1
    second = luck.argmax(axis=1)
    low, high = np.minimum(first, second), np.maximum(first, second)
    names = np.array(SKILLS, dtype=object)
    pairs = names[:, None] + ";" + names
    text = np.where(count == 1, names[first], pairs[low, high])
    return np.where(count == 0, "", text)


def _homes(
    cities: pd.DataFrame, city: Ints, planted: Ints, reps: int, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """City of each rep, that of one of the planted accounts, and a place in it."""
    order = np.lexsort((rng.random(len(planted)), planted))
    first = np.searchsorted(planted[order], np.arange(reps))
    home = city[order[first]]
    km = np.abs(rng.normal(0, 5, reps))
    return home, _moved(_centres(cities)[home], km, rng)


def _owners(places: Floats, bases: Floats, rng: np.random.Generator) -> Ints:
    """Today's owner: nearest rep (60 %), next or third (30 %), or -1 for nobody."""
    near = min(3, len(bases))
    tree = cKDTree(_on_sphere(bases))
    found = np.asarray(tree.query(_on_sphere(places), k=[*range(1, near + 1)])[1])
    drift = rng.choice(4, len(places), p=(0.60, 0.20, 0.10, 0.10))
    chosen = found[np.arange(len(places)), np.minimum(drift, near - 1)]
    return np.where(drift == 3, -1, chosen)


def _on_sphere(places: Floats) -> Floats:
    phi, lam = np.radians(places).T
    return np.column_stack(
        [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)]
    )


def _caps(load: Ints, fill: float) -> Ints:
    """Capacities of load / fill, whole steps by largest remainder, none below load."""
    exact = load / fill
    caps = np.floor(exact + 1e-9).astype(np.int64)
    missing = int(np.floor(load.sum() / fill + 1e-9)) - int(caps.sum())
    last = np.argsort(caps - exact, kind="stable")[:missing]
    caps[last] += 1
    return caps
