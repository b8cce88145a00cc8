"""A worker is killed while it writes to people and to other systems: everything arrives, and repetitions are known."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import exists, select

from lms_core.outbox.tables import OPEN, delivery
from lms_core.settings import MailSettings, Settings
from tests.support.dying_post import STEPS, post
from tests.support.mailserver import MailServer, mail_server
from tests.support.outbox import deliveries, working
from tests.support.processes import started
from tests.support.receiver import Receiver, receiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.world import Actor, World

ROOT = Path(__file__).parents[2]
READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
NAMES = {"ms": ["Anna", "Bea", "Cem", "Dana"], "mt": ["Emil", "Finn"]}
KILLS = 2


@pytest.fixture
async def letters() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def office() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
def app_settings(app_settings: Settings, letters: MailServer) -> Settings:
    mail = MailSettings(host="127.0.0.1", port=letters.port, encryption="none", sender="lms@example.org")
    return msgspec.structs.replace(app_settings, mail=mail, webhook_allowed_hosts=("127.0.0.1",))


@pytest.fixture
async def seated(world: World, office: Receiver) -> dict[str, list[Actor]]:
    """Two programmes, each with a webhook and a run in which students got seats that nobody was told of yet."""
    found: dict[str, list[Actor]] = {}
    for key, names in NAMES.items():
        programme = await world.programme(key)
        hook = {"url": f"http://127.0.0.1:{office.port}/{key}", "events": ["enrolment_created"]}
        await world.admin.post(f"/programmes/{programme['id']}/webhooks", hook)
        run = await world.run(programme, await world.module(programme, [READING]))
        found[key] = [await world.student(name, programme) for name in names]
        for student in found[key]:
            await student.put(f"/runs/{run['id']}/enrolment", {})
        await world.student(f"Zoe without a seat in {key}", programme)
    return found


def killed(settings: Settings, step: str) -> tuple[int, str]:
    """Run a worker until it has killed itself; return how it ended, and what it complained of."""
    words = (sys.executable, "-m", "tests.support.dying_post", msgspec.json.encode(settings).decode(), step)
    with started(*words, cwd=ROOT) as worker:
        return worker.wait(), worker.errors


async def finished(world: World, settings: Settings) -> None:
    """Run a worker until nothing is left to deliver."""
    left = select(exists().where(OPEN).select_from(delivery))
    async with working(world.database, *post(settings, world.database)), asyncio.timeout(60):
        while True:
            async with world.database.read() as connection:
                if not await connection.scalar(left):
                    return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("channel", ["mail", "webhook"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_is_killed_when_it_is(
    step: str,
    channel: str,
    world: World,
    app_settings: Settings,
    seated: dict[str, list[Actor]],
    letters: MailServer,
    office: Receiver,
) -> None:
    for _ in range(KILLS):
        assert await asyncio.to_thread(killed, app_settings, f"{step} {channel}") == (-signal.SIGKILL, "")
    await finished(world, app_settings)
    everybody = [student for students in seated.values() for student in students]

    # one delivery of each kind for each of them, done
    rows = await deliveries(world.database, "event_id", "subscriber", "dead_at", "error", "done_at", "attempts")
    mailed = {whom[5:]: str(event) for event, whom, *_ in rows if whom.startswith("mail:")}
    assert sorted(mailed) == sorted(student.id for student in everybody)
    assert len(set(mailed.values())) == len(everybody)
    posted = [str(event) for event, whom, *_ in rows if whom.startswith("webhook:")]
    assert sorted(posted) == sorted(mailed.values())
    assert len(rows) == 2 * len(everybody)
    assert {row[2:4] for row in rows} == {(None, None)}
    assert all(row[4] for row in rows)

    # what arrived, repetitions counted: those that differed in anything would stand here beside each other
    mails: Counter[Any] = Counter(
        (str(mail["Message-ID"]), tuple(to), raw)
        for mail, (_, to), raw in zip(letters.mails, letters.envelopes, letters.raw, strict=True)
    )
    expected = [(f"<{mailed[student.id]}.{student.id}@example.org>", (student.email,)) for student in everybody]
    assert sorted(mail[:2] for mail in mails) == sorted(expected)
    posts: Counter[Any] = Counter((got.line, got.headers["webhook-id"], got.body) for got in office.requests)
    for key, students in seated.items():
        told = [(i, msgspec.json.decode(body)) for line, i, body in posts if line == f"POST /{key} HTTP/1.1"]
        assert [(i, event["id"], event["data"]["personId"]) for i, event in told] == [
            (mailed[student.id], mailed[student.id], student.id) for student in students
        ]
    assert len(posts) == len(everybody)

    # only what the other side took unnoticed is repeated, and only what was not reported is tried again
    repeated = {"mail": mails.total() - len(everybody), "webhook": posts.total() - len(everybody)}
    tries = sum(row[5] for row in rows if row[1].startswith(channel)) - len(everybody)
    assert (repeated.pop(channel), tries) == {
        "connecting": (0, KILLS), "taken": (KILLS, KILLS), "reported": (0, 0),
    }[step]  # fmt: skip
    assert 0 <= repeated.popitem()[1] <= KILLS  # the other channel was at work meanwhile
