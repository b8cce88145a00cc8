"""The fixtures that authors of plugins get, used here as they use them: no event loop, no set-up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest

from lms_core.api import (
    Context,
    EnrolmentCreated,
    EnrolmentRequest,
    Job,
    Objection,
    Plugin,
    hookimpl,
    now,
    send_mail,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lms_core.testing import Client, Clock, Programme

seen: list[str] = []
"""What the diary below was told; cleared for each test."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    opens: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    broken: bool = False


async def remind(context: Context, payload: None) -> None:
    seen.append("reminded")


class Diary(Plugin):
    """Writes down what happens, and welcomes people."""

    name = "diary"
    settings = Settings
    jobs = (Job("remind", remind, every=timedelta(days=1)),)

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        opens = context.settings.opens
        return [Objection("not-yet", f"Come back on {opens:%d %B}.")] if opens and now() < opens else []

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        if context.settings.broken:
            raise ConnectionError("the pen is dry")
        seen.append(f"enrolled {event.person_id}")
        words = {"en": "Welcome", "de": "Willkommen"}
        async with context.write() as connection:
            await send_mail(context, connection, event.person_id, subject=words, text=words)


@pytest.fixture
def lms_plugins() -> list[Any]:
    seen.clear()
    return [Diary()]


def enrol(person: Client, programme: Programme) -> Any:
    """Let somebody take a seat."""
    return person.put(f"/runs/{programme.run_id}/enrolment", json={})


def test_events_and_the_mail_that_follows_arrive_when_they_are_delivered(
    client: Client, programme: Programme, enable: Callable[..., None]
) -> None:
    enable("diary")
    client.deliver()
    seen.clear()
    student = client.as_student()
    assert enrol(student, programme).json()["state"] == "enrolled"
    assert seen == []
    [mail] = client.deliver()
    assert seen == [f"enrolled {student.person_id}"]
    assert (mail.person_id, mail.subject["de"]) == (student.person_id, "Willkommen")
    assert client.deliver() == []
    assert len(seen) == 1


def test_a_failure_fails_the_test_and_is_tried_again_after_its_pause(
    client: Client, programme: Programme, enable: Callable[..., None], clock: Clock
) -> None:
    enable("diary", broken=True)
    student = client.as_student()
    enrol(student, programme)
    with pytest.raises(AssertionError) as failed:
        client.deliver()
    assert str(failed.value) == "plugin:diary failed in enrolment_created: ConnectionError: the pen is dry"

    enable("diary")
    clock.move(timedelta(seconds=2))
    client.deliver()
    assert f"enrolled {student.person_id}" in seen


def test_a_day_on_the_clock_makes_a_daily_job_due_once(
    client: Client, enable: Callable[..., None], disable: Callable[[str], None], clock: Clock
) -> None:
    enable("diary")
    client.deliver()
    client.deliver()
    assert seen == ["reminded"]
    clock.move(timedelta(days=1))
    client.deliver()
    client.deliver()
    assert seen == ["reminded", "reminded"]
    disable("diary")
    clock.move(timedelta(days=1))
    client.deliver()
    assert seen == ["reminded", "reminded"]


def test_the_clock_is_the_plugins_clock(
    client: Client, programme: Programme, enable: Callable[..., None], clock: Clock
) -> None:
    clock.set(datetime(2027, 2, 28, 12, tzinfo=UTC))
    enable("diary", opens=datetime(2027, 3, 1, tzinfo=UTC))
    student = client.as_student()
    refused = enrol(student, programme)
    assert (refused.status_code, refused.json()["detail"]) == (409, "Come back on 01 March.")
    clock.move(timedelta(days=1))
    assert enrol(student, programme).json()["state"] == "enrolled"


def test_what_cannot_be_set_is_told(client: Client, enable: Callable[..., None]) -> None:
    with pytest.raises(AssertionError, match="Expected `bool`, got `str`"):
        enable("diary", broken="yes")
    with pytest.raises(AssertionError, match=r"body\.settings\.shut"):
        enable("diary", shut=True)
    with pytest.raises(AssertionError, match="There is no such plugin in this installation"):
        enable("journal")


def test_people_have_the_roles_that_they_were_given(client: Client, programme: Programme) -> None:
    assert client.get(programme.path).status_code == 200
    assert client.as_student().get(programme.path).status_code == 200
    assert client.as_person().get(programme.path).status_code == 404
    assert client.as_person("Otto", "examiner").get(programme.path).status_code == 200
    assert client.as_student().delete(programme.path).status_code == 405


async def test_they_work_beside_a_loop_that_is_running(client: Client, programme: Programme) -> None:
    assert client.get(programme.path).status_code == 200
