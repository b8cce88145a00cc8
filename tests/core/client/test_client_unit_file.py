"""One file pushed into a unit of a draft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lms_core.client.digests import LocalFile, digest
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.unit_file import Target, plan_file, push_file
from lms_core.modules.types import DraftChange, UnitFile
from tests.support.line import Line
from tests.support.world import MP4, World


@pytest.fixture
async def module(world: World) -> dict[str, Any]:
    """A published module with a film, its captions and a text in its draft."""
    programme = await world.programme()
    film = await world.upload(world.admin, programme, "film.mp4", MP4 + b"1", "video/mp4")
    sheet = await world.upload(world.admin, programme, "Übung 1.pdf", b"%PDF-1.7 1", "application/pdf")
    units = [
        {
            "key": "film", "kind": "video", "title": "Film", "body": "See [it](lms-file:the-film).",
            "files": [
                {"key": "the-film", "name": "film.mp4", "role": "content", "mediaId": film["id"], "language": "en"},
                {"key": "sheet", "name": "Übung 1.pdf", "role": "attachment", "mediaId": sheet["id"], "language": None},
            ],
        },
        {"key": "filters", "kind": "reading", "title": "Filters", "body": "Text."},
    ]  # fmt: skip
    made = await world.module(programme, units)
    return {**made, "film": film, "sheet": sheet, "programme": programme}


def local(folder: Path, name: str, content: bytes) -> LocalFile:
    (folder / name).write_bytes(content)
    return digest(folder / name)


INTO_FILM = Target(programme="ms", module="mems", unit="film")


async def test_a_file_takes_the_place_of_the_one_of_its_name(world: World, client: LmsClient, module, tmp_path: Path):
    before = await world.admin.get(f"/modules/{module['id']}/content")
    film = local(tmp_path, "film.mp4", MP4 + b"2")

    pushed = await push_file(client, film, INTO_FILM)

    [media] = pushed.media.values()
    assert pushed.file == UnitFile(key="the-film", name="film.mp4", role="content", media_id=media.id, language="en")
    assert pushed.change == DraftChange(
        changed=True, added=[], removed=[], modified=["film"], moved=[], details=[], unchanged=1, revision=4
    )
    after = await world.admin.get(f"/modules/{module['id']}/content")
    before["units"][0]["files"][0]["mediaId"] = str(media.id)
    assert after == before
    assert (await push_file(client, film, INTO_FILM)).change.changed is False


async def test_a_new_file_is_added_and_called_by_its_name(world: World, client: LmsClient, module, tmp_path: Path):
    german = local(tmp_path, "film.de.vtt", b"WEBVTT")
    slides = local(tmp_path, "Größe.pdf", b"%PDF-1.7 2")

    captions = await push_file(client, german, INTO_FILM)
    handout = await push_file(
        client, slides, Target(programme="ms", module="mems", unit="filters", role="attachment", language="de-AT")
    )

    assert (captions.file.key, captions.file.role, captions.file.language) == ("film.de.vtt", "caption", "de")
    assert (handout.file.name, handout.file.role, handout.file.language) == ("Größe.pdf", "attachment", "de-AT")
    units = (await world.admin.get(f"/modules/{module['id']}/content"))["units"]
    assert [[file["name"] for file in unit["files"]] for unit in units] == [
        ["film.mp4", "Übung 1.pdf", "film.de.vtt"],
        ["Größe.pdf"],
    ]


async def test_what_somebody_else_changes_meanwhile_stays(
    world: World, client: LmsClient, module, line: Line, tmp_path: Path
):
    path = f"/modules/{module['id']}"
    lecturer = await world.person("Lea", "lecturer", module["programme"])

    async def edit() -> None:
        content = await lecturer.get(f"{path}/content")
        content["units"][1]["body"] = "A better text."
        revision = (await lecturer.call("GET", path)).headers["ETag"]
        await lecturer.put(f"{path}/draft", content, If_Match=revision)

    line.before_the_first(f"PUT {path}/draft", edit)
    pushed = await push_file(client, local(tmp_path, "film.mp4", MP4 + b"2"), INTO_FILM)

    units = (await world.admin.get(f"{path}/content"))["units"]
    assert units[1]["body"] == "A better text."
    assert units[0]["files"][0]["mediaId"] == str(pushed.file.media_id)
    assert line.seen.count(f"PUT {path}/draft") == 2


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Target(programme="ms", module="mems", unit="filter"), 'There is no unit "filter"; there is filters.'),
        (Target(programme="ms", module="mems", unit="xyz"), 'There is no unit "xyz"; there is film, filters.'),
        (Target(programme="ms", module="mem", unit="film"), 'There is no module "mem"; there is mems.'),
        (Target(programme="mz", module="mems", unit="film"), 'There is no programme "mz", or you may not see it.'),
        (
            Target(programme="ms", module="empty", unit="film"),
            "The module empty has no units yet; push a folder first.",
        ),
    ],
)
async def test_a_place_that_is_none_is_refused_before_anything_is_sent(
    world: World, client: LmsClient, module, line: Line, tmp_path: Path, target: Target, message: str
):
    await world.admin.post(f"/programmes/{module['programme']['id']}/modules", {"key": "empty", "title": "Empty"})

    with pytest.raises(ClientError) as raised:
        await push_file(client, local(tmp_path, "film.mp4", MP4), target)

    assert str(raised.value) == message
    assert {request.split()[0] for request in line.seen} == {"GET"}


async def test_a_plan_of_a_file_changes_nothing(world: World, client: LmsClient, module, line: Line, tmp_path: Path):
    fresh = local(tmp_path, "film.mp4", MP4 + b"2")

    new = await plan_file(client, fresh, INTO_FILM)
    known = await plan_file(client, local(tmp_path, "film.mp4", MP4 + b"1"), INTO_FILM)

    assert (new.sending, new.change.modified) == ({str(tmp_path / "film.mp4"): fresh}, ["film"])
    assert (known.sending, known.change.changed) == ({}, False)
    assert {request.split()[0] for request in line.seen} == {"GET"}
