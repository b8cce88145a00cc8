"""Files that a plugin answers for: brought straight to the content store, read from there, and let go.

Such a file is private, found by nobody and never taken for another of the same bytes. What it is for, and who may read
it, is the plugin's own matter: it asks before it calls these functions.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, cast, delete, func, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.hooks.context import Context
from lms_core.media import types as t
from lms_core.media import uploads
from lms_core.media.actions import columns, download_address
from lms_core.media.tables import media, plugin_file
from lms_core.types import now

MOST_BYTES = 256 * 1024**2
"""Bytes that may be brought for one thing of a plugin; the programme's quota counts them as well."""

_facts = tuple(media.c[name] for name in t.FileFacts.__struct_fields__)


async def begin_file(context: Context, about: str, file_id: UUID, new: t.NewMedia, by: UUID) -> t.Announced:
    """Announce a file under an id that the client has made; again goes on with it, and has addresses for more parts.

    `about` names what of the plugin's it is brought for (at most 100 characters), `by` the person to whose account it
    goes. Until `keep_file` it is swept away after a month. Raises InvalidInput (name and type, or size and parts
    disagree) and Conflict (quota, too many bytes for one thing, or the id is that of another file). Nothing of this is
    undone with a transaction of the plugin's, and no link of a guest is used up.
    """
    database, store = await context.storage()
    total = cast(func.coalesce(func.sum(media.c.size), 0), BigInteger)
    held = select(total).where(_of(context, about), media.c.id != file_id)
    async with database.read() as connection:
        used = (await connection.execute(held)).scalar_one()
    if used + new.size > MOST_BYTES:
        raise Conflict(f"{MOST_BYTES} bytes of files may be brought here, and {used} are there already.")
    one = t.PluginFile(file_id, context.plugin, about)
    return await uploads.begin(database, store, context.programme_id, new, by, of_plugin=one)


async def complete_file(context: Context, about: str, file_id: UUID, sent: t.SentParts) -> t.Media:
    """Say that all parts of a file that was announced for this were sent, and which; again shows its state.

    Raises NotFound, InvalidInput and Conflict (not all has arrived).
    """
    database, store = await context.storage()
    async with database.read() as connection:
        if await connection.scalar(select(media.c.id).where(_of(context, about), media.c.id == file_id)) is None:
            raise NotFound(_UNKNOWN)
    return await uploads.complete(database, store, file_id, sent)


async def keep_file(context: Context, connection: AsyncConnection, about: str, file_id: UUID) -> t.FileFacts:
    """Keep a file that was brought for this until `forget_file`, if the caller's transaction commits; describe it.

    Raises NotFound, and Conflict unless it has been sent completely. Three statements.
    """
    query = select(*_facts).where(_of(context, about), media.c.id == file_id).with_for_update()
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(_UNKNOWN)
    if row.state not in ("ready", "checking"):
        raise Conflict(f"The file {row.name} has not been sent completely, or is damaged; send it first.")
    await connection.execute(update(media).where(media.c.id == file_id).values(used_at=now()))
    await connection.execute(update(plugin_file).where(plugin_file.c.media_id == file_id).values(kept=True))
    return t.FileFacts(**row._mapping)


async def read_files(context: Context, connection: AsyncConnection, about: str) -> list[t.FileFacts]:
    """Describe the files that the plugin keeps about something, in the order of their ids. One statement."""
    query = select(*_facts).where(_of(context, about), plugin_file.c.kept).order_by(media.c.id)
    return [t.FileFacts(**row._mapping) for row in await connection.execute(query)]


async def file_address(context: Context, about: str, file_id: UUID) -> t.FileAddress:
    """Return where a file that the plugin keeps about something is read for ten minutes, without a token.

    What browsers must not show is saved by them. Raises NotFound, and Conflict while it is being checked or damaged.
    """
    database, store = await context.storage()
    query = select(*columns).where(_of(context, about), media.c.id == file_id, plugin_file.c.kept)
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(_UNKNOWN)
    return t.FileAddress(download_address(store, row, "GET"))


async def forget_file(context: Context, connection: AsyncConnection, about: str, file_id: UUID) -> None:
    """Let a file go, if the caller's transaction commits: no new address leads to it, and its bytes go within hours.

    Who is reading it reads it to the end. Again changes nothing. Three statements.
    """
    this = select(media.c.id).where(_of(context, about), media.c.id == file_id)
    if await connection.scalar(this) is not None:
        await release(connection, plugin_file.c.media_id == file_id)


async def release(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Let all of these files of plugins go; nobody else can have a use for them. Two statements."""
    these = select(plugin_file.c.media_id).where(which)
    await connection.execute(update(media).where(media.c.id.in_(these)).values(state="deleting", used_at=now()))
    await connection.execute(delete(plugin_file).where(which))


def _of(context: Context, about: str) -> Any:
    """Pick the plugin's files about something of the programme that have not been let go."""
    its = (plugin_file.c.media_id == media.c.id) & (plugin_file.c.plugin == context.plugin)
    here = (media.c.programme_id == context.programme_id) & (media.c.state != "deleting")
    return its & (plugin_file.c.about == about) & here


_UNKNOWN = "There is no such file."
