"""The rules about webhooks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.hooks.registry import HOOKS
from lms_core.hooks.specs import Policy
from lms_core.http import changed_or_raise
from lms_core.outbox.events import send
from lms_core.programmes.tables import programme
from lms_core.types import new_id, now
from lms_core.webhooks import addresses, signing
from lms_core.webhooks import types as t
from lms_core.webhooks.tables import webhook

PING = "ping"
EVENTS = (PING, *sorted(hook.name for hook in HOOKS.values() if hook.policy == Policy.REACT))

_columns = (webhook.c.id, webhook.c.url, webhook.c.events, webhook.c.enabled, webhook.c.created_at)


class Ping(msgspec.Struct, frozen=True):
    """The payload of a test."""

    webhook_id: UUID


def _of(programme_id: UUID, webhook_id: UUID) -> Any:
    return (webhook.c.id == webhook_id) & (webhook.c.programme_id == programme_id)


def _check(url: str, events: list[str], allowed_hosts: Collection[str]) -> None:
    errors = []
    try:
        addresses.parse(url, allowed_hosts)
    except addresses.Refused as error:
        errors.append(FieldError("body.url", str(error)))
    if unknown := sorted(set(events) - set(EVENTS)):
        reason = f"unknown: {', '.join(unknown)}; there are: {', '.join(EVENTS)}"
        errors.append(FieldError("body.events", reason))
    if errors:
        raise InvalidInput("Events cannot be sent like this.", errors=errors)


async def create(
    connection: AsyncConnection, programme_id: UUID, new: t.NewWebhook, creator: UUID, allowed_hosts: Collection[str]
) -> t.Webhook:
    """Create a webhook, enabled. Raises InvalidInput and NotFound. Two statements."""
    _check(new.url, new.events, allowed_hosts)
    if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
        raise NotFound("There is no such programme.")
    made = t.Webhook(new_id(), new.url, sorted(set(new.events)), True, now())
    row = {**msgspec.structs.asdict(made), "programme_id": programme_id, "created_by": creator}
    await connection.execute(insert(webhook), {**row, "secret_number": 1, "revision": 1})
    return made


async def list_webhooks(
    connection: AsyncConnection, programme_id: UUID, cursor: UUID | None, limit: int
) -> list[t.Webhook]:
    """Return up to limit + 1 webhooks of a programme after the cursor. One statement."""
    query = select(*_columns).where(webhook.c.programme_id == programme_id).order_by(webhook.c.id).limit(limit + 1)
    if cursor is not None:
        query = query.where(webhook.c.id > cursor)
    return [t.Webhook(*row) for row in await connection.execute(query)]


async def read(connection: AsyncConnection, programme_id: UUID, webhook_id: UUID) -> tuple[t.Webhook, int]:
    """Return a webhook and its revision. Raises NotFound. One statement."""
    query = select(*_columns, webhook.c.revision).where(_of(programme_id, webhook_id))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return t.Webhook(*row[:5]), row.revision


async def change(
    connection: AsyncConnection,
    programme_id: UUID,
    webhook_id: UUID,
    content: t.WebhookContent,
    expected: int,
    allowed_hosts: Collection[str],
) -> None:
    """Change where which events are sent; what is on its way already goes to the new address.

    Raises InvalidInput, NotFound and PreconditionFailed. One statement.
    """
    _check(content.url, content.events, allowed_hosts)
    values = {"url": content.url, "events": sorted(set(content.events)), "enabled": content.enabled}
    await _update(connection, programme_id, webhook_id, values, expected)


async def _update(
    connection: AsyncConnection, programme_id: UUID, webhook_id: UUID, values: dict[str, Any], expected: int
) -> None:
    same = _of(programme_id, webhook_id)
    done = await connection.execute(
        update(webhook).where(same, webhook.c.revision == expected).values(**values, revision=expected + 1)
    )
    if not done.rowcount:
        await changed_or_raise(connection, webhook, same, expected)


async def remove(connection: AsyncConnection, programme_id: UUID, webhook_id: UUID) -> None:
    """Delete a webhook; what is on its way to it is dropped. Raises NotFound. One statement."""
    if not (await connection.execute(delete(webhook).where(_of(programme_id, webhook_id)))).rowcount:
        raise NotFound("There is no such webhook.")


async def read_secret(
    connection: AsyncConnection, programme_id: UUID, webhook_id: UUID, secret_key: str
) -> tuple[t.WebhookSecret, int]:
    """Return the present secret, and the revision of the webhook. Raises NotFound. One statement."""
    query = select(webhook.c.secret_number, webhook.c.revision).where(_of(programme_id, webhook_id))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such webhook.")
    return t.WebhookSecret(signing.written(signing.secret(secret_key, webhook_id, row.secret_number))), row.revision


async def rotate_secret(connection: AsyncConnection, programme_id: UUID, webhook_id: UUID, expected: int) -> None:
    """Make a new secret. Raises NotFound and PreconditionFailed. One statement."""
    values = {"secret_number": webhook.c.secret_number + 1}
    await _update(connection, programme_id, webhook_id, values, expected)


async def test(connection: AsyncConnection, programme_id: UUID, webhook_id: UUID) -> t.TestSent:
    """Send a ping. Raises NotFound, and Conflict while the webhook is disabled. Three statements."""
    found, _ = await read(connection, programme_id, webhook_id)
    if not found.enabled:
        raise Conflict("The webhook is disabled; enable it first.")
    ping = Ping(webhook_id)
    return t.TestSent(await send(connection, f"webhook:{webhook_id}", PING, programme_id, ping))
