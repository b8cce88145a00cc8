"""Clients that ask a server again and again, and how long it takes."""

from __future__ import annotations

import asyncio
import statistics
import time
from itertools import cycle
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.support.serving import Serving

__all__ = ["measured", "told"]


async def measured(server: Serving, requests: list[tuple[str, str]], seconds: float) -> list[float]:
    """Send requests (a token and a path) again and again; return how many milliseconds each took."""
    until, took = time.monotonic() + seconds, []

    async def ask(client: httpx.AsyncClient, offset: int) -> None:
        for token, path in cycle(requests[offset:] + requests[:offset]):
            began = time.monotonic()
            if began > until:
                return
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, answer.text
            took.append((time.monotonic() - began) * 1000)

    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        await asyncio.gather(*(ask(client, n) for n in range(4)))
    return took


def told(name: str, took: list[float]) -> None:
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:16} {len(took):6} requests, ms: median {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  p99 {cuts[98]:6.1f}")
