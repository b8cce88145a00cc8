"""How events leave the outbox towards the systems that a programme has named."""

from __future__ import annotations

import asyncio
import ssl
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, update

from lms_core.db import Database
from lms_core.outbox.events import Event, Undeliverable
from lms_core.settings import Settings
from lms_core.types import now
from lms_core.webhooks import addresses, signing
from lms_core.webhooks.actions import EVENTS
from lms_core.webhooks.post import post
from lms_core.webhooks.tables import webhook

TOTAL_LIMIT = 20.0
"""Seconds for a delivery: finding, connecting, sending and the answer."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as CloudEvents 1.0 has it."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str = "application/json"
    data: dict[str, Any]


class NotTaken(Exception):
    """The receiver did not take the event, but may do so later."""


class WebhookChannel:
    """Sends the events of programmes to the receivers that they have named."""

    name = "webhook"

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    async def subscribers(self, event: Event) -> list[str]:
        """Name the webhooks of the event's programme that want events of its kind. One statement."""
        if event.programme_id is None or event.name not in EVENTS:
            return []
        query = select(webhook.c.id, webhook.c.events).where(
            webhook.c.programme_id == event.programme_id, webhook.c.enabled
        )
        async with self._database.read() as connection:
            return [f"webhook:{row.id}" for row in await connection.execute(query) if event.name in row.events]

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Send one event; `webhook-id` and body are the same at every repetition. One statement.

        Raises Undeliverable when the webhook is disabled, may not lead where it leads, or is gone (410, which
        disables it); NotTaken, TimeoutError, OSError and httpx.HTTPError when another try may succeed.
        """
        webhook_id = UUID(subscriber.removeprefix("webhook:"))
        async with self._database.read() as connection:
            found = (await connection.execute(select(webhook).where(webhook.c.id == webhook_id))).first()
        if found is None:
            return
        if not found.enabled:
            raise Undeliverable("the webhook is disabled")
        body = self._write(event)
        numbers = [number for number in (found.secret_number, found.secret_number - 1) if number]
        secrets = [signing.secret(self._settings.secret_key, webhook_id, number) for number in numbers]
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "lms-webhooks",
            **signing.headers(secrets, str(event.id), now(), body),
        }
        try:
            async with asyncio.timeout(TOTAL_LIMIT):
                status = await post(found.url, headers, body, self._settings.webhook_allowed_hosts, self._tls)
        except addresses.Refused as error:
            raise Undeliverable(str(error)) from None
        if status == 410:
            await self._disable(webhook_id, found.revision)
            raise Undeliverable("the receiver answered 410 Gone, so the webhook is disabled now")
        if not 200 <= status < 300:
            raise NotTaken(f"the receiver answered {status}; wanted is 2xx, and redirects are not followed")

    def _write(self, event: Event) -> bytes:
        payload = msgspec.json.decode(event.payload, type=dict[str, Any])
        return msgspec.json.encode(
            CloudEvent(
                id=str(event.id),
                source=f"{self._settings.public_url}/programmes/{event.programme_id}",
                type=f"lms.{event.name}",
                time=event.at.isoformat().replace("+00:00", "Z"),
                data={_camel(name): value for name, value in payload.items()},
            )
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def _disable(self, webhook_id: UUID, revision: int) -> None:
        """Disable a webhook, unless somebody has changed it meanwhile."""
        same = (webhook.c.id == webhook_id) & (webhook.c.revision == revision)
        async with self._database.write() as connection:
            await connection.execute(update(webhook).where(same).values(enabled=False, revision=revision + 1))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
