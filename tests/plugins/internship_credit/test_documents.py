"""Documents of internships: brought to the store, read by whom they concern, taken back until a step rests upon them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from tests.support.interns import CERTIFIED, Placement
from tests.support.papers import PDF, announced, at, bring, certified, kinds, lines, put_parts, read_at, send
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def test_only_those_see_a_document_whom_it_concerns(world: World, scene: Placement) -> None:
    other = await Placement.of(world, scene._monkeypatch, key="bs")
    case, theirs = await certified(scene), await other.drafted()
    certificate, insurance = [
        await bring(scene, "Ines", case, kind, PDF + kind.encode()) for kind in ("certificate", "insurance")
    ]
    assert await kinds(scene, "Sabine", case) == ["certificate"]
    await scene["Sabine"].get(at(scene, "Sabine", case, f"/{insurance}"), 404)
    for name in ("Ines", "Otto", "Berta"):
        assert await kinds(scene, name, case) == ["certificate", "insurance"]
        assert await read_at((await scene[name].get(at(scene, name, case, f"/{certificate}")))["url"]) == (
            200,
            PDF + b"certificate",
        )

    bea = await world.student("Bea", scene.programme)
    stranger = await scene.person("Lea", "lecturer")
    mine = f"{scene.path}/me/cases/{case}"
    for path in (f"{mine}/documents", f"{mine}/documents/{certificate}"):
        await bea.get(path, 404)
        await other["Ines"].get(path, 404)
    for path in (at(scene, "Sabine", case), at(scene, "Sabine", case, f"/{certificate}")):
        await stranger.get(path, 404)
    part = {"parts": [{"number": 1, "sha256": sha256(PDF + b"certificate")}]}
    await bea.post(f"{mine}/files/{certificate}/complete", part, 404)
    await bea.put(f"{mine}/files/{uuid4()}", announced(PDF), 404)
    await bea.put(f"{mine}/documents/{certificate}", {"kind": "certificate"}, 404)
    await bea.delete(f"{mine}/documents/{certificate}", 404)
    # by the address of another case, of one's own or of another programme
    for who, place in (
        (other["Ines"], f"{other.path}/me/cases/{theirs}"),
        (other["Otto"], f"{other.path}/cases/{theirs}"),
    ):
        await who.get(f"{place}/documents/{certificate}", 404)
        await who.put(f"{place}/documents/{certificate}", {"kind": "contract"}, 404)
        await who.delete(f"{place}/documents/{certificate}", 404)
        await who.put(f"{place}/files/{certificate}", announced(PDF + b"certificate"), 409)
    # nor by a link of the firm, which reads none
    secret = await scene.link(case, "host")
    for method, path in (
        ("GET", f"documents/{certificate}"), ("GET", "documents"), ("DELETE", f"documents/{certificate}"),
        ("GET", f"files/{certificate}"),
    ):  # fmt: skip
        answer = await world.http.request(method, f"{scene.path}/host/{path}?link={secret}")
        assert answer.status_code in (404, 405), answer.text
    shown = await world.http.get(f"{scene.path}/host?link={secret}", headers={"Accept": "application/json"})
    assert str(certificate) not in shown.text
    assert sha256(PDF + b"certificate") not in shown.text


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
    # a picture that calls itself a PDF is none, nor is what is nothing known; one that begins late is never shown
    for data, state, status in (
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "quarantined", 409), (b"not a pdf at all", "quarantined", 409),
        (b"<script>", "quarantined", 409), (b"\r\n@PJL SET\r\n" + PDF, "ready", 200),
    ):  # fmt: skip
        place = f"{scene.path}/me/cases/{case}/files/{uuid4()}"
        await put_parts(await scene["Ines"].put(place, announced(data)), data)
        done = await scene["Ines"].post(f"{place}/complete", {"parts": [{"number": 1, "sha256": sha256(data)}]}, 200)
        assert done["state"] == state
        await scene["Ines"].put(place.replace("/files/", "/documents/"), {"kind": "report"}, status)
    address = (await scene["Ines"].get(at(scene, "Ines", case, f"/{done['id']}")))["url"]
    async with httpx.AsyncClient() as outside:
        headers = (await outside.get(address)).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


async def test_who_brought_it_takes_it_back_until_a_step_rests_upon_it(scene: Placement) -> None:
    case = await certified(scene)
    first, second = [await bring(scene, "Ines", case, "report", PDF + bytes([n])) for n in range(2)]
    await scene["Otto"].delete(at(scene, "Otto", case, f"/{first}"), 404)
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
    assert problem["detail"] == (
        "No report is awaited of what is report submitted: it is written after the end, until it is handed in."
    )
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
    file = await bring(scene, "Ines", case, "certificate")
    ready = await send(scene, "Ines", case, PDF + b"!")
    await scene["Sabine"].get(at(scene, "Sabine", case))
    counts = {}
    for name, act in (
        ("list", lambda: scene["Sabine"].get(at(scene, "Sabine", case))),
        ("read", lambda: scene["Sabine"].get(at(scene, "Sabine", case, f"/{file}"))),
        ("bring", lambda: scene["Ines"].put(at(scene, "Ines", case, f"/{ready}"), {"kind": "certificate"})),
        ("take back", lambda: scene["Ines"].delete(at(scene, "Ines", case, f"/{ready}"))),
        ("nothing to forget", lambda: scene.day("2027-06-06")),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    # of those of bringing one asks whether the plugin is on, one who she is, and three list what there is then
    assert counts == {"list": 3, "read": 3, "bring": 14, "take back": 12, "nothing to forget": 5}
