"""Handing in the way a client does: announce a file, send it to the store, say so, name it in a hand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.support.world import sha256

if TYPE_CHECKING:
    from tests.support.world import Actor


async def bring(actor: Actor, unit: str, data: bytes, name: str = "essay.txt") -> dict[str, Any]:
    """Bring a file of one part for the hand-in to a unit, by the unit's address; return its description."""
    digest, path = sha256(data), f"{unit}/hand-in/files"
    part = {"number": 1, "sha256": digest}
    new = {"name": name, "size": len(data), "contentType": "text/plain", "sha256": digest, "parts": [part]}
    made: dict[str, Any] = await actor.post(path, new)
    for address in made.get("parts", []):
        async with httpx.AsyncClient(verify=False) as outside:
            response = await outside.put(address["url"], content=data, headers=address["headers"])
            assert response.status_code == 200, response.text
    found: dict[str, Any] = await actor.post(f"{path}/{made['id']}/complete", {"parts": [part]}, 200)
    return found


async def hand_in(actor: Actor, unit: str, *texts: bytes) -> dict[str, Any]:
    """Hand in a version that consists of these files; return all versions."""
    files = [(await bring(actor, unit, text))["id"] for text in texts]
    made: dict[str, Any] = await actor.post(f"{unit}/hand-in", {"files": files})
    return made
