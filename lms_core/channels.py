"""The ways out of the outbox, for the worker within the application and the one in a process of its own alike."""

from __future__ import annotations

from lms_core.db import Database
from lms_core.hooks.channel import PluginChannel
from lms_core.hooks.dispatch import Dispatcher
from lms_core.mail.channel import MailChannel
from lms_core.outbox.events import Channel
from lms_core.settings import Settings
from lms_core.webhooks.channel import WebhookChannel


def channels(settings: Settings, database: Database, hooks: Dispatcher) -> list[Channel]:
    """Build every channel of the installation."""
    return [
        PluginChannel(hooks),
        MailChannel(settings.mail, settings.public_url, database),
        WebhookChannel(settings, database),
    ]
