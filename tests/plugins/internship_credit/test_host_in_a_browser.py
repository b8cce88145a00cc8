"""In a real browser: a host certifies, with a scan that goes straight to the store, and brings a contract."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.interns import Placement
from tests.support.objectstore import fresh_bucket
from tests.support.papers import read_at
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Page

    from content_store import StoreSettings
    from tests.support.world import World

playwright = pytest.importorskip("playwright.async_api", reason="playwright, which drives the browser, is missing")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium on this machine")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
SCAN = b"%PDF-1.7" + bytes(9 * 1024 * 1024)
CONTRACT = b"%PDF-1.7 Contract"


@pytest.fixture
def backend() -> str:
    return "sqlite"  # what a browser sees is the same on both


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def store_settings(store_server: StoreSettings, port: int) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server, f"http://127.0.0.1:{port}") as settings:
        yield settings


@pytest.fixture
async def server(database_url: str, store_settings: StoreSettings, port: int, tmp_path: Path) -> AsyncIterator[Serving]:
    made = Serving(environment(database_url, store_settings, port), tmp_path / "server.log")
    yield made
    await asyncio.to_thread(made.stop)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with playwright.async_playwright() as running:
        browser = await running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield await browser.new_page()
        await browser.close()


async def test_a_host_certifies_with_a_scan_and_brings_a_contract(
    world: World, server: Serving, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    today = datetime.now(UTC).date()  # the server is another process, with the clock of the machine
    first, last, yesterday = [str(today - timedelta(days=days)) for days in (60, 2, 1)]
    scene.at(str(today - timedelta(days=90)))
    case = await scene.running(firstDay=first, lastDay=last)
    await scene.day(yesterday)
    await asyncio.to_thread(server.start)  # not before the programme has the plugin
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    place = f"{server.url}{scene.path}/host"

    (tmp_path / "picture.txt").write_text("no document")
    (tmp_path / "scan.pdf").write_bytes(SCAN)
    (tmp_path / "contract.pdf").write_bytes(CONTRACT)
    await page.goto(f"{place}?link={await scene.link(case, 'host')}&language=en")
    form = page.locator("form#certify")
    await form.get_by_label("Hours worked").fill("300")
    await form.get_by_label("A scan of the certificate").set_input_files(tmp_path / "picture.txt")
    await form.locator("button").click()
    await form.get_by_text("The file could not be sent. Try again, or send it to the university.").wait_for()
    await form.get_by_label("A scan of the certificate").set_input_files(tmp_path / "scan.pdf")
    await form.locator("button").click()
    await page.get_by_text("Thank you. This is kept").wait_for()
    assert await page.locator("form").count() == 0

    await page.goto(f"{place}?link={await scene.link(case, 'host')}&language=de")
    await page.get_by_text("Dokument senden").click()
    form = page.locator("form#bring")
    kinds = form.get_by_label("Was es ist")
    assert await kinds.locator("option").all_inner_texts() == ["Bescheinigung", "Versicherungsnachweis", "Vertrag"]
    await kinds.select_option("contract")
    await form.get_by_label("Das Dokument").set_input_files(tmp_path / "contract.pdf")
    await form.locator("button").click()
    await page.get_by_text("Danke, das Dokument ist gespeichert.").wait_for()

    documents = f"{scene.path}/cases/{case}/documents"
    found = (await scene["Otto"].get(documents))["items"]
    assert [(one["kind"], one["role"], one["name"], one["size"], one["state"]) for one in found] == [
        ("certificate", "host", "scan.pdf", len(SCAN), "checking"),
        ("contract", "host", "contract.pdf", len(CONTRACT), "ready"),
    ]
    seen = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    assert (seen["state"], seen["certified"]["hours"]) == ("certified", "300")
    assert await read_at((await scene["Otto"].get(f"{documents}/{found[1]['id']}"))["url"]) == (200, CONTRACT)
    assert ["422" in text for text in broken] == [True]  # and nothing that the policy of the page would forbid
