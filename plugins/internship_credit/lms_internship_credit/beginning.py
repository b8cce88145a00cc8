"""How a case comes to be: at a firm, or on a place that was got by an offer, which then fills it in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import insert, select, update

from lms_core.api import AsyncConnection, Conflict, Context, FieldError, InvalidInput, NotFound, new_id, now, read_study
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, Description
from lms_internship_credit.cases import (
    Who,
    all_of,
    find_organisation,
    held_of,
    keep,
    of_regulation,
    row_of,
    settled_of,
    today_in,
)
from lms_internship_credit.firms import check_own
from lms_internship_credit.lifecycle import State
from lms_internship_credit.parts import done
from lms_internship_credit.wire import NewCase, Whereabouts

UNSIGNED: frozenset[State] = frozenset({"draft", "returned", "proposed", "host_confirmed"})
"""States before an agreement is written, which names the site."""


async def begin(context: Context, connection: AsyncConnection, data: NewCase) -> Case:
    """Open a case of the person who asks, as a draft.

    Raises NotFound (not a student here, no such organisation or offer), Conflict where her regulation has no
    internship, the part is done or she has no place by the offer, and InvalidInput for a part that it has not or
    another firm's site. Seven statements.
    """
    assert context.person_id
    study = await read_study(connection, context.person_id, context.programme_id)
    internship = of_regulation(context, study.regulation)
    if internship.part(data.part) is None:
        known = ", ".join(one.key for one in internship.parts)
        raise InvalidInput(
            "The regulation has no such part of an internship.",
            errors=[FieldError("body.part", f"must be one of {known}")],
        )
    cases = await held_of(context, connection, context.person_id)
    settled = await settled_of(context, connection, context.person_id)
    if data.part in done(internship, cases, settled, today_in(context)):
        raise Conflict("This part is done, or waived: nothing is to be begun for it.")
    came: dict[str, Any] = {"site_id": data.site_id}
    firm_id, what = data.organisation_id, None
    if data.offer_id:
        firm_id, what, came = await _place(context, connection, data.offer_id)
    assert firm_id
    await find_organisation(context, connection, firm_id)
    await check_own(connection, firm_id, data.site_id, None)
    made = Case(
        id=new_id(), person_id=context.person_id, regulation=study.regulation, part=data.part, organisation_id=firm_id,
        description=what,
    )  # fmt: skip
    moment = now()
    await connection.execute(insert(t.case), {"made_at": moment, "moved_at": moment, **row_of(context, made), **came})
    return made


async def _place(
    context: Context, connection: AsyncConnection, offer_id: UUID
) -> tuple[UUID, Description, dict[str, UUID | None]]:
    """Return firm, description and the further columns of a case on a place that the person who asks has got.

    The offer is held until the transaction ends, so that the place is not taken back meanwhile. Raises NotFound and
    Conflict.
    """
    o, a = t.offer.c, t.application.c
    held = select(t.offer).where(o.id == offer_id, o.programme_id == context.programme_id).with_for_update()
    offer = (await connection.execute(held)).first()
    mine = select(a.id, a.state).where(a.offer_id == offer_id, a.person_id == context.person_id)
    application = (await connection.execute(mine)).first()
    if offer is None or (application is None and offer.state == "draft"):
        raise NotFound("There is no such offer.")
    if application is None or application.state != "placed":
        how = "not applied" if application is None else f"the state '{application.state}'"
        raise Conflict(f"You have no place by this offer ({how}); the firm has to agree to your application first.")
    names = ("first_day", "last_day", "weekly_hours", "place", "tasks", "language", "pay_cents")
    what = Description(aims="", **{name: getattr(offer, name) for name in names})
    came = {"site_id": offer.site_id, "contact_id": offer.contact_id, "application_id": application.id}
    return offer.organisation_id, what, came


async def locate(context: Context, connection: AsyncConnection, case_id: UUID, who: Who, given: Whereabouts) -> None:
    """Say at which site of its firm a case is, and whom to write to there from now on.

    Raises NotFound, InvalidInput (another firm's), and Conflict where an agreement names another site.
    """
    case, _ = await all_of(context, connection, case_id, who)
    await check_own(connection, case.organisation_id, given.site_id, given.contact_id)
    c = t.case.c
    site_id = await connection.scalar(select(c.site_id).where(c.id == case_id))
    if site_id != given.site_id and case.state not in UNSIGNED:
        raise Conflict("The site stands in the agreement; it can be changed until the supervisor has approved.")
    values = {"site_id": given.site_id, "contact_id": given.contact_id}
    await connection.execute(update(t.case).where(c.id == case_id).values(**values))
    entered = {"siteId": given.site_id and str(given.site_id), "contactId": given.contact_id and str(given.contact_id)}
    await keep(context, connection, case, replace(case, revision=case.revision + 1), who, "locate", "", entered)
