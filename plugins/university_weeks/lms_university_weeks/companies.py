"""Who comes to a company: the list that it wants before its visits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from lms_core.api import AsyncConnection, Context, NotFound, View, read_participants
from lms_university_weeks import weeks
from lms_university_weeks.attendance import read_attendance
from lms_university_weeks.engine.problem import BUS_SEATS
from lms_university_weeks.publishing import Publication, latest
from lms_university_weeks.sheets import Rows
from lms_university_weeks.week import Company, WeekContent, WeekSession


class Visit(View, frozen=True, kw_only=True):
    """A visit and who comes to it, by name, in so many buses.

    `days` are those on which it is published to take place, more than one where it is repeated, and `due_on` is when
    the company wants the list. Unless it is `final`, places of a choice are still to be given, and those who may get
    one are on the list.
    """

    key: str
    title: str
    days: tuple[date, ...]
    due_on: date | None
    final: bool
    people: list[str]
    buses: int


class Visitors(View, frozen=True):
    """Who comes to the visits of a company."""

    company: str
    name: str
    visits: list[Visit]


async def read_visitors(context: Context, connection: AsyncConnection, week_id: UUID, key: str) -> Visitors:
    """Return who comes to a company, by what is published, or else entered. Raises NotFound. Five statements."""
    entered = (await weeks.read(context, connection, week_id)).content
    published = await latest(connection, week_id)
    content = published.content if published else entered
    company = next((one for one in content.companies if one.key == key), None)
    if company is None:
        raise NotFound(f"The week has no company {key}.")
    attendance = await read_attendance(connection, week_id, content)
    sessions = [one for one in content.sessions if one.company == key]
    people = await read_participants(connection, {one.run_id or content.run_id for one in sessions})
    days = visit_days(published)
    open_ones = {option.key for choice in content.choices for option in choice.sessions} - attendance.chosen.keys()
    visits = []
    for one in sessions:
        run_id = one.run_id or content.run_id
        names = [who.person.name for who in people if who.run_id == run_id and attendance.comes(one, who.person.id)]
        visits.append(
            Visit(
                key=one.key, title=one.title, days=days.get(one.key, ()), due_on=due_on(company, one, days),
                final=one.key not in open_ones, people=names, buses=-(-len(names) // BUS_SEATS),
            )
        )  # fmt: skip
    return Visitors(key, company.name, visits)


def due_on(company: Company, visit: WeekSession, days: Mapping[str, tuple[date, ...]]) -> date | None:
    """Return when a company wants to know who comes to a visit, if its day is known."""
    first = min(days.get(visit.key, ()), default=None)
    return first - timedelta(days=company.names_due_days) if first else None


def visit_days(published: Publication | None) -> dict[str, tuple[date, ...]]:
    """Return on which days each session of a week is published to be."""
    found: dict[str, set[date]] = {}
    for one in published.sessions if published else ():
        found.setdefault(one.where.key.partition("/")[0], set()).add(one.where.day)
    return {key: tuple(sorted(days)) for key, days in found.items()}


def rows_of(found: Visitors) -> Rows:
    """Return a list of visitors as a table."""
    rows: Rows = [["visit", "days", "name"]]
    for one in found.visits:
        rows += [[one.title, "; ".join(map(str, one.days)), name] for name in one.people]
    return rows


def visits_of(content: WeekContent) -> list[tuple[Company, WeekSession]]:
    """Return the visits of a week, each with its company."""
    companies = {one.key: one for one in content.companies}
    return [(companies[one.company], one) for one in content.sessions if one.company]
