"""The plugin: what it brings along, and what it does when it is asked."""

from lms_core.api import Context, EnrolmentRequest, Objection, Permission, Plugin, hookimpl
from sqlalchemy import select

from lms_closed_modules import routes
from lms_closed_modules.settings import Settings
from lms_closed_modules.tables import closure, tables


class ClosedModules(Plugin):
    """Keeps modules of a programme closed."""

    name = "closed_modules"
    requires = "lms>=0.2,<1"
    settings = Settings
    permissions = (
        Permission("closed_modules.read", "see which modules are closed", roles=("student", "lecturer")),
        Permission("closed_modules.change", "close and open modules", roles=("programme_administrator",)),
    )
    routes = (routes.list_closures, routes.close, routes.reopen)
    tables = tables
    migrations = "lms_closed_modules:migrations"

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Object to enrolments in a closed module."""
        query = select(closure.c.reason).where(
            closure.c.programme_id == context.programme_id, closure.c.module_id == enrolment.module_id
        )
        async with context.read() as connection:
            reason = await connection.scalar(query)
        if reason is None:
            return []
        return [Objection("module-closed", f"{reason} Ask {context.settings.contact}.")]
