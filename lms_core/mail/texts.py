"""What the core writes to people, in each language.

The first line of each text is the subject. In braces stand `name` (of the recipient), `run`, and for sessions
`session`, `when` and `place`, for offers `deadline`, for what was declined or cancelled `reason`, for files `file` and
`reason` (which is English).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from lms_core.hooks.types import SessionEvent
from lms_core.people.types import Language

_TEXTS: dict[str, dict[Language, str]] = {
    "media_quarantined": {
        "de": """\
Eine Datei kam nicht richtig an: {file}

Guten Tag {name},

Ihre Datei „{file}“ wurde geprüft und wird zurückgehalten:
{reason}

Bitte laden Sie sie noch einmal hoch. Wo sie verwendet wird, bleibt sie eingetragen.
""",
        "en": """\
A file did not arrive as it should: {file}

Hello {name},

your file "{file}" was checked and is held back:
{reason}

Please upload it again. Where it is used, it stays in its place.
""",
    },
    "enrolled": {
        "de": """\
Sie haben einen Platz: {run}

Guten Tag {name},

Sie haben einen Platz in „{run}“.
""",
        "en": """\
You have a seat: {run}

Hello {name},

you have a seat in "{run}".
""",
    },
    "waiting": {
        "de": """\
Sie stehen auf der Warteliste: {run}

Guten Tag {name},

„{run}“ ist zurzeit voll. Sie stehen auf der Warteliste; sobald ein
Platz für Sie frei wird, erhalten Sie ihn und eine weitere Nachricht.
""",
        "en": """\
You are on the waiting list: {run}

Hello {name},

"{run}" is full at the moment. You are on the waiting list; as soon
as a seat is free for you, you get it and another message.
""",
    },
    "requested": {
        "de": """\
Ihre Anfrage ist angekommen: {run}

Guten Tag {name},

Sie haben um einen Platz in „{run}“ gebeten. Sobald darüber
entschieden ist, erhalten Sie eine weitere Nachricht.
""",
        "en": """\
Your request has arrived: {run}

Hello {name},

you asked for a seat in "{run}". As soon as somebody has decided
about it, you get another message.
""",
    },
    "offered": {
        "de": """\
Ein Platz ist für Sie frei: {run}

Guten Tag {name},

in „{run}“ wird ein Platz für Sie freigehalten bis
{deadline}.

Nehmen Sie ihn bis dahin an, sonst erhält ihn der Nächste.
""",
        "en": """\
A seat is held for you: {run}

Hello {name},

in "{run}" a seat is held for you until
{deadline}.

Accept it by then, or the next in the list gets it.
""",
    },
    "declined": {
        "de": """\
Ihre Anfrage wurde abgelehnt: {run}

Guten Tag {name},

Ihre Anfrage um einen Platz in „{run}“ wurde abgelehnt:
{reason}
""",
        "en": """\
Your request was declined: {run}

Hello {name},

your request for a seat in "{run}" was declined:
{reason}
""",
    },
    "expired": {
        "de": """\
Der angebotene Platz ist verfallen: {run}

Guten Tag {name},

der Platz in „{run}“, der für Sie freigehalten wurde, ist verfallen.
Sie können sich wieder anmelden; Sie stehen dann am Ende der Liste.
""",
        "en": """\
The offered seat has expired: {run}

Hello {name},

the seat in "{run}" that was held for you has expired.
You can enrol again; you are then at the end of the list.
""",
    },
    "cancelled": {
        "de": """\
Findet nicht statt: {run}

Guten Tag {name},

„{run}“ findet nicht statt:
{reason}
""",
        "en": """\
Does not take place: {run}

Hello {name},

"{run}" does not take place:
{reason}
""",
    },
    "session_changed": {
        "de": """\
Geänderter Termin: {session}

Guten Tag {name},

ein Termin von „{run}“ wurde geändert. Jetzt gilt:

{session}
{when}
{place}
""",
        "en": """\
Changed session: {session}

Hello {name},

a session of "{run}" was changed. It is now:

{session}
{when}
{place}
""",
    },
    "session_cancelled": {
        "de": """\
Abgesagter Termin: {session}

Guten Tag {name},

ein Termin von „{run}“ findet nicht statt:

{session}
{when}
{place}
""",
        "en": """\
Cancelled session: {session}

Hello {name},

a session of "{run}" will not take place:

{session}
{when}
{place}
""",
    },
}

FOOTER: dict[Language, str] = {
    "de": "\n-- \nDiese Nachricht wurde automatisch verschickt von {site}\n",
    "en": "\n-- \nThis message was sent automatically by {site}\n",
}

_DAY = {"de": "%d.%m.%Y", "en": "%Y-%m-%d"}
_FROM_TO = {"de": "{} bis {} Uhr ({})", "en": "{} to {} ({})"}
_UNTIL = {"de": "{} Uhr ({}, {})", "en": "{} ({}, {})"}


class Text(msgspec.Struct, frozen=True):
    """Subject and text of a mail."""

    subject: str
    text: str


def write(kind: str, language: Language, values: dict[str, str]) -> Text:
    """Fill in a text."""
    subject, _, text = _TEXTS[kind][language].partition("\n\n")
    return Text(subject.format(**values), text.format(**values))


def until(deadline: datetime, zone: str, language: Language) -> str:
    """Write a moment as the clocks of a zone show it, and which time they keep then: 02:30 is twice on one day."""
    there = deadline.astimezone(ZoneInfo(zone))
    return _UNTIL[language].format(_moment(there, language), there.tzname(), zone)


def when(session: SessionEvent, language: Language) -> str:
    """Write the time of a session as the clock at its place shows it."""
    same_day = session.starts.date() == session.ends.date()
    last = session.ends.strftime("%H:%M") if same_day else _moment(session.ends, language)
    return _FROM_TO[language].format(_moment(session.starts, language), last, session.zone)


def _moment(time: datetime, language: Language) -> str:
    return time.strftime(f"{_DAY[language]}, %H:%M")
