"""Where the tables come from: files, column mapping, filters, fills."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from planner.scenario.kinds import Counts

Cell = str | int | float | bool
Profile = Literal["salesforce", "hubspot", "zoho", "fxiaoke", "dynamics"]
"""A CRM whose exports are read by their own names of columns."""


class Model(BaseModel):
    """Base of every part: unknown keys, nan and inf are faults, values frozen."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False
    )


class Condition(Model):
    """A test of one column; several conditions in a list must all hold."""

    column: str = Field(description="Column of the table, or a mapped field.")
    any_of: list[Cell] | None = Field(
        None, alias="in", description="True where the cell is one of these."
    )
    none_of: list[Cell] | None = Field(
        None, alias="not_in", description="True where the cell is none of these."
    )
    at_least: float | None = Field(None, description="True where the number is >= it.")
    at_most: float | None = Field(None, description="True where the number is <= it.")

    @model_validator(mode="after")
    def _has_a_test(self) -> Condition:
        tests = (self.any_of, self.none_of, self.at_least, self.at_most)
        if all(test is None for test in tests):
            raise ValueError("needs one of: in, not_in, at_least, at_most")
        return self


class Fill(Model):
    """What an empty or missing cell becomes; never done unless asked for."""

    method: Literal["constant", "median"] = Field(
        alias="with", description="A constant, or the median of the present cells."
    )
    value: Cell | None = Field(None, description="The constant.")
    by: str | None = Field(
        None,
        description="Median within groups of this column (of all, if a group "
        "has no present cell).",
    )

    @model_validator(mode="after")
    def _constant_has_value(self) -> Fill:
        if (self.method == "constant") != (self.value is not None):
            raise ValueError("with = 'constant' needs a value, 'median' takes none")
        return self


class FieldSource(Model):
    """A field comes from a column, a constant, or a lookup by another column."""

    column: str | None = Field(None, description="Column of the file.")
    constant: Cell | None = Field(None, description="The same value in each row.")
    lookup: str | None = Field(None, description="Column whose text is looked up.")
    table: dict[str, Cell] | None = Field(None, description="Text -> value.")
    otherwise: Cell | None = Field(
        None, description="Value where the text is not in the table; else a fault."
    )
    missing: list[str] = Field([], description="Cells that mean 'not known'.")
    fill: Fill | None = None

    @model_validator(mode="after")
    def _one_source(self) -> FieldSource:
        given = [
            name
            for name in ("column", "constant", "lookup")
            if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise ValueError("needs exactly one of: column, constant, lookup")
        if (self.lookup is None) != (self.table is None):
            raise ValueError("lookup and table belong together")
        return self


def plain_columns(value: Any) -> Any:
    """Read a plain string among the sources of fields as the name of a column."""
    if not isinstance(value, dict):
        return value
    return {
        name: {"column": source} if isinstance(source, str) else source
        for name, source in value.items()
    }


class Table(Model):
    """One input table and how to read it."""

    file: str = Field(
        description="Path, relative to the scenario file. CSV, TSV, "
        "Excel or Parquet (regions: any file that pyogrio reads)."
    )
    sheet: str | None = Field(None, description="Excel sheet; default: the first.")
    encoding: str | None = Field(None, description="Default: detected and stated.")
    separator: str | None = Field(None, description="Default: detected and stated.")
    decimal: Literal[".", ","] | None = Field(
        None, description="Decimal mark; default: each number must be unambiguous."
    )
    missing: list[str] = Field(
        [], description="Cells that mean 'not known' in every column, e.g. '-999'."
    )
    keep: list[Condition] = Field(
        [], description="Keep only the rows where all these hold, by file columns."
    )
    profile: Profile | None = Field(
        None,
        description="Accounts and reps: the CRM whose export this is; maps its columns "
        "to fields (stated in the notes). `fields` win.",
    )
    geocode: bool = Field(
        False,
        description="Accounts and reps: place rows without coordinates by postal_code, "
        "district, city, state, province, country (fields or columns), offline.",
    )
    fields: dict[str, FieldSource] = Field(
        {},
        description="Field of the contract -> source; a plain string is a column. "
        "A field not named here is taken from the column of the same name, if any.",
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _plain_string_is_column(cls, value: Any) -> Any:
        return plain_columns(value)


class RepTable(Table):
    """The table of reps, or just how many there are."""

    file: str = Field("", description="As for any table; or give `count`.")
    count: Counts | None = Field(
        None,
        description="So many reps T01, T02, ..., without a file; or 'low:high' for "
        "one solve each.",
    )

    @model_validator(mode="after")
    def _file_or_count(self) -> RepTable:
        if (self.file == "") == (self.count is None):
            raise ValueError("needs either file or count")
        return self

    @property
    def nobody(self) -> bool:
        """Whether there are no reps yet: all are to be placed by `bases`."""
        return not self.file and self.count is None


NO_REPS = RepTable.model_construct(file="", count=None, missing=[], keep=[], fields={})
"""Nobody yet: all reps are to be placed by `bases`."""
