"""The rules about persons, sign-in and roles."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update

from lms_core.db import AsyncConnection, metadata
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from lms_core.hooks.plugin import Plugin
from lms_core.http import changed_or_raise
from lms_core.people import types as t
from lms_core.people.tables import password_link, person, plugin_permission, role, role_grant, token
from lms_core.permissions import PERMISSIONS, ROLES, Principal
from lms_core.types import digest, new_id, now

LINK_LIFETIME = timedelta(days=7)

_hasher = PasswordHasher()
# Hashing takes ~50 ms and 64 MiB on purpose; more than two at once would starve the rest of the process.
_hashing = asyncio.Semaphore(2)


@cache
def _nobody() -> str:
    """Return a hash that no password matches."""
    return _hasher.hash(secrets.token_urlsafe())


_person = (person.c.id, person.c.email, person.c.name, person.c.active, person.c.language)


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, computed off the event loop."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def _matches(password_hash: str | None, password: str) -> bool:
    """Verify off the event loop; a person without a password costs the same time as one with a wrong one."""

    def verify() -> bool:
        try:
            return _hasher.verify(password_hash or _nobody(), password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False

    async with _hashing:
        return await asyncio.to_thread(verify)


async def password_hash_of(connection: AsyncConnection, email: str) -> tuple[t.Person, str | None] | None:
    """Look up who signs in, by e-mail address in any case."""
    query = select(*_person, person.c.password_hash).where(person.c.email == email.lower())
    row = (await connection.execute(query)).first()
    return None if row is None else (t.Person(*row[:5]), row.password_hash)


async def verify_sign_in(found: tuple[t.Person, str | None] | None, password: str) -> t.Person:
    """Compare the password; call it outside of a transaction, for it takes long.

    Raises Unauthenticated in the same words whether the address, the password or the account is at fault.
    """
    matches = await _matches(found[1] if found else None, password)
    if not (found and matches and found[0].active):
        raise Unauthenticated("The e-mail address or the password is wrong.")
    return found[0]


async def issue_token(connection: AsyncConnection, who: t.Person, lifetime: timedelta) -> t.SignedIn:
    """Make a token for a person who has proven who she is; expired ones of hers are cleared away."""
    secret, moment = secrets.token_urlsafe(32), now()
    await connection.execute(delete(token).where(token.c.person_id == who.id, token.c.expires_at < moment))
    await connection.execute(
        insert(token),
        {"hash": digest(secret), "person_id": who.id, "created_at": moment, "expires_at": moment + lifetime},
    )
    return t.SignedIn(secret, moment + lifetime, who)


async def revoke_token(connection: AsyncConnection, token_hash: str) -> None:
    """End one sign-in."""
    await connection.execute(delete(token).where(token.c.hash == token_hash))


async def set_password(connection: AsyncConnection, person_id: UUID, password_hash: str) -> None:
    """Set a password; every token and every open link of the person ends."""
    await connection.execute(update(person).where(person.c.id == person_id).values(password_hash=password_hash))
    await connection.execute(delete(token).where(token.c.person_id == person_id))
    await connection.execute(delete(password_link).where(password_link.c.person_id == person_id))


async def check_password(connection: AsyncConnection, person_id: UUID) -> str | None:
    """Return the stored hash of a person's password."""
    found: str | None = await connection.scalar(select(person.c.password_hash).where(person.c.id == person_id))
    return found


async def verify_own(password_hash: str | None, password: str) -> None:
    """Raise InvalidInput unless the password is the person's present one."""
    if not await _matches(password_hash, password):
        raise InvalidInput("The present password is wrong.", errors=[FieldError("body.current", "wrong password")])


async def make_link(connection: AsyncConnection, person_id: UUID, public_url: str) -> t.PasswordLink:
    """Make the one link with which a person sets her password, in place of an earlier one. Raises NotFound."""
    if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
        raise NotFound("There is no such person.")
    await connection.execute(delete(password_link).where(password_link.c.person_id == person_id))
    secret, expires = secrets.token_urlsafe(32), now() + LINK_LIFETIME
    await connection.execute(
        insert(password_link), {"hash": digest(secret), "person_id": person_id, "expires_at": expires}
    )
    return t.PasswordLink(f"{public_url}/set-password?link={secret}", expires)


async def redeem_link(connection: AsyncConnection, link: str, password_hash: str) -> None:
    """Set a password by a one-time link. Raises NotFound when it is unknown, used or expired."""
    taken = await connection.execute(
        delete(password_link)
        .where(password_link.c.hash == digest(link), password_link.c.expires_at > now())
        .returning(password_link.c.person_id)
    )
    person_id = taken.scalar_one_or_none()
    if person_id is None:
        raise NotFound("This link is unknown, used already or expired; ask for a new one.")
    await set_password(connection, person_id, password_hash)


async def create_person(connection: AsyncConnection, new: t.NewPerson) -> t.Person:
    """Create a person without a password. Raises Conflict when the e-mail address is taken."""
    email = new.email.lower()
    if await connection.scalar(select(person.c.id).where(person.c.email == email)):
        raise Conflict("A person with this e-mail address exists already.")
    made = t.Person(new_id(), email, new.name, True, new.language)
    await connection.execute(
        insert(person),
        {
            "id": made.id,
            "email": email,
            "name": made.name,
            "active": True,
            "language": made.language,
            "revision": 1,
            "created_at": now(),
        },
    )
    return made


async def list_persons(
    connection: AsyncConnection, email: str | None, cursor: UUID | None, limit: int
) -> list[t.Person]:
    """Return up to limit + 1 persons in the order in which they were created, after the cursor."""
    query = select(*_person).order_by(person.c.id).limit(limit + 1)
    if email is not None:
        query = query.where(person.c.email == email.lower())
    if cursor is not None:
        query = query.where(person.c.id > cursor)
    return [t.Person(*row) for row in await connection.execute(query)]


async def read_person(connection: AsyncConnection, person_id: UUID) -> tuple[t.PersonDetail, int]:
    """Return a person with her granted roles, and the revision. Raises NotFound."""
    row = (await connection.execute(select(*_person, person.c.revision).where(person.c.id == person_id))).first()
    if row is None:
        raise NotFound("There is no such person.")
    grants = select(role_grant.c.id, role_grant.c.role, role_grant.c.scope, role_grant.c.scope_id).where(
        role_grant.c.person_id == person_id
    )
    held = [t.RoleGrant(*grant) for grant in await connection.execute(grants.order_by(role_grant.c.id))]
    detail = t.PersonDetail(
        id=row.id, email=row.email, name=row.name, active=row.active, language=row.language, grants=held
    )
    return detail, row.revision


async def change_person(connection: AsyncConnection, person_id: UUID, change: t.PersonChange, expected: int) -> None:
    """Change a person; one who is no longer active is signed out everywhere. Raises NotFound, PreconditionFailed."""
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    values: dict[str, Any] = {**given, "revision": expected + 1}
    same = person.c.id == person_id
    done = await connection.execute(update(person).where(same, person.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, person, same, expected)
    if change.active is False:
        await connection.execute(delete(token).where(token.c.person_id == person_id))


async def choose_language(connection: AsyncConnection, person_id: UUID, language: t.Language) -> None:
    """Set the language of mail to a person."""
    values = {"language": language, "revision": person.c.revision + 1}
    await connection.execute(update(person).where(person.c.id == person_id).values(**values))


async def grant_role(
    connection: AsyncConnection, person_id: UUID, new: t.NewGrant, granted_by: UUID | None
) -> t.RoleGrant:
    """Grant a role; granting it again changes nothing. Raises NotFound and InvalidInput."""
    if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
        raise NotFound("There is no such person.")
    if await connection.scalar(select(role.c.name).where(role.c.name == new.role)) is None:
        raise InvalidInput(
            "There is no such role.", errors=[FieldError("body.role", "must be one of the names at GET /roles")]
        )
    if new.scope_id is not None:
        place = metadata.tables[new.scope]  # a scope has the name of its table
        if await connection.scalar(select(place.c.id).where(place.c.id == new.scope_id)) is None:
            raise InvalidInput(
                f"There is no such {new.scope}.",
                errors=[FieldError("body.scopeId", f"must be the id of a {new.scope}")],
            )
    same = (
        (role_grant.c.person_id == person_id)
        & (role_grant.c.role == new.role)
        & (role_grant.c.scope == new.scope)
        & role_grant.c.scope_id.is_not_distinct_from(new.scope_id)
    )
    held = await connection.scalar(select(role_grant.c.id).where(same))
    if held:
        return t.RoleGrant(held, new.role, new.scope, new.scope_id)
    made = t.RoleGrant(new_id(), new.role, new.scope, new.scope_id)
    await connection.execute(
        insert(role_grant),
        {
            "id": made.id,
            "person_id": person_id,
            "role": made.role,
            "scope": made.scope,
            "scope_id": made.scope_id,
            "granted_by": granted_by,
            "granted_at": now(),
        },
    )
    return made


async def withdraw_role(connection: AsyncConnection, person_id: UUID, grant_id: UUID, actor: Principal) -> None:
    """Withdraw a granted role. Raises NotFound, and Conflict for an administrator's own last hold on the system."""
    same = (role_grant.c.id == grant_id) & (role_grant.c.person_id == person_id)
    row = (await connection.execute(select(role_grant.c.role, role_grant.c.scope).where(same))).first()
    if row is None:
        raise NotFound("There is no such grant.")
    if person_id == actor.person_id and row.scope == "system":
        raise Conflict("You would lock yourself out; let another administrator withdraw this role.")
    await connection.execute(delete(role_grant).where(same))


async def list_roles(connection: AsyncConnection) -> list[t.Role]:
    """Return all roles by name."""
    rows = await connection.execute(select(role.c.name, role.c.title, role.c.permissions).order_by(role.c.name))
    return [t.Role(*row) for row in rows]


async def read_role(connection: AsyncConnection, name: str) -> tuple[t.Role, int]:
    """Return a role and its revision. Raises NotFound."""
    query = select(role.c.name, role.c.title, role.c.permissions, role.c.revision).where(role.c.name == name)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such role.")
    return t.Role(*row[:3]), row.revision


async def change_role(connection: AsyncConnection, name: str, content: t.RoleContent, expected: int) -> t.Role:
    """Change what a role allows; effective everywhere within seconds.

    Raises InvalidInput (unknown permissions), Conflict (the administrator's, and confidential ones of other roles),
    NotFound and PreconditionFailed.
    """
    confined = {row.name: row.confined_to for row in await connection.execute(select(plugin_permission))}
    known = {*PERMISSIONS, *confined}
    unknown = sorted(set(content.permissions) - known)
    if unknown:
        names = ", ".join([*PERMISSIONS, *sorted(known - PERMISSIONS.keys())])
        raise InvalidInput(
            f"Unknown permissions: {', '.join(unknown)}.",
            errors=[FieldError("body.permissions", f"must be among: {names}")],
        )
    closed = {permission for permission, roles in confined.items() if roles is not None and name not in roles}
    if confidential := sorted(closed.intersection(content.permissions)):
        raise Conflict(
            "Confidential permissions stay with the roles that they were made for.",
            errors=[
                FieldError("body.permissions", f"{one} is for {', '.join(confined[one])} only") for one in confidential
            ],
        )
    if name == "administrator" and set(content.permissions) != known - closed:
        raise Conflict("The role administrator keeps all permissions, or nobody could give them back.")
    values = {"title": content.title, "permissions": sorted(set(content.permissions)), "revision": expected + 1}
    same = role.c.name == name
    done = await connection.execute(update(role).where(same, role.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, role, same, expected)
    return t.Role(name, content.title, sorted(set(content.permissions)))


async def seed_roles(connection: AsyncConnection) -> None:
    """Write the roles that are missing; what an administrator changed stays as it is."""
    present = set((await connection.execute(select(role.c.name))).scalars())
    rows = [
        {"name": name, "title": title, "permissions": sorted(permissions), "revision": 1}
        for name, (title, permissions) in ROLES.items()
        if name not in present
    ]
    if rows:
        await connection.execute(insert(role), rows)


async def seed_plugin(connection: AsyncConnection, plugin: Plugin) -> None:
    """Write the roles of a plugin that are missing, and give its new permissions to their first roles.

    A permission is given once: what an administrator changed afterwards stays as it is.
    """
    if not plugin.permissions and not plugin.roles:
        return
    found = await connection.execute(select(role.c.name, role.c.permissions, role.c.revision).with_for_update())
    held = {row.name: set(row.permissions) for row in found}
    given = set((await connection.execute(select(plugin_permission.c.name))).scalars())
    fresh = [permission for permission in plugin.permissions if permission.name not in given]
    missing = [new for new in plugin.roles if new.name not in held]
    if missing:
        rows = [{"name": new.name, "title": new.title, "permissions": [], "revision": 1} for new in missing]
        await connection.execute(insert(role), rows)
    held.update({new.name: set() for new in missing})
    if not fresh:
        return
    made = [
        {"name": new.name, "plugin": plugin.name, "confined_to": list(new.roles) if new.confidential else None}
        for new in fresh
    ]
    await connection.execute(insert(plugin_permission), made)
    for name, permissions in held.items():
        gained = {new.name for new in fresh if name in new.roles or (name == "administrator" and not new.confidential)}
        if gained:
            await connection.execute(
                update(role)
                .where(role.c.name == name)
                .values(permissions=sorted(permissions | gained), revision=role.c.revision + 1)
            )
