"""Spreadsheets in, clean frames out, every fault named at once."""

from planner.scenario.areas import PREFIX
from planner.tables.areas import area_regions, planning_rows
from planner.tables.clean import read_clean, write_clean
from planner.tables.conditions import matches
from planner.tables.frames import Tables
from planner.tables.load import check_tables, load_tables
from planner.tables.pools import fields_of, is_pool
from planner.tables.safety import (
    safe_series,
    safe_text,
    unguarded,
    write_atomic,
    write_csv,
    write_faults,
)
from planner.tables.schema import UNSAFE_STARTS, FieldInfo, contracts
from planner.tables.skills import parse_skills

__all__ = [
    "PREFIX",
    "UNSAFE_STARTS",
    "FieldInfo",
    "Tables",
    "area_regions",
    "check_tables",
    "contracts",
    "fields_of",
    "is_pool",
    "load_tables",
    "matches",
    "parse_skills",
    "planning_rows",
    "read_clean",
    "safe_series",
    "safe_text",
    "unguarded",
    "write_atomic",
    "write_clean",
    "write_csv",
    "write_faults",
]
