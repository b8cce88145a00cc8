"""Documents of internships are deleted when their time is over, and never before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lms_internship_credit.papers import ended_before, until
from lms_internship_credit.settings import Settings

from lms_core.media.sweep import sweep
from tests.support.interns import POINTS, Placement
from tests.support.papers import PDF, at, bring, certified, kinds, lines, read_at
from tests.support.world import sha256

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def decided(scene: Placement, case: str, action: str, **more: Any) -> None:
    """Bring a case with its report from there to the board's decision."""
    secret = await scene.link(case, "mentor")
    await scene.world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=POINTS)
    await scene.step("Ines", case, "submit")
    await scene.step("Sabine", case, "evaluate")
    await scene.step("Berta", case, action, **more)


async def in_store(world: World, scene: Placement, file: str) -> bool:
    return await world.app.state.store.stat(f"media/{scene.programme['id']}/{file}") is not None


async def test_a_report_is_a_file_and_goes_when_its_time_is_over(world: World, scene: Placement) -> None:
    case = await certified(scene)
    refused = await scene.step("Ines", case, "submit", 409)
    assert [error["where"] for error in refused["errors"]] == ["report"]
    file = await bring(scene, "Ines", case, "report")
    await decided(scene, case, "recognise")
    assert (await scene["Ines"].get("/me/transcript"))["programmes"][0]["ectsEarned"] == "5"

    (shown,) = (await scene["Sabine"].get(at(scene, "Sabine", case)))["items"]
    assert shown == {
        "id": file, "kind": "report", "role": "student", "by": "Ines ms", "at": "2027-06-05T11:00:00Z",
        "name": "scan.pdf", "size": len(PDF), "contentType": "application/pdf", "sha256": sha256(PDF),
        "state": "ready", "relied": True, "keepUntil": "2032-06-05",
    }  # fmt: skip
    address = (await scene["Sabine"].get(at(scene, "Sabine", case, f"/{file}")))["url"]
    assert await read_at(address) == (200, PDF)
    digest = {"kind": "report", "sha256": sha256(PDF)}
    brought = [("bring", "Ines ms", {**digest, "size": len(PDF)})]
    assert await lines(scene, case, "bring", "forget") == brought

    await scene.day("2032-06-05")
    assert await kinds(scene, "Ines", case) == ["report"]
    await scene.day("2032-06-06")
    assert await kinds(scene, "Ines", case) == []
    for name in ("Ines", "Sabine", "Otto", "Berta"):
        await scene[name].get(at(scene, name, case, f"/{file}"), 404)
    assert await read_at(address) == (200, PDF)  # for who is reading it
    scene.at("2032-06-07")
    await sweep(world.database, world.app.state.store)
    assert ((await read_at(address))[0], await in_store(world, scene, file)) == (404, False)
    found = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"][-2]  # the words go after it
    assert (found["action"], found["by"], found["at"], found["entered"]) == (
        "forget", "the calendar", "2032-06-06T11:00:00Z", digest,
    )  # fmt: skip
    assert await lines(scene, case, "bring") == brought


async def test_each_kind_has_its_time_and_an_open_case_keeps_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch, retention={"insurance": 1, "certificate": 24})
    case = await certified(scene)
    for kind in ("insurance", "contract", "certificate", "report"):
        await bring(scene, "Ines", case, kind, PDF + kind.encode())
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/report", {"text": "I etched."})
    secret = await scene.link(case, "mentor")
    await world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=POINTS)
    await scene.step("Ines", case, "submit")
    await scene.day("2036-06-05")  # nobody decides for years
    assert await kinds(scene, "Ines", case) == ["insurance", "contract", "certificate", "report"]
    await scene.step("Sabine", case, "evaluate")
    await scene.step("Berta", case, "recognise")
    found = (await scene["Otto"].get(at(scene, "Otto", case)))["items"]
    assert [(one["kind"], one["keepUntil"]) for one in found] == [
        ("insurance", "2036-07-05"), ("contract", "2038-06-05"), ("certificate", "2038-06-05"),
        ("report", "2041-06-05"),
    ]  # fmt: skip
    await scene.day("2036-07-06")
    assert await kinds(scene, "Ines", case) == ["contract", "certificate", "report"]
    # what the board takes up again is open, and its time begins anew
    await scene.step("Berta", case, "reverse", note="It was another one's report.")
    await scene.day("2038-08-01")
    assert await kinds(scene, "Ines", case) == ["contract", "certificate", "report"]
    await scene.step("Berta", case, "recognise")
    await scene.day("2040-08-02")
    assert await kinds(scene, "Ines", case) == ["report"]
    assert await lines(scene, case, "submit") == [("submit", "Ines ms", {"text": "I etched."})]
    await scene.day("2043-08-02")
    assert await kinds(scene, "Ines", case) == []
    left = {"sha256": sha256(b"I etched."), "deletedAt": "2043-08-02T11:00:00+00:00"}
    assert await lines(scene, case, "submit") == [("submit", "Ines ms", left)]
    history = len((await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"])
    await scene.day("2044-08-02")
    assert len((await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"]) == history


async def test_nothing_goes_while_somebody_can_appeal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    settings: dict[str, Any] = {
        "internships": [
            {"version": "po-2026", "appeal_days": 90, "parts": [{"key": "main", "title": "I", "ects": "5"}]}
        ],
        "retention": {"report": 1},
    }
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    await world.admin.put(switch, {"enabled": True, "settings": settings}, If_Match='"1"')
    scene.settings = msgspec.convert(settings, Settings)
    case = await certified(scene)
    file = await bring(scene, "Ines", case, "report")
    await decided(scene, case, "reject", note="It tells nothing.")
    await scene.day("2027-09-03")  # the last day for an appeal
    assert await kinds(scene, "Ines", case) == ["report"]
    await scene.step("Ines", case, "appeal", note="It tells all.")
    await scene.day("2028-09-03")
    assert await kinds(scene, "Ines", case) == ["report"]
    await scene.step("Berta", case, "reject", note="It still does not.")
    await scene.day("2028-12-02")
    assert await kinds(scene, "Ines", case) == ["report"]
    await scene.day("2028-12-03")
    assert await kinds(scene, "Ines", case) == []
    await scene["Berta"].get(at(scene, "Berta", case, f"/{file}"), 404)


async def test_a_shorter_time_is_told_before_it_counts(world: World, scene: Placement) -> None:
    case = await certified(scene)
    await bring(scene, "Ines", case, "report")
    await bring(scene, "Otto", case, "insurance", PDF + b"!")
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/report", {"text": "I etched."})
    await decided(scene, case, "recognise")
    await scene.day("2028-01-01")
    assert len(await kinds(scene, "Ines", case)) == 2
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    settings = (await world.admin.get(switch))["settings"]
    shorter = {"enabled": True, "settings": {**settings, "retention": {"report": 6, "insurance": 6}}}
    preview = await world.admin.post(f"{switch}/preview", shorter, 200)
    told = "{} of the kind {} will be deleted within the hour: by these settings their time is over."
    assert [effect["reason"] for effect in preview["effects"]] == [
        told.format("1 document", "insurance"), told.format("2 documents", "report"),
    ]  # fmt: skip
    assert (await world.admin.post(f"{switch}/preview", {"enabled": True, "settings": settings}, 200))["effects"] == []


@pytest.mark.parametrize(
    ("ended", "months", "last"),
    [("2027-01-31", 1, "2027-02-28"), ("2027-01-31", 13, "2028-02-29"), ("2027-12-05", 12, "2028-12-05"),
     ("2027-03-30", 11, "2028-02-29"), ("2027-06-05", 600, "2077-06-05")],
)  # fmt: skip
def test_months_are_those_of_the_calendar(ended: str, months: int, last: str) -> None:
    day = date.fromisoformat(last)
    assert until(date.fromisoformat(ended), months) == day
    assert ended_before(day, months) <= date.fromisoformat(ended) < ended_before(day + timedelta(days=1), months)


def test_every_day_of_years_agrees_with_every_other() -> None:
    """A case is old on a day just when the day until which its documents are kept is over."""
    days = [date(2027, 1, 1) + timedelta(days=number) for number in range(800)]
    for months in (1, 7, 12):
        for today in days[400::3]:
            first = ended_before(today, months)
            assert all((until(day, months) < today) == (day < first) for day in days[:400:2])
