"""Proposals side by side, with the weekends of the term: where they differ, and what they are like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from uuid import UUID

import msgspec

from lms_core.api import Context
from lms_family_sessions import suggestions
from lms_family_sessions.calendars import Calendar, Holidays, read_movable, shown
from lms_family_sessions.holidays_of import DAY, LAENDER, Land
from lms_family_sessions.strip import closed_on, saturday_of, strip, weekends_between
from lms_family_sessions.tasks import Alternative, Proposal, Refused, Suggestion

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

_DO = {"record": "Recording", "hybrid": "Hybrid form", "repeat": "Once more"}

_NOTE = (
    "Needs that fewer than five people share are nowhere in these tables, but for whether a session would be refused; "
    "proposals are made for them as well. Of the first free dates it is not told which would be refused. The heaviest "
    "shared burden is that of the whole plan for whoever has it hardest with one need that at least five share."
)


async def compared(context: Context, ids: Sequence[UUID], laender: Sequence[Land]) -> str:
    """Return a page that compares proposals, and the dates by the order of the calendar of the first of them.

    Holidays are those of some Länder, without any of all. A statement for each proposal, and one more. Raises NotFound.
    """
    async with context.read() as connection:
        found = [await suggestions.read(context, connection, one) for one in dict.fromkeys(ids)]
        plans = _plans(found)
        days = sorted(
            {pair[0].date() for plan in plans.values() for one in plan.proposal.sessions for pair in one.times}
        )
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


class _Plan(msgspec.Struct, frozen=True):
    """A plan in a column; of dates by the calendar it is not told (null) which of them would be refused."""

    proposal: Proposal
    refused: tuple[Refused, ...] | None = None


def _plans(found: Sequence[Suggestion]) -> dict[str, _Plan]:
    """Return the plans that there are, by name."""
    plans = {}
    for number, one in enumerate(found, 1):
        if one.result and one.result.proposal:
            plans[f"{number}. {one.task.title}"] = _Plan(one.result.proposal, one.result.refused)
    if found and found[0].result and found[0].result.by_calendar:
        plans["First free dates"] = _Plan(found[0].result.by_calendar)
    return plans


def _page(plans: Mapping[str, _Plan], weekends: Sequence[date], calendars: Sequence[Holidays], asked: str) -> str:
    closed = closed_on(weekends, calendars)
    on: dict[str, dict[date, list[str]]] = {name: {} for name in plans}
    for name, plan in plans.items():
        for one in plan.proposal.sessions:
            for day in sorted({saturday_of(times[0].date()) for times in one.times}):
                on[name].setdefault(day, []).append(one.title)
    short = {f"{name[:22]}…" if len(name) > 23 else name: days for name, days in on.items()}
    figure = f"<figure>{strip(weekends, closed, short)}<figcaption>Hatched: holidays or long weekends in "
    figure += f"{escape(asked)}. Black: so many sessions.</figcaption></figure>"
    titles = {one.key: one.title for plan in plans.values() for one in plan.proposal.sessions}
    body = figure
    for caption, told in _TABLES.items():
        rows = [(title, [told(plan, key) for plan in plans.values()]) for key, title in titles.items()]
        body += _table(caption, list(plans), rows)
    body += f"<p>{_NOTE}</p>"
    if closed:
        rows = [(day.isoformat(), [words]) for day, words in closed.items()]
        body += _table("Weekends in holidays", ["Where"], rows)
    return _document("Proposals side by side", body)


def _dates(plan: _Plan, key: str) -> str:
    times = [pair for one in plan.proposal.sessions if one.key == key for pair in one.times]
    return "; ".join(f"{starts:%a %Y-%m-%d %H:%M}-{ends:%H:%M}" for starts, ends in times) or "not in it"


def _refused(plan: _Plan, key: str) -> str:
    if plan.refused is None:
        return "not told"
    told = [f"yes, for {one.people} people" if one.people else "yes" for one in plan.refused if one.session == key]
    return "; ".join(told) or "no"


def _findings(plan: _Plan, key: str) -> str:
    told = [
        f"{one.people} people {_KINDS[one.kind]}" if one.people else _KINDS[one.kind]
        for one in plan.proposal.findings
        if one.session == key
    ]
    return "; ".join(told) or "nothing to tell"


def _alternatives(plan: _Plan, key: str) -> str:
    return " ".join(_changes(one) for one in plan.proposal.alternatives if one.session == key) or "nothing"


def _changes(one: Alternative) -> str:
    """Return what an alternative would change; numbers are there only for needs that five share."""
    told = [f"serves {one.people} people"] if one.people else []
    if one.worst_off is not None and one.worst_off_then is not None and one.worst_off_then < one.worst_off:
        told.append(f"heaviest shared burden {one.worst_off_then} instead of {one.worst_off}")
    return f"{_DO[one.do]}: {one.changes}" + (f" ({', '.join(told)})" if told else "")


_TABLES: Mapping[str, Callable[[_Plan, str], str]] = {
    "Dates": _dates,
    "Would it be refused?": _refused,
    "What they are like": _findings,
    "What would help": _alternatives,
}


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
