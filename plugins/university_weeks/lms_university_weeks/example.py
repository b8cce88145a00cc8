"""A small week to begin with: two tracks, a laboratory that is too small for one, a visit, an evening."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any


def example(run_id: str, monday: date) -> dict[str, Any]:
    """Return the week as it is sent to the API; it lasts three days from `monday` on."""
    days = [(monday + timedelta(number)).isoformat() for number in range(3)]
    return {
        "title": f"University Week in {monday:%B}",
        "runId": run_id,
        "days": days,
        "slots": [
            {"starts": "08:30", "ends": "10:00"}, {"starts": "10:30", "ends": "12:00"},
            {"starts": "13:00", "ends": "14:30"}, {"starts": "15:00", "ends": "16:30"},
            {"starts": "18:00", "ends": "20:00"},
        ],
        "sites": [
            {"key": "campus", "name": "Campus", "address": "Rheinstraße 1"}, {"key": "plant", "name": "Plant"},
        ],
        "travel": [{"from": "campus", "to": "plant", "minutes": 40}],
        "rooms": [
            {"key": "hall", "name": "Great Hall", "site": "campus", "seats": 80, "equipment": ["projector"]},
            {
                "key": "lab", "name": "Clean Room", "site": "campus", "seats": 30, "safetyCap": 12,
                "equipment": ["bench"],
            },
        ],
        "lecturers": [
            {"key": "weiss", "name": "Dr. Weiß", "organisation": "Feinwerk", "available": [{"day": days[0]}]},
            {"key": "okafor", "name": "Prof. Okafor"},
        ],
        "tracks": [{"key": "mems", "name": "MEMS", "size": 20}, {"key": "optics", "name": "Optics", "size": 10}],
        "companies": [
            {
                "key": "feinwerk", "name": "Feinwerk Sensorik", "site": "plant", "most": 40,
                "windows": [{"day": days[1], "slots": [1, 2, 3]}], "namesDueDays": 7,
            },
        ],
        "sessions": [
            {"key": "opening", "title": "Opening", "kind": "plenary", "lecturers": ["okafor"]},
            {"key": "safety", "title": "Safety in the clean room", "tracks": ["mems"], "lecturers": ["weiss"]},
            {
                "key": "bench", "title": "At the bench", "tracks": ["mems"], "equipment": ["bench"], "length": 1,
                "lecturers": ["okafor"], "after": ["safety"], "maySplit": True,
            },
            {"key": "lasers", "title": "Lasers", "tracks": ["optics"], "oneOf": ["weiss", "okafor"]},
            {"key": "visit", "title": "At Feinwerk's", "kind": "visit", "length": 2, "company": "feinwerk"},
            {"key": "evening", "title": "Evening by the river", "kind": "social", "must": False},
            {"key": "recap", "title": "Recap", "mode": "online", "tracks": ["optics"], "lecturers": ["okafor"]},
        ],
    }  # fmt: skip
