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


@get("/", permission="lingering.look")
async def look(context: RouteContext) -> None:
    """Be there."""


class Lingering(Plugin):
    """Writes what is another programme's."""

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
