"""The agreement as PDF, over HTTP: who gets whose, in which version and language, and whether what it says is true."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.interns import DESCRIPTION, MENTOR, Placement
from tests.support.pdfs import facts_of, files_of, pages_of, poppler
from tests.support.world import statements

if TYPE_CHECKING:
    import httpx

    from tests.support.world import Actor, World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def printed(who: Actor, place: str, query: str = "", **headers: str) -> bytes:
    answer = await who.call("GET", f"{place}/agreement.pdf{query}", **headers)
    assert answer.status_code == 200, answer.text
    return answer.content


async def approved(scene: Placement) -> str:
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    await scene.step("Sabine", case, "approve")
    return case


@poppler
async def test_everything_from_the_agreement_to_the_evaluation(scene: Placement) -> None:
    case = await scene.evaluated()
    place = f"{scene.path}/me/cases/{case}"
    answer = await scene["Ines"].call("GET", f"{place}/agreement.pdf")
    names = ("content-type", "content-disposition", "content-language", "cache-control", "referrer-policy")
    assert [answer.headers[name] for name in names] == [
        "application/pdf", 'inline; filename="agreement-1.pdf"', "en", "no-store", "no-referrer",
    ]  # fmt: skip
    whole = await scene["Ines"].get(place)
    sha256 = whole["sha256"]
    foot = f"Version 1 of the agreement of case {case} \u00b7 page"
    assert pages_of(answer.content) == [
        "Programme ms Learning agreement for an internship Version 1. All three have signed it. "
        "Who agrees Student Ines ms, ines.ms@example.org Host Sensors GmbH, Villingen, DE "
        "Academic supervisor Sabine ms, sabine.ms@example.org Regulation, part po-2026, main "
        "A. The internship at the host From, to 2027-04-05 \u2013 2027-06-04 Hours a week 35 Place Villingen "
        "Language de Tasks Etch membranes and measure them. Aims: what is learnt Know a clean room. "
        "How it is looked after A talk each Friday. Mentor at the host Mia Mentor, Mentor, mia@sensors.example "
        "B. What the university recognises "
        "[X] Internship: The regulation po-2026 demands it. Once it is recognised, it brings 5 ECTS. "
        "At least: 150 hours. "
        "[ ] It is voluntary during the study; the regulation does not demand it. [ ] It follows after graduation. "
        "Table B says what the regulation says today; it is no part of what is signed. "
        "C. Pay and insurance Allowance or pay 1,200.00 EUR a month "
        "Liability and accidents Liability and accident by the host. "
        "Signatures As Name When (UTC) Student Ines ms 2027-03-01 11:00:00 "
        "Host Hans Host, Sensors GmbH 2027-03-01 11:00:00 Academic supervisor Sabine ms 2027-03-01 11:00:00 "
        f"SHA-256 of what is signed {sha256} What is signed is the file agreement-1.json, which is attached to this "
        "print byte for byte. The command sha256sum says the same digest for it. "
        "D. After the internship First day 2027-04-05 Last day 2027-06-04 Hours worked 300 Days of absence 0 "
        "Certified by Hans Host, Sensors GmbH (Host), 2027-06-05 11:00:00 UTC Knowledge 4 of 5 Quality of work 5 of 5 "
        f"Initiative 4 of 5 Teamwork 5 of 5 {foot} 1 of 2",
        "Reliability 5 of 5 In words Gladly again. "
        f"Evaluated by Mia Mentor, Sensors GmbH (Mentor at the host), 2027-06-05 11:00:00 UTC {foot} 2 of 2",
    ]
    files = files_of(answer.content)
    assert files == {"agreement-1.json": whole["agreement"].encode()}
    assert hashlib.sha256(files["agreement-1.json"]).hexdigest() == sha256
    facts = facts_of(answer.content)
    assert (facts["Title"], facts["CreationDate"]) == (
        "Learning agreement 1: Ines ms at Sensors GmbH", "2027-06-05T11:00:00Z",
    )  # fmt: skip


async def test_all_whom_it_concerns_get_the_same_bytes_and_no_link_is_used_up(scene: Placement, world: World) -> None:
    case = await scene.evaluated()
    found = [
        await printed(scene[name], f"{scene.path}/{place}/{case}")
        for name, place in (("Ines", "me/cases"), ("Sabine", "supervised"), ("Otto", "cases"), ("Berta", "decisions"))
    ]
    for role in ("host", "mentor"):
        secret = await scene.link(case, role)
        for _ in range(2):
            answer = await world.http.get(f"{scene.path}/{role}/agreement.pdf?link={secret}")
            assert answer.status_code == 200, answer.text
            found.append(answer.content)
        page = await world.http.get(f"{scene.path}/{role}?link={secret}")
        assert f'href="{role}/agreement.pdf?link={secret}&amp;language=de"' in page.text
    assert len(set(found)) == 1
    with statements(world.database) as seen:
        await printed(scene["Ines"], f"{scene.path}/me/cases/{case}")
    assert len([one for one in seen if "internship_credit_" in one]) == 4

    # what was agreed can be read where the plugin is turned off
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    await world.admin.put(switch, {"enabled": False}, If_Match='"1"')
    for name, place in (("Ines", "me/cases"), ("Berta", "decisions")):
        assert await printed(scene[name], f"{scene.path}/{place}/{case}") == found[0]
    secret = await scene.link(case, "mentor")
    assert (await world.http.get(f"{scene.path}/mentor/agreement.pdf?link={secret}")).content == found[0]


async def test_nobody_else_gets_it(scene: Placement, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await Placement.of(world, monkeypatch, key="other")
    case, theirs = await approved(scene), await approved(other)
    anna = await scene.person("Anna")
    await world.admin.post(f"/programmes/{scene.programme['id']}/enrolments", {"email": anna.email})
    samuel = await scene.person("Samuel", "lecturer")
    strangers = (
        (anna, "me/cases"), (samuel, "supervised"), (other["Ines"], "me/cases"), (other["Sabine"], "supervised"),
        (other["Otto"], "cases"), (other["Berta"], "decisions"),
    )  # fmt: skip
    for who, place in strangers:
        refused = await who.call("GET", f"{scene.path}/{place}/{case}/agreement.pdf")
        assert refused.status_code == 404, (place, refused.text)
    for name, place in (("Ines", "me/cases"), ("Sabine", "supervised"), ("Otto", "cases"), ("Berta", "decisions")):
        assert (await scene[name].call("GET", f"{scene.path}/{place}/{theirs}/agreement.pdf")).status_code == 404


@poppler
async def test_a_guest_gets_the_case_of_her_link_only(scene: Placement, world: World) -> None:
    hers = await approved(scene)
    await scene.step("Ines", hers, "withdraw")
    later = await approved(scene)
    got: dict[str, dict[str, bytes]] = {}
    for case in (hers, later):
        secret = await scene.link(case, "host")
        query = "&version=1" if case == hers else ""
        got[case] = files_of((await world.http.get(f"{scene.path}/host/agreement.pdf?link={secret}{query}")).content)
        assert (await world.http.get(f"{scene.path}/mentor/agreement.pdf?link={secret}")).status_code == 401
        # and it opens no other address
        stray = await world.http.get(f"{scene.path}/cases/{hers}/agreement.pdf?link={secret}")
        assert stray.status_code == 401
    for case, files in got.items():
        [content] = files.values()
        assert json.loads(content)["case"] == case


async def agreement_of(scene: Placement, case: str) -> str:
    return str((await scene["Otto"].get(f"{scene.path}/cases/{case}"))["agreement"])


@poppler
async def test_a_change_is_told_side_by_side_and_no_version_passes_for_another(scene: Placement) -> None:
    case = await scene.running()
    place, first = f"{scene.path}/cases/{case}", await agreement_of(scene, case)
    scene.at("2027-05-03")
    await scene.guest(
        case, "mentor", "amend", change={**DESCRIPTION, "lastDay": "2027-07-02", "tasks": "Only measure."}
    )
    second = await agreement_of(scene, case)

    async def told(query: str = "") -> tuple[str, bool, list[bytes]]:
        found = await printed(scene["Otto"], place, query)
        text = " ".join(pages_of(found))
        return text.split(" Who agrees ")[0].partition(". ")[2], " A2. " in text, list(files_of(found).values())

    assert await told() == (
        "It is yet to be signed by all three. Please sign it by 2027-06-04.",
        True,
        [second.encode()],
    )
    assert await told("?version=1") == ("All three have signed it.", False, [first.encode()])
    changes = " ".join(pages_of(await printed(scene["Otto"], place)))
    assert changes.partition(" A2. ")[2].partition(" Signatures ")[0] == (
        "What this version changes Version 1, signed by all three This version, 2 "
        "From, to 2027-04-05 \u2013 2027-06-04 2027-04-05 \u2013 2027-07-02 "
        "Tasks Etch membranes and measure them. Only measure."
    )
    await scene.guest(case, "host", "refuse", note="We need her in the clean room.")
    assert await agreement_of(scene, case) == first
    page = (await scene.world.http.get(f"{scene.path}/host?link={await scene.link(case, 'host')}")).text
    digest = hashlib.sha256(first.encode()).hexdigest()
    assert "<h2>Vereinbarung, Fassung 1</h2>" in page
    assert f"<code>{digest}</code>" in page
    assert page.count("UTC</li>") == 3
    assert await told() == ("All three have signed it.", False, [first.encode()])
    assert await told("?version=2") == ("It was never signed by all three and does not hold.", True, [second.encode()])

    await scene.step("Ines", case, "amend", change={**DESCRIPTION, "weeklyHours": "20"})
    await scene.signed(case)
    third = await agreement_of(scene, case)
    assert await told() == ("All three have signed it.", True, [third.encode()])
    assert await told("?version=1") == (
        "All three had signed it; a later version replaces it.", False, [first.encode()],
    )  # fmt: skip


@poppler
async def test_what_is_taken_back_does_not_pass_for_an_agreement(scene: Placement) -> None:
    case = await approved(scene)
    await scene.signed(case)
    for step in ("revise", "withdraw"):
        await scene.step("Ines", case, step)
        text = pages_of(await printed(scene["Ines"], f"{scene.path}/me/cases/{case}"))[0]
        assert "Version 1. All three had signed it; it does not hold any more." in text


async def test_what_is_not_there_and_what_cannot_be_asked(scene: Placement) -> None:
    case = await scene.drafted()
    place = f"{scene.path}/me/cases/{case}/agreement.pdf"
    early = await scene["Ines"].get(place, 404)
    assert early["detail"] == "There is no such agreement. It is written once it is approved."
    await scene.step("Ines", case, "propose")
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    await scene.step("Sabine", case, "approve")
    for version in ("0", "-1", "2", str(10**30)):
        missing = await scene["Ines"].get(f"{place}?version={version}", 404)
        assert missing["detail"] == "There is no such agreement. There are versions 1."
    for query in ("version=one", "language=fr", "version="):
        refused = await scene["Ines"].call("GET", f"{place}?{query}")
        assert refused.status_code in (400, 422), (query, refused.status_code)
        assert refused.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "fr, en;q=0.5, de;q=0.4", "en"),
        ("", "fr", "en"),
        ("", "de;q=0, en;q=much", "en"),
        ("?language=de", "en", "de"),
        ("?language=en", "de", "en"),
    ],
)
async def test_the_language_is_the_one_asked_for(scene: Placement, query: str, header: str, language: str) -> None:
    case = await approved(scene)
    answer: httpx.Response = await scene["Ines"].call(
        "GET", f"{scene.path}/me/cases/{case}/agreement.pdf{query}", Accept_Language=header
    )
    assert (answer.headers["content-language"], f"/Lang ({language})".encode() in answer.content) == (language, True)
