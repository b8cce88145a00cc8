"""The plugin: what it brings along, and what it does when it is asked."""

from datetime import timedelta

import lms_family_sessions.tables_care
import lms_family_sessions.tables_childcare
import lms_family_sessions.tables_consequences
import lms_family_sessions.tables_holidays
import lms_family_sessions.tables_leaves
import lms_family_sessions.tables_suggest  # noqa: F401 - these declare their tables when they are imported, and nothing else of them is used here
from lms_core.api import (
    CalendarEntry,
    CalendarRequest,
    ConstraintsRequest,
    Context,
    Effect,
    EnrolmentRequest,
    Job,
    Objection,
    Permission,
    Plugin,
    PluginProposal,
    Role,
    SessionConstraint,
    SessionPlan,
    SessionRemark,
    SlotScore,
    SlotsRequest,
    hookimpl,
)
from lms_family_sessions import calendar, checking, childcare_effects, childcare_lists, hooks_care, leaves
from lms_family_sessions.childcare_routes import childcare_routes
from lms_family_sessions.commands import new_key, rotate_keys
from lms_family_sessions.consequence_routes import consequence_routes
from lms_family_sessions.consequences import follow
from lms_family_sessions.effects import preview
from lms_family_sessions.growing import grow_up
from lms_family_sessions.holiday_routes import holiday_routes
from lms_family_sessions.leave_routes import leave_routes
from lms_family_sessions.office_routes import office_routes
from lms_family_sessions.own_routes import own_routes
from lms_family_sessions.searching import suggest
from lms_family_sessions.settings import Settings
from lms_family_sessions.slots import score
from lms_family_sessions.suggest_routes import suggest_routes
from lms_family_sessions.suggestions import Finding
from lms_family_sessions.tables import tables
from lms_family_sessions.tidying import tidy
from lms_family_sessions.warnings import warn


class FamilySessions(Plugin):
    """Sessions that people with children, care duties or a protection can come to, and nobody learns why."""

    name = "family_sessions"
    requires = "lms>=0.2,<1"
    settings = Settings
    roles = (
        Role("family_sessions.office", "Family office"),
        Role("family_sessions.board", "Examination board"),
        Role("family_sessions.carer", "Carer of children"),
    )
    permissions = (
        Permission("family_sessions.own", "enter when one cannot come, for oneself", roles=("student",)),
        Permission(
            "family_sessions.reasons",
            "read why somebody cannot come; each time is noted, and shown to her",
            roles=("family_sessions.office", "family_sessions.board"),
            confidential=True,
        ),
        Permission(
            "family_sessions.read",
            "see school holidays, and say which matter to oneself",
            roles=("student", "lecturer", "programme_administrator"),
        ),
        Permission(
            "family_sessions.plan",
            "find dates that are fair, and enter movable days of schools",
            roles=("lecturer", "programme_administrator"),
        ),
        Permission(
            "family_sessions.book",
            "see childcare and book it",
            roles=("student", "family_sessions.office", "programme_administrator"),
        ),
        Permission(
            "family_sessions.childcare", "offer childcare", roles=("family_sessions.office", "programme_administrator")
        ),
        Permission(
            "family_sessions.children",
            "see how many children of which ages come when",
            roles=("family_sessions.carer", "family_sessions.office"),
            confidential=True,
        ),
        Permission(
            "family_sessions.families",
            "see who booked childcare, and decide what is to be paid",
            roles=("family_sessions.office",),
            confidential=True,
        ),
        Permission(
            "family_sessions.leaves",
            "enter a leave that was granted",
            roles=("family_sessions.office",),
            confidential=True,
        ),
        Permission(
            "family_sessions.seats",
            "say for whom seats are reserved",
            roles=("family_sessions.office",),
            confidential=True,
        ),
        Permission(
            "family_sessions.compensate",
            "give somebody with fewer hours a week more time",
            roles=("family_sessions.board",),
            confidential=True,
        ),
    )
    routes = (
        *own_routes,
        *office_routes,
        *holiday_routes,
        *suggest_routes,
        *childcare_routes,
        *consequence_routes,
        *leave_routes,
    )
    jobs = (
        Job("suggest", suggest, payload=Finding, seconds=900),
        Job("tidy", tidy, every=timedelta(hours=1)),
        Job("consequences", follow, every=timedelta(days=1), seconds=600),
        Job("school_age", grow_up, every=timedelta(days=7), seconds=600),
    )
    tools = (new_key, rotate_keys)
    tables = tables
    migrations = "lms_family_sessions:migrations"

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Object to a seat in a term that is wholly within leaves during which she takes no courses."""
        return await leaves.object_to_courses(context, enrolment)

    @hookimpl
    async def session_constraints(self, context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
        """Say when persons cannot come, or would rather not."""
        return await hooks_care.constraints(context, request)

    @hookimpl
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        """Refuse what must not be mandatory for those who would have to come, and warn by the programme's policy."""
        return [*await checking.judge(context, session), *await warn(context, session)]

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        """Show a person when she is not available, if she wants that, and what she has booked."""
        return [*await calendar.show(context, request), *await childcare_lists.calendar(context, request)]

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        """Say what it means for what people have entered, and for childcare."""
        return [*await preview(context, proposal), *await childcare_effects.preview(context, proposal)]

    @hookimpl
    async def score_slots(self, context: Context, request: SlotsRequest) -> list[SlotScore]:
        """Say how hard slots are on the people of the programme, by what at least five of them share."""
        return await score(context, request)
