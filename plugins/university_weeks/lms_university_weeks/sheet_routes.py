"""Weeks as spreadsheets: a workbook for all of a week, or one of its tables as CSV."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from lms_core.api import (
    Context,
    CreateOnce,
    FieldError,
    FromPath,
    FromQuery,
    IfMatch,
    NotFound,
    RouteContext,
    View,
    changed_or_raise,
    expected_revision,
    get,
    post,
    put,
    read_run,
    tagged,
)
from lms_university_weeks import weeks
from lms_university_weeks.files import CSV, MOST_BYTES, XLSX, from_csv, to_csv
from lms_university_weeks.sheets import (
    SHEETS,
    Content,
    Table,
    read_tables,
    refused,
    sheet_named,
    table_of,
    tables_of,
)
from lms_university_weeks.tables import week
from lms_university_weeks.week import WeekContent

AnyRequest = Request[Any, Any, Any]


class SheetChange(View, frozen=True, kw_only=True):
    """How many rows of a sheet are there, and would be new, other or gone."""

    sheet: str
    rows: int
    added: int
    changed: int
    removed: int


class Checked(View, frozen=True):
    """What a workbook would change, sheet by sheet."""

    sheets: list[SheetChange]


def _takes(media_type: str) -> type[Operation]:
    """Describe a route that takes a file, which the framework cannot tell from its signature."""

    @dataclass
    class TakesFile(Operation):
        def __post_init__(self) -> None:
            schema = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
            self.request_body = RequestBody(content={media_type: OpenAPIMediaType(schema=schema)}, required=True)

    return TakesFile


@get("/weeks/{week_id:uuid}/workbook", permission="university_weeks.plan", media_type=XLSX)
async def export_workbook(context: RouteContext, week_id: FromPath[UUID]) -> Response[bytes]:
    """Export a week as a workbook (xlsx); changed, it can be put back."""
    async with context.read() as connection:
        found = await weeks.read(context, connection, week_id)
    data = await asyncio.to_thread(lambda: _to_xlsx(found.content))
    return _file(data, XLSX, f"{found.content.title}.xlsx", found.revision)


@put("/weeks/{week_id:uuid}/workbook", permission="university_weeks.plan", operation_class=_takes(XLSX))
async def import_workbook(
    context: RouteContext, request: AnyRequest, week_id: FromPath[UUID], if_match: IfMatch = None
) -> Response[weeks.Week]:
    """Put what a workbook says in place of a week, or name all its mistakes by sheet, row and column."""
    expected = expected_revision(if_match)
    content = await _read(context, await _body(request, XLSX), _from_xlsx)
    return await _changed(context, week_id, content, expected)


@post("/workbook", permission="university_weeks.plan", operation_class=_takes(XLSX))
async def create_from_workbook(context: RouteContext, request: AnyRequest, once: CreateOnce) -> weeks.Week:
    """Enter a new week by a workbook, such as the one that `lms university-weeks template` writes."""
    content = await _read(context, await _body(request, XLSX), _from_xlsx)
    return await once(weeks.Week, lambda connection: weeks.create(context, connection, content))


@post("/workbook/check", permission="university_weeks.plan", status_code=200, operation_class=_takes(XLSX))
async def check_workbook(context: RouteContext, request: AnyRequest, week_id: FromQuery[UUID | None] = None) -> Checked:
    """Tell what a workbook would change in a week (or in none yet), or all its mistakes; nothing is changed."""
    before = None
    if week_id:
        async with context.read() as connection:
            before = (await weeks.read(context, connection, week_id)).content
    after = await _read(context, await _body(request, XLSX), _from_xlsx)
    return Checked(_changes(before, after))


@get("/weeks/{week_id:uuid}/tables/{sheet:str}", permission="university_weeks.plan", media_type=CSV)
async def export_table(context: RouteContext, week_id: FromPath[UUID], sheet: FromPath[str]) -> Response[bytes]:
    """Export one sheet of a week as CSV."""
    name = _sheet(sheet)
    async with context.read() as connection:
        found = await weeks.read(context, connection, week_id)
    data = await asyncio.to_thread(lambda: to_csv(tables_of(found.content)[name]))
    return _file(data, CSV, f"{found.content.title} {name}.csv", found.revision)


@put("/weeks/{week_id:uuid}/tables/{sheet:str}", permission="university_weeks.plan", operation_class=_takes(CSV))
async def import_table(
    context: RouteContext,
    request: AnyRequest,
    week_id: FromPath[UUID],
    sheet: FromPath[str],
    if_match: IfMatch = None,
) -> Response[weeks.Week]:
    """Put a CSV table in place of one sheet of a week, or name all that would be wrong then, on any sheet."""
    name, expected = _sheet(sheet), expected_revision(if_match)
    data = await _body(request, CSV)
    async with context.read() as connection:
        found = await weeks.read(context, connection, week_id)
        if found.revision != expected:  # the other sheets are taken from this state
            mine = (week.c.id == week_id) & (week.c.programme_id == context.programme_id)
            await changed_or_raise(connection, week, mine, expected)

    def tables(data: bytes) -> Mapping[str, Table]:
        return {one: table_of(rows) for one, rows in tables_of(found.content).items()} | {name: from_csv(data)}

    content = await _read(context, data, tables)
    return await _changed(context, week_id, content, expected)


sheet_routes = (
    export_workbook, import_workbook, create_from_workbook, check_workbook, export_table, import_table,
)  # fmt: skip


def _changes(before: WeekContent | None, after: WeekContent) -> list[SheetChange]:
    """Count what differs between two weeks, sheet by sheet; a thing with a key is known again by that."""
    old, new = tables_of(before), tables_of(after)
    told = []
    for sheet in SHEETS:
        keyed = new[sheet][0][0] in ("field", "key")
        was, now = (
            {str(row[0]) if keyed else str(row): row for row in rows[1:]}
            for rows in (old[sheet] if before else [], new[sheet])
        )
        told.append(
            SheetChange(
                sheet=sheet,
                rows=len(new[sheet]) - 1,
                added=len(now.keys() - was.keys()),
                changed=sum(was[key] != now[key] for key in was.keys() & now.keys()),
                removed=len(was.keys() - now.keys()),
            )
        )
    return told


async def _body(request: AnyRequest, wanted: str) -> bytes:
    if request.content_type[0] != wanted:
        raise HTTPException(status_code=415, detail=f"Send the body with the header `Content-Type: {wanted}`.")
    data = await request.body()
    if len(data) > MOST_BYTES:
        raise HTTPException(status_code=413, detail=f"At most {MOST_BYTES // 1_000_000} MB are read of a file.")
    return data


def _from_xlsx(data: bytes) -> dict[str, Table]:
    from lms_university_weeks.workbook import from_xlsx  # what it needs takes long to import, and is seldom needed

    return from_xlsx(data)


def _to_xlsx(content: WeekContent) -> bytes:
    from lms_university_weeks.workbook import to_xlsx

    return to_xlsx(tables_of(content))


async def _read(context: Context, data: bytes, tables: Callable[[bytes], Mapping[str, Table]]) -> WeekContent:
    """Read a week from a file, in a thread. Raises InvalidInput, for runs of other programmes as well."""
    content: Content = await asyncio.to_thread(lambda: read_tables(tables(data)))
    named = list(content.runs())
    strange = set()
    async with context.read() as connection:
        for run_id in sorted({run_id for run_id, _ in named}):
            try:
                known = (await read_run(connection, run_id)).programme_id == context.programme_id
            except NotFound:
                known = False
            if not known:
                strange.add(run_id)
    if strange:
        reason = "the programme has no such run"
        raise refused([FieldError(where, reason) for run_id, where in named if run_id in strange])
    return content.week


async def _changed(context: Context, week_id: UUID, content: WeekContent, expected: int) -> Response[weeks.Week]:
    async with context.write() as connection:
        made = await weeks.change(context, connection, week_id, content, expected)
    return tagged(made, made.revision)


def _sheet(name: str) -> str:
    found = sheet_named(name)
    if found is None:
        raise NotFound(f"There is no such table; they are {', '.join(SHEETS)}.")
    return found


def _file(data: bytes, media_type: str, name: str, revision: int) -> Response[bytes]:
    headers = {
        "ETag": f'"{revision}"',
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type=media_type, headers=headers)
