"""A week as tables: one for the week itself, one for each kind of thing in it, a column for each field.

What the tables are follows from the Structs of `week`. A mistake is named by sheet, row and column, and all are named
at once; what may only follow from another mistake is left for the next time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import inspect

from lms_core.api import BadValue, FieldError, InvalidInput
from lms_university_weeks.cells import Column, WrongCell, columns, read, written
from lms_university_weeks.faults import faults
from lms_university_weeks.week import WeekContent

WEEK = "Week"
MOST_SHOWN = 1000
"""Mistakes that one answer names at most."""

Rows = list[list[str | int]]
"""A table to be written, the header first."""


class Unreadable(NamedTuple):
    """A cell of which no value is known, such as a formula, and what to do about it."""

    reason: str


Cell = str | Unreadable
Table = Mapping[int, Mapping[int, Cell]]
"""A table as it was read: its filled cells by row and column, both counted from 1."""


class Kind(NamedTuple):
    """A sheet with a row for each thing: which field of the week it is, of what, and how many there may be."""

    field: str
    struct: type[msgspec.Struct]
    least: int
    most: int


class Content(NamedTuple):
    """A week that was read, and where each cell of it stands, by field of the week, place in it, and column."""

    week: WeekContent
    places: Mapping[tuple[str, int, str], str]

    def runs(self) -> Iterator[tuple[UUID, str]]:
        """Yield the runs that the week names, and where it does."""
        yield self.week.run_id, self.places["", 0, "runId"]
        for i, session in enumerate(self.week.sessions):
            if session.run_id:
                yield session.run_id, self.places["sessions", i, "runId"]


def _kinds() -> Iterator[tuple[str, Kind]]:
    for column in columns(WeekContent):
        match column.type:
            case inspect.VarTupleType(item_type=inspect.StructType(cls=struct), min_length=least, max_length=most):
                yield column.header.capitalize(), Kind(column.name, struct, least or 0, most or 0)


KINDS = dict(_kinds())
SHEETS = (WEEK, *KINDS)
OWN = tuple(one for one in columns(WeekContent) if one.name not in {kind.field for kind in KINDS.values()})
"""The fields that stand on the sheet Week, one below the other."""


def sheet_named(name: str) -> str | None:
    """Return the sheet that is called so, in whatever case."""
    return next((sheet for sheet in SHEETS if sheet.lower() == name.strip().lower()), None)


def tables_of(week: WeekContent | None) -> dict[str, Rows]:
    """Return the tables of a week, or those of one that is still to be written."""
    own: Rows = [["field", "value"]]
    for one in OWN:
        own.append([one.header, written(one, getattr(week, one.name) if week else one.default)])
    tables = {WEEK: own}
    for sheet, kind in KINDS.items():
        header: list[str | int] = [one.header for one in columns(kind.struct)]
        things = getattr(week, kind.field) if week else ()
        cells = ([written(one, getattr(thing, one.name)) for one in columns(kind.struct)] for thing in things)
        tables[sheet] = [header, *cells]
    return tables


def table_of(rows: Rows) -> Table:
    """Return a table that was to be written as one that was read."""
    return {
        number: {place: str(cell) for place, cell in enumerate(row, 1) if cell != ""}
        for number, row in enumerate(rows, 1)
    }


def read_tables(tables: Mapping[str, Table]) -> Content:
    """Read a week from its tables. Raises InvalidInput that names every mistake."""
    wrong = [
        FieldError(name, f"there is no such sheet; they are {', '.join(SHEETS)}")
        for name in tables
        if name not in SHEETS
    ]
    wrong += [FieldError(sheet, "the sheet is missing; leave it empty below its header if there are none")
              for sheet in SHEETS if sheet not in tables]  # fmt: skip
    places: dict[tuple[str, int, str], str] = {}
    values, own_wrong = _own(tables.get(WEEK, {}), places) if WEEK in tables else ({}, [])
    wrong += own_wrong
    doubtful = bool(wrong)  # what is referred to may only seem to be missing
    spoilt: set[tuple[str, int]] = set()
    for sheet, kind in KINDS.items():
        if sheet not in tables:
            continue
        things, bad_rows, found = _things(sheet, kind, tables[sheet], places)
        values[kind.field] = things
        nameless = any(getattr(thing, "key", "") is None for thing in things)
        doubtful |= bool(found) and (not bad_rows or nameless or kind.field == "slots")
        spoilt |= {(kind.field, i) for i in bad_rows}
        wrong += found
    if not doubtful:
        week, odd = _put_together(values, places)
        wrong += odd or [FieldError(places[at], reason) for at, reason in _faults(week) if at[:2] not in spoilt]
        if not wrong:
            return Content(week, places)
    raise refused(wrong)


def refused(wrong: Sequence[FieldError]) -> InvalidInput:
    """Return the refusal of tables with these mistakes."""
    more = f" The first {MOST_SHOWN} of {len(wrong)} mistakes are named." if len(wrong) > MOST_SHOWN else ""
    return InvalidInput(
        f"The tables cannot be taken as they are; nothing was changed.{more}", errors=list(wrong[:MOST_SHOWN])
    )


def _own(table: Table, places: dict[tuple[str, int, str], str]) -> tuple[dict[str, Any], list[FieldError]]:
    """Read the sheet Week, whose fields stand below each other."""
    number, named, wrong = _header(WEEK, table, ("field", "value"))
    if wrong:
        return {}, wrong
    at_field, at_value = named["field"], named["value"]
    rows: dict[str, int] = {}
    by_name = {_plain(one.header): one for one in OWN}
    for row, cells in table.items():
        if row <= number or not _filled(cells):
            continue
        name = cells.get(at_field, "")
        column = by_name.get(_plain(name)) if isinstance(name, str) else None
        where = f"{WEEK}!{letter(at_field)}{row} (field)"
        if column is None:
            wrong.append(FieldError(where, f"there is no such field; they are {', '.join(one.header for one in OWN)}"))
        elif column.header in rows:
            wrong.append(FieldError(where, f"{column.header} was there already"))
        else:
            rows[column.header] = row
    values: dict[str, Any] = {}
    for one in OWN:
        if one.header not in rows:
            wrong.append(FieldError(WEEK, f"the field {one.header} is missing; leave its value empty if there is none"))
            continue
        row = rows[one.header]
        places["", 0, one.header] = where = f"{WEEK}!{letter(at_value)}{row} ({one.header})"
        values[one.name] = _value(one, table[row].get(at_value, ""), where, wrong)
    return values, wrong


def _things(
    sheet: str, kind: Kind, table: Table, places: dict[tuple[str, int, str], str]
) -> tuple[tuple[Any, ...], set[int], list[FieldError]]:
    """Read a sheet with a row for each thing: the things, which of them have mistakes, and all mistakes."""
    fields = columns(kind.struct)
    number, named, wrong = _header(sheet, table, [one.header for one in fields])
    if wrong:
        return (), set(), wrong
    things: list[Any] = []
    spoilt: set[int] = set()
    headed = set(named.values())
    for row, cells in table.items():
        if row <= number or not _filled(cells):
            continue
        if len(things) == kind.most:
            wrong.append(FieldError(f"{sheet}!A{row}", f"there are more than {kind.most} rows; no week has so many"))
            return tuple(things), set(), wrong
        before = len(wrong)
        for place in sorted(place for place, cell in cells.items() if place not in headed and cell != ""):
            wrong.append(FieldError(f"{sheet}!{letter(place)}{row}", "the cell stands in a column without a header"))
        values = {}
        for one in fields:
            place = named[one.header]
            places[kind.field, len(things), one.header] = where = f"{sheet}!{letter(place)}{row} ({one.header})"
            values[one.name] = _value(one, cells.get(place, ""), where, wrong)
        if len(wrong) > before:
            spoilt.add(len(things))
        things.append(kind.struct(**values))
    if len(things) < kind.least:
        wrong.append(FieldError(sheet, "has no row below its header; at least one is needed"))
    return tuple(things), spoilt, wrong


def _header(sheet: str, table: Table, wanted: Sequence[str]) -> tuple[int, dict[str, int], list[FieldError]]:
    """Find the row with the names of the columns, and where each of them stands; none may be missing.

    Who deletes a column can hardly mean to clear it in every row.
    """
    number = next((row for row, cells in table.items() if _filled(cells)), 1)
    plain = {_plain(name): name for name in wanted}
    named: dict[str, int] = {}
    wrong = []
    known = f"the columns are {', '.join(wanted)}"
    for place, cell in sorted(table.get(number, {}).items()):
        where = f"{sheet}!{letter(place)}{number}"
        if isinstance(cell, Unreadable):
            wrong.append(FieldError(where, cell.reason))
        elif not cell.strip():
            continue
        elif (name := plain.get(_plain(cell))) is None:
            wrong.append(FieldError(where, f"there is no column {cell[:60]}; {known}"))
        elif name in named:
            wrong.append(FieldError(where, f"the column {name} stands there twice"))
        else:
            named[name] = place
    if missing := [name for name in wanted if name not in named]:
        what = f"the columns {', '.join(missing)} are missing" if missing[1:] else f"the column {missing[0]} is missing"
        wrong.append(FieldError(f"{sheet}!A{number}", f"{what}; leave the cells below empty where there is nothing"))
    return number, named, wrong


def _value(column: Column, cell: Cell, where: str, wrong: list[FieldError]) -> Any:
    """Return what a cell says, or what an empty one would, with a mistake noted."""
    try:
        if isinstance(cell, Unreadable):
            raise WrongCell(cell.reason)
        return read(column, cell)
    except WrongCell as error:
        wrong.append(FieldError(where, str(error)))
        return column.default


def _put_together(
    values: dict[str, Any], places: Mapping[tuple[str, int, str], str]
) -> tuple[WeekContent, list[FieldError]]:
    """Make the week, and tell what its own checks refuse: each field in turn, by leaving it out for the next."""
    wrong: list[FieldError] = []
    plain = {one.header: one for one in columns(WeekContent)}
    while True:
        try:
            return WeekContent(**values), wrong
        except BadValue as error:
            at = places.get(("", 0, error.field), error.field.capitalize())
            wrong.append(FieldError(at, error.reason))
            values[plain[error.field].name] = plain[error.field].default or ()


_FAULT = re.compile(r"body\.(\w+)\[(\d+)\]\.(\w+)")


def _faults(week: WeekContent) -> Iterator[tuple[tuple[str, int, str], str]]:
    for fault in faults(week):
        found = _FAULT.match(fault.where)
        assert found, fault.where
        yield (found[1], int(found[2]), found[3]), fault.reason


def _filled(cells: Mapping[int, Cell]) -> bool:
    return any(isinstance(cell, Unreadable) or cell.strip() for cell in cells.values())


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def letter(column: int) -> str:
    """Return the letters of a column, counted from 1."""
    letters = ""
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
