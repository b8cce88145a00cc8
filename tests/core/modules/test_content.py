"""Modules: a draft says what it says, a published version never changes, units keep their key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tests.support.world import World

INTRO = {"key": "intro", "kind": "reading", "title": "Introduction", "body": "See lms-unit:film."}
FILM = {"key": "film", "kind": "video", "title": "Film", "parent": "intro"}
CONTENT = {"title": "MEMS", "ects": "2.5", "workloadHours": 75, "units": [INTRO, FILM]}
NOTHING: dict[str, Any] = {"added": [], "removed": [], "modified": [], "moved": [], "details": []}


async def a_module(world: World) -> str:
    programme = await world.programme()
    made = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "mems", "title": "MEMS"})
    return f"/modules/{made['id']}"


async def test_a_draft_tells_exactly_what_changed(world: World) -> None:
    path = await a_module(world)
    details = ["title", "ects", "workload_hours", "language", "offered", "prerequisites"]
    first = await world.admin.put(f"{path}/draft", CONTENT, If_Match='"1"')
    expected = {
        **NOTHING,
        "changed": True,
        "added": ["intro", "film"],
        "details": details,
        "unchanged": 0,
        "revision": 2,
    }
    assert first == expected
    same = await world.admin.put(f"{path}/draft", {**CONTENT, "ects": "2.50"}, If_Match='"2"')
    assert same == {**NOTHING, "changed": False, "unchanged": 2, "revision": 2}
    changed = {
        **CONTENT,
        "ects": "3",
        "units": [
            {**FILM, "parent": None},
            {**INTRO, "title": "Welcome"},
            {"key": "end", "kind": "file", "title": "End"},
        ],
    }
    third = await world.admin.put(f"{path}/draft", changed, If_Match='"2"')
    assert third == {
        "changed": True, "added": ["end"], "removed": [], "modified": ["film", "intro"], "moved": ["film", "intro"],
        "details": ["ects"], "unchanged": 0, "revision": 3,
    }  # fmt: skip
    await world.admin.put(f"{path}/draft", CONTENT, 412, If_Match='"2"')
    assert (await world.admin.get(f"{path}/content"))["units"][0]["key"] == "film"


async def test_a_published_version_never_changes(world: World) -> None:
    path = await a_module(world)
    await world.admin.put(f"{path}/draft", CONTENT, If_Match='"1"')
    version = await world.admin.post(f"{path}/publish", If_Match='"2"')
    shown = {name: version[name] for name in ("number", "title", "ects", "units", "unitsRequired")}
    assert shown == {"number": 1, "title": "MEMS", "ects": "2.5", "units": 2, "unitsRequired": 2}
    before = await world.admin.get(f"{path}/versions/1")
    await world.admin.put(f"{path}/draft", {**CONTENT, "units": [INTRO | {"body": ""}]}, If_Match='"3"')
    assert await world.admin.get(f"{path}/versions/1") == before
    await world.admin.get(f"{path}/versions/2", 404)  # a draft is no version yet
    await world.admin.post(f"{path}/publish", If_Match='"4"')
    assert [u["key"] for u in (await world.admin.get(f"{path}/versions/2"))["units"]] == ["intro"]
    assert await world.admin.get(f"{path}/versions/1") == before


async def test_saying_what_is_published_discards_the_draft(world: World) -> None:
    path = await a_module(world)
    await world.admin.put(f"{path}/draft", CONTENT, If_Match='"1"')
    await world.admin.post(f"{path}/publish", If_Match='"2"')
    await world.admin.put(f"{path}/draft", {**CONTENT, "title": "Other"}, If_Match='"3"')
    assert (await world.admin.get(path))["draft"] == 2
    await world.admin.put(f"{path}/draft", CONTENT, If_Match='"4"')
    module = await world.admin.get(path)
    assert (module["published"], module["draft"], module["title"]) == (1, None, "MEMS")
    await world.admin.post(f"{path}/publish", None, 409, If_Match='"5"')


async def test_a_content_that_does_not_hold_together_is_refused_with_every_mistake(world: World) -> None:
    path = await a_module(world)
    file = {"key": "a", "name": "a", "role": "content", "mediaId": str(uuid4())}
    units = [
        {**INTRO, "body": "lms-unit:nowhere lms-file:nothing", "maxScore": "5"},
        {**FILM, "parent": "later", "files": [file, file]},
        INTRO,
    ]
    problem = await world.admin.put(f"{path}/draft", {**CONTENT, "units": units}, 422, If_Match='"1"')
    assert [(error["where"], error["reason"]) for error in problem["errors"]] == [
        ("body.units[0].maxScore", "only a quiz or an assignment has one"),
        ("body.units[0].body", "lms-unit:nowhere leads nowhere"),
        ("body.units[0].body", "lms-file:nothing leads nowhere"),
        ("body.units[1].parent", "later must be the key of an earlier unit"),
        ("body.units[1].files[0].mediaId", "must be a file of this programme whose upload is complete"),
        ("body.units[1].files[1].key", "a is used twice in this unit"),
        ("body.units[1].files[1].mediaId", "must be a file of this programme whose upload is complete"),
        ("body.units[2].key", "intro is the key of an earlier unit; keys are unique"),
    ]
    await world.admin.get(f"{path}/content", 404)


async def test_publishing_needs_units_and_known_prerequisites(world: World) -> None:
    path = await a_module(world)
    await world.admin.put(f"{path}/draft", {**CONTENT, "units": []}, If_Match='"1"')
    await world.admin.post(f"{path}/publish", None, 409, If_Match='"2"')
    await world.admin.put(f"{path}/draft", {**CONTENT, "prerequisites": ["optics"]}, If_Match='"2"')
    problem = await world.admin.post(f"{path}/publish", None, 422, If_Match='"3"')
    reason = "must be keys of modules of this programme, which has: mems"
    assert problem["errors"] == [{"where": "prerequisites", "reason": reason}]


async def test_a_participant_reads_a_unit_with_links_that_lead_on(world: World) -> None:
    programme = await world.programme()
    media = await world.upload(world.admin, programme, "plot.png", b"\x89PNG\r\n\x1a\n", "image/png")
    file = {"key": "plot.png", "name": "plot.png", "role": "inline", "mediaId": media["id"]}
    units = [{**INTRO, "body": "![plot](lms-file:plot.png) [film](lms-unit:film#start)", "files": [file]}, FILM]
    run = await world.run(programme, await world.module(programme, units))
    student = await world.student("Anna", programme)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    base = f"/runs/{run['id']}/units"
    assert await student.get(f"{base}/intro") == {
        "key": "intro", "parent": None, "kind": "reading", "title": "Introduction", "required": True,
        "body": f"![plot]({base}/intro/files/plot.png) [film]({base}/film#start)", "minutes": None, "maxScore": None,
        "files": [{
            "key": "plot.png", "name": "plot.png", "role": "inline", "language": None, "contentType": "image/png",
            "size": 8, "width": None, "height": None, "durationMs": None, "pages": None, "ready": True,
            "href": f"{base}/intro/files/plot.png", "poster": None,
        }],
    }  # fmt: skip
    await student.get(f"{base}/missing", 404)
