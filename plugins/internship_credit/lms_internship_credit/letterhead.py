"""Who writes to hosts and mentors, whom they ask, and until when they are awaited: said by pages, mails and prints."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from lms_core.api import AsyncConnection, Context, read_programme
from lms_internship_credit.case import Description
from lms_internship_credit.lifecycle import State
from lms_internship_credit.policy import Internship
from lms_internship_credit.settings import Contact


class Letterhead(msgspec.Struct, frozen=True):
    """Who writes: universities and programme as one line, and whom to ask, null where the programme does not say."""

    sender: str
    contact: Contact | None

    @property
    def questions(self) -> str:
        """The contact as one line, empty if there is none."""
        known = self.contact
        return ", ".join(filter(None, (known.name, known.email, known.phone))) if known else ""


async def read_letterhead(context: Context, connection: AsyncConnection) -> Letterhead:
    """Return who writes for the programme. One statement."""
    found = await read_programme(connection, context.programme_id)
    return Letterhead(", ".join([*found.led_by, found.title]), context.settings.contact)


def deadline(state: State, what: Description | None, due: date | None, internship: Internship | None) -> date | None:
    """Return the day until which the step that a state waits for is to be taken; null where no rule names one.

    `what` is what holds, `due` the day until which the report is awaited.
    """
    if state in ("certified", "rework"):
        return due
    if what and state in ("proposed", "host_confirmed"):
        return what.first_day - timedelta(internship.lead_days if internship else 0)
    if what and state == "approved":
        return what.first_day
    return what.last_day if what and state == "amendment_pending" else None
