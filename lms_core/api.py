"""Everything that a plugin may import from the core; whatever is not named here may change without notice.

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
"""

from lms_core.hooks.context import Context
from lms_core.hooks.plugin import Job, Permission, Plugin, Role, hookimpl
from lms_core.hooks.registry import API_VERSION
from lms_core.hooks.types import (
    CalendarEntry,
    CalendarRequest,
    CreditsRequest,
    Effect,
    EnrolmentCreated,
    EnrolmentEnded,
    EnrolmentRequest,
    ModuleCompleted,
    Objection,
    PendingCredit,
    PluginChanged,
    PluginProposal,
    SessionEvent,
    SessionPlan,
    SessionRemark,
)
from lms_core.progress.credits import book_credit
from lms_core.types import new_id, now

__all__ = [
    "API_VERSION",
    "CalendarEntry",
    "CalendarRequest",
    "Context",
    "CreditsRequest",
    "Effect",
    "EnrolmentCreated",
    "EnrolmentEnded",
    "EnrolmentRequest",
    "Job",
    "ModuleCompleted",
    "Objection",
    "PendingCredit",
    "Permission",
    "Plugin",
    "PluginChanged",
    "PluginProposal",
    "Role",
    "SessionEvent",
    "SessionPlan",
    "SessionRemark",
    "book_credit",
    "hookimpl",
    "new_id",
    "now",
]
