"""What is missing until a unit or a run is completed: pure, from the joined state and the rule in the run's version."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lms_core.modules.completion import Rule, leaves
from lms_core.progress import types as t
from lms_core.progress.state import Piece, State, seconds, union


class Held(msgspec.Struct, frozen=True):
    """A session of a run that was not cancelled: how long, and whether one can take part from elsewhere."""

    minutes: int
    remote: bool


class Unit(msgspec.Struct, frozen=True):
    """What rules ask of a unit besides a person's state; `duration` is that of its film in seconds, if it is known."""

    key: str
    title: str
    rule: Rule | None
    duration: int | None

    @classmethod
    def of(cls, row: Any) -> Unit:
        """Read it from a row with `key`, `title`, `completion` and `duration_ms`."""
        rule = msgspec.convert(row.completion, Rule) if row.completion else None
        return cls(row.key, row.title, rule, None if row.duration_ms is None else row.duration_ms // 1000)


Sessions = Mapping[str, Held]
"""Sessions of a run that were not cancelled, by id (32 hexadecimal digits)."""


def asks_for(rule: Rule | None, kind: str) -> bool:
    """Tell whether some condition of a rule is of this kind."""
    return rule is not None and any(leaf.rule == kind for leaf, _ in leaves(rule))


def decided(unit: Unit, state: State, sessions: Sessions, moment: datetime) -> State:
    """Return the state with its completion: as told where there is no rule, else at the moment when nothing is missing.

    What was completed before stays so, whatever the rule says now.
    """
    told = state.told_at if unit.rule is None else None
    if state.completed_at is None and unit.rule is not None and not missing(unit, state, sessions):
        told = moment
    known = [at for at in (state.completed_at, told) if at is not None]
    return msgspec.structs.replace(state, completed_at=min(known, default=None))


def missing(unit: Unit, state: State, sessions: Sessions) -> list[t.Missing]:
    """Say what a person has yet to do until a unit is completed by its rule; nothing is the same as completed."""
    if unit.rule is None:
        return [] if state.told_at else [_one("completed", unit, f"completing “{unit.title}”")]
    return _combined(unit.rule, lambda leaf: _unit_leaf(leaf, unit, state, sessions))


def missing_of_run(rule: Rule, done: Collection[str], titles: Mapping[str, str] | None = None) -> list[t.Missing]:
    """Say what units are missing until a run is completed by its rule, if those with the keys `done` are completed."""

    def leaf(one: Rule) -> t.Missing | None:
        key = str(one.unit)
        return None if key in done else t.Missing(code="unit", text=f"“{(titles or {}).get(key, key)}”", unit=key)

    return _combined(rule, leaf)


def _combined(rule: Rule, leaf: Callable[[Rule], t.Missing | None]) -> list[t.Missing]:
    if not rule.of:
        found = leaf(rule)
        return [] if found is None else [found]
    parts = [_combined(one, leaf) for one in rule.of]
    still = [part for part in parts if part]
    if rule.rule == "all":
        return [one for part in still for one in part]
    more = (1 if rule.rule == "any" else rule.n or 0) - (len(parts) - len(still))
    if more <= 0:
        return []
    if more == len(still):
        return [one for part in still for one in part]
    choices = "; ".join(" and ".join(one.text for one in part) for part in still)
    return [t.Missing(code=rule.rule, text=f"{more} of: {choices}", unit=None, n=more, of=still)]


def _unit_leaf(rule: Rule, unit: Unit, state: State, sessions: Sessions) -> t.Missing | None:
    match rule.rule:
        case "watched":
            return _watching(rule, unit, state.watched)
        case "score":
            if state.score is not None and rule.score is not None and state.score >= rule.score:
                return None
            have = "none so far" if state.score is None else f"{state.score} so far"
            text = f"{rule.score} points in “{unit.title}” ({have})"
            return _one("score", unit, text, score=rule.score, scored=state.score)
        case "attended":
            return _attending(rule, unit, state.attended, sessions)
        case _:
            words = {
                "opened": f"opening “{unit.title}”",
                "readToEnd": f"reading “{unit.title}” to its end",
                "submitted": f"handing in “{unit.title}”",
                "signedOff": f"a lecturer's sign-off of “{unit.title}”",
            }
            return None if rule.rule in state.facts else _one(rule.rule, unit, words[rule.rule])


def _watching(rule: Rule, unit: Unit, watched: list[Piece]) -> t.Missing | None:
    if not unit.duration:
        return _one("watched", unit, f"“{unit.title}”: it is not known yet how long this film is")
    have = seconds(union([start, min(end, unit.duration)] for start, end in watched if start < unit.duration))
    lacking = -(-unit.duration * (rule.percent or 0) // 100) - have
    if lacking <= 0:
        return None
    amount = _count(lacking, "second") if lacking < 60 else _count(-(-lacking // 60), "minute")
    return _one("watched", unit, f"{amount} of “{unit.title}”", seconds=lacking)


def _attending(rule: Rule, unit: Unit, attended: Mapping[str, list[Any]], sessions: Sessions) -> t.Missing | None:
    if not sessions:
        return _one("attended", unit, f"“{unit.title}”: no session is planned yet")
    have = sum(_minutes(attended[key], held) for key, held in sessions.items() if key in attended)
    lacking = -(-sum(held.minutes for held in sessions.values()) * (rule.percent or 0) // 100) - have
    if lacking <= 0:
        return None
    return _one("attended", unit, f"{_count(lacking, 'minute')} of attendance", minutes=lacking)


def _minutes(word: list[Any], held: Held) -> int:
    _, _, minutes, excused, remote = word
    return 0 if excused or (remote and not held.remote) else min(int(minutes), held.minutes)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _one(code: t.MissingCode, unit: Unit, text: str, **figures: Any) -> t.Missing:
    return t.Missing(code=code, text=text, unit=unit.key, **figures)
