"""What a lecturer without an account is to teach: on the page of her link."""

from __future__ import annotations

from msgspec.structs import replace

from lms_core.api import AsyncConnection, Context
from lms_university_weeks.answers import Question, Teaching, about, question
from lms_university_weeks.publishing import latest
from lms_university_weeks.views import Own, View, shown


async def asked(context: Context, connection: AsyncConnection) -> Question:
    """Return what the lecturer whose link this is can answer, and her published sessions. Raises NotFound."""
    found = await question(context, connection)
    week_id, key = about(context)
    published = await latest(connection, week_id)
    if published is None or key not in {one.key for one in published.content.lecturers}:
        return found
    wheres = [one.where for one in published.sessions]
    entries = shown(published.content, wheres, View("lecturer", key), Own())
    return replace(
        found, sessions=tuple(Teaching(one.title, one.day, one.starts, one.ends, one.place) for one in entries)
    )
