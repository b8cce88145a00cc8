"""How sessions, people, rooms, days and slots are called in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from lms_university_weeks.engine.problem import Problem, Session


def session_name(session: Session) -> str:
    """Return the session's name in quotation marks, else `session 12`."""
    return f"“{session.name}”" if session.name else f"session {session.id}"


def group_name(problem: Problem, group: int) -> str:
    """Return the group's name, else `group 3`."""
    return problem.group_names[group] if problem.group_names and problem.group_names[group] else f"group {group}"


def lecturer_name(problem: Problem, lecturer: int) -> str:
    """Return the lecturer's name, else `lecturer 3`."""
    names = problem.lecturer_names
    return names[lecturer] if names and names[lecturer] else f"lecturer {lecturer}"


def room_name(problem: Problem, room: int) -> str:
    """Return the room's name, else `room 3`."""
    return problem.rooms[room].name or f"room {room}"


def day_name(problem: Problem, day: int) -> str:
    """Return the day's name, else `day 1` for the first."""
    return problem.day_names[day] if problem.day_names and problem.day_names[day] else f"day {day + 1}"


def slot_name(problem: Problem, slot: int) -> str:
    """Return such as `day 1, slot 3`; people count from one."""
    return f"{day_name(problem, slot // problem.per_day)}, slot {slot % problem.per_day + 1}"


def listed(words: Iterable[str]) -> str:
    """Return `a, b and c`."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 slot`, `2 slots`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
