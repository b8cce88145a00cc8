"""What the host hands to a plugin's code: for which programme it runs, and its own way to the database."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Boolean, Column, MetaData, String, Table, Uuid, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from content_store import ContentStore
from lms_core.db import AsyncConnection, Database
from lms_core.errors import NotFound
from lms_core.hooks import links
from lms_core.outbox.events import AlreadyDelivered, send
from lms_core.outbox.tables import OPEN, delivery
from lms_core.types import now

log = logging.getLogger("lms.plugins")

WRITE_LIMIT = 5.0
"""Seconds that a plugin may hold a transaction open: on SQLite everybody else's writes wait for it."""

GRACE = 0.2
"""Seconds that a plugin has to give way when it is cancelled, before things are taken from it."""

PAUSE = 1.0
"""Seconds before a context that is over says so: a plugin that tries for ever shall not spin."""

# the host's own view of a table that a domain above it declares
_enablement = Table(
    "programme_plugin",
    MetaData(),
    Column("programme_id", Uuid),
    Column("plugin", String(120)),
    Column("enabled", Boolean),
)


class Asking(Protocol):
    """Asks plugins: the dispatcher, as far as contexts need it."""

    async def decide(self, hook: str, programme_id: UUID, payload: Any) -> list[Any]:
        """Return the answers of all plugins, or raise."""

    async def shape(self, hook: str, programme_id: UUID, payload: Any) -> tuple[list[tuple[str, Any]], list[str]]:
        """Return the answers, each with its plugin, and the plugins that gave none."""


class Delivery:
    """The delivery of an event or job on whose behalf a plugin runs; it is done when the plugin's write commits."""

    def __init__(self, event_id: UUID, subscriber: str) -> None:
        self.event_id = event_id
        self.subscriber = subscriber
        self.done = False


class Context:
    """What the host hands to a hook, route, job or command.

    `programme_id` and `settings` say for which programme it runs and how that has set it; `person_id` is who asks
    (routes only), or `guest` who has come by a link. `off` says that the plugin is enabled no more and that what was
    begun is finished: routes and jobs that declare `finishes` only. `public_url` is where the API is reached;
    `mails` (routes only) says whether mail is sent at all. `idempotency_key` is set for events and jobs: it is the
    same at every repetition of the same delivery.
    """

    def __init__(
        self,
        plugin: str,
        programme_id: UUID,
        settings: Any,
        database: Database,
        *,
        person_id: UUID | None = None,
        guest: links.Guest | None = None,
        delivery: Delivery | None = None,
        public_url: str = "",
        hooks: Asking | None = None,
        store: ContentStore | None = None,
        off: bool = False,
        mails: bool = False,
    ) -> None:
        self.plugin = plugin
        self.programme_id = programme_id
        self.settings = settings
        self.person_id = person_id
        self.guest = guest
        self.public_url = public_url
        self.off = off
        self.mails = mails
        self.idempotency_key = f"{delivery.event_id}:{delivery.subscriber}" if delivery else None
        self.open_connections: list[AsyncConnection] = []
        self.over = False
        self._database = database
        self._delivery = delivery
        self._hooks = hooks
        self._store = store

    def again(self) -> Context:
        """Return another context for the same work; this one may be over."""
        return Context(
            self.plugin, self.programme_id, self.settings, self._database, person_id=self.person_id,
            guest=self.guest, delivery=self._delivery, public_url=self.public_url, hooks=self._hooks,
            store=self._store, off=self.off, mails=self.mails,
        )  # fmt: skip

    async def decide(self, hook: str, payload: Any) -> list[Any]:
        """Ask the plugins of the programme by a DECIDE hook; for the functions of the API that do so."""
        await self._check_not_over()
        return await self._asking().decide(hook, self.programme_id, payload)

    async def shape(self, hook: str, payload: Any) -> tuple[list[tuple[str, Any]], list[str]]:
        """Ask the plugins of the programme by a SHAPE hook; for the functions of the API that do so."""
        await self._check_not_over()
        return await self._asking().shape(hook, self.programme_id, payload)

    def _asking(self) -> Asking:
        if self._hooks is None:
            raise RuntimeError("other plugins can be asked from routes, hooks, jobs and commands only")
        return self._hooks

    async def storage(self) -> tuple[Database, ContentStore]:
        """Return where files are kept; for the functions of the API that bring them in and lead to them.

        Raises RuntimeError for jobs, events and commands: nobody sends or reads a file there.
        """
        await self._check_not_over()
        if self._store is None:
            raise RuntimeError("files are brought and read in routes only")
        return self._database, self._store

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection of the plugin's own for reading."""
        await self._check_not_over()
        async with self._database.read() as connection, self._noted(connection):
            yield connection

    @asynccontextmanager
    async def write(self, *, more: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction of the plugin's own: committed when the block ends, rolled back when it raises.

        It begins with the question whether the plugin is still enabled in the programme, which then waits with any
        change of that until the block has ended. Raises NotFound when it is not, and TimeoutError after five seconds.

        For an event or job, the commit also marks the delivery as done: whatever the handler writes here happens
        once, however often it is called. Do it in one block; a second one in the same call raises RuntimeError. A
        job that tells on its way how far it is does so with `more`: that may happen again, and ends nothing.

        For a guest, the commit also uses up a link that is good for one time. Raises Unauthenticated when the link
        was revoked or used up since she was let in.
        """
        await self._check_not_over()
        if self._delivery and self._delivery.done:
            raise RuntimeError("write everything that follows from an event in one block of context.write()")
        async with (
            asyncio.timeout(WRITE_LIMIT),
            self._database.write() as connection,
            self._noted(connection),
            self._taken_away_if_held(connection),
        ):
            await self._check_enabled(connection)
            if self.guest:
                await links.used(connection, self.guest)
            if self._delivery and not more:
                await self._finish(connection, self._delivery)
            yield connection

    async def enqueue(
        self, connection: AsyncConnection, job: str, payload: Any = None, *, due: datetime | None = None
    ) -> UUID:
        """Have a job of this plugin run for this programme, if the caller's transaction commits; return its id.

        It runs at `due` (aware), or at once.
        """
        return await send(connection, f"plugin:{self.plugin}", f"job:{job}", self.programme_id, payload, due=due)

    def end(self) -> int:
        """Let nothing more be done through this context; return how many connections were left open.

        They are closed under whoever still uses them, and what was not committed is rolled back.
        """
        self.over = True
        left = list(self.open_connections)
        for connection in left:
            self._take_away(connection)
        return len(left)

    def _take_away(self, connection: AsyncConnection) -> None:
        self.open_connections.remove(connection)
        take_away(self._database, connection)

    @asynccontextmanager
    async def _noted(self, connection: AsyncConnection) -> AsyncIterator[None]:
        await self._check_not_over()  # it may have ended while the plugin waited for the connection
        self.open_connections.append(connection)
        try:
            yield
        finally:
            held = connection in self.open_connections
            if held:
                self.open_connections.remove(connection)
        if not held:  # or the plugin would believe that all was written
            raise TimeoutError("the connection was held for too long and has been taken away")

    @asynccontextmanager
    async def _taken_away_if_held(self, connection: AsyncConnection) -> AsyncIterator[None]:
        """Enforce the limit of a transaction even on a plugin that swallows its cancellation."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(WRITE_LIMIT + GRACE, self._take_away, connection)
        try:
            yield
        finally:
            timer.cancel()

    async def _check_not_over(self) -> None:
        if self.over:
            await asyncio.sleep(PAUSE)
            raise RuntimeError("the call that this context was made for is over")

    async def _check_enabled(self, connection: AsyncConnection) -> None:
        query = select(_enablement.c.enabled).where(
            _enablement.c.programme_id == self.programme_id, _enablement.c.plugin == self.plugin
        )
        enabled = await connection.scalar(query.with_for_update(read=True))
        if not enabled and (enabled is None or not self.off):
            raise NotFound(f"The plugin {self.plugin} is not enabled in this programme.")

    @staticmethod
    async def _finish(connection: AsyncConnection, this: Delivery) -> None:
        same = (delivery.c.event_id == this.event_id) & (delivery.c.subscriber == this.subscriber)
        done = await connection.execute(update(delivery).where(same, OPEN).values(done_at=now(), error=None))
        if not done.rowcount:
            raise AlreadyDelivered(f"{this.event_id}:{this.subscriber}")
        this.done = True


_endings: set[asyncio.Task[None]] = set()


def take_away(database: Database, connection: AsyncConnection) -> None:
    """Take a connection from whoever still uses it: its place in the pool is free at once, its transaction is undone.

    Nothing of the driver is waited for here, for who uses it may be in the middle of a statement.
    """
    try:
        held: Any = connection.sync_connection
        driver = held.connection.driver_connection
        held.detach()
    except SQLAlchemyError:
        return  # it was closed already
    task = asyncio.create_task(_undo_sqlite(driver) if database.is_sqlite else _undo_postgres(database, driver))
    _endings.add(task)
    task.add_done_callback(_endings.discard)


async def _undo_sqlite(driver: Any) -> None:
    """Close the connection behind what it is executing."""
    ending = driver.stop()
    while not ending.done():
        await asyncio.wait({ending}, timeout=0.05)
        with suppress(ValueError, sqlite3.Error):  # closed meanwhile
            await driver.interrupt()  # whatever takes long


async def _undo_postgres(database: Database, driver: Any) -> None:
    """End the server's side: it would hear of a closed socket only after the statement that it executes."""
    try:
        async with database.read() as other:
            await other.execute(select(func.pg_terminate_backend(driver.get_server_pid())))
    except (SQLAlchemyError, OSError):
        log.warning("a connection of a plugin could not be ended at the server", exc_info=True)
    finally:
        driver.terminate()
