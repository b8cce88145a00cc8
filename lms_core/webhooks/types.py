"""What travels over the wire about webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from lms_core.types import END, Payload, View

Url = Annotated[str, Meta(min_length=1, max_length=2000, pattern=rf"^[\x21-\x7e]+{END}")]
"""An address in ASCII: other letters are written as %C3%BC in a path and as xn-- in a name."""

EventName = Annotated[str, Meta(min_length=1, max_length=120, pattern=rf"^[a-z_]+{END}")]
EventNames = Annotated[list[EventName], Meta(min_length=1, max_length=50)]


class NewWebhook(Payload, frozen=True):
    """Where which events of a programme are to be sent."""

    url: Url
    events: EventNames


class WebhookContent(Payload, frozen=True):
    """Where which events are to be sent, and whether they are at all."""

    url: Url
    events: EventNames
    enabled: bool


class Webhook(View, frozen=True):
    """Where which events of a programme are sent. One whose receiver answers 410 Gone is disabled."""

    id: UUID
    url: str
    events: list[str]
    enabled: bool
    created_at: datetime


class Webhooks(View, frozen=True):
    """A page of webhooks."""

    items: list[Webhook]


class WebhookSecret(View, frozen=True):
    """The secret with which the receiver verifies the signature of each delivery (Standard Webhooks, `whsec_...`)."""

    secret: str


class TestSent(View, frozen=True):
    """The id of the `ping` that is on its way."""

    event_id: UUID
