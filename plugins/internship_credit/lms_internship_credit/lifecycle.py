"""The life of an internship as data: which step leads where, who takes it, and what it needs before.

Nothing here asks a database or a clock. What a step needs is a word of `NEEDS`; `unmet` says which of these a case
does not meet, and `judge` whether a step may be taken. Whoever is refused learns what is missing and who can do it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

State = Literal[
    "draft", "proposed", "returned", "host_confirmed", "approved", "agreement_signed", "cleared", "running",
    "amendment_pending", "interrupted", "host_cancelled", "ended", "certified", "report_submitted", "rework", "lapsed",
    "evaluated", "recognised", "partial", "rejected", "appeal", "booked", "withdrawn",
]  # fmt: skip

Role = Literal["student", "host", "mentor", "supervisor", "office", "board", "clock"]
"""Who takes a step. The host is the firm, the mentor who looks after the student there; `clock` is a day that comes."""

WHO: dict[Role, str] = {
    "student": "the student",
    "host": "the host",
    "mentor": "the mentor",
    "supervisor": "the supervisor",
    "office": "the internship office",
    "board": "the examination board",
    "clock": "by itself",
}
"""Who somebody is, as sentences say it."""

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
    "description": ("it is not described yet: first and last day, weekly hours, place, tasks and aims", "student"),
    "supervisor": ("no academic supervisor is named yet", "student"),
    "days_ahead": ("the first day is not as far ahead as the regulation wants; a later one is to be chosen", "student"),
    "requirement_open": ("this part is done or waived, or another case of it is under way", "student"),
    "mentor": ("the host is to name a mentor, with an e-mail address", "host"),
    "own_signature": ("this party has signed this version already; it waits for the others", "clock"),
    "clearances": ("insurance, residence title and wage are not all cleared yet", "office"),
    "first_day": ("the first day is yet to come", "clock"),
    "last_day": ("the last day is not over yet", "clock"),
    "working_days": ("it never began: it can be revised or withdrawn, and has nothing to end", "student"),
    "no_working_days": ("it has begun: it is to be ended, so that what was worked can count", "student"),
    "hours": ("days and hours are not certified yet", "host"),
    "report": ("no report is written yet; it is kept first, and handed in with this step", "student"),
    "report_due": ("the day until which the report is awaited is not over", "clock"),
    "extension_in_time": ("it is too late to ask for more time: the report can be handed in as it is", "student"),
    "not_extended": ("more time was given already, and is given once", "clock"),
    "extension_asked": ("nobody has asked for more time", "student"),
    "host_evaluation": ("the mentor's evaluation is missing", "mentor"),
    "award": ("what is certified does not reach the least that the regulation demands, or nothing is left", "board"),
    "part_of_award": ("the ECTS are to be above none, and below what the part can still bring", "board"),
    "first_appeal": ("an appeal was heard, and what was decided then is final", "clock"),
    "appeal_in_time": ("the time for an appeal is over, or the decision was accepted", "clock"),
    "appeal_over": ("the student may still appeal; she can accept the decision before", "student"),
    "all_parts": ("other parts are yet to be recognised; ECTS are booked when all are", "student"),
    "unbooked": ("these ECTS are booked already", "clock"),
}  # fmt: skip
"""What a step may need, in general words, and who can do something about it."""

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


def judge(state: State, action: Action, role: Role, unmet: Mapping[Need, str]) -> Step | Refusal:
    """Return the step that a role takes in a state, or why it cannot.

    `unmet` are the needs that the case lacks, each as who is refused reads it.
    """
    here = [step for step in steps_from(state) if step.action == action]
    if not here:
        instead = tuple((step.action, who) for step in steps_from(state) for who in step.by)
        there = f"This is no step of a case that is {words(state)}: {words(action)}."
        return Refusal("state", f"{there} {_ways_on(state)}", instead=instead)
    mine = [step for step in here if role in step.by]
    if not mine:
        takers = dict.fromkeys(other for step in here for other in step.by)
        if set(takers) == {"clock"}:
            return Refusal("role", f"Nobody takes this step, it comes by itself: {words(action)}.")
        who = " or ".join(WHO[other] for other in takers if other != "clock")
        return Refusal("role", f"Only {who} can take this step while the case is {words(state)}: {words(action)}.")
    step = mine[0]
    missing = lacks(step, unmet)
    if missing:
        return Refusal("needs", "; ".join(told(one) for one in missing), missing)
    return step


def _ways_on(state: State) -> str:
    """Say which steps a state has, and who takes each."""
    known = steps_from(state)
    if not known:
        return "Nothing is done with it any more."
    ways = (f"{words(step.action)} ({' or '.join(WHO[role] for role in step.by)})" for step in known)
    return f"From there leads: {', '.join(dict.fromkeys(ways))}."


def lacks(step: Step, unmet: Mapping[Need, str]) -> tuple[Missing, ...]:
    """Return what a step lacks."""
    return tuple(Missing(need, unmet[need], NEEDS[need][1]) for need in step.needs if need in unmet)


def told(missing: Missing) -> str:
    """Return what is missing, with who can do it, if somebody can."""
    return missing.text if missing.who == "clock" else f"{missing.text} ({WHO[missing.who]})"


def possible(state: State, role: Role, unmet: Collection[Need]) -> tuple[Action, ...]:
    """Return what a role can do now."""
    return tuple(
        dict.fromkeys(
            step.action
            for step in steps_from(state)
            if role in step.by and not any(need in unmet for need in step.needs)
        )
    )


def words(name: str) -> str:
    """Return a state or step as it stands in a sentence."""
    return name.replace("_", " ")
