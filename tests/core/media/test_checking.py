"""What a lecturer sent in parts is read back as a whole before anybody gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lms_core.media import kinds
from tests.support.world import MP4, sha256

if TYPE_CHECKING:
    from tests.support.world import World

BIG = MP4 + bytes(range(256)) * (9 * 4096)
OTHER = BIG[:-1] + b"!"


async def begun(world: World, programme: dict[str, Any], data: bytes) -> dict[str, Any]:
    new = {"name": "film.mp4", "size": len(data), "contentType": "video/mp4", "sha256": sha256(data)}
    media: dict[str, Any] = await world.admin.post(f"/programmes/{programme['id']}/media", new)
    return media


async def completed(world: World, media: dict[str, Any], data: bytes) -> dict[str, Any]:
    parts = await world.send(world.admin, media, data)
    await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    return await world.checked(world.admin, media)


async def test_other_bytes_than_announced_are_held_back_until_the_right_ones_come(world: World) -> None:
    programme = await world.programme()
    media = await begun(world, programme, BIG)
    assert media.pop("begun") is False
    held = await completed(world, media, OTHER)
    reason = f"its SHA-256 is {sha256(OTHER)}, announced was {sha256(BIG)}"
    assert held == {**media, "state": "quarantined", "reason": reason}
    problem = await world.admin.call("GET", f"/media/{media['id']}/file")
    assert (problem.status_code, problem.json()["detail"]) == (
        409, "The file film.mp4 is damaged, and the lecturer was told; it cannot be read at the moment.",
    )  # fmt: skip

    again = await begun(world, programme, BIG)
    assert again == {**media, "state": "uploading", "begun": False}
    ready = await completed(world, again, BIG)
    assert ready == {**media, "state": "ready"}


async def test_a_colleague_goes_on_with_the_repair_of_what_units_need(world: World) -> None:
    programme = await world.programme()
    lea, leo = [await world.person(name, "lecturer", programme) for name in ("Lea", "Leo")]
    media = await begun(world, programme, BIG)
    assert media.pop("begun") is False
    file = {"key": "film.mp4", "name": "Light.mp4", "role": "content", "mediaId": media["id"]}
    parts = await world.send(world.admin, media, OTHER)
    await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    unit = {"key": "light", "kind": "video", "title": "Light", "files": [file]}
    module = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "optics", "title": "Optics"})
    content = {"title": "Optics", "ects": "5", "workloadHours": 150, "units": [unit]}
    await world.admin.put(f"/modules/{module['id']}/draft", content, If_Match='"1"')
    assert (await world.checked(world.admin, media))["state"] == "quarantined"

    new = {"name": "film.mp4", "size": len(BIG), "contentType": "video/mp4", "sha256": sha256(BIG)}
    path = f"/programmes/{programme['id']}/media"
    again = await lea.post(path, new)  # and does not come back to it
    assert again == {**media, "state": "uploading", "begun": False}
    assert await leo.post(path, new) == {**media, "state": "uploading"}
    parts = await world.send(leo, again, BIG)
    await leo.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    assert await world.checked(leo, media) == {**media, "state": "ready"}


async def test_a_draft_may_use_a_file_that_is_being_checked_but_nobody_studies_it_yet(world: World) -> None:
    programme = await world.programme()
    media = await begun(world, programme, BIG)
    parts = await world.send(world.admin, media, BIG)
    await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    module = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": "optics", "title": "Optics"})
    file = {"key": "film.mp4", "name": "Light.mp4", "role": "content", "mediaId": media["id"]}
    unit = {"key": "light", "kind": "video", "title": "Light", "files": [file]}
    content = {"title": "Optics", "ects": "5", "workloadHours": 150, "units": [unit]}
    path = f"/modules/{module['id']}"
    draft = await world.admin.put(f"{path}/draft", content, If_Match='"1"')
    tag = f'"{draft["revision"]}"'

    problem = await world.admin.call("POST", f"{path}/publish", If_Match=tag)
    assert (problem.status_code, problem.json()["detail"]) == (
        409,
        "Not all files are ready: Light.mp4 of the unit light (checking). What is being checked is ready in a moment; "
        "what is quarantined or incomplete must be sent again.",
    )
    await world.checked(world.admin, media)
    assert (await world.admin.post(f"{path}/publish", If_Match=tag))["number"] == 1


@pytest.mark.parametrize("name", ["film.mp4", "page.html"])
async def test_name_and_type_that_disagree_are_refused_at_once(world: World, name: str) -> None:
    programme = await world.programme()
    declared = "text/html" if name == "film.mp4" else "video/mp4"
    usual = "video/mp4" if name == "film.mp4" else "text/html"
    new = {"name": name, "size": 5, "contentType": declared, "sha256": sha256(b"x")}
    problem = await world.admin.post(f"/programmes/{programme['id']}/media", new, 422)
    reason = f"a file of this name is of the type {usual}, not {declared}"
    assert problem["errors"] == [{"where": "body.contentType", "reason": reason}]


async def test_bytes_that_are_not_of_their_type_are_held_back(world: World) -> None:
    programme = await world.programme()
    page = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    media = await world.admin.post(
        f"/programmes/{programme['id']}/media",
        {"name": "photo.png", "size": len(page), "contentType": "image/png", "sha256": sha256(page)},
    )
    assert media.pop("begun") is False
    parts = await world.send(world.admin, media, page)
    done = await world.admin.post(f"/media/{media['id']}/complete", {"parts": parts}, 200)
    reason = "it is announced as image/png, but its bytes begin like text/html"
    assert done == {**media, "state": "quarantined", "reason": reason}


TEXT, PNG, WORD = b"f(x) = \xc3\xa4", b"\x89PNG\r\n\x1a\n" + bytes(50), b"PK\x03\x04\x14\0\6\0\x08\0" + bytes(50)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("name", "content_type", "head", "doubted", "shown"),
    [
        ("a.mp4", "video/mp4", MP4, False, True),
        ("a.MP4", "video/mp4", MP4, False, True),
        ("a.m4v", "video/mp4", MP4, False, True),
        ("a.mp4", "video/mp4", PNG, True, False),
        ("a.mp4", "video/mp4", bytes(100), False, False),  # a format that has no signature is saved, not shown
        ("a.txt", "text/plain", TEXT, False, True),
        ("a.txt", "text/plain", TEXT[:-1], False, True),  # cut within a letter
        ("a.txt", "text/plain", PNG, True, False),
        ("a.txt", "text/plain", "ä".encode("utf-16"), False, True),
        ("a.html", "text/html", b"<script>", False, False),
        ("a.svg", "image/svg+xml", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', False, False),
        ("a.docx", DOCX, WORD, False, False),
        ("a.docx", DOCX, b"MZ\x90\0" + bytes(60), True, False),
        ("a.blend", "application/x-blender", PNG, False, False),
        ("a.png", "application/octet-stream", MP4, False, False),
        ("a.png", "image/png", b"", True, False),
        ("a.png", "image/png", b"no picture at all", True, False),
        ("a.pdf", "application/pdf", b"not a pdf at all", True, False),
        ("a.pdf", "application/pdf", b"%PDF-1.7 I etched.", False, True),
        ("a.pdf", "application/pdf", b"\r\n@PJL SET\r\n%PDF-1.7", False, False),
        ("a.jpg", "image/jpeg", b"\xff\xd8\xff\xe1" + bytes(50), False, True),
        ("a.jpg", "image/jpeg", b"\xff\xd8\xff\xdb" + bytes(50), False, True),
        ("a.gif", "image/gif", b"GIF89a" + bytes(50), False, True),
        ("a.webp", "image/webp", b"RIFF\x24\0\0\0WEBPVP8 " + bytes(50), False, True),
    ],
)
def test_the_first_bytes_tell(name: str, content_type: str, head: bytes, doubted: bool, shown: bool) -> None:
    assert (kinds.doubt(name, content_type, head) is not None, kinds.shown(content_type, head)) == (doubted, shown)
