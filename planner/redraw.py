"""What shows a plan, drawn again from a plan folder, or from a solution in hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.briefing import briefing
from planner.certificate import certificate_of
from planner.errors import PlannerError
from planner.folders import refuse_sealed
from planner.words import _, language
from planner.workspace import read_plan_folder, view_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from planner.reporting import PlanView
    from planner.solution import Solution


def redraw_map(folder: Path, output: Path) -> list[str]:
    """
    Draw map.png and map.svg of a plan folder into another folder.

    Returns
    -------
    Messages for the user.

    Raises
    ------
    PlannerError
        If nothing has a place, or `output` is the sealed plan folder or within it.
    """
    from planner.maps import write_map

    refuse_sealed(output, folder)
    layers = _layers_or_raise(read_plan_folder(folder))
    output.mkdir(parents=True, exist_ok=True)
    return write_map(output, **layers)


def redraw_report(
    folder: Path,
    output: Path,
    *,
    frontier: Path | None = None,
    headcount: Path | None = None,
) -> list[str]:
    """
    Write the report of a plan folder, in the chosen language, to another file.

    Parameters
    ----------
    output
        ``.pdf`` for a PDF, anything else is HTML.
    frontier, headcount
        Folders with ``frontier.csv`` and ``curve.csv``, to be shown as well.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.

    Raises
    ------
    PlannerError
        If the file lies in the sealed plan folder, one of the other folders does not
        hold what it should, or what writes PDF is not installed.
    """
    from planner.report import write_report
    from planner.report.pdf import check_pdf, write_pdf

    refuse_sealed(output, folder)
    as_pdf = output.suffix.lower() == ".pdf"
    if as_pdf:
        check_pdf()  # before the work, not after it
    view = read_plan_folder(folder)
    said = briefing(
        view,
        view.layers(),
        language(),
        folder=folder,
        frontier=frontier,
        headcount=headcount,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    if as_pdf:
        return write_pdf(output, said)
    write_report(output, said)
    return []


def plot_plan(solution: Solution, ax: Axes | None = None) -> Axes:
    """
    Draw a solution's territories.

    Raises
    ------
    PlannerError
        When there is no plan, or no account has a place.
    """
    from planner.maps import plot_territories

    if solution.plan is None:
        raise PlannerError(_("There is no plan to draw."))
    layers = _layers_or_raise(view_of(solution, certificate_of(solution)))
    layers.pop("subtitle")
    return plot_territories(**layers, ax=ax)


def card_of(solution: Solution) -> str:
    """Return what a notebook shows of a solution: key figures and a small map."""
    from planner.report import card, card_without_plan

    if solution.plan is None:
        ended = _("No plan: {status}.").format(status=_(solution.status))
        return card_without_plan(solution.scenario.name, ended, solution.reasons)
    view = view_of(solution, certificate_of(solution))
    return card(briefing(view, view.layers(), language()))


def _layers_or_raise(view: PlanView) -> dict[str, Any]:
    layers = view.layers()
    if layers is None:
        raise PlannerError(
            _(
                "No account with a rep has a place, so there is no map. Fill latitude "
                "and longitude."
            )
        )
    return layers
