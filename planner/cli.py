"""Commands: each a thin call of one public function; heavy imports only when run."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.commands.bench import bench
from planner.commands.changes import changes
from planner.commands.compare import compare
from planner.commands.diagnose import diagnose
from planner.commands.explain import explain
from planner.commands.export import export
from planner.commands.frontier import frontier
from planner.commands.options import (
    BAD_INPUT,
    FILE,
    FOLDER,
    INTERRUPTED,
    JSON,
    NO,
    output_folder,
)
from planner.commands.report import report
from planner.commands.resolve import resolve
from planner.commands.serve import serve
from planner.commands.solve import demo, solve
from planner.commands.sweep import sweep
from planner.console import list_faults, talk
from planner.errors import PlannerError
from planner.helptexts import Multilingual, choose_language
from planner.words import _

if TYPE_CHECKING:
    pass


class _Commands(Multilingual):
    """A group that turns every error a user can fix into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; no traceback reaches the user."""
        try:
            return super().invoke(ctx)
        except PlannerError as error:
            talk(_("Error: {error}").format(error=error))
            ctx.exit(BAD_INPUT)
        except KeyboardInterrupt:
            talk(_("Interrupted; nothing was written."))
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(0)
        except OSError as error:
            talk(
                _("Error: {error}. Check path, rights and disk space.").format(
                    error=error
                )
            )
            ctx.exit(BAD_INPUT)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="territory-planner", prog_name="planner")
@click.option(
    "--lang",
    metavar="CODE",
    is_eager=True,
    callback=choose_language,
    help="Language of messages, e.g. en or zh; before --help, of the help, too.",
)
def main(lang: str) -> None:
    """Plan sales territories: who serves which account, with a proven gap."""
    if lang != "en":  # a wrong code must not cost a solve
        from planner.report import locale_of

        locale_of(lang)


@main.command()
@click.argument("folder", type=FOLDER)
@JSON
def verify(folder: Path, as_json: bool) -> None:
    """Judge a plan folder from the folder alone: rules, costs, bound.

    Exit code 1 when anything is wrong.
    """
    from planner.evaluate.verify import verify as judge

    verdict = judge(folder)
    if as_json:
        click.echo(json.dumps(verdict.to_dict(), ensure_ascii=False))
    else:
        click.echo(str(verdict))
    if not verdict.ok:
        sys.exit(NO)


@main.command()
@click.argument("scenario", type=FILE)
@click.option("--faults", type=FILE, help="Write every fault and warning as CSV.")
@JSON
def check(scenario: Path, faults: Path | None, as_json: bool) -> None:
    """Read and check a scenario and its tables; solve nothing.

    Exit code 2 when there are faults; warnings alone are no reason.
    """
    from planner.scenario import read_scenario
    from planner.tables import area_regions, check_tables, write_faults

    question = read_scenario(scenario)
    tables, found, warnings, notes = check_tables(question, question.base)
    if faults is not None:
        write_faults([*found, *warnings], faults)
    if as_json:
        body = {
            "ok": not found,
            "faults": [vars(fault) for fault in found],
            "warnings": [vars(fault) for fault in warnings],
            "notes": notes,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
    else:
        for note in notes:
            click.echo(note)
        list_faults(_("{n:,} warning(s)"), warnings)
        list_faults(_("{n:,} fault(s)"), found)
        if tables is not None:
            fit = _("{accounts:,} accounts, {reps:,} reps: fit to solve.")
            regions = 0
            if question.unit == "region" and tables.regions is not None:
                fit = _(
                    "{regions:,} regions, {accounts:,} accounts, {reps:,} reps: fit to "
                    "solve."
                )
                regions = len(area_regions(tables.regions, question.areas.level))
            click.echo(
                fit.format(
                    regions=regions,
                    accounts=len(tables.accounts),
                    reps=len(tables.reps) - len(question.pools),
                )
            )
    if found:
        sys.exit(BAD_INPUT)


@main.command()
@JSON
def columns(as_json: bool) -> None:
    """Print the contract of every table: fields, units, defaults."""
    from planner.tables import contracts

    found = contracts()
    if as_json:
        body = {
            table: [_plain(field) for field in fields]
            for table, fields in found.items()
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    from planner.telling import contract_text

    click.echo(contract_text(found))


def _plain(field: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {k: v if v == v else None for k, v in asdict(field).items()}


@main.command()
def schema() -> None:
    """Print the JSON schema of the scenario file, for editors."""
    from planner.scenario import Scenario

    text = json.dumps(Scenario.model_json_schema(), indent=1, ensure_ascii=False)
    click.echo(text.replace("Infinity", '"inf"'))


@main.command()
@click.argument("folder", type=FOLDER, default=Path())
def init(folder: Path) -> None:
    """Write a commented scenario and small example tables to start from."""
    from planner.embedded import write_example

    for path in write_example(folder):
        talk(_("wrote {path}").format(path=path))
    talk(_("Next: planner solve {path} -o out/").format(path=folder / "plan.toml"))


@main.command("map")
@click.argument("folder", type=FOLDER)
@output_folder(
    "Existing or new folder for map.png and map.svg; not the plan folder, whose files "
    "are sealed."
)
def draw_map(folder: Path, output: Path) -> None:
    """Draw the maps of a plan folder again, from its files."""
    from planner.redraw import redraw_map

    for message in redraw_map(folder, output):
        talk(message)
    talk(_("wrote {path}").format(path=output / "map.png"))


for command in (
    bench,
    changes,
    compare,
    demo,
    diagnose,
    explain,
    export,
    frontier,
    report,
    resolve,
    serve,
    solve,
    sweep,
):
    main.add_command(command)


def run() -> None:
    """Run a command as a process of its own: what solvers print is no data."""
    with suppress(
        AttributeError, OSError, ValueError
    ):  # no stdout: a service, or closed by the caller
        sys.stdout.flush()
        sys.stdout = os.fdopen(
            os.dup(1),
            "w",
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
            buffering=1,
        )
        os.dup2(2, 1)
    main()


if __name__ == "__main__":
    run()
