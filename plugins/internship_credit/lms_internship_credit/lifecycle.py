"""The life of an internship as data: which step leads where, who takes it, and what it needs before.

Nothing here asks a database or a clock. What a step needs is a word of `NEEDS`; `open_needs` says which of these a case
does not meet, and `judge` whether a step may be taken. Whoever is refused learns what is missing and who can do it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

State = Literal[
    "draft", "proposed", "returned", "host_confirmed", "approved", "agreement_signed", "cleared", "running",
    "amendment_pending", "interrupted", "host_cancelled", "ended", "certified", "report_submitted", "rework", "lapsed",
    "evaluated", "recognised", "partial", "rejected", "appeal", "booked", "withdrawn",
]  # fmt: skip

Role = Literal["student", "host", "mentor", "supervisor", "office", "board", "clock"]
"""Who takes a step. The host is the firm, the mentor who looks after the student there; `clock` is a day that comes."""

Action = Literal[
    "propose", "withdraw", "confirm", "return", "revise", "approve", "sign", "clear", "begin", "amend", "refuse",
    "interrupt", "resume", "cancel", "end", "certify", "ask_extension", "extend", "submit", "lapse", "evaluate",
    "demand_rework", "recognise", "recognise_partly", "reject", "accept", "appeal", "book", "reverse",
]  # fmt: skip

Need = Literal[
    "description", "supervisor", "days_ahead", "requirement_open", "mentor", "own_signature", "clearances", "first_day",
    "last_day", "working_days", "no_working_days", "hours", "report", "report_due", "extension_in_time", "not_extended",
    "extension_asked", "host_evaluation", "award", "part_of_award", "first_appeal", "appeal_in_time", "appeal_over",
    "all_parts", "unbooked",
]  # fmt: skip

NEEDS: dict[Need, tuple[str, Role]] = {
    "description": ("period, weekly hours, tasks and aims are to be described", "student"),
    "supervisor": ("an academic supervisor is to be named", "student"),
    "days_ahead": ("the first day must lie as far ahead as the regulation wants, never behind", "student"),
    "requirement_open": ("this part of the internship is done, waived, or under way in another case", "student"),
    "mentor": ("the host is to name a mentor", "host"),
    "own_signature": ("this party has signed the agreement as it is already", "clock"),
    "clearances": ("insurance, residence title and wage are to be cleared", "office"),
    "first_day": ("the first day is yet to come", "clock"),
    "last_day": ("the last day is not over yet", "clock"),
    "working_days": ("nobody has worked there yet", "student"),
    "no_working_days": ("it has begun: end it, so that what was worked can count", "student"),
    "hours": ("dates and hours are to be certified", "host"),
    "report": ("the report is to be handed in", "student"),
    "report_due": ("the day until which the report is awaited is not over", "clock"),
    "extension_in_time": ("an extension is asked for a fixed number of days before the report is due", "student"),
    "not_extended": ("an extension was given already", "clock"),
    "extension_asked": ("nobody has asked for an extension", "student"),
    "host_evaluation": ("the mentor is to evaluate the internship", "mentor"),
    "award": ("the certified hours do not bring the ECTS of the regulation", "board"),
    "part_of_award": ("a part of the ECTS is to be named, less than all and more than none", "board"),
    "first_appeal": ("the decision on an appeal is final", "clock"),
    "appeal_in_time": ("the time for an appeal is over", "clock"),
    "appeal_over": ("the student may still appeal; she can accept the decision before", "student"),
    "all_parts": ("the other parts are yet to be recognised; ECTS are booked when all are", "student"),
    "unbooked": ("these ECTS are booked already", "clock"),
}  # fmt: skip
"""What a step may need, as who is refused reads it, and who can do something about it."""

PARTIES: tuple[Role, ...] = ("student", "host", "supervisor")
"""Who signs the learning agreement, and each change of it."""


class Step(msgspec.Struct, frozen=True):
    """A step from one of several states to another; it stays in its state where `to` is null.

    With `together` it leads there once every one of `by` has taken it.
    """

    action: Action
    of: tuple[State, ...]
    to: State | None
    by: tuple[Role, ...]
    needs: tuple[Need, ...] = ()
    together: bool = False


_BEFORE_START: tuple[State, ...] = ("approved", "agreement_signed", "cleared")

STEPS: tuple[Step, ...] = (
    Step(
        "propose", ("draft",), "proposed", ("student",),
        ("description", "supervisor", "days_ahead", "requirement_open"),
    ),
    Step("confirm", ("proposed",), "host_confirmed", ("host",), ("mentor",)),
    Step("return", ("proposed",), "returned", ("host", "supervisor")),
    Step("approve", ("host_confirmed",), "approved", ("supervisor",), ("days_ahead",)),
    Step("return", ("host_confirmed",), "returned", ("supervisor",)),
    Step("revise", ("returned", "proposed", "host_confirmed", *_BEFORE_START), "draft", ("student",)),
    Step("sign", ("approved",), "agreement_signed", PARTIES, ("own_signature",), together=True),
    Step("clear", ("agreement_signed",), "cleared", ("office",), ("clearances",)),
    Step("begin", ("cleared",), "running", ("clock", "office"), ("first_day", "clearances")),
    Step("amend", ("running",), "amendment_pending", ("student", "host", "mentor", "supervisor")),
    Step("sign", ("amendment_pending",), "running", PARTIES, ("own_signature",), together=True),
    Step("refuse", ("amendment_pending",), "running", PARTIES),
    Step("interrupt", ("running", "amendment_pending"), "interrupted", ("student", "host", "office")),
    Step("resume", ("interrupted",), "running", ("student", "host", "office")),
    Step(
        "cancel",
        ("proposed", "host_confirmed", *_BEFORE_START, "running", "amendment_pending", "interrupted"),
        "host_cancelled",
        ("host",),
    ),
    Step("end", ("running", "amendment_pending", "interrupted"), "ended", ("clock",), ("last_day",)),
    Step("end", ("running", "amendment_pending", "interrupted"), "ended", ("office",)),
    Step("end", ("host_cancelled",), "ended", ("student", "office"), ("working_days",)),
    Step("revise", ("host_cancelled",), "draft", ("student",), ("no_working_days",)),
    Step("withdraw", ("draft", "returned", "proposed", "host_confirmed", *_BEFORE_START), "withdrawn", ("student",)),
    Step("withdraw", ("host_cancelled",), "withdrawn", ("student",)),
    Step("certify", ("ended", "certified"), "certified", ("host", "mentor", "office"), ("hours",)),
    Step("ask_extension", ("certified", "rework"), None, ("student",), ("extension_in_time", "not_extended")),
    Step("extend", ("certified", "rework"), None, ("supervisor",), ("extension_asked",)),
    Step("submit", ("certified", "rework"), "report_submitted", ("student",), ("report",)),
    Step("lapse", ("certified", "rework"), "lapsed", ("clock",), ("report_due",)),
    Step("evaluate", ("report_submitted",), "evaluated", ("supervisor",), ("host_evaluation",)),
    Step("demand_rework", ("report_submitted",), "rework", ("supervisor",)),
    Step("recognise", ("evaluated", "appeal"), "recognised", ("board",), ("award",)),
    Step("recognise_partly", ("evaluated", "appeal"), "partial", ("board",), ("part_of_award",)),
    Step("reject", ("evaluated", "appeal"), "rejected", ("board",)),
    Step("accept", ("partial",), None, ("student",)),
    Step("appeal", ("rejected", "partial", "lapsed"), "appeal", ("student",), ("first_appeal", "appeal_in_time")),
    Step("book", ("recognised",), "booked", ("clock",), ("all_parts", "unbooked")),
    Step("book", ("partial",), "booked", ("clock",), ("appeal_over", "all_parts", "unbooked")),
    Step("reverse", ("booked",), "evaluated", ("board",)),
)  # fmt: skip

FINAL: frozenset[State] = frozenset({"rejected", "lapsed", "booked", "withdrawn"})
"""Where a case may rest for good. Out of the first two leads an appeal in time, out of the third a decision."""


class Missing(msgspec.Struct, frozen=True):
    """What a step lacks, in words, and who can do it."""

    need: Need
    text: str
    who: Role


class Refusal(msgspec.Struct, frozen=True):
    """Why a step cannot be taken: not from this state, not by this role, or for what it lacks.

    `instead` are the steps that may lead on from this state, each with who takes it.
    """

    kind: Literal["state", "role", "needs"]
    text: str
    missing: tuple[Missing, ...] = ()
    instead: tuple[tuple[Action, Role], ...] = ()


def steps_from(state: State) -> tuple[Step, ...]:
    """Return all steps that may be taken in a state."""
    return tuple(step for step in STEPS if state in step.of)


def judge(state: State, action: Action, role: Role, unmet: Collection[Need]) -> Step | Refusal:
    """Return the step that a role takes in a state, or why it cannot; `unmet` are the needs that the case lacks."""
    here = [step for step in steps_from(state) if step.action == action]
    if not here:
        instead = tuple((step.action, who) for step in steps_from(state) for who in step.by)
        return Refusal("state", f"What is {_words(state)} cannot be changed by {_words(action)!r}.", instead=instead)
    mine = [step for step in here if role in step.by]
    if not mine:
        who = " or ".join(sorted({other for step in here for other in step.by}))
        return Refusal("role", f"Only {who} can {_words(action)} what is {_words(state)}.")
    step = mine[0]
    missing = tuple(Missing(need, *NEEDS[need]) for need in step.needs if need in unmet)
    if missing:
        return Refusal("needs", "; ".join(told(one.need) for one in missing), missing)
    return step


def told(need: Need) -> str:
    """Return what is missing, with who can do it, if somebody can."""
    text, who = NEEDS[need]
    return text if who == "clock" else f"{text} ({who})"


def possible(state: State, role: Role, unmet: Collection[Need]) -> tuple[Action, ...]:
    """Return what a role can do now."""
    return tuple(
        dict.fromkeys(
            step.action
            for step in steps_from(state)
            if role in step.by and not any(need in unmet for need in step.needs)
        )
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
