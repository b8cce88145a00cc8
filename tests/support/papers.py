"""Documents of internships, brought the way a client does: announced, sent to the store, completed, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from lms_core.types import new_id
from tests.support.interns import CERTIFIED, PLACES
from tests.support.world import sha256

if TYPE_CHECKING:
    from tests.support.interns import Placement

PDF = b"%PDF-1.7 I etched, and it broke."


def announced(data: bytes, name: str = "scan.pdf", kind: str = "application/pdf") -> dict[str, Any]:
    """Describe a file of one part."""
    part = {"number": 1, "sha256": sha256(data)}
    return {"name": name, "size": len(data), "contentType": kind, "sha256": sha256(data), "parts": [part]}


async def put_parts(made: dict[str, Any], data: bytes) -> None:
    """Send a file of one part to where the answer says."""
    async with httpx.AsyncClient(verify=False) as outside:
        for address in made.get("parts", []):
            answer = await outside.put(address["url"], content=data, headers=address["headers"])
            assert answer.status_code == 200, answer.text


async def send(scene: Placement, name: str, case: str, data: bytes = PDF) -> str:
    """Send a file for a case as somebody who is signed in; return its id."""
    file, place = str(new_id()), f"{scene.path}/{PLACES[name]}/{case}/files"
    await put_parts(await scene[name].put(f"{place}/{file}", announced(data)), data)
    part = {"number": 1, "sha256": sha256(data)}
    done = await scene[name].post(f"{place}/{file}/complete", {"parts": [part]}, 200)
    assert done["state"] == "ready"
    return file


async def bring(scene: Placement, name: str, case: str, kind: str, data: bytes = PDF) -> str:
    """Bring a document to a case as somebody who is signed in; return its id."""
    file = await send(scene, name, case, data)
    await scene[name].put(f"{scene.path}/{PLACES[name]}/{case}/documents/{file}", {"kind": kind})
    return file


async def read_at(address: str) -> tuple[int, bytes]:
    """Read what an address of the store leads to."""
    async with httpx.AsyncClient() as outside:
        answer = await outside.get(address)
        return answer.status_code, answer.content


def at(scene: Placement, name: str, case: str, rest: str = "") -> str:
    """Name the address at which somebody sees the documents of a case, or one of them."""
    return f"{scene.path}/{PLACES[name]}/{case}/documents{rest}"


async def certified(scene: Placement) -> str:
    """Bring a case to where its report is awaited; return its id."""
    case = await scene.running()
    await scene.day("2027-06-05")
    await scene.guest(case, "host", "certify", certified=CERTIFIED)
    return case


async def kinds(scene: Placement, name: str, case: str) -> list[str]:
    """Return the kinds of the documents that somebody sees of a case."""
    return [one["kind"] for one in (await scene[name].get(at(scene, name, case)))["items"]]


async def lines(scene: Placement, case: str, *actions: str) -> list[tuple[str, str, Any]]:
    """Return the lines of a case's history with these actions: action, by whom, and what was entered."""
    found = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"]
    return [(line["action"], line["by"], line["entered"]) for line in found if line["action"] in actions]
