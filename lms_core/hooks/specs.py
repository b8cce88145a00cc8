"""Every hook of the system, with its policy.

DECIDE  a failing or late implementation refuses the operation with 503 naming the plugin: closed, never open.
SHAPE   adds to what is shown; a failing or late one is left out, logged, and named in the answer's `degraded`.
REACT   runs after commit, from the outbox; retried with growing pauses, then kept as a dead letter;
        handlers must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import pluggy

from lms_core.hooks.context import Context
from lms_core.hooks.types import (
    CalendarEntry,
    CalendarRequest,
    CandidateEvent,
    ConstraintsRequest,
    CreditEvent,
    CreditsRequest,
    DeadlineEvent,
    Effect,
    EnrolmentCreated,
    EnrolmentEnded,
    EnrolmentRequest,
    ExamEvent,
    ExtensionEvent,
    HandInEvent,
    ModuleCompleted,
    Objection,
    PendingCredit,
    PluginChanged,
    PluginProposal,
    RunDecided,
    SessionConstraint,
    SessionEvent,
    SessionPlan,
    SessionRemark,
    SlotScore,
    SlotsRequest,
)

F = TypeVar("F", bound=Callable[..., Any])


class Policy(StrEnum):
    """What a failure of an implementation means."""

    DECIDE = "decide"
    SHAPE = "shape"
    REACT = "react"


def hook(policy: Policy) -> Callable[[F], F]:
    """Mark a function of `HookSpecs` as a hook with its policy."""

    def mark(function: F) -> F:
        function.policy = policy  # type: ignore[attr-defined]
        return pluggy.HookspecMarker("lms")(function)

    return mark


class HookSpecs(Protocol):
    """The hooks. An implementation has the same name, is async and takes the same arguments.

    Nothing here is ever called; only implementations are.
    """

    @hook(Policy.DECIDE)
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Say what speaks against this enrolment; an empty list means nothing does.

        Asked before a person gets a seat or a waiting place in a run, of the plugins of the programme under
        which the enrolment counts. Any objection refuses it with 409 and is shown to the person. Withdrawing is
        never asked about.
        """

    @hook(Policy.DECIDE)
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        """Say what is to be said about a session that somebody plans or replans; an empty list means nothing.

        Asked of the plugins of the programme that owns the run. A remark that blocks refuses the plan with 409,
        one that warns is shown to the planner with the answer.
        """

    @hook(Policy.DECIDE)
    async def session_constraints(self, context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
        """Say when persons cannot come, or would rather not; an empty list means that nothing is known.

        Asked by whoever plans many sessions at once, before a plan is made, of all plugins of the programme. Answer
        without a reason, and in a way from which none can be told.
        """

    @hook(Policy.SHAPE)
    async def score_slots(self, context: Context, request: SlotsRequest) -> list[SlotScore]:
        """Say how hard slots are on those who would have to be there; slots that you do not name cost nothing.

        Asked by whoever proposes times, of all plugins of the programme; what they answer is added up.
        """

    @hook(Policy.SHAPE)
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        """Add entries to the calendar feed of a person who studies or teaches in the programme.

        Asked each time that a feed is read. Titles and descriptions are read by whoever has the address of the feed:
        no reasons, no names of others.
        """

    @hook(Policy.SHAPE)
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        """Show ECTS that are on their way, on the dashboard of a student of the programme.

        They count nowhere until `book_credit` has booked them.
        """

    @hook(Policy.SHAPE)
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        """Say what enabling, other settings or disabling would mean for the data that you keep of this programme.

        Asked only of the plugin that the administrator looks at, before anything changes; change nothing here.
        """

    @hook(Policy.REACT)
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        """React to a person's new seat, waiting place, request or offer; runs after it is certain, at least once."""

    @hook(Policy.REACT)
    async def enrolment_ended(self, context: Context, event: EnrolmentEnded) -> None:
        """React to the end of a person's seat, waiting place, request or offer."""

    @hook(Policy.REACT)
    async def run_decided(self, context: Context, event: RunDecided) -> None:
        """React to the decision whether a run of the programme takes place, or to the date on which it is due."""

    @hook(Policy.REACT)
    async def module_completed(self, context: Context, event: ModuleCompleted) -> None:
        """React to a participant's completion of every required unit of a run; told once per run."""

    @hook(Policy.REACT)
    async def exam_planned(self, context: Context, event: ExamEvent) -> None:
        """React to a new exam of a run that the programme owns."""

    @hook(Policy.REACT)
    async def exam_changed(self, context: Context, event: ExamEvent) -> None:
        """React to an exam that was planned anew; those registered stay so."""

    @hook(Policy.REACT)
    async def exam_cancelled(self, context: Context, event: ExamEvent) -> None:
        """React to an exam that will not take place; nobody is registered for it any more."""

    @hook(Policy.REACT)
    async def exam_registered(self, context: Context, event: CandidateEvent) -> None:
        """React to a registration for an exam."""

    @hook(Policy.REACT)
    async def exam_deregistered(self, context: Context, event: CandidateEvent) -> None:
        """React to a registration for an exam that was taken back; not to one whose exam is cancelled."""

    @hook(Policy.REACT)
    async def mark_recorded(self, context: Context, event: CandidateEvent) -> None:
        """React to a result in an exam, the first or a correction."""

    @hook(Policy.REACT)
    async def credit_booked(self, context: Context, event: CreditEvent) -> None:
        """React to ECTS that were booked, by an examiner or by a plugin."""

    @hook(Policy.REACT)
    async def credit_reversed(self, context: Context, event: CreditEvent) -> None:
        """React to booked ECTS that were taken back."""

    @hook(Policy.REACT)
    async def deadline_set(self, context: Context, event: DeadlineEvent) -> None:
        """React to the deadline of a unit that was set or changed, in a run that the programme owns."""

    @hook(Policy.REACT)
    async def deadline_removed(self, context: Context, event: DeadlineEvent) -> None:
        """React to a unit that has no deadline any more."""

    @hook(Policy.REACT)
    async def extension_granted(self, context: Context, event: ExtensionEvent) -> None:
        """React to a deadline of her own that a person was given."""

    @hook(Policy.REACT)
    async def extension_withdrawn(self, context: Context, event: ExtensionEvent) -> None:
        """React to the end of a person's extension."""

    @hook(Policy.REACT)
    async def hand_in_made(self, context: Context, event: HandInEvent) -> None:
        """React to a version that was handed in."""

    @hook(Policy.REACT)
    async def hand_in_assessed(self, context: Context, event: HandInEvent) -> None:
        """React to a version that was accepted or returned, or about which that was corrected."""

    @hook(Policy.REACT)
    async def session_published(self, context: Context, event: SessionEvent) -> None:
        """React to a new session of a run that the programme owns."""

    @hook(Policy.REACT)
    async def session_changed(self, context: Context, event: SessionEvent) -> None:
        """React to a session that was planned anew."""

    @hook(Policy.REACT)
    async def session_cancelled(self, context: Context, event: SessionEvent) -> None:
        """React to a session that will not take place."""

    @hook(Policy.REACT)
    async def plugin_enabled(self, context: Context, event: PluginChanged) -> None:
        """React to a plugin, this one or another, that was enabled in the programme or got other settings."""

    @hook(Policy.REACT)
    async def plugin_disabled(self, context: Context, event: PluginChanged) -> None:
        """React to another plugin that was disabled in the programme."""
