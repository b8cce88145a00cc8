"""Tables as files of CSV, and what they have in common with workbooks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from lms_core.api import FieldError, guard_cell, unguard_cell
from lms_university_weeks.sheets import Cell, Rows, Table, refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
MOST_BYTES = 5_000_000
"""Bytes of a file at most."""
MOST_ROWS = 10_000
"""Filled rows of a table at most; no sheet of a week may have so many, but a file may say why not row by row."""
MOST_COLUMNS = 100


def to_csv(rows: Rows) -> bytes:
    """Write a table as CSV (RFC 4180) in UTF-8, with the mark by which spreadsheets know it."""
    out = io.StringIO()
    csv.writer(out).writerows([guard_cell(str(cell)) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def from_csv(data: bytes) -> Table:
    """Read a table in UTF-8 or Windows-1252, with commas, semicolons or tabs. Raises InvalidInput when it is none."""
    number = 0
    table: dict[int, dict[int, Cell]] = {}
    try:
        text = _decoded(data)
        widths = {mark: len(next(csv.reader(io.StringIO(text, None), delimiter=mark), [])) for mark in ",;\t"}
        mark = max(widths, key=lambda one: widths[one])
        for number, row in enumerate(csv.reader(io.StringIO(text, None), delimiter=mark, strict=True), 1):
            keep(table, number, ((place, unguard_cell(cell)) for place, cell in enumerate(row, 1) if cell))
    except csv.Error as error:
        raise refused([FieldError("body", f"row {number + 1} is not CSV: {error}")]) from None
    except TooMuchError as error:
        raise refused([FieldError("body", str(error))]) from None
    return table


class TooMuchError(Exception):
    """A file is larger than any that is meant; says in what."""


def keep(table: dict[int, dict[int, Cell]], number: int, cells: Iterator[tuple[int, Cell]]) -> None:
    """Keep the filled cells of a row. Raises TooMuchError when a table has too many of them."""
    filled = {place: cell for place, cell in cells if cell != ""}
    if not filled:
        return
    if max(filled) > MOST_COLUMNS:
        raise TooMuchError(f"has a filled cell beyond {MOST_COLUMNS} columns, in row {number}; delete what is there")
    if len(table) == MOST_ROWS:
        raise TooMuchError(f"has a table of more than {MOST_ROWS} rows; no week has so many")
    table[number] = table.get(number, {}) | filled


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise csv.Error("it is not text in UTF-8 or Windows-1252")
