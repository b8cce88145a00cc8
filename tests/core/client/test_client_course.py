from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lms_core.client.course import Imported, import_course, plan_course, prepare_course
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.modules.types import DraftChange, ModuleContent
from tests.support.line import Line
from tests.support.world import World


async def brought(client: LmsClient, folder: Path, programme: str, **said: Any) -> Imported:
    return await import_course(client, await prepare_course(client, folder, programme, **said))


async def test_a_module_keeps_what_the_folder_does_not_say(world: World, client: LmsClient, write_folder):
    programme = await world.programme()
    folder = write_folder({"page.md": "# Page\n[data](data.csv)", "data.csv": "1", "module.yaml": "offered: [winter]"})

    first = await brought(client, folder, "ms", key="md", ects=Decimal("7.5"), workload_hours=225)
    write_folder({"module.yaml": "key: md\nlanguage: de"})
    second = await brought(client, folder, "ms")

    assert (first.key, first.created, second.created) == ("md", True, False)
    assert second.change == DraftChange(
        changed=True, added=[], removed=[], modified=[], moved=[], details=["language"], unchanged=1, revision=3
    )
    [module] = (await world.admin.get(f"/programmes/{programme['id']}/modules?key=md"))["items"]
    content = await client.get(f"/modules/{module['id']}/content", ModuleContent)
    assert (content.title, content.ects, content.workload_hours, content.language, content.offered) == (
        "course",
        Decimal("7.5"),
        225,
        "de",
        ["winter"],
    )


async def test_a_new_module_without_ects_is_refused_with_the_lines_to_add(
    world: World, client: LmsClient, write_folder
):
    programme = await world.programme()
    folder = write_folder({"index.md": '# "Molecular" dynamics', "data.csv": "1"})

    with pytest.raises(ClientError) as raised:
        await brought(client, folder, "ms")

    assert str(raised.value).endswith('\n\ntitle: "\\"Molecular\\" dynamics"\nects: 5\nworkloadHours: 150')
    assert await world.admin.get(f"/programmes/{programme['id']}/modules") == {"items": []}


async def test_an_unknown_programme_and_an_impossible_key_are_told(client: LmsClient, write_folder):
    folder = write_folder({"page.md": "# Page"})

    with pytest.raises(ClientError, match=r'^There is no programme "nowhere", or you may not see it\.$'):
        await brought(client, folder, "nowhere")
    with pytest.raises(ClientError, match=r'^"My Module" cannot be the key of a module; '):
        await brought(client, folder, "ms", key="My Module")


async def test_a_unit_with_too_many_files_is_told_before_anything_is_made(
    world: World, client: LmsClient, write_folder
):
    programme = await world.programme()
    names = [f"f{number}.txt" for number in range(5_001)]
    folder = write_folder({"page.md": " ".join(f"[x]({name})" for name in names), **dict.fromkeys(names, "x")})

    with pytest.raises(ClientError, match=r"^This cannot be a module: .*length <= 5000"):
        await brought(client, folder, "ms", ects=Decimal(5), workload_hours=150)

    assert await world.admin.get(f"/programmes/{programme['id']}/modules") == {"items": []}


async def test_a_plan_says_what_would_be_sent_and_changed_and_does_nothing(
    world: World, client: LmsClient, line: Line, write_folder
):
    programme, other = await world.programme(), await world.programme("other")
    folder = write_folder(
        {
            "index.md": "# Start\n[a](a.csv)",
            "page.md": "# Page\n[b](b.csv)",
            "gone.md": "# Gone",
            "a.csv": "1",
            "b.csv": "2",
            "module.yaml": "key: md\nects: 5\nworkloadHours: 150",
        }
    )
    await brought(client, folder, "ms")
    await world.upload(world.admin, other, "c.csv", b"other's", "text/csv")  # the same bytes elsewhere are no help
    (folder / "gone.md").unlink()
    write_folder({"page.md": "# Page\n[b](b.csv) [c](c.csv)", "new.md": "# New", "c.csv": "other's", "copy.csv": "1"})
    line.seen.clear()

    plan = await plan_course(client, await prepare_course(client, folder, "ms", workload_hours=180))

    assert [(path, file.size) for path, file in plan.sending.items()] == [("c.csv", 7)]
    assert plan.change == DraftChange(
        changed=True,
        added=["new", "copy.csv"],
        removed=["gone"],
        modified=["page"],
        moved=[],
        details=["workload_hours"],
        unchanged=1,
        revision=0,
    )
    assert {request.split()[0] for request in line.seen} == {"GET"}

    imported = await brought(client, folder, "ms", workload_hours=180)
    assert replace(imported.change, revision=0) == plan.change  # and so it comes
    assert programme["id"] != other["id"]
    nothing = await plan_course(client, await prepare_course(client, folder, "ms", workload_hours=180))
    assert (nothing.sending, nothing.change.changed) == ({}, False)


async def test_the_plan_of_a_new_module_has_it_all(world: World, client: LmsClient, line: Line, write_folder):
    programme = await world.programme()
    folder = write_folder({"page.md": "# Page\n[a](a.csv)", "a.csv": "1"})

    plan = await plan_course(
        client, await prepare_course(client, folder, "ms", key="md", ects=Decimal(5), workload_hours=150)
    )

    assert (list(plan.sending), plan.change.added, plan.change.removed) == (["a.csv"], ["page"], [])
    assert {request.split()[0] for request in line.seen} == {"GET"}
    assert await world.admin.get(f"/programmes/{programme['id']}/modules") == {"items": []}
