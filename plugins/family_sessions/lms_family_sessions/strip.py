"""A picture of a term, in black and white: its weekends, holidays, and where the sessions of each plan are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from xml.etree import ElementTree as ET

from lms_family_sessions.calendars import Holidays
from lms_family_sessions.holidays_of import DAY

CELL, ROW, LABEL = 22, 26, 170
"""Width of a weekend, height of a row, and width of the names before them."""


def strip(
    weekends: Sequence[date], closed: Mapping[date, str], plans: Mapping[str, Mapping[date, Sequence[str]]]
) -> str:
    """Draw a row of weekends (their Saturdays) for each plan, below one that marks the holidays.

    `closed` says of weekends whose holidays they are in, `plans` which sessions each plan has on them. Holidays are
    hatched, sessions black with their number in white; each place has a title that says so in words.
    """
    width, height = LABEL + CELL * len(weekends) + 2, ROW * (len(plans) + 2) + 2
    root = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "width": str(width),
        "height": str(height), "role": "img", "aria-label": "Weekends of the term; the tables below say the same.",
        "font-family": "Arial, 'Liberation Sans', sans-serif", "font-size": "12", "fill": "black",
    })  # fmt: skip
    pattern = {"id": "free", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
    hatch = ET.SubElement(ET.SubElement(root, "defs"), "pattern", pattern)
    ET.SubElement(hatch, "path", {"d": "M0 6L6 0", "stroke": "black", "stroke-width": "1"})
    for at, saturday in enumerate(weekends):
        if at == 0 or saturday.month != weekends[at - 1].month:
            _text(root, LABEL + CELL * at, ROW - 8, f"{saturday:%m/%y}")
    hatched = {day: ("url(#free)", "", f"{day}: {words}") for day, words in closed.items()}
    _row(root, 1, "Holidays", [hatched.get(day) for day in weekends])
    for number, (name, own) in enumerate(plans.items(), 2):
        filled = {day: ("black", str(len(titles)), f"{day}: {', '.join(titles)}") for day, titles in own.items()}
        _row(root, number, name, [filled.get(day) for day in weekends])
    return ET.tostring(root, encoding="unicode")


def weekends_between(days: Sequence[date]) -> list[date]:
    """Return the Saturdays of the weeks from the first to the last of some days."""
    day = saturday_of(min(days))
    found = []
    while day <= saturday_of(max(days)):
        found.append(day)
        day += 7 * DAY
    return found


def saturday_of(day: date) -> date:
    """Return the Saturday of the week of a day."""
    return day + (5 - day.weekday()) * DAY


def closed_on(weekends: Sequence[date], calendars: Sequence[Holidays]) -> dict[date, str]:
    """Return in whose holidays or long weekends Saturdays are, or that it is not known yet."""
    found = {}
    for day in weekends:
        free = [
            one.land
            for one in calendars
            if any(item.first <= day <= item.last or item.first <= day - DAY <= item.last for item in one.items)
        ]
        unknown = [one.land for one in calendars if any(span.first <= day <= span.last for span in one.unknown)]
        words = [", ".join(free), f"unknown: {', '.join(unknown)}" if unknown else ""]
        if any(words):
            found[day] = "; ".join(word for word in words if word)
    return found


def _row(root: ET.Element, number: int, name: str, cells: Sequence[tuple[str, str, str] | None]) -> None:
    y = ROW * number
    _text(root, 4, y + 17, name)
    for at, cell in enumerate(cells):
        x = LABEL + CELL * at
        group = ET.SubElement(root, "g")
        fill, word, title = cell or ("white", "", "")
        box = {"x": str(x), "y": str(y), "width": str(CELL), "height": str(ROW - 4), "stroke": "black", "fill": fill}
        if title:
            ET.SubElement(group, "title").text = title
        ET.SubElement(group, "rect", box)
        if word:
            _text(group, x + 7, y + 16, word, "white")


def _text(root: ET.Element, x: int, y: int, words: str, fill: str = "black") -> None:
    ET.SubElement(root, "text", {"x": str(x), "y": str(y), "fill": fill}).text = words
