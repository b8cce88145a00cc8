"""Where everything stands in the picture of a week: days side by side, slots below each other, no box over another.

Lengths are points, from the upper left corner. Nothing here knows whether it becomes SVG or PDF.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from itertools import accumulate

import msgspec

from lms_university_weeks.views import Entry
from lms_university_weeks.week import SessionKind, WeekContent

WIDTH = 1000
"""What a picture takes if its boxes become neither too narrow nor too wide by it."""

LEFT, TOP, EDGE, BAND = 60, 70, 4, 14
NARROW, WIDE = 120, 260
SIZE, LINE = 11, 14
SHORT_PAUSE, EMPTY_SLOT = 8, 34


class Style(msgspec.Struct, frozen=True):
    """How a kind of session looks: the width and dashes of its border, and the dashes of its band, if it has one."""

    border: float
    dashes: tuple[int, ...] = ()
    band: tuple[int, ...] | None = None


STYLES: dict[SessionKind, Style] = {
    "talk": Style(1),
    "plenary": Style(2.5, band=()),
    "visit": Style(1.5, (8, 4), band=(2, 4)),
    "social": Style(1.5, (2, 3), band=(9, 6)),
}


class Text(msgspec.Struct, frozen=True):
    """A line of text; `x` and `y` are where its baseline begins."""

    x: float
    y: float
    text: str
    bold: bool = False
    size: int = SIZE


class Box(msgspec.Struct, frozen=True):
    """A rectangle with what stands in it."""

    entry: Entry
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A picture: sessions, journeys (each above the session to which it leads), headings, and where slots begin."""

    title: str
    width: float
    height: float
    headings: tuple[Text, ...]
    rules: tuple[float, ...]
    sessions: tuple[Box, ...]
    journeys: tuple[Box, ...]


class _Lane(msgspec.Struct, frozen=True):
    """Which part of the width of its day a session takes: the `number`-th of `count`, from 0."""

    number: int
    count: int


def sheet(content: WeekContent, title: str, days: Sequence[date], entries: Sequence[Entry]) -> Sheet:
    """Lay out the sessions of some days."""
    of_day = {day: [one for one in entries if one.day == day] for day in days}
    lanes = {one.key: lane for day in days for one, lane in _lanes(of_day[day])}
    counts = [max((lanes[one.key].count for one in of_day[day]), default=1) for day in days]
    lane = min(max((WIDTH - LEFT) / sum(counts), NARROW), WIDE)
    lefts = dict(zip(days, accumulate((count * lane for count in counts), initial=LEFT), strict=False))
    across: dict[str, tuple[float, float]] = {}
    for day, count in zip(days, counts, strict=True):
        for one in of_day[day]:
            mine = lanes[one.key]
            part = count * lane / mine.count
            across[one.key] = (lefts[day] + mine.number * part + EDGE, part - 2 * EDGE)
    inside = {one.key: _lines(one, across[one.key][1] - BAND - EDGE) for one in entries}
    above = {one.key: _wrapped(one.journeys, across[one.key][1] - 2 * EDGE, 3) for one in entries}
    tops, bottoms = _rows(len(content.slots), entries, inside, above)

    sessions, journeys = [], []
    for one in entries:
        (x, width), top = across[one.key], tops[one.slot - 1]
        height = bottoms[one.slot + one.length - 2] - top
        texts = tuple(
            Text(x + BAND, top + LINE * (number + 1), text, bold) for number, (text, bold) in enumerate(inside[one.key])
        )
        sessions.append(Box(one, x, top, width, height, texts))
        if one.journeys:
            high = LINE * len(above[one.key]) + EDGE
            start = top - EDGE / 2 - high
            texts = tuple(
                Text(x + EDGE, start + LINE * (number + 1) - 2, text) for number, text in enumerate(above[one.key])
            )
            journeys.append(Box(one, x, start, width, high, texts))
    clocks = [
        Text(EDGE, top + LINE * (number + 1), text)
        for slot, top in zip(content.slots, tops, strict=True)
        for number, text in enumerate((f"{slot.starts} to", slot.ends))
    ]
    heads = [
        Text(lefts[day] + EDGE, TOP - 20, _cut(f"{day:%A} {day.isoformat()}", count * lane - EDGE, 12), True, 12)
        for day, count in zip(days, counts, strict=True)
    ]
    right = LEFT + sum(counts) * lane
    return Sheet(
        title=title,
        width=right + EDGE,
        height=bottoms[-1] + EDGE,
        headings=(Text(EDGE, 24, _cut(title, right - EDGE, 16), True, 16), *heads, *clocks),
        rules=tuple(tops),
        sessions=tuple(sessions),
        journeys=tuple(journeys),
    )


def _lanes(entries: Sequence[Entry]) -> list[tuple[Entry, _Lane]]:
    """Put the sessions of a day that overlap side by side: those that hang together share the width evenly."""
    found: list[tuple[Entry, _Lane]] = []
    together: list[tuple[Entry, int]] = []
    free: list[int] = []  # from which slot on each lane is
    for one in entries:
        if together and one.slot >= max(free):
            found += [(other, _Lane(number, len(free))) for other, number in together]
            together, free = [], []
        number = next((number for number, slot in enumerate(free) if slot <= one.slot), len(free))
        free[number : number + 1] = [one.slot + one.length]
        together.append((one, number))
    return found + [(other, _Lane(number, len(free))) for other, number in together]


def _rows(
    slots: int, entries: Sequence[Entry], inside: dict[str, list[tuple[str, bool]]], above: dict[str, list[str]]
) -> tuple[list[float], list[float]]:
    """Return where slots begin and end: high enough for what stands in them, and in the pause before them."""
    heights, pauses = [float(EMPTY_SLOT)] * slots, [float(SHORT_PAUSE)] * slots
    for one in entries:
        first = one.slot - 1
        pauses[first] = max(pauses[first], LINE * len(above[one.key]) + 3 * EDGE)
    for one in sorted(entries, key=lambda one: one.length):
        first, last = one.slot - 1, one.slot + one.length - 1
        needed = LINE * len(inside[one.key]) + 2 * EDGE
        heights[first] += max(0, needed - sum(heights[first:last]) - sum(pauses[first + 1 : last]))
    tops, bottoms, y = [], [], float(TOP - SHORT_PAUSE)
    for pause, height in zip(pauses, heights, strict=True):
        tops.append(y + pause)
        y += pause + height
        bottoms.append(y)
    return tops, bottoms


def _lines(one: Entry, width: float) -> list[tuple[str, bool]]:
    """Return what stands in a box, and whether it is bold."""
    plain = [(one.place, 2), (one.lecturers, 2), (one.tracks, 2), (one.kind_name, 1)]
    return [(line, True) for line in _wrapped([one.title], width / 1.08, 3)] + [
        (line, False) for text, most in plain for line in _wrapped([text], width, most)
    ]


def _wrapped(texts: Sequence[str], width: float, most: int) -> list[str]:
    """Return texts, each in `most` lines at most; what does not fit is left out, which the last line shows."""
    found = []
    for text in texts:
        lines = [""]
        for word in text.split():
            joined = f"{lines[-1]} {word}".lstrip()
            if measure(joined) <= width:
                lines[-1] = joined
                continue
            lines += [word] if lines[-1] else []
            lines[-1] = lines[-1] or word
            while measure(lines[-1]) > width and len(lines) <= most:
                rest, lines[-1] = lines[-1], _fitting(lines[-1], width)
                lines.append(rest[len(lines[-1]) :])
        if len(lines) > most:
            lines = [*lines[: most - 1], _fitting(lines[most - 1], width - measure("…")) + "…"]
        found += [line for line in lines if line]
    return found


def _cut(text: str, width: float, size: int) -> str:
    scaled = width * SIZE / size / 1.08
    return text if measure(text) <= scaled else _fitting(text, scaled - measure("…")) + "…"


def _fitting(text: str, width: float) -> str:
    """Return as much of the beginning as fits, at least one letter, and no letter without its accents."""
    end = len(text)
    while end > 1 and (measure(text[:end]) > width or (end < len(text) and unicodedata.combining(text[end]))):
        end -= 1
    return text[:end]


def measure(text: str) -> float:
    """Return how wide a text is at most, whatever common sans-serif font it is shown in."""
    return SIZE * sum(map(_em, text))


def _em(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1
    if letter in "mwMWЖШЩЮжшщюфыЫ@%…—":
        return 0.95
    if letter in "iljtfrI.,:;'|!()[] -/":
        return 0.4
    return 0.72 if letter.isupper() else 0.6
