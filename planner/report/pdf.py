"""The report as PDF: the same page, laid out on A4."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from planner.errors import PlannerError
from planner.maps.fonts import families_for
from planner.report.data import ReportData
from planner.report.page import report_page
from planner.words import _


def check_pdf() -> None:
    """
    Refuse to begin where no PDF can be written.

    Raises
    ------
    PlannerError
        With what to install.
    """
    _weasyprint()


def write_pdf(path: Path, data: ReportData) -> list[str]:
    """
    Write the report as PDF, tagged, with bookmarks.

    Parameters
    ----------
    path
        File to write; its folder exists.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.

    Raises
    ------
    PlannerError
        If what writes PDF is not installed.
    """
    weasyprint = _weasyprint()
    page = report_page(data)
    with _quiet():
        document = weasyprint.HTML(string=page, url_fetcher=_nothing)
        document.write_pdf(path, pdf_tags=True)
    _families, message = families_for([page])
    return [message] if message else []


def _nothing(url: str, *_more: Any, **_options: Any) -> Any:
    """Fetch nothing: the page holds all that it shows."""
    raise ValueError(f"a report loads nothing: {url}")


def _weasyprint() -> Any:
    """Return the package that lays out pages."""
    try:
        import weasyprint
    except ImportError as error:
        raise PlannerError(
            _(
                "Writing PDF needs an extra: pip install 'territory-planner[pdf]'. Or "
                "write HTML and print it from a browser."
            )
        ) from error
    except OSError as error:  # a library of the system is missing
        raise PlannerError(
            _(
                "Writing PDF needs the library Pango ({error}). On Debian or Ubuntu: "
                "apt install libpango-1.0-0 libpangoft2-1.0-0. Or write HTML and print "
                "it from a browser."
            ).format(error=str(error).splitlines()[0])
        ) from error
    return weasyprint


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep remarks on CSS that only browsers need off the terminal."""
    logs = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
