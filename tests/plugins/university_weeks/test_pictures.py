"""What a picture of a week shows, and that nothing in it covers anything else, whatever the week."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any
from uuid import UUID

import fontpkg
import msgspec
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_university_weeks.layout import Box, Sheet, Text, sheet
from lms_university_weeks.pictures import page, svg
from lms_university_weeks.prints import known, pdf
from lms_university_weeks.translate import Where
from lms_university_weeks.views import Own, shown, title_of, view_of
from lms_university_weeks.week import WeekContent

from tests.support.weeks import DAYS, week

if TYPE_CHECKING:
    from pathlib import Path

RUN, OTHER = UUID(int=1), UUID(int=2)
MONDAY, TUESDAY, WEDNESDAY = map(date.fromisoformat, DAYS)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
ALL = ("mems 1/2", "mems 2/2", "optics")
PLACES = (
    Where("opening", MONDAY, 1, "hall", ("okafor",), ALL),
    Where("safety", MONDAY, 2, "hall", ("weiss",), ALL[:2]),
    Where("bench/1", MONDAY, 3, "lab", ("okafor",), ALL[:1]),
    Where("lasers", MONDAY, 3, "hall", ("weiss",), ALL[2:]),
    Where("bench/2", MONDAY, 4, "lab", ("okafor",), ALL[1:2]),
    Where("visit", TUESDAY, 1, "company:feinwerk", (), ALL),
    Where("recap", TUESDAY, 3, "", ("okafor",), ALL[2:]),
    Where("evening", TUESDAY, 5, "hall", (), ALL),
)
HOME = "bus from Plant to Campus, 40 min"


def content(**other: Any) -> WeekContent:
    return msgspec.convert(week(str(RUN)) | other, WeekContent)


def drawn(made: WeekContent, places: tuple[Where, ...], view: str = "all", own: Own | None = None) -> Sheet:
    chosen = view_of(made, view)
    return sheet(made, title_of(made, chosen), made.days, shown(made, places, chosen, own or Own()))


def seen(view: str, own: Own | None = None, **other: Any) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    one = drawn(content(**other), PLACES, view, own)
    return [box.entry.key for box in one.sessions], {box.entry.key: box.entry.journeys for box in one.journeys}


def test_each_view_shows_its_sessions_and_the_ways_between_them() -> None:
    assert seen("all") == ([where.key for where in PLACES], {"evening": (HOME,)})
    mems = ["opening", "safety", "bench/1", "bench/2", "visit", "evening"]
    assert seen("track:mems") == (mems, {"evening": (HOME,)})
    assert seen("room:hall") == (["opening", "safety", "lasers", "evening"], {})
    assert seen("lecturer:okafor") == (["opening", "bench/1", "bench/2", "recap"], {})
    assert seen("me") == ([], {})
    taught = frozenset({"safety", "lasers"})
    assert seen("me", Own(teaches=taught)) == (["safety", "lasers"], {})
    assert seen("me", Own(attends=frozenset({"evening"}))) == (["evening"], {})
    both = Own(frozenset({"visit", "evening"}), taught)
    assert seen("me", both) == (["safety", "lasers", "visit", "evening"], {"evening": (HOME,)})
    assert seen("all", travel=[])[1] == {"evening": ("bus from Plant to Campus, 30 min",)}
    next_door = [{"from": "plant", "to": "campus", "minutes": 0}]
    assert seen("all", travel=next_door)[1] == {}


def test_a_journey_is_a_lecturers_own_and_says_where_each_part_of_a_track_comes_from() -> None:
    rooms = [*week(str(RUN))["rooms"], {"key": "loft", "name": "Loft", "site": "plant", "seats": 9}]
    places = (
        Where("bench/1", MONDAY, 1, "lab", ("okafor",), ALL[:1]),
        Where("bench/2", MONDAY, 1, "loft", ("weiss",), ALL[1:2]),
        Where("lasers", MONDAY, 3, "loft", ("okafor",), ALL),
    )
    ways = {}
    for view in ("all", "lecturer:okafor", "lecturer:weiss", "room:loft"):
        one = drawn(content(rooms=rooms), places, view)
        ways[view] = {box.entry.key: box.entry.journeys for box in one.journeys}
    mine = drawn(content(rooms=rooms), places, "me", Own(teaches=frozenset({"bench/1", "lasers"})))
    ways["me"] = {box.entry.key: box.entry.journeys for box in mine.journeys}
    there = {"lasers": ("bus from Campus to Plant, 40 min",)}
    assert ways == {"all": there, "lecturer:okafor": there, "lecturer:weiss": {}, "room:loft": {}, "me": there}


def test_the_picture_and_the_table_say_the_same() -> None:
    one = drawn(content(), PLACES)
    root = ET.fromstring(svg(one))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert root.findtext(f"{SVG}title") == "University Week in March"
    visit = [group for group in root.iter(f"{SVG}g") if group.get("class") == "session visit"]
    assert [[text.text for text in group.iter(f"{SVG}text")] for group in visit] == [
        ["At Feinwerk's", "Feinwerk Sensorik, Plant", "for everybody", "Visit"]
    ]
    assert visit[0].findtext(f"{SVG}title") == (
        "At Feinwerk's; Visit; Tuesday 2027-03-02, 08:30 to 12:00; Feinwerk Sensorik, Plant; for everybody"
    )
    borders = {
        group.get("class"): tuple(group.find(f"{SVG}rect").get(name) for name in ("stroke-width", "stroke-dasharray"))  # type: ignore[union-attr] # each has one
        for group in root.iter(f"{SVG}g")
        if group.get("class") != "journey"
    }
    assert len(set(borders.values())) == len(borders) == 4
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids == ["title", "desc"]
    colours = {element.get(name) for element in root.iter() for name in ("fill", "stroke")}
    assert colours == {"black", "white", None}

    html = ET.fromstring(page(one, [box.entry for box in one.sessions]))
    assert (html.findtext(".//caption"), len(html.findall(".//table"))) == ("The same in the order of time", 1)
    assert {head.get("scope") for head in html.findall(".//thead//th")} == {"col"}
    rows = [["".join(cell.itertext()) for cell in row] for row in html.findall(".//tbody/tr")]
    assert [row[0] for row in rows] == [box.entry.title for box in one.sessions]
    assert rows[-1] == [
        "Evening by the river", "Tuesday 2027-03-02", "18:00 to 20:00", "Social", "Great Hall, Campus", "",
        "for everybody", HOME,
    ]  # fmt: skip
    assert {head.get("scope") for head in html.findall(".//tbody//th")} == {"row"}
    assert html.findall(f".//{SVG}svg")
    assert not html.findall(".//script")


def test_what_is_long_or_written_in_any_script_stays_in_its_box_and_is_told_in_full() -> None:
    names = {
        "opening": "DONAUDAMPFSCHIFFFAHRT" * 9,
        "safety": '<script>alert("&")</script>]]> \ufffe \u0085',
        "lasers": "Λέιζερ и лазеры, ליזר, الليزر, レーザー技術の基礎と応用についての講義 👩🏽‍🔬" * 2,
    }
    sessions = [one | {"title": names.get(one["key"], one["title"])} for one in week(str(RUN))["sessions"]]
    one = drawn(content(sessions=sessions), PLACES)
    root = ET.fromstring(svg(one))
    told = [group.findtext(f"{SVG}title") or "" for group in root.iter(f"{SVG}g")]
    for key in ("opening", "lasers"):
        assert sum(names[key] in text for text in told) == 1
    assert sum('<script>alert("&")</script>]]> \ufffd ' in text for text in told) == 1
    opening = next(box for box in one.sessions if box.entry.key == "opening")
    assert [text.bold for text in opening.texts].count(True) <= 3
    assert opening.texts[2].text.endswith("…")
    ET.fromstring(page(one, [box.entry for box in one.sessions]))
    assert known("Λέιζερ, лазеры, Weiß, Nguyễn, e\u0301", False) == "Λέιζερ, лазеры, Weiß, Nguyễn, é"
    assert known("山田 a", True) == "▯▯ a"


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_the_print_can_be_searched_and_takes_as_many_pages_as_can_be_read(tmp_path: Path) -> None:
    def words(made: WeekContent, places: tuple[Where, ...]) -> list[str]:
        printed = pdf(made, made.title, shown(made, places, view_of(made, "all"), Own()), NOW)
        assert printed == pdf(made, made.title, shown(made, places, view_of(made, "all"), Own()), NOW)
        file = tmp_path / "week.pdf"
        file.write_bytes(printed)
        told = subprocess.run(["pdfinfo", "-isodates", file], capture_output=True, text=True, check=True).stdout
        assert "University Week in March" in told
        assert "2027-01-01T00:00:00" in told  # when it was published, not when somebody prints it
        assert "841.89 x 595.28 pts (A4)" in told
        fonts = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert fonts
        assert all(font.split()[-5:-2] == ["yes", "yes", "yes"] for font in fonts)  # embedded, as a part, with letters
        text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
        return text.removesuffix("\f").split("\f")

    [only] = words(content(), PLACES)
    for word in ("At Feinwerk's", "Dr. Weiß", "Great Hall, Campus", HOME, "13:00 to", "Wednesday 2027-03-03"):
        assert word in only
    lecturers = [{"key": "weiss", "name": "Λ. Вайс 山田"}, *week(str(RUN))["lecturers"][1:]]
    [odd] = words(content(lecturers=lecturers), PLACES)
    assert "Λ. Вайс ▯▯" in odd
    assert "stands for a letter that the font of this print does not have" in odd
    sessions = [{"key": f"s{i}", "title": f"Session {i:02}"} for i in range(24)]
    crowd = tuple(Where(f"s{i}", (MONDAY, TUESDAY)[i % 2], 1, "hall", (), ALL) for i in range(24))
    pages = words(content(sessions=sessions), crowd)
    assert [sum(f"Session {i:02}" in one for i in range(24)) for one in pages] == [12, 12, 0]


def covers(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def width(text: Text) -> float:
    RULER.set_font("Fira", "B" if text.bold else "", text.size)
    return float(RULER.get_string_width(known(text.text, text.bold)))


RULER = FPDF(unit="pt")
RULER.add_font("Fira", "", fontpkg.path("Fira Sans"))
RULER.add_font("Fira", "B", fontpkg.path("Fira Sans", weight=700))

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


@st.composite
def plans(draw: st.DrawFn) -> tuple[WeekContent, tuple[Where, ...]]:
    """Any sessions at any times and places; a person would not plan it so, but it can be drawn."""
    days = [(MONDAY + timedelta(days=i)).isoformat() for i in range(draw(st.integers(1, 4)))]
    slots = [{"starts": f"{8 + i:02}:00", "ends": f"{8 + i:02}:45"} for i in range(draw(st.integers(1, 6)))]
    sites = [{"key": f"site{i}", "name": draw(LINE)} for i in range(2)]
    rooms = [{"key": f"room{i}", "name": draw(LINE), "site": f"site{i}", "seats": 9} for i in range(2)]
    tracks = [{"key": f"track{i}", "name": draw(LINE), "size": 5} for i in range(draw(st.integers(1, 3)))]
    sessions, places = [], []
    for i in range(draw(st.integers(0, 12))):
        length = draw(st.integers(1, len(slots)))
        kind = draw(st.sampled_from(["talk", "plenary", "social"]))
        sessions.append({"key": f"s{i}", "title": draw(LINE), "kind": kind, "length": length})
        coming = draw(st.lists(st.sampled_from([one["key"] for one in tracks]), min_size=1, unique=True))
        room = draw(st.sampled_from(["", "room0", "room1"]))
        day, slot = draw(st.sampled_from(days)), draw(st.integers(1, len(slots) - length + 1))
        places.append(Where(f"s{i}", date.fromisoformat(str(day)), slot, room, (), tuple(map(str, coming))))
    made = content(
        days=days, slots=slots, sites=sites, rooms=rooms, tracks=tracks, sessions=sessions, travel=[], lecturers=[],
        companies=[], title=draw(LINE),
    )  # fmt: skip
    return made, tuple(places)


@settings(max_examples=150, deadline=None)
@given(plans())
def test_all_is_there_and_nothing_covers_anything(plan: tuple[WeekContent, tuple[Where, ...]]) -> None:
    made, places = plan
    one = drawn(made, places)
    assert sorted(box.entry.key for box in one.sessions) == sorted(where.key for where in places)
    boxes = [*one.sessions, *one.journeys]
    assert [(a.entry.key, b.entry.key) for a, b in combinations(boxes, 2) if covers(a, b)] == []
    for box in boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= one.width
        assert box.y + box.height <= one.height
        for text in box.texts:
            assert box.y < text.y - 8
            assert text.y + 2 <= box.y + box.height
            assert text.x + width(text) <= box.x + box.width
    tops = {box.entry.key: one.rules.index(box.y) + 1 for box in one.sessions}
    assert tops == {where.key: where.slot for where in places}
    picture = svg(one)
    groups = [group.get("class", "") for group in ET.fromstring(picture).iter(f"{SVG}g")]
    assert (len(groups), groups.count("journey")) == (len(boxes), len(one.journeys))
    assert picture == svg(drawn(made, tuple(reversed(places))))
    rows = ET.fromstring(page(one, [box.entry for box in one.sessions])).findall(".//tbody/tr")
    assert len(rows) == len(places)
