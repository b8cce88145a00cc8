"""The worker: fans events out, and delivers them after commit, at least once.

An event is one row. A worker fans it out into one delivery per subscriber and hands each over, in order per
subscriber and aggregate; a delivery that fails is tried again later and holds back only its own successors, until it
is given up as a dead letter. Several workers may run: a delivery is leased, and a lease that runs out is taken over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import Database
from lms_core.outbox import leases
from lms_core.outbox.clean import clean
from lms_core.outbox.events import AlreadyDelivered, Channel, Later, Undeliverable
from lms_core.outbox.fan_out import fan_out
from lms_core.outbox.leases import Lease, Load
from lms_core.outbox.schedule import Jobs, enqueue_due
from lms_core.types import now

log = logging.getLogger("lms.outbox")

OUTAGE_PAUSE = 5.0
SCHEDULE_EVERY = 5.0
CLEAN_EVERY = 60.0
GRACE = 2.0
"""Seconds that deliveries under way get to end by themselves when the worker is stopped."""

Running = dict[asyncio.Task[None], Lease]


class _Every:
    """Tells when it is time again for what is done now and then."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True


async def work(
    database: Database, channels: Sequence[Channel], jobs: Jobs | None = None, idle_seconds: float = 0.5
) -> None:
    """Deliver until cancelled; a database that is away is waited for.

    When cancelled, deliveries under way get GRACE seconds; what is not done by then is given back to other workers.
    """
    running: Running = {}
    renewing = _Every(leases.LEASE.total_seconds() / 3)
    scheduling, cleaning = _Every(SCHEDULE_EVERY), _Every(CLEAN_EVERY)
    try:
        while True:
            busy, pause = False, idle_seconds
            try:
                busy = await deliver(database, channels, running)
                if renewing.due():
                    await leases.renew(database, list(running.values()))
                if jobs and scheduling.due():
                    await enqueue_due(database, jobs)
                if cleaning.due():
                    await clean(database)
            except (SQLAlchemyError, OSError) as error:
                log.error("the outbox cannot be read, trying again: %s", getattr(error, "orig", None) or error)
                pause = OUTAGE_PAUSE
            except Exception:  # a worker that ended would deliver nothing at all
                log.exception("the worker made a mistake, going on")
                pause = OUTAGE_PAUSE
            if not busy:
                await _wait(running, pause)
    finally:
        await _end(running)


async def settle(database: Database, channels: Sequence[Channel], jobs: Jobs | None = None) -> None:
    """Hand over all that is due, and whatever follows from it, and return; what fails waits for its next time."""
    if jobs:
        await enqueue_due(database, jobs)
    running: Running = {}
    while True:
        ending = bool(running)  # what ends while the next look is under way may leave something that it did not see
        if not (await deliver(database, channels, running) or running or ending):
            return
        if running:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)


async def _wait(running: Running, seconds: float) -> None:
    """Wait until a delivery under way has ended, but not longer than that."""
    if running:
        await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(seconds)


async def _end(running: Running) -> None:
    if running:
        await asyncio.wait(running, timeout=GRACE)
    late = list(running)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=GRACE)


async def deliver(database: Database, channels: Sequence[Channel], running: Running) -> bool:
    """Begin to hand over what is due, as far as there is room, and fan out what is new; tell whether there was any.

    A delivery under way stands in `running` until it has ended.
    """
    load = Load(lease.subscriber for lease in running.values())
    new, due = await leases.look(database, load)
    taken = await leases.take(database, load) if due else []
    by_name = {channel.name: channel for channel in channels}
    for lease in taken:
        task = asyncio.create_task(_deliver(database, by_name, lease))
        running[task] = lease
        task.add_done_callback(running.pop)
    seen = await fan_out(database, channels) if new else 0
    return bool(seen or taken)


async def _deliver(database: Database, channels: dict[str, Channel], lease: Lease) -> None:
    try:
        outcome = await _hand_over(channels, lease)
    except asyncio.CancelledError as error:
        this = asyncio.current_task()
        ending = this is not None and this.cancelling()  # otherwise something that the channel waited for has ended
        outcome = lease.untried(now()) if ending else lease.failed(repr(error))
    await _mark(database, lease, outcome)


async def _hand_over(channels: dict[str, Channel], lease: Lease) -> dict[str, Any]:
    """Make a delivery; return what to write about it."""
    channel = channels.get(lease.subscriber.partition(":")[0])
    if channel is None:
        return lease.failed("this worker does not know the channel; a newer release may")
    try:
        await channel.deliver(lease.subscriber, lease.event, lease.key)
    except AlreadyDelivered:
        return {"done_at": now(), "error": None}
    except Later as later:
        soonest = now() + timedelta(seconds=leases.FIRST_PAUSE)  # or nothing else would be done
        return {**lease.untried(max(later.until, soonest)), "error": _reason(later)}
    except Undeliverable as refusal:
        log.error("delivery %s is given up: %s", lease.key, refusal)
        return lease.given_up(_reason(refusal))
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        log.exception("delivery %s failed", lease.key)
        return lease.failed(f"{type(error).__name__}: {_reason(error)}")
    return {"done_at": now(), "error": None}


def _reason(error: BaseException) -> str:
    """Return what an error says, as both databases can keep it."""
    return str(error).replace("\0", "")[:2000]


async def _mark(database: Database, lease: Lease, outcome: dict[str, Any]) -> None:
    try:
        await leases.mark(database, lease, outcome)
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        log.error("what became of delivery %s cannot be written, so it will be repeated: %s", lease.key, reason)
