"""The content of a module: reading, comparing, replacing the draft, publishing."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, insert, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.http import changed_or_raise
from lms_core.media.tables import media
from lms_core.modules import streams
from lms_core.modules import types as t
from lms_core.modules.compare import DESCRIPTION, compare
from lms_core.modules.completion import Rule
from lms_core.modules.rulings import changed_rules, mistakes
from lms_core.modules.tables import module, unit, unit_file, version
from lms_core.types import new_id, now

_REFERENCE = re.compile(r"lms-(unit|file):([a-z0-9][a-z0-9._-]*)")


async def read_content(connection: AsyncConnection, version_id: UUID) -> t.ModuleContent:
    """Return all that a version says. Three statements."""
    head = (
        await connection.execute(
            select(*(version.c[name] for name in (*DESCRIPTION, "completion"))).where(version.c.id == version_id)
        )
    ).one()
    files: dict[str, list[t.UnitFile]] = {}
    query = (
        select(
            unit_file.c.unit_key, unit_file.c.key, unit_file.c.name, unit_file.c.role, unit_file.c.media_id,
            unit_file.c.language,
        )
        .where(unit_file.c.version_id == version_id)
        .order_by(unit_file.c.unit_key, unit_file.c.position)
    )  # fmt: skip
    for row in await connection.execute(query):
        files.setdefault(row.unit_key, []).append(
            t.UnitFile(key=row.key, name=row.name, role=row.role, media_id=row.media_id, language=row.language)
        )
    rows = await connection.execute(select(unit).where(unit.c.version_id == version_id).order_by(unit.c.position))
    units = [
        t.Unit(
            key=row.key, kind=row.kind, title=row.title, parent=row.parent, required=row.required, body=row.body,
            minutes=row.minutes, max_score=row.max_score, completion=_rule(row.completion),
            files=files.get(row.key, []),
        )
        for row in rows
    ]  # fmt: skip
    return t.ModuleContent(**{**head._mapping, "completion": _rule(head.completion)}, units=units)


def _rule(kept: Any) -> Rule | None:
    return msgspec.convert(kept, Rule | None)


async def _latest(connection: AsyncConnection, module_id: UUID) -> Any:
    """Return id, number and published_at of the draft, or else of the latest published version, or None."""
    query = (
        select(version.c.id, version.c.number, version.c.published_at)
        .where(version.c.module_id == module_id)
        .order_by(version.c.number.desc())
        .limit(1)
    )
    return (await connection.execute(query)).first()


async def read_latest_content(connection: AsyncConnection, module_id: UUID) -> tuple[t.ModuleContent, int]:
    """Return the content of the draft, or else of the latest published version, and the module's revision.

    Raises NotFound when there is neither.
    """
    latest = await _latest(connection, module_id)
    if latest is None:
        raise NotFound("The module has no content yet.")
    revision = await connection.scalar(select(module.c.revision).where(module.c.id == module_id))
    return await read_content(connection, latest.id), revision or 0


async def read_version(connection: AsyncConnection, module_id: UUID, number: int) -> t.ModuleContent:
    """Return the content of a published version. Raises NotFound."""
    same = (version.c.module_id == module_id) & (version.c.number == number) & version.c.published_at.is_not(None)
    found = await connection.scalar(select(version.c.id).where(same))
    if found is None:
        raise NotFound("There is no such published version.")
    return await read_content(connection, found)


async def put_draft(
    connection: AsyncConnection, programme_id: UUID, module_id: UUID, new: t.ModuleContent, expected: int
) -> t.DraftChange:
    """Make the draft of a module say exactly this; nothing is written when it says so already.

    Compared with the draft, or else with the latest published version. A content equal to the latest published
    version discards the draft. Raises InvalidInput with every mistake, PreconditionFailed.
    """
    await _check(connection, programme_id, new)
    latest = await _latest(connection, module_id)
    change = compare(await read_content(connection, latest.id) if latest else None, new, expected)
    if not change.changed and latest:
        same = module.c.id == module_id
        if await connection.scalar(select(module.c.revision).where(same)) != expected:
            await changed_or_raise(connection, module, same, expected)
        return change
    await _touch(connection, module_id, expected, title=new.title)
    number = 1
    if latest and latest.published_at is None:
        await connection.execute(delete(version).where(version.c.id == latest.id))
        number = latest.number
        published = await _latest(connection, module_id)
        if published and not compare(await read_content(connection, published.id), new, 0).changed:
            return msgspec.structs.replace(change, revision=expected + 1)
    elif latest:
        number = latest.number + 1
    await _write(connection, module_id, number, new)
    return msgspec.structs.replace(change, changed=True, revision=expected + 1)


async def _touch(connection: AsyncConnection, module_id: UUID, expected: int, **values: Any) -> None:
    same = module.c.id == module_id
    done = await connection.execute(
        update(module).where(same, module.c.revision == expected).values(revision=expected + 1, **values)
    )
    if not done.rowcount:
        await changed_or_raise(connection, module, same, expected)


async def _write(connection: AsyncConnection, module_id: UUID, number: int, new: t.ModuleContent) -> None:
    version_id = new_id()
    head = {name: getattr(new, name) for name in DESCRIPTION} | {"completion": msgspec.to_builtins(new.completion)}
    required = sum(u.required for u in new.units)
    await connection.execute(
        insert(version),
        {**head, "id": version_id, "module_id": module_id, "number": number, "units_required": required},
    )
    units = [
        {
            "version_id": version_id, "key": u.key, "position": position, "parent": u.parent, "kind": u.kind,
            "title": u.title, "required": u.required, "body": u.body, "minutes": u.minutes,
            "max_score": u.max_score, "completion": msgspec.to_builtins(u.completion),
        }
        for position, u in enumerate(new.units)
    ]  # fmt: skip
    files = [
        {
            "version_id": version_id, "unit_key": u.key, "key": f.key, "position": position, "name": f.name,
            "role": f.role, "media_id": f.media_id, "language": f.language,
        }
        for u in new.units
        for position, f in enumerate(u.files)
    ]  # fmt: skip
    if units:
        await connection.execute(insert(unit), units)
    if files:
        await connection.execute(insert(unit_file), files)


async def _check(connection: AsyncConnection, programme_id: UUID, new: t.ModuleContent) -> None:
    """Find everything in a content that could not be studied, at once."""
    errors: list[FieldError] = []
    ready = await _need_files(connection, programme_id, {f.media_id for u in new.units for f in u.files})
    keys = {u.key for u in new.units}
    seen: set[str] = set()
    for index, u in enumerate(new.units):
        place = f"body.units[{index}]"
        if u.key in seen:
            errors.append(FieldError(f"{place}.key", f"{u.key} is the key of an earlier unit; keys are unique"))
        if u.parent is not None and u.parent not in seen:
            errors.append(FieldError(f"{place}.parent", f"{u.parent} must be the key of an earlier unit"))
        seen.add(u.key)
        if u.max_score is not None and u.kind not in {"quiz", "assignment"}:
            errors.append(FieldError(f"{place}.maxScore", "only a quiz or an assignment has one"))
        errors += streams.mistakes(u, place)
        own: set[str] = set()
        for number, f in enumerate(u.files):
            if f.key in own:
                errors.append(FieldError(f"{place}.files[{number}].key", f"{f.key} is used twice in this unit"))
            own.add(f.key)
            if f.media_id not in ready:
                where = f"{place}.files[{number}].mediaId"
                errors.append(FieldError(where, "must be a file of this programme whose upload is complete"))
        for kind, target in _REFERENCE.findall(u.body):
            target = target.rstrip(".")
            if target not in (keys if kind == "unit" else own):
                errors.append(FieldError(f"{place}.body", f"lms-{kind}:{target} leads nowhere"))
    errors += mistakes(new)
    if errors:
        raise InvalidInput("The content does not hold together.", errors=errors[:100])


async def _need_files(connection: AsyncConnection, programme_id: UUID, wanted: set[UUID]) -> set[UUID]:
    """Return which of these files can be used, and keep them from being swept away until the commit and for a while.

    Locked in the order of their ids, so that two drafts never wait for each other. Two statements for 500 files.
    """
    usable = (media.c.programme_id == programme_id) & media.c.state.in_(["ready", "checking"]) & ~media.c.private
    found: set[UUID] = set()
    for some in _chunks(sorted(wanted), 500):
        query = select(media.c.id).where(media.c.id.in_(some), usable).order_by(media.c.id).with_for_update()
        these = list((await connection.execute(query)).scalars())
        await connection.execute(update(media).where(media.c.id.in_(these)).values(used_at=now()))
        found.update(these)
    return found


def _chunks(items: list[UUID], size: int) -> list[list[UUID]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


async def publish(connection: AsyncConnection, module_id: UUID, expected: int, actor: UUID) -> t.Version:
    """Freeze the draft as the next version.

    Raises Conflict when there is none, it has no units or a file of it is not ready; InvalidInput.
    """
    await _touch(connection, module_id, expected)
    latest = await _latest(connection, module_id)
    if latest is None or latest.published_at is not None:
        raise Conflict("There is no draft to publish.")
    count = await connection.scalar(select(func.count()).select_from(unit).where(unit.c.version_id == latest.id))
    if not count:
        raise Conflict("The draft has no units; a version without units cannot be studied.")
    wanted = await connection.scalar(select(version.c.prerequisites).where(version.c.id == latest.id)) or []
    owner = select(module.c.programme_id).where(module.c.id == module_id).scalar_subquery()
    known = (await connection.execute(select(module.c.key).where(module.c.programme_id == owner))).scalars().all()
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        where = FieldError("prerequisites", f"must be keys of modules of this programme, which has: {', '.join(known)}")
        raise InvalidInput(f"Unknown prerequisites: {', '.join(unknown)}.", errors=[where])
    await _check_ready(connection, latest.id)
    row = (
        await connection.execute(
            update(version)
            .where(version.c.id == latest.id, version.c.published_at.is_(None))
            .values(published_at=now(), published_by=actor)
            .returning(
                version.c.module_id, version.c.number, version.c.title, version.c.ects, version.c.published_at,
                version.c.units_required,
            )
        )
    ).one()  # fmt: skip
    before = version.c.module_id == module_id, version.c.number < row.number, version.c.published_at.is_not(None)
    previous = await connection.scalar(select(version.c.id).where(*before).order_by(version.c.number.desc()).limit(1))
    notes = await changed_rules(connection, previous, latest.id) if previous else []
    return t.Version(**row._mapping, units=count, notes=notes)


async def _check_ready(connection: AsyncConnection, version_id: UUID) -> None:
    """Raise Conflict that names the files of a version which nobody could read yet. One statement."""
    query = (
        select(unit_file.c.unit_key, unit_file.c.name, media.c.state)
        .join(media, media.c.id == unit_file.c.media_id)
        .where(unit_file.c.version_id == version_id, media.c.state != "ready")
        .order_by(unit_file.c.unit_key, unit_file.c.position)
    )
    rows = (await connection.execute(query)).all()
    if rows:
        files = ", ".join(f"{row.name} of the unit {row.unit_key} ({row.state})" for row in rows[:10])
        more = f" and {len(rows) - 10} more" if len(rows) > 10 else ""
        raise Conflict(
            f"Not all files are ready: {files}{more}. What is being checked is ready in a moment; what is quarantined "
            "or incomplete must be sent again."
        )
