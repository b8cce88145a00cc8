"""What people see without an app: the form on which a lecturer says when she can come, and the code at a door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from io import BytesIO
from urllib.parse import urlencode
from uuid import UUID

import segno
from litestar import MediaType, Response

from lms_core.api import Context
from lms_university_weeks.answers import Question, Times
from lms_university_weeks.presences import Door
from lms_university_weeks.week import When

# The address holds a secret: it must reach neither caches nor other sites.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width">
<style>body{{font:1rem system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse}}
th,td{{border:1px solid;padding:.4rem;text-align:left}}select,button{{font:inherit}}
p.done{{border:2px solid;padding:.5rem}}</style></head><body><h1>{title}</h1>{body}</body></html>"""

_THANKS = '<p class="done" role="status">Thank you; this is kept. You can change it by the same link.</p>'

WORDS = {"yes": "I can come", "rather-not": "if need be", "no": "I cannot"}


def form(question: Question, link: str, done: bool = False) -> Response[str]:
    """Show the days and slots of the week, each with what she said or, at first, that she cannot."""
    said = _said(question)
    head = "".join(f'<th scope="col">{day:%A} {day.isoformat()}</th>' for day in question.days)
    rows = "".join(
        f'<tr><th scope="row">{escape(slot.starts)} to {escape(slot.ends)}</th>'
        + "".join(f"<td>{_choice(day, number, said.get((day, number), 'no'))}</td>" for day in question.days)
        + "</tr>"
        for number, slot in enumerate(question.slots, 1)
    )
    thanks = _THANKS if done else ""
    own = "".join(
        f"<li>{escape(one.title)}: {one.day:%A} {one.day.isoformat()}, {escape(one.starts)} to {escape(one.ends)}"
        + (f", {escape(one.place)}" if one.place else "")
        + "</li>"
        for one in question.sessions
    )
    sessions = f"<h2>Your sessions, as they are planned now</h2><ul>{own}</ul>" if own else ""
    body = f"""{thanks}{sessions}<p>When can you come, {escape(question.name)}? All times are those of the clocks in
{escape(question.zone)}.</p><form method="post" action="?link={escape(link)}"><table><thead><tr>
<th scope="col">Time</th>{head}</tr></thead><tbody>{rows}</tbody></table>
<p><button>Keep these times</button></p></form>"""
    page = _PAGE.format(title=escape(question.title), body=body)
    return Response(page, media_type=MediaType.HTML, headers=_HEADERS)


def _choice(day: date, number: int, chosen: str) -> str:
    options = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{word}</option>'
        for value, word in WORDS.items()
    )
    return f'<select name="{day.isoformat()}.{number}" aria-label="{day.isoformat()}, slot {number}">{options}</select>'


def _said(question: Question) -> dict[tuple[date, int], str]:
    if question.times is None:
        return {}
    found: dict[tuple[date, int], str] = {}
    for word, times in (("yes", question.times.available), ("rather-not", question.times.disliked)):
        for when in times:
            for number in when.slots or range(1, len(question.slots) + 1):
                found[when.day, number] = word
    return found


def times_of(fields: Mapping[str, str], days: Sequence[date]) -> Times:
    """Read the form; a time that it does not name is one at which she cannot come."""
    available: dict[date, list[int]] = {}
    disliked: dict[date, list[int]] = {}
    for day in days:
        for number in range(1, 25):
            word = fields.get(f"{day.isoformat()}.{number}")
            if word in ("yes", "rather-not"):
                available.setdefault(day, []).append(number)
            if word == "rather-not":
                disliked.setdefault(day, []).append(number)
    return Times(*(tuple(When(day, tuple(slots)) for day, slots in one.items()) for one in (available, disliked)))


def qr(context: Context, week_id: UUID, door: Door) -> bytes:
    """Draw the code at a door: an address that an app of the programme turns into a request to check in."""
    place = f"{context.public_url}/programmes/{context.programme_id}/university_weeks/check-in"
    told = segno.make(f"{place}?{urlencode({'weekId': week_id, 'key': door.key, 'code': door.code})}", error="m")
    picture = BytesIO()
    told.save(picture, kind="svg", scale=8, title=f"Check in: {door.title}")
    return picture.getvalue()
