"""An agreement as a PDF: tables on A4 in the order in which they are read, and what is signed attached to it.

The font is Fira Sans (SIL Open Font Licence), which has the letters of Latin, Greek and Cyrillic.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import fontpkg
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue
from fpdf.prefs import ViewerPreferences

from lms_internship_credit.agreement_words import W, afterwards, boxes, changes, means, moment, parties, programme
from lms_internship_credit.agreements import Agreement
from lms_internship_credit.lifecycle import PARTIES
from lms_internship_credit.telling import Language, day

MARGIN = 48.0
FOOT = 54.0
WIDTH = 595.28 - 2 * MARGIN
LABEL = 130.0
SIZE, LINE = 9.5, 13.0
GAP = 8.0
"""Measures in points; `LABEL` is how wide the first column is."""

UNKNOWN, CUT = "\u25af", "[\u2026]"
MOST = 600
"""How many lines a text may have in print. Longer ones are full of line breaks; the attached file has them whole."""

_ALL = 4 * "\ue000"
"""Stands for the number of pages. The font lacks it, so nothing that people wrote is taken for it."""

_UNSEEN = ("Mn", "Me", "Cf", "Cc")
"""Kinds of letters that nobody misses alone: marks on another letter, and signs that steer."""

Cell = tuple[str, float, bool]
"""A text, how wide its column is, and whether it is bold."""


class _Paper(FPDF):
    """A4 that says at the foot of each page which one it is."""

    foot = ""
    lacks = False  # whether a box stands for a letter somewhere
    cuts = False  # whether a text is not there to its end

    def footer(self) -> None:
        self.set_font("Fira", size=7.5)
        self.set_xy(MARGIN, -FOOT + 22)
        self.cell(WIDTH, 10, self.foot.replace("{page}", str(self.page_no())))


def pdf(found: Agreement, language: Language) -> bytes:
    """Print an agreement; the same gives the same bytes. Slow: call it in a thread."""
    one = found.written
    paper = _begun(found, language)
    _lines(paper, [(found.letterhead.sender, WIDTH, False)])
    if asked := found.letterhead.questions:
        _lines(paper, [(W["questions"][language].format(all=asked), WIDTH, False)])
    paper.set_y(paper.get_y() + GAP)
    _lines(paper, [(W["title"][language], WIDTH, True)], 15, 20)
    standing = W["version"][language].format(version=one.version) + W[found.standing][language]
    if found.due:
        standing += W["due"][language].format(day=day(found.due, language))
    _lines(paper, [(standing, WIDTH, False)])
    _table(paper, W["parties"][language], parties(one, language))
    _table(paper, W["a"][language], programme(one.agreed, one.mentor, language))
    _table(paper, W["b"][language], boxes(found.part, one.regulation, language), 26)
    _lines(paper, [(W["not_signed"][language], WIDTH, False)], 8, 11)
    _table(paper, W["c"][language], means(one.agreed, language))
    if found.before:
        _changed(paper, found, language)
    _signed(paper, found, language)
    if rows := afterwards(found, language):
        _table(paper, W["d"][language], rows)
    for name, there in (("unknown", paper.lacks), ("cut", paper.cuts)):
        if there:
            _lines(paper, [(W[name][language], WIDTH, False)], 8, 11)
    return bytes(paper.output())


def _begun(found: Agreement, language: Language) -> _Paper:
    """Return a paper that says of itself what it is, with what is signed attached."""
    one = found.written
    moments = [found.made_at, *(each.at for each in found.signatures)]
    moments += [by.at for by in (found.certified_by, found.evaluated_by) if by and found.certified]
    paper = _Paper(unit="pt", format="A4")
    paper.set_margins(MARGIN, MARGIN)
    paper.c_margin = 0
    paper.set_auto_page_break(False)
    title = W["short"][language].format(version=one.version, student=one.student.name, host=one.host.name)
    paper.set_title(title)
    paper.set_lang(language)
    paper.set_creation_date(max(moments))
    paper.viewer_preferences = ViewerPreferences(display_doc_title=True)
    paper.add_font("Fira", "", _font(400))
    paper.add_font("Fira", "B", _font(700))
    paper.alias_nb_pages(_ALL)
    paper.foot = W["page"][language].format(version=one.version, case=one.case, page="{page}", all=_ALL)
    paper.embed_file(
        bytes=found.content.encode(), basename=_file(found), mime_type="application/json",
        creation_date=found.made_at, modification_date=found.made_at, desc=title,
    )  # fmt: skip
    paper.add_page()
    return paper


def _file(found: Agreement) -> str:
    return f"agreement-{found.written.version}.json"


def _changed(paper: _Paper, found: Agreement, language: Language) -> None:
    assert found.before
    before = W["before"][language].format(version=found.before.version)
    now = W["now"][language].format(version=found.written.version)
    half = (WIDTH - LABEL) / 2
    rows = changes(found.before, found.written, language)
    _heading(paper, W["a2"][language])
    if not rows:
        _lines(paper, [(W["nothing_changed"][language], WIDTH, False)])
        return
    _row(paper, [("", LABEL, True), (before, half, True), (now, half, True)])
    for label, was, text in rows:
        _row(paper, [(label, LABEL, True), (was, half, False), (text, half, False)])


def _signed(paper: _Paper, found: Agreement, language: Language) -> None:
    by = {one.party: one for one in found.signatures}
    widths = (LABEL, WIDTH - 2 * LABEL, LABEL)
    _heading(paper, W["signatures"][language], 5 * LINE)
    _row(paper, [(W[name][language], width, True) for name, width in zip(("as", "name", "when"), widths, strict=True)])
    for party in PARTIES:
        name, at = "\u2013", W["not_yet"][language]
        if one := by.get(party):
            name, at = one.name, moment(one.at, language)
        _row(paper, [(W[party][language], widths[0], True), (name, widths[1], False), (at, widths[2], False)])
    _row(paper, [(W["digest"][language], LABEL, True), (found.sha256, WIDTH - LABEL, False)])
    _lines(paper, [(W["check"][language].format(file=_file(found)), WIDTH, False)], 8, 11)


def _table(paper: _Paper, heading: str, rows: Sequence[tuple[str, str]], label: float = LABEL) -> None:
    _heading(paper, heading)
    for name, text in rows:
        _row(paper, [(name, label, True), (text, WIDTH - label, False)])


def _heading(paper: _Paper, text: str, least: float = 2 * LINE) -> None:
    """Write a heading that a reader can jump to, on a page that has room for what begins below it."""
    if paper.get_y() + GAP + 2 * LINE + least > paper.h - FOOT:
        paper.add_page()
    paper.set_y(paper.get_y() + GAP)
    paper.start_section(text)
    _lines(paper, [(text, WIDTH, True)], 11, 16)


def _row(paper: _Paper, cells: Sequence[Cell]) -> None:
    paper.set_line_width(0.3)
    paper.line(MARGIN, paper.get_y(), MARGIN + WIDTH, paper.get_y())
    paper.set_y(paper.get_y() + 1)
    _lines(paper, cells)
    paper.set_y(paper.get_y() + 2)


def _lines(paper: _Paper, cells: Sequence[Cell], size: float = SIZE, height: float = LINE) -> None:
    """Write texts in columns, over as many pages as they need; on each page one column is read after the other."""
    columns = [_broken(paper, cell, size) for cell in cells]
    while any(columns):
        room = int((paper.h - FOOT - paper.get_y()) / height)
        if room < 1:
            paper.add_page()
            continue
        top, x = paper.get_y(), MARGIN
        for (_, width, bold), lines in zip(cells, columns, strict=True):
            paper.set_font("Fira", "B" if bold else "", size)
            for place, line in enumerate(lines[:room]):
                paper.text(x, top + place * height + 0.78 * height, line)
            x += width
        paper.set_y(top + height * min(room, max(map(len, columns))))
        columns = [lines[room:] for lines in columns]


def _broken(paper: _Paper, cell: Cell, size: float) -> list[str]:
    """Break a text into lines that fit its column."""
    text, width, bold = cell
    paper.set_font("Fira", "B" if bold else "", size)
    lines: list[str] = []
    for line in text.expandtabs(4).splitlines():
        if len(lines) > MOST:
            break
        shown = known(line, bold)
        paper.lacks |= UNKNOWN in shown
        broken = paper.multi_cell(width - 6, text=shown, align="L", dry_run=True, output=MethodReturnValue.LINES)
        assert isinstance(broken, list)
        lines += broken
    paper.cuts |= len(lines) > MOST
    return [*lines[:MOST], CUT] if len(lines) > MOST else lines


def known(text: str, bold: bool = False) -> str:
    """Return a text with a box for each letter that the font does not have."""
    letters = _letters(700 if bold else 400)
    return "".join(
        letter if ord(letter) in letters else "" if unicodedata.category(letter) in _UNSEEN else UNKNOWN
        for letter in unicodedata.normalize("NFC", text)
    )


def _font(weight: int) -> str:
    return str(fontpkg.path("Fira Sans", weight=weight))


@cache
def _letters(weight: int) -> frozenset[int]:
    with TTFont(_font(weight), lazy=True) as font:
        return frozenset(font.getBestCmap())
