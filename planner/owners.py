"""Back into the CRM: files of changed owners, and change lists, of a plan folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from planner.changes import change_list
from planner.decisions import kept_decisions
from planner.errors import Fault, PlannerError, TableError
from planner.evaluate.folder import read_csv
from planner.reporting import PlanView
from planner.tables import planning_rows, unguarded, write_atomic
from planner.tables.crm import title_of
from planner.tables.crm_ids import EMAIL, is_account_id, is_owner_key
from planner.tables.findings import nearest
from planner.waves import check_wave, lay_into_waves
from planner.words import _
from planner.workspace import read_plan_folder

Crm = Literal["salesforce", "hubspot", "zoho", "fxiaoke"]
CRMS: tuple[Crm, ...] = get_args(Crm)


@dataclass(frozen=True)
class _File:
    """
    What a system reads: names of both columns, line end, and whose key an owner is.

    All ids, keys and names of columns are ASCII, so that UTF-8 without a mark is what
    each of them reads; no cell needs quotes.
    """

    columns: tuple[str, str]
    line_end: str
    by_email: bool


_FILES: dict[Crm, _File] = {
    # Bulk API 2.0 expects LF unless told otherwise; Data Loader takes either.
    "salesforce": _File(("Id", "OwnerId"), "\n", False),
    "hubspot": _File(("Record ID", "Company owner"), "\r\n", True),
    "zoho": _File(("Record Id", "Account Owner"), "\r\n", True),
    # An import cannot change owners there; these are the keys of its changeOwner call.
    "fxiaoke": _File(("objectDataId", "ownerId"), "\n", False),
}


@dataclass(frozen=True, eq=False)
class OwnerFile:
    """
    A file of changed owners.

    Attributes
    ----------
    crm
        The system that reads it.
    frame
        Its two columns, one row for each account that changes hands, by id.
    unchanged
        Accounts that keep their owner, and so are not in it.
    left_out
        Accounts without a rep that are not in it: they keep today's owner there.
    other_waves
        Accounts that change hands in another wave, and so are not in it.
    """

    crm: Crm
    frame: pd.DataFrame
    unchanged: int
    left_out: int
    other_waves: int

    def to_bytes(self) -> bytes:
        """Return the file as the system reads it."""
        text = self.frame.to_csv(
            index=False,
            lineterminator=_FILES[self.crm].line_end,
            quoting=csv.QUOTE_MINIMAL,
        )
        return text.encode("ascii")

    def save(self, path: str | Path) -> None:
        """
        Write the file.

        Raises
        ------
        PlannerError
            If another table stands there.
        """
        path, header = Path(path), ",".join(self.frame.columns)
        if path.is_file():
            with path.open("rb") as old:
                first = old.readline().decode("utf-8", "replace").strip()
            if first and first != header:
                raise PlannerError(
                    _(
                        "{path} is there, and no file of owners for {crm}; it is left "
                        "alone. Name another file with -o."
                    ).format(path=path, crm=title_of(self.crm))
                )
        write_atomic(path, self.to_bytes())

    def sentences(self) -> list[str]:
        """Say what is in the file, and what is not."""
        lines = [
            _("{n:,} accounts change hands in {crm} ({columns}).").format(
                n=len(self.frame),
                crm=title_of(self.crm),
                columns=", ".join(self.frame.columns),
            ),
            _("{n:,} accounts keep their owner, and are not in the file.").format(
                n=self.unchanged
            ),
        ]
        if self.other_waves:
            lines.append(
                _("{n:,} accounts change hands in other waves.").format(
                    n=self.other_waves
                )
            )
        if self.left_out:
            lines.append(
                _(
                    "{n:,} accounts are left without a rep: they are not in the file, "
                    "and keep today's owner there. --left-out-to KEY gives them to "
                    "somebody."
                ).format(n=self.left_out)
            )
        if self.crm == "fxiaoke":
            lines.append(
                _(
                    "Fxiaoke changes owners only by its call changeOwner, whose keys "
                    "these are; accounts in a public pool must be claimed first."
                )
            )
        return lines


def export_owners(
    plan: str | Path | PlanView,
    crm: Crm,
    *,
    wave: int | None = None,
    owner_column: str | None = None,
    owner_keys: Mapping[str, str] | None = None,
    left_out_to: str | None = None,
) -> OwnerFile:
    """
    Make the file by which a CRM takes over the owners of a plan.

    Parameters
    ----------
    plan
        A plan folder, or the view of a plan.
    crm
        salesforce (``Id,OwnerId``), hubspot (``Record ID,Company owner``), zoho
        (``Record Id,Account Owner``) or fxiaoke (``objectDataId,ownerId``).
    wave
        Only the accounts of this wave, see `planner.waves`; default: all.
    owner_column
        Field of the reps that holds the owner's key in the CRM. Default: ``rep_id``;
        for hubspot and zoho ``email``, unless the ids of reps are e-mails.
    owner_keys
        ``rep_id`` -> owner's key, instead of a field.
    left_out_to
        Owner's key that accounts without a rep get; default: these are not in the
        file.

    Returns
    -------
    The file: only accounts whose owner changes; ids byte for byte.

    Raises
    ------
    TableError
        Naming every id that is none in this CRM, and every rep without a key.
    PlannerError
        For an unknown CRM, wave, or field.
    """
    if crm not in CRMS:
        raise PlannerError(
            _("There are no files for {crm!r}. {near}").format(
                crm=crm, near=nearest(str(crm), CRMS, _("systems"))
            )
        )
    view = plan if isinstance(plan, PlanView) else read_plan_folder(Path(plan))
    accounts = view.tables.accounts
    if not len(accounts):
        raise PlannerError(
            _("The plan has regions only, no accounts: there is nothing for a CRM.")
        )
    owner = view.owner.reindex(accounts.index).fillna("").astype("str")
    key_of = _keys(view, crm, owner_column, owner_keys)
    moved = (owner != accounts["owner"].astype("str")).to_numpy(bool)
    out = (owner == "").to_numpy(bool)
    inside = np.ones(len(owner), dtype=bool)
    if wave is not None:
        check_wave(view.scenario, wave)
        rows = planning_rows(view.tables, view.scenario).loc[accounts.index]
        inside = lay_into_waves(view.scenario, rows).number == wave
    chosen = moved & inside
    if left_out_to is None:
        chosen &= ~out
    faults = [
        *_not_ids(crm, accounts.index, chosen),
        *_not_keys(view, crm, owner[chosen], key_of, owner_column),
        *_not_somebody(crm, left_out_to),
    ]
    if faults:
        raise TableError(faults, more=_("... and {n:,} more (--faults FILE lists all)"))
    keys = owner[chosen].map({**key_of, "": left_out_to or ""})
    own = _FILES[crm].columns
    frame = pd.DataFrame({own[0]: keys.index.astype("str"), own[1]: keys.to_numpy()})
    return OwnerFile(
        crm=crm,
        frame=frame.sort_values(own[0], ignore_index=True),
        unchanged=int((~moved & ~out).sum()),
        left_out=0 if left_out_to is not None else int((out & inside).sum()),
        other_waves=int((moved & ~inside & ~out).sum()),
    )


def changes_of(
    folder: str | Path, against: str | Path | None = None
) -> tuple[pd.DataFrame, PlanView]:
    """
    Return the change list of a plan folder, and the plan.

    Parameters
    ----------
    folder
        A plan folder.
    against
        Another one whose owners are the earlier ones, instead of today's.

    Returns
    -------
    The list as `planner.changes.change_list` makes it, with the reasons and decisions
    that the folder holds; and the plan it is of.

    Raises
    ------
    PlannerError
        If one is no complete plan folder.
    """
    folder = Path(folder)
    view, cells = read_plan_folder(folder), read_csv(folder / "plan.csv", ())
    before = None if against is None else read_plan_folder(Path(against)).owner
    reasons = None
    if "reason" in cells:
        texts = [unguarded(text) for text in cells["reason"]]
        reasons = pd.Series(texts, index=cells["account_id"], dtype="str")
    frame = change_list(
        view.scenario,
        view.tables,
        view.owner,
        before=before,
        reasons=reasons if against is None else None,
        decisions=kept_decisions(folder),
    )
    return frame, view


def read_owner_keys(path: str | Path) -> dict[str, str]:
    """
    Read ``rep_id`` -> owner's key in the CRM from a CSV file of these columns.

    Raises
    ------
    PlannerError
        If the file lacks one of them, or names a rep twice.
    """
    try:
        cells = read_csv(Path(path), ("rep_id", "owner"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PlannerError(
            _(
                "{path} cannot be read as CSV ({why}). It needs the columns rep_id and "
                "owner, in UTF-8."
            ).format(path=path, why=error)
        ) from error
    if len(set(cells["rep_id"])) < len(cells["rep_id"]):
        raise PlannerError(
            _("{path} names a rep more than once. Leave one row for each.").format(
                path=path
            )
        )
    return dict(zip(cells["rep_id"], cells["owner"], strict=True))


def _keys(
    view: PlanView,
    crm: Crm,
    column: str | None,
    given: Mapping[str, str] | None,
) -> dict[str, str]:
    """Owner's key of each rep, "" where there is none."""
    reps = view.tables.reps
    if given is not None:
        return {str(rep): given.get(str(rep), "").strip() for rep in reps.index}
    name = column or _usual_column(view, crm)
    if name == "rep_id":
        return {str(rep): str(rep) for rep in reps.index}
    if name not in reps:
        raise PlannerError(
            _(
                "The reps of this plan have no field {name!r}. Map it under "
                "[reps.fields] and solve again, or give --owners FILE. {near}"
            ).format(name=name, near=nearest(name, [str(x) for x in reps], _("fields")))
        )
    keys = reps[name].astype("str").str.strip()
    return {str(rep): key for rep, key in zip(reps.index, keys, strict=True)}


def _usual_column(view: PlanView, crm: Crm) -> str:
    ids = view.tables.reps.index
    if not _FILES[crm].by_email or all(EMAIL.fullmatch(str(one)) for one in ids):
        return "rep_id"
    return "email"


def _not_ids(crm: Crm, index: pd.Index, chosen: np.ndarray) -> list[Fault]:
    """Accounts whose key is none of the CRM, by their row in plan.csv."""
    wrong = [x for x in index[chosen] if not is_account_id(crm, str(x))]
    if not wrong:
        return []
    rows = {one: row for row, one in enumerate(sorted(index), start=2)}
    rule = _("this is no id of an account in {crm}").format(crm=title_of(crm))
    remedy = {
        "salesforce": _("Ids there have 15 or 18 characters, and begin with 001."),
        "hubspot": _("Ids there are digits, the column Record ID."),
        "zoho": _("Ids there are 15 to 20 digits, the column Record Id."),
        "fxiaoke": _("Ids there are 24 digits and letters a to f, the field _id."),
    }[crm]
    remedy += " " + _("Use that column as account_id, and solve again.")
    return [
        Fault("plan.csv", rows[one], "account_id", str(one), rule, remedy)
        for one in wrong
    ]


def _not_keys(
    view: PlanView,
    crm: Crm,
    owner: pd.Series,
    key_of: Mapping[str, str],
    column: str | None,
) -> list[Fault]:
    """Reps who get accounts and have no key that the CRM takes."""
    rows = {str(rep): row for row, rep in enumerate(view.tables.reps.index, start=2)}
    what = {
        "salesforce": _("an id of a user, which begins with 005"),
        "hubspot": _("an e-mail"),
        "zoho": _("an e-mail"),
        "fxiaoke": _("the number of an employee"),
    }[crm]
    faults = []
    for rep in sorted(set(owner) - {""}):
        key = key_of[rep]
        if is_owner_key(crm, key):
            continue
        rule = _("{rep} has no key of an owner in {crm}; expected: {what}")
        faults.append(
            Fault(
                "reps.csv",
                rows[rep],
                column or _usual_column(view, crm),
                key,
                rule.format(rep=rep, crm=title_of(crm), what=what),
                _(
                    "Name a field of the reps that holds it (--owner FIELD), or give "
                    "--owners FILE with rep_id,owner."
                ),
            )
        )
    return faults


def _not_somebody(crm: Crm, key: str | None) -> list[Fault]:
    if key is None or is_owner_key(crm, key):
        return []
    rule = _("this is no owner in {crm}").format(crm=title_of(crm))
    remedy = _("Give the key as the other owners have it.")
    return [Fault("--left-out-to", 0, "", key, rule, remedy)]
