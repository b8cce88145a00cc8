"""Where the plugin is turned off nothing new begins, what is under way is finished, and all of it stays readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.schedule import enqueue_due
from lms_core.outbox.work import settle
from tests.plugins.internship_credit.test_offers import offered
from tests.support.interns import DESCRIPTION, Placement

if TYPE_CHECKING:
    from tests.support.world import World


async def test_what_is_under_way_is_finished_and_nothing_new_begins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    await world.programme("never")
    await offered(scene)
    case = await scene.running()
    draft = await scene.drafted(firstDay="2027-07-05", lastDay="2027-08-31")
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    preview = await world.admin.post(f"{switch}/preview", {"enabled": False}, 200)
    assert [effect["reason"] for effect in preview["effects"]] == [
        "1 internship is under way and will be finished; nothing new can be proposed.",
        "1 open offer is kept. While it is off nobody can find offers, apply or decide: the catalogue and the links of "
        "firms to their offers and applicants answer nothing.",
    ]
    gone = set(preview["disappears"]["routes"])
    here = "/programmes/{programme_id}/internship_credit"
    assert {f"POST {here}/me/cases", f"GET {here}/offers", f"GET {here}/employer"} <= gone
    assert gone.isdisjoint({f"GET {here}/me/cases", f"POST {here}/me/cases/{{case_id:uuid}}/steps", f"GET {here}/host"})
    assert preview["disappears"]["jobs"] == []
    await world.admin.put(switch, {"enabled": False}, If_Match='"1"')

    begin = {"part": "main", "organisationId": scene.firm["id"]}
    assert await scene["Ines"].post(f"{scene.path}/me/cases", begin, 404) == {
        "type": "urn:lms:problem:turned-off", "title": "The programme has turned this off", "status": 404,
        "detail": "The programme has turned internship_credit off; what it keeps is there when it is on again.",
    }  # fmt: skip
    assert (await scene["Ines"].call("GET", f"{scene.path}/offers")).status_code == 404
    page = await world.http.get(f"{scene.path}/employer?link=any", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "Der Studiengang bietet das zurzeit nicht an." in page.text
    refused = await scene.step("Ines", draft, "propose", 409)
    assert refused["detail"].startswith("The programme takes no new internships")

    # the clock goes on: its jobs run where the plugin was
    scene.at("2027-06-05")
    await enqueue_due(world.database, world.app.state.hooks)
    await settle(world.database, [PluginChannel(world.app.state.hooks)])
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "ended"
    certified = {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "300"}
    await scene.guest(case, "mentor", "certify", certified=certified)
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/report", {"text": "It went on."})
    secret = await scene.link(case, "mentor")
    points = dict.fromkeys(("knowledge", "quality", "initiative", "teamwork", "reliability"), 4)
    await world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=points)
    await scene.step("Ines", case, "submit")
    await scene.step("Sabine", case, "evaluate")
    booked = await scene.step("Berta", case, "recognise")
    assert booked["state"] == "booked"
    assert booked["description"] == DESCRIPTION
    assert (await scene["Ines"].get("/me/transcript"))["programmes"][0]["ectsEarned"] == "5"


async def test_where_it_never_was_nothing_answers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await world.programme("never")
    lecturer = await scene.person("Lea")
    await world.admin.post(
        f"/persons/{lecturer.id}/grants", {"role": "lecturer", "scope": "programme", "scopeId": other["id"]}
    )
    for who in (world.admin, lecturer):
        for path in ("me/cases", "supervised", "cases", "decisions", "host"):
            found = await who.call("GET", f"/programmes/{other['id']}/internship_credit/{path}")
            assert found.status_code == 404, path
