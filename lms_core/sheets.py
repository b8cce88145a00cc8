"""Tables that offices hand in and take away, as CSV or JSON, and the report on what became of each line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from lms_core.types import Count, Payload, View

__all__ = [
    "CSV",
    "MOST_LINES",
    "Format",
    "Line",
    "LineChange",
    "LineError",
    "Mode",
    "NoTable",
    "Report",
    "guard_cell",
    "read_csv",
    "unguard_cell",
    "write",
]

CSV = "text/csv"
Format = Literal["csv", "json"]
Mode = Literal["all", "skip-bad", "dry-run"]
"""How an import treats bad lines: nothing is changed if there is one, or the good ones are; a dry run only reports."""
MOST_LINES = 10_000
"""Lines of one import at most."""

# A spreadsheet takes a cell that begins so for a formula, and may carry it out.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")


class Line(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an import; `line` is the number that the report names it by (none: its place, from 1).

    Cells are texts as somebody wrote them: whether they can be right is found out line by line. An empty cell is
    none.
    """

    line: Count | None = None


L = TypeVar("L", bound=Line)


class NoTable(Exception):
    """What was sent is no table of the kind that was wanted, for these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class LineError(View, frozen=True, kw_only=True):
    """Why a line was not carried out: the column to blame, if it is one, and what would be right."""

    line: int
    column: str | None
    reason: str


class LineChange(View, frozen=True, kw_only=True):
    """What a line changed, or would change; for an update the columns."""

    line: int
    change: Literal["created", "updated", "enrolled", "waiting", "requested", "withdrawn"]
    columns: list[str] = []


class Report(View, frozen=True, kw_only=True):
    """What became of the lines of an import. Those that are neither changed nor wrong say what is so already.

    After a dry run it is what would become of them, and nothing is changed.
    """

    mode: Mode
    lines: int
    unchanged: int
    changes: list[LineChange]
    errors: list[LineError]


def _columns(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the columns of a kind of lines: the names of its fields, by those that stand in the header."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(kind) if field.name != "line"}


def read_csv(data: bytes, kind: type[L]) -> list[L]:
    """Read the lines of a table as spreadsheets and offices write them.

    UTF-8 or Windows-1252; cells between commas, semicolons or tabs; the header's names in any order, with any case,
    blanks, hyphens and underscores. Lines have the numbers that an editor shows; empty ones are left out. Raises
    NoTable when it is none, has columns that are not known, or cells beyond its columns.
    """
    rows = _rows(_text(data))
    number, header = next(rows, (1, []))
    names = _named(number, header, _columns(kind))
    lines: list[L] = []
    wrong = []
    for number, cells in rows:
        filled = {place: cell for place, cell in enumerate(cells) if cell}
        if not filled:
            continue
        if unnamed := filled.keys() - names.keys():
            wrong.append(f"line {number}: cell {min(unnamed) + 1} has no column; quote a cell that holds a separator")
        elif len(lines) == MOST_LINES:
            raise NoTable(f"has more than {MOST_LINES} lines; divide it")
        else:
            lines.append(kind(line=number, **{names[place]: cell for place, cell in filled.items()}))
    if wrong:
        raise NoTable(*wrong)
    return lines


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NoTable("is not text in UTF-8 or Windows-1252; save the table as CSV")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows, each with the number of the line in which it begins."""
    number = 1
    try:
        widths = {mark: len(next(csv.reader(io.StringIO(text, None), delimiter=mark), [])) for mark in ",;\t"}
        reader = csv.reader(io.StringIO(text, None), delimiter=max(widths, key=lambda mark: widths[mark]), strict=True)
        for cells in reader:
            yield number, [unguard_cell(cell.strip()) for cell in cells]
            number = reader.line_num + 1
    except csv.Error as error:
        raise NoTable(f"line {number}: is not CSV: {error}") from None


def _named(number: int, header: list[str], known: dict[str, str]) -> dict[int, str]:
    """Return the field of each column that has a name."""
    plain = {_plain(name): field for name, field in known.items()}
    names: dict[int, str] = {}
    wrong = []
    for place, name in enumerate(header):
        field = plain.get(_plain(name))
        if name and field is None:
            wrong.append(f"line {number}: the column {name[:100]!r} is not known here")
        elif field in names.values():
            wrong.append(f"line {number}: the column {name[:100]!r} stands there twice")
        elif field is not None:
            names[place] = field
    if wrong or not names:
        raise NoTable(*wrong, f"the first line must name the columns, which are: {', '.join(known)}")
    return names


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _guarded(value: Any) -> str:
    """Write a value as a cell that no spreadsheet takes for a formula."""
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Decimal():
            return format(value, "f")
    return guard_cell(str(value))


def guard_cell(text: str) -> str:
    """Quote a text that a spreadsheet would carry out as a formula; `unguard_cell` gives it back as it was."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard_cell(cell: str) -> str:
    """Take the quote of `guard_cell` off again, where there is one."""
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


async def write(
    kind: type[msgspec.Struct], batches: AsyncIterator[Sequence[Any]], form: Format
) -> AsyncIterator[bytes]:
    """Yield a table piece by piece, a piece for each batch of rows; rows have the fields of `kind` as attributes.

    CSV is that of RFC 4180 in UTF-8 with the mark by which spreadsheets know it; JSON is an object with `lines`.
    """
    names = _columns(kind)
    yield _csv([list(names)], mark=True) if form == "csv" else b'{"lines":['
    separator = b"\n"
    async for rows in batches:
        if form == "csv":
            yield _csv([_guarded(getattr(row, field)) for field in names.values()] for row in rows)
        else:
            told = ({column: getattr(row, field) for column, field in names.items()} for row in rows)
            yield separator + b",\n".join(map(msgspec.json.encode, told))
            separator = b",\n"
    if form == "json":
        yield b"]}\n"


def _csv(rows: Iterable[list[str]], *, mark: bool = False) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig" if mark else "utf-8")
