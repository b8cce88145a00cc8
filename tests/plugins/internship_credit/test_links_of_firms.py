"""Where no mail is sent at all, the office passes the links of firms on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.interns import Placement

if TYPE_CHECKING:
    import pytest

    from tests.support.world import World

OFFER = {
    "title": "Etching of membranes", "tasks": "Wet etching.", "place": "Villingen", "language": "German B1",
    "firstDay": "2027-04-05", "lastDay": "2027-06-30", "weeklyHours": "35", "places": 1, "closesOn": "2027-03-20",
}  # fmt: skip


async def test_the_office_passes_links_on_where_no_mail_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    firm, otto = scene.firm["id"], scene["Otto"]
    offer = (await otto.post(f"{scene.path}/offers", {**OFFER, "organisationId": firm}))["id"]
    for place, title in (
        (f"organisations/{firm}", "Angebote von <bdi>Sensors GmbH</bdi>"),
        (f"offers/{offer}", OFFER["title"]),
    ):
        before, made = [await otto.post(f"{scene.path}/{place}/links", {}) for _ in range(2)]
        assert made["mailedTo"] is None
        assert str(title) in (await world.http.get(made["url"])).text
        assert (await world.http.get(before["url"])).status_code == 401  # the newest is the one that counts
        unknown = await otto.post(f"{scene.path}/{place}/links", {"contactId": firm}, 422)
        assert unknown["errors"] == [{"where": "body.contactId", "reason": "must be one of this firm's"}]
