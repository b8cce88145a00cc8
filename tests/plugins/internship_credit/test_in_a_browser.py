"""In a real browser on a telephone, without scripts: a host confirms an internship and signs a change of it.

The browser asks the application of the test itself, so that it is the day that the test says.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.interns import MENTOR, Placement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page, Route

    from tests.support.world import World

playwright = pytest.importorskip("playwright.async_api", reason="playwright, which drives the browser, is missing")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium on this machine")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
LONG = "Entwicklung und Charakterisierung piezoresistiver Drucksensormembranen, Villingen"


@pytest.fixture
def backend() -> str:
    return "sqlite"  # what a browser sees is the same on both


@pytest.fixture
async def page(world: World) -> AsyncIterator[Page]:
    async def answered(route: Route) -> None:
        asked = route.request
        headers = {name: value for name, value in asked.headers.items() if name in ("accept", "content-type")}
        found = await world.http.request(asked.method, asked.url, content=asked.post_data_buffer, headers=headers)
        await route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

    async with playwright.async_playwright() as running:
        browser = await running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        phone = await browser.new_context(
            viewport={"width": 360, "height": 740}, java_script_enabled=False, has_touch=True, locale="de-DE"
        )
        await phone.route("**/*", answered)
        yield await phone.new_page()
        await browser.close()


async def fits(page: Page) -> None:
    """The page is never wider than the window, on a telephone and on a desk."""
    for width in (360, 1200):
        await page.set_viewport_size({"width": width, "height": 740})
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, await page.title()
    await page.set_viewport_size({"width": 360, "height": 740})


async def address(scene: Placement, case: str) -> str:
    return f"http://localhost:8000{scene.path}/host?link={await scene.link(case, 'host')}"


async def test_a_host_on_a_telephone_without_scripts(world: World, monkeypatch: pytest.MonkeyPatch, page: Page) -> None:
    contact = {"name": LONG, "email": "office@university.example"}
    scene = await Placement.of(world, monkeypatch, contact=contact)
    scene.people["Ines"] = await scene.person("محمد بن عبد الله الخوارزمي")
    await world.admin.post(f"/programmes/{scene.programme['id']}/enrolments", {"email": scene["Ines"].email})
    case = await scene.drafted(place=LONG, tasks="https://university.example/" + 200 * "x", aims="غرفة نظيفة")
    await scene.step("Ines", case, "propose")

    link = await address(scene, case)
    await page.goto(link)
    assert await page.title() == "Praktikum von محمد بن عبد الله الخوارزمي bei Sensors GmbH"
    await fits(page)
    # the browser takes a blank for a name; the page comes back with what was typed, and leads to the field
    await page.get_by_label("Name der Betreuungsperson").fill(" ")
    await page.get_by_label("E-Mail der Betreuungsperson").fill(MENTOR["email"])
    await page.get_by_role("button", name="Bestätigen", exact=True).click()
    assert await page.title() == "Fehler: Praktikum von محمد بن عبد الله الخوارزمي bei Sensors GmbH"
    await fits(page)
    await page.get_by_role("alert").get_by_role("link").click()
    name = page.locator("#confirm-name:focus")
    assert await name.get_attribute("aria-describedby") == "confirm-name-wrong"
    assert await name.evaluate("one => getComputedStyle(one).outlineWidth") == "3px"
    assert await page.get_by_label("E-Mail der Betreuungsperson").input_value() == MENTOR["email"]
    await name.fill(MENTOR["name"])
    await page.keyboard.press("Enter")
    await page.get_by_role("status").get_by_text("Danke, das ist gespeichert").wait_for()
    await fits(page)
    await page.goto(link)
    assert await page.get_by_role("heading").all_inner_texts() == [
        "This link does not open anything now", "Dieser Link öffnet jetzt nichts",
    ]  # fmt: skip
    await fits(page)

    # what others need few times is folded; a change is read in the other language, and signed
    await scene.step("Sabine", case, "approve")
    await scene.signed(case)
    for kind in ("insurance", "residence", "wage"):
        await scene["Otto"].put(f"{scene.path}/cases/{case}/clearances/{kind}", {"cleared": True, "note": "Seen."})
    await scene.step("Otto", case, "clear")
    await scene.day("2027-04-05")
    await page.goto(await address(scene, case))
    assert not await page.get_by_label("Aufgaben").is_visible()
    await page.get_by_text("Änderung vorschlagen, die alle neu unterschreiben").click()
    await page.get_by_label("Aufgaben").fill("Etch.\nMeasure.")
    await page.get_by_label("Vergütung im Monat, in EUR").fill("1500,50")
    await fits(page)
    await page.get_by_role("button", name="Änderung vorschlagen").click()
    await page.get_by_role("status").wait_for()
    change = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["change"]
    assert (change["tasks"], change["payCents"]) == ("Etch.\nMeasure.", 150_050)
    await page.goto(await address(scene, case))
    await page.get_by_role("link", name="This page in English").click()
    pay = page.get_by_role("definition").filter(has_text="EUR a month")
    assert await pay.all_inner_texts() == ["1,200.00 EUR a month", "1,500.50 EUR a month", "1,500.50 EUR a month"]
    await fits(page)
    await page.get_by_label("I have read the agreement above and sign it.").check()
    await page.get_by_role("button", name="Sign").click()
    await page.get_by_role("status").get_by_text("Thank you. This is kept").wait_for()
    signed = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["signatures"]
    assert [(one["version"], one["party"]) for one in signed][-1] == (2, "host")
