"""The contracts, applied to parsed fields."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
from numpy.typing import NDArray

from planner.tables.fields import Parsed
from planner.tables.schema import amount_column, contract
from planner.words import _


def check_rules(parsed: Parsed, kind: str) -> None:
    """Check the contract on the parsed fields, and report every cell that breaks it."""
    schema = contract(kind)
    amounts = {
        name: amount_column(use.key)
        for name, use in parsed.extras.items()
        if use.numeric and (use.complete or kind == "reps")
    }
    schema = schema.add_columns(amounts)
    try:
        schema.validate(parsed.frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return
    cases = cases[cases["index"].notna()]
    for (name, check), found in cases.groupby(["column", "check"], sort=False):
        _report_rule(parsed, schema, str(name), str(check), found)


def _report_rule(
    parsed: Parsed,
    schema: pa.DataFrameSchema,
    name: str,
    check: str,
    cases: pd.DataFrame,
) -> None:
    at = cases["index"].to_numpy(int)
    at = at[~parsed.is_bad(name)[at]]
    if not len(at):
        return
    if check == "field_uniqueness":
        rule = _("the id occurs more than once; this is not its first row")
        remedies = [_("Remove the row, or give it an id of its own.")] * len(at)
    else:
        checks = schema.columns[name].checks
        rule = check
        remedies = [str(one.description) for one in checks if one.error == check][:1]
        remedies = _if_swapped(parsed, name, at, remedies[0])
    parsed.bad[name] = parsed.is_bad(name).copy()
    parsed.bad[name][at] = True
    column = parsed.column(name)
    if name in parsed.constants:
        value = str(parsed.frame[name].iloc[at[0]])
        parsed.findings.fault(column, value, rule, remedies[0])
        return
    values = parsed.raw.column(column).take(pyarrow.array(at)).to_pylist()
    parsed.findings.cell_faults(at, column, values, rule, remedies)


def _if_swapped(
    parsed: Parsed, name: str, at: NDArray[np.int64], remedy: str
) -> list[str]:
    """A latitude that would do as longitude, and the other way round: say so."""
    if name != "latitude":
        return [remedy] * len(at)
    latitude = parsed.frame["latitude"].to_numpy()[at]
    longitude = parsed.frame["longitude"].to_numpy()[at]
    swapped = (np.abs(latitude) <= 180) & (np.abs(longitude) <= 90)
    hint = _("Latitude and longitude look swapped; exchange them.")
    return [hint if one else remedy for one in swapped]
