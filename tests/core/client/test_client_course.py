from __future__ import annotations

from decimal import Decimal

import pytest

from lms_core.client.course import import_course
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.modules.types import DraftChange, ModuleContent
from tests.support.world import World


async def test_a_module_keeps_what_the_folder_does_not_say(world: World, client: LmsClient, write_folder):
    programme = await world.programme()
    folder = write_folder({"page.md": "# Page\n[data](data.csv)", "data.csv": "1", "module.yaml": "offered: [winter]"})

    first = await import_course(client, folder, "ms", key="md", ects=Decimal("7.5"), workload_hours=225)
    write_folder({"module.yaml": "key: md\nlanguage: de"})
    second = await import_course(client, folder, "ms")

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
        await import_course(client, folder, "ms")

    assert str(raised.value).endswith('\n\ntitle: "\\"Molecular\\" dynamics"\nects: 5\nworkloadHours: 150')
    assert await world.admin.get(f"/programmes/{programme['id']}/modules") == {"items": []}


async def test_an_unknown_programme_and_an_impossible_key_are_told(client: LmsClient, write_folder):
    folder = write_folder({"page.md": "# Page"})

    with pytest.raises(ClientError, match=r'^There is no programme "nowhere", or you may not see it\.$'):
        await import_course(client, folder, "nowhere")
    with pytest.raises(ClientError, match=r'^"My Module" cannot be the key of a module; '):
        await import_course(client, folder, "ms", key="My Module")


async def test_a_unit_with_too_many_files_is_told_before_anything_is_made(
    world: World, client: LmsClient, write_folder
):
    programme = await world.programme()
    names = [f"f{number}.txt" for number in range(501)]
    folder = write_folder({"page.md": " ".join(f"[x]({name})" for name in names), **dict.fromkeys(names, "x")})

    with pytest.raises(ClientError, match=r"^This cannot be a module: .*length <= 500"):
        await import_course(client, folder, "ms", ects=Decimal(5), workload_hours=150)

    assert await world.admin.get(f"/programmes/{programme['id']}/modules") == {"items": []}
