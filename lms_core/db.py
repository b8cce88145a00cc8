"""Databases: engines, transactions and the column types that both SQLite and PostgreSQL keep exactly.

SQL is SQLAlchemy Core on a connection; there are no ORM entities (see decisions/0002).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import JSON, DateTime, Integer, MetaData, Select, String, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)
"""The tables of the core."""

Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


LOG_SECONDS = 20
"""For how long a new connection waits for others that open the same new file."""


def insert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that knows what to do with rows that are there already, in the words of its database.

    `on_conflict_do_nothing` and `on_conflict_do_update` are the same for both, but not their classes.
    """
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: timestamptz on PostgreSQL, text of fixed width on SQLite, so that it sorts and compares."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database at hand."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into what the database keeps."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        if value is None or isinstance(value, datetime):
            return value.astimezone(UTC) if value else None
        return datetime.fromisoformat(value)


class Hundredths(TypeDecorator[Decimal]):
    """An exact decimal with two places, kept as a whole number of hundredths, so that both databases sum exactly."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Turn 2.5 into 250; the value must have at most two decimal places."""
        if value is None:
            return None
        scaled = value * 100
        if scaled != int(scaled):
            raise ValueError(f"{value} has more than two decimal places")
        return int(scaled)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Turn 250 into 2.5."""
        return None if value is None else Decimal(int(value)) / 100


class Database:
    """A database and its two ways in: `read()` for single statements, `write()` for one transaction.

    On SQLite all writes of the process pass through one connection that begins IMMEDIATE, so writers queue in
    memory instead of failing as busy; reads have connections of their own that cannot write.
    """

    def __init__(self, url: str) -> None:
        """Take a URL such as postgresql://user:password@host/name or sqlite:////path; connects on first use."""
        self.url = url
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        parsed = parsed.set(drivername="sqlite+aiosqlite" if self.is_sqlite else "postgresql+asyncpg")
        common: dict[str, Any] = {
            "json_serializer": lambda value: msgspec.json.encode(value).decode(),
            "json_deserializer": msgspec.json.decode,
            "hide_parameters": True,  # errors end in logs, where nobody's data belongs
        }
        if self.is_sqlite:
            common["connect_args"] = {"factory": _Connection}
            self.writer = create_async_engine(parsed, pool_size=1, max_overflow=0, pool_timeout=30, **common)
            self.reader = create_async_engine(
                parsed, pool_size=4, max_overflow=4, pool_timeout=30, isolation_level="AUTOCOMMIT", **common
            )
            _tune_sqlite(self.writer, writes=True)
            _tune_sqlite(self.reader, writes=False)
        else:
            self.writer = create_async_engine(
                parsed,
                pool_size=10,
                max_overflow=10,
                pool_timeout=10,
                connect_args={"timeout": 5, "command_timeout": 60},
                **common,
            )
            self.reader = self.writer.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading; each statement sees what is committed when it begins."""
        async with self.reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def batches(self, query: Select[Any], size: int = 250) -> AsyncIterator[AsyncIterator[Sequence[Any]]]:
        """Run one query, for any number of rows of one state of the data, and fetch them `size` at a time."""
        # PostgreSQL has cursors within transactions only; on SQLite that would keep the writer from writing
        engine = self.reader if self.is_sqlite else self.writer
        async with (
            engine.connect() as connection,
            connection.stream(query, execution_options={"yield_per": size}) as result,
        ):
            yield result.partitions()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        async with self.writer.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        await self.reader.dispose()


class _Connection(sqlite3.Connection):
    """A connection whose transaction ends when it is closed.

    SQLite itself keeps transaction and lock for as long as there is a cursor, and that of a cancelled statement lives
    on in its traceback.
    """

    def close(self) -> None:
        """Roll back and close."""
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()


def log_ahead(connection: Any) -> None:
    """Let a new connection write ahead into a log, so that readers and the writer do not wait for each other.

    On a new file SQLite refuses this, without waiting, while somebody else does the same; then it is tried again.
    """
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            connection.run_async(lambda _: asyncio.sleep(0.01))
        finally:
            cursor.close()


def _tune_sqlite(engine: AsyncEngine, *, writes: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver's own transactions begin too late
        # SQLite's own knows the letters of ASCII only
        connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout=20000",
            "synchronous=FULL",
            "foreign_keys=ON",
            *(() if writes else ("query_only=ON",)),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        log_ahead(connection)

    if writes:

        @event.listens_for(engine.sync_engine, "begin")
        def on_begin(connection: Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")


__all__ = ["AsyncConnection", "Database", "Hundredths", "Instant", "Json", "metadata"]
