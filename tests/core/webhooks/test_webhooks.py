"""Webhooks: what happens in a programme is told to the systems that it has named, signed, at least once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from sqlalchemy import update
from standardwebhooks import Webhook, WebhookVerificationError

from lms_core.channels import channels
from lms_core.outbox.tables import OPEN, delivery
from lms_core.outbox.work import settle
from lms_core.settings import Settings
from lms_core.types import now
from lms_core.webhooks import channel, signing
from tests.support.outbox import deliveries
from tests.support.receiver import Receiver, Request, receiver
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.world import Actor, World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
KNOWN = (
    "ping, credit_booked, credit_reversed, deadline_removed, deadline_set, enrolment_created, "
    "enrolment_ended, exam_cancelled, exam_changed, exam_deregistered, exam_planned, exam_registered, "
    "extension_granted, extension_withdrawn, hand_in_assessed, hand_in_made, mark_recorded, "
    "module_completed, plugin_disabled, plugin_enabled, run_decided, session_cancelled, session_changed, "
    "session_published"
)


@pytest.fixture
def app_settings(app_settings: Settings) -> Settings:
    return replace(app_settings, webhook_allowed_hosts=("127.0.0.1",))


@pytest.fixture
async def hooks() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def run(world: World) -> dict[str, Any]:
    programme = await world.programme()
    return {**await world.run(programme, await world.module(programme, [READING])), "programme": programme}


@pytest.fixture
async def integrator(world: World, run: dict[str, Any]) -> Actor:
    return await world.person("Ina", "integrator", run["programme"])


def path(programme: dict[str, Any], webhook: dict[str, Any] | None = None, more: str = "") -> str:
    return f"/programmes/{programme['id']}/webhooks" + (f"/{webhook['id']}{more}" if webhook else "")


def url(hooks: Receiver, where: str = "hook") -> str:
    return f"http://127.0.0.1:{hooks.port}/{where}"


async def deliver(world: World, settings: Settings) -> None:
    """Do the work of a worker, which finds everything due that was tried before."""
    async with world.database.write() as connection:
        await connection.execute(update(delivery).where(OPEN).values(due_at=now()))
    await settle(world.database, channels(settings, world.database, world.app.state.store, world.app.state.hooks))


async def outcomes(world: World) -> list[tuple[str, str | None]]:
    rows = await deliveries(world.database, "subscriber", "done_at", "dead_at", "error")
    return [
        ("done" if done else "dead" if dead else "open", error)
        for subscriber, done, dead, error in rows
        if subscriber.startswith("webhook:")
    ]


def verified(request: Request, secret: str) -> Any:
    """Return the event, as a receiver does that trusts nothing but the signature."""
    return Webhook(secret).verify(request.body, request.headers)


async def test_a_webhook_is_made_looked_at_changed_and_deleted(run: dict[str, Any], integrator: Actor) -> None:
    programme = run["programme"]
    new = {"url": "https://hooks.example.org/lms", "events": ["session_changed", "ping", "ping"]}
    made = await integrator.post(path(programme), new)
    assert made == {**made, **new, "events": ["ping", "session_changed"], "enabled": True}
    assert set(made) == {"id", "url", "events", "enabled", "createdAt"}
    second = await integrator.post(path(programme), new)
    assert await integrator.get(path(programme)) == {"items": [made, second]}
    content = {"url": "https://hooks.example.org:8443/lms", "events": ["module_completed"], "enabled": False}
    answer = await integrator.call("PUT", path(programme, made), content, If_Match='"1"')
    assert (answer.json(), answer.headers["ETag"]) == ({**made, **content}, '"2"')
    assert await integrator.get(path(programme, made)) == {**made, **content}
    await integrator.delete(path(programme, made))
    await integrator.delete(path(programme, made), 404)
    assert await integrator.get(path(programme)) == {"items": [second]}


async def test_what_cannot_be_sent_is_refused_with_what_would_be_right(
    run: dict[str, Any], integrator: Actor, world: World
) -> None:
    wrong = {"url": "https://10.0.0.1/", "events": ["ping", "fly"]}
    errors = [
        {"where": "body.url", "reason": "must not lead to a private, local or reserved address"},
        {"where": "body.events", "reason": f"unknown: fly; there are: {KNOWN}"},
    ]
    refused = await integrator.post(path(run["programme"]), wrong, 422)
    assert refused["errors"] == errors
    made = await integrator.post(path(run["programme"]), {"url": "https://hooks.example.org/", "events": ["ping"]})
    wrong["enabled"] = True  # type: ignore[assignment]
    refused = await integrator.put(path(run["programme"], made), wrong, 422, If_Match='"1"')
    assert refused["errors"] == errors
    assert await integrator.get(path(run["programme"])) == {"items": [made]}
    await world.admin.post(path({"id": uuid4()}), {"url": "https://hooks.example.org/", "events": ["ping"]}, 404)


async def test_the_webhooks_of_another_programme_are_as_if_they_were_not(
    world: World, run: dict[str, Any], integrator: Actor
) -> None:
    other = await world.programme("other")
    content = {"url": "https://hooks.example.org/", "events": ["ping"]}
    foreign = await world.admin.post(path(other), content)
    mine = run["programme"]
    assert await integrator.get(path(mine)) == {"items": []}
    for webhook in (foreign, {"id": uuid4()}):
        await integrator.get(path(mine, webhook), 404)
        await integrator.put(path(mine, webhook), {**content, "enabled": False}, 404, If_Match='"1"')
        await integrator.get(path(mine, webhook, "/secret"), 404)
        await integrator.post(path(mine, webhook, "/secret"), None, 404, If_Match='"1"')
        await integrator.post(path(mine, webhook, "/test"), None, 404)
        await integrator.delete(path(mine, webhook), 404)
    assert await world.admin.get(path(other)) == {"items": [foreign]}
    assert (await world.admin.call("GET", path(other, foreign))).headers["ETag"] == '"1"'


async def test_an_event_arrives_signed_where_it_is_wanted_and_nowhere_else(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    programme, other = run["programme"], await world.programme("other")
    wanted = {"url": url(hooks, "here?token=1"), "events": ["enrolment_created"]}
    made = await integrator.post(path(programme), wanted)
    await world.admin.post(path(other), {**wanted, "url": url(hooks, "other-programme")})
    await integrator.post(path(programme), {"url": url(hooks, "other-event"), "events": ["enrolment_ended", "ping"]})
    disabled = await integrator.post(path(programme), {**wanted, "url": url(hooks, "disabled")})
    await integrator.put(path(programme, disabled), {**wanted, "enabled": False}, If_Match='"1"')

    anna = await world.student("Anna", programme)
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    await deliver(world, app_settings)
    (request,) = hooks.requests
    ((event_id, at),) = await deliveries(world.database, "event_id", "at")
    secret = (await integrator.get(path(programme, made, "/secret")))["secret"]
    assert request.line == "POST /here?token=1 HTTP/1.1"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["webhook-id"] == str(event_id)
    assert verified(request, secret) == {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"http://localhost:8000/programmes/{programme['id']}",
        "type": "lms.enrolment_created",
        "time": at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"personId": anna.id, "runId": run["id"], "programmeId": programme["id"], "state": "enrolled"},
    }
    assert await outcomes(world) == [("done", None)]


async def test_a_repetition_has_the_same_id_and_the_same_body(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    made = await integrator.post(path(run["programme"]), {"url": url(hooks), "events": ["ping"]})
    hooks.answer = b""  # the receiver dies before it answers
    sent = await integrator.post(path(run["programme"], made, "/test"), None, 202)
    await deliver(world, app_settings)
    for status in (b"500 Oops", b"307 Elsewhere\r\nLocation: /here", b"404 Not Found", b"204 No Content"):
        hooks.answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
        await deliver(world, app_settings)
    secret = (await integrator.get(path(run["programme"], made, "/secret")))["secret"]
    assert len(hooks.requests) == 5
    assert {request.headers["webhook-id"] for request in hooks.requests} == {sent["eventId"]}
    assert len({request.body for request in hooks.requests}) == 1
    assert [verified(request, secret)["type"] for request in hooks.requests] == ["lms.ping"] * 5
    assert hooks.requests[0].event["data"] == {"webhookId": made["id"]}
    assert await outcomes(world) == [("done", None)]


async def test_only_2xx_is_success(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    made = await integrator.post(path(run["programme"]), {"url": url(hooks), "events": ["ping"]})
    await integrator.post(path(run["programme"], made, "/test"), None, 202)
    for status in (301, 400, 429, 503):
        hooks.answer = f"HTTP/1.1 {status} So\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".encode()
        await deliver(world, app_settings)
        reason = f"NotTaken: the receiver answered {status}; wanted is 2xx, and redirects are not followed"
        assert await outcomes(world) == [("open", reason)]


async def test_a_receiver_that_is_gone_is_not_bothered_again(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    programme = run["programme"]
    made = await integrator.post(path(programme), {"url": url(hooks), "events": ["ping"]})
    await integrator.post(path(programme, made, "/test"), None, 202)
    await integrator.post(path(programme, made, "/test"), None, 202)
    hooks.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    await deliver(world, app_settings)
    answer = await integrator.call("GET", path(programme, made))
    assert (answer.json(), answer.headers["ETag"]) == ({**made, "enabled": False}, '"2"')
    refused = await integrator.post(path(programme, made, "/test"), None, 409)
    assert refused["detail"] == "The webhook is disabled; enable it first."
    gone = "the receiver answered 410 Gone, so the webhook is disabled now"
    assert {state for state, _ in await outcomes(world)} == {"dead"}
    assert ("dead", gone) in await outcomes(world)
    before = len(hooks.requests)
    await deliver(world, app_settings)
    assert len(hooks.requests) == before


async def test_a_webhook_that_was_mended_meanwhile_stays_enabled(
    world: World,
    app_settings: Settings,
    run: dict[str, Any],
    integrator: Actor,
    hooks: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programme = run["programme"]
    content = {"url": url(hooks), "events": ["ping"]}
    made = await integrator.post(path(programme), content)

    async def gone(*_arguments: Any) -> int:
        await integrator.put(path(programme, made), {**content, "enabled": True}, If_Match='"1"')
        return 410

    with monkeypatch.context() as patch:
        patch.setattr(channel, "post", gone)
        await integrator.post(path(programme, made, "/test"), None, 202)
        await deliver(world, app_settings)
    assert (await integrator.get(path(programme, made)))["enabled"]


async def test_a_receiver_that_does_not_answer_in_time_is_tried_again(
    world: World,
    app_settings: Settings,
    run: dict[str, Any],
    integrator: Actor,
    hooks: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "TOTAL_LIMIT", 0.2)
    made = await integrator.post(path(run["programme"]), {"url": url(hooks), "events": ["ping"]})
    await integrator.post(path(run["programme"], made, "/test"), None, 202)
    hooks.silent = True
    await deliver(world, app_settings)
    assert await outcomes(world) == [("open", "TimeoutError: ")]
    hooks.silent = False
    monkeypatch.undo()
    await deliver(world, app_settings)
    assert await outcomes(world) == [("done", None)]


async def test_a_private_address_is_refused_again_at_the_delivery(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    """It was allowed when it was named, and is no longer; and a name may lead elsewhere since then."""
    names = [url(hooks), f"https://localhost:{hooks.port}/"]
    for name in names:
        made = await integrator.post(path(run["programme"]), {"url": name, "events": ["ping"]})
        await integrator.post(path(run["programme"], made, "/test"), None, 202)
    await deliver(world, replace(app_settings, webhook_allowed_hosts=()))
    assert await outcomes(world) == [
        ("dead", "must begin with https://"),
        ("dead", "localhost leads to a private, local or reserved address"),
    ]
    assert hooks.connections == 0


async def test_what_is_under_way_follows_the_webhook(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    programme = run["programme"]
    moved, deleted = [
        await integrator.post(path(programme), {"url": url(hooks, "old"), "events": ["ping"]}) for _ in range(2)
    ]
    for made in (moved, deleted):
        await integrator.post(path(programme, made, "/test"), None, 202)
    content = {"url": url(hooks, "new"), "events": ["ping"], "enabled": True}
    await integrator.put(path(programme, moved), content, If_Match='"1"')
    await integrator.delete(path(programme, deleted))
    await deliver(world, app_settings)
    assert [request.line for request in hooks.requests] == ["POST /new HTTP/1.1"]
    assert await outcomes(world) == [("done", None), ("done", None)]


async def test_a_new_secret_holds_beside_the_one_before_until_the_next(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    programme = run["programme"]
    made, other = [await integrator.post(path(programme), {"url": url(hooks), "events": ["ping"]}) for _ in range(2)]
    first = await integrator.get(path(programme, made, "/secret"))
    foreign = await integrator.get(path(programme, other, "/secret"))
    second = await integrator.post(path(programme, made, "/secret"), None, 200, If_Match='"1"')
    await integrator.post(path(programme, made, "/test"), None, 202)
    await deliver(world, app_settings)
    third = await integrator.post(path(programme, made, "/secret"), None, 200, If_Match='"2"')
    await integrator.post(path(programme, made, "/test"), None, 202)
    await deliver(world, app_settings)

    secrets = [named["secret"] for named in (first, second, third, foreign)]
    assert len(set(secrets)) == 4

    def accepted(request: Request) -> list[bool]:
        found = []
        for secret in secrets:
            try:
                verified(request, secret)
                found.append(True)
            except WebhookVerificationError:
                found.append(False)
        return found

    assert [accepted(request) for request in hooks.requests] == [
        [True, True, False, False],
        [False, True, True, False],
    ]


def test_a_secret_follows_from_the_installation_s_key_the_webhook_and_its_number() -> None:
    """The first must never change, or every receiver refuses every event after an update."""
    key, webhook = "5a0e3c9b7d1f48629a6b3c5d7e8f9012", UUID(int=1)
    secrets = [
        signing.written(signing.secret(*of))
        for of in ((key, webhook, 1), (key, webhook, 2), (key, UUID(int=2), 1), (f"{key}x", webhook, 1))
    ]
    assert secrets[0] == "whsec_phnDliHn6Lktpi5sd0V6mC7QJpgS2duvmIK5YCjDgEk="
    assert len(set(secrets)) == 4


async def test_what_each_step_asks_the_database(
    world: World, app_settings: Settings, run: dict[str, Any], integrator: Actor, hooks: Receiver
) -> None:
    webhooks = path(run["programme"])
    new = {"url": url(hooks), "events": ["ping"]}
    made = await integrator.post(webhooks, new)
    costs = []
    for method, address, body, header in (
        ("POST", webhooks, new, {}),
        ("GET", webhooks, None, {}),
        ("GET", f"{webhooks}/{made['id']}", None, {}),
        ("PUT", f"{webhooks}/{made['id']}", {**new, "enabled": True}, {"If_Match": '"1"'}),
        ("GET", f"{webhooks}/{made['id']}/secret", None, {}),
        ("POST", f"{webhooks}/{made['id']}/secret", None, {"If_Match": '"2"'}),
        ("POST", f"{webhooks}/{made['id']}/test", None, {}),
        ("DELETE", f"{webhooks}/{made['id']}", None, {}),
    ):
        with statements(world.database) as seen:
            answer = await integrator.call(method, address, body, **header)
        assert answer.is_success, answer.text
        costs.append(len(seen))
    assert costs == [2, 1, 1, 2, 1, 2, 3, 1]
