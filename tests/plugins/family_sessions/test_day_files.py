"""Days in the files that schools and nurseries give out."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_family_sessions.day_files import NamedDays, read_closures, read_days
from lms_family_sessions.holidays_of import DAY, Span

from lms_core.api import InvalidInput

BRIDGE = NamedDays(date(2027, 5, 7), date(2027, 5, 7), "Brückentag")
SUMMER = NamedDays(date(2027, 8, 9), date(2027, 8, 27), "Sommerschließung")


def calendar(*events: str) -> bytes:
    inside = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}END:VCALENDAR\r\n".encode()


@pytest.mark.parametrize(
    "content",
    [
        b"first,last,name\n2027-08-09,2027-08-27,Sommerschlie\xc3\x9fung\n2027-05-07,,Br\xc3\xbcckentag\n",
        "\ufeffvon;bis;was\r\n07.05.2027;;Brückentag\r\n;;\r\n09.08.2027;27.08.2027;Sommerschließung\r\n".encode(),
        "Was;Von;Bis\n Brückentag ;07.05.2027;07.05.2027\nSommerschließung;09.08.2027;2027-08-27".encode("cp1252"),
        calendar(
            "DTSTART;VALUE=DATE:20270507\r\nSUMMARY:Brückentag",
            "DTSTART;VALUE=DATE:20270809\r\nDTEND;VALUE=DATE:20270828\r\nSUMMARY:Sommerschließung",
        ),
        calendar(
            "DTSTART:20270506T220000Z\r\nDTEND:20270507T220000Z\r\nSUMMARY:Brückentag",  # midnight in Berlin
            "DTSTART:20270809T070000\r\nDTEND:20270827T160000\r\nSUMMARY:Sommer\r\n schließung",
        ),
    ],
)
def test_the_same_days_in_every_form(content: bytes) -> None:
    assert read_days(content) == [BRIDGE, SUMMER]
    assert read_closures(content) == [Span(BRIDGE.first, BRIDGE.last), Span(SUMMER.first, SUMMER.last)]


def mistakes(content: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read_days(content)
    return [(error.where, error.reason) for error in caught.value.errors]


def test_all_mistakes_are_named_by_line() -> None:
    content = b'first,last,name\n2027-05-07,2027-05-06,x\n"2027-05-07",,"two\nlines"\n31.02.2027,,y\n2027-05-07,2072-05-07,z\n,,\n'
    assert mistakes(content) == [
        ("line 2", "it ends on 2027-05-06, before it begins on 2027-05-07"),
        ("line 5", "first: '31.02.2027' is no day; write 2027-05-07 or 07.05.2027"),
        ("line 6", "it is longer than 100 days; is the year right?"),
    ]
    assert mistakes(b"2027-05-07,2027-05-07\n") == [
        ("line 1", "the first row must name the columns: first, last, name")
    ]
    assert mistakes(b"") == [("line 1", "the file is empty; its first row names the columns: first, last, name")]


def test_mistakes_in_a_calendar_are_named_by_the_line_where_the_event_begins() -> None:
    content = calendar(
        "DTSTART;VALUE=DATE:20270507\r\nRRULE:FREQ=YEARLY",
        "DTSTART;VALUE=DATE:20270507\r\nDTEND;VALUE=DATE:20270401",
        "SUMMARY:no day",
        "DTSTART:2027",
    )
    assert [(line, reason[:30]) for line, reason in mistakes(content)] == [
        ("line 3", "the event repeats; write an ev"),
        ("line 8", "it ends on 2027-03-31, before "),
        ("line 13", "has no days that can be read: "),
        ("line 17", "has no days that can be read: "),
    ]
    assert mistakes(calendar()) == [("line 1", "the calendar has no events")]
    assert mistakes(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n")[0][0] == "line 1"


@given(
    st.lists(
        st.builds(
            lambda day, more, name: NamedDays(day, day + more * DAY, name),
            st.dates(date(2020, 1, 1), date(2099, 1, 1)),
            st.integers(0, 99),
            st.text("abc ,;\"'äß", max_size=20).map(str.strip),
        ),
        min_size=1,
    )
)
def test_what_was_written_is_read(days: list[NamedDays]) -> None:
    quoted = ((one, one.name.replace('"', '""')) for one in days)
    content = "first,last,name\n" + "".join(f'{one.first},{one.last},"{name}"\n' for one, name in quoted)
    assert read_days(content.encode()) == sorted(set(days))


@given(st.binary(max_size=200), st.sampled_from([b"", b"first,last\n", b"BEGIN:VCALENDAR\n", calendar("x")[:40]]))
def test_whatever_is_sent_is_read_or_refused(junk: bytes, begin: bytes) -> None:
    with suppress(InvalidInput):
        assert all(one.first <= one.last for one in read_days(begin + junk))
