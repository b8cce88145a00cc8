"""Everything that a plugin may import from the core; whatever is not named here may change without notice.

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
"""

from lms_core.hooks.plugin import Context, Plugin, hookimpl
from lms_core.hooks.registry import API_VERSION
from lms_core.hooks.types import EnrolmentCreated, EnrolmentRequest, Objection, SessionPlan, SessionRemark
from lms_core.progress.credits import book_credit

__all__ = [
    "API_VERSION",
    "Context",
    "EnrolmentCreated",
    "EnrolmentRequest",
    "Objection",
    "Plugin",
    "SessionPlan",
    "SessionRemark",
    "book_credit",
    "hookimpl",
]
