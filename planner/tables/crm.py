"""Exports of CRMs, read by their own names of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from planner.scenario import FieldSource, Table
from planner.scenario.tables import Profile
from planner.tables.crm_ids import SCIENTIFIC, is_account_id, is_damaged, salesforce_18
from planner.tables.fields import Parsed
from planner.tables.raw import RawTable
from planner.words import N_, _

TITLES: dict[Profile, str] = {
    "salesforce": "Salesforce",
    "hubspot": "HubSpot",
    "zoho": "Zoho CRM",
    "fxiaoke": N_("Fxiaoke"),
    "dynamics": "Dynamics 365",
}
"""How people call the systems, see `title_of`."""

Aliases = Mapping[str, Sequence[str]]

_SALESFORCE_USERS: Aliases = {
    "rep_id": ("Id", "User ID", "User_Id"),
    "name": ("Name", "Full Name", "User Name"),
    "email": ("Email", "E-mail"),
    "latitude": ("Latitude",),
    "longitude": ("Longitude",),
    "postal_code": ("PostalCode", "Zip/Postal Code", "postal_code"),
    "city": ("City",),
    "state": ("State", "State/Province", "StateCode"),
    "country": ("CountryCode", "Country", "country_code"),
}
_ALIASES: dict[tuple[Profile, str], Aliases] = {
    ("salesforce", "accounts"): {
        "account_id": ("Id", "Account ID", "Account Id 18", "18-digit Account ID"),
        "name": ("Name", "Account Name"),
        "owner": (
            *("OwnerId", "Owner ID", "owner_id", "Account Owner ID"),
            *("Account Owner", "Owner", "Owner.Name", "Owner Name"),
        ),
        "latitude": ("BillingLatitude", "Billing Latitude", "billing_latitude"),
        "longitude": ("BillingLongitude", "Billing Longitude", "billing_longitude"),
        "postal_code": (
            *("BillingPostalCode", "Billing Zip/Postal Code", "billing_postal_code"),
            "Billing Postal Code",
        ),
        "city": ("BillingCity", "Billing City", "billing_city"),
        "state": (
            *("BillingStateCode", "BillingState", "Billing State/Province"),
            *("Billing State", "billing_state_code", "billing_state"),
        ),
        "country": (
            *("BillingCountryCode", "BillingCountry", "Billing Country"),
            *("billing_country_code", "billing_country"),
        ),
    },
    ("salesforce", "reps"): _SALESFORCE_USERS,
    ("hubspot", "accounts"): {
        "account_id": (
            *("Record ID", "Record ID - Company", "hs_object_id", "Company ID"),
            *("companyId", "id"),
        ),
        "name": ("Company name", "name", "property_name"),
        "owner": ("hubspot_owner_id", "property_hubspot_owner_id", "Company owner"),
        "postal_code": ("Postal Code", "zip", "property_zip"),
        "city": ("City", "property_city"),
        "state": ("State/Region", "state", "property_state"),
        "country": ("Country/Region", "country", "property_country"),
    },
    ("hubspot", "reps"): {
        "rep_id": ("owner_id", "Owner ID", "ownerId", "id", "Email"),
        "name": ("Name", "Full name", "Owner name"),
        "email": ("Email",),
    },
    ("zoho", "accounts"): {
        "account_id": ("Record Id", "Account Id", "ACCOUNTID", "id"),
        "name": ("Account Name", "Account_Name"),
        "owner": (
            *("Account Owner.id", "Account Owner Id", "Owner.id", "SMOWNERID"),
            *("Account Owner", "Owner"),
        ),
        "postal_code": (
            *("Billing Code", "Billing_Code", "Billing Address - Postal Code"),
            "Billing Address - Zip / Postal Code",
        ),
        "city": ("Billing City", "Billing_City", "Billing Address - City"),
        "state": (
            *("Billing State", "Billing_State"),
            "Billing Address - State / Province",
        ),
        "country": (
            *("Billing Country", "Billing_Country"),
            "Billing Address - Country / Region",
        ),
    },
    ("zoho", "reps"): {
        "rep_id": ("User Id", "Record Id", "id", "Email"),
        "name": ("Full Name", "full_name", "Name", "User Name"),
        "email": ("Email",),
        "postal_code": ("Zip", "Zip Code"),
        "city": ("City",),
        "state": ("State",),
        "country": ("Country",),
    },
    ("fxiaoke", "accounts"): {
        "account_id": ("_id", "objectDataId", "唯一性ID", "数据ID", "客户ID"),
        "name": ("客户名称", "name"),
        "owner": ("owner", "ownerId", "负责人ID", "负责人"),
        "latitude": ("纬度",),
        "longitude": ("经度",),
        "country": ("国家", "country"),
        "province": ("省", "省份", "province"),
        "city": ("市", "城市", "city"),
        "district": ("区", "区县", "district"),
    },
    ("fxiaoke", "reps"): {
        "rep_id": ("user_id", "userId", "员工ID", "员工编号", "_id"),
        "name": ("姓名", "员工姓名", "昵称", "name"),
        "email": ("邮箱", "邮件", "email"),
        "team": ("主属部门", "部门"),
        "province": ("省", "省份"),
        "city": ("市", "城市"),
    },
    ("dynamics", "accounts"): {
        "account_id": ("accountid", "(Do Not Modify) Account", "Account"),
        "name": ("name", "Account Name"),
        "owner": (*("ownerid", "_ownerid_value", "Owner Id", "owneridname", "Owner"),),
        "latitude": ("address1_latitude", "Address 1: Latitude"),
        "longitude": ("address1_longitude", "Address 1: Longitude"),
        "postal_code": (
            *("address1_postalcode", "Address 1: ZIP/Postal Code"),
            "Address 1: Zip/Postal Code",
        ),
        "city": ("address1_city", "Address 1: City"),
        "state": ("address1_stateorprovince", "Address 1: State/Province"),
        "country": ("address1_country", "Address 1: Country/Region"),
    },
    ("dynamics", "reps"): {
        "rep_id": ("systemuserid", "(Do Not Modify) User", "User"),
        "name": ("fullname", "Full Name"),
        "email": ("internalemailaddress", "Primary Email", "Email"),
        "postal_code": ("address1_postalcode", "Address 1: ZIP/Postal Code"),
        "city": ("address1_city", "Address 1: City"),
        "state": ("address1_stateorprovince", "Address 1: State/Province"),
        "country": ("address1_country", "Address 1: Country/Region"),
    },
}
"""
Field -> names of columns, the first found counts: of the API, of data loaders (these
in capitals), of reports and pages, and of warehouses. Keys of owners go before names.

Amounts are left to the scenario: revenue of a customer is not what it is worth.
"""

_MARKS = ("（必填）", "(必填)", "(required)", "*")
"""What templates put behind the name of a column."""


def title_of(crm: Profile) -> str:
    """Return how people call a system, in the chosen language."""
    return _(TITLES[crm])


def with_profile(table: Table, kind: str, raw: RawTable) -> Table:
    """
    Map the columns of a CRM's export to fields; what the scenario maps itself stays.

    Parameters
    ----------
    table
        How to read it; without a profile it is returned as it is.
    kind
        accounts or reps.
    raw
        As read; takes a note of what is mapped.
    """
    if table.profile is None:
        return table
    column_of = {_plain(name): name for name in reversed(raw.cells.column_names)}
    found: dict[str, FieldSource] = {}
    for field, names in _ALIASES[table.profile, kind].items():
        columns = [column_of[_plain(x)] for x in names if _plain(x) in column_of]
        if columns and field not in table.fields:
            found[field] = FieldSource(column=columns[0])
    told = ", ".join(f"{field} = {source.column}" for field, source in found.items())
    raw.findings.note(
        _("read as an export of {crm}: {fields}").format(
            crm=title_of(table.profile), fields=told or _("no column known")
        )
    )
    return table.model_copy(update={"fields": {**found, **table.fields}})


def check_ids(
    parsed: Parsed, table: Table, kind: str, own: Mapping[str, object]
) -> None:
    """
    Bring Salesforce ids to 18 characters; report ids that were damaged on the way.

    Parameters
    ----------
    parsed
        Accounts or reps with their fields.
    table
        With a profile, or nothing is done.
    own
        Fields that the scenario maps itself: their keys may be of any kind.
    """
    if table.profile is None:
        return
    key = "account_id" if kind == "accounts" else "rep_id"
    if table.profile == "salesforce":
        for field in {key, "owner"} & set(parsed.frame):
            _lengthen(parsed, field)
    if kind != "accounts" or key in own:
        return
    column, crm = parsed.column(key), title_of(table.profile)
    bad, strange = parsed.is_bad(key).copy(), []
    for at, text in enumerate(parsed.frame[key].tolist()):
        if bad[at] or is_account_id(table.profile, text):
            continue
        if SCIENTIFIC.fullmatch(text):
            rule = _("a spreadsheet has cut off the last digits of the id")
            remedy = _("Export again, and open it only as text.")
        elif table.profile == "salesforce" and is_damaged(text):
            rule = _("the last three characters of the id do not go with the others")
            remedy = _(
                "Export again: something has changed capitals, on which the id depends."
            )
        else:
            strange.append(text)
            continue
        bad[at] = True
        parsed.findings.cell_faults([at], column, [text], rule, remedy)
    parsed.bad[key] = bad
    if strange:
        parsed.findings.warn(
            column,
            strange[0],
            _("{n:,} ids are not like those of {crm}").format(n=len(strange), crm=crm),
            _("Nothing to do, unless they are to go back there (planner export)."),
        )


def match_owners(accounts: Parsed, reps: Parsed, profile: Profile | None) -> None:
    """
    Turn owners that an export gives by name or e-mail into ids of reps.

    Only what one rep alone has; all others stay as they are, and count as vacant.
    """
    if profile is None:
        return
    owner, ids = accounts.frame["owner"], reps.frame["rep_id"]
    unknown = owner[(owner != "") & ~owner.isin(ids)]
    rep_of: dict[str, str] = {}
    for texts in _spellings(reps, profile):
        once = (texts != "") & ~texts.duplicated(keep=False)
        for text, rep in zip(texts[once], ids[once], strict=True):
            rep_of.setdefault(text, rep)
    meant = unknown.map(rep_of).dropna()
    if meant.empty:
        return
    known = meant.reindex(owner.index)
    accounts.frame["owner"] = known.fillna(owner).astype("str")
    words = _(
        "column {column}: {n:,} owners given by name or e-mail were found among the "
        "reps, such as {text!r} as {rep}"
    )
    example = owner.loc[meant.index].iloc[0]
    accounts.findings.note(
        words.format(
            column=accounts.column("owner"),
            n=len(meant),
            text=str(example),
            rep=meant.iloc[0],
        )
    )


def _spellings(reps: Parsed, profile: Profile) -> list[pd.Series]:
    """Columns of other words for a rep, the surest first."""
    found = []
    if profile == "salesforce":
        found.append(reps.frame["rep_id"].map(salesforce_18))
    return found + [reps.frame[x] for x in ("email", "name") if x in reps.frame]


def _lengthen(parsed: Parsed, field: str) -> None:
    before = parsed.frame[field]
    after = before.map(salesforce_18)
    count = int(np.sum((before != after).to_numpy(bool)))
    if count:
        parsed.frame[field] = after.astype("str")
        parsed.findings.note(
            _("column {column}: {n:,} ids of 15 characters written with 18").format(
                column=parsed.column(field), n=count
            )
        )


def _plain(name: str) -> str:
    """Name of a column but for case, blanks and marks of templates."""
    plain = name.strip().casefold()
    for mark in _MARKS:
        plain = plain.removesuffix(mark).strip()
    return plain
