"""What a programme can expect: how many plan which module when, and whose runs are at the same time; never who."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from lms_core.api import AsyncConnection, Catalogue, Context, SessionFacts, View, read_catalogue, read_sessions
from lms_part_time_tracks.calendar import Terms
from lms_part_time_tracks.counts import FEW, near
from lms_part_time_tracks.knowing import today
from lms_part_time_tracks.tables import placed

AHEAD = 4
"""Terms that are looked at: two years."""


class Demand(View, frozen=True, kw_only=True):
    """How many have a module in a term of an accepted plan, to the nearest five, and how many seats its runs have.

    Null are fewer than five, or nobody; what fewer than five plan is not listed at all while no run is published.

    `seats` is null while no run of it is published for the term.
    """

    module_id: UUID
    key: str
    title: str
    term: str
    students: int | None
    seats: int | None


class Clash(View, frozen=True, kw_only=True):
    """Two runs of a term with sessions at the same time, of modules that at least five have both yet to take."""

    runs: list[UUID]
    titles: list[str]
    term: str
    students: int
    sessions: int


class Forecast(View, frozen=True, kw_only=True):
    """What accepted plans say of the next two years.

    `plans` is how many there are, to the nearest five (null: fewer than five). With exact numbers, what is not told of
    a few would follow from the others.
    """

    plans: int | None
    demand: list[Demand]
    clashes: list[Clash]


async def forecast(context: Context, connection: AsyncConnection) -> Forecast:
    """Return what accepted plans say. Eight statements."""
    catalogue = await read_catalogue(connection, context.programme_id)
    first = Terms(catalogue.terms).at(today(context))
    here = placed.c.programme_id == context.programme_id
    ahead = here & (placed.c.term >= first)
    people = await connection.scalar(select(func.count(placed.c.person_id.distinct())).where(here))
    counted = select(placed.c.module_id, placed.c.term, func.count().label("students")).where(ahead)
    students = {
        (row.module_id, row.term): row.students
        for row in await connection.execute(counted.group_by(placed.c.module_id, placed.c.term))
    }
    seats: dict[tuple[UUID, int], int] = defaultdict(int)
    for run in catalogue.runs:
        seats[run.module_id, run.term] += run.seats
    return Forecast(
        plans=near(people or 0),
        demand=[
            Demand(
                module_id=module.module_id, key=module.key, title=module.title, term=Terms(catalogue.terms)[term].name,
                students=near(students.get((module.module_id, term), 0)),
                seats=seats.get((module.module_id, term)),
            )
            for module in catalogue.modules
            for term in range(first, first + AHEAD)
            if students.get((module.module_id, term), 0) >= FEW or (module.module_id, term) in seats
        ],
        clashes=await _clashes(connection, catalogue, first, ahead),
    )  # fmt: skip


async def _clashes(connection: AsyncConnection, catalogue: Catalogue, first: int, here: Any) -> list[Clash]:
    """Find runs of modules that many still want which meet at the same time. Two statements."""
    other = placed.alias("other")
    same = and_(
        other.c.person_id == placed.c.person_id, other.c.programme_id == placed.c.programme_id,
        other.c.module_id > placed.c.module_id, other.c.term >= first,
    )  # fmt: skip
    query = (
        select(placed.c.module_id, other.c.module_id.label("with_id"), func.count().label("students"))
        .join_from(placed, other, same)
        .where(here)
        .group_by(placed.c.module_id, other.c.module_id)
        .having(func.count() >= FEW)
    )
    wanted = {frozenset((row.module_id, row.with_id)): row.students for row in await connection.execute(query)}
    pairs = [
        (one, two)
        for one, two in combinations([run for run in catalogue.runs if run.term >= first], 2)
        if one.term == two.term and frozenset((one.module_id, two.module_id)) in wanted
    ]
    meetings: dict[UUID, list[SessionFacts]] = defaultdict(list)
    for session in await read_sessions(connection, {run.run_id for pair in pairs for run in pair}):
        if session.cancelled_at is None:
            meetings[session.run_id].append(session)
    found = []
    for one, two in pairs:
        if number := sum(_meet(a, b) for a in meetings[one.run_id] for b in meetings[two.run_id]):
            found.append(
                Clash(
                    runs=[one.run_id, two.run_id], titles=[one.title, two.title], sessions=number,
                    term=Terms(catalogue.terms)[one.term].name,
                    students=near(wanted[frozenset((one.module_id, two.module_id))]) or FEW,
                )
            )  # fmt: skip
    return sorted(found, key=lambda clash: (-clash.students, clash.titles))


def _meet(one: SessionFacts, other: SessionFacts) -> bool:
    a, b = ZoneInfo(one.zone), ZoneInfo(other.zone)
    starts, ends = one.starts.replace(tzinfo=a), one.ends.replace(tzinfo=a)
    return starts < other.ends.replace(tzinfo=b) and other.starts.replace(tzinfo=b) < ends
