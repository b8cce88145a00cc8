"""Figures for the office: what waits where and for how long, what is due, how long it takes, how hosts are rated."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal
from uuid import UUID

from sqlalchemy import case as case_when
from sqlalchemy import func, or_, select

from lms_core.api import AsyncConnection, Context, View, now, read_persons
from lms_internship_credit import tables as t
from lms_internship_credit.cases import today_in
from lms_internship_credit.lifecycle import State

FEW = 5
"""Of fewer people no figure is told."""

AHEAD = timedelta(days=30)
MOST = 500

AGES = (("week", 7), ("month", 30), ("quarter", 90))
"""How long a case has been in its state: up to so many days; longer is `longer`."""


class InState(View, frozen=True, kw_only=True):
    """How many cases are in a state, by how long they have been there."""

    state: State
    week: int
    month: int
    quarter: int
    longer: int


class DueSoon(View, frozen=True, kw_only=True):
    """What happens to a student's case on a day: it begins, it ends, or its report is due."""

    case_id: UUID
    student: str
    what: Literal["begins", "ends", "report"]
    on: date


class Rated(View, frozen=True, kw_only=True):
    """How students rate a host, from 1 to 5; of fewer than five ratings nothing is told."""

    organisation_id: UUID
    name: str
    ratings: int
    mean: Decimal


class Figures(View, frozen=True, kw_only=True):
    """The office's figures.

    `due` are days of the next thirty. `decided` is how many cases were booked, and `days` the median of the days from
    the report to that (null: fewer than five).
    """

    states: list[InState]
    due: list[DueSoon]
    decided: int
    days: Decimal | None
    hosts: list[Rated]


async def figures(context: Context, connection: AsyncConnection) -> Figures:
    """Return the figures. Five statements."""
    took = await _took(context, connection)
    return Figures(
        states=await _states(context, connection),
        due=await _due(context, connection),
        decided=len(took),
        days=Decimal(round(median(took) * 10)) / 10 if len(took) >= FEW else None,
        hosts=await _hosts(context, connection),
    )


async def _states(context: Context, connection: AsyncConnection) -> list[InState]:
    c, moment = t.case.c, now()
    youngest = [(c.moved_at > moment - timedelta(days=days), name) for name, days in AGES]
    age = case_when(*youngest, else_="longer").label("age")
    query = select(c.state, age, func.count().label("cases")).where(c.programme_id == context.programme_id)
    found: dict[State, dict[str, int]] = {}
    for row in await connection.execute(query.group_by(c.state, age)):
        found.setdefault(row.state, {"week": 0, "month": 0, "quarter": 0, "longer": 0})[row.age] = row.cases
    return [InState(state=state, **ages) for state, ages in sorted(found.items())]


async def _due(context: Context, connection: AsyncConnection) -> list[DueSoon]:
    c, today = t.case.c, today_in(context)
    day = case_when(
        (c.state == "cleared", c.first_day),
        (c.state.in_(("running", "amendment_pending", "interrupted")), c.last_day),
        (c.state.in_(("certified", "rework")), c.due),
    )
    what = case_when((c.state == "cleared", "begins"), (c.state.in_(("certified", "rework")), "report"), else_="ends")
    query = select(c.id, c.person_id, what.label("what"), day.label("day")).where(
        c.programme_id == context.programme_id, day.between(today, today + AHEAD)
    )
    rows = (await connection.execute(query.order_by(day, c.id).limit(MOST))).all()
    students = {one.id: one.name for one in await read_persons(connection, [row.person_id for row in rows])}
    return [DueSoon(case_id=row.id, student=students.get(row.person_id, ""), what=row.what, on=row.day) for row in rows]


async def _took(context: Context, connection: AsyncConnection) -> list[float]:
    """Return the days from each first report to its booking."""
    h = t.history.c
    moments = (
        func.min(case_when((h.action == "submit", h.at))).label("submitted"),
        func.min(case_when((h.action == "book", h.at))).label("booked"),
    )
    each = select(*moments).where(h.programme_id == context.programme_id, or_(h.action == "submit", h.action == "book"))
    each = each.group_by(h.case_id)
    rows = (await connection.execute(each)).all()
    return sorted((row.booked - row.submitted) / timedelta(days=1) for row in rows if row.booked and row.submitted)


async def _hosts(context: Context, connection: AsyncConnection) -> list[Rated]:
    c, o = t.case.c, t.organisation.c
    query = (
        select(o.id, o.name, func.count().label("ratings"), func.sum(t.rating.c.points).label("points"))
        .join_from(t.case, t.organisation, o.id == c.organisation_id)
        .join(t.rating, t.rating.c.case_id == c.id)
        .where(c.programme_id == context.programme_id)
        .group_by(o.id, o.name)
        .having(func.count() >= FEW)
    )
    rows = (await connection.execute(query)).all()
    found = [
        Rated(
            organisation_id=row.id, name=row.name, ratings=row.ratings,
            mean=(Decimal(row.points) / row.ratings).quantize(Decimal("0.1")),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.mean, one.name))
