"""Tables as offices write them, and as they are handed out."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms_core.people.types import PersonLine
from lms_core.sheets import NoTable, read_csv, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANNA = PersonLine(line=2, external_key="4711", email="anna@example.org", name="Änna Öz")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("externalKey,email,name\r\n4711,anna@example.org,Änna Öz\r\n", "utf-8"),
        ("externalKey;email;name\n4711;anna@example.org;Änna Öz\n", "utf-8-sig"),
        ("externalKey;email;name\r4711;anna@example.org;Änna Öz", "cp1252"),
        ("Name\tEXTERNAL KEY\te-mail\nÄnna Öz\t4711\tanna@example.org", "utf-8"),
        ('"NAME";"External-Key";"E_Mail";\n" Änna Öz ";"4711";anna@example.org;\n;;;\n\n', "cp1252"),
    ],
)
def test_it_does_not_matter_how_an_office_writes_it(text: str, encoding: str) -> None:
    assert read_csv(text.encode(encoding), PersonLine) == [ANNA]


def test_a_line_has_the_number_that_an_editor_shows() -> None:
    text = 'name,email\n"Anna\nWeber",a@x\n\n"Bea ""B"", Cem",b@x\nDora\n'
    assert read_csv(text.encode(), PersonLine) == [
        PersonLine(line=2, name="Anna\nWeber", email="a@x"),
        PersonLine(line=5, name='Bea "B", Cem', email="b@x"),
        PersonLine(line=6, name="Dora"),
    ]


KNOWN = "the first line must name the columns, which are: externalKey, email, name, language, state"


@pytest.mark.parametrize(
    ("data", "reasons"),
    [
        (b"", [KNOWN]),
        (b"\n\n", [KNOWN]),
        (b"anna@example.org,Anna\n", [
            "line 1: the column 'anna@example.org' is not known here", "line 1: the column 'Anna' is not known here",
            KNOWN,
        ]),
        (b"email,name,E-Mail\n", ["line 1: the column 'E-Mail' stands there twice", KNOWN]),
        (b"email,name\na@x,Weber, Anna\nb@x,Bea\nc@x,Cem,,x\n", [
            "line 2: cell 3 has no column; quote a cell that holds a separator",
            "line 4: cell 4 has no column; quote a cell that holds a separator",
        ]),
        (b'email,name\na@x,"Anna\nb@x,Bea\n', ["line 2: is not CSV: unexpected end of data"]),
        (b'email,name\na@x,"Anna"x\n', ["line 2: is not CSV: ',' expected after '\"'"]),
        (b"email,name\na@x," + b"x" * 200_000, ["line 2: is not CSV: field larger than field limit (131072)"]),
        ("email,name\n".encode("utf-16"), ["is not text in UTF-8 or Windows-1252; save the table as CSV"]),
        (b"email,name\n\x81", ["is not text in UTF-8 or Windows-1252; save the table as CSV"]),
        (b"PK\x03\x04\x00\x81", ["is not text in UTF-8 or Windows-1252; save the table as CSV"]),
        (b"email\n" + b"a@x\n" * 10_001, ["has more than 10000 lines; divide it"]),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_every_reason(data: bytes, reasons: list[str]) -> None:
    with pytest.raises(NoTable) as refused:
        read_csv(data, PersonLine)
    assert list(refused.value.reasons) == reasons


@given(st.binary(max_size=200) | st.text(alphabet="email,name;\"\n\r\t=' x", max_size=60).map(str.encode))
def test_whatever_is_sent_is_read_or_refused(data: bytes) -> None:
    try:
        lines = read_csv(b"email;name\n" + data, PersonLine)
    except NoTable:
        return
    assert all(isinstance(line, PersonLine) for line in lines)


async def written(rows: list[Any], form: Any = "csv") -> bytes:
    async def batches() -> AsyncIterator[list[Any]]:
        for row in rows:
            yield [row]

    return b"".join([piece async for piece in write(PersonLine, batches(), form)])


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).map(str.strip), min_size=1)
)
async def test_what_is_handed_out_is_read_as_it_was_and_is_no_formula(names: list[str]) -> None:
    rows = [PersonLine(email="=cmd@x", name=name) for name in names]
    data = await written(rows)
    read = read_csv(data, PersonLine)
    assert [(line.email, line.name or "") for line in read] == [(row.email, row.name) for row in rows]
    for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("'=x", "''=x"),
        ("'x", "'x"),
        ("O'Neil", "O'Neil"),
    ],
)
async def test_a_cell_that_looks_like_a_formula_is_quoted(name: str, cell: str) -> None:
    assert (
        await written([PersonLine(name=name)])
        == f"\ufeffexternalKey,email,name,language,state\r\n,,{cell},,\r\n".encode()
    )


async def test_json_is_what_an_import_takes() -> None:
    nobody: dict[str, Any] = dict.fromkeys(["externalKey", "email", "name", "language", "state"])
    assert msgspec.json.decode(await written([], "json")) == {"lines": []}
    rows = [PersonLine(name="=1"), PersonLine(email="a@x")]
    assert msgspec.json.decode(await written(rows, "json")) == {
        "lines": [nobody | {"name": "=1"}, nobody | {"email": "a@x"}]
    }
