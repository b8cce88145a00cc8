"""The plugin: what it brings along, and what it does when it is asked."""

from datetime import timedelta

from lms_core.api import (
    CalendarEntry,
    CalendarRequest,
    Context,
    Effect,
    Job,
    Permission,
    Plugin,
    PluginProposal,
    hookimpl,
)
from lms_part_time_tracks import dates
from lms_part_time_tracks.effects import preview
from lms_part_time_tracks.moves import Moving
from lms_part_time_tracks.moves_routes import moves_routes
from lms_part_time_tracks.moving import work
from lms_part_time_tracks.plans import Planning, make
from lms_part_time_tracks.replanning import replan
from lms_part_time_tracks.routes import routes
from lms_part_time_tracks.settings import Settings
from lms_part_time_tracks.tables import tables
from lms_part_time_tracks.tidying import tidy
from lms_part_time_tracks.watching import watch


class PartTimeTracks(Plugin):
    """When an employed engineer is done, what her weeks look like, and what if she skips a term."""

    name = "part_time_tracks"
    requires = "lms>=0.2,<1"
    settings = Settings
    permissions = (
        Permission("part_time_tracks.own", "plan one's own study beside one's job", roles=("student",)),
        Permission(
            "part_time_tracks.expect",
            "see how many plan which module when",
            roles=("programme_administrator", "lecturer"),
        ),
        # not of lecturers: every answer tells a little of people, so few should ask, and it plans all students twice
        Permission(
            "part_time_tracks.move",
            "find out what teaching a module in other seasons would do to graduations",
            roles=("programme_administrator",),
        ),
    )
    routes = (*routes, *moves_routes)
    jobs = (
        Job("plan", make, payload=Planning, seconds=120),
        Job("replan", replan, every=timedelta(days=1), seconds=3600),
        Job("move", work, payload=Moving, seconds=3600),
        Job("tidy", tidy, every=timedelta(hours=1)),
        Job("watch", watch, every=timedelta(days=1), seconds=600),
    )
    tables = tables
    migrations = "lms_part_time_tracks:migrations"

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        """Say what each regulation's degree would be made of, and what the policy names in vain."""
        return await preview(context, proposal)

    @hookimpl
    async def calendar_entries(self, context: Context, request: CalendarRequest) -> list[CalendarEntry]:
        """Tell her who wants it by when she should have done what, and what is due for ever."""
        return await dates.show(context, request)
