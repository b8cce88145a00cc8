"""What operators run: a new key, and everything sealed anew with it."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import func, select, update

from lms_core.api import Context
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
async def rotate_keys(context: Context) -> None:
    """Wrap every sealed document with the first key of LMS_FAMILY_KEYS; the others can be taken away afterwards.

    Interrupted, it goes on where it was when it is run again. Servers may run meanwhile.
    """
    from rich.progress import Progress

    name = sealing.ready()
    async with context.read() as connection:
        left = [await connection.scalar(select(func.count()).where(*_old(context, table, name))) for table in TABLES]
    with Progress(transient=True) as progress:
        task = progress.add_task("Wrapping keys", total=sum(one or 0 for one in left))
        done = 0
        for table in TABLES:
            while number := await _some(context, table, name):
                done += number
                progress.update(task, completed=done)
    click.echo(f"{done} sealed documents are under the first key now.")


async def _some(context: Context, table: Any, name: str) -> int:
    """Wrap a batch in a transaction of its own; return how many were left for it."""
    query = select(table).where(*_old(context, table, name)).order_by(table.c.id).limit(BATCH).with_for_update()
    async with context.write(more=True) as connection:
        rows = (await connection.execute(query)).all()
        for row in rows:
            old = sealing.Sealed(row.key_id, row.wrapped, row.sealed)
            new = sealing.rewrap(old, context.programme_id, row.person_id, row.id)
            await connection.execute(
                update(table).where(table.c.id == row.id).values(key_id=new.key_id, wrapped=new.wrapped)
            )
    return len(rows)


def _old(context: Context, table: Any, name: str) -> tuple[Any, ...]:
    return table.c.programme_id == context.programme_id, table.c.key_id != name
