"""A worker for mail and webhooks that kills itself, as kill -9 would, when it has come to a step twice.

python -m tests.support.dying_post SETTINGS STEP, the settings as JSON
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from lms_core.db import Database
from lms_core.mail import channel as mail
from lms_core.outbox import leases, work
from lms_core.settings import Settings
from lms_core.webhooks import channel as webhooks
from tests.support.dying_worker import dying, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from lms_core.outbox.events import Channel

STEPS = ("connecting", "taken", "reported")


def post(settings: Settings, database: Database) -> list[Channel]:
    """Make the channels that lead out of the house."""
    return [
        mail.MailChannel(settings.mail, settings.public_url, database),
        webhooks.WebhookChannel(settings, database),
    ]


def say_reported(at: Callable[[str], None]) -> None:
    """Have the worker say of which channel a delivery's outcome is written."""
    mark = leases.mark

    async def saying(database: Database, lease: leases.Lease, outcome: dict[str, Any]) -> None:
        await mark(database, lease, outcome)
        at(f"reported {lease.subscriber.partition(':')[0]}")

    leases.mark = saying


if __name__ == "__main__":
    settings = msgspec.json.decode(sys.argv[1], type=Settings)
    at = dying(sys.argv[2])
    leases.LEASE = timedelta(seconds=1)
    leases.FOR_CHANNEL = 1  # one after another, so that what is repeated can be counted
    say(mail, "hand_over", at, before="connecting mail", after="taken mail")
    say(webhooks, "post", at, before="connecting webhook", after="taken webhook")
    say_reported(at)
    database = Database(settings.database_url)
    asyncio.run(work.work(database, post(settings, database), idle_seconds=0.02))
