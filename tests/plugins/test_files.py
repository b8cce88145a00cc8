"""Files of plugins: the plugin that plugins/README.md shows, sent what it says, and what must never happen to files."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from lms_core.hooks.context import Context
from lms_core.media import plugin_files, sweep
from lms_core.media.tables import media, plugin_file
from lms_core.plugin_purge import belongings, purge
from lms_core.types import now
from tests.support.handins import bring as bring_for_hand_in
from tests.support.handins import hand_in
from tests.support.world import sha256, statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

README = Path(__file__).parents[2] / "plugins" / "README.md"
SCAN = b"%PDF-1.7 What the doctor says of Ines"
BIG = b"%PDF-1.7" + bytes(9 * 1024 * 1024)


def shown() -> Any:
    """Return the class of the plugin on the page."""
    blocks = re.findall(r"^```python\n(\"\"\"Certificates.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    page = ModuleType("lms_certificates")
    sys.modules[page.__name__] = page  # where annotations are looked up
    exec(compile(blocks[0], str(README), "exec"), vars(page))
    return page.CertificatesOfStudents


CERTIFICATES = shown()


@pytest.fixture
def plugins() -> list[Any]:
    return [CERTIFICATES()]


class Office:
    """A programme with the plugin, its office, and students who bring certificates."""

    def __init__(self, world: World, programme: dict[str, Any], office: Actor, ines: Actor) -> None:
        self.world, self.programme, self.office, self.ines = world, programme, office, ines
        self.path = f"/programmes/{programme['id']}/certificates"
        self.hers = f"{self.path}/of/{ines.id}"

    @classmethod
    async def of(cls, world: World, key: str = "ms") -> Office:
        programme = await world.programme(key)
        await world.admin.put(f"/programmes/{programme['id']}/plugins/certificates", {"enabled": True}, If_Match='"0"')
        office = await world.person(f"Office {key}", "programme_administrator", programme)
        return cls(world, programme, office, await world.student(f"Ines {key}", programme))

    async def announce(self, actor: Actor, data: bytes, file: str, status: int = 200, **more: Any) -> dict[str, Any]:
        new = {
            "name": "scan.pdf", "size": len(data), "contentType": "application/pdf", "sha256": sha256(data),
            "parts": [{"number": 1, "sha256": sha256(data)}],
        }  # fmt: skip
        found: dict[str, Any] = await actor.put(f"{self.path}/mine/{file}", {**new, **more}, status)
        return found

    async def bring(self, actor: Actor, data: bytes, file: str = "") -> str:
        """Bring a certificate of one part; return its id."""
        file = file or str(uuid4())
        made = await self.announce(actor, data, file)
        await sent(made["parts"], [data])
        part = {"number": 1, "sha256": sha256(data)}
        await actor.post(f"{self.path}/mine/{file}/complete", {"parts": [part]}, 200)
        return file

    def context(self) -> Context:
        return Context("certificates", UUID(self.programme["id"]), None, self.world.database)


async def sent(addresses: list[dict[str, Any]], pieces: list[bytes]) -> None:
    async with httpx.AsyncClient(verify=False) as outside:
        for address, piece in zip(addresses, pieces, strict=True):
            answer = await outside.put(address["url"], content=piece, headers=address["headers"])
            assert answer.status_code == 200, answer.text


async def at(address: str) -> tuple[int, bytes]:
    async with httpx.AsyncClient() as outside:
        answer = await outside.get(address)
        return answer.status_code, answer.content


async def age(world: World, by: timedelta) -> None:
    """Let time pass since files were last used."""
    async with world.database.write() as connection:
        await connection.execute(update(media).values(used_at=now() - by))


async def states(world: World) -> dict[str, str]:
    async with world.database.read() as connection:
        return {str(row.id): row.state for row in await connection.execute(select(media.c.id, media.c.state))}


async def test_a_certificate_comes_is_read_and_goes(world: World) -> None:
    office = await Office.of(world)
    file = await office.bring(office.ines, SCAN)
    facts = {
        "id": file, "name": "scan.pdf", "size": len(SCAN), "contentType": "application/pdf", "sha256": sha256(SCAN),
        "state": "ready",
    }  # fmt: skip
    assert await office.office.get(office.hers) == {"items": [facts]}
    address = (await office.office.get(f"{office.hers}/{file}"))["url"]
    assert await at(address) == (200, SCAN)

    # it is nobody's to find, and stays however long nobody looks at it
    assert (await office.office.get(f"/programmes/{office.programme['id']}/media"))["items"] == []
    for path in (f"/media/{file}", f"/media/{file}/file", f"/media/{file}/parts"):
        await world.admin.get(path, 404)
    await age(world, timedelta(days=400))
    assert (await sweep.sweep(world.database, world.app.state.store)).files == 0

    await office.office.delete(f"{office.hers}/{file}")
    await office.office.delete(f"{office.hers}/{file}")
    assert await office.office.get(office.hers) == {"items": []}
    await office.office.get(f"{office.hers}/{file}", 404)
    assert await at(address) == (200, SCAN)  # for who is reading it
    await age(world, timedelta(hours=2))
    await sweep.sweep(world.database, world.app.state.store)
    assert (await at(address))[0] == 404
    assert await states(world) == {}


async def test_big_ones_come_in_parts_and_go_on_after_a_break(world: World) -> None:
    office, file = await Office.of(world), str(uuid4())
    made = await office.announce(office.ines, BIG, file, parts=[])
    pieces = [BIG[: made["partSize"]], BIG[made["partSize"] :]]
    parts = [{"number": number, "sha256": sha256(piece)} for number, piece in enumerate(pieces, 1)]
    for part, piece in zip(parts, pieces, strict=True):
        again = await office.announce(office.ines, BIG, file, parts=[part])
        assert (again["id"], again["state"], len(again["parts"])) == (file, "uploading", 1)
        await sent(again["parts"], [piece])
    problem = await office.announce(office.ines, BIG, file, 422, parts=[{"number": 3, "sha256": "0" * 64}])
    assert problem["errors"] == [{"where": "body.parts[0].number", "reason": "the file has 2 parts"}]
    whole = await office.ines.post(f"{office.path}/mine/{file}/complete", {"parts": parts}, 200)
    assert (whole["state"], whole["size"]) == ("checking", len(BIG))
    await office.office.get(f"{office.hers}/{file}", 409)


async def test_what_is_not_complete_is_not_kept_and_goes(world: World) -> None:
    office, file, part = await Office.of(world), str(uuid4()), {"number": 1, "sha256": sha256(SCAN)}
    await office.announce(office.ines, SCAN, file)
    problem = await office.ines.post(f"{office.path}/mine/{file}/complete", {"parts": [part]}, 409)
    assert problem["detail"] == "Not all parts have arrived as announced; missing or of wrong size: 1."
    assert await office.office.get(office.hers) == {"items": []}
    await office.office.get(f"{office.hers}/{file}", 404)
    context = office.context()
    async with context.write() as connection:
        with pytest.raises(Exception, match="has not been sent completely"):
            await plugin_files.keep_file(context, connection, office.ines.id, UUID(file))
    with pytest.raises(RuntimeError, match="in routes only"):
        await plugin_files.file_address(context, office.ines.id, UUID(file))

    await age(world, timedelta(days=8))
    assert (await sweep.sweep(world.database, world.app.state.store)).uploads == 1
    problem = await office.announce(office.ines, SCAN, file, 409)
    assert problem["detail"].startswith("This file was deleted")
    await age(world, timedelta(hours=2))
    await sweep.sweep(world.database, world.app.state.store)
    assert await office.bring(office.ines, SCAN, file) == file


async def test_nobody_learns_of_files_of_others_nor_takes_them_over(world: World) -> None:
    office, other = await Office.of(world), await Office.of(world, "bs")
    bea = await world.student("Bea", office.programme)
    file = await office.bring(office.ines, SCAN)
    # the same bytes are another file for everybody, the one who brought them included
    assert (await office.announce(bea, SCAN, str(uuid4())))["state"] == "uploading"
    assert (await office.announce(office.ines, SCAN, str(uuid4())))["state"] == "uploading"
    # the same id is hers alone, and only for the same file
    taken = "Another file was announced under this id, or this one a moment ago; try again, or make a new id."
    public = await world.upload(world.admin, office.programme, "script.pdf", b"%PDF-1.7 Script", "application/pdf")
    for actor, at_office, id_, data in (
        (bea, office, file, SCAN), (other.ines, other, file, SCAN), (bea, office, public["id"], b""),
        (office.ines, office, file, SCAN + b"!"),
    ):  # fmt: skip
        assert (await at_office.announce(actor, data, id_, 409, parts=[]))["detail"] == taken
    store = world.app.state.store
    key = f"media/{office.programme['id']}/{public['id']}"
    assert b"".join([piece async for piece in store.read(key)]) == b"%PDF-1.7 Script"
    assert (await office.announce(office.ines, SCAN, file))["state"] == "ready"

    part = {"parts": [{"number": 1, "sha256": sha256(SCAN)}]}
    await bea.post(f"{office.path}/mine/{file}/complete", part, 404)
    await other.ines.post(f"{office.path}/mine/{file}/complete", part, 404)  # not of her programme
    await other.ines.post(f"{other.path}/mine/{file}/complete", part, 404)
    await office.office.get(f"{office.path}/of/{bea.id}/{file}", 404)
    await other.office.get(f"{office.hers}/{file}", 404)
    await other.office.get(f"{other.path}/of/{office.ines.id}/{file}", 404)
    assert await other.office.get(f"{other.path}/of/{office.ines.id}") == {"items": []}
    await other.office.delete(f"{other.path}/of/{office.ines.id}/{file}")
    await office.office.delete(f"{office.path}/of/{bea.id}/{file}")
    assert len((await office.office.get(office.hers))["items"]) == 1


async def test_a_hand_in_of_the_same_bytes_is_another_file(world: World) -> None:
    office = await Office.of(world)
    module = await world.module(office.programme, [{"key": "essay", "kind": "assignment", "title": "Essay"}])
    run = await world.run(office.programme, module)
    await office.ines.put(f"/runs/{run['id']}/enrolment", {})
    essay = f"/runs/{run['id']}/units/essay"
    text = b"I etched, and it broke."
    new = {"name": "scan.txt", "contentType": "text/plain"}
    file = str(uuid4())
    made = await office.announce(office.ines, text, file, **new)
    await sent(made["parts"], [text])
    part = {"number": 1, "sha256": sha256(text)}
    await office.ines.post(f"{office.path}/mine/{file}/complete", {"parts": [part]}, 200)
    handed = await bring_for_hand_in(office.ines, essay, text)
    assert handed["id"] != file
    await hand_in(office.ines, essay, text)
    await office.office.delete(f"{office.hers}/{file}")
    assert await states(world) == {file: "deleting", handed["id"]: "ready"}
    # nor can a file for a hand-in be made one of the plugin's
    assert await office.announce(office.ines, text, handed["id"], 409, name="essay.txt", contentType="text/plain")


async def test_they_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office.of(world)
    await office.bring(office.ines, SCAN)
    path = f"/programmes/{office.programme['id']}/media-quota"
    await world.admin.put(path, {"programmeBytes": len(SCAN) + 8, "personBytes": None}, If_Match='"0"')
    problem = await office.announce(office.ines, b"%PDF-1.7!", str(uuid4()), 409)
    assert problem["detail"].startswith(f"The programme may hold {len(SCAN) + 8} bytes of files")
    monkeypatch.setattr(plugin_files, "MOST_BYTES", len(SCAN) + 7)
    problem = await office.announce(office.ines, b"%PDF-1.7", str(uuid4()), 409)
    assert (
        problem["detail"] == f"{len(SCAN) + 7} bytes of files may be brought here, and {len(SCAN)} are there already."
    )


async def test_off_they_stay_and_purged_they_go(world: World, tmp_path: Path) -> None:
    office = await Office.of(world)
    file = await office.bring(office.ines, SCAN)
    public = await world.upload(world.admin, office.programme, "script.txt", b"Script", "text/plain")
    switch = f"/programmes/{office.programme['id']}/plugins/certificates"
    await world.admin.put(switch, {"enabled": False}, If_Match='"1"')
    await office.office.get(office.hers, 404)
    await age(world, timedelta(days=40))
    async with world.database.read() as connection:
        assert (await belongings(connection, "certificates"))["plugin_file"] == 1
    await world.admin.put(switch, {"enabled": True}, If_Match='"2"')
    assert [one["id"] for one in (await office.office.get(office.hers))["items"]] == [file]

    await world.admin.put(switch, {"enabled": False}, If_Match='"3"')
    await purge(world.database, "certificates", tmp_path / "certificates.json")
    assert await states(world) == {file: "deleting", public["id"]: "ready"}
    async with world.database.read() as connection:
        assert (await connection.execute(select(plugin_file))).all() == []
    await age(world, timedelta(hours=2))
    await sweep.sweep(world.database, world.app.state.store)
    assert await world.app.state.store.stat(f"media/{office.programme['id']}/{file}") is None


async def test_the_number_of_statements_is_known(world: World) -> None:
    office = await Office.of(world)
    files = [await office.bring(office.ines, SCAN + bytes([number])) for number in range(3)]
    await office.office.get(office.hers)  # who she is, is remembered from here on
    counts = {}
    for name, act in (
        ("list", lambda: office.office.get(office.hers)),
        ("read", lambda: office.office.get(f"{office.hers}/{files[0]}")),
        ("remove", lambda: office.office.delete(f"{office.hers}/{files[0]}")),
    ):
        with statements(world.database) as seen:
            await act()
        counts[name] = len(seen)
    assert counts == {"list": 1, "read": 1, "remove": 4}  # one asks whether the plugin is on
