"""The learning agreement as PDF: each role at an address of its own, hosts and mentors by their links."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import QueryParameter

from lms_core.api import FromPath, RouteContext, get
from lms_internship_credit import agreements, beside
from lms_internship_credit.agreement_words import language_of
from lms_internship_credit.cases import Who
from lms_internship_credit.guest_routes import HOST, MENTOR
from lms_internship_credit.lifecycle import Role
from lms_internship_credit.routes import DECIDE, OFFICE, OWN, SUPERVISE
from lms_internship_credit.telling import Language

PDF = "application/pdf"
READER = "guest:internship_credit.reader"

AnyRequest = Request[Any, Any, Any]
VersionParam = Annotated[
    int | None,
    QueryParameter(name="version", description="If left out, what is to be signed or what all have signed last."),
]
LanguageParam = Annotated[
    Language | None, QueryParameter(name="language", description="If left out, what Accept-Language asks for.")
]

# The address of a guest holds a secret: it must reach neither caches nor other sites.
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


async def _printed(
    context: RouteContext,
    request: AnyRequest,
    case_id: UUID,
    role: Role,
    version: int | None,
    language: Language | None,
) -> Response[bytes]:
    async with context.read() as connection:
        found = await agreements.read(context, connection, case_id, Who(role, context.person_id, ""), version)
    tongue = language or language_of(request.headers.get("accept-language", ""))

    def drawn() -> bytes:
        from lms_internship_credit import agreement_print  # what it needs takes long to import, and is seldom needed

        return agreement_print.pdf(found, tongue)

    body = await asyncio.to_thread(drawn)
    name = f'inline; filename="agreement-{found.written.version}.pdf"'
    return Response(body, media_type=PDF, headers={**_HEADERS, "Content-Disposition": name, "Content-Language": tongue})


@get("/me/cases/{case_id:uuid}/agreement.pdf", permission=OWN, media_type=PDF, finishes=True)
async def print_own(
    context: RouteContext,
    request: AnyRequest,
    case_id: FromPath[UUID],
    version: VersionParam = None,
    language: LanguageParam = None,
) -> Response[bytes]:
    """Print the agreement of a case of one's own, with what is signed attached to it."""
    return await _printed(context, request, case_id, "student", version, language)


@get("/supervised/{case_id:uuid}/agreement.pdf", permission=SUPERVISE, media_type=PDF, finishes=True)
async def print_supervised(
    context: RouteContext,
    request: AnyRequest,
    case_id: FromPath[UUID],
    version: VersionParam = None,
    language: LanguageParam = None,
) -> Response[bytes]:
    """Print the agreement of a case that one supervises."""
    return await _printed(context, request, case_id, "supervisor", version, language)


@get("/cases/{case_id:uuid}/agreement.pdf", permission=OFFICE, media_type=PDF, finishes=True)
async def print_case(
    context: RouteContext,
    request: AnyRequest,
    case_id: FromPath[UUID],
    version: VersionParam = None,
    language: LanguageParam = None,
) -> Response[bytes]:
    """Print the agreement of a case to the office."""
    return await _printed(context, request, case_id, "office", version, language)


@get("/decisions/{case_id:uuid}/agreement.pdf", permission=DECIDE, media_type=PDF, finishes=True)
async def print_to_decide(
    context: RouteContext,
    request: AnyRequest,
    case_id: FromPath[UUID],
    version: VersionParam = None,
    language: LanguageParam = None,
) -> Response[bytes]:
    """Print the agreement of a case to the examination board."""
    return await _printed(context, request, case_id, "board", version, language)


@get("/host/agreement.pdf", permission=HOST, media_type=PDF, finishes=True)
async def print_as_host(
    context: RouteContext, request: AnyRequest, version: VersionParam = None, language: LanguageParam = None
) -> Response[bytes]:
    """Print the agreement to the host, who comes by a link; that does not use the link up."""
    return await _printed(context, request, beside.about_guest(context), "host", version, language)


@get("/mentor/agreement.pdf", permission=MENTOR, media_type=PDF, finishes=True)
async def print_as_mentor(
    context: RouteContext, request: AnyRequest, version: VersionParam = None, language: LanguageParam = None
) -> Response[bytes]:
    """Print the agreement to the mentor, who comes by a link; that does not use the link up."""
    return await _printed(context, request, beside.about_guest(context), "mentor", version, language)


@get("/signed/{version:int}/agreement.pdf", permission=READER, media_type=PDF, finishes=True)
async def print_as_reader(
    context: RouteContext, request: AnyRequest, version: FromPath[int], language: LanguageParam = None
) -> Response[bytes]:
    """Print the agreement to whom it was sent when all had signed; nothing else can be done by that link."""
    return await _printed(context, request, beside.about_guest(context), "host", version, language)


agreement_routes = (
    print_own, print_supervised, print_case, print_to_decide, print_as_host, print_as_mentor, print_as_reader,
)  # fmt: skip
