"""A job that looks each night whether accepted plans still fit, and proposes new ones where they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select

from lms_core.api import AsyncConnection, Context, Later, Unavailable, new_id, now, send_mail
from lms_part_time_tracks.asking import Asked
from lms_part_time_tracks.knowing import look_up
from lms_part_time_tracks.plans import AGAIN, digest, problem_of, solved
from lms_part_time_tracks.results import Result
from lms_part_time_tracks.solving import solver
from lms_part_time_tracks.tables import placed, plan
from lms_part_time_tracks.translate import Facts

Language = Literal["en", "de"]
AT_ONCE = 100
"""Students whose plans are made together, by one process."""

_SUBJECT: Mapping[Language, str] = {
    "en": "Your study plan does not fit any more",
    "de": "Ihr Studienplan passt nicht mehr",
}
_TEXT: Mapping[Language, str] = {
    "en": "Something that your plan was made from has changed. Here is a new one, which changes as little as it can; "
    "the old one holds until you accept it:\n{url}\n",
    "de": "Etwas, woraus Ihr Plan entstanden ist, hat sich geändert. Hier ist ein neuer, der so wenig wie möglich "
    "ändert; der alte gilt, bis Sie ihn annehmen:\n{url}\n",
}

_NONE: Mapping[Language, str] = {
    "en": "Something that your plan was made from has changed, and there is no plan any more that keeps all you have "
    "said. The old one holds. Have a plan made to see what stands in the way, and what would help:\n{url}\n",
    "de": "Etwas, woraus Ihr Plan entstanden ist, hat sich geändert, und es gibt keinen Plan mehr, der alles einhält, "
    "was Sie gesagt haben. Der alte gilt. Lassen Sie einen Plan machen, um zu sehen, woran das liegt und was hilft:"
    "\n{url}\n",
}


async def replan(context: Context, _: None = None) -> None:
    """Propose new plans where what they were made from has changed; nothing that was accepted moves.

    Raises Later while another plugin cannot tell when people can come.
    """
    async with context.read() as connection:
        here = select(placed.c.person_id).distinct().where(placed.c.programme_id == context.programme_id)
        ids = sorted((await connection.execute(here)).scalars())
    for first in range(0, len(ids), AT_ONCE):
        try:
            known = await look_up(context, ids[first : first + AT_ONCE])
        except Unavailable as error:
            raise Later(now() + AGAIN, "a plugin cannot tell when people can come") from error
        async with context.read() as connection:
            seen = await _bases(context, connection, list(known))
        stale = [facts for one, facts in known.items() if await asyncio.to_thread(_basis, facts) != seen.get(one)]
        if stale:
            async with solver() as engine:
                made = [(facts, await solved(context, engine, facts, Asked(), quick=True)) for facts in stale]
            async with context.write(more=True) as connection:
                await _propose(context, connection, made)


def _basis(facts: Facts) -> str | None:
    try:
        return digest(problem_of(facts, Asked()))
    except ValueError:  # the policy of the programme contradicts itself; whoever asks for a plan is told so
        return None


async def _bases(context: Context, connection: AsyncConnection, persons: Sequence[UUID]) -> dict[UUID, str | None]:
    """Return what the newest plan of each of these persons was made from, if it was made from what is known."""
    newest = (
        select(plan.c.person_id, func.max(plan.c.made_at).label("made_at"))
        .where(plan.c.programme_id == context.programme_id, plan.c.person_id.in_(persons), plan.c.basis.is_not(None))
        .where(plan.c.hypothetical.is_(False))
        .group_by(plan.c.person_id)
        .subquery("newest")
    )
    same = (plan.c.person_id == newest.c.person_id) & (plan.c.made_at == newest.c.made_at)
    query = select(plan.c.person_id, plan.c.basis).join(newest, same).where(plan.c.programme_id == context.programme_id)
    return {row.person_id: row.basis for row in await connection.execute(query)}


async def _propose(context: Context, connection: AsyncConnection, made: Sequence[tuple[Facts, dict[str, Any]]]) -> None:
    moment: datetime = now()
    rows = [
        {
            "id": new_id(), "programme_id": context.programme_id, "person_id": facts.standing.person_id,
            "asked": msgspec.to_builtins(Asked()), "hypothetical": False, "made_at": moment, "ended_at": moment,
            "reason": None, "result": None, "basis": None, "accepted_at": None, "holds": False, "tries": 0,
            **values,
        }
        for facts, values in made
    ]  # fmt: skip
    await connection.execute(insert(plan), rows)
    for row in rows:
        if row["result"] and not _keeps(msgspec.convert(row["result"], Result)):
            url = f"{context.public_url}/programmes/{context.programme_id}/part_time_tracks/me/plans/{row['id']}"
            words = _TEXT if msgspec.convert(row["result"], Result).terms else _NONE
            text: dict[Language, str] = {language: line.format(url=url) for language, line in words.items()}
            await send_mail(context, connection, row["person_id"], subject=_SUBJECT, text=text)


def _keeps(result: Result) -> bool:
    """Tell whether a plan leaves everything where it was; one that is not possible does not."""
    return bool(result.terms) and all(one.value == 0 for one in result.proven if one.level == "changes")
