"""How much a programme and a person may bring in: asked before and after, seen by who pays for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.world import sha256

if TYPE_CHECKING:
    from tests.support.world import World

NONE = {"programmeBytes": None, "personBytes": None}


async def test_what_would_be_too_much_is_refused_before_a_byte_travels(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    lea, leo = [await world.person(name, "lecturer", programme) for name in ("Lea", "Leo")]
    path, quota = f"/programmes/{programme['id']}/media", f"/programmes/{programme['id']}/media-quota"
    await world.upload(world.admin, other, "elsewhere.txt", b"x" * 100, "text/plain")
    answer = await world.admin.call("GET", quota)
    assert (answer.json(), answer.headers["ETag"]) == (NONE, '"0"')
    limits = {"programmeBytes": 25, "personBytes": 15}
    assert await world.admin.put(quota, limits, If_Match='"0"') == limits
    await world.admin.put(quota, limits, 412, If_Match='"0"')
    await lea.put(quota, limits, 403, If_Match='"1"')

    def new(name: str, size: int) -> dict[str, object]:
        return {
            "name": f"{name}.txt",
            "size": size,
            "contentType": "text/plain",
            "sha256": sha256(name.encode() * size),
        }

    await world.upload(lea, programme, "a.txt", b"a" * 10, "text/plain")
    problem = await lea.post(path, new("b", 6), 409)
    assert problem["detail"] == (
        "The programme may hold 15 bytes of files (what you brought counted), and 10 are there: 6 more are too many. "
        "Delete what is not needed, or ask an administrator for a larger quota."
    )
    uploading = await leo.post(path, new("c", 12))  # what is announced counts
    problem = await lea.post(path, new("d", 4), 409)
    assert problem["detail"].startswith("The programme may hold 25 bytes of files (all counted), and 22 are there: 4 ")
    assert await world.admin.get(f"/programmes/{programme['id']}/media-usage") == {
        "bytes": 22,
        "files": 2,
        "quota": limits,
        "states": [{"name": "ready", "files": 1, "bytes": 10}, {"name": "uploading", "files": 1, "bytes": 12}],
        "persons": [{"name": "Leo", "files": 1, "bytes": 12}, {"name": "Lea", "files": 1, "bytes": 10}],
    }

    await world.admin.put(quota, {**limits, "programmeBytes": 20}, If_Match='"1"')
    parts = await world.send(leo, uploading, b"c" * 12)
    await leo.post(f"/media/{uploading['id']}/complete", {"parts": parts}, 409)  # and is asked again at the end
    await world.admin.put(quota, NONE, If_Match='"2"')
    done = await leo.post(f"/media/{uploading['id']}/complete", {"parts": parts}, 200)
    assert done["state"] == "ready"


async def test_many_at_once_do_not_exceed_it_together(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}/media"
    await world.admin.put(f"{path}-quota", {"programmeBytes": 30, "personBytes": None}, If_Match='"0"')
    announced = [
        {"name": f"{number}.txt", "size": 10, "contentType": "text/plain", "sha256": f"{number:064}"}
        for number in range(8)
    ]
    answers = await asyncio.gather(*(world.admin.call("POST", path, new) for new in announced))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
