"""How far what is taught leads: the ECTS that it brings of those that the degree takes, and why it is no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from lms_part_time_tracks.settings import Curriculum, Electives

MOST_NAMED = 5
"""Modules that are named in a sentence; the rest is counted."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What modules bring, in hundredths of ECTS, and why they do not lead to the degree; empty if they do.

    `thesis` tells whether they bring what has to be earned before the thesis; where not, it is not among them.
    """

    ects: int
    gap: str = ""
    thesis: bool = True


def reach(curriculum: Curriculum | None, worth: Mapping[str, int], needed: int) -> Reach:
    """Return how far modules lead that are worth so many hundredths of ECTS each, of so many that are needed."""
    if curriculum is None:
        ects = sum(worth.values())
        return Reach(ects=ects, gap="" if ects >= needed else "the programme does not teach the rest yet")
    ects, why = brings(curriculum, worth), list[str]()
    if lacking := missing(curriculum, worth):
        why.append(f"the programme does not teach {listed(lacking)}")
    why += [f"too few modules of {one.title} are taught" for one in curriculum.electives if not _enough(one, worth)]
    demanded = {*curriculum.required, *([curriculum.thesis] if curriculum.thesis else [])}
    if ects >= needed and demanded <= {*worth} and all(_enough(one, worth) for one in curriculum.electives):
        return Reach(ects=ects)
    thesis = worth.get(curriculum.thesis or "", 0)
    if thesis and ects - thesis < curriculum.thesis_after_ects * 100:
        why.append(f"{curriculum.thesis} needs {curriculum.thesis_after_ects} ECTS before it")
        return Reach(ects=ects - thesis, gap="; ".join(why), thesis=False)
    return Reach(ects=ects, gap="; ".join(why) or "the curriculum has no more")


def brings(curriculum: Curriculum, worth: Mapping[str, int]) -> int:
    """Return the most that a curriculum brings of modules that are worth so much each; others count in full.

    Where a module is among several electives, that may be more than can be had, never less.
    """
    required = {key for key in (*curriculum.required, curriculum.thesis) if key and key in worth}
    electives = {key for one in curriculum.electives for key in one.modules if key in worth} - required
    chosen = sum(
        most_of(one, {key: worth[key] for key in one.modules if key in worth}, required) for one in curriculum.electives
    )
    others = sum(ects for key, ects in worth.items() if key not in electives)
    return others + min(chosen, sum(worth[key] for key in electives))


def most_of(electives: Electives, worth: Mapping[str, int], required: Collection[str] = ()) -> int:
    """Return the most that electives bring beside those among them that are required anyway."""
    free = [ects for key, ects in worth.items() if key not in required]
    room, many = sum(free), len(free)
    if electives.max_ects is not None:
        room = min(room, int(electives.max_ects * 100) - (sum(worth.values()) - room))
    if electives.max_modules is not None:
        many = min(many, electives.max_modules - (len(worth) - many))
    if room < 0 or many < 0:
        return 0
    sums = [1] + [0] * many  # by the number of modules, bit by bit whether so many ECTS are the sum of some of them
    for ects in free:
        for number in range(many, 0, -1):
            sums[number] |= (sums[number - 1] << ects) & ((1 << (room + 1)) - 1)
    return max(one.bit_length() for one in sums) - 1


def missing(curriculum: Curriculum, known: Collection[str]) -> list[str]:
    """Return the keys that a curriculum names and that are not known, each once, in its order."""
    return [key for key in named(curriculum) if key not in known]


def named(curriculum: Curriculum) -> list[str]:
    """Return the keys of the modules that a curriculum names, each once, in its order."""
    keys = [*curriculum.required, *(key for one in curriculum.electives for key in one.modules)]
    return list(dict.fromkeys([*keys, curriculum.thesis] if curriculum.thesis else keys))


def _enough(electives: Electives, worth: Mapping[str, int]) -> bool:
    own = {key: worth[key] for key in electives.modules if key in worth}
    return len(own) >= electives.min_modules and most_of(electives, own) >= electives.min_ects * 100


def listed(keys: Sequence[str]) -> str:
    """Return keys as they stand in a sentence; of many the first ones."""
    more = len(keys) - MOST_NAMED
    return ", ".join(keys[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
