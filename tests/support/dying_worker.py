"""A worker with one plugin that kills itself, as kill -9 would, when it has come to a step twice.

python -m tests.support.dying_worker DATABASE_URL STEP
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Integer, MetaData, String, Table, insert

from lms_core.api import Context, EnrolmentCreated, Job, Plugin, hookimpl
from lms_core.channels import PluginChannel
from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import load
from lms_core.outbox import fan_out, leases, work
from lms_core.programmes.enablement import Enablement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STEPS = (
    "fanned out", "scheduled", "leased", "called", "in its transaction", "committed", "returned", "reported",
)  # fmt: skip

ONCE = "scheduled"
"""The step that is not taken again."""

tables = MetaData()
# what the plugin did in the transaction that is its own and the delivery's, and that it was called at all
letter = Table("letter", tables, Column("number", Integer, primary_key=True), Column("about", String(200)))
call = Table("call", tables, Column("number", Integer, primary_key=True), Column("about", String(200)))


class Letters(Plugin):
    """Writes a letter about each enrolment, about each job, and now and then by itself; says at which step it is."""

    name = "letters"

    def __init__(self, database: Database, at: Callable[[str], None]) -> None:
        self.database = database
        self.at = at
        self.jobs = (  # type: ignore[misc]  # of the class by rule
            Job("write", self.write, payload=str),
            Job("report", self.report, every=timedelta(days=365)),
        )

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        await self.write(context, f"{event.run_id} {event.person_id}")

    async def report(self, context: Context, payload: None) -> None:
        await self.write(context, "the year")

    async def write(self, context: Context, about: str) -> None:
        async with self.database.write() as connection:
            await connection.execute(insert(call), {"about": about})
        self.at("called")
        async with context.write() as connection:
            await connection.execute(insert(letter), {"about": about})
            self.at("in its transaction")
        self.at("committed")


def worker(database: Database, at: Callable[[str], None] = lambda _step: None) -> Awaitable[None]:
    """Make the worker, which never idles for long."""
    registry = load([Letters(database, at)])
    hooks = Dispatcher(registry, Enablement(database, registry), database)
    return work.work(database, [PluginChannel(hooks)], hooks, idle_seconds=0.02)


def dying(step: str) -> Callable[[str], None]:
    """Return what kills this process at the second time that it is told of the step."""
    left = 1 if step == ONCE else 2

    def at(where: str) -> None:
        nonlocal left
        left -= where == step
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def say(module: Any, name: str, at: Callable[[str], None], before: str = "", after: str = "") -> None:
    """Have a function of the worker say that it begins, and that it has ended and done something."""
    function = getattr(module, name)

    async def saying(*args: Any) -> Any:
        at(before)
        done = await function(*args)
        if done or name != "take":
            at(after)
        return done

    setattr(module, name, saying)


if __name__ == "__main__":
    url, step = sys.argv[1:]
    at = dying(step)
    leases.LEASE = timedelta(seconds=1)
    fan_out.BATCH = 4
    say(work, "fan_out", at, after="fanned out")
    say(work, "enqueue_due", at, after="scheduled")
    say(leases, "take", at, after="leased")
    say(leases, "mark", at, before="returned", after="reported")
    asyncio.run(worker(Database(url), at))
