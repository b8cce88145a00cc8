"""Recurring jobs: one run for each time that one is due, however many workers there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import exists, select, update

from lms_core.db import AsyncConnection, Database, insert_into
from lms_core.outbox.events import send
from lms_core.outbox.tables import OPEN, delivery, job_schedule
from lms_core.types import now


class Jobs(Protocol):
    """Who knows which jobs recur, and where."""

    def recurring(self) -> Sequence[tuple[str, str, timedelta]]:
        """List the recurring jobs: the plugin's name, the job's name, and the time from one run to the next."""

    async def where_due(self, plugin: str, job_name: str) -> Sequence[UUID]:
        """List the programmes in which the job runs."""


async def enqueue_due(database: Database, jobs: Jobs) -> None:
    """Write a delivery for each recurring job that is due, and when it is due next.

    A job is due at once where its plugin is new, then at whole intervals from there (a new interval counts from the
    next run on). Times missed meanwhile, by an outage or because the plugin was disabled, are made up for by one run;
    a run is left out while the one before is not done or given up.
    """
    recurring = jobs.recurring()
    where = {(plugin, job): await jobs.where_due(plugin, job) for plugin, job, _ in recurring}
    if not any(where.values()):
        return
    async with database.read() as connection:
        rows = await connection.execute(select(job_schedule))
        known = {(row.plugin, row.job, row.programme_id): row.due_at for row in rows}
    at = now()
    for plugin, job, every in recurring:
        for programme_id in where[plugin, job]:
            due = known.get((plugin, job, programme_id))
            if due is None or due <= at:
                following = at + every if due is None else due + every * ((at - due) // every + 1)
                async with database.write() as connection:
                    if await _first(connection, plugin, job, programme_id, due, following):
                        await _enqueue(connection, plugin, job, programme_id)


async def _first(
    connection: AsyncConnection, plugin: str, job: str, programme_id: UUID, due: datetime | None, following: datetime
) -> bool:
    """Move the time on; False when another worker has done so."""
    if due is None:
        new = insert_into(connection, job_schedule).values(
            plugin=plugin, job=job, programme_id=programme_id, due_at=following
        )
        moved = await connection.execute(new.on_conflict_do_nothing().returning(job_schedule.c.due_at))
    else:
        this = (
            (job_schedule.c.plugin == plugin)
            & (job_schedule.c.job == job)
            & (job_schedule.c.programme_id == programme_id)
            & (job_schedule.c.due_at == due)
        )
        moved = await connection.execute(
            update(job_schedule).where(this).values(due_at=following).returning(job_schedule.c.due_at)
        )
    return moved.first() is not None


async def _enqueue(connection: AsyncConnection, plugin: str, job: str, programme_id: UUID) -> None:
    subscriber, aggregate = f"plugin:{plugin}", f"job:{job}:{programme_id}"
    before = exists().where(OPEN, delivery.c.subscriber == subscriber, delivery.c.aggregate == aggregate)
    if not await connection.scalar(select(before)):
        await send(connection, subscriber, f"job:{job}", programme_id, None, aggregate=aggregate)
