"""What operators run: a new key, and everything sealed anew with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import click
from sqlalchemy import func, select, update

from lms_core.api import Database, Unavailable
from lms_family_sessions import sealing
from lms_family_sessions.tables_care import entry, reading
from lms_family_sessions.tables_leaves import leave

BATCH = 200
TABLES: tuple[Any, ...] = (entry, reading, leave)


@click.command("new-key")
def new_key() -> None:
    """Print a new key; put it in front of those in LMS_FAMILY_KEYS, with a comma between."""
    click.echo(sealing.new_key())


@click.command("rotate-keys")
async def rotate_keys(database: Database) -> int:
    """Wrap every sealed document of the installation with the first key of LMS_FAMILY_KEYS, and say what was done.

    Those of programmes in which the plugin is turned off are among them. Interrupted, it goes on where it was when it
    is run again. Servers may run meanwhile. Ends with 1 as long as another key is needed.
    """
    from rich.progress import Progress

    name = sealing.ready()
    programmes: set[UUID] = set()
    done = 0
    with Progress(transient=True) as progress:
        task = progress.add_task("Wrapping keys", total=sum(many for _, many in await _others(database, name)))
        for table in TABLES:
            last: UUID | None = None
            while rows := await _some(database, table, last):
                last = rows[-1][0].id
                wrapped = [row.programme_id for row, found in rows if found]
                programmes.update(wrapped)
                done += len(wrapped)
                progress.advance(task, len(rows))
    click.echo(f"Wrapped with the first key ({name}): {done} documents of {len(programmes)} programmes.")
    left = await _others(database, name)
    for other, many in left:
        click.echo(f"Still under the key {other}, which is missing or did not open them: {many}.", err=True)
    if not left:
        click.echo("Nothing is under another key: all but the first can be taken away.")
    return 1 if left else 0


async def _some(database: Database, table: Any, after: UUID | None) -> list[tuple[Any, bool]]:
    """Wrap a batch in a transaction of its own; return the rows, each with whether it could be opened."""
    old = table.c.key_id.in_(sealing.others())
    query = select(table).where(old).order_by(table.c.id).limit(BATCH).with_for_update()
    async with database.write() as connection:
        rows = (await connection.execute(query.where(table.c.id > after) if after else query)).all()
        wrapped = dict(_wrapped(rows))
        for row_id, new in wrapped.items():
            values = {"key_id": new.key_id, "wrapped": new.wrapped}
            await connection.execute(update(table).where(table.c.id == row_id).values(**values))
    return [(row, row.id in wrapped) for row in rows]


def _wrapped(rows: Any) -> Iterator[tuple[UUID, sealing.Sealed]]:
    for row in rows:
        old = sealing.Sealed(row.key_id, row.wrapped, row.sealed)
        try:
            yield row.id, sealing.rewrap(old, row.programme_id, row.person_id, row.id)
        except Unavailable:
            continue  # somebody has changed it: the others shall be wrapped all the same


async def _others(database: Database, name: str) -> list[tuple[str, int]]:
    """Return the keys other than the first that documents are under, each with how many. A statement for each table."""
    found: dict[str, int] = {}
    async with database.read() as connection:
        for table in TABLES:
            query = select(table.c.key_id, func.count()).where(table.c.key_id != name).group_by(table.c.key_id)
            for key, many in await connection.execute(query):
                found[key] = found.get(key, 0) + many
    return sorted(found.items())
