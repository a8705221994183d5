"""
The contracts of the tables, declared once.

pandera checks the rules, column by column; the metadata say how a field is read and
what stands in where it has no source. `planner columns` prints all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from planner.words import _

Kind = Literal["id", "text", "number", "degrees", "yes/no", "skills"]
TABLES = ("accounts", "reps", "bases", "regions", "distances")
UNSAFE_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""A spreadsheet takes a cell that starts so for a formula."""

FARTHEST_KM = 40_000.0


@dataclass(frozen=True)
class FieldInfo:
    """
    One field of one contract, for people.

    Attributes
    ----------
    table, field
        Where it belongs, and its name.
    required
        Whether the table must have it.
    type
        id, text, number, degrees, yes/no, or skills.
    unit
        Of a number; else "".
    meaning
        In a sentence.
    default
        What stands in where the table has no such column; "" if nothing can.
    blank
        What an empty cell means where there is such a column; "fault" if it may
        not be empty.
    """

    table: str
    field: str
    required: bool
    type: Kind
    unit: str
    meaning: str
    default: str
    blank: str


def contracts() -> dict[str, list[FieldInfo]]:
    """Return every field of every table, in the order of the contract."""
    found = {
        table: [
            _info(table, name, column)
            for name, column in contract(table).columns.items()
        ]
        for table in TABLES
    }
    for table in ("accounts", "reps"):
        known = {info.field for info in found[table]}
        found[table] += [
            _info(table, name, column)
            for name, column in _address().items()
            if name not in known
        ]
    email = _text(_("E-mail; the owner in files for HubSpot and Zoho."))
    found["reps"].append(_info("reps", "email", email))
    return found


def contract(table: str) -> pa.DataFrameSchema:
    """
    Return the contract of a table, worded in the language chosen last.

    Parameters
    ----------
    table
        One of `TABLES`.
    """
    columns = {
        "accounts": _accounts,
        "reps": _reps,
        "bases": _bases,
        "regions": _regions,
        "distances": _distances,
    }[table]()
    return pa.DataFrameSchema(columns, name=table)


def amount_column(key: str) -> pa.Column:
    """Return the contract of a numeric column that the scenario names at `key`."""
    return _amount(_("Named by {key}.").format(key=key), "")


def _accounts() -> dict[str, pa.Column]:
    blank_zero: dict[str, Any] = {"default": 0.0, "blank": 0.0}
    per_year = _("currency per year")
    return {
        "account_id": _id(_("The account's key in the CRM, as text.")),
        "name": _text(_("Name to show."), default="account_id"),
        **_place(),
        "country": _text(_("Country; chooses the circuity of its roads.")),
        "owner": _text(_("Rep who serves it today; blank: vacant.")),
        "grade": _text(_("Grade, such as A, B, C.")),
        "skills": _skills(_("Skills that its rep must have, such as 'imaging:2'.")),
        "prefers": _skills(_("Skills that its rep should have.")),
        "priority": _text(_("Class of priority, for leaving out.")),
        "visits": _amount(_("Visits."), _("visits per year"), default=1.0),
        "hours_per_visit": _amount(
            _("Time on site."), _("hours per visit"), default=1.0
        ),
        "hours": _amount(
            _("Service hours; without it, visits x hours_per_visit."),
            _("hours per year"),
            default="visits x hours_per_visit",
        ),
        "value": _amount(_("What it is worth."), per_year, default=0.0),
        "tenure_years": _amount(
            _("How long its owner has served it."), _("years"), **blank_zero
        ),
        "pipeline": _amount(_("Open pipeline."), _("currency"), **blank_zero),
        "protected": _column(
            "yes/no",
            bool,
            _("Whether it must stay with its owner."),
            default="no",
            blank="no",
        ),
    }


def _reps() -> dict[str, pa.Column]:
    not_given: dict[str, Any] = {"default": float("nan"), "blank": float("nan")}
    return {
        "rep_id": _id(_("The rep's key in the CRM, as text.")),
        "name": _text(_("Name to show."), default="rep_id"),
        **_place(),
        "skills": _skills(_("Skills with levels, such as 'imaging:2;robotics'.")),
        "grade": _text(_("Grade, such as senior or novice.")),
        "team": _text(_("Team.")),
        "capacity": _amount(
            _("What a rep can take; mostly hours."), _("hours per year"), **not_given
        ),
        "quota": _amount(_("Target."), _("currency per year"), **not_given),
        "ramp": _amount(
            _("Share of full productivity, 1 for a rep fully trained."),
            _("share"),
            **not_given,
        ),
    }


def _bases() -> dict[str, pa.Column]:
    fields = {name: x for name, x in _reps().items() if name != "rep_id"}
    return {
        "base_id": _id(_("The candidate's key, as text; its rep has the same.")),
        **fields,
        "cost": _amount(
            _("Cost of opening it."),
            _("currency per year"),
            default=float("nan"),
            blank=float("nan"),
        ),
    }


def _regions() -> dict[str, pa.Column]:
    none: dict[str, Any] = {"default": 0.0, "blank": 0.0}
    return {
        "region_id": _id(_("The region's key, as text.")),
        "name": _text(_("Name to show."), default="region_id"),
        "level": _text(_("Level, such as country, province, city.")),
        "parent": _text(_("region_id of the region that it lies in; blank: none.")),
        **_degrees(),
        "country": _text(_("Country; chooses the circuity of its roads.")),
        "owner": _text(_("Rep who has it today; blank: nobody.")),
        "locked": _column(
            "yes/no",
            bool,
            _("Whether it must stay with its owner."),
            default="no",
            blank="no",
        ),
        "visits": _amount(
            _("Visits beside those to accounts."), _("visits per year"), **none
        ),
        "hours_per_visit": _amount(
            _("Time on site."), _("hours per visit"), default=1.0, blank=1.0
        ),
        "hours": _amount(
            _("Service hours of its own; without it, visits x hours_per_visit."),
            _("hours per year"),
            default="visits x hours_per_visit",
            blank=0.0,
        ),
        "value": _amount(
            _("What it is worth beside its accounts."), _("currency per year"), **none
        ),
    }


def _distances() -> dict[str, pa.Column]:
    absurd = pa.Check.in_range(
        0,
        FARTHEST_KM,
        error=_("kilometres from 0 to 40,000 are expected"),
        description=_("Correct the cell; the distance is one way, in kilometres."),
    )
    negative = _not_negative()
    return {
        "account_id": _column("text", str, _("Account."), required=True),
        "rep_id": _column("text", str, _("Rep."), required=True),
        "km": _column(
            "number",
            float,
            _("One-way road distance."),
            unit="km",
            checks=[absurd],
            required=True,
        ),
        "hours": _column(
            "number",
            float,
            _("One-way driving time."),
            unit=_("hours"),
            checks=[negative],
            default=_("from km"),
            blank=_("from km"),
        ),
    }


def _place() -> dict[str, pa.Column]:
    return {
        **_degrees(),
        "region_id": _text(_("Region it lies in; its place where it has no degrees.")),
    }


def _address() -> dict[str, pa.Column]:
    """Fields that are read only where a table is to be geocoded."""
    names = {
        "postal_code": _("Postal code; read with geocode = true, as the next ones."),
        "district": _("District or county of China."),
        "city": _("City."),
        "state": _("State, by name or code."),
        "province": _("Province."),
        "country": _("Country, by name or code."),
    }
    return {name: _text(meaning) for name, meaning in names.items()}


def _degrees() -> dict[str, pa.Column]:
    def degrees(most: int, meaning: str) -> pa.Column:
        within = pa.Check.in_range(
            -most,
            most,
            error=_("degrees from -{most} to {most} are expected").format(most=most),
            description=_("Correct the cell; degrees have a decimal point."),
        )
        return _column(
            "degrees",
            float,
            meaning,
            unit=_("degrees"),
            checks=[within],
            default=_("none"),
            blank=_("place of region_id"),
        )

    return {
        "latitude": degrees(90, _("Latitude (WGS 84).")),
        "longitude": degrees(180, _("Longitude (WGS 84).")),
    }


def _id(meaning: str) -> pa.Column:
    formula = pa.Check(
        lambda ids: ~ids.str.startswith(tuple(UNSAFE_STARTS)),
        error=_("an id may not start with = + - @, TAB or a line break"),
        description=_("Rename it: spreadsheets take such a cell for a formula."),
    )
    return _column("id", str, meaning, checks=[formula], required=True, unique=True)


def _text(meaning: str, default: str = "") -> pa.Column:
    return _column("text", str, meaning, default=default, blank=default)


def _skills(meaning: str) -> pa.Column:
    return _column("skills", str, meaning, default="", blank="")


def _amount(meaning: str, unit: str, **metadata: Any) -> pa.Column:
    return _column(
        "number", float, meaning, unit=unit, checks=[_not_negative()], **metadata
    )


def _not_negative() -> pa.Check:
    return pa.Check.ge(
        0,
        error=_("a number of 0 or more is expected"),
        description=_(
            "Correct the cell, or list it under `missing` if it means 'not known'."
        ),
    )


def _column(
    kind: Kind,
    dtype: type,
    meaning: str,
    *,
    unit: str = "",
    checks: list[pa.Check] | None = None,
    required: bool = False,
    unique: bool = False,
    **metadata: Any,
) -> pa.Column:
    """Declare a field; `default` and `blank` in the metadata, None: a fault."""
    return pa.Column(
        dtype,
        checks,
        nullable=dtype is float,
        unique=unique,
        required=required,
        report_duplicates="exclude_first",
        description=meaning,
        metadata={"kind": kind, "unit": unit, **metadata},
    )


def _info(table: str, name: str, column: pa.Column) -> FieldInfo:
    data = column.metadata or {}
    return FieldInfo(
        table=table,
        field=name,
        required=column.required,
        type=data["kind"],
        unit=data["unit"],
        meaning=column.description or "",
        default=_shown(data.get("default"), ""),
        blank=_shown(data.get("blank"), _("fault")),
    )


def _shown(value: object, otherwise: str) -> str:
    if value is None:
        return otherwise
    if isinstance(value, float):
        return _("not given") if pd.isna(value) else f"{value:g}"
    return str(value)
