"""Weeks as tables and back: nothing is lost, and each mistake is named where it stands."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import msgspec
import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lms_university_weeks.files import from_csv, to_csv
from lms_university_weeks.plugin import UniversityWeeks
from lms_university_weeks.sheets import SHEETS, Table, read_tables, tables_of
from lms_university_weeks.week import Room, WeekContent, When
from lms_university_weeks.workbook import from_xlsx, to_xlsx

from lms_core.errors import Conflict, InvalidInput
from tests.support.any_week import weeks
from tests.support.weeks import DAYS, week

RUN = "0190a6e0-5f3c-7000-8000-000000000000"


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # to find a smaller week that fails takes minutes


@settings(max_examples=60, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.too_slow])
@given(weeks())
def test_a_week_that_goes_out_comes_back_as_it_was(content: WeekContent) -> None:
    tables = tables_of(content)
    assert read_tables(from_xlsx(to_xlsx(tables))).week == content
    assert read_tables({sheet: from_csv(to_csv(rows)) for sheet, rows in tables.items()}).week == content
    assert msgspec.json.decode(msgspec.json.encode(content), type=WeekContent) == content


def content() -> WeekContent:
    return msgspec.convert(week(RUN), WeekContent)


def opened() -> Any:
    """Open the workbook of the week as a spreadsheet program does."""
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(tables_of(content()))))


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def refusal(data: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        read_tables(from_xlsx(data))
    return [(one.where, one.reason) for one in refused.value.errors]


def cell(sheet: str, column: str, row: int) -> str:
    """Name the cell of a column by its header, as `Rooms!C2`."""
    headers = [str(one) for one in tables_of(None)[sheet][0]]
    return f"{chr(ord('A') + headers.index(column))}{row}"


def test_what_is_exported_is_text_under_a_header_that_stays_in_sight() -> None:
    tricky = msgspec.structs.replace(content(), title="=HYPERLINK(1)")
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(tables_of(tricky))))
    assert tuple(book.sheetnames) == SHEETS
    title = book["Week"]["B2"]
    assert (title.value, title.data_type, title.quotePrefix) == ("=HYPERLINK(1)", "s", True)
    assert {page.freeze_panes for page in book} == {"A2"}
    lists = {str(one.sqref): one.formula1 for one in book["Sessions"].data_validations.dataValidation}
    assert set(lists.values()) == {'"plenary,social,talk,visit"', '"yes,no"', '"hybrid,on_site,online"'}
    assert to_csv(tables_of(tricky)["Week"]).decode("utf-8-sig").splitlines()[1] == "title,'=HYPERLINK(1)"


def test_what_people_write_is_understood_and_what_they_leave_stays() -> None:
    book = opened()
    rooms, lecturers, sessions = book["Rooms"], book["Lecturers"], book["Sessions"]
    rooms.insert_rows(2, 3)  # empty ones
    rooms[cell("Rooms", "equipment", 5)] = 'projector ;; "a;b"'
    rooms[cell("Rooms", "closed", 5)] = datetime(2027, 3, 2)
    rooms[cell("Rooms", "seats", 5)] = 81.0
    lecturers[cell("Lecturers", "available", 2)] = "none"
    lecturers[cell("Lecturers", "disliked", 3)] = "1.3.2027 1, 2;2027-03-03"
    sessions[cell("Sessions", "must", 2)] = "Nein"
    sessions[cell("Sessions", "maySplit", 2)] = True
    sessions[cell("Sessions", "pinned", 2)] = "2027-03-01 2 hall"
    sessions[cell("Sessions", "kind", 2)] = None
    sessions[cell("Sessions", "language", 2)] = " de "
    book["Slots"]["A2"] = time(8, 15)
    book["Tracks"]["B2"] = 2027
    book["Tracks"]["C2"] = "=10+10"  # nobody has computed it yet
    assert refusal(saved(book)) == [
        ("Tracks!C2 (size)", "is a formula whose value is not known; write the value itself")
    ]
    book["Tracks"]["C2"] = "20"
    wanted = week(RUN)
    wanted["rooms"][0] |= {"equipment": ["projector", "a;b"], "closed": [{"day": DAYS[1]}], "seats": 81}
    wanted["lecturers"][0]["available"] = []
    wanted["lecturers"][1]["disliked"] = [{"day": DAYS[0], "slots": [1, 2]}, {"day": DAYS[2]}]
    wanted["sessions"][0] |= {
        "must": False, "maySplit": True, "pinned": {"day": DAYS[0], "slot": 2, "room": "hall"}, "kind": "talk",
        "language": "de",
    }  # fmt: skip
    wanted["slots"][0]["starts"] = "08:15"
    wanted["tracks"][0]["name"] = "2027"
    assert read_tables(from_xlsx(saved(book))).week == msgspec.convert(wanted, WeekContent)


def test_choices_are_rows_like_others() -> None:
    book = opened()
    page = book["Choices"]
    rows = [
        ("labs", "Laboratories", None, "opening 30; visit", 2, "20.2.2027 18:00"),
        ("tracks", "Tracks", "mems 20;optics 12", None, None, datetime(2027, 2, 19)),
    ]
    for number, row in enumerate(rows, 2):
        for place, value in enumerate(row, 1):
            page.cell(number, place).value = value
    wanted = [
        {"key": "labs", "title": "Laboratories", "sessions": [{"key": "opening", "places": 30}, {"key": "visit"}],
         "each": 2, "closes": "2027-02-20T18:00:00"},
        {"key": "tracks", "title": "Tracks", "tracks": [{"key": "mems", "places": 20}, {"key": "optics", "places": 12}],
         "closes": "2027-02-19T00:00:00"},
    ]  # fmt: skip
    assert read_tables(from_xlsx(saved(book))).week == msgspec.convert(week(RUN, choices=wanted), WeekContent)
    page["C2"], page["D3"], page["F2"] = "mems", "opening 90; lasers", "tomorrow"
    assert refusal(saved(book)) == [
        ("Choices!F2 (closes)", "'tomorrow' is not a day and a time such as 2027-03-01 18:00"),
        ("Choices!D3 (sessions)", "a choice is either among tracks or among sessions"),
    ]
    page["F2"], page["C3"] = "2027-03-01T09:00", "mems many"
    assert refusal(saved(book)) == [
        (
            "Choices!C3 (tracks)",
            "'mems many' is not `key [places]`, such as hall 2; between several stands a semicolon",
        ),
        ("Choices!D2 (sessions)", "a choice is either among tracks or among sessions"),
    ]
    page["C3"] = None
    assert refusal(saved(book)) == [
        ("Choices!D2 (sessions)", "a choice is either among tracks or among sessions"),
        ("Choices!D3 (sessions)", "all of them must be for the same tracks, whose students then choose"),
        ("Choices!D3 (sessions)", "opening is in another choice already"),
        ("Choices!D3 (sessions)", "opening has at most 80 places, where it can be"),
    ]


def test_a_formula_counts_as_what_it_shows() -> None:
    shown = b'<c r="C2"><f>4*5</f><v>20</v></c>'
    data = with_part(TRACKS, lambda xml: xml.replace(b'<c r="C2" t="n"><v>20</v></c>', shown))
    assert shown in zipfile.ZipFile(io.BytesIO(data)).read(TRACKS)
    assert read_tables(from_xlsx(data)).week == content()


def test_every_mistake_is_named_by_sheet_row_and_column() -> None:
    book = opened()
    sessions, rooms = book["Sessions"], book["Rooms"]
    book["Week"]["B6"] = "many"
    book["Slots"]["A3"] = "half past ten"
    rooms[cell("Rooms", "key", 2)] = "Hall 1"
    rooms[cell("Rooms", "seats", 3)] = 100_001
    sessions[cell("Sessions", "title", 3)] = None
    sessions[cell("Sessions", "kind", 4)] = "excursion"
    sessions[cell("Sessions", "must", 4)] = "perhaps"
    sessions[cell("Sessions", "only", 5)] = "2027-03-01; Tuesday 2"
    sessions[cell("Sessions", "pinned", 5)] = "2027-03-01 2 hall at noon"
    sessions[cell("Sessions", "runId", 6)] = "the first"
    sessions["Z7"] = "by the way"
    sessions.merge_cells("G7:H8")
    book["Lecturers"]["C2"] = "#REF!"
    when = "is not `day [slots]`, such as 2027-03-01 1,2; between several stands a semicolon"
    ident = "is not an id such as 0190a6e0-5f3c-7000-8000-000000000000"
    assert refusal(saved(book)) == [
        ("Week!B6 (buses)", "'many' is not a whole number from 0 to 100"),
        ("Slots!A3 (starts)", "'half past ten' is not a time of day such as 08:30"),
        ("Rooms!A2 (key)", "'Hall 1' is not a key of lower-case letters, digits, dots, hyphens and underscores"),
        ("Rooms!D3 (seats)", "'100001' is not a whole number from 0 to 100000"),
        ("Lecturers!C2 (organisation)", "shows the error #REF!; write a value"),
        ("Sessions!B3 (title)", "is required: one line of at most 200 characters"),
        ("Sessions!C4 (kind)", "'excursion' is not one of plenary, social, talk, visit"),
        ("Sessions!D4 (must)", "'perhaps' is not yes or no"),
        ("Sessions!O5 (only)", f"'2027-03-01; Tuesday 2' {when}"),
        ("Sessions!Q5 (pinned)", "'2027-03-01 2 hall at noon' is not `day slot [room]`, such as 2027-03-01 2 hall"),
        ("Sessions!R6 (runId)", f"'the first' {ident}"),
        ("Sessions!Z7", "the cell stands in a column without a header"),
    ]


def test_what_refers_to_nothing_is_named_beside_what_is_wrong_by_itself() -> None:
    book = opened()
    sessions, rooms = book["Sessions"], book["Rooms"]
    sessions.insert_rows(2, 2)
    sessions[cell("Sessions", "lecturers", 4)] = "okafor; nobody"
    sessions[cell("Sessions", "pinned", 5)] = "2027-03-01 2 cellar"
    sessions[cell("Sessions", "kind", 8)] = "outing"  # and so its company seems to be that of no visit
    rooms[cell("Rooms", "site", 2)] = "moon"
    rooms[cell("Rooms", "closed", 3)] = "2027-03-01 1,9"
    book["Travel"].append(["campus", "mars", 4])
    rooms.merge_cells("G2:G4")  # nothing stands there
    book["Companies"].merge_cells("E2:F2")
    assert refusal(saved(book)) == [
        ("Companies!E2 (most)", "the cells E2:F2 are merged; split them and fill each of them"),
        ("Sessions!C8 (kind)", "'outing' is not one of plenary, social, talk, visit"),
        ("Travel!B3 (to)", "there is no site mars"),
        ("Rooms!C2 (site)", "there is no site moon"),
        ("Sessions!G4 (lecturers)", "there is no lecturer nobody"),
        ("Sessions!Q5 (pinned)", "there is no room cellar"),
    ]


def test_what_the_week_itself_refuses_is_named_where_it_stands() -> None:
    book = opened()
    book["Week"]["B4"] = "Europe/Karlsruhe"
    book["Week"]["B5"] = "2027-03-02; 2027-03-01"
    book["Slots"]["A3"] = "09:00"
    assert refusal(saved(book)) == [
        ("Week!B4 (zone)", "'Europe/Karlsruhe' is not a time zone of the IANA database, such as Europe/Berlin"),
        ("Week!B5 (days)", "must be in order, each of them once"),
        ("Slots", "must follow each other on the clock, each ending after it begins"),
    ]


def test_sheets_and_columns_that_are_missing_unknown_or_twice() -> None:
    book = opened()
    book.create_sheet("Notes")
    del book["Companies"]
    book["Week"]["A10"] = "Colour"
    book["Week"].delete_rows(7)  # and so Colour moves up
    book["Sessions"]["E1"], book["Sessions"]["F1"] = "Kind", "tack s"
    book["Rooms"].delete_cols(7)
    book["Sites"].delete_rows(2, 2)
    book["Travel"]["A1"], book["Travel"]["C1"] = " FROM ", "MINUTES"
    sheets = "Week, Slots, Sites, Travel, Rooms, Lecturers, Tracks, Companies, Sessions, Choices"
    headers = {sheet: ", ".join(map(str, rows[0])) for sheet, rows in tables_of(None).items()}
    fields = "title, runId, zone, days, buses, childcare, slotsADay, credit"
    assert refusal(saved(book)) == [
        ("Notes", f"there is no such sheet; they are {sheets}"),
        ("Companies", "the sheet is missing; leave it empty below its header if there are none"),
        ("Week!A9 (field)", f"there is no such field; they are {fields}"),
        ("Week", "the field childcare is missing; leave its value empty if there is none"),
        ("Sites", "has no row below its header; at least one is needed"),
        ("Rooms!A1", "the column closed is missing; leave the cells below empty where there is nothing"),
        ("Sessions!E1", "the column kind stands there twice"),
        ("Sessions!F1", f"there is no column tack s; the columns are {headers['Sessions']}"),
        ("Sessions!A1", "the columns length, tracks are missing; leave the cells below empty where there is nothing"),
    ]


def test_more_than_any_week_has() -> None:
    book = opened()
    for number in range(400):
        book["Tracks"].append([f"t{number}", "Another", 1])
    assert refusal(saved(book)) == [("Tracks!A32", "there are more than 30 rows; no week has so many")]
    many = "\n".join(["key,name,size", *(f"t{number},Another,1" for number in range(10_000))])
    with pytest.raises(InvalidInput) as refused:
        from_csv(many.encode())
    assert [one.reason for one in refused.value.errors] == ["has a table of more than 10000 rows; no week has so many"]
    wide = opened()
    wide["Tracks"]["XFD1048576"] = "far away"
    assert refusal(saved(wide)) == [
        ("body", "has a filled cell beyond 100 columns, in row 1048576; delete what is there")
    ]
    long = msgspec.structs.replace(
        content(), rooms=tuple(msgspec.structs.replace(one, equipment=("x" * 200,) * 200) for one in content().rooms)
    )
    with pytest.raises(Conflict, match=r"Rooms!F2 has more than 32767 characters; a CSV table can hold them."):
        to_xlsx(tables_of(long))


NO_WORKBOOK = "is no xlsx workbook, or a damaged one, or has a password; save it anew as an Excel workbook (.xlsx)"
TRACKS = "xl/worksheets/sheet7.xml"


def with_part(part: str, change: Any) -> bytes:
    """Return the workbook of the week with one of its parts changed."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(opened()))) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            held = before.read(name)
            after.writestr(name, change(held) if name == part else held)
    return out.getvalue()


def test_files_that_are_no_workbooks_or_mean_harm() -> None:
    whole = saved(opened())
    broken = (b"", b"key,name\n", whole[: len(whole) // 2], whole[:-30], with_part(TRACKS, lambda xml: xml[:-40]),
              with_part("xl/styles.xml", lambda _: b"\0"))  # fmt: skip
    for data in broken:
        assert refusal(data) == [("body", NO_WORKBOOK)]
    bomb = with_part(TRACKS, lambda xml: xml + b" " * 40_000_000)
    assert len(bomb) < 100_000
    assert refusal(bomb) == [("body", "is larger than 30 MB once unpacked; copy the values into a new one")]
    crowd = with_part(
        TRACKS, lambda xml: xml.replace(b"</sheetData>", b"<row>" + b"<c/>" * 500_000 + b"</row></sheetData>")
    )
    assert refusal(crowd) == [("body", "has more than 500000 cells and marks; copy the values into a new one")]
    entities = b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    for encoding in ("utf-8", "utf-16"):

        def laugh(xml: bytes, encoding: str = encoding) -> bytes:
            return (entities + xml.replace(b"MEMS", b"&b;")).decode().encode(encoding)

        reason = "declares a document type, which no workbook has; copy the values into a new one"
        assert refusal(with_part(TRACKS, laugh)) == [("body", reason)]
    vast = with_part(TRACKS, lambda xml: xml.replace(
        b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'))  # fmt: skip
    assert refusal(vast)[0] == (
        "Tracks!A1", "the cells A1:XFD1048576 are merged; split them and fill each of them",
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_workbook_with_wrong_bytes_is_read_or_refused(data: st.DataObject) -> None:
    parts = (TRACKS, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels")

    def spoil(xml: bytes) -> bytes:
        spoilt = bytearray(xml)
        for _ in range(data.draw(st.integers(1, 5))):
            spoilt[data.draw(st.integers(0, len(xml) - 1))] = data.draw(st.integers(32, 126))
        return bytes(spoilt)

    try:
        read_tables(from_xlsx(with_part(data.draw(st.sampled_from(parts)), spoil)))
    except InvalidInput:
        return


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_as_offices_save_it(mark: str, encoding: str) -> None:
    rows = (["Key", "name", "SITE", "seats", "safety cap", "equipment", "closed"],
            ["hall", "Großer Saal", "campus", "80", "", '"beamer; ""a;b"""', "01.03.2027 1"], [""] * 7)  # fmt: skip
    lines = "\r\n".join(mark.join(f'"{one}"' if mark in one and one[0] != '"' else one for one in row) for row in rows)
    table: Table = from_csv(lines.encode(encoding))
    tables = tables_of(content())
    others = {sheet: from_csv(to_csv(rows)) for sheet, rows in tables.items()}
    assert read_tables({**others, "Rooms": table}).week.rooms == (
        Room(
            key="hall", name="Großer Saal", site="campus", seats=80, equipment=("beamer", "a;b"),
            closed=(When(date(2027, 3, 1), (1,)),),
        ),
    )  # fmt: skip
    for wrong in (b"\x81\0", b'key,name\n"never closed'):
        with pytest.raises(InvalidInput):
            from_csv(wrong)


def test_the_template_has_all_sheets_and_is_asked_for_what_is_needed(tmp_path: Any) -> None:
    out = tmp_path / "week.xlsx"
    [command] = [one for one in UniversityWeeks.tools if one.name == "template"]
    command.main([str(out)], standalone_mode=False)
    assert refusal(out.read_bytes()) == [
        ("Week!B2 (title)", "is required: one line of at most 200 characters"),
        ("Week!B3 (runId)", "is required: an id such as 0190a6e0-5f3c-7000-8000-000000000000"),
        (
            "Week!B5 (days)",
            "is required: a date such as 2027-03-01 (at most 14 of them); between several stands a semicolon",
        ),
        ("Slots", "has no row below its header; at least one is needed"),
        ("Sites", "has no row below its header; at least one is needed"),
        ("Tracks", "has no row below its header; at least one is needed"),
    ]
