"""The rules about files that a programme has: describing and listing them, letting them go, leading readers to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, column, exists, func, select, table, update

from content_store import ContentStore
from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, NotFound
from lms_core.media import types as t
from lms_core.media.tables import media, plugin_file
from lms_core.types import now

ADDRESSES_LAST = timedelta(minutes=10)

columns = (
    media.c.id, media.c.programme_id, media.c.name, media.c.size, media.c.content_type, media.c.sha256,
    media.c.state, media.c.reason, media.c.part_size, media.c.upload_id, media.c.created_by, media.c.shown,
    media.c.private,
)  # fmt: skip

# the files' own view of tables of the layers above, whose rows are the uses of a file
_unit_file = table("unit_file", column("media_id", Uuid))
_hand_in_file = table("hand_in_file", column("media_id", Uuid))


def uses(media_id: Any) -> ColumnElement[int]:
    """Count the places that need a file: files of units in drafts and in every version."""
    return select(func.count()).select_from(_unit_file).where(_unit_file.c.media_id == media_id).scalar_subquery()


def unused() -> ColumnElement[bool]:
    """Tell whether no unit needs a file, nobody has handed it in, and no plugin keeps it."""
    handed_in = exists().where(_hand_in_file.c.media_id == media.c.id)
    kept = exists().where(plugin_file.c.media_id == media.c.id, plugin_file.c.kept)
    return ~exists().where(_unit_file.c.media_id == media.c.id) & ~handed_in & ~kept


def object_key(programme_id: UUID, media_id: UUID) -> str:
    """Name the object that holds a file: made of ids only, never of what a user typed."""
    return f"media/{programme_id}/{media_id}"


def poster_key(programme_id: UUID, media_id: UUID) -> str:
    """Name the object that holds the still image of a film."""
    return f"{object_key(programme_id, media_id)}.poster"


def shape(row: Any) -> t.Media:
    """Describe a file by its row."""
    return t.Media(**{name: getattr(row, name) for name in t.Media.__struct_fields__})


async def find(database: Database, media_id: UUID) -> Any:
    """Return the row of a file. Raises NotFound, also for one on its way out."""
    same = (media.c.id == media_id) & (media.c.state != "deleting")
    async with database.read() as connection:
        row = (await connection.execute(select(*columns).where(same))).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row


async def read(database: Database, media_id: UUID) -> t.Media:
    """Return a file's description. Raises NotFound."""
    return shape(await find(database, media_id))


async def list_media(
    connection: AsyncConnection,
    programme_id: UUID,
    state: t.MediaState | None,
    sha256: str | None,
    after: UUID | None,
    limit: int,
) -> list[t.MediaUse]:
    """Return a page of a programme's files, in the order in which they were announced, and one more. One statement."""
    fields = [media.c[name] for name in t.MediaUse.__struct_fields__ if name != "uses"]
    query = (
        select(*fields, uses(media.c.id).label("uses"))
        .where(media.c.programme_id == programme_id, media.c.state != "deleting", ~media.c.private)
        .order_by(media.c.id)
        .limit(limit + 1)
    )
    if state:
        query = query.where(media.c.state == state)
    if sha256:
        query = query.where(media.c.sha256 == sha256)
    if after:
        query = query.where(media.c.id > after)
    return [t.MediaUse(**row._mapping) for row in await connection.execute(query)]


async def remove(connection: AsyncConnection, media_id: UUID) -> None:
    """Let a file go that no unit needs; its bytes follow later, when no running download needs them.

    Raises NotFound and Conflict (in use). Two statements.
    """
    same = (media.c.id == media_id) & (media.c.state != "deleting")
    locked = select(media.c.id).where(same).with_for_update()
    if (await connection.execute(locked)).first() is None:
        raise NotFound("There is no such file.")
    done = await connection.execute(update(media).where(same, unused()).values(state="deleting", used_at=now()))
    if not done.rowcount:
        raise Conflict("Units need this file: drafts or published versions of modules. Take it out of them first.")


def download_address(store: ContentStore, row: Any, method: str, lasts: timedelta = ADDRESSES_LAST) -> str:
    """Return an address of the store from which a file is read for some minutes, under its name and type.

    `row` has id, programme_id, name, content_type, state and shown. What browsers must not show, or what does not look
    like its type, is saved instead. Raises Conflict unless the file is ready.
    """
    if row.state != "ready":
        raise Conflict(f"The file {row.name} is {_WHY.get(row.state, row.state)}; it cannot be read at the moment.")
    return store.download_address(
        object_key(row.programme_id, row.id),
        row.name,
        row.content_type if row.shown else "application/octet-stream",
        lasts,
        inline=row.shown,
        method="HEAD" if method == "HEAD" else "GET",
    )


def poster_address(store: ContentStore, row: Any, method: str) -> str:
    """Return an address of the store for the still image that was made of a film; of a row as above."""
    return store.download_address(
        poster_key(row.programme_id, row.id),
        f"{row.name}.jpg",
        "image/jpeg",
        ADDRESSES_LAST,
        inline=True,
        method="HEAD" if method == "HEAD" else "GET",
    )


_WHY = {
    "uploading": "being uploaded", "checking": "being checked", "quarantined": "damaged, and the lecturer was told",
}  # fmt: skip
