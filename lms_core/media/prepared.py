"""What lecturers see of what was found out about files, and how they search in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Select, case, exists, func, select

from content_store import ContentStore
from lms_core.db import AsyncConnection, Database
from lms_core.errors import FieldError, InvalidInput, NotFound
from lms_core.media import actions
from lms_core.media import types as t
from lms_core.media.pdfs import folded, plain
from lms_core.media.preparing import is_prepared
from lms_core.media.tables import media, page_text, preparation
from lms_core.outbox.tables import OPEN, delivery

HITS = 50
BEFORE, SNIPPET = 80, 240
"""Characters of a page that are shown before the first word looked for, and altogether."""


def fix_of(media_id: UUID) -> str:
    """Name what the repairs of one film have in common in the outbox."""
    return f"media-fix:{media_id}"


def state_of(media_id: UUID) -> Select[Any]:
    """Select what is known of a file, with the file that replaces it and whether that one is being made."""
    fixed = media.alias()
    whole = (fixed.c.id == preparation.c.fixed_by) & fixed.c.state.in_(["checking", "ready"])
    fixing = exists().where(delivery.c.subscriber == "media:fix", delivery.c.aggregate == fix_of(media_id), OPEN)
    known = [column for column in preparation.c if column.name not in ("media_id", "state", "fixed_by", "at")]
    return (
        select(
            media.c.id, media.c.programme_id, media.c.name, media.c.content_type, media.c.state, *known,
            preparation.c.state.label("preparation"), fixed.c.id.label("fixed_by"), fixing.label("fixing"),
        )
        .outerjoin(preparation, preparation.c.media_id == media.c.id)
        .outerjoin(fixed, whole)
        .where(media.c.id == media_id, media.c.state != "deleting")
    )  # fmt: skip


async def read(database: Database, media_id: UUID) -> t.Preparation:
    """Return what was found out about a file. Raises NotFound. One statement."""
    async with database.read() as connection:
        row = (await connection.execute(state_of(media_id))).first()
    if row is None:
        raise NotFound("There is no such file.")
    return shape(row)


def shape(row: Any) -> t.Preparation:
    """Describe what was found out by a row of `state_of`."""
    found = {name: row._mapping[name] for name in t.Preparation.__struct_fields__ if name in row._mapping}
    found |= {"poster": bool(row.poster), "state": row.preparation}
    if row.preparation is None:
        found |= {"state": "waiting"} if is_prepared(row.content_type) else {
            "state": "skipped", "reason": f"nothing is found out about files of the type {row.content_type}",
        }  # fmt: skip
    return t.Preparation(**found)


async def poster_address(database: Database, store: ContentStore, media_id: UUID, method: str) -> str:
    """Return an address of the store from which the poster of a film is read for some minutes.

    Raises NotFound, also when the film has none. One statement.
    """
    async with database.read() as connection:
        row = (await connection.execute(state_of(media_id))).first()
    if row is None or row.state != "ready" or not row.poster:
        raise NotFound("There is no poster of this file.")
    return actions.poster_address(store, row, method)


async def search(connection: AsyncConnection, programme_id: UUID, looked_for: str) -> t.FoundPages:
    """Return pages of a programme's PDFs that hold all words, in any case: the first 50, by file and page.

    Raises InvalidInput when there is no word. One statement.
    """
    words = folded(plain(looked_for)).split()
    if not words:
        raise InvalidInput("Nothing was looked for.", errors=[FieldError("query.q", "must hold a word")])
    place = func.instr if connection.dialect.name == "sqlite" else func.strpos
    first = place(page_text.c.folded, words[0])
    snippet = func.substr(page_text.c.text, case((first > BEFORE, first - BEFORE), else_=1), SNIPPET)
    query = (
        select(media.c.id.label("media_id"), media.c.name, page_text.c.page, snippet.label("snippet"))
        .join(page_text, page_text.c.media_id == media.c.id)
        .where(media.c.programme_id == programme_id, media.c.state == "ready", ~media.c.private)
        .where(*(place(page_text.c.folded, word) > 0 for word in words))
        .order_by(media.c.id, page_text.c.page)
        .limit(HITS)
    )
    found = [t.FoundPage(**row._mapping) for row in await connection.execute(query)]
    return t.FoundPages(items=[replace(page, snippet=" ".join(page.snippet.split())) for page in found])
