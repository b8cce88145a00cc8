"""HTTP for the webhooks of a programme."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from lms_core.db import Database
from lms_core.http import CursorParam, IfMatch, LimitParam, LmsRequest, Once, expected_revision, paged, tagged
from lms_core.settings import Settings
from lms_core.webhooks import actions
from lms_core.webhooks import types as t

WEBHOOKS = "/programmes/{programme_id:uuid}/webhooks"
WEBHOOK = f"{WEBHOOKS}/{{webhook_id:uuid}}"


@post(WEBHOOKS, permission="programmes.manage")
async def create_webhook(
    programme_id: FromPath[UUID],
    data: JSONBody[t.NewWebhook],
    request: LmsRequest,
    once: NamedDependency[Once],
    settings: NamedDependency[Settings],
) -> t.Webhook:
    """Have events of the programme sent to another system.

    Each is a CloudEvents document (structured JSON), signed by Standard Webhooks with the webhook's secret, sent by
    POST until the answer is 2xx, at least once; `webhook-id` is the same at every repetition.
    """
    hosts = settings.webhook_allowed_hosts
    me = request.user.person_id
    return await once(t.Webhook, lambda connection: actions.create(connection, programme_id, data, me, hosts))


@get(WEBHOOKS, permission="programmes.manage")
async def list_webhooks(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[t.Webhooks]:
    """List the webhooks of the programme."""
    async with database.read() as connection:
        rows = await actions.list_webhooks(connection, programme_id, cursor, limit)
    return paged(request, t.Webhooks, rows, limit)


@get(WEBHOOK, permission="programmes.manage")
async def read_webhook(
    programme_id: FromPath[UUID], webhook_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[t.Webhook]:
    """Show a webhook."""
    async with database.read() as connection:
        return tagged(*await actions.read(connection, programme_id, webhook_id))


@put(WEBHOOK, permission="programmes.manage")
async def change_webhook(
    programme_id: FromPath[UUID],
    webhook_id: FromPath[UUID],
    data: JSONBody[t.WebhookContent],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    if_match: IfMatch = None,
) -> Response[t.Webhook]:
    """Change where which events are sent, or stop sending and begin again."""
    expected, hosts = expected_revision(if_match), settings.webhook_allowed_hosts
    async with database.write() as connection:
        await actions.change(connection, programme_id, webhook_id, data, expected, hosts)
        return tagged(*await actions.read(connection, programme_id, webhook_id))


@delete(WEBHOOK, permission="programmes.manage")
async def delete_webhook(
    programme_id: FromPath[UUID], webhook_id: FromPath[UUID], database: NamedDependency[Database]
) -> None:
    """Stop sending events there for good."""
    async with database.write() as connection:
        await actions.remove(connection, programme_id, webhook_id)


@get(f"{WEBHOOK}/secret", permission="programmes.manage")
async def read_secret(
    programme_id: FromPath[UUID],
    webhook_id: FromPath[UUID],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[t.WebhookSecret]:
    """Show the secret that the receiver needs, to verify that events come from here."""
    async with database.read() as connection:
        return tagged(*await actions.read_secret(connection, programme_id, webhook_id, settings.secret_key))


@post(f"{WEBHOOK}/secret", permission="programmes.manage", status_code=200)
async def rotate_secret(
    programme_id: FromPath[UUID],
    webhook_id: FromPath[UUID],
    database: NamedDependency[Database],
    settings: NamedDependency[Settings],
    if_match: IfMatch = None,
) -> Response[t.WebhookSecret]:
    """Make a new secret.

    Events are signed with it and with the one before, so the receiver may change over at any time until the next.
    """
    expected = expected_revision(if_match)
    async with database.write() as connection:
        await actions.rotate_secret(connection, programme_id, webhook_id, expected)
        return tagged(*await actions.read_secret(connection, programme_id, webhook_id, settings.secret_key))


@post(f"{WEBHOOK}/test", permission="programmes.manage", status_code=202)
async def test_webhook(
    programme_id: FromPath[UUID], webhook_id: FromPath[UUID], database: NamedDependency[Database]
) -> t.TestSent:
    """Send an event named `ping` to the receiver, on the way that all events take."""
    async with database.write() as connection:
        return await actions.test(connection, programme_id, webhook_id)


router = Router(
    "/",
    tags=["Webhooks"],
    route_handlers=[
        create_webhook, list_webhooks, read_webhook, change_webhook, delete_webhook, read_secret, rotate_secret,
        test_webhook,
    ],
)  # fmt: skip
