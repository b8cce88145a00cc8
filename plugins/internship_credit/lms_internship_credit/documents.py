"""Documents of a case: brought straight to the content store, seen by those whom they concern, and taken back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import ColumnElement, insert, select

from lms_core.api import (
    Announced,
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    FileAddress,
    Forbidden,
    InvalidInput,
    Media,
    NewMedia,
    NotFound,
    SentParts,
    View,
    begin_file,
    complete_file,
    file_address,
    keep_file,
    now,
    read_files,
)
from lms_internship_credit import cases
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, Entry
from lms_internship_credit.cases import Who, all_of, find, keep
from lms_internship_credit.lifecycle import FINAL
from lms_internship_credit.papers import MOST_BYTES, SEES, TYPES, Kind, obstacle, until
from lms_internship_credit.retention import forget
from lms_internship_credit.wire import NewDocument


class Document(View, frozen=True, kw_only=True):
    """A document: what it is, who brought it when, and its file.

    `state` is that of the file: it can be read once it is ready, and has to be sent again when it is quarantined. It is
    deleted after the day `keepUntil`, which is known once the case has ended. What a step `relied` on stays until then.
    """

    id: UUID
    kind: Kind
    role: str
    by: str
    at: datetime
    name: str
    size: int
    content_type: str
    sha256: str
    state: str
    relied: bool
    keep_until: date | None


class Documents(View, frozen=True):
    """The documents of a case that one may see, in the order in which they were brought."""

    items: list[Document]


async def announce(context: Context, case_id: UUID, who: Who, file_id: UUID, new: NewMedia) -> Announced:
    """Announce a file for a case under an id that the client makes; again goes on with it.

    What a guest brings goes to the account of the student. Raises NotFound, InvalidInput (not of the types, too large)
    and Conflict (it takes no documents, or as any file).
    """
    if new.content_type.lower() not in TYPES:
        wrong = FieldError("body.contentType", f"must be one of {', '.join(TYPES)}")
        raise InvalidInput("A document of this type cannot be brought.", errors=[wrong])
    if new.size > MOST_BYTES:
        wrong = FieldError("body.size", f"must be {MOST_BYTES} at most")
        raise InvalidInput("This document is too large.", errors=[wrong])
    async with context.read() as connection:
        case = await find(context, connection, case_id, who)
    if case.state in FINAL:
        raise Conflict(f"What is {case.state} takes no documents any more.")
    return await begin_file(context, str(case.id), file_id, new, by=who.person_id or case.person_id)


async def complete(context: Context, case_id: UUID, who: Who, file_id: UUID, sent: SentParts) -> Media:
    """Say that a file for a case was sent. Raises NotFound, InvalidInput and Conflict (not all has arrived)."""
    async with context.read() as connection:
        await find(context, connection, case_id, who)
    return await complete_file(context, str(case_id), file_id, sent)


async def bring(
    context: Context, connection: AsyncConnection, case_id: UUID, who: Who, file_id: UUID, given: NewDocument
) -> Case:
    """Make a file that was sent a document of the case; again changes nothing.

    Raises NotFound, Conflict (not now, not by this role, not sent) and Forbidden. Nine statements.
    """
    case, _ = await all_of(context, connection, case_id, who)
    d = t.document.c
    before = (await connection.execute(select(d.kind, d.role).where(d.id == file_id, d.case_id == case_id))).first()
    if before is not None:
        if (before.kind, before.role) != (given.kind, who.role):
            raise Conflict(f"This file was brought as {before.kind} already.")
        return case
    if wrong := obstacle(who.role, given.kind, case.state, began=case.began_on is not None):
        raise Conflict(wrong)
    file = await keep_file(context, connection, str(case_id), file_id)
    values = {
        "id": file_id, "case_id": case_id, "programme_id": context.programme_id, "kind": given.kind, "role": who.role,
        "by_id": who.person_id, "by_name": who.name, "at": now(), "sha256": file.sha256, "relied": False,
    }  # fmt: skip
    await connection.execute(insert(t.document), values)
    made = replace(case, revision=case.revision + 1)
    if given.kind == "report":
        made = replace(made, report_files=case.report_files | {file_id})
    entered = {"kind": given.kind, "sha256": file.sha256, "size": file.size}
    await keep(context, connection, case, made, who, "bring", "", entered)
    return made


async def take(
    context: Context, connection: AsyncConnection, case_id: UUID, entry: Entry, who: Who, expected: int | None = None
) -> None:
    """Take a step of a case, and keep the certificate that comes with it, if one does. Raises as both do."""
    await cases.take(context, connection, case_id, entry, who, expected)
    if entry.file is not None:
        await bring(context, connection, case_id, who, entry.file, NewDocument("certificate"))


async def list_all(context: Context, connection: AsyncConnection, case_id: UUID, who: Who) -> Documents:
    """Return the documents of a case that somebody may see. Raises NotFound. Three statements."""
    case = await find(context, connection, case_id, who)
    query = select(t.document, t.case.c.moved_at).join(t.case, t.case.c.id == t.document.c.case_id)
    seen = query.where(t.document.c.case_id == case_id, _sees(who))
    rows: list[Any] = list((await connection.execute(seen.order_by(t.document.c.at, t.document.c.id))).all())
    files = {one.id: one for one in await read_files(context, connection, str(case_id))} if rows else {}
    # one that was let go between the two statements is not there any more
    return Documents([_shown(context, case, row, files[row.id]) for row in rows if row.id in files])


def _shown(context: Context, case: Case, row: Any, file: Any) -> Document:
    keep_until = None
    if case.state in FINAL:
        ended = row.moved_at.astimezone(ZoneInfo(context.settings.zone)).date()
        keep_until = until(ended, context.settings.retention.months(row.kind))
    return Document(
        id=row.id, kind=row.kind, role=row.role, by=row.by_name, at=row.at, name=file.name, size=file.size,
        content_type=file.content_type, sha256=row.sha256, state=file.state, relied=row.relied, keep_until=keep_until,
    )  # fmt: skip


def _sees(who: Who) -> ColumnElement[bool]:
    """Tell of a document whether somebody sees it: reports others than the student see once they are handed in."""
    d = t.document.c
    known = d.kind.in_(SEES.get(who.role, ()))
    return known if who.role == "student" else known & ((d.kind != "report") | d.relied)


async def address(context: Context, case_id: UUID, who: Who, file_id: UUID) -> FileAddress:
    """Return where a document is read for ten minutes. Raises NotFound, and Conflict unless its file is ready."""
    async with context.read() as connection:
        await find(context, connection, case_id, who)
        await _one(connection, case_id, who, file_id)
    return await file_address(context, str(case_id), file_id)


async def take_back(context: Context, connection: AsyncConnection, case_id: UUID, who: Who, file_id: UUID) -> None:
    """Let a document go that one has brought oneself and no step rests upon.

    Raises NotFound, Forbidden (others brought it) and Conflict.
    """
    case, _ = await all_of(context, connection, case_id, who)
    row = await _one(connection, case_id, who, file_id)
    if (row.role, row.by_id) != (who.role, who.person_id):
        raise Forbidden("Only who brought a document can take it back.")
    if row.relied:
        raise Conflict("A step of the case rests upon this document; it is deleted when its time is over.")
    await forget(context, connection, case, who, row.id)


async def _one(connection: AsyncConnection, case_id: UUID, who: Who, file_id: UUID) -> Any:
    d = t.document.c
    query = select(t.document).where(d.id == file_id, d.case_id == case_id, _sees(who))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such document.")
    return row
