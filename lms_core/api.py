"""Everything that a plugin may import from the core; whatever is not named here may change without notice.

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
"""

from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

import lms_core.tables  # noqa: F401 - declares those that core_key leads to
from lms_core.assessment.policy import lengthened, term_name
from lms_core.calendar.entries import write_calendar
from lms_core.compensation import (
    DeadlineFacts,
    ExamDate,
    SeatClaim,
    StudyFacts,
    StudyTerm,
    claim_seats,
    deregister_from_exam,
    extend_deadline,
    pause_terms,
    read_deadlines,
    read_exam_dates,
    read_seat_claims,
    read_study,
    register_for_exam,
    withdraw_extension,
)
from lms_core.db import AsyncConnection, Database, Hundredths, Instant, Json, insert_into
from lms_core.enrolment.pools import Allocation, Candidate, Quota, allocate
from lms_core.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound, Unavailable
from lms_core.facts import (
    PersonFacts,
    RunFacts,
    RunMinimum,
    Seat,
    SeatFacts,
    read_minimum,
    read_person,
    read_persons,
    read_run,
    read_seats,
)
from lms_core.hooks.context import Context
from lms_core.hooks.deprecation import Deprecated, deprecated
from lms_core.hooks.following import EventStream, LastEventId, Told, follow
from lms_core.hooks.guests import GuestLink, Invitation, invite_guests, revoke_guests
from lms_core.hooks.links import Guest
from lms_core.hooks.metadata import core_key, plugin_tables
from lms_core.hooks.plugin import Job, Permission, Plugin, Role, hookimpl
from lms_core.hooks.registry import API_VERSION
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
    Slot,
    SlotScore,
    SlotsRequest,
)
from lms_core.http import IfMatch, Once, changed_or_raise, expected_revision, tagged
from lms_core.mail.guests import Recipient, mail_guest
from lms_core.mail.send import send_mail
from lms_core.media.plugin_files import (
    begin_file,
    complete_file,
    file_address,
    forget_file,
    keep_file,
    read_files,
)
from lms_core.media.types import Announced, FileAddress, FileFacts, Media, NewMedia, SentParts
from lms_core.modules.attendees import SessionPeople
from lms_core.modules.schedule import PlannedSession, SessionChange
from lms_core.outbox.events import Later
from lms_core.planning import (
    Participant,
    SessionFacts,
    judge_sessions,
    name_session_people,
    note_attendance,
    publish_sessions,
    read_participants,
    read_sessions,
    score_slots,
    session_constraints,
)
from lms_core.progress.credits import book_credit, reverse_credit
from lms_core.sheets import guard_cell, unguard_cell
from lms_core.studying import (
    Catalogue,
    Earned,
    ModuleFacts,
    PassRate,
    RegulationFacts,
    RunOffer,
    RunPlace,
    Standing,
    TermDates,
    Tried,
    UnitOfRun,
    read_catalogue,
    read_pass_rates,
    read_regulations,
    read_standings,
    read_students,
    read_units,
)
from lms_core.types import BadValue, Key, LongText, Name, Payload, View, Zone, check_zone, new_id, now

RouteContext = NamedDependency[Context]
"""The context of a route: declare `context: RouteContext`."""

CreateOnce = NamedDependency[Once]
"""What creates once per Idempotency-Key: declare `once: CreateOnce`, and return `await once(View, make)`."""

__all__ = [
    "API_VERSION",
    "Allocation",
    "Announced",
    "AsyncConnection",
    "BadValue",
    "CalendarEntry",
    "CalendarRequest",
    "Candidate",
    "CandidateEvent",
    "Catalogue",
    "Conflict",
    "ConstraintsRequest",
    "Context",
    "CreateOnce",
    "CreditEvent",
    "CreditsRequest",
    "Database",
    "DeadlineEvent",
    "DeadlineFacts",
    "Earned",
    "Effect",
    "EnrolmentCreated",
    "EnrolmentEnded",
    "EnrolmentRequest",
    "EventStream",
    "ExamDate",
    "ExamEvent",
    "ExtensionEvent",
    "FieldError",
    "FileAddress",
    "FileFacts",
    "Forbidden",
    "FromPath",
    "FromQuery",
    "Guest",
    "GuestLink",
    "HandInEvent",
    "Hundredths",
    "IfMatch",
    "Instant",
    "InvalidInput",
    "Invitation",
    "JSONBody",
    "Job",
    "Json",
    "Key",
    "LastEventId",
    "Later",
    "LongText",
    "Media",
    "ModuleCompleted",
    "ModuleFacts",
    "Name",
    "NewMedia",
    "NotFound",
    "Objection",
    "Participant",
    "PassRate",
    "Payload",
    "PendingCredit",
    "Permission",
    "PersonFacts",
    "PlannedSession",
    "Plugin",
    "PluginChanged",
    "PluginProposal",
    "Quota",
    "Recipient",
    "RegulationFacts",
    "Role",
    "RouteContext",
    "RunDecided",
    "RunFacts",
    "RunMinimum",
    "RunOffer",
    "RunPlace",
    "Seat",
    "SeatClaim",
    "SeatFacts",
    "SentParts",
    "SessionChange",
    "SessionConstraint",
    "SessionEvent",
    "SessionFacts",
    "SessionPeople",
    "SessionPlan",
    "SessionRemark",
    "Slot",
    "SlotScore",
    "SlotsRequest",
    "Standing",
    "StudyFacts",
    "StudyTerm",
    "TermDates",
    "Told",
    "Tried",
    "Unavailable",
    "UnitOfRun",
    "View",
    "Zone",
    "allocate",
    "begin_file",
    "book_credit",
    "changed_or_raise",
    "check_zone",
    "claim_seats",
    "complete_file",
    "core_key",
    "delete",
    "deregister_from_exam",
    "expected_revision",
    "extend_deadline",
    "file_address",
    "follow",
    "forget_file",
    "get",
    "guard_cell",
    "hookimpl",
    "insert_into",
    "invite_guests",
    "judge_sessions",
    "keep_file",
    "lengthened",
    "mail_guest",
    "name_session_people",
    "new_id",
    "note_attendance",
    "now",
    "patch",
    "pause_terms",
    "plugin_tables",
    "post",
    "publish_sessions",
    "put",
    "read_catalogue",
    "read_deadlines",
    "read_exam_dates",
    "read_files",
    "read_minimum",
    "read_participants",
    "read_pass_rates",
    "read_person",
    "read_persons",
    "read_regulations",
    "read_run",
    "read_seat_claims",
    "read_seats",
    "read_sessions",
    "read_standings",
    "read_students",
    "read_study",
    "read_units",
    "register_for_exam",
    "reverse_credit",
    "revoke_guests",
    "score_slots",
    "send_mail",
    "session_constraints",
    "tagged",
    "term_name",
    "unguard_cell",
    "withdraw_extension",
    "write_calendar",
]

DEPRECATED: dict[str, Deprecated] = {}
"""Names that are about to go: they still work, and warn. Not part of what plugins import."""


def __getattr__(name: str) -> object:
    return deprecated(__name__, DEPRECATED, name)
