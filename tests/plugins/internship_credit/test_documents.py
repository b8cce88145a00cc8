"""Documents of internships: brought to the store, read by whom they concern, deleted when their time is over."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from lms_internship_credit.papers import ended_before, until
from lms_internship_credit.settings import Settings

from lms_core.media.sweep import sweep
from tests.support.interns import CERTIFIED, PLACES, POINTS, Placement
from tests.support.papers import PDF, announced, bring, put_parts, read_at, send
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


def at(scene: Placement, name: str, case: str, rest: str = "") -> str:
    return f"{scene.path}/{PLACES[name]}/{case}/documents{rest}"


async def certified(scene: Placement) -> str:
    """Bring a case to where its report is awaited; return its id."""
    case = await scene.running()
    await scene.day("2027-06-05")
    await scene.guest(case, "host", "certify", certified=CERTIFIED)
    return case


async def decided(scene: Placement, case: str, action: str, **more: Any) -> None:
    """Bring a case with its report from there to the board's decision."""
    secret = await scene.link(case, "mentor")
    await scene.world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=POINTS)
    await scene.step("Ines", case, "submit")
    await scene.step("Sabine", case, "evaluate")
    await scene.step("Berta", case, action, **more)


async def kinds(scene: Placement, name: str, case: str) -> list[str]:
    return [one["kind"] for one in (await scene[name].get(at(scene, name, case)))["items"]]


async def lines(scene: Placement, case: str, *actions: str) -> list[tuple[str, str, Any]]:
    found = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"]
    return [(line["action"], line["by"], line["entered"]) for line in found if line["action"] in actions]


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
    found = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"][-1]
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
    assert await lines(scene, case, "write") == [("write", "Ines ms", {"text": "I etched."})]
    await scene.day("2043-08-02")
    assert await kinds(scene, "Ines", case) == []
    left = {"sha256": sha256(b"I etched."), "deletedAt": "2043-08-02T11:00:00+00:00"}
    assert await lines(scene, case, "write") == [("write", "Ines ms", left)]
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


async def test_only_those_see_a_document_whom_it_concerns(world: World, scene: Placement) -> None:
    other = await Placement.of(world, scene._monkeypatch, key="bs")
    case, theirs = await certified(scene), await other.drafted()
    report, insurance = [
        await bring(scene, "Ines", case, kind, PDF + kind.encode()) for kind in ("report", "insurance")
    ]
    assert await kinds(scene, "Sabine", case) == ["report"]
    await scene["Sabine"].get(at(scene, "Sabine", case, f"/{insurance}"), 404)
    for name in ("Ines", "Otto", "Berta"):
        assert await kinds(scene, name, case) == ["report", "insurance"]
        assert await read_at((await scene[name].get(at(scene, name, case, f"/{report}")))["url"]) == (
            200,
            PDF + b"report",
        )

    bea = await world.student("Bea", scene.programme)
    stranger = await scene.person("Lea", "lecturer")
    mine = f"{scene.path}/me/cases/{case}"
    for path in (f"{mine}/documents", f"{mine}/documents/{report}"):
        await bea.get(path, 404)
        await other["Ines"].get(path, 404)
    for path in (at(scene, "Sabine", case), at(scene, "Sabine", case, f"/{report}")):
        await stranger.get(path, 404)
    part = {"parts": [{"number": 1, "sha256": sha256(PDF + b"report")}]}
    await bea.post(f"{mine}/files/{report}/complete", part, 404)
    await bea.put(f"{mine}/files/{uuid4()}", announced(PDF), 404)
    await bea.put(f"{mine}/documents/{report}", {"kind": "report"}, 404)
    await bea.delete(f"{mine}/documents/{report}", 404)
    # by the address of another case, of one's own or of another programme
    for who, place in (
        (other["Ines"], f"{other.path}/me/cases/{theirs}"),
        (other["Otto"], f"{other.path}/cases/{theirs}"),
    ):
        await who.get(f"{place}/documents/{report}", 404)
        await who.put(f"{place}/documents/{report}", {"kind": "contract"}, 404)
        await who.delete(f"{place}/documents/{report}", 404)
        await who.put(f"{place}/files/{report}", announced(PDF + b"report"), 409)
    # nor by a link of the firm, which reads none
    secret = await scene.link(case, "host")
    for method, path in (
        ("GET", f"documents/{report}"), ("GET", "documents"), ("DELETE", f"documents/{report}"),
        ("GET", f"files/{report}"),
    ):  # fmt: skip
        answer = await world.http.request(method, f"{scene.path}/host/{path}?link={secret}")
        assert answer.status_code in (404, 405), answer.text
    shown = await world.http.get(f"{scene.path}/host?link={secret}", headers={"Accept": "application/json"})
    assert str(report) not in shown.text
    assert sha256(PDF + b"report") not in shown.text


async def test_what_is_not_sent_cannot_be_submitted(scene: Placement) -> None:
    case = await certified(scene)
    place = f"{scene.path}/me/cases/{case}"
    file = str(uuid4())
    made = await scene["Ines"].put(f"{place}/files/{file}", announced(PDF))
    problem = await scene["Ines"].put(f"{place}/documents/{file}", {"kind": "report"}, 409)
    assert problem["detail"] == "The file scan.pdf has not been sent completely, or is damaged; send it first."
    assert (await scene.step("Ines", case, "submit", 409))["errors"][0]["where"] == "report"
    await put_parts(made, PDF)
    await scene["Ines"].put(f"{place}/documents/{file}", {"kind": "report"}, 409)  # sent, and nobody said so
    part = {"number": 1, "sha256": sha256(PDF)}
    await scene["Ines"].post(f"{place}/files/{file}/complete", {"parts": [part]}, 200)
    for _ in range(2):
        found = await scene["Ines"].put(f"{place}/documents/{file}", {"kind": "report"})
        assert [one["id"] for one in found["items"]] == [file]
    await scene["Ines"].put(f"{place}/documents/{file}", {"kind": "contract"}, 409)
    assert len(await lines(scene, case, "bring")) == 1
    await scene.step("Ines", case, "submit")


async def test_only_documents_are_brought(scene: Placement) -> None:
    case = await certified(scene)
    place = f"{scene.path}/me/cases/{case}/files/{uuid4()}"
    page = announced(b"<script>", "page.html", "text/html")
    problem = await scene["Ines"].put(place, page, 422)
    assert problem["errors"] == [
        {"where": "body.contentType", "reason": "must be one of application/pdf, image/jpeg, image/png"}
    ]
    problem = await scene["Ines"].put(place, {**announced(PDF), "size": 50 * 1024**2 + 1, "parts": []}, 422)
    assert problem["errors"] == [{"where": "body.size", "reason": "must be 52428800 at most"}]
    # a picture that calls itself a PDF is none; what is not known at all is saved, and never shown by a browser
    for data, state, status in ((b"\x89PNG\r\n\x1a\n" + bytes(40), "quarantined", 409), (b"<script>", "ready", 200)):
        place = f"{scene.path}/me/cases/{case}/files/{uuid4()}"
        await put_parts(await scene["Ines"].put(place, announced(data)), data)
        done = await scene["Ines"].post(f"{place}/complete", {"parts": [{"number": 1, "sha256": sha256(data)}]}, 200)
        assert done["state"] == state
        await scene["Ines"].put(place.replace("/files/", "/documents/"), {"kind": "report"}, status)
    address = (await scene["Sabine"].get(at(scene, "Sabine", case, f"/{done['id']}")))["url"]
    async with httpx.AsyncClient() as outside:
        headers = (await outside.get(address)).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


async def test_who_brought_it_takes_it_back_until_a_step_rests_upon_it(scene: Placement) -> None:
    case = await certified(scene)
    first, second = [await bring(scene, "Ines", case, "report", PDF + bytes([n])) for n in range(2)]
    await scene["Otto"].delete(at(scene, "Otto", case, f"/{first}"), 403)
    await scene["Ines"].delete(at(scene, "Ines", case, f"/{first}"))
    await scene["Ines"].delete(at(scene, "Ines", case, f"/{first}"), 404)
    await scene["Ines"].delete(at(scene, "Ines", case, f"/{second}"))
    assert (await scene.step("Ines", case, "submit", 409))["errors"][0]["where"] == "report"

    third = await bring(scene, "Ines", case, "report")
    await scene.step("Ines", case, "submit")
    problem = await scene["Ines"].delete(at(scene, "Ines", case, f"/{third}"), 409)
    assert problem["detail"].startswith("A step of the case rests upon this document")
    late = await send(scene, "Ines", case, b"%PDF-1.7 Late")
    problem = await scene["Ines"].put(at(scene, "Ines", case, f"/{late}"), {"kind": "report"}, 409)
    assert problem["detail"] == "No report is awaited of what is report submitted."
    # a better one is demanded: the first stays, and does not do
    await scene.step("Sabine", case, "demand_rework", note="Say why it broke.")
    assert (await scene.step("Ines", case, "submit", 409))["errors"][0]["where"] == "report"
    await scene["Ines"].delete(at(scene, "Ines", case, f"/{third}"), 409)
    await scene["Ines"].put(at(scene, "Ines", case, f"/{late}"), {"kind": "report"})
    await scene.step("Ines", case, "submit")
    assert [one["id"] for one in (await scene["Sabine"].get(at(scene, "Sabine", case)))["items"]] == [third, late]
    forgotten = [(by, entered["sha256"]) for _, by, entered in await lines(scene, case, "forget")]
    assert forgotten == [("Ines ms", sha256(PDF + bytes([n]))) for n in range(2)]


async def test_a_host_brings_a_certificate_by_the_link(world: World, scene: Placement) -> None:
    case = await scene.running()
    await scene.day("2027-06-05")
    secret, file = await scene.link(case, "host"), str(uuid4())
    place, link = f"{scene.path}/host", f"?link={secret}"
    for _ in range(2):  # announcing and sending use nothing up
        made = await world.http.put(f"{place}/files/{file}{link}", json=announced(PDF))
        assert made.status_code == 200, made.text
    await put_parts(made.json(), PDF)
    part = {"parts": [{"number": 1, "sha256": sha256(PDF)}]}
    done = await world.http.post(f"{place}/files/{file}/complete{link}", json=part)
    assert done.json()["state"] == "ready"
    refused = await world.http.put(f"{place}/documents/{file}{link}", json={"kind": "report"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "The host brings no report.")
    answer = await world.http.put(f"{place}/documents/{file}{link}", json={"kind": "certificate"})
    assert answer.status_code == 204
    assert (await world.http.put(f"{place}/documents/{file}{link}", json={"kind": "certificate"})).status_code == 401
    (found,) = (await scene["Otto"].get(at(scene, "Otto", case)))["items"]
    assert (found["kind"], found["role"], found["by"]) == ("certificate", "host", "Hans Host, Sensors GmbH")
    # the student reads it, and has no hand in it
    assert await read_at((await scene["Ines"].get(at(scene, "Ines", case, f"/{file}")))["url"]) == (200, PDF)
    await scene["Ines"].delete(at(scene, "Ines", case, f"/{file}"), 403)
    # her own bytes again are another file of hers
    assert await bring(scene, "Ines", case, "certificate") != file


async def test_a_scan_comes_with_what_it_certifies(world: World, scene: Placement) -> None:
    case = await scene.running()
    await scene.day("2027-06-05")
    secret, file = await scene.link(case, "host"), str(uuid4())
    place, link = f"{scene.path}/host", f"?link={secret}"
    body = {"action": "certify", "certified": CERTIFIED, "file": file}

    async def certify(status: int, **more: Any) -> dict[str, Any]:
        answer = await world.http.post(f"{place}/steps{link}", json={**body, **more})
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    await certify(404)
    made = await world.http.put(f"{place}/files/{file}{link}", json=announced(PDF))
    assert (await certify(409))["detail"].startswith("The file scan.pdf has not been sent completely")
    await put_parts(made.json(), PDF)
    part = {"parts": [{"number": 1, "sha256": sha256(PDF)}]}
    await world.http.post(f"{place}/files/{file}/complete{link}", json=part)
    problem = await certify(400, action="cancel")
    assert problem["errors"] == [{"where": "body.file", "reason": "comes with certify only"}]
    # nothing was taken and nothing used up by what was refused
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "ended"
    assert (await certify(200))["state"] == "certified"
    await certify(401)
    assert await kinds(scene, "Otto", case) == ["certificate"]
    # the mentor certifies as well, and brings nothing; the office, on other evidence, does
    assert (await scene.guest(case, "mentor", "certify", 409, certified=CERTIFIED, file=file))["detail"] != ""
    scan = await send(scene, "Otto", case, PDF + b"!")
    await scene.step("Otto", case, "certify", certified=CERTIFIED, file=scan)
    assert [action for action, _, _ in await lines(scene, case, "certify", "bring")] == ["certify", "bring"] * 2
    await scene["Otto"].delete(at(scene, "Otto", case, f"/{scan}"))


async def test_a_report_is_submitted_or_taken_back_and_never_both(scene: Placement) -> None:
    case = await certified(scene)
    for _ in range(5):
        file = await bring(scene, "Ines", case, "report")
        revision = (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["revision"]
        submitted, taken = await asyncio.gather(
            scene["Ines"].call(
                "POST", f"{scene.path}/me/cases/{case}/steps", {"action": "submit"}, If_Match=f'"{revision}"'
            ),
            scene["Ines"].call("DELETE", at(scene, "Ines", case, f"/{file}")),
        )
        assert (submitted.status_code, taken.status_code) in {(200, 409), (412, 204)}
        if submitted.status_code == 200:
            assert (await scene["Sabine"].get(at(scene, "Sabine", case, f"/{file}")))["url"]
            await scene.step("Sabine", case, "demand_rework", note="Once more.")


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


async def test_an_export_has_documents_and_turned_off_they_go_on(world: World, scene: Placement) -> None:
    case = await certified(scene)
    file = await bring(scene, "Ines", case, "report")
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    await world.admin.put(switch, {"enabled": False}, If_Match='"1"')
    contract = await bring(scene, "Otto", case, "contract")
    exported = await world.admin.get(f"{switch}/export")
    rows = exported["tables"]["internship_credit_document"]
    assert [(row["id"], row["kind"], row["sha256"]) for row in rows] == [
        (file, "report", sha256(PDF)), (contract, "contract", sha256(PDF)),
    ]  # fmt: skip
    assert (await scene["Ines"].get(at(scene, "Ines", case, f"/{file}")))["url"]


async def test_the_number_of_statements_is_known(world: World, scene: Placement) -> None:
    case = await certified(scene)
    file = await bring(scene, "Ines", case, "report")
    ready = await send(scene, "Ines", case, PDF + b"!")
    await scene["Sabine"].get(at(scene, "Sabine", case))
    counts = {}
    for name, act in (
        ("list", lambda: scene["Sabine"].get(at(scene, "Sabine", case))),
        ("read", lambda: scene["Sabine"].get(at(scene, "Sabine", case, f"/{file}"))),
        ("bring", lambda: scene["Ines"].put(at(scene, "Ines", case, f"/{ready}"), {"kind": "report"})),
        ("take back", lambda: scene["Ines"].delete(at(scene, "Ines", case, f"/{ready}"))),
        ("nothing to forget", lambda: scene.day("2027-06-06")),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    # of those of bringing one asks whether the plugin is on, one who she is, and three list what there is then
    assert counts == {"list": 3, "read": 3, "bring": 14, "take back": 12, "nothing to forget": 4}


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
