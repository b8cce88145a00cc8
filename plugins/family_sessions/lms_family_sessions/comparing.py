"""Proposals side by side, with the weekends of the term: where they differ, and what they are like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from uuid import UUID

from lms_core.api import Context
from lms_family_sessions import suggestions
from lms_family_sessions.calendars import Calendar, Holidays, read_movable, shown
from lms_family_sessions.holidays_of import DAY, LAENDER, Land
from lms_family_sessions.strip import closed_on, saturday_of, strip, weekends_between
from lms_family_sessions.tasks import Proposal, Suggestion

_NEVER_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><title>{title}</title><meta name="viewport" content="width=device-width"/>
<style>body{{font:1rem system-ui;margin:2rem auto;padding:0 1rem}}figure{{margin:0;overflow-x:auto}}
table{{border-collapse:collapse;margin-top:2rem}}caption{{text-align:left;font-weight:bold;padding:.4rem 0}}
th,td{{border:1px solid;padding:.4rem;text-align:left;vertical-align:top}}@page{{size:A4 landscape}}
@media print{{figure svg{{width:100%;height:auto}}}}</style></head><body><h1>{title}</h1>{body}</body></html>"""

_KINDS = {
    "cannot": "cannot come",
    "rather_not": "would rather not come",
    "school_free": "have no school that day",
    "school_unknown": "may have no school that day",
    "outside_core": "outside the core hours",
    "overnight": "a night away",
    "short_notice": "announced late",
    "consecutive": "the weekend after another one",
}


async def compared(context: Context, ids: Sequence[UUID], laender: Sequence[Land]) -> str:
    """Return a page that compares proposals, and the dates by the order of the calendar of the first of them.

    Holidays are those of some Länder, without any of all. A statement for each proposal, and one more. Raises NotFound.
    """
    async with context.read() as connection:
        found = [await suggestions.read(context, connection, one) for one in dict.fromkeys(ids)]
        plans = _plans(found)
        days = sorted({times[0].date() for plan in plans.values() for one in plan.sessions for times in one.times})
        movable = await read_movable(connection, context.programme_id, days[0], days[-1]) if days else {}
    if not days:
        return _document("Proposals", '<p role="status">There are no dates to compare yet.</p>')

    def drawn() -> str:
        weekends = weekends_between(days)
        asked = sorted(set(laender or LAENDER))
        around = (weekends[0] - DAY, weekends[-1])  # a long weekend begins with a free Friday
        calendars = [shown(Calendar(land), movable, *around) for land in asked]
        return _page(plans, weekends, calendars, ", ".join(asked))

    return await asyncio.to_thread(drawn)


def _plans(found: Sequence[Suggestion]) -> dict[str, Proposal]:
    """Return the plans that there are, by name."""
    plans = {}
    for number, one in enumerate(found, 1):
        if one.result and one.result.proposal:
            plans[f"{number}. {one.task.title}"] = one.result.proposal
    if found and found[0].result and found[0].result.by_calendar:
        plans["First free dates"] = found[0].result.by_calendar
    return plans


def _page(plans: Mapping[str, Proposal], weekends: Sequence[date], calendars: Sequence[Holidays], asked: str) -> str:
    closed = closed_on(weekends, calendars)
    on: dict[str, dict[date, list[str]]] = {name: {} for name in plans}
    for name, plan in plans.items():
        for one in plan.sessions:
            for day in sorted({saturday_of(times[0].date()) for times in one.times}):
                on[name].setdefault(day, []).append(one.title)
    short = {f"{name[:22]}…" if len(name) > 23 else name: days for name, days in on.items()}
    figure = f"<figure>{strip(weekends, closed, short)}<figcaption>Hatched: holidays or long weekends in "
    figure += f"{escape(asked)}. Black: so many sessions.</figcaption></figure>"
    titles = {one.key: one.title for plan in plans.values() for one in plan.sessions}
    dates = [(title, [_dates(plan, key) for plan in plans.values()]) for key, title in titles.items()]
    likes = [(title, [_findings(plan, key) for plan in plans.values()]) for key, title in titles.items()]
    helps = [(title, [_alternatives(plan, key) for plan in plans.values()]) for key, title in titles.items()]
    note = "Needs that fewer than five people share are nowhere in these tables; proposals are made for them as well."
    body = figure + _table("Dates", list(plans), dates) + _table("What they are like", list(plans), likes)
    body += _table("What would help", list(plans), helps) + f"<p>{note}</p>"
    if closed:
        rows = [(day.isoformat(), [words]) for day, words in closed.items()]
        body += _table("Weekends in holidays", ["Where"], rows)
    return _document("Proposals side by side", body)


def _dates(plan: Proposal, key: str) -> str:
    times = [pair for one in plan.sessions if one.key == key for pair in one.times]
    return "; ".join(f"{starts:%a %Y-%m-%d %H:%M}-{ends:%H:%M}" for starts, ends in times) or "not in it"


def _findings(plan: Proposal, key: str) -> str:
    told = [
        f"{one.people} people {_KINDS[one.kind]}" if one.people else _KINDS[one.kind]
        for one in plan.findings
        if one.session == key
    ]
    return "; ".join(told) or "nothing to tell"


def _alternatives(plan: Proposal, key: str) -> str:
    return " ".join(one.changes for one in plan.alternatives if one.session == key) or "nothing"


def _table(caption: str, columns: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, cells in rows
    )
    above = f"<caption>{escape(caption)}</caption><thead><tr><td></td>{head}</tr></thead>"
    return f"<table>{above}<tbody>{body}</tbody></table>"


def _document(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=_NEVER_IN_XML.sub("", body))
