"""What the plugin answers about documents: each role at an address of its own, hosts by their links."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response

from lms_core.api import (
    Announced,
    FileAddress,
    FromPath,
    JSONBody,
    Media,
    NewMedia,
    RouteContext,
    SentParts,
    delete,
    get,
    post,
    put,
)
from lms_internship_credit import beside, documents
from lms_internship_credit.cases import Who
from lms_internship_credit.guest_routes import HOST
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.routes import DECIDE, OFFICE, OWN, SUPERVISE, who_asks
from lms_internship_credit.wire import NewDocument


def _seen(place: str, permission: str, role: Role) -> tuple[Any, ...]:
    """Return the routes of a role that reads documents."""

    @get(f"/{place}/{{case_id:uuid}}/documents", permission=permission, finishes=True)
    async def list_documents(context: RouteContext, case_id: FromPath[UUID]) -> documents.Documents:
        """List the documents of a case that one may see."""
        async with context.read() as connection:
            return await documents.list_all(context, connection, case_id, Who(role, context.person_id, ""))

    @get(f"/{place}/{{case_id:uuid}}/documents/{{file_id:uuid}}", permission=permission, finishes=True)
    async def read_document(
        context: RouteContext, case_id: FromPath[UUID], file_id: FromPath[UUID]
    ) -> Response[FileAddress]:
        """Say where a document is read for ten minutes, without a token."""
        found = await documents.address(context, case_id, Who(role, context.person_id, ""), file_id)
        return Response(found, headers={"Cache-Control": "no-store"})

    return (list_documents, read_document)


def _brought(place: str, permission: str, role: Role) -> tuple[Any, ...]:
    """Return the routes of a role that brings documents."""

    @put(f"/{place}/{{case_id:uuid}}/files/{{file_id:uuid}}", permission=permission, finishes=True)
    async def announce_file(
        context: RouteContext, case_id: FromPath[UUID], file_id: FromPath[UUID], data: JSONBody[NewMedia]
    ) -> Announced:
        """Announce a file for a case under an id that the client makes; again goes on with it.

        The answer has addresses of the content store for the parts that were named, each good for an hour.
        """
        return await documents.announce(context, case_id, Who(role, context.person_id, ""), file_id, data)

    @post(
        f"/{place}/{{case_id:uuid}}/files/{{file_id:uuid}}/complete",
        permission=permission,
        status_code=200,
        finishes=True,
    )
    async def complete_file(
        context: RouteContext, case_id: FromPath[UUID], file_id: FromPath[UUID], data: JSONBody[SentParts]
    ) -> Media:
        """Say that all parts of a file were sent, and which; again shows its state."""
        return await documents.complete(context, case_id, Who(role, context.person_id, ""), file_id, data)

    @put(f"/{place}/{{case_id:uuid}}/documents/{{file_id:uuid}}", permission=permission, finishes=True)
    async def bring_document(
        context: RouteContext, case_id: FromPath[UUID], file_id: FromPath[UUID], data: JSONBody[NewDocument]
    ) -> documents.Documents:
        """Make a file that was sent a document of the case, of a kind; again changes nothing."""
        async with context.write() as connection:
            who = await who_asks(context, connection, role)
            await documents.bring(context, connection, case_id, who, file_id, data)
            return await documents.list_all(context, connection, case_id, who)

    @delete(f"/{place}/{{case_id:uuid}}/documents/{{file_id:uuid}}", permission=permission, finishes=True)
    async def take_document_back(context: RouteContext, case_id: FromPath[UUID], file_id: FromPath[UUID]) -> None:
        """Let a document go that one has brought oneself, while no step rests upon it."""
        async with context.write() as connection:
            who = await who_asks(context, connection, role)
            await documents.take_back(context, connection, case_id, who, file_id)

    return (announce_file, complete_file, bring_document, take_document_back)


@put("/host/files/{file_id:uuid}", permission=HOST, finishes=True)
async def announce_as_host(context: RouteContext, file_id: FromPath[UUID], data: JSONBody[NewMedia]) -> Announced:
    """Announce a file as the host, under an id that the client makes; that does not use the link up."""
    return await documents.announce(context, beside.about_guest(context), Who("host", None, ""), file_id, data)


@post("/host/files/{file_id:uuid}/complete", permission=HOST, status_code=200, finishes=True)
async def complete_as_host(context: RouteContext, file_id: FromPath[UUID], data: JSONBody[SentParts]) -> Media:
    """Say as the host that all parts of a file were sent, and which; that does not use the link up."""
    return await documents.complete(context, beside.about_guest(context), Who("host", None, ""), file_id, data)


@put("/host/documents/{file_id:uuid}", permission=HOST, status_code=204, finishes=True)
async def bring_as_host(context: RouteContext, file_id: FromPath[UUID], data: JSONBody[NewDocument]) -> None:
    """Make a file that was sent a document of the case, as the host; that is the one step of the link."""
    async with context.write() as connection:
        who = await who_asks(context, connection, "host")
        await documents.bring(context, connection, beside.about_guest(context), who, file_id, data)


document_routes = (
    *_seen("me/cases", OWN, "student"),
    *_brought("me/cases", OWN, "student"),
    *_seen("supervised", SUPERVISE, "supervisor"),
    *_seen("cases", OFFICE, "office"),
    *_brought("cases", OFFICE, "office"),
    *_seen("decisions", DECIDE, "board"),
    announce_as_host,
    complete_as_host,
    bring_as_host,
)
