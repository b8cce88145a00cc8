"""Libraries that take long to load: in a thread, before they are needed in the event loop or in a transaction."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import import_module


async def load() -> None:
    """Load what sealing and holidays need, unless it is there."""
    await asyncio.to_thread(_load)


@cache
def _load() -> None:
    for name in ("cryptography.hazmat.primitives.ciphers.aead", "holidays"):
        import_module(name)
