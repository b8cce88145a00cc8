"""How imports are carried out: line by line in what they report, in chunks for the database, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import msgspec

from lms_core.db import AsyncConnection, Database
from lms_core.errors import FieldError, InvalidInput
from lms_core.sheets import Line, LineChange, LineError, Mode, Report

CHUNK = 1_000
"""Lines that one statement is about."""

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


class Entry(msgspec.Struct, Generic[T], frozen=True):
    """A line whose cells can be right: its place among those that were sent, the number to name it by, its cells."""

    place: int
    line: int
    cells: T


class Import:
    """What is known of an import so far, and how it shall end."""

    def __init__(self, lines: Sequence[Line], mode: Mode) -> None:
        """Take the lines as they were sent."""
        self._mode = mode
        self.changes: list[LineChange] = []
        self._lines = lines
        self._wrong: list[tuple[int, LineError]] = []

    async def check(self, kind: type[S], right: dict[str, str]) -> list[Entry[S]]:
        """Return the lines whose every cell fits its field of `kind`; `right` says by column what would.

        An empty cell becomes the field's default. It happens in a thread: ten thousand lines would hold everybody up.
        """
        return await asyncio.to_thread(self._check, kind, right)

    def _check(self, kind: type[S], right: dict[str, str]) -> list[Entry[S]]:
        fields = msgspec.structs.fields(kind)
        found = []
        for place, sent in enumerate(self._lines):
            entry = Entry(place, place + 1 if sent.line is None else sent.line, sent)
            cells, good = {}, True
            for field in fields:
                value = getattr(sent, field.name) or None
                try:
                    if value is not None or field.required:
                        cells[field.name] = msgspec.convert(value, field.type)
                except msgspec.ValidationError:
                    self.refuse(entry, field.encode_name, f"must be {right[field.encode_name]}")
                    good = False
            if good:
                found.append(Entry(entry.place, entry.line, kind(**cells)))
        return found

    def once(self, entries: list[Entry[T]], column: str, value: Callable[[T], str | None]) -> list[Entry[T]]:
        """Return the lines without those that repeat what an earlier one says in a column."""
        first: dict[str, Entry[T]] = {}
        kept = []
        for entry in entries:
            said = value(entry.cells)
            if said is not None and first.setdefault(said, entry) is not entry:
                self.refuse(entry, column, f"stands in line {first[said].line} already; each needs one of its own")
            else:
                kept.append(entry)
        return kept

    def refuse(self, entry: Entry[Any], column: str | None, reason: str) -> None:
        """Say that a line is not carried out, and why."""
        self._wrong.append((entry.place, LineError(line=entry.line, column=column, reason=reason)))

    def report(self) -> Report:
        """Return what became of the lines, in their order."""
        self._wrong.sort(key=lambda found: found[0])
        touched = len(self.changes) + len({place for place, _ in self._wrong})
        return Report(
            mode=self._mode,
            lines=len(self._lines),
            unchanged=len(self._lines) - touched,
            changes=self.changes,
            errors=[error for _, error in self._wrong],
        )

    @asynccontextmanager
    async def transaction(self, database: Database) -> AsyncIterator[AsyncConnection]:
        """Open the transaction of the import, which a dry run takes back, and bad lines unless they are skipped.

        Raises InvalidInput, which names each bad line, once the block has looked at all of them.
        """
        try:
            async with database.write() as connection:
                yield connection
                if self._wrong and self._mode == "all":
                    raise InvalidInput("Some lines are wrong, so nothing was changed.", errors=self._errors())
                if self._mode == "dry-run":
                    raise _Undone
        except _Undone:
            pass

    def _errors(self) -> list[FieldError]:
        return [
            FieldError(
                f"body.lines[{place}]" + (f".{error.column}" if error.column else ""),
                f"line {error.line}: {error.reason}",
            )
            for place, error in sorted(self._wrong, key=lambda found: found[0])
        ]


class _Undone(Exception):
    """Takes the transaction of a dry run back."""


def chunks(entries: list[T]) -> Iterator[list[T]]:
    """Divide lines into those that are carried out together."""
    for start in range(0, len(entries), CHUNK):
        yield entries[start : start + CHUNK]
