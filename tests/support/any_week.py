"""University Weeks of every kind, for properties that hold for all of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import strategies as st
from lms_university_weeks.week import (
    Company,
    Credit,
    Lecturer,
    Option,
    Pin,
    Room,
    Site,
    SlotTime,
    Track,
    Travel,
    WeekChoice,
    WeekContent,
    WeekSession,
    When,
    holds,
)
from msgspec.structs import replace

TRICKY = ("=1+1", "'=x", "+49 721", "-", "@me", "a;b", '"q"; r', ' "', " blank ", "_x0041_", "\uffff", "none", "ja", "007",
          "2027-03-01", "1,2", "Größe", "\U0001f9ea", "''", "\u2028")  # fmt: skip

keys = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,5}", fullmatch=True)
line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12) | st.sampled_from(TRICKY)
days = tuple(date(2027, 2, 27) + timedelta(n) for n in range(5))


@st.composite
def weeks(draw: st.DrawFn) -> WeekContent:
    """Draw a week in which all that is named exists."""
    slots = tuple(SlotTime(f"{8 + n:02}:00", f"{8 + n:02}:45") for n in range(draw(st.integers(1, 4))))
    numbers = st.integers(1, len(slots))
    when = st.lists(st.builds(When, st.sampled_from(days), st.lists(numbers, max_size=3).map(tuple)), max_size=3)
    times = when.map(tuple)
    spoken = st.sampled_from([(), ("no", "de"), ("de", "en", "no")])
    small, people = st.integers(1, 24), st.integers(0, 100_000)

    def some(least: int = 0) -> list[str]:
        return draw(st.lists(keys, unique=True, min_size=least, max_size=3))

    def of(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
        return st.lists(st.sampled_from(names), max_size=3).map(tuple) if names else st.just(())

    sites, rooms, lecturers, tracks, companies = some(1), some(), some(), some(1), some()
    sessions = some()
    place = st.sampled_from(sites)

    def session(key: str) -> WeekSession:
        visits = companies and draw(st.booleans())
        needed = draw(of(lecturers))
        return WeekSession(
            key=key, title=draw(line), kind="visit" if visits else draw(st.sampled_from(["talk", "plenary", "social"])),
            must=draw(st.booleans()), length=draw(numbers), tracks=draw(of(tracks)), lecturers=needed,
            one_of=tuple(one for one in draw(of(lecturers)) if one not in needed), rooms=draw(of(rooms)),
            equipment=tuple(draw(st.lists(line, max_size=3))), language=draw(st.sampled_from(["", "de", "no"])),
            mode=draw(st.sampled_from(["on_site", "hybrid", "online"])),
            company=draw(st.sampled_from(companies)) if visits else None,
            after=tuple(one for one in draw(of(sessions)) if one != key), only=draw(times), may_split=draw(st.booleans()),
            pinned=draw(st.none() | st.builds(
                Pin, st.sampled_from(days), numbers, st.none() | st.sampled_from(rooms) if rooms else st.none(),
            )),
            run_id=draw(st.none() | st.uuids()),
        )  # fmt: skip

    def choice(key: str, **options: tuple[Option, ...]) -> WeekChoice:
        closes = draw(st.datetimes(datetime(1970, 1, 1), datetime(2027, 3, 3)))
        return WeekChoice(key=key, title=draw(line), closes=closes, **options)

    def places(one: WeekSession) -> int | None:
        most = holds(week, one)
        return draw(st.integers(0, most) | st.none()) if most is not None else draw(people)

    week = WeekContent(
        title=draw(line), run_id=draw(st.uuids()), zone=draw(st.sampled_from(["Europe/Berlin", "Etc/GMT+3"])), days=days,
        slots=slots,
        sites=tuple(Site(key=key, name=draw(line), address=draw(line | st.just(""))) for key in sites),
        travel=tuple(draw(st.lists(st.builds(
            Travel, from_site=place, to_site=place, minutes=st.integers(0, 1440)), max_size=3))),
        rooms=tuple(Room(
            key=key, name=draw(line), site=draw(place), seats=draw(people), safety_cap=draw(st.none() | people),
            equipment=tuple(draw(st.lists(line, max_size=3))), closed=draw(times)) for key in rooms),
        lecturers=tuple(Lecturer(
            key=key, name=draw(line), organisation=draw(line | st.just("")), person_id=draw(st.none() | st.uuids()),
            available=draw(st.none() | times), disliked=draw(times), slots_a_day=draw(st.none() | small),
            languages=draw(spoken),
        ) for key in lecturers),
        tracks=tuple(Track(key=key, name=draw(line), size=draw(people), languages=draw(spoken)) for key in tracks),
        companies=tuple(Company(
            key=key, name=draw(line), site=draw(place), windows=draw(times), most=draw(people),
            names_due_days=draw(st.integers(0, 60))) for key in companies),
        sessions=tuple(map(session, sessions)), buses=draw(st.none() | st.integers(0, 100)), childcare=draw(people),
        slots_a_day=draw(small),
        credit=draw(st.none() | st.builds(Credit, st.sampled_from(["3", "2.5", "12.25"]), st.integers(1, 100))),
    )  # fmt: skip
    choices = [
        choice(f"{one.key}.it", sessions=(Option(one.key, places(one)),))
        for one in week.sessions if one.must and draw(st.booleans())
    ]  # fmt: skip
    if draw(st.booleans()):
        choices.append(choice("tracks", tracks=tuple(Option(key, draw(people)) for key in tracks)))
    return replace(week, choices=tuple(choices))
