"""A University Week as one really is: five days, forty sessions, twenty-five lecturers, four tracks, three sites."""

from __future__ import annotations

from random import Random
from typing import Any

DAYS = [f"2027-03-{day:02}" for day in range(1, 6)]
CLOCKS = (("08:30", "10:00"), ("10:30", "12:00"), ("13:00", "14:30"), ("15:00", "16:30"), ("17:00", "18:30"), ("19:30", "21:00"))  # fmt: skip
TRACKS = {"mems": "MEMS", "optics": "Optics", "power": "Power electronics", "bio": "Bioelectronics"}
LECTURERS = 25


def forty(run_id: str, lea: str) -> dict[str, Any]:
    """Return the week; `lea` is the account of one lecturer, and no other has any."""
    rooms = [
        {"key": "hall", "name": "Great Hall", "site": "campus", "seats": 200},
        *(
            {"key": f"c{n}", "name": f"Room C {n}", "site": "campus", "seats": 40, "equipment": ["projector"]}
            for n in range(1, 5)
        ),
        *({"key": f"t{n}", "name": f"Room T {n}", "site": "tech", "seats": 40} for n in range(1, 4)),
        {"key": "clean", "name": "Clean Room", "site": "tech", "seats": 20, "safetyCap": 8, "equipment": ["bench"]},
        {"key": "laser", "name": "Laser Laboratory", "site": "tech", "seats": 30, "equipment": ["laser"]},
    ]
    sessions: list[dict[str, Any]] = [
        {"key": "opening", "title": "Opening", "kind": "plenary", "rooms": ["hall"], "lecturers": ["l0"],
         "pinned": {"day": DAYS[0], "slot": 1, "room": "hall"}},
        {"key": "closing", "title": "What was learnt", "kind": "plenary", "rooms": ["hall"], "lecturers": ["l0"],
         "after": ["opening"], "only": [{"day": DAYS[4]}]},
        {"key": "evening", "title": "Evening by the river", "kind": "social", "must": False,
         "only": [{"day": day, "slots": [6]} for day in DAYS]},
        {"key": "debate", "title": "Debate with the cluster", "kind": "plenary", "lecturers": ["l1"]},
        {"key": "visit-a", "title": "At Feinwerk's", "kind": "visit", "tracks": ["mems", "bio"], "length": 2,
         "company": "feinwerk"},
        {"key": "visit-b", "title": "At Lichtbogen's", "kind": "visit", "tracks": ["optics", "power"], "length": 2,
         "company": "lichtbogen"},
        {"key": "safety", "title": "Safety in the clean room", "tracks": ["mems"], "lecturers": ["l2"]},
        {"key": "etching", "title": "At the etching bench", "tracks": ["mems"], "equipment": ["bench"],
         "lecturers": ["l3"], "after": ["safety"], "maySplit": True},
        {"key": "beams", "title": "Aligning a beam", "tracks": ["optics"], "equipment": ["laser"], "lecturers": ["l4"]},
    ]  # fmt: skip
    for number in range(len(sessions), 40):
        track = list(TRACKS)[number % 4]
        sessions.append(
            {
                "key": f"talk-{number}", "title": f"{TRACKS[track]}, part {number // 4}", "tracks": [track],
                "lecturers": [f"l{5 + number % 20}"], "must": number % 7 != 0,
            }
        )  # fmt: skip
    return {
        "title": "University Week in March", "runId": run_id, "days": DAYS,
        "slots": [{"starts": starts, "ends": ends} for starts, ends in CLOCKS],
        "sites": [
            {"key": "campus", "name": "Campus", "address": "Rheinstraße 1"}, {"key": "tech", "name": "Technology park"},
            {"key": "plant", "name": "Plant"},
        ],
        "travel": [
            {"from": "campus", "to": "tech", "minutes": 25}, {"from": "campus", "to": "plant", "minutes": 45},
            {"from": "tech", "to": "plant", "minutes": 60},
        ],
        "rooms": rooms,
        "lecturers": [
            {"key": f"l{n}", "name": f"Dr. {n}", **({"personId": lea} if n == 5 else {})} for n in range(LECTURERS)
        ],
        "tracks": [{"key": key, "name": name, "size": 12} for key, name in TRACKS.items()],
        "companies": [
            {"key": key, "name": name, "site": "plant", "most": 60, "namesDueDays": 10,
             "windows": [{"day": day, "slots": [2, 3, 4]} for day in DAYS[1:4]]}
            for key, name in (("feinwerk", "Feinwerk"), ("lichtbogen", "Lichtbogen"))
        ],
        "sessions": sessions, "buses": 2, "slotsADay": 5, "credit": {"ects": "3", "percent": 80},
    }  # fmt: skip


def days_of(lecturer: int, chance: Random) -> list[str]:
    """Return when a lecturer can come: those who open and close always, the others on three days."""
    return DAYS if lecturer < 5 else sorted(chance.sample(DAYS, 3))
