"""A font for every name: which installed fonts have the glyphs that labels need."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg

from planner.words import _

BASE = "DejaVu Sans"
"""Comes with matplotlib, so text has the same size everywhere."""

_MEASURE_DPI = 200.0

_NO_GLYPHS = "Last Resort"
"""Fonts of this name draw a box for every character; matplotlib brings one."""

_PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "SimHei",
)


def families_for(texts: Iterable[str]) -> tuple[list[str], str | None]:
    """
    Choose fonts that together have every glyph.

    Returns
    -------
    Font families in the order to try them, and a message that says what to install
    where no installed font has some glyphs (None where all is well).
    """
    # The map's own words, too: a font for one sentence of a language has them all.
    words = _("a shared region has the colour of the rep with most value in it")
    every = "".join([*texts, words])
    needed = {ord(letter) for letter in every if letter.isprintable()}
    missing = needed - _glyphs(BASE)
    families = [BASE]
    for family in _candidates() if missing else ():
        covered = missing & _glyphs(family)
        if covered:
            families.append(family)
            missing -= covered
        if not missing:
            break
    if not missing:
        return families, None
    sample = "".join(chr(code) for code in sorted(missing)[:5])
    return families, _(
        "No installed font can draw {n} of the characters on the map (such as "
        "{sample}); they appear as boxes in map.png. Install one, for example `apt "
        "install fonts-wqy-microhei` or Noto Sans CJK, and draw again."
    ).format(n=len(missing), sample=sample)


@contextmanager
def quiet_fonts() -> Iterator[None]:
    """
    Silence matplotlib about single glyphs and about weights that a font lacks.

    `families_for` tells the user once what is missing and what to do.
    """
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            yield
    finally:
        log.setLevel(level)


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width in points of a line of text, set in the current font families."""
    font = font_manager.FontProperties(size=size, weight=weight)
    wide = _renderer().get_text_width_height_descent(text, font, ismath=False)[0]
    return float(wide * 72 / _MEASURE_DPI)


@cache
def _renderer() -> RendererAgg:
    """Return a canvas to measure on, whatever the figure will be drawn on."""
    return RendererAgg(8, 8, _MEASURE_DPI)


def _candidates() -> list[str]:
    """Installed families, the preferred ones first."""
    _add_new_fonts()
    installed = {
        entry.name
        for entry in font_manager.fontManager.ttflist
        if not entry.name.startswith(_NO_GLYPHS)
    }
    first = [family for family in _PREFERRED if family in installed]
    return first + sorted(installed - set(first) - {BASE})


@cache
def _add_new_fonts() -> None:
    """Tell matplotlib of fonts that were installed since it last looked for them."""
    known = {Path(str(entry.fname)).name for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if Path(path).name not in known:
            try:
                font_manager.fontManager.addfont(path)
            except (RuntimeError, OSError, ValueError):
                continue  # not a font that matplotlib can draw with


@cache
def _glyphs(family: str) -> frozenset[int]:
    """Code points that the regular face of a family has."""
    faces = [face for face in font_manager.fontManager.ttflist if face.name == family]
    plain = min(faces, key=lambda face: (face.style != "normal", face.weight != 400))
    try:
        return frozenset(font_manager.get_font(plain.fname).get_charmap())
    except (RuntimeError, OSError):
        return frozenset()  # listed by the font cache, yet gone or not readable
