"""`planner serve`: the page in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from planner.commands.options import FOLDER
from planner.console import talk
from planner.words import _


@click.command()
@click.argument("workspace", type=FOLDER)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to listen on; else the first free one from 8400 on.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    help="Let others in: listen on this address; needs a password.",
)
@click.option(
    "--password",
    metavar="WORD",
    envvar="PLANNER_PASSWORD",
    help="What others must know to come in. Better in the variable PLANNER_PASSWORD: "
    "options can be seen in the list of processes.",
)
def serve(
    workspace: Path, port: int | None, host: str | None, password: str | None
) -> None:
    """Open a folder of scenarios and plans in a browser.

    \b
    The printed link works once, on this machine; the page can make more.
    All that is done on the page is in files of the folder. Ctrl-C ends it.
    Example:
        planner serve my-plans/
        PLANNER_PASSWORD=... planner serve my-plans/ --host 0.0.0.0
    """
    from planner.web.server import serve as serve_workspace

    def ready(address: str) -> None:
        talk(_("Open {address}").format(address=address))
        if host is not None:
            talk(
                _(
                    "What is sent is not encrypted: in a network that you do not "
                    "trust, put a proxy with TLS before it."
                )
            )

    serve_workspace(workspace, port=port, host=host, password=password, ready=ready)
