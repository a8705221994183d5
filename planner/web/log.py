"""What goes wrong on the server: to a file, since a terminal is for people."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

LOG = logging.getLogger("planner.web")
LOG_FILE = "server.log"
LARGEST = 2_000_000
"""Bytes of the file; then it is put aside, and the one before it is dropped."""


def keep_log(folder: Path) -> None:
    """
    Keep all warnings and errors of this process in a file, with their tracebacks.

    A browser that leaves while a page is on its way makes several.
    """
    handler = RotatingFileHandler(
        folder / LOG_FILE, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True
    )
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a full disk is no reason for tracebacks either
