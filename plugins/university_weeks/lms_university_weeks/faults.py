"""What in a week refers to nothing, or cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lms_core.api import FieldError
from lms_university_weeks.week import INTERPRETING, WeekChoice, WeekContent, WeekSession, When, holds, knows


def faults(week: WeekContent) -> list[FieldError]:
    """Say what in a week refers to nothing or cannot be: where it stands, and what would be right."""
    return [FieldError(f"body.{where}", reason) for where, reason in _faults(week)]


def _faults(week: WeekContent) -> Iterator[tuple[str, str]]:
    kinds = ("sites", "rooms", "lecturers", "tracks", "companies", "sessions", "choices")
    keys: dict[str, set[str]] = {}
    for kind in kinds:
        keys[kind] = set()
        for i, one in enumerate(getattr(week, kind)):
            if one.key in keys[kind]:
                yield f"{kind}[{i}].key", f"{one.key} was there already; each key is used once"
            keys[kind].add(one.key)

    def named(where: str, wanted: Sequence[str], kind: str) -> Iterator[tuple[str, str]]:
        for key in wanted:
            if key not in keys[kind]:
                yield where, f"there is no {kind.rstrip('s').replace('companie', 'company')} {key}"

    for i, trip in enumerate(week.travel):
        yield from named(f"travel[{i}].from", [trip.from_site], "sites")
        yield from named(f"travel[{i}].to", [trip.to_site], "sites")
    for i, room in enumerate(week.rooms):
        yield from named(f"rooms[{i}].site", [room.site], "sites")
        yield from _times(week, f"rooms[{i}].closed", room.closed)
    for i, lecturer in enumerate(week.lecturers):
        yield from _times(week, f"lecturers[{i}].available", lecturer.available or ())
        yield from _times(week, f"lecturers[{i}].disliked", lecturer.disliked)
    for i, company in enumerate(week.companies):
        yield from named(f"companies[{i}].site", [company.site], "sites")
        yield from _times(week, f"companies[{i}].windows", company.windows)
    for i, session in enumerate(week.sessions):
        here = f"sessions[{i}]"
        for field in ("tracks", "lecturers", "rooms"):
            yield from named(f"{here}.{field}", getattr(session, field), field)
        yield from named(f"{here}.oneOf", session.one_of, "lecturers")
        yield from named(f"{here}.after", session.after, "sessions")
        yield from named(f"{here}.company", [session.company] if session.company else [], "companies")
        if (session.kind == "visit") != (session.company is not None):
            yield f"{here}.company", "a visit names its company, and nothing else does"
        if session.length > len(week.slots):
            yield f"{here}.length", f"a day has only {len(week.slots)} slots"
        if session.key in session.after:
            yield f"{here}.after", "a session cannot come after itself"
        for who in sorted(set(session.lecturers) & set(session.one_of)):
            yield f"{here}.oneOf", f"{who} is needed anyway"
        yield from _language(week, here, session)
        yield from _times(week, f"{here}.only", session.only)
        if session.pinned:
            yield from _times(week, f"{here}.pinned", [When(session.pinned.day, (session.pinned.slot,))])
            yield from named(f"{here}.pinned.room", [session.pinned.room] if session.pinned.room else [], "rooms")
    for i, choice in enumerate(week.choices):
        here = f"choices[{i}]"
        if bool(choice.tracks) == bool(choice.sessions):
            yield f"{here}.sessions", "a choice is either among tracks or among sessions"
            continue
        kind = "tracks" if choice.tracks else "sessions"
        yield from named(f"{here}.{kind}", [one.key for one in choice.options], kind)
        yield from _choice(week, i, choice, kind)


def _language(week: WeekContent, here: str, session: WeekSession) -> Iterator[tuple[str, str]]:
    language = session.language
    if session.must and INTERPRETING not in session.equipment:
        for track in week.tracks:
            if (not session.tracks or track.key in session.tracks) and not knows(track, language):
                reason = f"{track.name} has to come and does not understand {language}; with {INTERPRETING} it could"
                yield f"{here}.language", reason
    able = [one for one in week.lecturers if one.key in session.one_of]
    if able and not any(knows(one, language) for one in able):
        yield f"{here}.oneOf", f"none of them speaks {language}"


def _choice(week: WeekContent, number: int, choice: WeekChoice, kind: str) -> Iterator[tuple[str, str]]:
    here, names = f"choices[{number}]", [one.key for one in choice.options]
    for key in sorted({key for key in names if names.count(key) > 1}):
        yield f"{here}.{kind}", f"{key} was there already"
    if choice.each > (1 if choice.tracks else len(set(names))):
        most = "everybody is in one track" if choice.tracks else f"there are only {len(set(names))} to choose among"
        yield f"{here}.each", most
    if not choice.closes.year >= 1970 or choice.closes.date() > week.days[-1]:
        yield f"{here}.closes", f"must be before the week is over, on {week.days[-1]}"
    earlier = week.choices[:number]
    if choice.tracks and any(one.tracks for one in earlier):
        yield f"{here}.tracks", "another choice is among tracks already; everybody is in one track"
    sessions = {one.key: one for one in week.sessions}
    chosen = [sessions[key] for key in names if choice.sessions and key in sessions]
    if any(set(one.tracks) != set(chosen[0].tracks) for one in chosen):
        yield f"{here}.sessions", "all of them must be for the same tracks, whose students then choose"
    for one in chosen:
        if not one.must:
            yield f"{here}.sessions", f"{one.key} may be left out; what is chosen must take place"
        if any(one.key == option.key for other in earlier for option in other.sessions):
            yield f"{here}.sessions", f"{one.key} is in another choice already"
    for option in choice.options:
        known = holds(week, sessions[option.key]) if choice.sessions and option.key in sessions else None
        if option.places is None and known is None:
            yield f"{here}.{kind}", f"for how many {option.key} is must be said"
        elif option.places is not None and known is not None and option.places > known:
            yield f"{here}.{kind}", f"{option.key} has at most {known} places, where it can be"


def times_beyond(week: WeekContent, times: Sequence[When]) -> list[str]:
    """Say which of some times a week does not have."""
    wrong = []
    for when in times:
        if when.day not in week.days:
            wrong.append(f"{when.day} is no day of the week")
        beyond = (slot for slot in when.slots if slot > len(week.slots))
        wrong += [f"a day has {len(week.slots)} slots, there is none with the number {slot}" for slot in beyond]
    return wrong


def _times(week: WeekContent, where: str, times: Sequence[When]) -> Iterator[tuple[str, str]]:
    for reason in times_beyond(week, times):
        yield where, reason
