"""What workers do about seats: jobs that were due, or that a freed seat left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import update

from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import offers, run_rules
from lms_core.enrolment.filling import HOOK, fill, hold, moved
from lms_core.enrolment.jobs import DECIDE, DRAW, EXPIRE, FILL, SeatJob
from lms_core.enrolment.moves import columns, note
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Unavailable
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentRequest, Objection
from lms_core.outbox.events import Event, Later, Undeliverable
from lms_core.types import now

__all__ = ["SeatsChannel"]

ASK_AGAIN = timedelta(minutes=1)
"""How long a plugin that could not judge is left alone."""
AT_ONCE = 20
"""Persons about whom plugins are asked before seats are given again, so that the first do not wait for the last."""


class SeatsChannel:
    """Fills seats once plugins have judged, lets offers expire, draws lots, and decides what can be decided."""

    name = "seats"

    def __init__(self, database: Database, hooks: Dispatcher) -> None:
        self._database = database
        self._hooks = hooks

    async def subscribers(self, event: Event) -> list[str]:
        """Name nobody: its jobs are sent to it one by one."""
        return []

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Do one job; each looks first whether it is still to be done, so that again is harmless."""
        job = msgspec.json.decode(event.payload, type=SeatJob)
        if subscriber == FILL:
            try:
                await fill_with_verdicts(self._database, self._hooks, job.run_id)
            except Unavailable as error:  # for as long as the plugin is broken, and no human need wake this up
                raise Later(now() + ASK_AGAIN, error.detail) from error
            return
        deciding = await self._hooks.deciding(HOOK)
        async with self._database.write() as connection:
            if subscriber == EXPIRE:
                await offers.expire(connection, job.run_id, deciding)
            elif subscriber == DRAW:
                await run_rules.draw(connection, job.run_id, deciding)
            elif subscriber == DECIDE:
                await run_rules.decide_when_due(connection, job.run_id)
            else:
                raise Undeliverable(f"there is no job {subscriber}")


async def fill_with_verdicts(database: Database, hooks: Dispatcher, run_id: UUID) -> None:
    """Fill the free seats of a run, asking plugins outside of transactions about those for whom a seat is kept.

    Raises Unavailable when one cannot tell, after the others were heard: the seat stays kept until it can.
    """
    verdicts: dict[UUID, list[Objection]] = {}
    broken: dict[UUID, Unavailable] = {}
    while True:
        deciding = await hooks.deciding(HOOK)
        async with database.write() as connection:
            held = await hold(connection, run_id)
            for person_id, objections in verdicts.items():
                await _write_verdict(connection, run_id, person_id, objections)
            kept = await fill(connection, held, deciding, ask=False)
        unheard = [one for one in kept if one.person_id not in broken]
        if not unheard:
            break
        verdicts = {}
        for one in unheard[:AT_ONCE]:
            assert one.programme_id is not None
            request = EnrolmentRequest(one.person_id, run_id, held.module_id, one.programme_id)
            try:
                verdicts[one.person_id] = await hooks.decide(HOOK, one.programme_id, request)
            except Unavailable as error:
                broken[one.person_id] = error
    if kept:
        raise broken[kept[0].person_id]


async def _write_verdict(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, objections: list[Objection]
) -> None:
    """Write what plugins said beside a waiting place; what stands against it is put on record."""
    same: Any = (run_enrolment.c.run_id == run_id) & (run_enrolment.c.person_id == person_id)
    reason = " ".join(one.reason for one in objections) or None
    written = update(run_enrolment).where(same, run_enrolment.c.state == "waiting")
    row = (await connection.execute(written.values(judged_at=now(), objection=reason).returning(*columns))).first()
    if row is not None and reason is not None:
        await note(connection, run_id, [moved(row, "waiting", None, reason=reason)])
