"""The rules about modules, adoptions, and what a participant reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, or_, select

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.media.tables import media, preparation
from lms_core.modules import types as t
from lms_core.modules.tables import adoption, module, run, unit, unit_file, version
from lms_core.permissions import Principal
from lms_core.programmes.tables import programme
from lms_core.types import new_id


def _modules() -> Select[Any]:
    published = func.max(version.c.number).filter(version.c.published_at.is_not(None))
    draft = func.max(version.c.number).filter(version.c.published_at.is_(None))
    return (
        select(
            module.c.id,
            module.c.programme_id,
            module.c.key,
            module.c.title,
            func.coalesce(published, 0).label("published"),
            draft.label("draft"),
        )
        .outerjoin_from(module, version)
        .group_by(module.c.id)
        .order_by(module.c.id)
    )


async def create_module(connection: AsyncConnection, programme_id: UUID, new: t.NewModule) -> t.Module:
    """Create a module without content. Raises NotFound, and Conflict when the programme has the key already."""
    if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
        raise NotFound("There is no such programme.")
    same = (module.c.programme_id == programme_id) & (module.c.key == new.key)
    if await connection.scalar(select(module.c.id).where(same)):
        raise Conflict(f"The programme has a module with the key {new.key} already.")
    made = t.Module(id=new_id(), programme_id=programme_id, key=new.key, title=new.title, published=0, draft=None)
    row = {"id": made.id, "programme_id": programme_id, "key": made.key, "title": made.title, "revision": 1}
    await connection.execute(insert(module), row)
    return made


async def list_modules(
    connection: AsyncConnection, programme_id: UUID, key: str | None, cursor: UUID | None, limit: int
) -> list[t.Module]:
    """Return up to limit + 1 modules that a programme owns or has adopted, after the cursor."""
    adopted = select(adoption.c.module_id).where(adoption.c.programme_id == programme_id)
    query = _modules().where(or_(module.c.programme_id == programme_id, module.c.id.in_(adopted))).limit(limit + 1)
    if key is not None:
        query = query.where(module.c.key == key)
    if cursor is not None:
        query = query.where(module.c.id > cursor)
    return [t.Module(**row._mapping) for row in await connection.execute(query)]


async def read_module(connection: AsyncConnection, module_id: UUID) -> tuple[t.Module, int]:
    """Return a module and its revision. Raises NotFound."""
    query = _modules().add_columns(module.c.revision).where(module.c.id == module_id)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such module.")
    values = dict(row._mapping)
    revision = values.pop("revision")
    return t.Module(**values), revision


async def adopt(connection: AsyncConnection, programme_id: UUID, module_id: UUID, actor: Principal) -> None:
    """Let a programme offer a module of another one.

    Needs the permission in the owning programme too: adopting opens its runs to other people. Raises NotFound
    when the actor may not manage the owner, Conflict when the programme owns the module itself.
    """
    owner = await connection.scalar(select(module.c.programme_id).where(module.c.id == module_id))
    if owner is None or not actor.may("programmes.manage", owner):
        raise NotFound("There is no such module.")
    if owner == programme_id:
        raise Conflict("The programme owns this module; it needs no adoption.")
    if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
        raise NotFound("There is no such programme.")
    same = (adoption.c.programme_id == programme_id) & (adoption.c.module_id == module_id)
    if await connection.scalar(select(adoption.c.module_id).where(same)) is None:
        await connection.execute(insert(adoption), {"programme_id": programme_id, "module_id": module_id})


async def drop_adoption(connection: AsyncConnection, programme_id: UUID, module_id: UUID) -> None:
    """End an adoption; enrolments under it stay. Raises NotFound."""
    same = (adoption.c.programme_id == programme_id) & (adoption.c.module_id == module_id)
    if not (await connection.execute(delete(adoption).where(same))).rowcount:
        raise NotFound("The programme has not adopted this module.")


async def read_unit(connection: AsyncConnection, run_id: UUID, key: str) -> t.UnitContent:
    """Return a unit of the version that a run is pinned to; links lead to this run. Raises NotFound. Two statements."""
    row = (
        await connection.execute(
            select(unit)
            .join_from(run, unit, unit.c.version_id == run.c.version_id)
            .where(run.c.id == run_id, unit.c.key == key)
        )
    ).first()
    if row is None:
        raise NotFound("The run has no such unit.")
    units = f"/runs/{run_id}/units/"
    of_unit = (unit_file.c.version_id == row.version_id) & (unit_file.c.unit_key == key)
    first = select(func.min(unit_file.c.position)).where(of_unit, unit_file.c.role == "stream").scalar_subquery()
    files = (
        select(
            unit_file.c.key, unit_file.c.name, unit_file.c.role, unit_file.c.language, media.c.content_type,
            media.c.size, media.c.state, preparation.c.width, preparation.c.height, preparation.c.duration_ms,
            preparation.c.pages, preparation.c.poster,
        )
        .join_from(unit_file, media)
        .outerjoin(preparation, preparation.c.media_id == media.c.id)
        .where(of_unit, or_(unit_file.c.role != "stream", unit_file.c.position == first))
        .order_by(unit_file.c.position)
    )  # fmt: skip
    return t.UnitContent(
        key=row.key,
        parent=row.parent,
        kind=row.kind,
        title=row.title,
        required=row.required,
        body=row.body.replace("lms-unit:", units).replace("lms-file:", f"{units}{key}/files/"),
        minutes=row.minutes,
        max_score=row.max_score,
        files=[_link(f"{units}{key}", found) for found in await connection.execute(files)],
    )


def _link(of_unit: str, found: Any) -> t.FileLink:
    values = dict(found._mapping)
    ready = values.pop("state") == "ready"
    poster = f"{of_unit}/files/{found.key}/poster" if values.pop("poster") and ready else None
    way = f"stream/{quote(found.name)}" if found.role == "stream" else f"files/{found.key}"
    return t.FileLink(**values, ready=ready, href=f"{of_unit}/{way}", poster=poster)


async def find_file(connection: AsyncConnection, run_id: UUID, unit_key: str, file_key: str) -> Any:
    """Return a unit's file in a run as `media.actions.download_address` takes it. Raises NotFound. One statement."""
    row = (await connection.execute(_file(run_id, unit_key, file_key))).first()
    if row is None:
        raise NotFound("The unit has no such file.")
    return row


async def find_poster(connection: AsyncConnection, run_id: UUID, unit_key: str, file_key: str) -> Any:
    """Return a unit's file of which there is a still image. Raises NotFound. One statement."""
    query = _file(run_id, unit_key, file_key).join(preparation, preparation.c.media_id == media.c.id)
    row = (await connection.execute(query.where(preparation.c.poster, media.c.state == "ready"))).first()
    if row is None:
        raise NotFound("There is no still image of such a file.")
    return row


def _file(run_id: UUID, unit_key: str, file_key: str) -> Select[Any]:
    return (
        select(media.c.id, media.c.programme_id, unit_file.c.name, media.c.content_type, media.c.state, media.c.shown)
        .join_from(run, unit_file, unit_file.c.version_id == run.c.version_id)
        .join(media, media.c.id == unit_file.c.media_id)
        .where(run.c.id == run_id, unit_file.c.unit_key == unit_key, unit_file.c.key == file_key)
    )
