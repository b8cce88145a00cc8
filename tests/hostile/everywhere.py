"""What the plugins here have in common: the same deed in every hook that there is."""

# mypy: disable-error-code="no-any-return"
from typing import Any

from lms_core.api import (
    CalendarEntry,
    CalendarRequest,
    CandidateEvent,
    ConstraintsRequest,
    Context,
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
    Plugin,
    PluginChanged,
    PluginProposal,
    RunDecided,
    SessionConstraint,
    SessionEvent,
    SessionPlan,
    SessionRemark,
    SlotScore,
    SlotsRequest,
    hookimpl,
)


class Everywhere(Plugin):
    """Does `act` in each hook, and answers what that returns."""

    async def act(self, context: Context, hook: str) -> Any:
        raise NotImplementedError

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return await self.act(context, "check_enrolment")

    @hookimpl
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        return await self.act(context, "check_session")

    @hookimpl
    async def session_constraints(self, context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
        return await self.act(context, "session_constraints")

    @hookimpl
    async def score_slots(self, context: Context, request: SlotsRequest) -> list[SlotScore]:
        return await self.act(context, "score_slots")

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        return await self.act(context, "calendar_entries")

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        return await self.act(context, "progress_credits")

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        return await self.act(context, "preview_change")

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        await self.act(context, "enrolment_created")

    @hookimpl
    async def enrolment_ended(self, context: Context, event: EnrolmentEnded) -> None:
        await self.act(context, "enrolment_ended")

    @hookimpl
    async def run_decided(self, context: Context, event: RunDecided) -> None:
        await self.act(context, "run_decided")

    @hookimpl
    async def module_completed(self, context: Context, event: ModuleCompleted) -> None:
        await self.act(context, "module_completed")

    @hookimpl
    async def exam_planned(self, context: Context, event: ExamEvent) -> None:
        await self.act(context, "exam_planned")

    @hookimpl
    async def exam_changed(self, context: Context, event: ExamEvent) -> None:
        await self.act(context, "exam_changed")

    @hookimpl
    async def exam_cancelled(self, context: Context, event: ExamEvent) -> None:
        await self.act(context, "exam_cancelled")

    @hookimpl
    async def exam_registered(self, context: Context, event: CandidateEvent) -> None:
        await self.act(context, "exam_registered")

    @hookimpl
    async def exam_deregistered(self, context: Context, event: CandidateEvent) -> None:
        await self.act(context, "exam_deregistered")

    @hookimpl
    async def mark_recorded(self, context: Context, event: CandidateEvent) -> None:
        await self.act(context, "mark_recorded")

    @hookimpl
    async def credit_booked(self, context: Context, event: CreditEvent) -> None:
        await self.act(context, "credit_booked")

    @hookimpl
    async def credit_reversed(self, context: Context, event: CreditEvent) -> None:
        await self.act(context, "credit_reversed")

    @hookimpl
    async def deadline_set(self, context: Context, event: DeadlineEvent) -> None:
        await self.act(context, "deadline_set")

    @hookimpl
    async def deadline_removed(self, context: Context, event: DeadlineEvent) -> None:
        await self.act(context, "deadline_removed")

    @hookimpl
    async def extension_granted(self, context: Context, event: ExtensionEvent) -> None:
        await self.act(context, "extension_granted")

    @hookimpl
    async def extension_withdrawn(self, context: Context, event: ExtensionEvent) -> None:
        await self.act(context, "extension_withdrawn")

    @hookimpl
    async def hand_in_made(self, context: Context, event: HandInEvent) -> None:
        await self.act(context, "hand_in_made")

    @hookimpl
    async def hand_in_assessed(self, context: Context, event: HandInEvent) -> None:
        await self.act(context, "hand_in_assessed")

    @hookimpl
    async def session_published(self, context: Context, event: SessionEvent) -> None:
        await self.act(context, "session_published")

    @hookimpl
    async def session_changed(self, context: Context, event: SessionEvent) -> None:
        await self.act(context, "session_changed")

    @hookimpl
    async def session_cancelled(self, context: Context, event: SessionEvent) -> None:
        await self.act(context, "session_cancelled")

    @hookimpl
    async def plugin_enabled(self, context: Context, event: PluginChanged) -> None:
        await self.act(context, "plugin_enabled")

    @hookimpl
    async def plugin_disabled(self, context: Context, event: PluginChanged) -> None:
        await self.act(context, "plugin_disabled")
