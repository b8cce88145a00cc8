"""What is entered into a case beside its steps, each with a line in its history."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    NotFound,
    insert_into,
    invite_guests,
    read_person,
    revoke_guests,
)
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, Evaluation
from lms_internship_credit.cases import (
    Who,
    all_of,
    check_supervisor,
    find,
    keep,
    names_of,
)
from lms_internship_credit.guards import CLEARANCES
from lms_internship_credit.lifecycle import words
from lms_internship_credit.papers import REPORTED, no_report
from lms_internship_credit.telling import hand_out, invitation, reader, recipient, write_link
from lms_internship_credit.wire import Clearing, Draft, Link, Report


async def edit(
    context: Context, connection: AsyncConnection, case_id: UUID, who: Who, expected: int, given: Draft
) -> Case:
    """Describe a draft and name its supervisor. Raises NotFound, Conflict (no draft) and PreconditionFailed."""
    case, _ = await all_of(context, connection, case_id, who)
    if case.state != "draft":
        raise Conflict(
            f"Only a draft can be described anew, and this is {words(case.state)}. Before it begins the step 'revise' "
            "makes it a draft again; once it runs, the step 'amend' proposes a change."
        )
    await check_supervisor(context, connection, given.supervisor_id)
    made = replace(case, description=given.description, supervisor_id=given.supervisor_id, revision=expected + 1)
    await keep(
        context, connection, replace(case, revision=expected), made, who, "describe", "", msgspec.to_builtins(given)
    )
    return made


async def clear(
    context: Context, connection: AsyncConnection, case_id: UUID, who: Who, kind: str, given: Clearing
) -> Case:
    """Say whether one of insurance, residence and wage is cleared, and on what grounds. Raises NotFound, Conflict."""
    case, _ = await all_of(context, connection, case_id, who)
    if kind not in CLEARANCES:
        raise NotFound(f"There is nothing of this kind to clear; there is {', '.join(CLEARANCES)}.")
    if case.state not in ("host_confirmed", "approved", "agreement_signed", "cleared"):
        raise Conflict(
            f"What is {words(case.state)} is not to be cleared: that is done from the host's word until it begins."
        )
    cleared = case.cleared | {kind} if given.cleared else case.cleared - {kind}
    made = replace(case, cleared=cleared, revision=case.revision + 1)
    await keep(context, connection, case, made, who, "judge", given.note, {"kind": kind, "cleared": given.cleared})
    return made


async def evaluate(context: Context, connection: AsyncConnection, case_id: UUID, who: Who, judged: Evaluation) -> Case:
    """Keep how the mentor judges. Raises NotFound, and Conflict before the end and after the decision."""
    case, _ = await all_of(context, connection, case_id, who)
    if case.state not in ("ended", "certified", "rework", "report_submitted"):
        raise Conflict(
            f"What is {words(case.state)} is not evaluated: the mentor does so after the end and before the supervisor."
        )
    made = replace(case, evaluation=judged, revision=case.revision + 1)
    await keep(context, connection, case, made, who, "rate", judged.words, msgspec.to_builtins(judged))
    return made


async def rate(context: Context, connection: AsyncConnection, case_id: UUID, who: Who, points: int) -> None:
    """Keep how the student rates the host; in no history, for it is told as one of many only.

    Raises NotFound, and Conflict before it has begun.
    """
    case = await find(context, connection, case_id, who)
    if case.began_on is None:
        raise Conflict(
            f"What is {words(case.state)} cannot be rated yet: the student rates the host once it has begun."
        )
    wanted = insert_into(connection, t.rating).values(case_id=case.id, points=points)
    await connection.execute(wanted.on_conflict_do_update(index_elements=["case_id"], set_={"points": points}))


async def hand_in(context: Context, connection: AsyncConnection, case_id: UUID, who: Who, report: Report) -> Case:
    """Keep a report, which nobody else reads before it is submitted. Raises NotFound and Conflict."""
    case, _ = await all_of(context, connection, case_id, who)
    if case.state not in REPORTED:
        raise Conflict(no_report(case.state))
    made = replace(case, report=True, revision=case.revision + 1)
    await keep(context, connection, case, made, who, "write")
    await connection.execute(update(t.case).where(t.case.c.id == case.id).values(draft_report=report.text))
    return made


async def link(
    context: Context, connection: AsyncConnection, case_id: UUID, role: Literal["host", "mentor", "reader"]
) -> Link:
    """Send host or mentor a link for one step, or the host one that reads what all have signed.

    It revokes those before of its kind; the history says who had it made.

    Where no mail is sent at all, the link is returned to be passed on. Raises NotFound and Conflict.
    """
    assert context.person_id
    who = Who("office", context.person_id, (await read_person(connection, context.person_id)).name)
    case, _ = await all_of(context, connection, case_id, who)
    if role == "mentor" and case.mentor is None:
        raise Conflict("No mentor is named yet; the host names one with the step 'confirm'.")
    if role == "reader" and not case.in_force:
        raise Conflict("Not all three have signed an agreement yet; then the host can read and keep it.")
    names = await names_of(context, connection, case)
    entered = {"for": role, "mailed": context.mails}
    await keep(context, connection, case, replace(case, revision=case.revision + 1), who, "link", "", entered)
    to = recipient(case, names, "mentor" if role == "mentor" else "host")
    if context.mails:
        if role == "reader":
            await hand_out(context, connection, case, names)
        else:
            await write_link(context, connection, case, names, role)
        return Link(to.name, to.email, None, None, to.email)
    opens = reader(case, names) if role == "reader" else invitation(context, case, role, to.name, names.firm)
    await revoke_guests(context, connection, opens.role, opens.about)
    [made] = await invite_guests(context, connection, [opens])
    return Link(to.name, to.email, made.url, made.expires_at, None)


def about_guest(context: Context) -> UUID:
    """Return which case, or which offer, the link of a guest is about."""
    assert context.guest
    return UUID(context.guest.about)
