"""A session is in a language that those understand who have to come, and that its lecturer speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from lms_university_weeks.faults import faults
from lms_university_weeks.translate import translate
from lms_university_weeks.week import WeekContent

from tests.support.weeks import planned, prepared, week

if TYPE_CHECKING:
    from tests.support.world import World

RUN = "0190a6e0-5f3c-7000-8000-000000000000"


def spoken(**sessions: dict[str, Any]) -> dict[str, Any]:
    """Return a week in which Dr. Weiß speaks German only, and MEMS understands English only."""
    content = week(RUN)
    content["lecturers"][0]["languages"] = ["de"]
    content["tracks"][0]["languages"] = ["en"]
    for session in content["sessions"]:
        session |= sessions.get(session["key"], {})
    return content


def wrong(content: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.where, one.reason) for one in faults(msgspec.convert(content, WeekContent))]


async def test_who_does_not_understand_and_who_does_not_speak(world: World) -> None:
    assert wrong(spoken(opening={"language": "en"}, lasers={"language": "de"}, visit={"language": ""})) == []
    german = {"language": "de"}
    assert wrong(
        spoken(opening=german, lasers={"language": "fr", "oneOf": ["weiss"]}, evening=german, recap=german)
    ) == [
        ("body.sessions[0].language", "MEMS has to come and does not understand de; with interpreting it could"),
        ("body.sessions[3].oneOf", "none of them speaks fr"),
    ]  # who need not come to the evening may not understand it
    assert wrong(spoken(opening={"language": "de", "equipment": ["interpreting"]})) == []

    setting = await prepared(world)
    content = {**spoken(lasers={"language": "en"}), "runId": setting.run["id"]}
    made = await world.admin.post(f"{setting.path}/weeks", content)
    plan = await planned(world, setting.path, made["id"])
    taught = {one["key"]: one["lecturers"] for one in plan["result"]["proposals"][0]["sessions"]}
    assert taught["lasers"] == ["okafor"]
    content["sessions"][0]["language"] = "de"
    problem = await world.admin.put(f"{setting.path}/weeks/{made['id']}", content, 422, If_Match='"1"')
    assert [one["where"] for one in problem["errors"]] == ["body.sessions[0].language"]


def test_of_those_of_whom_one_is_needed_only_who_speaks_it_counts() -> None:
    for language, able in (("", (0, 1)), ("de", (0, 1)), ("en", (1,))):
        problem = translate(msgspec.convert(spoken(lasers={"language": language}), WeekContent)).problem
        assert {one.name: one.alternatives for one in problem.sessions}["Lasers"] == able
