"""Places for rows that have an address only: offline, with precision and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.geo.distance import haversine_km
from planner.scenario import Table
from planner.tables.fields import Parsed
from planner.tables.findings import find_column
from planner.tables.gazetteers import (
    CENSUS,
    GEONAMES,
    TERRITORIES,
    TIANDITU,
    Division,
    Place,
    Wanted,
    World,
    chinese_forms,
    chinese_province,
    countries,
    divisions,
    has_districts,
    is_chinese,
    key,
    us_states,
    us_zip,
)
from planner.tables.references import Use
from planner.words import _

ADDRESS = ("postal_code", "district", "city", "state", "province", "country")
"""Fields that a place is looked up by, the most precise first."""

SAME_PLACE_KM = 25.0
"""Entries of one name this near each other are one place and its parts."""
MUCH_LARGER = 10
"""A place so many times larger than the next of its name is meant, and reported."""
SEAT_KM = 300.0
"""The seat of a Chinese prefecture lies within this of its middle."""
APART_KM = 100.0
"""A postal code so far from its city is reported."""


@dataclass(frozen=True)
class Answer:
    """
    What became of an address.

    Attributes
    ----------
    place
        Where it is; None: nowhere.
    precision
        postal code, district, city, province, or "" without a place.
    source
        Of the place.
    doubt, remedy
        What to report of it, and what to do; "" = nothing.
    """

    place: Place | None = None
    precision: str = ""
    source: str = ""
    doubt: str = ""
    remedy: str = ""


def address_uses(table: Table, kind: str, names: list[str]) -> dict[str, Use]:
    """Return the address fields that a table has, where it is to be geocoded."""
    if not table.geocode:
        return {}
    use = Use(f"{kind}.geocode")
    return {
        field: use
        for field in ADDRESS
        if field in table.fields or find_column(names, field) is not None
    }


def fill_places(parsed: Parsed) -> None:
    """
    Fill latitude and longitude of the rows that have neither, from their address.

    Adds the columns ``place_precision`` and ``place_source`` ("" where a place was
    given), warns of every row that is not placed or in doubt, and notes how many were
    placed, and how.
    """
    frame = parsed.frame
    without = (frame["latitude"].isna() & frame["longitude"].isna()).to_numpy()
    without = without & ~parsed.is_bad("latitude") & ~parsed.is_bad("longitude")
    at = np.flatnonzero(without)
    addresses = frame.reindex(columns=list(ADDRESS), fill_value="").iloc[at]
    answers = find_places(addresses)
    for name, of in _COLUMNS.items():
        dtype = float if name in ("latitude", "longitude") else object
        values = frame[name].to_numpy(copy=True) if name in frame else None
        column = np.full(len(frame), "", object) if values is None else values
        column[at] = np.array([of(answer) for answer in answers], dtype)
        frame[name] = pd.Series(column, frame.index, "str" if dtype is object else None)
    _report(parsed, at, addresses, answers)


_COLUMNS: dict[str, Callable[[Answer], float | str]] = {
    "latitude": lambda answer: answer.place.latitude if answer.place else np.nan,
    "longitude": lambda answer: answer.place.longitude if answer.place else np.nan,
    "place_precision": lambda answer: answer.precision,
    "place_source": lambda answer: answer.source,
}


def _report(
    parsed: Parsed,
    at: np.ndarray,
    addresses: pd.DataFrame,
    answers: list[Answer],
) -> None:
    """Warn of what is in doubt; count the rest."""
    first = next((x for x in ADDRESS if x in parsed.frame), "")
    texts = [", ".join(filter(None, row)) for row in addresses.itertuples(index=False)]
    odd = [i for i, answer in enumerate(answers) if answer.doubt]
    parsed.findings.cell_warnings(
        at[odd],
        parsed.column(first),
        [texts[i] for i in odd],
        [answers[i].doubt for i in odd],
        [answers[i].remedy for i in odd],
    )
    placed = Counter((a.precision, a.source) for a in answers if a.place)
    for (precision, source), count in placed.items():
        parsed.findings.note(
            _("{n:,} rows placed by {precision} ({source})").format(
                n=count, precision=_(precision), source=source
            )
        )
    if lost := sum(answer.place is None for answer in answers):
        parsed.findings.note(_("{n:,} addresses not found").format(n=lost))


def find_places(addresses: pd.DataFrame) -> list[Answer]:
    """
    Look up addresses offline.

    Parameters
    ----------
    addresses
        Text in any of the columns of `ADDRESS`; "" = not known.

    Returns
    -------
    One answer per row. A name that fits several places far apart stands for the
    largest only if that is ten times larger than the next, and is reported.

    Raises
    ------
    PlannerError
        If a package of the extra `places` is needed and not installed.
    """
    table = addresses.reindex(columns=list(ADDRESS), fill_value="")
    rows = [Address(*map(str.strip, row)) for row in table.itertuples(index=False)]
    if not rows:
        return []
    codes = {row: row.by_code() for row in rows}
    world = World()
    cities: dict[Wanted, list[Place]] = {}
    for thoroughly in (True, False):  # with a postal code the city is only compared
        some = [row for row, code in codes.items() if thoroughly is (code is None)]
        wanted = {w for row in some for ways in row.wanted() for w in ways}
        cities |= world.search(wanted, thoroughly)
    found = {row: _answer(row, code, cities) for row, code in codes.items()}
    return [found[row] for row in rows]


@dataclass(frozen=True)
class Address:
    """One address, as text; "" = not known."""

    postal_code: str
    district: str
    city: str
    state: str
    province: str
    country: str

    @property
    def chinese(self) -> bool:
        """Whether its names are Chinese ones of China."""
        names = self.province + self.city + self.district + self.state
        here = self.country_code in ("", "CN", "HK", "MO", "TW")
        return here and is_chinese(names)

    @property
    def country_code(self) -> str | None:
        """Two-letter code; "" = not known, None = the text is no country."""
        return countries().get(key(self.country)) if self.country else ""

    @property
    def area(self) -> str:
        """Code of the state or province in GeoNames; "" = not known."""
        text = self.state or self.province
        if self.country_code == "CN" or self.chinese:
            return chinese_province(text) if text else ""
        if self.country_code in ("US", ""):
            return us_states().get(key(text), "")
        return ""

    def by_code(self) -> Place | None:
        """Return the place of a US postal code."""
        american = self.country_code in ("US", *TERRITORIES)
        known = american or (not self.country and self.area)
        return us_zip(self.postal_code) if self.postal_code and known else None

    def wanted(self) -> list[list[Wanted]]:
        """Names to look up among the cities of the world: district, then city."""
        if self.country_code is None:
            return []
        country = self.country_code or ("CN" if self.chinese else "")
        if country in ("", "US") and self.state.upper() in TERRITORIES:
            country = self.state.upper()
        elif not country and self.area:
            country = "US"
        both = self.chinese and not has_districts()
        names = (self.district, self.city) if both else (self.city,)
        return [
            [Wanted(key(form), country, self.area) for form in _forms(name)]
            for name in names
            if name
        ]


def _forms(name: str) -> list[str]:
    return chinese_forms(name) if is_chinese(name) else [name]


def _answer(
    row: Address, by_code: Place | None, cities: dict[Wanted, list[Place]]
) -> Answer:
    if not any((row.postal_code, row.district, row.city, row.state, row.province)):
        return _nowhere(_("there is no address to place it by"))
    if row.country_code is None:
        return Answer(
            doubt=_("the country is not known"),
            remedy=_("Write its two-letter code (ISO 3166), such as US or CN."),
        )
    if row.chinese and has_districts():
        return _in_china(row, cities)
    by_name = _by_name(row, cities)
    if by_code is None:
        return by_name
    answer = Answer(by_code, "postal code", CENSUS)
    if by_name.place is None or _km(by_code, by_name.place) <= APART_KM:
        return answer
    doubt = _("postal code and city lie {km:,.0f} km apart; placed by the postal code")
    return replace(
        answer,
        doubt=doubt.format(km=_km(by_code, by_name.place)),
        remedy=_("Correct the one that is wrong."),
    )


def _by_name(row: Address, cities: dict[Wanted, list[Place]]) -> Answer:
    """Place an address by the first of its names that is known."""
    ways = [_known(forms, cities) for forms in row.wanted()]
    city = ways[-1] if row.city else []
    district = ways[0] if row.chinese and row.district else []
    if city and district:  # GeoNames does not tell which city a district belongs to
        district = [x for x in district if _km(x, city[0]) <= APART_KM]
    if district:
        return _choose(district, "district", GEONAMES)
    if city:
        answer = _choose(city, "city", GEONAMES)
        return _less_precise(answer) if row.chinese and row.district else answer
    if row.city or row.district:
        return _nowhere(_("no place of this name is known"))
    if row.postal_code and not row.country:
        return Answer(
            doubt=_("a postal code says nothing without its country"),
            remedy=_('Map one, such as country = {{ constant = "US" }}.').format(),
        )
    return _nowhere(_("there is no name of a city, and no US postal code is known"))


def _known(forms: list[Wanted], cities: dict[Wanted, list[Place]]) -> list[Place]:
    """Return the places of the first form that is known, or of all without an area."""
    known = [cities[form] for form in forms if form in cities]
    if forms[0].area:
        known = known[:1]
    places = dict.fromkeys(place for some in known for place in some)
    return sorted(places, key=lambda place: -place.population)


def _choose(places: list[Place], precision: str, source: str) -> Answer:
    """Take the place that is meant, if that is clear."""
    first, *others = places
    others = [place for place in others if _km(first, place) > SAME_PLACE_KM]
    if not others:
        return Answer(first, precision, source)
    shown = "; ".join(
        f"{place.label} ({place.latitude:.2f}, {place.longitude:.2f})"
        for place in [first, *others][:3]
    )
    count = len(others) + 1
    if first.population >= MUCH_LARGER * max(others[0].population, 1):
        return Answer(
            first,
            precision,
            source,
            _("taken for {place}, the largest of {n} places of this name").format(
                place=first.label, n=count
            ),
            _("Nothing to do, if that is right; else add the state or province."),
        )
    return Answer(
        doubt=_("the name fits {n} places: {shown}").format(n=count, shown=shown),
        remedy=_("Add the state or province, or fill in latitude and longitude."),
    )


def _in_china(row: Address, cities: dict[Wanted, list[Place]]) -> Answer:
    """Place an address by the official names of China, the smallest level first."""
    province = row.province or row.state
    known = divisions("province").get(province, []) if province else []
    if province and not known:
        return _nowhere(_("no province of this name is known"))
    if row.district:
        found = _divisions("district", row.district, row.city, province)
        if found:
            return _choose([x.place for x in found], "district", TIANDITU)
    if row.city:
        answer = _chinese_city(row, province, cities)
    elif province:
        doubt = _("only the province is known; placed in its middle")
        remedy = _("Correct or complete the address.")
        answer = Answer(known[0].place, "province", TIANDITU, doubt, remedy)
    else:
        return _nowhere(_("no district of this name is known"))
    return _less_precise(answer) if row.district else answer


def _less_precise(answer: Answer) -> Answer:
    """Tell of the district that is not known, unless there is more to tell."""
    if answer.doubt:
        return answer
    return replace(
        answer,
        doubt=_("no district of this name is known there; placed less precisely"),
        remedy=_("Correct or complete the address."),
    )


def _chinese_city(
    row: Address, province: str, cities: dict[Wanted, list[Place]]
) -> Answer:
    """Place a prefecture at its seat, as GeoNames has it, or a city within one."""
    found = _divisions("city", row.city, "", province)
    if not found:
        found = _divisions("district", row.city, "", province)
        if not found:  # a quarter or a town
            return _by_name(row, cities)
        return _choose([x.place for x in found], "district", TIANDITU)
    middle = found[0].place  # of an area of up to some hundred kilometres
    seats = [x for ways in row.wanted() for x in _known(ways, cities)]
    seats = [x for x in seats if _km(x, middle) <= SEAT_KM]
    if seats:
        return Answer(seats[0], "city", GEONAMES)
    return Answer(middle, "city", TIANDITU)


def _divisions(level: str, name: str, city: str, province: str) -> list[Division]:
    """Return the divisions of a name; one that bears the full name goes alone."""
    for form in chinese_forms(name)[:2]:
        found = [
            x
            for x in divisions(level).get(form, [])
            if (not city or city in x.city or city in x.names)
            and (not province or province in x.province)
        ]
        if found:
            return found
    return []


def _nowhere(doubt: str) -> Answer:
    remedy = _("Correct the address, or fill in latitude and longitude.")
    return Answer(doubt=doubt, remedy=remedy)


def _km(one: Place, other: Place) -> float:
    return float(
        haversine_km(one.latitude, one.longitude, other.latitude, other.longitude)
    )
