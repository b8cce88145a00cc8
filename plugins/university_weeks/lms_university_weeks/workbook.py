"""Tables as a workbook (xlsx) with a sheet for each.

Files come from people and are read with suspicion: what they say of their size is looked at before they are unpacked,
no cell is computed, and what is odd is refused with what to do about it.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.parsers import expat

import openpyxl
from openpyxl.styles import Font
from openpyxl.utils import range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser
from openpyxl.worksheet.datavalidation import DataValidation

from lms_core.api import Conflict, FieldError, guard_cell
from lms_university_weeks.cells import choices, columns
from lms_university_weeks.files import MOST_ROWS, TooMuchError, keep
from lms_university_weeks.sheets import KINDS, Cell, Rows, Table, Unreadable, letter, refused, sheet_named

MOST_UNPACKED = 30_000_000
"""Bytes of an unpacked workbook at most; one with all that a week may hold has less than a tenth."""
MOST_PARTS = 1000
MOST_ELEMENTS = 500_000
"""Elements of the XML in a workbook at most: each takes hundreds of bytes of memory, however short it is written."""
LONGEST = 32_767
"""Characters that a spreadsheet holds in a cell."""

# some characters stand in a workbook as the number of their code; so does what only looks like that. Halves of
# surrogate pairs are none.
_CODE = re.compile(r"_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_")
_TO_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\ufffe\uffff]")


def to_xlsx(tables: Mapping[str, Rows]) -> bytes:
    """Write tables as a workbook. Raises Conflict when a cell would be longer than a spreadsheet holds."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet, rows in tables.items():
        page = book.create_sheet(sheet)
        page.freeze_panes = "A2"
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row, 1):
                if value == "":
                    continue
                cell = page.cell(number, place)
                if isinstance(value, int):
                    cell.value = value
                    continue
                cell.value = text = _TO_CODE.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
                if len(text) > LONGEST:
                    where = f"{sheet}!{letter(place)}{number}"
                    raise Conflict(f"{where} has more than {LONGEST} characters; a CSV table can hold them.")
                cell.data_type, cell.number_format = "s", "@"  # whatever it begins with, it is text and stays so
                cell.quotePrefix = guard_cell(value) != value
        for place, texts in enumerate(zip(*rows, strict=True), 1):
            page.column_dimensions[letter(place)].width = min(60, max(10, *(len(str(one)) + 2 for one in texts)))
            page.cell(1, place).font = Font(bold=True)
        for column, words in _choices(sheet):
            check = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
            check.add(f"{column}2:{column}{MOST_ROWS}")
            page.add_data_validation(check)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def from_xlsx(data: bytes) -> dict[str, Table]:
    """Read the tables of a workbook, by the names of its sheets. Raises InvalidInput when it is none or too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        tables: dict[str, Table] = {}
        for page in book.worksheets:
            name = sheet_named(page.title) or page.title
            tables[f"{name} (again)" if name in tables else name] = _page(book, page)
        return tables
    except TooMuchError as error:
        raise refused([FieldError("body", str(error))]) from None
    except Exception:  # a damaged file makes the reader fail in every way there is
        reason = "is no xlsx workbook, or a damaged one, or has a password; save it anew as an Excel workbook (.xlsx)"
        raise refused([FieldError("body", reason)]) from None


class _Cells(WorkSheetParser):  # type: ignore[misc]  # the library has no types
    """Reads the cells of a sheet as they were last computed, and tells a formula that never was from an empty cell."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["data_type"] = "f"
        return cell


def _page(book: Any, page: Any) -> Table:
    table: dict[int, dict[int, Cell]] = {}
    with page._get_source() as source:
        parser = _Cells(
            source,
            page._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, cells in parser.parse():
            keep(table, number, ((cell["column"], _cell(cell)) for cell in cells))
    for merged in parser.merged_cells.mergeCell if parser.merged_cells else ():
        left, top, *_ = range_boundaries(merged.ref)
        if left in table.get(top, {}):
            table[top][left] = Unreadable(f"the cells {merged.ref} are merged; split them and fill each of them")
    return dict(sorted(table.items()))


def _cell(cell: dict[str, Any]) -> Cell:
    """Return a cell of a workbook as the text that it stands for."""
    value = cell["value"]
    if cell["data_type"] == "f":
        return Unreadable("is a formula whose value is not known; write the value itself")
    if cell["data_type"] == "e":
        return Unreadable(f"shows the error {value}; write a value")
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("auto" if value.second else "minutes")
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
        case str():
            return _CODE.sub(lambda found: chr(int(found[1], 16)), value)
    return str(value)


def _check_parts(archive: zipfile.ZipFile) -> None:
    """Raise TooMuchError for what would be huge once unpacked, by itself or by what its XML declares."""
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise TooMuchError(
            f"is larger than {MOST_UNPACKED // 1_000_000} MB once unpacked; copy the values into a new one"
        )

    def refuse(*_: Any) -> None:
        raise TooMuchError("declares a document type, which no workbook has; copy the values into a new one")

    elements = itertools.count(1)

    def count(*_: Any) -> None:
        if next(elements) > MOST_ELEMENTS:
            raise TooMuchError(f"has more than {MOST_ELEMENTS} cells and marks; copy the values into a new one")

    for part in parts:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = count
        with archive.open(part) as content:
            try:
                parser.ParseFile(content)
            except expat.ExpatError:
                continue  # an image, or XML at which the reader will stop as well


def _choices(sheet: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if sheet in KINDS:
        for place, column in enumerate(columns(KINDS[sheet].struct), 1):
            if words := choices(column):
                yield letter(place), words
