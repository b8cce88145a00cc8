"""SQL that is compiled once for all databases of one kind, as in production, where a process has one.

SQLAlchemy compiles each statement anew for each engine; each test has an engine of its own, and would spend a tenth of
its time on that.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

import lms_core.db

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["share_compiled_sql"]


def share_compiled_sql() -> None:
    """Let all databases that this process opens from now on share what was compiled."""
    for kind in (SQLiteDialect_aiosqlite, PGDialect_asyncpg):
        # the dialect is part of the key
        kind.__eq__ = lambda one, other: type(one) is type(other)
        kind.__hash__ = lambda one: hash(type(one))
    caches: dict[type, LRUCache[Any, Any]] = defaultdict(lambda: LRUCache(2000))

    def create(*words: Any, **options: Any) -> AsyncEngine:
        engine = create_async_engine(*words, **options)
        engine.sync_engine._compiled_cache = caches[type(engine.dialect)]
        return engine

    lms_core.db.create_async_engine = create
