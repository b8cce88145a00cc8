"""A verifier of timetables (ITC-2007 track 3, UD2) with a reader of its own."""

from __future__ import annotations

from collections.abc import Sequence

Lecture = tuple[str, str, int, int]


def verify(text: str, lectures: Sequence[Lecture]) -> tuple[int, int]:
    """Return how many rules a timetable breaks, and its cost."""
    parts: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 1 and words[0].endswith(":"):
            rows = parts.setdefault(words[0], [])
        elif words:
            rows.append(words)
    courses = {
        name: (teacher, int(count), int(days), int(size)) for name, teacher, count, days, size, *_ in parts["COURSES:"]
    }
    seats = {words[0]: int(words[1]) for words in parts["ROOMS:"]}
    curricula = [set(words[2:]) for words in parts["CURRICULA:"]]
    blocked = {(words[0], int(words[1]), int(words[2])) for words in parts["UNAVAILABILITY_CONSTRAINTS:"]}
    broken = sum((course, day, period) in blocked for course, _, day, period in lectures)
    broken += len(lectures) - len({lecture[1:] for lecture in lectures})
    cost = sum(max(0, courses[course][3] - seats[room]) for course, room, _, _ in lectures)
    for name, (_, count, days, _) in courses.items():
        mine = [lecture for lecture in lectures if lecture[0] == name]
        broken += abs(len(mine) - count) + len(mine) - len({lecture[2:] for lecture in mine})
        cost += 5 * max(0, days - len({day for _, _, day, _ in mine})) + len({room for _, room, _, _ in mine}) - 1
    for i, (one, _, *when) in enumerate(lectures):
        for other, _, *then in lectures[:i]:
            together = courses[one][0] == courses[other][0] or any({one, other} <= body for body in curricula)
            broken += one != other and when == then and together
    for body in curricula:
        busy = {(day, period) for course, _, day, period in lectures if course in body}
        cost += 2 * sum((day, period - 1) not in busy and (day, period + 1) not in busy for day, period in busy)
    return broken, cost
