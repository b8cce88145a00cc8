"""A planner, a student and a lecturer look at a week: as a page, as a picture and as a print."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from tests.support.weeks import planned, prepared, week, worked
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.world import Actor, World


async def titles(actor: Actor, path: str, view: str) -> list[str]:
    answer = await actor.call("GET", f"{path}view={view}")
    assert answer.status_code == 200, answer.text
    return sorted(head.text or "" for head in ET.fromstring(answer.text).findall(".//tbody/tr/th"))


def named(sessions: Iterable[dict[str, Any]]) -> list[str]:
    titles = {one["key"]: one["title"] for one in week("")["sessions"]}
    keys = (one["key"].partition("/") for one in sessions)
    return sorted(f"{titles[key]} ({part})" if part else titles[key] for key, _, part in keys)


ALL = [
    "At Feinwerk's", "At the bench (1)", "At the bench (2)", "Evening by the river", "Lasers", "Opening", "Recap",
    "Safety in the clean room",
]  # fmt: skip


async def test_everybody_sees_what_is_published_and_the_planner_what_is_not_yet(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    lea = await world.person("Lea", "lecturer", setting.programme)
    sam, uta = await world.student("Sam", setting.programme), await world.student("Uta", setting.programme)
    guest = await world.student("Gil", other.programme)
    await sam.put(f"/runs/{setting.run['id']}/enrolment", {})
    content = week(setting.run["id"])
    content["lecturers"][1]["personId"] = lea.id
    made = await world.admin.post(f"{setting.path}/weeks", content)
    plan = await planned(world, setting.path, made["id"])
    draft = f"{setting.path}/plans/{plan['id']}/picture"
    public = f"{setting.path}/weeks/{made['id']}/publication/picture"
    assert await titles(world.admin, f"{draft}?proposal=1&", "all") == ALL
    refused = await world.admin.get(f"{draft}?proposal=2", 404)
    assert refused["detail"] == "The plan has 1 proposals, none with the number 2."
    await world.admin.get(public, 404)
    for nobody in (lea, sam):
        await nobody.get(draft, 403)
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    await worked(world)

    mems = [title for title in ALL if title not in ("Lasers", "Recap")]
    assert await titles(sam, f"{public}?", "track:mems") == mems
    placed = plan["result"]["proposals"][0]["sessions"]
    assert await titles(sam, f"{public}?", "room:lab") == named(one for one in placed if one["room"] == "lab")
    okafor = named(one for one in placed if "okafor" in one["lecturers"])
    assert await titles(sam, f"{public}?", "lecturer:okafor") == okafor
    assert await titles(sam, f"{public}?", "me") == ALL
    assert await titles(uta, f"{public}?", "me") == []  # a student of the programme without a seat in the run
    assert await titles(lea, f"{public}?", "me") == okafor
    await guest.get(public, 404)
    await world.admin.get(public.replace(setting.path, other.path), 404)
    await world.admin.get(draft.replace(setting.path, other.path), 404)

    for word, kind, start in (
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("svg", "image/svg+xml", "<svg"),
        ("pdf", "application/pdf", "%PDF"),
    ):
        answer = await sam.call("GET", f"{public}?view=track:mems&format={word}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.content.startswith(start.encode())
        assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
        assert answer.headers["content-disposition"] == f'inline; filename="week-track-mems.{word}"'
        assert answer.content == (await sam.call("GET", f"{public}?view=track:mems&format={word}")).content


async def test_there_is_no_such_view(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    plan = await planned(world, setting.path, made["id"])
    draft = f"{setting.path}/plans/{plan['id']}/picture"

    async def refused(query: str) -> Any:
        return (await world.admin.get(f"{draft}?{query}", 422))["errors"]

    ways = "must be all, me, track:KEY, room:KEY or lecturer:KEY"
    assert await refused("view=track:moon") == [
        {"where": "query.view", "reason": "the week has no track moon; it has mems, optics"}
    ]
    for view in ("", "moon", "track", "me:weiss", "site:campus"):
        assert await refused(f"view={view}") == [{"where": "query.view", "reason": ways}]
    assert await refused("format=png") == [{"where": "query.format", "reason": "must be one of html, svg, pdf"}]

    async def told(view: str) -> list[str]:
        with statements(world.database) as seen:
            await world.admin.call("GET", f"{draft}?view={view}&format=pdf")
        ours = ("SELECT university_weeks_", "SELECT run_enrolment.")  # not who asks, which is kept for a while
        return [one for one in seen if one.startswith(ours)]

    assert [len(await told(view)) for view in ("all", "track:mems", "me")] == [1, 1, 4]
