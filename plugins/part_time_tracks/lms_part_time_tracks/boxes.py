"""A plan as a picture: a row for each term, a box for each module; nothing in it is told by colour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

from lms_part_time_tracks.results import PlannedModule, PlannedTerm, Result
from lms_part_time_tracks.svg import NAMESPACE, told

State = Literal["done", "seat", "planned"]
WIDTH, MARGIN, LABEL, GAP, STRIP = 1000, 10, 180, 8, 16
"""Pixels: of the picture, around it, of the names of terms, between boxes, and of what tells the state of a module."""
ABREAST = 3
BOX = (WIDTH - 2 * MARGIN - LABEL - (ABREAST - 1) * GAP) // ABREAST
SIZE, LINE, PAD = 12, 16, 8
MOST_LINES = 5
"""Lines of a title; what is beyond them is in the tables."""
_ROOM = (BOX - STRIP - 2 * PAD) / SIZE

_FILLS: dict[State, str] = {"done": "url(#plan-hatched)", "seat": "black", "planned": "white"}
_WORDS: dict[State, str] = {"done": "done", "seat": "you have a seat", "planned": "planned"}
_UNWRITABLE = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML


def draw(result: Result) -> str:
    """Draw the terms of a plan one below the other. SVG."""
    root = _element("svg", font_family="system-ui, sans-serif", font_size=SIZE, fill="black")
    root.append(_patterns())
    root.append(_element("rect", width=WIDTH, height="100%", fill="white"))
    _legend(root)
    y = 2 * MARGIN + LINE
    if result.recognised:
        ects = sum((one.ects for one in result.recognised), Decimal(0))
        y = _row(root, y, ["Recognised", f"{ects} ECTS"], result.recognised, leave=False)
    for term in result.terms:
        y = _row(root, y, [term.name, *_figures(term)], term.modules, leave=term.leave)
    if result.missing:
        root.append(_text(short(result), MARGIN, y + LINE, font_weight="bold"))
        y += 2 * LINE
    root.set("viewBox", f"0 0 {WIDTH} {y}")
    root.set("width", str(WIDTH))
    root.set("height", str(y))
    return told(root, "The terms of your plan", describe(result), "plan-")


def describe(result: Result) -> str:
    """Say in words what the picture shows."""
    modules = [one for term in result.terms for one in term.modules]
    critical = [one.title for one in modules if one.critical]
    leave = [term.name for term in result.terms if term.leave]
    done, seats = (sum(_state(one) == state for one in modules) for state in ("done", "seat"))
    sentences = [
        f"{len(modules)} modules in {len(result.terms)} terms, from the {result.terms[0].name} to the "
        f"{result.terms[-1].name}: {done} done, {seats} in which you have a seat, "
        f"{len(modules) - done - seats} planned."
    ]
    if critical:
        sentences.append(f"If one of these is later, so is the end: {'; '.join(critical)}.")
    if leave:
        sentences.append(f"On leave: {', '.join(leave)}.")
    if result.missing:
        sentences.append(until(result))
    return _written(" ".join(sentences))


def until(result: Result) -> str:
    """Say when the study ends by a plan, or what is missing."""
    if result.missing:
        return f"This plan does not reach the degree: {result.missing}"
    return f"The study ends in the {result.finish}."


def short(result: Result) -> str:
    """Say in a few words that a plan does not reach the degree."""
    return f"Not the whole degree: {result.ects} of {result.ects_needed} ECTS"


def _state(module: PlannedModule) -> State:
    return "done" if module.done else "seat" if module.fixed else "planned"


def _figures(term: PlannedTerm) -> list[str]:
    leave = ["on leave"] if term.leave else []
    if not term.modules:
        return leave or ["nothing planned"]
    return [*leave, f"{term.ects} ECTS" + (f", {term.load} h a week" if term.load else "")]


def _row(root: ET.Element, y: int, label: Sequence[str], modules: Sequence[PlannedModule], *, leave: bool) -> int:
    """Draw a term, as many lines of boxes as it takes; return where the next one begins."""
    lines = [modules[n : n + ABREAST] for n in range(0, len(modules), ABREAST)]
    titles = [[_wrapped(_written(one.title)) for one in line] for line in lines]
    heights = [(max(len(one) for one in line) + 1) * LINE + 2 * PAD for line in titles]
    whole = max(len(label) * LINE + 2 * PAD, sum(heights) + GAP * max(0, len(heights) - 1))
    root.append(_element("line", x1=MARGIN, x2=WIDTH - MARGIN, y1=y, y2=y, stroke="black", stroke_width=0.5))
    y += GAP
    if leave:
        root.append(
            _element(
                "rect", x=MARGIN + LABEL, y=y, width=WIDTH - 2 * MARGIN - LABEL, height=whole, fill="url(#plan-dotted)"
            )
        )
    for number, words in enumerate(label, 1):
        root.append(_text(words, MARGIN, y + number * LINE, font_weight="bold" if number == 1 else "normal"))
    at = y
    for line, wrapped, height in zip(lines, titles, heights, strict=True):
        for place, (module, title) in enumerate(zip(line, wrapped, strict=True)):
            root.append(_box(module, title, MARGIN + LABEL + place * (BOX + GAP), at, height))
        at += height + GAP
    return y + whole + GAP


def _box(module: PlannedModule, title: Sequence[str], x: int, y: int, height: int) -> ET.Element:
    state, border = _state(module), 3 if module.critical else 1
    box = _element("svg", x=x, y=y, width=BOX, height=height)  # a picture of its own, as nothing leaves it
    tip = _element("title")
    tip.text = _written(module.title)
    box.append(tip)
    inner = {"x": border / 2, "y": border / 2, "height": height - border, "stroke": "black"}
    box.append(_element("rect", **inner, width=BOX - border, fill="white", stroke_width=border))
    box.append(_element("rect", **inner, width=STRIP, fill=_FILLS[state], stroke_width=1))
    words = f"{module.ects} ECTS, {_WORDS[state]}" + (", critical" if module.critical else "")
    for number, line in enumerate(title, 1):
        box.append(_text(line, STRIP + PAD, number * LINE + PAD / 2, font_weight="bold"))
    box.append(_text(words, STRIP + PAD, (len(title) + 1) * LINE + PAD / 2))
    return box


def _legend(root: ET.Element) -> None:
    x = MARGIN
    for state, word in _WORDS.items():
        root.append(_element("rect", x=x, y=MARGIN, width=STRIP, height=LINE, fill=_FILLS[state], stroke="black"))
        root.append(_text(word, x + STRIP + PAD, MARGIN + SIZE))
        x += LABEL
    for attributes, word in (
        ({"stroke": "black", "stroke_width": 3, "fill": "white"}, "critical: if later, so is the end"),
        ({"fill": "url(#plan-dotted)"}, "on leave"),
    ):
        root.append(_element("rect", x=x, y=MARGIN, width=2 * STRIP, height=LINE, **attributes))
        root.append(_text(word, x + 2 * STRIP + PAD, MARGIN + SIZE))
        x += LABEL + 4 * STRIP


def _patterns() -> ET.Element:
    definitions = _element("defs")
    for name, size, path in (("hatched", 5, "M-1,6 L6,-1"), ("dotted", 8, "M3,4 h2")):
        pattern = _element("pattern", id=f"plan-{name}", width=size, height=size, patternUnits="userSpaceOnUse")
        pattern.append(_element("path", d=path, stroke="black", stroke_width=1.5))
        definitions.append(pattern)
    return definitions


def _wrapped(text: str) -> list[str]:
    lines = list(_lines(text))
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][:-1]}…"]


def _lines(text: str) -> Iterator[str]:
    """Break a text at spaces, and in words that are too long; what is left is never empty."""
    line = ""
    for word in text.split() or [text]:
        if line and _wide(f"{line} {word}") > _ROOM:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while _wide(line) > _ROOM:
            fits = next(n for n in range(len(line), 0, -1) if n == 1 or _wide(line[:n]) <= _ROOM - 1)
            yield line[:fits] + ("-" if line[fits - 1 : fits + 1].isalpha() and not _broad(line[fits]) else "")
            line = line[fits:]
    yield line


def _wide(text: str) -> float:
    """Return about how wide a text is, bold, in the size of its letters; whoever looks has fonts of his own."""
    return sum(1.1 if one in "mwMW@%" else 1.0 if _broad(one) else 0.8 if one.isupper() else 0.62 for one in text)


def _broad(character: str) -> bool:
    return east_asian_width(character) in "WF"


def _written(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


def _text(words: str, x: float, y: float, **attributes: object) -> ET.Element:
    text = _element("text", x=x, y=y, **attributes)
    text.text = words
    return text


def _element(tag: str, **attributes: object) -> ET.Element:
    named = {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    return ET.Element(f"{{{NAMESPACE}}}{tag}", named)
