"""Options and exit codes that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

NO, BAD_INPUT, INTERRUPTED = 1, 2, 130
"""Exit codes: the answer is no; bad input or usage; interrupted (best plan written)."""

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


def output_file(what: str) -> Callable:
    """Return the option for the one file that a command writes."""
    return click.option(
        "-o", "--output", type=FILE, required=True, metavar="FILE", help=what
    )


def output_folder(what: str) -> Callable:
    """Return the option for the folder that a command writes."""
    return click.option(
        "-o", "--output", type=FOLDER, required=True, metavar="DIR", help=what
    )


OUTPUT = output_folder("Plan folder to write; an existing plan folder is replaced.")
TIME = click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="Seconds for the solve, instead of the scenario's.",
)
SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    help="Seed, instead of the scenario's. A run repeats exactly only under "
    "solve.iterations and one thread, not under a time limit.",
)
START = click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="PLAN",
    help="Start from this plan folder, or CSV file with account_id,rep_id.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
FAULTS = click.option(
    "--faults", type=FILE, metavar="FILE", help="Write every fault as CSV."
)
