"""HTTP for persons, sign-in and roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, JSONBody, QueryParameter, URLEncodedBody

from lms_core.db import Database
from lms_core.http import (
    CursorParam,
    IfMatch,
    KeyInPath,
    LimitParam,
    LmsRequest,
    Once,
    bounds,
    expected_revision,
    paged,
    tagged,
)
from lms_core.people import actions, pages
from lms_core.people import types as t
from lms_core.people.attempts import Attempts
from lms_core.permissions import PUBLIC, SELF
from lms_core.settings import Settings
from lms_core.types import Email, Secret

Link = Annotated[str, QueryParameter(**bounds(Secret))]
EmailInQuery = Annotated[str | None, QueryParameter(**bounds(Email))]


@post("/sign-in", permission=PUBLIC, status_code=200)
async def sign_in(
    data: JSONBody[t.SignIn],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    attempts: NamedDependency[Attempts],
) -> t.SignedIn:
    """Sign in with e-mail address and password; the answer's token goes into `Authorization: Bearer TOKEN`."""
    attempts.check(data.email)
    async with database.read() as connection:
        found = await actions.password_hash_of(connection, data.email)
    person = await attempts.watch(data.email, actions.verify_sign_in(found, data.password))
    async with database.write() as connection:
        return await actions.issue_token(connection, person, timedelta(hours=settings.token_hours))


@post("/sign-out", permission=SELF, status_code=204)
async def sign_out(request: LmsRequest, database: NamedDependency[Database], state: State) -> None:
    """End this sign-in: its token stops working, on every worker within five seconds."""
    async with database.write() as connection:
        await actions.revoke_token(connection, request.user.token_hash)
    state.guard.forget(request.user.person_id)


@get("/me", permission=SELF)
async def read_me(request: LmsRequest, database: NamedDependency[Database]) -> t.PersonDetail:
    """Show who is signed in, with her granted roles."""
    async with database.read() as connection:
        return (await actions.read_person(connection, request.user.person_id))[0]


@put("/me/password", permission=SELF, status_code=204)
async def change_password(
    data: JSONBody[t.PasswordChange], request: LmsRequest, database: NamedDependency[Database], state: State
) -> None:
    """Change the own password; every sign-in of hers ends, this one included."""
    async with database.read() as connection:
        present = await actions.check_password(connection, request.user.person_id)
    await actions.verify_own(present, data.current)
    hashed = await actions.hash_password(data.new)
    async with database.write() as connection:
        await actions.set_password(connection, request.user.person_id, hashed)
    state.guard.forget(request.user.person_id)


@put("/me/language", permission=SELF, status_code=204)
async def choose_language(
    data: JSONBody[t.LanguageChoice], request: LmsRequest, database: NamedDependency[Database]
) -> None:
    """Choose the language of mail to me."""
    async with database.write() as connection:
        await actions.choose_language(connection, request.user.person_id, data.language)


@get("/set-password", permission=PUBLIC, media_type=MediaType.HTML)
async def show_password_form(link: Link) -> Response[str]:
    """Show the form behind a one-time link; looking at it uses nothing up."""
    return pages.password_form(link)


@post("/set-password", permission=PUBLIC, status_code=200, media_type=MediaType.HTML)
async def submit_password_form(
    data: URLEncodedBody[t.PasswordByLink],
    database: NamedDependency[Database],
) -> Response[str]:
    """Take the form behind a one-time link."""
    hashed = await actions.hash_password(data.password)
    async with database.write() as connection:
        await actions.redeem_link(connection, data.link, hashed)
    return pages.password_set()


@post("/password-links/redeem", permission=PUBLIC, status_code=204)
async def redeem_link(data: JSONBody[t.PasswordByLink], database: NamedDependency[Database]) -> None:
    """Set a password by the secret of a one-time link; every earlier sign-in of the person ends."""
    hashed = await actions.hash_password(data.password)
    async with database.write() as connection:
        await actions.redeem_link(connection, data.link, hashed)


@post("/persons", permission="persons.manage")
async def create_person(data: JSONBody[t.NewPerson], once: NamedDependency[Once]) -> t.Person:
    """Create a person; she has no password until she sets one through a link."""
    return await once(t.Person, lambda connection: actions.create_person(connection, data))


@get("/persons", permission="persons.read")
async def list_persons(
    request: LmsRequest,
    database: NamedDependency[Database],
    email: EmailInQuery = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Persons]:
    """List persons in the order in which they were created, or find one by e-mail address."""
    async with database.read() as connection:
        rows = await actions.list_persons(connection, email, cursor, limit)
    return paged(request, t.Persons, rows, limit)


@get("/persons/{person_id:uuid}", permission="persons.read")
async def read_person(person_id: FromPath[UUID], database: NamedDependency[Database]) -> Response[t.PersonDetail]:
    """Show a person and her granted roles."""
    async with database.read() as connection:
        return tagged(*await actions.read_person(connection, person_id))


@patch("/persons/{person_id:uuid}", permission="persons.manage")
async def change_person(
    person_id: FromPath[UUID],
    data: JSONBody[t.PersonChange],
    database: NamedDependency[Database],
    state: State,
    if_match: IfMatch = None,
) -> Response[t.PersonDetail]:
    """Rename a person, or close or reopen her account."""
    async with database.write() as connection:
        await actions.change_person(connection, person_id, data, expected_revision(if_match))
        answer = tagged(*await actions.read_person(connection, person_id))
    state.guard.forget(person_id)
    return answer


@post("/persons/{person_id:uuid}/password-links", permission="persons.manage")
async def create_link(
    person_id: FromPath[UUID], database: NamedDependency[Database], settings: NamedDependency[Settings]
) -> t.PasswordLink:
    """Make a one-time link with which the person sets her password; it replaces an earlier one."""
    async with database.write() as connection:  # no Idempotency-Key: the link is a secret that nothing may keep
        return await actions.make_link(connection, person_id, settings.public_url)


@post("/persons/{person_id:uuid}/grants", permission="roles.manage")
async def grant_role(
    person_id: FromPath[UUID],
    data: JSONBody[t.NewGrant],
    request: LmsRequest,
    once: NamedDependency[Once],
    state: State,
) -> t.RoleGrant:
    """Grant a role at the system, a programme or a run."""
    made = await once(
        t.RoleGrant, lambda connection: actions.grant_role(connection, person_id, data, request.user.person_id)
    )
    state.guard.forget(person_id)
    return made


@delete("/persons/{person_id:uuid}/grants/{grant_id:uuid}", permission="roles.manage")
async def withdraw_role(
    person_id: FromPath[UUID],
    grant_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    state: State,
) -> None:
    """Withdraw a granted role."""
    async with database.write() as connection:
        await actions.withdraw_role(connection, person_id, grant_id, request.user)
    state.guard.forget(person_id)


@get("/roles", permission=SELF)
async def list_roles(database: NamedDependency[Database]) -> t.Roles:
    """List the roles and what each allows."""
    async with database.read() as connection:
        return t.Roles(await actions.list_roles(connection))


@get("/roles/{name:str}", permission=SELF)
async def read_role(name: KeyInPath, database: NamedDependency[Database]) -> Response[t.Role]:
    """Show a role and what it allows."""
    async with database.read() as connection:
        return tagged(*await actions.read_role(connection, name))


@put("/roles/{name:str}", permission="roles.manage")
async def change_role(
    name: KeyInPath,
    data: JSONBody[t.RoleContent],
    database: NamedDependency[Database],
    state: State,
    if_match: IfMatch = None,
) -> Response[t.Role]:
    """Change what a role allows."""
    expected = expected_revision(if_match)
    async with database.write() as connection:
        changed = await actions.change_role(connection, name, data, expected)
    state.guard.forget_all()
    return tagged(changed, expected + 1)


router = Router(
    "/",
    tags=["People"],
    route_handlers=[
        sign_in, sign_out, read_me, change_password, choose_language, show_password_form, submit_password_form,
        redeem_link, create_person, list_persons, read_person, change_person, create_link, grant_role, withdraw_role,
        list_roles, read_role, change_role,
    ],
)  # fmt: skip
