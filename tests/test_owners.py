"""Files of changed owners: what each CRM reads, and back again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner
from planner.errors import PlannerError, TableError
from planner.owners import CRMS, export_owners, read_owner_keys
from planner.reporting import PlanView
from planner.scenario import parse_scenario
from planner.tables import Tables, load_tables
from planner.tables.crm_ids import salesforce_18

FORMS: dict[str, tuple[str, str]] = {
    "salesforce": ("Id,OwnerId", "\n"),
    "hubspot": ("Record ID,Company owner", "\r\n"),
    "zoho": ("Record Id,Account Owner", "\r\n"),
    "fxiaoke": ("objectDataId,ownerId", "\n"),
}
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def in_letters(number: int, width: int) -> str:
    text = ""
    for _digit in range(width):
        number, rest = divmod(number, len(BASE36))
        text = BASE36[rest] + text
    return text


def account_id(crm: str, number: int) -> str:
    """An id as the CRM gives it; the 19 digits of Zoho fit no double."""
    return {
        "salesforce": salesforce_18("001x000" + in_letters(number * 7919, 8)),
        "hubspot": str(2_182_162_682 + number),
        "zoho": str(4_876_876_000_000_333_001 + number),
        "fxiaoke": f"5a9914fcf125ae0a{number:08x}",
    }[crm]


def rep_id(crm: str, number: int) -> str:
    return {
        "salesforce": salesforce_18("005x000" + in_letters(number * 104_729, 8)),
        "fxiaoke": str(1000 + number),
    }.get(crm, f"r{number}")


def view(crm: str, n: int, m: int = 5, text: str = "", **columns: Any) -> PlanView:
    """A plan of n accounts that keeps every third with its owner of today."""
    accounts = pd.DataFrame(
        {
            "account_id": [account_id(crm, i) for i in range(n)],
            "owner": [rep_id(crm, i % m) for i in range(n)],
            **columns,
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [rep_id(crm, j) for j in range(m)],
            "name": [f"Rep {j}" for j in range(m)],
            "email": [f"rep.{j}@example.com" for j in range(m)],
        }
    )
    scenario = parse_scenario(
        f"accounts = {{file = 'accounts'}}\nreps = {{file = 'reps'}}\n{text}"
    )
    tables = load_tables(scenario, Path(), accounts=accounts, reps=reps)
    kept = np.arange(n) % 3 == 0
    to = [rep_id(crm, i % m if kept[i] else (i * 7 + 1) % m) for i in range(n)]
    owner = pd.Series(to, index=tables.accounts.index, dtype="str")
    return PlanView(scenario, tables, owner, {})


def changed(plan: PlanView) -> dict[str, str]:
    before = plan.tables.accounts["owner"]
    return plan.owner[(plan.owner != before) & (plan.owner != "")].to_dict()


@pytest.mark.parametrize("crm", CRMS)
def test_the_file_as_each_crm_reads_it(crm: str, tmp_path: Path) -> None:
    """Header, line ends, ASCII, no quotes; only what changes."""
    plan = view(crm, 10)
    file = export_owners(plan, crm)
    file.save(tmp_path / "owners.csv")
    data = (tmp_path / "owners.csv").read_bytes()
    header, end = FORMS[crm]
    lines = data.decode("ascii").split(end)
    assert lines[0] == header
    assert lines[-1] == ""
    assert b'"' not in data
    assert data.count(b"\r") == (len(lines) - 1 if end == "\r\n" else 0)
    wanted = changed(plan)
    emails = plan.tables.reps["email"].to_dict()
    if crm in ("hubspot", "zoho"):
        wanted = {one: emails[rep] for one, rep in wanted.items()}
    assert dict(line.split(",") for line in lines[1:-1]) == wanted
    assert file.unchanged == 10 - len(wanted)


@pytest.mark.parametrize("crm", CRMS)
def test_there_and_back(crm: str, tmp_path: Path) -> None:
    """Read in again as the CRM's own export: the same reps, ids byte for byte."""
    plan = view(crm, 10_000, m=200)
    began = time.perf_counter()
    file = export_owners(plan, crm)
    file.save(tmp_path / "owners.csv")
    exported = time.perf_counter() - began
    scenario = parse_scenario(
        f"[accounts]\nfile = 'owners.csv'\nprofile = '{crm}'\n[reps]\nfile = 'reps'\n"
    )
    again = load_tables(scenario, tmp_path, reps=plan.tables.reps.reset_index())
    assert again.accounts["owner"].to_dict() == changed(plan)
    assert len(again.accounts) > 5_000
    assert exported < 3  # a tenth of a second on an idle machine


def test_only_one_wave() -> None:
    pipeline = [0.0, 100.0] * 5
    plan = view("hubspot", 10, pipeline=pipeline)
    both = [export_owners(plan, "hubspot", wave=n) for n in (1, 2)]
    ids = [set(file.frame["Record ID"]) for file in both]
    assert not ids[0] & ids[1]
    assert ids[0] | ids[1] == set(changed(plan))
    open_ones = set(plan.tables.accounts.index[1::2])
    assert ids[1] == set(changed(plan)) & open_ones
    assert both[0].other_waves == len(ids[1])
    assert "change hands in other waves" in " ".join(both[0].sentences())
    with pytest.raises(PlannerError, match="no wave 3; the scenario has waves 1 to 2"):
        export_owners(plan, "hubspot", wave=3)


def test_left_out_accounts_stay_unless_somebody_gets_them() -> None:
    plan = view("salesforce", 10)
    plan.owner.iloc[:2] = ""
    file = export_owners(plan, "salesforce")
    assert set(file.frame["Id"]) == set(changed(plan))
    assert file.left_out == 2
    assert "2 accounts are left without a rep" in " ".join(file.sentences())
    queue = salesforce_18("005x0000000QUEU")
    given = export_owners(plan, "salesforce", left_out_to=queue)
    assert (given.frame["OwnerId"] == queue).sum() == 2
    assert given.left_out == 0
    with pytest.raises(
        TableError, match=r"--left-out-to = 'queue': this is no owner in Sal"
    ):
        export_owners(plan, "salesforce", left_out_to="queue")


def test_every_id_that_is_none_is_named() -> None:
    """By its row in plan.csv, with what is expected and the remedy."""
    plan = view("zoho", 4)
    names = {"accounts": plan.tables.accounts, "reps": plan.tables.reps}
    index = plan.tables.accounts.index.to_series()
    index.iloc[[1, 2]] = ["=cmd", "12,3"]
    accounts = names["accounts"].set_axis(pd.Index(index, name="account_id"))
    reps = names["reps"].assign(email=["", "=1@x.com", "a@b", "ok@x.com", "x y@z.com"])
    owner = pd.Series(["r0", "r0", "r1", "r2"], index=accounts.index)
    bad = PlanView(plan.scenario, Tables(accounts, reps), owner, {})
    with pytest.raises(TableError, match="this is no id") as raised:
        export_owners(bad, "zoho")
    assert [str(fault) for fault in raised.value.faults] == [
        "plan.csv, row 5, column account_id = '=cmd': this is no id of an account in "
        "Zoho CRM. Ids there are 15 to 20 digits, the column Record Id. Use that "
        "column as account_id, and solve again.",
        "plan.csv, row 2, column account_id = '12,3': this is no id of an account in "
        "Zoho CRM. Ids there are 15 to 20 digits, the column Record Id. Use that "
        "column as account_id, and solve again.",
        "reps.csv, row 2, column email = '': r0 has no key of an owner in Zoho CRM; "
        "expected: an e-mail. Name a field of the reps that holds it (--owner FIELD), "
        "or give --owners FILE with rep_id,owner.",
        "reps.csv, row 3, column email = '=1@x.com': r1 has no key of an owner in Zoho "
        "CRM; expected: an e-mail. Name a field of the reps that holds it (--owner "
        "FIELD), or give --owners FILE with rep_id,owner.",
        "reps.csv, row 4, column email = 'a@b': r2 has no key of an owner in Zoho CRM; "
        "expected: an e-mail. Name a field of the reps that holds it (--owner "
        "FIELD), or give --owners FILE with rep_id,owner.",
    ]


def test_damaged_salesforce_ids_do_not_leave() -> None:
    """An id whose capitals were lost would be another account's, or nobody's."""
    plan = view("salesforce", 3)
    index = plan.tables.accounts.index.str.lower()
    accounts = plan.tables.accounts.set_axis(pd.Index(index, name="account_id"))
    owner = pd.Series(plan.owner.to_numpy(), index=accounts.index)
    bad = PlanView(plan.scenario, Tables(accounts, plan.tables.reps), owner, {})
    with pytest.raises(TableError, match="begin with 001"):
        export_owners(bad, "salesforce")


def test_owners_by_field_or_table(tmp_path: Path) -> None:
    plan = view("salesforce", 6)
    emails = export_owners(view("hubspot", 6), "hubspot", owner_column="email")
    assert emails.frame["Company owner"].str.endswith("@example.com").all()
    keys = {rep: f"x{at}@x.com" for at, rep in enumerate(plan.tables.reps.index)}
    path = tmp_path / "keys.csv"
    text = "rep_id,owner\n" + "".join(f"r{j},x{j}@x.com\n" for j in range(5))
    path.write_text(text, "utf-8")
    given = export_owners(view("zoho", 6), "zoho", owner_keys=read_owner_keys(path))
    assert given.frame["Account Owner"].str.endswith("@x.com").all()
    assert set(keys.values()) >= set(given.frame["Account Owner"])
    some = {"r0": "x0@x.com"}
    with pytest.raises(TableError, match="r1 has no key of an owner in Zoho CRM"):
        export_owners(view("zoho", 6), "zoho", owner_keys=some)
    with pytest.raises(PlannerError, match=r"no field 'mail'.*Did you mean 'email'"):
        export_owners(view("zoho", 6), "zoho", owner_column="mail")
    path.write_text(text + "r1,y@x.com\n", "utf-8")
    with pytest.raises(PlannerError, match="names a rep more than once"):
        read_owner_keys(path)
    with pytest.raises(
        PlannerError, match=r"cannot be read as CSV .* rep_id and owner"
    ):
        read_owner_keys(tmp_path / "none.csv")


def test_ids_of_reps_that_are_emails_need_no_field() -> None:
    """Nor any other column."""
    plan = view("hubspot", 6)
    emails = plan.tables.reps["email"]
    accounts = plan.tables.accounts.assign(
        owner=plan.tables.accounts["owner"].map(emails)
    )
    reps = plan.tables.reps.set_index("email", drop=True).rename_axis("rep_id")
    owner = plan.owner.map(emails)
    file = export_owners(
        PlanView(plan.scenario, Tables(accounts, reps), owner, {}), "hubspot"
    )
    assert set(file.frame["Company owner"]) <= set(emails)


def test_another_table_is_not_overwritten(tmp_path: Path) -> None:
    file = export_owners(view("hubspot", 6), "hubspot")
    path = tmp_path / "accounts.csv"
    path.write_text("Record ID,Company name\n1,Alpha\n", "utf-8")
    with pytest.raises(
        PlannerError, match=r"is there, and no file of owners for HubSp"
    ):
        file.save(path)
    file.save(tmp_path / "owners.csv")
    file.save(tmp_path / "owners.csv")


def test_an_unknown_crm() -> None:
    with pytest.raises(
        PlannerError, match=r"no files for 'sap'.*There are these systems"
    ):
        export_owners(view("hubspot", 3), "sap")  # type: ignore[arg-type]


def test_what_fxiaoke_needs_is_said() -> None:
    said = " ".join(export_owners(view("fxiaoke", 6), "fxiaoke").sentences())
    assert "only by its call changeOwner" in said
    assert planner.export_owners is export_owners
