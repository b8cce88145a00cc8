"""What moving a module would do, as a picture readable in black and white, a page with the same in a table, and CSV."""

from __future__ import annotations

import csv
import io
from textwrap import fill
from typing import Any

from lms_core.api import guard_cell
from lms_part_time_tracks.moves import MOST_TERMS, Move, Outcome
from lms_part_time_tracks.pictures import as_svg, canvas, html_page, html_table

UNTOLD = "few or none"


def graduations(move: Move) -> str:
    """Draw how many students would end when: a bar for each, and words where no number is told. SVG."""
    figure, axes = canvas()
    outcomes = _outcomes(move)
    places: list[Any] = list(range(len(outcomes)))
    heights = [one.students or 0 for one in outcomes]
    axes.bar(places, heights, width=0.7, color="0.75", edgecolor="black", linewidth=0.8)
    for place, one in zip(places, outcomes, strict=True):
        many = UNTOLD if one.students is None else f"about {one.students}"
        axes.annotate(many, (place, one.students or 0), (0, 3), textcoords="offset points", ha="center", va="bottom")
    axes.set_xticks(places, [fill(_said(one), 16) for one in outcomes])
    axes.set_ylim(0, max(10, *heights) * 1.15)
    axes.set_ylabel("Students")
    return as_svg(figure, _title(move), describe(move))


def describe(move: Move) -> str:
    """Say in words what the picture shows."""
    told = [f"{_said(one).lower()}: about {one.students}" for one in _outcomes(move) if one.students is not None]
    rest = [_said(one).lower() for one in _outcomes(move) if one.students is None]
    many = f"Of about {move.result.students} students" if move.result and move.result.students else "Of few students"
    words = f"{many} with an accepted plan, these would end their study - {'; '.join(told)}. " if told else f"{many}. "
    return f"{words}Few or nobody: {', '.join(rest)}." if rest else words.strip()


def page(move: Move) -> str:
    """Return a page with the picture, and a table that says the same."""
    rows = [(_said(one), UNTOLD if one.students is None else f"about {one.students}") for one in _outcomes(move)]
    table = html_table("Graduations", ("The study would end", "Students"), rows)
    return html_page(_title(move), [graduations(move)], table)


def table(move: Move) -> str:
    """Return the same as CSV: a line for each outcome; the number is empty where it is of few or nobody."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["module", "offered", "from", "effect", "terms", "students"])
    same = [guard_cell(move.title), " ".join(move.offered), move.from_term]
    for one in _outcomes(move):
        writer.writerow([*same, one.effect, _blank(one.terms), _blank(one.students)])
    return out.getvalue()


def _outcomes(move: Move) -> list[Outcome]:
    return move.result.outcomes if move.result else []


def _title(move: Move) -> str:
    where = f"in {' and '.join(move.offered)}" if move.offered else "no more"
    return f"If {move.title} were taught {where} from the {move.from_term} on"


def _said(one: Outcome) -> str:
    if one.effect == "later":
        more = " or more" if one.terms == MOST_TERMS else ""
        return f"{one.terms}{more} term{'s' * (one.terms != 1)} later"
    words = {"earlier": "Earlier", "same": "At the same time", "lost": "Not within the regulation"}
    return words.get(one.effect, "Not known")


def _blank(number: int | None) -> int | str:
    return "" if number is None else number
