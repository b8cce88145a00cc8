"""What plugins that plan a study read: what a programme teaches when, how far its students are, what a run asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
from sqlalchemy import Select, case, func, or_, select

from lms_core.assessment.policy import COUNTED, lengthened, policy_of, term_name, term_number
from lms_core.assessment.tables import elsewhere, exam, paused_term, registration
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.modules.tables import adoption, module, run, unit, version
from lms_core.programmes.tables import regulation, term
from lms_core.progress.reads import module_of
from lms_core.progress.tables import COUNTING, credit, unit_state

Season = Literal["winter", "summer"]
SeatState = Literal["enrolled", "waiting", "requested", "offered", "completed"]
AT_ONCE = 200
"""Persons in one statement: more are read in parts."""


class TermDates(msgspec.Struct, frozen=True, kw_only=True):
    """A term of a programme: its number (terms have them without gaps), its name, and its days, all included."""

    number: int
    name: str
    starts_on: date
    ends_on: date
    lectures_from: date
    lectures_to: date
    exams_from: date
    exams_to: date


class ModuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A module as it was published last, taught or adopted by a programme.

    `offered` are the seasons in which its runs start (none: nobody has said), `prerequisites` the modules that have
    to be completed before; they need not belong to the programme.
    """

    module_id: UUID
    key: str
    title: str
    ects: Decimal
    workload_hours: int
    offered: tuple[Season, ...]
    prerequisites: tuple[UUID, ...]


class RunOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a module in a term (by its number); `open` to enrolments, with so many seats and so many free."""

    run_id: UUID
    module_id: UUID
    term: int
    title: str
    open: bool
    seats: int
    free: int


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What a programme teaches: terms in their order, modules by key, runs by term and title."""

    terms: tuple[TermDates, ...]
    modules: tuple[ModuleFacts, ...]
    runs: tuple[RunOffer, ...]


class RunPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A person's place in a run of a module, in a term by its number."""

    run_id: UUID
    module_id: UUID
    term: int
    state: SeatState


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A person's attempts at a module: failed ones in terms by number, and how many more she has (null: no limit).

    `elsewhere` counts failures at other universities, `passed` is the term of the exam that she passed. `until` is
    the last term in which the regulation allows a repeat, later by the terms in which her time stands still.
    """

    module_id: UUID
    failed: tuple[int, ...]
    elsewhere: int
    passed: int | None
    left: int | None
    until: int | None


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """ECTS that are booked for a person, for a module (null: for something else) and what it is called.

    `recognised` tells that whoever booked them said that they were earned elsewhere.
    """

    module_id: UUID | None
    title: str
    ects: Decimal
    recognised: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a student of a programme is, and the regulation she follows, with its limits as they were entered."""

    person_id: UUID
    since: date
    regulation: str
    ects_total: Decimal
    hours_per_ects: Decimal
    limits: dict[str, Any]
    places: tuple[RunPlace, ...]
    tried: tuple[Tried, ...]
    earned: tuple[Earned, ...]


class RegulationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the examination regulation of a programme, and the ECTS that its degree takes."""

    version: str
    ects_total: Decimal


class PassRate(msgspec.Struct, frozen=True, kw_only=True):
    """How often exams of a module were taken under a programme, and passed."""

    module_id: UUID
    taken: int
    passed: int


class UnitOfRun(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of a run in its order: how many minutes it takes (null: nobody said), and when a person completed it."""

    run_id: UUID
    unit_key: str
    title: str
    minutes: int | None
    required: bool
    completed_at: datetime | None


async def read_catalogue(connection: AsyncConnection, programme_id: UUID) -> Catalogue:
    """Return what a programme teaches, adopted modules as well; nothing of one that nobody knows. Four statements."""
    adopted = select(adoption.c.module_id).where(adoption.c.programme_id == programme_id)
    ours = or_(module.c.programme_id == programme_id, module.c.id.in_(adopted))
    days = select(term).where(term.c.programme_id == programme_id)
    terms = sorted((_term(row) for row in await connection.execute(days)), key=lambda one: one.number)
    latest = (
        select(version.c.module_id, func.max(version.c.number).label("number"))
        .where(version.c.published_at.is_not(None))
        .group_by(version.c.module_id)
        .subquery("latest")
    )
    taught = (
        select(
            module.c.id, module.c.key, module.c.programme_id, version.c.title, version.c.ects,
            version.c.workload_hours, version.c.offered, version.c.prerequisites,
        )
        .join_from(module, latest, latest.c.module_id == module.c.id)
        .join(version, (version.c.module_id == module.c.id) & (version.c.number == latest.c.number))
        .where(ours)
        .order_by(module.c.key, module.c.id)
    )  # fmt: skip
    rows = (await connection.execute(taught)).all()
    owners = select(module.c.id, module.c.programme_id, module.c.key).where(
        module.c.programme_id.in_({row.programme_id for row in rows})
    )
    by_key = {(row.programme_id, row.key): row.id for row in await connection.execute(owners)}
    offers = (
        select(run, term.c.season, term.c.year)
        .join_from(run, term, term.c.id == run.c.term_id)
        .join(module, module.c.id == run.c.module_id)
        .where(ours)
        .order_by(term.c.year, term.c.season, run.c.title, run.c.id)
    )
    return Catalogue(
        terms=tuple(terms),
        modules=tuple(_module(row, by_key) for row in rows),
        runs=tuple(
            RunOffer(
                run_id=row.id, module_id=row.module_id, term=term_number(row.season, row.year), title=row.title,
                open=row.open, seats=row.capacity, free=row.capacity - row.seats_taken,
            )
            for row in await connection.execute(offers)
        ),
    )  # fmt: skip


async def read_regulations(connection: AsyncConnection, programme_id: UUID) -> list[RegulationFacts]:
    """Return the versions of a programme's regulation, in their order. One statement."""
    c = regulation.c
    query = select(c.version, c.ects_total).where(c.programme_id == programme_id).order_by(c.version)
    return [RegulationFacts(**row._mapping) for row in await connection.execute(query)]


async def read_students(connection: AsyncConnection, programme_id: UUID) -> list[UUID]:
    """Return who studies a programme, in the order of ids. One statement."""
    study = programme_enrolment.c
    query = select(study.person_id).where(study.programme_id == programme_id, study.state == "enrolled")
    return list((await connection.execute(query.order_by(study.person_id))).scalars())


async def read_standings(
    connection: AsyncConnection, programme_id: UUID, persons: Collection[UUID] | None = None
) -> list[Standing]:
    """Return how far students of a programme are (null: all), in the order of ids; others are left out.

    A statement, and five for each 200 persons.
    """
    study = programme_enrolment.c
    query = (
        select(
            study.person_id, study.since, regulation.c.version, regulation.c.ects_total, regulation.c.hours_per_ects,
            regulation.c.limits,
        )
        .join_from(programme_enrolment, regulation)
        .where(study.programme_id == programme_id, study.state == "enrolled")
        .order_by(study.person_id)
    )  # fmt: skip
    if persons is not None:
        query = query.where(study.person_id.in_(persons))
    rows = (await connection.execute(query)).all()
    found: list[Standing] = []
    for first in range(0, len(rows), AT_ONCE):
        found += await _standings(connection, programme_id, rows[first : first + AT_ONCE])
    return found


async def read_pass_rates(connection: AsyncConnection, programme_id: UUID) -> list[PassRate]:
    """Return how often exams were passed under a programme; never show what few have done. One statement."""
    c = registration.c
    passed = func.sum(case((c.state == "passed", 1), else_=0))
    query = (
        select(c.module_id, func.count().label("taken"), passed.label("passed"))
        .where(c.programme_id == programme_id, c.state.in_([*COUNTED, "passed"]))
        .group_by(c.module_id)
        .order_by(c.module_id)
    )
    return [PassRate(**row._mapping) for row in await connection.execute(query)]


async def read_units(connection: AsyncConnection, person_id: UUID, runs: Collection[UUID]) -> list[UnitOfRun]:
    """Return the units of runs, in their order, and which a person has completed. One statement."""
    done = (unit_state.c.person_id == person_id) & (unit_state.c.run_id == run.c.id)
    query = (
        select(
            run.c.id.label("run_id"), unit.c.key.label("unit_key"), unit.c.title, unit.c.minutes, unit.c.required,
            unit_state.c.completed_at,
        )
        .join_from(run, unit, unit.c.version_id == run.c.version_id)
        .outerjoin(unit_state, done & (unit_state.c.unit_key == unit.c.key))
        .where(run.c.id.in_(runs))
        .order_by(run.c.id, unit.c.position)
    )  # fmt: skip
    return [UnitOfRun(**row._mapping) for row in await connection.execute(query)]


async def _standings(connection: AsyncConnection, programme_id: UUID, rows: Iterable[Any]) -> list[Standing]:
    """Return the standings of those who study a programme by these rows. Five statements."""
    students = {row.person_id: row for row in rows}
    ids = list(students)
    seats = run_enrolment.c
    places = await _grouped(
        connection,
        select(seats.person_id, seats.run_id, run.c.module_id, seats.state, term.c.season, term.c.year)
        .join_from(run_enrolment, run, run.c.id == seats.run_id)
        .join(term, term.c.id == run.c.term_id)
        .where(
            seats.person_id.in_(ids),
            seats.programme_id == programme_id,
            seats.state.in_(get_args(SeatState)),
        )
        .order_by(term.c.year, term.c.season, seats.run_id),
    )
    # attempts follow the person, whatever the programme
    attempts = await _grouped(
        connection,
        select(registration.c.person_id, registration.c.module_id, registration.c.state, term.c.season, term.c.year)
        .join_from(registration, exam, exam.c.id == registration.c.exam_id)
        .join(run, run.c.id == exam.c.run_id)
        .join(term, term.c.id == run.c.term_id)
        .where(registration.c.person_id.in_(ids), registration.c.state.in_([*COUNTED, "passed"])),
    )
    others = await _grouped(connection, select(elsewhere).where(elsewhere.c.person_id.in_(ids)))
    paused = await _grouped(
        connection,
        select(paused_term).where(paused_term.c.person_id.in_(ids), paused_term.c.programme_id == programme_id),
    )
    booked = await _grouped(
        connection,
        select(credit.c.person_id, credit.c.source, credit.c.title, credit.c.ects, credit.c.recognised)
        .where(credit.c.person_id.in_(ids), credit.c.programme_id == programme_id, COUNTING)
        .order_by(credit.c.booked_at, credit.c.id),
    )
    return [
        Standing(
            person_id=one,
            since=row.since.date(),
            regulation=row.version,
            ects_total=row.ects_total,
            hours_per_ects=row.hours_per_ects,
            limits=row.limits,
            places=tuple(
                RunPlace(
                    run_id=p.run_id, module_id=p.module_id, term=term_number(p.season, p.year), state=p.state
                )
                for p in places[one]
            ),
            tried=_tried(row.limits, attempts[one], others[one], [p.number for p in paused[one]]),
            earned=tuple(
                Earned(module_id=module_of(c.source), title=c.title, ects=c.ects, recognised=c.recognised)
                for c in booked[one]
            ),
        )
        for one, row in students.items()
    ]  # fmt: skip


async def _grouped(connection: AsyncConnection, query: Select[Any]) -> dict[UUID, list[Any]]:
    """Return rows by the person they are about."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in await connection.execute(query):
        found[row.person_id].append(row)
    return found


def _tried(limits: Any, rows: list[Any], others: list[Any], paused: list[int]) -> tuple[Tried, ...]:
    """Say what a person has tried by the regulation that she follows. Raises Conflict if nobody understands that."""
    policy = policy_of(limits)
    failed: dict[UUID, list[int]] = defaultdict(list)
    passed: dict[UUID, int] = {}
    for row in rows:
        number = term_number(row.season, row.year)
        if row.state == "passed":
            passed[row.module_id] = number
        else:
            failed[row.module_id].append(number)
    known = {row.module_id: row.failures for row in others}
    within = policy.repeat_within_terms
    return tuple(
        Tried(
            module_id=one,
            failed=tuple(sorted(failed[one])),
            elsewhere=known.get(one, 0),
            passed=passed.get(one),
            left=None if policy.attempts is None else max(0, policy.attempts - len(failed[one]) - known.get(one, 0)),
            until=lengthened(min(failed[one]), min(failed[one]) + within, paused)
            if failed[one] and within is not None
            else None,
        )
        for one in sorted({*failed, *passed, *known})
    )


def _term(row: Any) -> TermDates:
    number = term_number(row.season, row.year)
    days = {name: getattr(row, name) for name in TermDates.__struct_fields__ if name not in ("number", "name")}
    return TermDates(number=number, name=term_name(number), **days)


def _module(row: Any, by_key: dict[tuple[UUID, str], UUID]) -> ModuleFacts:
    before = (by_key.get((row.programme_id, key)) for key in row.prerequisites)
    return ModuleFacts(
        module_id=row.id, key=row.key, title=row.title, ects=row.ects, workload_hours=row.workload_hours,
        offered=tuple(row.offered), prerequisites=tuple(one for one in before if one),
    )  # fmt: skip
