"""What changed when a run moved to another version of its module, as participants are shown it."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select

from lms_core.db import AsyncConnection
from lms_core.modules.compare import compare
from lms_core.modules.content import read_content
from lms_core.modules.tables import run, version
from lms_core.progress import correction_types as t
from lms_core.progress.tables import former_unit, run_correction
from lms_core.types import new_id, now

MOST = 50


async def write_correction(
    connection: AsyncConnection, run_id: UUID, old: UUID, new: UUID, notes: list[str], actor: UUID
) -> None:
    """Put down what differs between two versions, for the participants of a run; nothing if it is the same version.

    Units that are gone are kept as former ones of the run.
    """
    if old == new:
        return
    before, after = await read_content(connection, old), await read_content(connection, new)
    change = compare(before, after, 0)
    titles = {unit.key: unit.title for unit in [*before.units, *after.units]}

    def named(keys: list[str]) -> list[t.UnitNamed]:
        return [t.UnitNamed(key=key, title=titles[key]) for key in keys]

    numbers = select(version.c.id, version.c.number).where(version.c.id.in_([old, new]))
    number = {row.id: row.number for row in await connection.execute(numbers)}
    made = t.Correction(
        id=new_id(),
        at=now(),
        before=number[old],
        after=number[new],
        added=named(change.added),
        removed=named(change.removed),
        modified=named(change.modified),
        moved=named(change.moved),
        details=change.details,
        notes=notes,
    )
    row = {"id": made.id, "run_id": run_id, "told": msgspec.to_builtins(made), "changed_by": actor, "at": made.at}
    await connection.execute(insert(run_correction), row)
    again = (former_unit.c.run_id == run_id) & former_unit.c.unit_key.in_(change.added)
    await connection.execute(delete(former_unit).where(again))
    if change.removed:
        gone = [{"run_id": run_id, "unit_key": key, "version_id": old} for key in change.removed]
        await connection.execute(insert(former_unit), gone)


async def read_corrections(connection: AsyncConnection, run_id: UUID) -> t.Corrections:
    """Return the latest changes of a run's version, the last one first. One statement."""
    query = (
        select(run_correction.c.told)
        .select_from(run)
        .join(run_correction, run_correction.c.run_id == run.c.id)
        .where(run.c.id == run_id)
        .order_by(run_correction.c.id.desc())
        .limit(MOST)
    )
    told = (await connection.execute(query)).scalars().all()
    return t.Corrections(items=[msgspec.convert(one, t.Correction) for one in told])
