"""The plugin: what it brings along, and what it does when it is asked."""

from datetime import timedelta

from lms_core.api import Context, Effect, Job, Permission, Plugin, PluginProposal, Role, hookimpl
from lms_university_weeks.announcing import Announcement, announce
from lms_university_weeks.choice_routes import choice_routes
from lms_university_weeks.commands import university_weeks
from lms_university_weeks.due_routes import due_routes
from lms_university_weeks.effects import preview
from lms_university_weeks.plans import Solving
from lms_university_weeks.routes import routes
from lms_university_weeks.settings import Settings
from lms_university_weeks.sheet_routes import sheet_routes
from lms_university_weeks.solving import solve
from lms_university_weeks.tables import tables
from lms_university_weeks.tidying import tidy


class UniversityWeeks(Plugin):
    """Weeks on site that several universities and firms put together: planned, published, and planned anew."""

    name = "university_weeks"
    requires = "lms>=0.2,<1"
    settings = Settings
    roles = (Role("university_weeks.planner", "Planner of University Weeks"),)
    permissions = (
        Permission("university_weeks.read", "see weeks that are published", roles=("student", "lecturer")),
        Permission(
            "university_weeks.plan",
            "enter, plan and publish weeks",
            roles=("university_weeks.planner", "programme_administrator"),
        ),
        Permission(
            "university_weeks.attendance",
            "see and note who is there",
            roles=("university_weeks.planner", "programme_administrator", "lecturer"),
        ),
        Permission("university_weeks.credit", "book the ECTS of a week", roles=("examiner",)),
    )
    guests = (Permission("university_weeks.lecturer", "say when a lecturer can come"),)
    routes = (*routes, *choice_routes, *due_routes, *sheet_routes)
    jobs = (
        Job("solve", solve, payload=Solving, seconds=3600),
        Job("announce", announce, payload=Announcement),
        Job("tidy", tidy, every=timedelta(hours=1)),
    )
    tools = tuple(university_weeks.commands.values())
    tables = tables
    migrations = "lms_university_weeks:migrations"

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        """Say what it means for the weeks that there are."""
        return await preview(context, proposal)
