"""The core's own rules about who may have a seat: prerequisites, limits of the regulation, clashes of sessions.

They are checked in the transaction that gives the seat, for a newcomer as for those who move up. Each can be waived
for a person, by name and with a reason; but she must study the programme under which the seat counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Boolean, String, Uuid, column, func, select, table

from lms_core.db import AsyncConnection, Hundredths
from lms_core.enrolment.moves import HOLDING
from lms_core.enrolment.tables import enrolment_waiver, programme_enrolment, run_enrolment
from lms_core.enrolment.types import Rule
from lms_core.modules.attendees import is_for
from lms_core.modules.clashes import A_DAY, moments
from lms_core.modules.tables import module, run, session, version
from lms_core.programmes.tables import regulation, term

__all__ = ["Violation", "violations"]

# the seats' own view of a table of the layer above: what a person has earned by other ways than a run here
_credit = table(
    "credit", column("person_id", Uuid), column("source", String), column("reversed", Boolean), column("reverses", Uuid)
)


class Violation(Struct, frozen=True):
    """A rule that stands against a person's seat, and why, in a sentence for her."""

    rule: Rule | Literal["programme"]
    reason: str


async def violations(
    connection: AsyncConnection, run_id: UUID, people: Sequence[tuple[UUID, UUID | None]]
) -> dict[UUID, list[Violation]]:
    """Return what stands against seats for these persons, each with the programme under which hers would count.

    Two statements; up to six where the run has prerequisites or sessions, or something was found.
    """
    found: defaultdict[UUID, list[Violation]] = defaultdict(list)
    ids = [person_id for person_id, _ in people]
    about = (
        await connection.execute(
            select(
                module.c.programme_id, version.c.prerequisites, version.c.ects, term.c.season, term.c.year,
                select(func.min(session.c.starts)).where(_planned(run_id)).scalar_subquery().label("first"),
                select(func.max(session.c.ends)).where(_planned(run_id)).scalar_subquery().label("last"),
            )
            .join_from(run, version, version.c.id == run.c.version_id)
            .join(module, module.c.id == run.c.module_id)
            .join(term, term.c.id == run.c.term_id)
            .where(run.c.id == run_id)
        )
    ).one()  # fmt: skip
    if about.prerequisites:
        await _prerequisites(connection, about, ids, found)
    await _limits(connection, run_id, about, people, found)
    if about.first is not None:
        await _clashes(connection, run_id, about, ids, found)
    if found:
        waived = select(enrolment_waiver.c.person_id, enrolment_waiver.c.rule).where(
            enrolment_waiver.c.run_id == run_id, enrolment_waiver.c.person_id.in_(list(found))
        )
        allowed = {(row.person_id, row.rule) for row in await connection.execute(waived)}
        for person_id in list(found):
            found[person_id] = [one for one in found[person_id] if (person_id, one.rule) not in allowed]
    return {person_id: list(reasons) for person_id, reasons in found.items() if reasons}


def _planned(run_id: UUID) -> Any:
    return (session.c.run_id == run_id) & session.c.cancelled_at.is_(None)


async def _prerequisites(connection: AsyncConnection, about: Any, ids: list[UUID], found: Any) -> None:
    """Find who lacks a required module: neither completed in a run nor credited."""
    wanted = select(module.c.id, module.c.key, module.c.title).where(
        module.c.programme_id == about.programme_id, module.c.key.in_(about.prerequisites)
    )
    modules = {row.id: row for row in await connection.execute(wanted)}
    completed = select(run_enrolment.c.person_id, run.c.module_id).where(
        run.c.id == run_enrolment.c.run_id,
        run_enrolment.c.state == "completed",
        run_enrolment.c.person_id.in_(ids),
        run.c.module_id.in_(list(modules)),
    )
    has = {(row.person_id, row.module_id) for row in await connection.execute(completed)}
    sources = {f"module:{module_id}": module_id for module_id in modules}
    credited = select(_credit.c.person_id, _credit.c.source).where(
        _credit.c.person_id.in_(ids),
        _credit.c.source.in_(list(sources)),
        ~_credit.c.reversed,
        _credit.c.reverses.is_(None),
    )
    has |= {(row.person_id, sources[row.source]) for row in await connection.execute(credited)}
    for person_id in ids:
        missing = sorted(row.title for row in modules.values() if (person_id, row.id) not in has)
        if missing:
            found[person_id].append(Violation("prerequisites", f"Not completed before: {', '.join(missing)}."))


async def _limits(
    connection: AsyncConnection, run_id: UUID, about: Any, people: Sequence[tuple[UUID, UUID | None]], found: Any
) -> None:
    """Find who has left the programme, and for whom this run would be too much in its term, by her regulation.

    `maxEctsPerTerm` in the regulation's limits; seats held in other runs of a term of the same season and year count.
    """
    counted = [(person_id, programme_id) for person_id, programme_id in people if programme_id is not None]
    if not counted:
        return
    held = (
        select(func.coalesce(func.sum(version.c.ects, type_=Hundredths), 0, type_=Hundredths))
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(version, version.c.id == run.c.version_id)
        .join(term, term.c.id == run.c.term_id)
        .where(
            run_enrolment.c.person_id == programme_enrolment.c.person_id,
            run_enrolment.c.programme_id == programme_enrolment.c.programme_id,
            run_enrolment.c.run_id != run_id,
            run_enrolment.c.state.in_(HOLDING),
            term.c.season == about.season,
            term.c.year == about.year,
        )
        .correlate(programme_enrolment)
        .scalar_subquery()
    )
    query = (
        select(
            programme_enrolment.c.person_id, programme_enrolment.c.programme_id, programme_enrolment.c.state,
            regulation.c.version, regulation.c.limits, held.label("held"),
        )
        .join_from(programme_enrolment, regulation)
        .where(
            programme_enrolment.c.person_id.in_([person_id for person_id, _ in counted]),
            programme_enrolment.c.programme_id.in_({programme_id for _, programme_id in counted}),
        )
    )  # fmt: skip
    under = set(counted)
    for row in await connection.execute(query):
        if (row.person_id, row.programme_id) in under and row.state != "enrolled":
            left = "You do not study the programme any more under which this would count."
            found[row.person_id].append(Violation("programme", left))
        most = _decimal(row.limits.get("maxEctsPerTerm"))
        if (row.person_id, row.programme_id) in under and most is not None and row.held + about.ects > most:
            reason = (
                f"With the {about.ects} ECTS of this run you would have {row.held + about.ects} ECTS in the term; "
                f"the regulation {row.version} allows {most}."
            )
            found[row.person_id].append(Violation("limits", reason))


def _decimal(value: object) -> Decimal | None:
    """Read a limit of a regulation, whose policy data nobody checked; what is no number limits nothing."""
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


async def _clashes(connection: AsyncConnection, run_id: UUID, about: Any, ids: list[UUID], found: Any) -> None:
    """Find whose seats in other runs have a session at the same time as one of this run.

    Sessions stand on the wall in zones, so they are compared here, after the database has left out other days.
    """
    mine = [
        (*moments(row), row)  # what is only for some of the participants may not be for her
        for row in await connection.execute(select(session).where(_planned(run_id), session.c.for_named.is_(False)))
    ]
    others = (
        select(run_enrolment.c.person_id, run.c.title.label("run"), session)
        .join_from(run_enrolment, session, session.c.run_id == run_enrolment.c.run_id)
        .join(run, run.c.id == session.c.run_id)
        .where(
            run_enrolment.c.person_id.in_(ids),
            run_enrolment.c.run_id != run_id,
            run_enrolment.c.state.in_(["enrolled", "offered"]),
            session.c.cancelled_at.is_(None),
            is_for(run_enrolment.c.person_id),
            session.c.starts < about.last + A_DAY,
            session.c.ends > about.first - A_DAY,
        )
        .order_by(session.c.starts, session.c.id)
    )
    for row in await connection.execute(others):
        starts, ends = moments(row)
        clash = next((one for one in mine if one[0] < ends and starts < one[1]), None)
        if clash and not any(one.rule == "clashes" for one in found[row.person_id]):
            reason = (
                f'"{clash[2].title}" on {clash[2].starts:%Y-%m-%d at %H:%M} ({clash[2].zone}) is at the same time as '
                f'"{row.title}" of {row.run}.'
            )
            found[row.person_id].append(Violation("clashes", reason))
