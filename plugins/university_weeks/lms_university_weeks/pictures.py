"""A week as a picture (SVG) and as a page with that picture and the same in a table.

SVG is written with the standard library: of the libraries for it svgwrite is kept no more, and drawsvg brings
animations and bitmaps but no check that letters may stand in XML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree as ET

from lms_university_weeks.layout import SIZE, STYLES, Box, Sheet, Text
from lms_university_weeks.views import Entry

_NEVER_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><title>{title}</title><meta name="viewport" content="width=device-width"/>
<style>body{{font:1rem system-ui;margin:2rem auto;padding:0 1rem}}figure{{margin:0;overflow-x:auto}}
table{{border-collapse:collapse;margin-top:2rem}}caption{{text-align:left;font-weight:bold;padding:.4rem 0}}
th,td{{border:1px solid;padding:.4rem;text-align:left;vertical-align:top}}
@page{{size:A4 landscape;margin:1cm}}@media print{{body{{margin:0;padding:0}}figure svg{{width:100%;height:auto}}
table{{break-before:page}}tr{{break-inside:avoid}}}}</style></head><body><h1>{title}</h1>
{body}</body></html>"""

_COLUMNS = ("Session", "Day", "Time", "Kind", "Place", "Lecturers", "Tracks", "Journey before")


def svg(sheet: Sheet) -> str:
    """Draw a sheet in black and white; the same sheet gives the same text."""
    root = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_n(sheet.width)} {_n(sheet.height)}",
        "width": _n(sheet.width), "height": _n(sheet.height), "role": "img", "aria-labelledby": "title desc",
        "font-family": "'Fira Sans', Arial, 'Liberation Sans', sans-serif", "font-size": str(SIZE), "fill": "black",
    })  # fmt: skip
    _said(ET.SubElement(root, "title", id="title"), sheet.title)
    _said(ET.SubElement(root, "desc", id="desc"), described(sheet))
    _rectangle(root, 0, 0, sheet.width, sheet.height, fill="white")
    for y in sheet.rules:
        line = {"x1": "0", "x2": _n(sheet.width), "y1": _n(y), "y2": _n(y), "stroke": "black", "stroke-width": "0.5"}
        ET.SubElement(root, "line", line)
    for text in sheet.headings:
        _text(root, text)
    for box in sheet.sessions:
        _session(root, box)
    for box in sheet.journeys:
        group = ET.SubElement(root, "g", {"class": "journey", "fill": "white"})
        _said(ET.SubElement(group, "title"), "; ".join(box.entry.journeys))
        _rectangle(group, box.x, box.y, box.width, box.height, fill="black")
        for text in box.texts:
            _text(group, text)
    return ET.tostring(root, encoding="unicode")


def described(sheet: Sheet) -> str:
    """Say in two sentences what a picture shows."""
    if not sheet.sessions:
        return "There are no sessions in this view."
    count = "1 session" if len(sheet.sessions) == 1 else f"{len(sheet.sessions)} sessions"
    return f"A grid of {count}: days side by side, times below each other. Journeys are white on black."


def page(sheet: Sheet, entries: Sequence[Entry]) -> str:
    """Return a page with a picture and, for those who do not see it, the same as a table."""
    table = f'<p role="status">{described(sheet)}</p>' if not entries else _table(entries)
    return document(sheet.title, f"<figure>{svg(sheet)}</figure>{table}")


def document(title: str, body: str) -> str:
    """Return a page with a heading and what stands below it, which has to be HTML."""
    return _PAGE.format(title=escape(_clean(title)), body=_clean(body))


def _table(entries: Sequence[Entry]) -> str:
    head = "".join(f'<th scope="col">{word}</th>' for word in _COLUMNS)
    rows = "".join(
        f'<tr><th scope="row">{escape(one.title)}</th>'
        + "".join(
            f"<td>{escape(word)}</td>"
            for word in (
                f"{one.day:%A} {one.day.isoformat()}", f"{one.starts} to {one.ends}", one.kind_name, one.place,
                one.lecturers, one.tracks, "; ".join(one.journeys),
            )
        )
        + "</tr>"
        for one in entries
    )  # fmt: skip
    caption = "<caption>The same in the order of time</caption>"
    return _clean(f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _session(root: ET.Element, box: Box) -> None:
    style = STYLES[box.entry.kind]
    group = ET.SubElement(root, "g", {"class": f"session {box.entry.kind}"})
    _said(ET.SubElement(group, "title"), box.entry.told)
    border = {"stroke": "black", "stroke-width": _n(style.border)}
    if style.dashes:
        border["stroke-dasharray"] = " ".join(map(str, style.dashes))
    _rectangle(group, box.x, box.y, box.width, box.height, fill="white", **border)
    if style.band is not None:
        x, y = _n(box.x + 6), box.y + 4
        band = {"x1": x, "x2": x, "y1": _n(y), "y2": _n(box.y + box.height - 4)}
        dashes = {"stroke-dasharray": " ".join(map(str, style.band))} if style.band else {}
        ET.SubElement(group, "line", {**band, "stroke": "black", "stroke-width": "6", **dashes})
    for text in box.texts:
        _text(group, text)


def _rectangle(parent: ET.Element, x: float, y: float, width: float, height: float, **look: str) -> None:
    place = {"x": _n(x), "y": _n(y), "width": _n(width), "height": _n(height)}
    ET.SubElement(parent, "rect", {**place, **look})


def _text(parent: ET.Element, text: Text) -> None:
    look = {"font-weight": "bold"} if text.bold else {}
    if text.size != SIZE:
        look["font-size"] = str(text.size)
    _said(ET.SubElement(parent, "text", {"x": _n(text.x), "y": _n(text.y), **look}), text.text)


def _said(element: ET.Element, words: str) -> None:
    element.text = _clean(words)


def _clean(text: str) -> str:
    """Put the sign for an unknown letter where XML may have none of a letter."""
    return _NEVER_IN_XML.sub("\ufffd", text)


def _n(number: float) -> str:
    return f"{round(number, 1):g}"
