"""Which units need a file, for those who look after the content store."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.modules.tables import module, unit, unit_file, version
from lms_core.types import View


class NeedingUnit(View, frozen=True, kw_only=True):
    """A unit with a file: its key, its title in the latest of the published `versions` (or the draft) with the file."""

    module: str
    module_title: str
    unit: str
    unit_title: str
    versions: list[int]
    draft: bool


async def needing(connection: AsyncConnection, media_id: UUID) -> list[NeedingUnit]:
    """Return the units that need a file, by the keys of module and unit. One statement."""
    query = (
        select(
            module.c.key, module.c.title, unit.c.key.label("unit"), unit.c.title.label("unit_title"), version.c.number,
            version.c.published_at,
        )
        .select_from(unit_file)
        .join(unit, (unit.c.version_id == unit_file.c.version_id) & (unit.c.key == unit_file.c.unit_key))
        .join(version, version.c.id == unit.c.version_id)
        .join(module, module.c.id == version.c.module_id)
        .where(unit_file.c.media_id == media_id)
        .distinct()
        .order_by(module.c.key, unit.c.key, version.c.number)
    )  # fmt: skip
    found: dict[tuple[str, str], NeedingUnit] = {}
    for row in await connection.execute(query):
        before = found.get((row.key, row.unit))
        published = [] if row.published_at is None else [row.number]
        found[row.key, row.unit] = NeedingUnit(
            module=row.key, module_title=row.title, unit=row.unit, unit_title=row.unit_title,
            versions=(before.versions if before else []) + published, draft=not published,
        )  # fmt: skip
    return list(found.values())
