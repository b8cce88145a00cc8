"""How tables go out: one statement, written to a file as its rows come, and sent from there."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import IO, Any, cast

import msgspec
from litestar.background_tasks import BackgroundTask
from litestar.response import Stream
from sqlalchemy import Select

from lms_core.db import Database
from lms_core.http import one_of
from lms_core.sheets import CSV, Format, write

PIECE = 64 * 1024
"""Bytes that are read from the file at a time."""


async def exported(
    database: Database,
    query: Select[Any],
    kind: type[msgspec.Struct],
    form: str,
    name: str,
    *,
    shape: Callable[[Any], Any] | None = None,
) -> Stream:
    """Answer with all rows of a query as a table, the file `name`; `form` is csv or json.

    Rows have the fields of `kind` as columns, or `shape` makes them into it. All of it is one state of the data. It
    lies in a temporary file before the answer begins: what goes wrong is still a problem, and who downloads slowly
    holds no connection. Memory holds a batch. One statement. Raises MalformedInput for another format.
    """
    chosen: Format = one_of("format", form, Format)
    file = cast("IO[bytes]", await asyncio.to_thread(tempfile.TemporaryFile))
    try:
        async with database.batches(query) as batches:
            shaped = ([shape(row) for row in rows] if shape else rows async for rows in batches)
            async for piece in write(kind, shaped, chosen):
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(file.seek, 0)
    except BaseException:
        file.close()
        raise
    return Stream(
        _pieces(file),
        background=BackgroundTask(file.close),  # also after a client that broke off
        media_type=f"{CSV}; header=present" if chosen == "csv" else "application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.{chosen}"', "Cache-Control": "no-store"},
    )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece
