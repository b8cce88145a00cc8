"""A plan as a picture, readable in black and white and by a screen reader, with the same in a table beside it."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

from lms_core.api import guard_cell
from lms_part_time_tracks import boxes
from lms_part_time_tracks.boxes import short, until
from lms_part_time_tracks.results import PlannedTerm, Result
from lms_part_time_tracks.svg import NAMESPACE, told

_ONE_AT_A_TIME = threading.Lock()
"""The library that draws is not made for several threads."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><title>{title}</title><meta name="viewport" content="width=device-width"/>
<style>body{{font:1rem system-ui;margin:2rem auto;padding:0 1rem;max-width:70rem}}figure{{margin:0;overflow-x:auto}}
svg{{max-width:100%;height:auto}}table{{border-collapse:collapse;margin-top:2rem}}
caption{{text-align:left;font-weight:bold;padding:.4rem 0}}th,td{{border:1px solid;padding:.4rem;text-align:left}}
td{{overflow-wrap:anywhere}}
</style></head><body><h1>{title}</h1>
{figures}
{tables}</body></html>"""


def load(result: Result) -> str:
    """Draw the hours of each week (grey, those in sessions hatched) and a line of those that she has. SVG."""
    weeks = result.weeks
    figure, axes = canvas()
    days: list[Any] = [one.monday for one in weeks]
    hours, met = [float(one.hours) for one in weeks], [float(one.sessions) for one in weeks]
    axes.bar(days, hours, width=6, color="0.75", edgecolor="black", linewidth=0.3, label="Hours of the plan")
    axes.bar(
        days, met, width=6, color="white", edgecolor="black", hatch="//////", linewidth=0.3, label="of them sessions"
    )
    if any(one.has is not None for one in weeks):
        has = [float(one.has or 0) for one in weeks]
        axes.step(days, has, where="mid", color="black", linewidth=1.6, linestyle="--", label="Hours that you have")
    axes.set_ylabel("Hours a week")
    if result.missing:
        axes.set_xlabel(short(result), fontweight="bold")
    figure.legend(loc="outside upper right", ncols=3, frameon=False)
    return as_svg(figure, "The weeks of your plan", describe(result))


def describe(result: Result) -> str:
    """Say in words what the picture shows."""
    weeks = result.weeks
    if not weeks:
        over = f". {until(result)}" if result.missing else f": the study ended with the {result.finish}."
        return f"There are no weeks to come{over}"
    peak = max(weeks, key=lambda one: one.hours)
    above = sum(one.has is not None and one.hours > one.has for one in weeks)
    more = f" In {above} weeks it is more than you have." if above else ""
    return (
        f"From {weeks[0].monday} to {weeks[-1].monday}; the heaviest week begins on {peak.monday} and takes "
        f"{peak.hours} hours.{more} {until(result)}"
    )


def page(result: Result) -> str:
    """Return a page with the pictures of the terms and of the weeks, and tables that say the same."""
    title = f"Your plan until the {result.terms[-1].name}"
    terms = html_table(
        "Terms", ("Term", "Modules", "ECTS", "Weeks", "Hours a week", "You have"),
        [
            (
                one.name, ", ".join(module.title for module in one.modules), one.ects, one.weeks, one.load,
                "" if one.hours is None else one.hours,
            )
            for one in result.terms
        ],
    )  # fmt: skip
    modules = html_table(
        "Modules", ("Module", "ECTS", "Term", "Run", "At the latest", "Slack in terms", "Note"),
        [
            (
                module.title, module.ects, term.name, module.run or "", module.latest or "",
                "" if module.slack is None else "0 (critical)" if module.critical else module.slack,
                module.note,
            )
            for term in result.terms
            for module in term.modules
        ],
    )  # fmt: skip
    by_week = html_table(
        "Weeks", ("Monday", "Hours", "In sessions", "You have"),
        [(one.monday, one.hours, one.sessions, "" if one.has is None else one.has) for one in result.weeks],
    )  # fmt: skip
    tables = terms + modules + by_week
    words = f"<p>{escape(until(result))}</p>"
    return html_page(title, [boxes.draw(result), load(result)], words + tables)


def table(result: Result) -> str:
    """Return the plan as CSV: a line for each module."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["term", "first_day", "last_day", "module", "title", "ects", "run", "load", "hours", "latest", "slack"]
    )
    for term in result.terms:
        writer.writerows(_lines(term))
    return out.getvalue()


def _lines(term: PlannedTerm) -> list[list[Any]]:
    same = [term.name, term.first_day, term.last_day]
    return [
        [
            *same, one.key, guard_cell(one.title), one.ects, guard_cell(one.run or ""), term.load, term.hours,
            one.latest, one.slack,
        ]
        for one in term.modules
    ]  # fmt: skip


def html_page(title: str, pictures: Sequence[str], tables: str) -> str:
    """Return a page with pictures and tables."""
    figures = "\n".join(f"<figure>{one}</figure>" for one in pictures)
    return _PAGE.format(title=escape(title), figures=figures, tables=tables)


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table for a page."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def canvas() -> tuple[Any, Any]:
    """Return an empty figure and its axes."""
    from matplotlib.figure import Figure  # half a second that only who draws needs

    figure = Figure(figsize=(11, 4), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def as_svg(figure: Any, title: str, description: str) -> str:
    """Write a figure so that the same one gives the same text."""
    from matplotlib import rc_context

    out = io.StringIO()
    with _ONE_AT_A_TIME, rc_context({"svg.hashsalt": "lms", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(out.getvalue())  # noqa: S314 - written by the library just now, from numbers and dates
    for unwanted in root.findall(f"{{{NAMESPACE}}}metadata"):
        root.remove(unwanted)
    return told(root, title, description)
