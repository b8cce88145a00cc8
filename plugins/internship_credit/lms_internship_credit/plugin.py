"""The plugin: what it brings along, and what it does when it is asked."""

from datetime import timedelta

from lms_core.api import (
    Context,
    CreditsRequest,
    Desk,
    Effect,
    Job,
    PendingCredit,
    Permission,
    Plugin,
    PluginProposal,
    Role,
    hookimpl,
)
from lms_internship_credit.agreement_routes import agreement_routes
from lms_internship_credit.calendar import turn
from lms_internship_credit.document_routes import document_routes
from lms_internship_credit.effects import preview
from lms_internship_credit.employer_routes import employer_routes
from lms_internship_credit.guest_routes import guest_routes
from lms_internship_credit.offer_routes import offer_routes
from lms_internship_credit.part_routes import part_routes
from lms_internship_credit.pending import pending
from lms_internship_credit.routes import routes
from lms_internship_credit.settings import Settings
from lms_internship_credit.tables import tables


class InternshipCredit(Plugin):
    """Internships of a programme, from the agreement with a firm to ECTS that are booked once."""

    name = "internship_credit"
    requires = "lms>=0.2,<1"
    settings = Settings
    roles = (
        Role("internship_credit.officer", "Internship office"),
        Role("internship_credit.board", "Examination board"),
    )
    permissions = (
        Permission("internship_credit.own", "have an internship of one's own", roles=("student",)),
        Permission(
            "internship_credit.read",
            "see firms and who supervises internships",
            roles=(
                "student",
                "lecturer",
                "programme_administrator",
                "internship_credit.officer",
                "internship_credit.board",
            ),
        ),
        Permission("internship_credit.supervise", "supervise internships for the university", roles=("lecturer",)),
        Permission(
            "internship_credit.office",
            "see all internships, clear them and write to firms",
            roles=("internship_credit.officer",),
        ),
        Permission(
            "internship_credit.decide",
            "decide what an internship brings, and waive it",
            roles=("internship_credit.board",),
            confidential=True,
        ),
    )
    guests = (
        Permission("internship_credit.host", "act for the firm in one internship"),
        Permission("internship_credit.employer", "enter what a firm offers"),
        Permission("internship_credit.firm", "decide who gets a place that the firm offers"),
        Permission("internship_credit.reader", "read the agreement of one internship that all have signed"),
        Permission("internship_credit.mentor", "look after the student of one internship"),
    )
    routes = (
        *routes, *part_routes, *agreement_routes, *document_routes, *guest_routes, *offer_routes, *employer_routes,
    )  # fmt: skip
    jobs = (Job("turn", turn, every=timedelta(hours=1), seconds=600, finishes=True),)
    tables = tables
    migrations = "lms_internship_credit:migrations"

    def desk(self, settings: Settings) -> Desk:
        """Return whom hosts and mentors ask, and the zone of the programme."""
        asked = settings.contact
        contact = ", ".join(one for one in (asked.name, asked.email, asked.phone) if one) if asked else ""
        return Desk(contact, settings.zone)

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        """Say what a change means for internships that are under way."""
        return await preview(context, proposal)

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        """Show what an internship will bring once all that is open is done."""
        return await pending(context, request)
