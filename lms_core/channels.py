"""What a worker does, within the application and in a process of its own alike: deliveries, sweeping."""

from __future__ import annotations

import asyncio

from content_store import ContentStore
from lms_core.db import Database
from lms_core.enrolment.channel import SeatsChannel
from lms_core.hooks.channel import PluginChannel
from lms_core.hooks.dispatch import Dispatcher
from lms_core.mail.channel import MailChannel
from lms_core.media.checking import MediaChannel
from lms_core.media.sweep import keep_sweeping
from lms_core.outbox.events import Channel
from lms_core.outbox.work import work
from lms_core.settings import Settings
from lms_core.webhooks.channel import WebhookChannel


def channels(settings: Settings, database: Database, store: ContentStore, hooks: Dispatcher) -> list[Channel]:
    """Build every channel of the installation."""
    return [
        PluginChannel(hooks),
        MailChannel(settings.mail, settings.public_url, database),
        WebhookChannel(settings, database),
        MediaChannel(database, store),
        SeatsChannel(database, hooks),
    ]


async def labour(settings: Settings, database: Database, store: ContentStore, hooks: Dispatcher) -> None:
    """Do all that a worker does, until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(work(database, channels(settings, database, store, hooks), hooks))
        group.create_task(keep_sweeping(database, store))
