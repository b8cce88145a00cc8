"""Everything that a plugin may import from the core; whatever is not named here may change without notice.

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
"""

from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

import lms_core.tables  # noqa: F401 - declares those that core_key leads to
from lms_core.db import AsyncConnection, Hundredths, Instant, Json
from lms_core.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from lms_core.facts import PersonFacts, RunFacts, Seat, SeatFacts, read_person, read_run, read_seats
from lms_core.hooks.context import Context
from lms_core.hooks.deprecation import Deprecated, deprecated
from lms_core.hooks.metadata import core_key, plugin_tables
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
    RunDecided,
    SessionEvent,
    SessionPlan,
    SessionRemark,
)
from lms_core.http import IfMatch, Once, changed_or_raise, expected_revision, tagged
from lms_core.mail.send import send_mail
from lms_core.progress.credits import book_credit
from lms_core.types import Name, Payload, View, new_id, now

RouteContext = NamedDependency[Context]
"""The context of a route: declare `context: RouteContext`."""

CreateOnce = NamedDependency[Once]
"""What creates once per Idempotency-Key: declare `once: CreateOnce`, and return `await once(View, make)`."""

__all__ = [
    "API_VERSION",
    "AsyncConnection",
    "CalendarEntry",
    "CalendarRequest",
    "Conflict",
    "Context",
    "CreateOnce",
    "CreditsRequest",
    "Effect",
    "EnrolmentCreated",
    "EnrolmentEnded",
    "EnrolmentRequest",
    "FieldError",
    "Forbidden",
    "FromPath",
    "FromQuery",
    "Hundredths",
    "IfMatch",
    "Instant",
    "InvalidInput",
    "JSONBody",
    "Job",
    "Json",
    "ModuleCompleted",
    "Name",
    "NotFound",
    "Objection",
    "Payload",
    "PendingCredit",
    "Permission",
    "PersonFacts",
    "Plugin",
    "PluginChanged",
    "PluginProposal",
    "Role",
    "RouteContext",
    "RunDecided",
    "RunFacts",
    "Seat",
    "SeatFacts",
    "SessionEvent",
    "SessionPlan",
    "SessionRemark",
    "View",
    "book_credit",
    "changed_or_raise",
    "core_key",
    "delete",
    "expected_revision",
    "get",
    "hookimpl",
    "new_id",
    "now",
    "patch",
    "plugin_tables",
    "post",
    "put",
    "read_person",
    "read_run",
    "read_seats",
    "send_mail",
    "tagged",
]

DEPRECATED: dict[str, Deprecated] = {}
"""Names that are about to go: they still work, and warn. Not part of what plugins import."""


def __getattr__(name: str) -> object:
    return deprecated(__name__, DEPRECATED, name)
