"""What laws say to a case, looked up from what is known of it, of the student's other work and of her protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import delete, insert, select

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Conflict,
    ConstraintsRequest,
    Context,
    FieldError,
    InvalidInput,
    Payload,
    View,
    session_constraints,
)
from lms_internship_credit import checks
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, check_hours
from lms_internship_credit.cases import Who, find, of_regulation, settled_of
from lms_internship_credit.parts import OVER, Settled
from lms_internship_credit.policy import Served

DAY = timedelta(days=1)


class WorkDay(Payload, frozen=True):
    """A day on which somebody worked beside her study, and for how many hours."""

    day: date
    hours: Decimal

    def __post_init__(self) -> None:
        """Refuse hours that no day has."""
        check_hours("hours", self.hours, 0, 24)


class WorkDays(Payload, frozen=True):
    """All days of a calendar year on which somebody worked beside her study, in place of those from before."""

    days: Annotated[tuple[WorkDay, ...], msgspec.Meta(max_length=366)]

    def __post_init__(self) -> None:
        """Refuse a day that is there twice."""
        if len({one.day for one in self.days}) < len(self.days):
            raise BadValue("days", "each day can stand there once")


class Worked(View, frozen=True):
    """The days of a calendar year on which somebody worked beside her study, as she entered them."""

    days: list[WorkDay]


class Account(View, frozen=True):
    """Days worked beside the study by calendar year, in full days, and how many of these a residence title leaves."""

    years: list[checks.Year]


class Checks(View, frozen=True):
    """What each rule says to a case; `note` says what that is worth."""

    findings: list[checks.Finding]
    note: str = checks.NO_ADVICE


async def read_account(context: Context, connection: AsyncConnection, person_id: UUID) -> Account:
    """Return what a person worked beside her study. One statement."""
    return Account(checks.account(await _worked(context, connection, person_id), context.settings.law))


async def read_days(context: Context, connection: AsyncConnection, year: int) -> Worked:
    """Return on which days of a year the person who asks worked. One statement."""
    assert context.person_id
    worked = await _worked(context, connection, context.person_id)
    return Worked([WorkDay(day, hours) for day, hours in worked.items() if day.year == year])


async def put_days(context: Context, connection: AsyncConnection, year: int, data: WorkDays) -> Account:
    """Keep on which days of a year the person who asks worked. Raises InvalidInput. Three statements."""
    if not 2000 <= year <= 2100:
        raise InvalidInput("This is no year.", errors=[FieldError("path.year", "must be from 2000 to 2100")])
    if any(one.day.year != year for one in data.days):
        where = [FieldError("body.days", f"must all lie in {year}")]
        raise InvalidInput("Not all days lie in the year.", errors=where)
    c = t.work_day.c
    hers = (c.programme_id == context.programme_id) & (c.person_id == context.person_id)
    await connection.execute(delete(t.work_day).where(hers, c.day.between(date(year, 1, 1), date(year, 12, 31))))
    key = {"programme_id": context.programme_id, "person_id": context.person_id}
    if data.days:
        await connection.execute(insert(t.work_day), [{**key, "day": one.day, "hours": one.hours} for one in data.days])
    assert context.person_id
    return await read_account(context, connection, context.person_id)


async def _worked(context: Context, connection: AsyncConnection, person_id: UUID) -> dict[date, Decimal]:
    c = t.work_day.c
    query = select(c.day, c.hours).where(c.programme_id == context.programme_id, c.person_id == person_id)
    return {row.day: row.hours for row in await connection.execute(query.order_by(c.day))}


async def check(context: Context, case_id: UUID, who: Who) -> Checks:
    """Return what laws say to a case as it is described. Four statements, and those of plugins that protect.

    A supervisor reads neither of residence nor of protection: what is personal there the office looks at. Raises
    NotFound, Conflict while nothing is described, and Unavailable when a plugin that protects cannot tell.
    """
    async with context.read() as connection:
        case = await find(context, connection, case_id, who)
        of_regulation(context, case.regulation)
        others = await _others(context, connection, case)
        settled = await settled_of(context, connection, case.person_id)
        found = await judged(context, connection, case, others, settled, who)
    what, planned = case.change or case.description, _planned(case, others)
    if what is None or planned is None or not found:
        raise Conflict("It is not described yet; then it can be checked.")
    if who.role != "supervisor":
        found.append(checks.protection(await _protected(context, case, what.first_day, what.last_day), planned))
    return Checks(found)


async def judged(
    context: Context,
    connection: AsyncConnection,
    case: Case,
    others: Sequence[Case],
    settled: Mapping[str, Settled],
    who: Who,
) -> list[checks.Finding]:
    """Return what each rule says to a case, but for protection, which other plugins are asked about. One statement.

    Nothing while it is not described, or where the policy has its part no more.
    """
    internship, law = context.settings.internship(case.regulation), context.settings.law
    part = internship.part(case.part) if internship else None
    planned = _planned(case, others)
    if planned is None or part is None:
        return []
    known = settled.get(case.part)
    what = case.change or case.description
    assert what
    found = [
        checks.length(planned, part, case.regulation, known.ects if known else Decimal(0)),
        checks.wage(planned, part, law),
        checks.working_time(planned, law),
        checks.several(planned, [day for one in others if (day := _days(one))], law),
    ]
    if who.role != "supervisor":
        years = checks.account(await _worked(context, connection, case.person_id), law)
        found.append(checks.residence(years, planned, part, law))
    return [*found, checks.insurance(what.insurance)]


def _planned(case: Case, others: Sequence[Case]) -> checks.Planned | None:
    what, hours = case.change or case.description, case.certified
    if what is None:
        return None
    return checks.Planned(
        first_day=what.first_day, last_day=what.last_day, weekly_hours=what.weekly_hours, pay_cents=what.pay_cents,
        there_before=any(one.began_on and one.organisation_id == case.organisation_id for one in others),
        absent_days=case.absent_days,
        certified=Served(hours.first_day, hours.last_day, hours.hours, hours.absent_days) if hours else None,
    )  # fmt: skip


async def _others(context: Context, connection: AsyncConnection, case: Case) -> list[Case]:
    """Return the other cases of the student. One statement."""
    c = t.case.c
    query = select(c.details).where(
        c.programme_id == context.programme_id, c.person_id == case.person_id, c.id != case.id
    )
    return [msgspec.convert(row.details, Case) for row in await connection.execute(query.order_by(c.id))]


def _days(case: Case) -> checks.Other | None:
    """Return from when to when a case is or was worked; None for what nobody has proposed, or came to nothing."""
    what = case.description
    if what is None or case.state in ("draft", "returned") or (case.state in OVER and not case.began_on):
        return None
    if case.state == "host_cancelled" and not case.began_on:
        return None
    last = case.ended_on or (case.stopped_on if case.state == "host_cancelled" else None) or what.last_day
    return checks.Other(case.began_on or what.first_day, last, what.weekly_hours)


async def _protected(context: Context, case: Case, first: date, last: date) -> list[tuple[date, date]]:
    """Return from when to when the student cannot be required to come, where that is for whole days."""
    zone = ZoneInfo(context.settings.zone)
    starts, ends = (datetime.combine(day, time(), zone) for day in (first, last + DAY))
    found = await session_constraints(context, ConstraintsRequest(starts, ends, (case.person_id,)))
    whole = sorted(
        (one.starts.astimezone(zone), one.ends.astimezone(zone))
        for one in found
        if one.strength == "cannot" and one.ends - one.starts >= DAY - timedelta(hours=1)
    )
    merged: list[tuple[datetime, datetime]] = []
    for begins, over in whole:
        if merged and begins <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(over, merged[-1][1])
        else:
            merged.append((begins, over))
    return [(max(first, one.date()), min(last, (other - timedelta(seconds=1)).date())) for one, other in merged]
