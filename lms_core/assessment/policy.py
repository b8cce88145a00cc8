"""What an examination regulation says about marks and attempts: its `limits`, evaluated and never assumed.

Regulations differ: two repeats within a year, one at the next date, or no counting at all. What a version does not say
follows the scale that is common in Germany, without a limit of attempts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from lms_core.errors import Conflict

PASSED = tuple(Decimal(m) for m in ["1.0", "1.3", "1.7", "2.0", "2.3", "2.7", "3.0", "3.3", "3.7", "4.0"])
FAILED = (Decimal("5.0"),)
COUNTED = ("failed", "unexcused")
"""Outcomes that use up an attempt without passing."""


class _Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passed: tuple[Decimal, ...] = PASSED
    failed: tuple[Decimal, ...] = FAILED


class Policy(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a regulation's limits that is about exams.

    `marks` names the marks that exist, those that pass and those that fail; `attempts` is how often a module may be
    attempted, `repeat_within_terms` how many terms after that of the first failed attempt a repeat may be.
    """

    marks: _Scale = _Scale()
    attempts: int | None = None
    repeat_within_terms: int | None = None

    def outcome(self, mark: Decimal) -> Literal["passed", "failed"] | None:
        """Tell whether a mark passes or fails; None if the scale has no such mark."""
        if mark in self.marks.passed:
            return "passed"
        return "failed" if mark in self.marks.failed else None


def policy_of(limits: dict[str, Any] | None) -> Policy:
    """Read the limits of a regulation version (None: of a single module, which follows none).

    Raises Conflict when they cannot be understood: then nothing is decided.
    """
    try:
        return msgspec.convert(limits or {}, Policy)
    except msgspec.ValidationError as error:
        raise Conflict(f"The regulation's limits cannot be understood, so nothing was decided: {error}") from None


class Attempt(msgspec.Struct, frozen=True):
    """A registration for an exam of the module: its state, and the number of its run's term."""

    state: str
    term: int


def term_number(season: str, year: int) -> int:
    """Return a number that terms have without gaps; a winter term has the year in which it begins."""
    return 2 * year + (season == "winter")


def term_name(number: int) -> str:
    """Name a term by its number."""
    year, winter = divmod(number, 2)
    return f"winter term {year}/{(year + 1) % 100:02}" if winter else f"summer term {year}"


def refusal(
    policy: Policy, earlier: Sequence[Attempt], term: int, elsewhere: int = 0, paused: Collection[int] = ()
) -> str | None:
    """Say why a person may not attempt a module in a term after these attempts; None if she may.

    `elsewhere` is how many failures at other universities count here; from when they are is not known. In `paused`
    terms her time for repeating stands still.
    """
    failures = [attempt.term for attempt in earlier if attempt.state in COUNTED]
    if any(attempt.state == "passed" for attempt in earlier):
        return "The module is passed; what is passed is not repeated."
    if policy.attempts is not None and len(failures) + elsewhere >= policy.attempts:
        return f"No attempt is left: the regulation allows {policy.attempts}, and all are used."
    if failures and policy.repeat_within_terms is not None:
        last = lengthened(min(failures), min(failures) + policy.repeat_within_terms, paused)
        if term > last:
            return f"The repeat was possible until the {term_name(last)}; ask the examination board."
    return None


def lengthened(first: int, last: int, paused: Collection[int]) -> int:
    """Return the last term of a time that ends with `last`, when terms after the first are paused: each adds one."""
    for number in sorted(set(paused)):
        if first < number <= last:
            last += 1
    return last


def average(weighted: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Return the average of (mark, ECTS), weighted by ECTS and cut off after the first decimal; None of nothing."""
    pairs = list(weighted)
    return average_of_sums(sum(mark * ects for mark, ects in pairs), sum(ects for _, ects in pairs))


def average_of_sums(points: Decimal | int, ects: Decimal | int) -> Decimal | None:
    """Return the average by its sums: of mark times ECTS, and of ECTS. Cut off, as German offices do, never rounded."""
    return Decimal(int(points * 10 // ects)).scaleb(-1) if ects else None


def shown(mark: Decimal | None) -> Decimal | None:
    """Write a mark as a certificate does, with at least one decimal: 1.0, never 1."""
    if mark is None or mark != mark.quantize(Decimal("0.1")):
        return mark
    return mark.quantize(Decimal("0.1"))
