"""What a change of the policy would mean is told before it counts, in whole sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.interns import MAIN, TWO, Placement
from tests.support.world import statements

if TYPE_CHECKING:
    import pytest

    from tests.support.world import World


async def effects(scene: Placement, *internships: dict[str, Any]) -> list[tuple[str, str]]:
    place = f"/programmes/{scene.programme['id']}/plugins/internship_credit/preview"
    body = {"enabled": True, "settings": {"internships": list(internships)}}
    found = await scene.world.admin.post(place, body, 200)
    return [(one["code"], one["reason"]) for one in found["effects"]]


async def test_what_a_policy_names_in_vain_or_too_much_of_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)

    def policy(version: str, *ects: str) -> dict[str, Any]:
        return {"version": version, "parts": [{**MAIN, "key": f"p{n}", "ects": one} for n, one in enumerate(ects)]}

    none = "No regulation demands an internship in these settings: students can begin none."
    assert await effects(scene) == [("no-internships", none)]
    assert await effects(scene, policy("po-2026", "45", "45")) == []  # a degree of 90
    assert await effects(scene, policy("po-2026", "45", "45.01"), policy("po-2062", "5")) == [
        ("too-many-ects", "The parts of po-2026 bring 90.01 ECTS together, and the whole degree takes 90."),
        ("no-regulation", "No regulation has the version po-2062; there is po-2026."),
    ]


async def test_whom_a_part_concerns_that_goes_away_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch, TWO)
    other = await Placement.of(world, monkeypatch, TWO, key="other")
    await other.drafted("first")
    await scene.running("first")
    await scene.drafted("first", firstDay="2027-07-05", lastDay="2027-08-31")
    for _ in range(2):
        await scene.drafted("second", firstDay="2027-07-05", lastDay="2027-08-31")
    board = f"{scene.path}/persons/{scene['Ines'].id}/parts/second"
    gone = await scene.drafted("second")
    await scene.step("Ines", gone, "withdraw")
    kept = {"version": "po-2026", "parts": TWO}
    assert await effects(scene, kept) == []
    one = "of the part first of po-2026, which these settings lack"
    first = [
        ("no-policy", f"1 internship {one}: no step can be taken until it is there again."),
        ("no-policy", f"1 draft {one}: nobody can propose it."),
    ]
    assert await effects(scene, {"version": "po-2026", "parts": TWO[1:]}) == first
    other_two = [
        ("no-policy", "2 drafts of the part second of po-2026, which these settings lack: nobody can propose it.")
    ]
    with statements(world.database) as seen:
        assert (await effects(scene, {"version": "po-2026", "parts": [MAIN]})) == [*first, *other_two]
    assert len([one for one in seen if "internship_credit" in one]) == 4
    assert "409" in str(await scene["Berta"].call("PUT", board, {"kind": "waived", "evidence": "Six years."}))
    for draft in (await scene["Ines"].get(f"{scene.path}/me/cases"))["items"]:
        if draft["part"] == "second" and draft["state"] == "draft":
            await scene.step("Ines", draft["id"], "withdraw")
    await scene["Berta"].put(board, {"kind": "waived", "evidence": "Six years."}, 204)
    assert await effects(scene, {"version": "po-2026", "parts": TWO[:1]}) == [
        (
            "settled",
            "The board has waived or recognised the part second for 1 student; no regulation has it any more.",
        )
    ]


async def test_what_is_booked_of_a_part_that_is_renamed_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    case = await scene.evaluated()
    await scene.step("Berta", case, "recognise")
    assert await effects(scene, {"version": "po-2026", "parts": [MAIN]}) == []
    told = (
        "1 booked internship of the part main of po-2026, which these settings lack: the ECTS stay; if the part has "
        "another key now, that counts as not done."
    )
    renamed = {"version": "po-2026", "parts": [{**MAIN, "key": "practice"}]}
    assert await effects(scene, renamed) == [("booked-lost", told)]
    # turned off, what is booked is not under way
    place = f"/programmes/{scene.programme['id']}/plugins/internship_credit/preview"
    assert (await world.admin.post(place, {"enabled": False}, 200))["effects"] == []
