"""A week as a PDF to print: A4 landscape, as many days on a page as can be read.

fpdf2 draws what the layout says, letter by letter searchable, without anything but wheels; the font is Fira Sans
(SIL Open Font Licence), which has the letters of Latin, Greek and Cyrillic.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

import fontpkg
from fontTools.ttLib import TTFont
from fpdf import FPDF

from lms_university_weeks.layout import STYLES, Box, Sheet, Text, sheet
from lms_university_weeks.views import Entry
from lms_university_weeks.week import WeekContent

PAGE = (842.0, 595.0)
MARGIN = 24
LEGIBLE = 0.65
"""How much smaller than on the screen a page may be: letters of 11 points become 7."""

UNKNOWN = "\u25af"
_FOOT = f"{UNKNOWN} stands for a letter that the font of this print does not have."


def pdf(content: WeekContent, title: str, entries: Sequence[Entry], moment: datetime) -> bytes:
    """Print a view of a week as it was at a moment; the same gives the same bytes. Slow: call it in a thread."""
    document = FPDF(orientation="landscape", unit="pt", format="A4")
    document.set_auto_page_break(False)
    document.set_title(title)
    document.set_lang("en")
    document.set_creation_date(moment)
    document.add_font("Fira", "", _font(400))
    document.add_font("Fira", "B", _font(700))
    for one in _pages(content, title, entries):
        document.add_page()
        with document.local_context(stroke_cap_style="butt"):  # else dashes grow together
            _draw(document, one)
    return bytes(document.output())


def _pages(content: WeekContent, title: str, entries: Sequence[Entry]) -> list[Sheet]:
    """Return sheets of whole days: all of them if that can be read, else as many on each as can, at least one."""
    found, days = [], list(content.days)
    while days:
        count = len(days)
        while True:
            one = _sheet(content, title, days[:count], entries)
            if count == 1 or one.width * LEGIBLE <= PAGE[0] - 2 * MARGIN:
                break
            count -= 1
        found.append(one)
        days = days[count:]
    return found


def _sheet(content: WeekContent, title: str, days: Sequence[date], entries: Sequence[Entry]) -> Sheet:
    return sheet(content, title, days, [one for one in entries if one.day in days])


def _draw(document: FPDF, one: Sheet) -> None:
    scale = min((PAGE[0] - 2 * MARGIN) / one.width, (PAGE[1] - 2 * MARGIN) / one.height, 1)
    texts = [*one.headings, *(text for box in one.sessions for text in box.texts)]
    document.set_line_width(0.5 * scale)
    for y in one.rules:
        document.line(MARGIN, MARGIN + y * scale, MARGIN + one.width * scale, MARGIN + y * scale)
    document.set_fill_color(255)
    for box in one.sessions:
        _session(document, box, scale)
    for text in texts:
        _text(document, text, scale)
    document.set_fill_color(0)
    for box in one.journeys:
        _rectangle(document, box, scale, "F")
    document.set_text_color(255)
    for box in one.journeys:
        for text in box.texts:
            _text(document, text, scale)
    document.set_text_color(0)
    if any(UNKNOWN in known(text.text, text.bold) for text in texts):
        document.set_font("Fira", size=7)
        document.text(MARGIN, PAGE[1] - MARGIN / 2, _FOOT)


def _session(document: FPDF, box: Box, scale: float) -> None:
    style = STYLES[box.entry.kind]
    document.set_line_width(style.border * scale)
    _dashes(document, style.dashes, scale)
    _rectangle(document, box, scale, "DF")
    if style.band is not None:
        document.set_line_width(6 * scale)
        _dashes(document, style.band, scale)
        x = MARGIN + (box.x + 6) * scale
        document.line(x, MARGIN + (box.y + 4) * scale, x, MARGIN + (box.y + box.height - 4) * scale)
    document.set_dash_pattern()


def _dashes(document: FPDF, dashes: tuple[int, ...], scale: float) -> None:
    document.set_dash_pattern(*(length * scale for length in dashes))


def _rectangle(document: FPDF, box: Box, scale: float, how: str) -> None:
    document.rect(MARGIN + box.x * scale, MARGIN + box.y * scale, box.width * scale, box.height * scale, how)


def _text(document: FPDF, text: Text, scale: float) -> None:
    document.set_font("Fira", "B" if text.bold else "", text.size * scale)
    document.text(MARGIN + text.x * scale, MARGIN + text.y * scale, known(text.text, text.bold))


def known(text: str, bold: bool) -> str:
    """Return a text with a box for each letter that the font does not have."""
    letters = _letters(700 if bold else 400)
    return "".join(
        letter if ord(letter) in letters else "" if unicodedata.combining(letter) else UNKNOWN
        for letter in unicodedata.normalize("NFC", text)
    )


def _font(weight: int) -> str:
    return str(fontpkg.path("Fira Sans", weight=weight))


@cache
def _letters(weight: int) -> frozenset[int]:
    with TTFont(_font(weight), lazy=True) as font:
        return frozenset(font.getBestCmap())
