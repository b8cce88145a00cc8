"""Showing cases to those whom they concern."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import select

from lms_core.api import AsyncConnection, Context, read_person, read_persons
from lms_internship_credit import tables as t
from lms_internship_credit import wire as w
from lms_internship_credit.agreements import current
from lms_internship_credit.case import Around, Case, life
from lms_internship_credit.cases import Who, find, settled_of, today_in
from lms_internship_credit.checking import judged
from lms_internship_credit.guards import unmet
from lms_internship_credit.hosts import host_of
from lms_internship_credit.lifecycle import FINAL, lacks, steps_from, told
from lms_internship_credit.papers import REPORTED
from lms_internship_credit.parts import around, awaited

PAGE = 100
AWAITED = ("certified", "rework")
"""States in which the report is awaited until a day."""


async def show(context: Context, connection: AsyncConnection, case_id: UUID, who: Who) -> w.CaseView:
    """Return a case as somebody sees it. Raises NotFound.

    Nine statements, seven for those who come by a link, ten for the student while her report is awaited.
    Where the policy has its part no more, the case is shown all the same, without what could be done next.
    """
    case = await find(context, connection, case_id, who)
    guest = who.role in ("host", "mentor")
    c = t.case.c
    hers = select(c.details).where(c.programme_id == context.programme_id, c.person_id == case.person_id)
    rows = await connection.execute(hers.where(c.id != case_id).order_by(c.id))
    others = [msgspec.convert(row.details, Case) for row in rows]
    settled = await settled_of(context, connection, case.person_id)
    internship, today = context.settings.internship(case.regulation), today_in(context)
    known = internship is not None and internship.part(case.part) is not None
    facts = around(internship, case, others, settled, today) if known else None
    student = await read_person(connection, case.person_id)
    host, contact, placed = await host_of(connection, case.id)
    whole = not guest and who.role != "student"
    agreed = select(t.agreement.c.content, t.agreement.c.sha256).where(
        t.agreement.c.case_id == case.id, t.agreement.c.version == current(case)
    )
    agreement = (await connection.execute(agreed)).first()
    s = t.signature.c
    signed = select(s.version, s.party, s.name, s.sha256, s.at).where(s.case_id == case.id).order_by(s.version, s.party)
    signatures = [w.Signature(*row) for row in await connection.execute(signed)]
    award = case.award if case.award is not None else life(case, facts).award if facts else Decimal(0)
    waits = awaited(internship, case, others, settled, today) if internship else []
    said = [] if guest or case.state in FINAL else await judged(context, connection, case, others, settled, who)
    found = w.CaseView(
        id=case.id, person_id=case.person_id, student=student.name, regulation=case.regulation, part=case.part,
        state=case.state, revision=case.revision, organisation=replace(host, contact=contact if whole else None),
        placed=placed, supervisor_id=case.supervisor_id, description=case.description, change=case.change,
        mentor=case.mentor, version=case.version, in_force=case.in_force,
        agreement=agreement.content if agreement else None, sha256=agreement.sha256 if agreement else None,
        signatures=signatures, cleared=sorted(case.cleared), began_on=case.began_on, ended_on=case.ended_on,
        absent_days=case.absent_days, certified=case.certified, evaluation=case.evaluation,
        due=case.due if case.state in AWAITED else None, award=award,
        granted=case.granted, decided_on=case.decided_on, appeal_until=_appeal_until(case, facts, today),
        waits_for=[w.AwaitedPart(part.key, part.title, state) for part, state in waits],
        draft_report=await _draft(connection, case, who),
        next=_next(case, facts, today) if facts else [],
        warnings=[one.text for one in said if one.verdict == "broken"],
        history=[] if guest else await _history(connection, case_id),
    )  # fmt: skip
    return _for_guest(found, who) if guest else found


def _for_guest(found: w.CaseView, who: Who) -> w.CaseView:
    """Leave out what the university decides, which is between it and the student."""
    evaluation = found.evaluation if who.role == "mentor" else None
    return replace(
        found, award=None, granted=None, decided_on=None, appeal_until=None, waits_for=[], evaluation=evaluation
    )


def _appeal_until(case: Case, facts: Around | None, today: date) -> date | None:
    if facts is None or case.state not in ("partial", "rejected", "lapsed") or case.decided_on is None:
        return None
    if unmet(life(case, facts), "student", today).keys() & {"first_appeal", "appeal_in_time"}:
        return None
    return case.decided_on + timedelta(facts.internship.appeal_days)


def _next(case: Case, facts: Around, today: date) -> list[w.Next]:
    return [
        w.Next(step.action, role, [told(one) for one in lacks(step, unmet(life(case, facts), role, today))])
        for step in steps_from(case.state)
        for role in step.by
        if role != "clock"
    ]


async def _draft(connection: AsyncConnection, case: Case, who: Who) -> str | None:
    if who.role != "student" or case.state not in (*REPORTED, "lapsed"):
        return None
    c = t.case.c
    text: str | None = await connection.scalar(select(c.draft_report).where(c.id == case.id))
    return text


async def _history(connection: AsyncConnection, case_id: UUID) -> list[w.Line]:
    h = t.history.c
    columns = (h.number, h.at, h.action, h.role, h.by_name, h.before, h.after, h.note, h.entered)
    rows = await connection.execute(select(*columns).where(h.case_id == case_id).order_by(h.number))
    return [w.Line(*row) for row in rows]


async def list_cases(context: Context, connection: AsyncConnection, who: Who, cursor: UUID | None) -> w.Cases:
    """Return a page of cases that concern somebody, the oldest first. Two statements."""
    c = t.case.c
    columns = (c.id, c.person_id, c.part, c.state, t.organisation.c.name, c.first_day, c.last_day, c.due, c.moved_at)
    query = select(*columns).join(t.organisation, t.organisation.c.id == c.organisation_id)
    query = query.where(c.programme_id == context.programme_id)
    if who.role == "student":
        query = query.where(c.person_id == who.person_id)
    if who.role == "supervisor":
        query = query.where(c.supervisor_id == who.person_id)
    if cursor:
        query = query.where(c.id > cursor)
    rows = (await connection.execute(query.order_by(c.id).limit(PAGE))).all()
    students = {one.id: one.name for one in await read_persons(connection, [row.person_id for row in rows])}
    items = [
        w.CaseLine(
            id=row.id, person_id=row.person_id, student=students.get(row.person_id, ""), part=row.part, state=row.state,
            organisation=row.name, first_day=row.first_day, last_day=row.last_day,
            due=row.due if row.state in AWAITED else None, moved_at=row.moved_at,
        )
        for row in rows
    ]  # fmt: skip
    return w.Cases(items, items[-1].id if len(items) == PAGE else None)


async def list_supervisors(context: Context, connection: AsyncConnection) -> w.Supervisors:
    """Return who supervises internships here, by name. Two statements."""
    c = t.supervisor.c
    query = select(c.person_id, c.subjects).where(c.programme_id == context.programme_id)
    subjects = {row.person_id: row.subjects for row in await connection.execute(query)}
    known = await read_persons(connection, list(subjects))
    return w.Supervisors([w.Supervisor(one.id, one.name, subjects[one.id]) for one in known])
