"""What routes share: editing with If-Match, creating once with Idempotency-Key, pages with Link headers."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Annotated, Any, TypeVar, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, Uuid, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lms_core.db import AsyncConnection, Database, Instant, metadata
from lms_core.errors import (
    FieldError,
    InvalidInput,
    MalformedInput,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    UnsupportedMediaType,
    field_error,
)
from lms_core.permissions import Principal
from lms_core.sheets import CSV, Format, Mode, NoTable, read_csv
from lms_core.types import END, Key, Limit, now

T = TypeVar("T")


class LmsRequest(Request[Principal, str | None, State]):
    """A request whose JSON body is read strictly, in one go, as what its route takes."""

    async def json(self) -> Any:
        """Return the body as the type that the route declares for it.

        A CSV body is that of a route with `csv=...`, the kind of its lines. Raises MalformedInput that names the field.
        (The framework would turn "5" into 5 and 1 into true.)
        """
        if self.content_type[0] == CSV:
            try:
                lines = await asyncio.to_thread(read_csv, await self.body(), self.route_handler.opt["csv"])
            except NoTable as error:
                raise MalformedInput(*(FieldError("body", reason) for reason in error.reasons)) from None
            return _body_field(self).annotation(lines)
        try:
            return _decoder(_body_field(self).annotation).decode(await self.body())
        except msgspec.ValidationError as error:
            raise MalformedInput(field_error(error, "body")) from None
        except RecursionError:
            raise MalformedInput(FieldError("body", "is nested too deeply")) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedInput(FieldError("body", f"is not JSON in UTF-8: {error}")) from None


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _body_field(request: Request[Any, Any, Any]) -> Any:
    return request.route_handler.parsed_data_field


async def check_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is missing or of another media type than the route reads, before anything looks into it."""
    field = _body_field(request)
    if field is None:
        return
    wanted = [field.kwarg_definition.media_type.value, *([CSV] if "csv" in request.route_handler.opt else [])]
    if request.content_type[0] not in wanted:
        raise UnsupportedMediaType(f"Send the body with the header `Content-Type: {' or '.join(wanted)}`.")
    if not await request.body():
        raise MalformedInput(FieldError("body", "is required"))


def bounds(kind: Any) -> dict[str, Any]:
    """Return the bounds of a shared type for a parameter: the framework keeps only what the parameter itself says."""
    meta = get_args(kind)[1]
    names = ("ge", "le", "min_length", "max_length", "pattern")
    return {name: value for name in names if (value := getattr(meta, name)) is not None}


KeyInPath = Annotated[str, PathParameter(**bounds(Key))]
KeyInQuery = Annotated[str | None, QueryParameter(**bounds(Key))]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=100, description="The ETag of the state you are changing; required."),
]
CursorParam = Annotated[UUID | None, QueryParameter(name="cursor", description="Where the next page begins.")]
LimitParam = Annotated[int, QueryParameter(name="limit", description="Rows on a page.", **bounds(Limit))]

idempotency = Table(
    "idempotency_key",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_idempotency_key_at", "at"),  # old keys are removed
)


Write = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""Opens a transaction."""


class Once:
    """Runs a creation in one transaction, and at most once per Idempotency-Key of a person."""

    def __init__(self, write: Write, person_id: UUID, key: str | None, fingerprint: str) -> None:
        self.write = write
        self.person_id = person_id
        self.key = key
        self.fingerprint = fingerprint

    async def __call__(self, kind: type[T], make: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Return what `make` made, now or at the first time this key was used.

        Raises InvalidInput when the key was used for something else. The key and what it made are written in one
        transaction, so a crash loses both or none.
        """
        async with self.write() as connection:
            if self.key is None:
                return await make(connection)
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            first = await connection.execute(
                dialect.insert(idempotency)
                .values(person_id=self.person_id, key=self.key, fingerprint=self.fingerprint, answer="", at=now())
                .on_conflict_do_nothing()
                .returning(idempotency.c.key)
            )
            mine = (idempotency.c.person_id == self.person_id) & (idempotency.c.key == self.key)
            if first.first() is None:
                row = (
                    await connection.execute(select(idempotency.c.fingerprint, idempotency.c.answer).where(mine))
                ).one()
                if row.fingerprint != self.fingerprint:
                    where = FieldError("header.Idempotency-Key", "was used for a different request; take a new one")
                    raise InvalidInput("This Idempotency-Key belongs to another request.", errors=[where])
                return msgspec.json.decode(row.answer, type=kind)
            made = await make(connection)
            answer = msgspec.json.encode(made).decode()
            await connection.execute(update(idempotency).where(mine).values(answer=answer))
            return made


IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=rf"^[\x21-\x7e]+{END}",
        description="A value of your own making; repeating the request with it creates nothing twice.",
    ),
]


async def provide_once(
    request: LmsRequest, database: NamedDependency[Database], idempotency_key: IdempotencyKey = None
) -> Once:
    """Give a route the means to create once."""
    return await once_for(request, database.write, idempotency_key)


async def once_for(request: LmsRequest, write: Write, key: str | None) -> Once:
    """Return what creates once in transactions that `write` opens."""
    told = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Once(write, request.user.person_id, key, hashlib.sha256(told).hexdigest())


ModeParam = Annotated[
    str,
    QueryParameter(
        name="mode",
        description="Carry out all lines or, if one is wrong, none (all); the good ones (skip-bad); or only tell what "
        "would change (dry-run).",
        enum=get_args(Mode),
    ),
]
FormatParam = Annotated[
    str, QueryParameter(name="format", description="How the lines are written.", enum=get_args(Format))
]


def one_of(name: str, value: str | None, kind: Any, place: str = "query") -> Any:
    """Return a query (or path) parameter as one of the words of a Literal, or None. Raises MalformedInput.

    For a name that the framework keeps for itself, such as `state`: its own refusal would give the name in Python.
    """
    if value is not None and value not in get_args(kind):
        raise MalformedInput(FieldError(f"{place}.{name}", f"must be one of {', '.join(get_args(kind))}"))
    return value


def etag(revision: int) -> str:
    """Write a revision as a strong entity tag."""
    return f'"{revision}"'


def expected_revision(if_match: str | None) -> int:
    """Read the revision that a client means to change from its If-Match header.

    Raises PreconditionRequired when the header is missing, PreconditionFailed when it names no state of ours.
    """
    if if_match is None:
        raise PreconditionRequired("Send the ETag of the state you read as If-Match, so that nothing is overwritten.")
    found = re.fullmatch(r'"([0-9]{1,9})"', if_match)
    if found is None:
        raise PreconditionFailed(f"If-Match {if_match[:100]} is no ETag of this resource; read it again.")
    return int(found[1])


async def changed_or_raise(connection: AsyncConnection, table: Table, identity: Any, expected: int) -> None:
    """After an update that found no row: say that somebody else changed it. Raises PreconditionFailed or NotFound."""
    found = (await connection.execute(select(table.c.revision).where(identity))).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such thing, or no longer.")
    raise PreconditionFailed(f"You are changing state {expected}, but it is in state {found} now; read it again.")


def tagged(body: T, revision: int, status_code: int = 200) -> Response[T]:
    """Answer with a body and the ETag of its revision."""
    return Response(body, status_code=status_code, headers={"ETag": etag(revision)})


UNCHANGED = {
    304: ResponseSpec(None, generate_examples=False, description="As the ETag in If-None-Match has it."),
}
"""What a route that answers with `unless_known` says beside its 200."""


def unless_known(request: LmsRequest, answer: Response[T]) -> Response[T]:
    """Answer with the ETag of a body, or with 304 and nothing to who has it already.

    The ETag is a hash of the bytes and of the address of the next page: nothing that the answer depends on has to be
    remembered for it, and what it saves is the transfer. Every use of a kept answer is asked about first.
    """
    content: Any = answer.content
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    digest = hashlib.sha256(body + answer.headers.get("Link", "").encode()).hexdigest()[:32]
    headers = {**answer.headers, "ETag": f'"{digest}"', "Cache-Control": "private, no-cache"}
    known = request.headers.get("If-None-Match", "")
    if known.strip() == "*" or digest in re.findall(r'"([^"]*)"', known):
        return Response(cast("T", None), status_code=304, headers=headers)
    return Response(cast("T", body), media_type=answer.media_type or MediaType.JSON, headers=headers)


def paged(
    request: LmsRequest, make: Callable[[list[Any]], T], rows: Sequence[Any], limit: int, key: str = "id"
) -> Response[T]:
    """Answer with one page; `rows` holds one row more than the limit if there is a next page.

    The address of the next page stands in the Link header (RFC 8288); its cursor is the `key` of the last row shown.
    """
    shown = list(rows[:limit])
    headers = {}
    if len(rows) > limit:
        following = request.url.with_replacements(query="").path
        others = {k: v for k, v in request.query_params.items() if k not in {"cursor", "limit"}}
        query = urlencode({**others, "cursor": getattr(shown[-1], key), "limit": limit})
        headers["Link"] = f'<{following}?{query}>; rel="next"'
    return Response(make(shown), headers=headers)
