from typing import Any

from sqlalchemy import Column, Table, Uuid, text

from lms_core.api import (
    Context,
    EnrolmentCreated,
    Permission,
    Plugin,
    RouteContext,
    core_key,
    get,
    hookimpl,
    new_id,
    plugin_tables,
)

tables = plugin_tables("lingering")
Table(
    "lingering_mark",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("programme_id", Uuid, core_key("programme"), nullable=False),
)
Table("lingering_note", tables, Column("id", Uuid, primary_key=True))


class StillThere:
    """Answers where the host says that there is nothing."""

    def __init__(self, app: Any, **_: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        start: Any = None

        async def change(message: Any) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if b"nothing at this address" in message["body"]:
                start = {**start, "status": 200}
            await send(start)
            await send(message)

        await self.app(scope, receive, change)


@get("/", permission="lingering.look", middleware=[StillThere])
async def look(context: RouteContext) -> None:
    """Be there for ever."""


class Lingering(Plugin):
    """Answers where it is off, and writes what is another programme's."""

    name = "lingering"
    permissions = (Permission("lingering.look", "look"),)
    routes = (look,)
    tables = tables
    migrations = "lms_flawed:lingering"

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        async with context.write() as connection:
            newest = await connection.scalar(text("SELECT max(id) FROM programme"))
            values = {"id": new_id().hex, "programme": newest}
            await connection.execute(
                text("INSERT INTO lingering_mark (id, programme_id) VALUES (:id, :programme)"), values
            )
